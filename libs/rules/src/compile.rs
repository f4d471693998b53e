//! One rule: from its text to a program, and a program's answer.
//!
//! The CEL compiler descends recursively, some 250 KiB of stack for each bracket in a debug build: sixteen brackets end a process that
//! compiles on a thread of 2 MiB, and a stack overflow cannot be caught. Its own limit (96 levels) comes too late for that. So it runs
//! on a thread with room for its limit and for the longest condition, and the program's depth is measured there, before anything
//! evaluates it on an ordinary stack.

use std::thread;

use cel::{Context, Env, ExecutionError, Program, Value as Cel};
use serde::Deserialize;
use serde_json::Value;

use crate::{RuleFailure, RuleSetError, check};

/// The longest condition. Room for some hundred phrases; logic of that length belongs into several rules.
const MAX_CONDITION_BYTES: usize = 16 * 1024;

/// Stack for the compiler, five times what the worst conditions of that length took; only what is used is ever backed by memory.
const COMPILER_STACK: usize = 128 * 1024 * 1024;

/// A rule as written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Source {
    pub(crate) id: String,
    when: String,
    then: Value,
}

/// A rule ready to be asked.
pub(crate) struct Rule {
    pub(crate) id: String,
    pub(crate) when: String,
    pub(crate) then: Value,
    program: Program,
}

/// Compiles and checks the rules in order; the first that is refused ends it.
pub(crate) fn all(env: &Env, sources: Vec<Source>) -> Result<Vec<Rule>, RuleSetError> {
    if let Some(source) = sources.iter().find(|source| source.when.len() > MAX_CONDITION_BYTES) {
        return Err(RuleSetError::Unwieldy { rule: source.id.clone() });
    }
    thread::scope(|scope| {
        let compiler = thread::Builder::new().name("rules-compiler".to_owned()).stack_size(COMPILER_STACK);
        let running = compiler
            .spawn_scoped(scope, || sources.into_iter().map(|source| Rule::compile(env, source)).collect())
            .map_err(|source| RuleSetError::Compiler { source })?;
        // The compiler is a generated parser: should it ever panic, that is a refused rule set and no reason to stop.
        running
            .join()
            .unwrap_or_else(|_| Err(RuleSetError::Compiler { source: std::io::Error::other("the compiler panicked") }))
    })
}

impl Rule {
    fn compile(env: &Env, source: Source) -> Result<Self, RuleSetError> {
        let program = env
            .compile(&source.when)
            .map_err(|errors| RuleSetError::Compile { rule: source.id.clone(), problem: errors.to_string() })?;
        check::condition(&source.id, program.expression())?;
        Ok(Self { id: source.id, when: source.when, program, then: source.then })
    }

    /// Whether the condition holds for the item in `context`.
    pub(crate) fn matches(&self, context: &Context<'_, '_>) -> Result<bool, RuleFailure> {
        let failure = |problem: String| RuleFailure { rule_id: self.id.clone(), problem };
        match self.program.execute(context) {
            Ok(Cel::Bool(answer)) => Ok(answer),
            Ok(_) => Err(failure("the condition is neither true nor false".to_owned())),
            Err(error) => Err(failure(self.describe(&error))),
        }
    }

    /// The library's messages quote values, which here are a patient's: only the kind of error goes out, and a key's name when the
    /// rule itself spells it.
    fn describe(&self, error: &ExecutionError) -> String {
        match error {
            ExecutionError::NoSuchKey(key) if self.when.contains(key.as_str()) => format!("the item has no \"{key}\""),
            ExecutionError::NoSuchKey(_) => "the item lacks a key".to_owned(),
            ExecutionError::NoSuchOverload(overload) => {
                format!(
                    "\"{}\" does not take values of type {}",
                    overload.function(),
                    overload.argument_types().join(", ")
                )
            }
            ExecutionError::FunctionError { function, .. } => format!("\"{function}\" refused its arguments"),
            ExecutionError::DivisionByZero(_) | ExecutionError::RemainderByZero(_) => "division by zero".to_owned(),
            ExecutionError::Overflow(..) => "a number became too large".to_owned(),
            ExecutionError::IndexOutOfBounds(_) => "a list has fewer entries".to_owned(),
            _ => "values of these types do not go together".to_owned(),
        }
    }
}
