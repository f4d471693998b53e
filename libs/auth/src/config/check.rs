//! Refuses, at start, a configuration that could admit a token it should not.

use std::{collections::BTreeSet, time::Duration};

use super::{AuthConfig, IssuerConfig, JwksSource};

/// Why the configuration cannot be used; names the key to change.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigFault {
    /// No issuer, so nobody could call.
    #[error("auth.issuers: name at least one issuer")]
    NoIssuer,
    /// The same issuer twice: which keys would count is unclear.
    #[error("auth.issuers: {issuer} is listed twice")]
    IssuerTwice {
        /// The issuer.
        issuer: String,
    },
    /// An issuer's field is wrong.
    #[error("auth.issuers ({issuer}): {fault}")]
    Issuer {
        /// The issuer.
        issuer: String,
        /// What would be right.
        fault: &'static str,
    },
    /// A field outside the issuers is wrong.
    #[error("{0}")]
    Field(&'static str),
}

impl AuthConfig {
    /// Checks everything that can be known without reading keys.
    ///
    /// # Errors
    /// The first [`ConfigFault`] found.
    pub fn check(&self) -> Result<(), ConfigFault> {
        if self.issuers.is_empty() {
            return Err(ConfigFault::NoIssuer);
        }
        if self.audience.is_empty() || self.grants.audience.is_empty() {
            return Err(ConfigFault::Field("auth.audience and auth.grants.audience must not be empty"));
        }
        if self.audience == self.grants.audience {
            return Err(ConfigFault::Field("auth.grants.audience must differ from auth.audience"));
        }
        if self.skew.get() > Duration::from_secs(60) {
            return Err(ConfigFault::Field("auth.skew must be at most 60s"));
        }
        let mut seen = BTreeSet::new();
        for issuer in &self.issuers {
            if !seen.insert(&issuer.issuer) {
                return Err(ConfigFault::IssuerTwice { issuer: issuer.issuer.clone() });
            }
            check_issuer(issuer).map_err(|fault| ConfigFault::Issuer { issuer: issuer.issuer.clone(), fault })?;
        }
        self.check_prefixes()
    }

    /// Subjects of different issuers must never meet: the prefixes may not be prefixes of each other, and at most one is empty.
    /// (The issuer without a prefix is kept out of the others' ranges when its tokens are read.)
    fn check_prefixes(&self) -> Result<(), ConfigFault> {
        for (i, one) in self.issuers.iter().enumerate() {
            for (j, other) in self.issuers.iter().enumerate() {
                let meet = other.subject_prefix.starts_with(&one.subject_prefix);
                if i != j && meet && (!one.subject_prefix.is_empty() || other.subject_prefix.is_empty()) {
                    return Err(ConfigFault::Issuer {
                        issuer: other.issuer.clone(),
                        fault: "subject_prefix must tell this issuer's subjects from every other issuer's (only one may go without)",
                    });
                }
            }
        }
        Ok(())
    }
}

fn check_issuer(issuer: &IssuerConfig) -> Result<(), &'static str> {
    if issuer.issuer.is_empty() {
        return Err("issuer must not be empty");
    }
    if issuer.algorithms.is_empty() {
        return Err("algorithms must name at least one of RS256, PS256, ES256, EdDSA");
    }
    if issuer.typ.is_empty() {
        return Err("typ must name at least one value, such as \"at+jwt\"");
    }
    if issuer.typ.iter().any(|typ| typ == crate::grant::GRANT_TYP) {
        return Err("typ must not admit grants");
    }
    if issuer.max_lifetime.get().is_zero() {
        return Err("max_lifetime must be longer than zero");
    }
    if issuer.claims.client.is_empty() {
        return Err("claims.client must name at least one claim");
    }
    if issuer.services.values().any(|service| service.name().is_empty()) {
        return Err("services must map each subject to a service name");
    }
    if let JwksSource::Url(url) = &issuer.jwks {
        check_url(url, issuer.allow_plain_http)?;
        if issuer.refresh.get() < Duration::from_secs(5) {
            return Err("refresh must be at least 5s");
        }
    }
    Ok(())
}

