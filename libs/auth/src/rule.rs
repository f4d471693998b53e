//! The access rule of each RPC, read from the compiled descriptors and enforced as it stands there.

mod read;

use std::{collections::HashMap, sync::Arc};

use crate::{Caller, Kind, NotAllowed};

pub use read::MissingRule;

/// How practices limit what a call reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PracticeBinding {
    /// Only practices the caller may act for today; others look absent.
    Bound,
    /// The caller's own organisation, not a practice's patients.
    OwnOrganisation,
    /// No practice data.
    None,
}

/// Whether a claim's grant is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum GrantRequirement {
    /// No grant is looked at.
    None,
    /// A grant to act is needed; the operation asks for it after its replay look-up.
    Required,
    /// A grant widens what may be read.
    Optional,
}

/// The access rule of one RPC; cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// The RPC's path, `/package.Service/Method`.
    pub path: Arc<str>,
    /// Scopes, any one of which admits the call.
    pub scopes: Arc<[String]>,
    /// The kinds of caller that are admitted.
    pub callers: Arc<[Kind]>,
    /// How the call is bound to practices.
    pub practice: PracticeBinding,
    /// Whether a grant is needed.
    pub grant: GrantRequirement,
    /// The services admitted; empty admits any service that holds a scope.
    pub services: Arc<[String]>,
}

impl Rule {
    /// Whether the rule admits the caller.
    ///
    /// A service that the rule names needs no scope: being named in the contract is its permission, and the
    /// service-account tokens that services use cannot carry scopes.
    ///
    /// # Errors
    /// What the caller lacks: first the kind, then the scope, then the organisation without which no practice can be reached.
    pub fn admit(&self, caller: &Caller) -> Result<(), NotAllowed> {
        if !self.callers.contains(&caller.kind) {
            return Err(NotAllowed::Kind);
        }
        if let Some(service) = &caller.service {
            if self.services.contains(service) {
                return Ok(());
            }
            if !self.services.is_empty() {
                return Err(NotAllowed::Service);
            }
        }
        if !self.scopes.iter().any(|scope| caller.has_scope(scope)) {
            return Err(NotAllowed::Scope);
        }
        if self.practice != PracticeBinding::None && caller.kind != Kind::Service && caller.organisation.is_none() {
            return Err(NotAllowed::Organisation);
        }
        Ok(())
    }
}

/// The rules of every RPC of a descriptor set, by path.
#[derive(Debug, Clone, Default)]
pub struct Rules(HashMap<Arc<str>, Rule>);

impl Rules {
    /// Reads the rules of every service in an encoded `FileDescriptorSet`, except those of gRPC's own packages (`grpc.…`).
    ///
    /// The set must have kept its extension options; `prost`'s own descriptor types drop them.
    ///
    /// # Errors
    /// [`MissingRule`] naming every RPC whose rule is absent or incomplete.
    pub fn from_descriptor(bytes: &[u8]) -> Result<Self, MissingRule> {
        let rules = read::rules(bytes)?;
        Ok(Self(rules.into_iter().map(|rule| (Arc::clone(&rule.path), rule)).collect()))
    }

    /// The rule of the RPC at `path`.
    #[must_use]
    pub fn get(&self, path: &str) -> Option<&Rule> {
        self.0.get(path)
    }

    /// Every rule, in no particular order.
    pub fn iter(&self) -> impl Iterator<Item = &Rule> {
        self.0.values()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    fn rule() -> Rule {
        Rule {
            path: "/p.S/M".into(),
            scopes: ["a".to_owned(), "b".to_owned()].into(),
            callers: [Kind::Person, Kind::Service].into(),
            practice: PracticeBinding::Bound,
            grant: GrantRequirement::None,
            services: Arc::default(),
        }
    }

    fn person(scopes: &[&str]) -> Caller {
        Caller { scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(), ..testing::person() }
    }

    fn service(name: &str, scopes: &[&str]) -> Caller {
        Caller { kind: Kind::Service, service: Some(name.to_owned()), organisation: None, ..person(scopes) }
    }

    #[test]
    fn what_is_lacking_is_said_in_order() {
        let rule = rule();
        let client = Caller { kind: Kind::Client, ..person(&[]) };
        assert_eq!(rule.admit(&client), Err(NotAllowed::Kind));
        assert_eq!(rule.admit(&person(&[])), Err(NotAllowed::Scope));
        assert_eq!(rule.admit(&person(&["ab", "A", "a b"])), Err(NotAllowed::Scope));
        assert_eq!(rule.admit(&Caller { organisation: None, ..person(&["a"]) }), Err(NotAllowed::Organisation));
        assert_eq!(rule.admit(&person(&["x", "b"])), Ok(()));
        let unbound = Rule { practice: PracticeBinding::None, ..rule };
        assert_eq!(unbound.admit(&Caller { organisation: None, ..person(&["a"]) }), Ok(()));
    }

    #[test]
    fn a_named_service_needs_no_scope_and_another_is_refused_even_with_one() {
        let open = rule();
        let named = Rule { services: ["intake".to_owned()].into(), ..rule() };
        assert_eq!(named.admit(&service("intake", &[])), Ok(()));
        assert_eq!(named.admit(&service("audit", &["a"])), Err(NotAllowed::Service));
        assert_eq!(open.admit(&service("audit", &[])), Err(NotAllowed::Scope));
        assert_eq!(open.admit(&service("audit", &["a"])), Ok(()));
        assert_eq!(named.admit(&person(&[])), Err(NotAllowed::Scope), "naming services frees no person of the scope");
    }
}
