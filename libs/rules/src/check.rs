//! What a condition may contain, looked at before it ever runs.

use cel::common::ast::{EntryExpr, Expr, IdedExpr, LiteralValue, operators as op};

use crate::{RuleSetError, phrase};

/// The one variable.
pub(crate) const ITEM: &str = "item";

const MAX_NESTED_LOOPS: u8 = 2;

/// Levels of the compiled expression. Evaluation takes up to 35 KiB of stack for each in a debug build, and runs on threads of 2 MiB.
/// Chains of `&&` and `||` do not count: the compiler balances them.
const MAX_DEPTH: usize = 24;

/// Everything a condition may call. Listed rather than asked for, so that a new version of the library adds nothing by itself.
const FUNCTIONS: [&str; 27] = [
    op::CONDITIONAL,
    op::LOGICAL_AND,
    op::LOGICAL_OR,
    op::LOGICAL_NOT,
    op::SUBSTRACT,
    op::ADD,
    op::MULTIPLY,
    op::DIVIDE,
    op::MODULO,
    op::EQUALS,
    op::NOT_EQUALS,
    op::GREATER_EQUALS,
    op::LESS_EQUALS,
    op::GREATER,
    op::LESS,
    op::NEGATE,
    op::INDEX,
    op::NOT_STRICTLY_FALSE,
    op::IN,
    "size",
    "contains",
    "startsWith",
    "endsWith",
    "string",
    "int",
    "double",
    phrase::NAME,
];

/// Refuses unknown names, deep loops, and phrases that would match nothing or everything.
pub(crate) fn condition(rule: &str, expression: &IdedExpr) -> Result<(), RuleSetError> {
    Walk { rule, scope: vec![ITEM], loops: 0, depth: 0 }.visit(expression)
}

struct Walk<'a> {
    rule: &'a str,
    scope: Vec<&'a str>,
    loops: u8,
    depth: usize,
}

impl<'a> Walk<'a> {
    fn visit(&mut self, expression: &'a IdedExpr) -> Result<(), RuleSetError> {
        if self.depth == MAX_DEPTH {
            return Err(RuleSetError::Unwieldy { rule: self.rule.to_owned() });
        }
        self.depth += 1;
        let visited = self.visit_parts(expression);
        self.depth -= 1;
        visited
    }

    fn visit_parts(&mut self, expression: &'a IdedExpr) -> Result<(), RuleSetError> {
        match &expression.expr {
            Expr::Unspecified | Expr::Literal(_) => Ok(()),
            Expr::Ident(name) => self.known(name),
            Expr::Select(select) => self.visit(&select.operand),
            Expr::List(list) => list.elements.iter().try_for_each(|element| self.visit(element)),
            Expr::Call(call) => {
                if !FUNCTIONS.contains(&call.func_name.as_str()) {
                    return Err(self.unknown(&call.func_name));
                }
                if call.func_name == phrase::NAME {
                    self.phrases(call.target.is_some(), &call.args)?;
                }
                call.target.iter().map(|target| &**target).chain(&call.args).try_for_each(|part| self.visit(part))
            }
            Expr::Comprehension(each) => {
                self.visit(&each.iter_range)?;
                self.visit(&each.accu_init)?;
                if self.loops == MAX_NESTED_LOOPS {
                    return Err(RuleSetError::Nested { rule: self.rule.to_owned() });
                }
                self.loops += 1;
                let outside = self.scope.len();
                self.scope.extend([each.iter_var.as_str(), each.accu_var.as_str()]);
                self.scope.extend(each.iter_var2.as_deref());
                let inside = [&each.loop_cond, &each.loop_step, &each.result];
                inside.into_iter().try_for_each(|part| self.visit(part))?;
                self.scope.truncate(outside);
                self.loops -= 1;
                Ok(())
            }
            Expr::Map(map) => map.entries.iter().try_for_each(|entry| match &entry.expr {
                EntryExpr::MapEntry(entry) => self.visit(&entry.key).and_then(|()| self.visit(&entry.value)),
                EntryExpr::StructField(field) => self.visit(&field.value),
            }),
            Expr::Struct(structure) => Err(self.unknown(&structure.type_name)),
        }
    }

    fn known(&self, name: &str) -> Result<(), RuleSetError> {
        if self.scope.contains(&name) { Ok(()) } else { Err(self.unknown(name)) }
    }

    fn unknown(&self, name: &str) -> RuleSetError {
        RuleSetError::Unknown { rule: self.rule.to_owned(), name: name.to_owned() }
    }

    /// Phrases are written out, so that a reviewer reads them in the rule and an empty one cannot arrive with an item.
    fn phrases(&self, as_method: bool, args: &[IdedExpr]) -> Result<(), RuleSetError> {
        let list = args.get(usize::from(!as_method)).map(|arg| &arg.expr);
        let sound = match list {
            Some(Expr::List(list)) => !list.elements.is_empty() && list.elements.iter().all(is_phrase),
            _ => false,
        };
        if sound { Ok(()) } else { Err(RuleSetError::Phrase { rule: self.rule.to_owned() }) }
    }
}

fn is_phrase(element: &IdedExpr) -> bool {
    matches!(&element.expr, Expr::Literal(LiteralValue::String(text)) if !phrase::is_empty(text.inner()))
}
