//! The caller that a valid access token stands for.

use std::fmt;

use ehub_clock::Timestamp;
use ehub_identifiers::OdsCode;

/// What sort of caller a token stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A named person acting for an organisation.
    Person,
    /// A system of a supplier or an organisation, without a person.
    Client,
    /// Another service of this eHub.
    Service,
}

impl Kind {
    /// The word used in claims, logs and error metadata.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Client => "client",
            Self::Service => "service",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An authenticated caller. Every field comes from a verified token or from configuration.
#[derive(Clone, PartialEq, Eq)]
pub struct Caller {
    /// The token's `sub`, behind the issuer's `subject_prefix` where one is configured: unique over all issuers.
    pub subject: String,
    /// The OAuth 2 client that obtained the token (`azp` or `client_id`), behind the same prefix; for a service without
    /// one, the service name.
    pub client: String,
    /// Person, client or service.
    pub kind: Kind,
    /// The organisation the caller acts for; never set for a service.
    pub organisation: Option<OdsCode>,
    /// The practices the token limits the caller to; `None` means the token sets no limit of its own.
    pub practices: Option<Vec<OdsCode>>,
    /// The person's role, as the issuer states it.
    pub role: Option<String>,
    /// The person's name, as the issuer states it.
    pub name: Option<String>,
    /// OAuth 2 scopes.
    pub scopes: Vec<String>,
    /// The eHub service name, for [`Kind::Service`] only.
    pub service: Option<String>,
    /// When the token expires, without leeway: streams end here.
    pub expires_at: Timestamp,
    /// The issuer that signed the token.
    pub issuer: String,
}

impl Caller {
    /// Whether the caller holds `scope`.
    #[must_use]
    pub fn has_scope(&self, scope: &str) -> bool {
        self.scopes.iter().any(|held| held == scope)
    }

    /// Whether the token lets the caller act for `practice`. It is one of three limits: agreements and roster also apply.
    #[must_use]
    pub fn token_admits_practice(&self, practice: &OdsCode) -> bool {
        self.practices.as_ref().is_none_or(|listed| listed.contains(practice))
    }
}

/// The person's name stays out, and the practices are only counted: callers end up in spans and logs.
impl fmt::Debug for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Caller")
            .field("subject", &self.subject)
            .field("client", &self.client)
            .field("kind", &self.kind)
            .field("organisation", &self.organisation.as_ref().map(ToString::to_string))
            .field("practices", &self.practices.as_ref().map(Vec::len))
            .field("role", &self.role)
            .field("name", &self.name.as_ref().map(|_| "***"))
            .field("scopes", &self.scopes)
            .field("service", &self.service)
            .field("expires_at", &self.expires_at)
            .field("issuer", &self.issuer)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    #[test]
    fn debug_shows_no_name() {
        let shown = format!("{:?}", testing::person());
        assert!(!shown.contains("Asha"), "{shown}");
        assert!(shown.contains("A11111"), "{shown}");
    }

    #[test]
    fn a_token_without_a_list_sets_no_limit_and_one_with_an_empty_list_admits_nothing() {
        let practice = OdsCode::parse("C81001").unwrap();
        let mut caller = testing::person();
        caller.practices = None;
        assert!(caller.token_admits_practice(&practice));
        caller.practices = Some(Vec::new());
        assert!(!caller.token_admits_practice(&practice));
    }
}