fn check_url(url: &str, allow_plain_http: bool) -> Result<(), &'static str> {
    let parsed = reqwest::Url::parse(url).map_err(|_| "jwks.url must be an absolute address")?;
    let loopback = matches!(parsed.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    match parsed.scheme() {
        "https" => Ok(()),
        "http" if loopback || allow_plain_http => Ok(()),
        _ => Err("jwks.url must begin with https:// (http:// only on this machine, or with allow_plain_http)"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::JwksSource;

    const MINIMAL: &str = r#"
        audience = "ehub"
        grants = { jwks_file = "grants.json", audience = "ehub-grant" }
        [[issuers]]
        issuer = "https://one.example"
        jwks = { file = "one.json" }
        algorithms = ["EdDSA"]
    "#;

    fn config(text: &str) -> AuthConfig {
        toml::from_str(text).unwrap()
    }

    fn with_issuer(more: &str) -> AuthConfig {
        config(&format!("{MINIMAL}\n{more}"))
    }

    #[test]
    fn unknown_keys_and_symmetric_algorithms_are_refused() {
        for wrong in ["surprise = 1", "claims = { surname = 'x' }", "jwks_url = 'x'"] {
            assert!(toml::from_str::<AuthConfig>(&format!("{MINIMAL}\n{wrong}")).is_err(), "{wrong}");
        }
        for algorithm in ["HS256", "none", "RS512"] {
            assert!(toml::from_str::<AuthConfig>(&MINIMAL.replace("EdDSA", algorithm)).is_err(), "{algorithm}");
        }
    }

    #[test]
    fn each_unsafe_field_is_named() {
        let cases = [
            ("typ = []", "typ"),
            ("typ = ['ehub-grant+jwt']", "grants"),
            ("max_lifetime = '0s'", "max_lifetime"),
            ("claims = { client = [] }", "claims.client"),
            ("services = { 'system:x' = '' }", "services"),
        ];
        for (more, named) in cases {
            let fault = with_issuer(more).check().unwrap_err().to_string();
            assert!(fault.contains(named) && fault.contains("https://one.example"), "{more}: {fault}");
        }
        let cases = [
            (MINIMAL.replace("[\"EdDSA\"]", "[]"), "algorithms"),
            (MINIMAL.replace("\"ehub-grant\"", "\"ehub\""), "auth.grants.audience"),
            (format!("skew = '2m'\n{MINIMAL}"), "auth.skew"),
            (MINIMAL.replace("{ file = \"one.json\" }", "{ url = \"http://issuer.example/keys\" }"), "jwks.url"),
            (MINIMAL.replace("{ file = \"one.json\" }", "{ url = \"keys\" }"), "jwks.url"),
        ];
        for (text, named) in cases {
            let fault = config(&text).check().unwrap_err().to_string();
            assert!(fault.contains(named), "{text}: {fault}");
        }
        let mut none = config(MINIMAL);
        none.issuers.clear();
        assert_eq!(none.check(), Err(ConfigFault::NoIssuer));
    }

    #[test]
    fn subjects_of_two_issuers_cannot_meet() {
        let second = |name: &str, prefix: &str| {
            let mut config = config(MINIMAL);
            let mut more = config.issuers[0].clone();
            more.issuer = name.into();
            more.subject_prefix = prefix.into();
            config.issuers.push(more);
            config
        };
        assert!(matches!(second("https://one.example", "x:").check(), Err(ConfigFault::IssuerTwice { .. })));
        assert!(second("https://two.example", "").check().is_err());
        let mut nested = second("https://two.example", "a:");
        nested.issuers[0].subject_prefix = "a:b:".into();
        assert!(nested.check().is_err());
        nested.issuers[0].subject_prefix = "b:".into();
        assert_eq!(nested.check(), Ok(()));
        assert_eq!(second("https://two.example", "two:").check(), Ok(()));
    }

    #[test]
    fn plain_http_is_for_this_machine() {
        for url in ["http://127.0.0.1:9/keys", "http://localhost/keys", "https://issuer.example/keys"] {
            let mut config = config(MINIMAL);
            config.issuers[0].jwks = JwksSource::Url(url.into());
            assert_eq!(config.check(), Ok(()), "{url}");
        }
    }

    #[test]
    fn a_service_is_a_name_or_a_name_with_scopes() {
        let config = with_issuer("services = { a = 'intake', b = { name = 'audit', scopes = ['ehub.audit.write'] } }");
        let services = &config.issuers[0].services;
        assert_eq!((services["a"].name(), services["a"].scopes().len()), ("intake", 0));
        assert_eq!((services["b"].name(), services["b"].scopes()[0].as_str()), ("audit", "ehub.audit.write"));
    }
}
