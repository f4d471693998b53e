//! What a deployer sets: the `[service]` section.

use std::path::PathBuf;

use ehub_config::{HumanDuration, Secret};
use ehub_identifiers::Sctid;
use reqwest::Url;
use serde::Deserialize;

use crate::signature::Authorities;

/// The least length of the key that hashes NHS numbers, in bytes.
const KEY_BYTES: usize = 32;

/// Settings of prescribing.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Hashes NHS numbers, so that a medicine issued lately to the same patient is recognised. At
    /// least 32 characters; the same on every replica, and for as long as the data is kept.
    pub patient_key: Secret,
    /// How EPS is reached.
    pub eps: EpsSettings,
    /// How long after it was raised a prescription must be signed before it is called to
    /// attention.
    #[serde(default = "half_an_hour")]
    pub sign_within: HumanDuration,
    /// Medicines, by SNOMED CT code, that are signed only by who has seen the record, beside the
    /// controlled drugs of schedules 2 to 4.
    #[serde(default)]
    pub high_risk_medicines: Vec<String>,
    /// How often background work looks when nothing wakes it.
    #[serde(default = "one_second")]
    pub poll: HumanDuration,
}

/// How EPS is reached.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EpsSettings {
    /// Where `/FHIR/R4/$prepare` is below, such as `https://api.service.nhs.uk/electronic-prescriptions`.
    pub base_url: String,
    /// Authorities that EPS's certificate may come from, as PEM. Required for https.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
    /// PEM files with the certificates of the authorities that issue prescribers' certificates: only a signature whose
    /// certificate leads to one of them is accepted. Required in production; empty in development, any certificate
    /// in force counts.
    #[serde(default)]
    pub authorities: Vec<PathBuf>,
    /// A file with the access token for EPS, read at every call. Required in production.
    #[serde(default)]
    pub token_file: Option<PathBuf>,
    /// How long one request to EPS may take. EPS itself answers 504 after some 30 s.
    #[serde(default = "thirty_five_seconds")]
    pub timeout: HumanDuration,
    /// How long IssuePrescription waits for EPS before it answers SENDING.
    #[serde(default = "eight_seconds")]
    pub answer_within: HumanDuration,
    /// After how long a message without an answer is sent again, for the first time; doubled each
    /// time after.
    #[serde(default = "five_seconds")]
    pub retry_first: HumanDuration,
    /// The longest wait between two sends.
    #[serde(default = "five_minutes")]
    pub retry_most: HumanDuration,
}

fn half_an_hour() -> HumanDuration {
    HumanDuration::from_secs(30 * 60)
}

fn one_second() -> HumanDuration {
    HumanDuration::from_secs(1)
}

fn thirty_five_seconds() -> HumanDuration {
    HumanDuration::from_secs(35)
}

fn eight_seconds() -> HumanDuration {
    HumanDuration::from_secs(8)
}

fn five_seconds() -> HumanDuration {
    HumanDuration::from_secs(5)
}

fn five_minutes() -> HumanDuration {
    HumanDuration::from_secs(5 * 60)
}

impl Settings {
    /// What is wrong with these settings; `live` adds what live care refuses.
    pub fn objections(&self, live: Live) -> Vec<String> {
        let mut wrong = Vec::new();
        if self.patient_key.reveal().len() < KEY_BYTES {
            wrong.push("service.patient_key must have at least 32 characters".to_owned());
        }
        if self.high_risk().is_none() {
            wrong.push("service.high_risk_medicines must be SNOMED CT concept ids with good check digits".to_owned());
        }
        if self.eps.retry_first.get().is_zero() || self.eps.timeout.get().is_zero() || self.poll.get().is_zero() {
            wrong
                .push("service.eps.retry_first, service.eps.timeout and service.poll must be longer than 0".to_owned());
        }
        match Url::parse(&self.eps.base_url) {
            Ok(url) => wrong.extend(self.eps.address_objections(&url, live)),
            Err(_) => wrong.push("service.eps.base_url must be a URL".to_owned()),
        }
        if live == Live::Yes && self.eps.token_file.is_none() {
            wrong.push("service.eps.token_file is required in production".to_owned());
        }
        if live == Live::Yes && self.eps.authorities.is_empty() {
            wrong.push(
                "service.eps.authorities is required in production: who issues prescribers' certificates".to_owned(),
            );
        }
        wrong.extend(self.authority_objections(live));
        wrong
    }

    fn authority_objections(&self, live: Live) -> Option<String> {
        match Authorities::read(&self.eps.authorities) {
            Err(error) => Some(error.to_string()),
            Ok(authorities) if live == Live::Yes && authorities.trust_development() => {
                Some("service.eps.authorities must not hold the development authority in production".to_owned())
            }
            Ok(_) => None,
        }
    }

    /// The high-risk list, when every code is one.
    pub fn high_risk(&self) -> Option<Vec<Sctid>> {
        self.high_risk_medicines.iter().map(|code| Sctid::concept(code).ok()).collect()
    }
}

/// Whether a deployment is for patients.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Live {
    /// It is.
    Yes,
    /// It is for development or tests.
    No,
}

impl EpsSettings {
    fn address_objections(&self, url: &Url, live: Live) -> Vec<String> {
        let mut wrong = Vec::new();
        let host = url.host_str().unwrap_or_default();
        let loopback = host == "localhost"
            || host.ends_with(".localhost")
            || host
                .trim_matches(['[', ']'])
                .parse::<std::net::IpAddr>()
                .is_ok_and(|ip| ip.is_loopback() || ip.is_unspecified());
        match url.scheme() {
            "https" if self.ca_file.is_none() => wrong.push("service.eps.ca_file is required for https".to_owned()),
            "https" => {}
            "http" if live == Live::Yes => wrong.push("service.eps.base_url must be https in production".to_owned()),
            "http" => {}
            _ => wrong.push("service.eps.base_url must be http or https".to_owned()),
        }
        if live == Live::Yes && loopback {
            wrong.push(
                "service.eps.base_url must not be this machine in production: that is a peer of the tests".to_owned(),
            );
        }
        wrong
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signature::{DEVELOPMENT_AUTHORITY, testing};

    fn authority(file: &str, name: &str) -> PathBuf {
        testing::file(file, &testing::Made::root(name).certificate.pem())
    }

    fn settings(url: &str) -> Settings {
        Settings {
            patient_key: Secret::new("0123456789abcdef0123456789abcdef"),
            eps: EpsSettings {
                base_url: url.to_owned(),
                ca_file: Some("/etc/ehub/eps-ca.pem".into()),
                authorities: vec![authority("config-real", "Prescribers")],
                token_file: Some("/var/run/eps-token".into()),
                timeout: thirty_five_seconds(),
                answer_within: eight_seconds(),
                retry_first: five_seconds(),
                retry_most: five_minutes(),
            },
            sign_within: half_an_hour(),
            high_risk_medicines: vec!["322341003".to_owned()],
            poll: one_second(),
        }
    }

    #[test]
    fn live_care_refuses_a_peer_of_the_tests() {
        for url in ["http://127.0.0.1:8700", "https://localhost/eps", "https://[::1]/eps", "http://eps.example"] {
            assert!(!settings(url).objections(Live::Yes).is_empty(), "{url}");
        }
        assert!(settings("http://127.0.0.1:8700").objections(Live::No).is_empty());
        assert!(settings("https://api.service.nhs.uk/electronic-prescriptions").objections(Live::Yes).is_empty());
    }

    #[test]
    fn every_fault_is_named_at_once() {
        let mut bad = settings("ftp://eps");
        bad.patient_key = Secret::new("short");
        bad.high_risk_medicines.push("322341004".to_owned());
        bad.eps.token_file = None;
        bad.eps.authorities.clear();
        let all = bad.objections(Live::Yes);
        assert_eq!(all.len(), 5, "{all:?}");
        assert!(all.iter().any(|one| one.starts_with("service.eps.authorities is required")), "{all:?}");
    }

    #[test]
    fn authorities_that_cannot_be_read_are_refused_wherever_it_runs() {
        let mut wrong = settings("http://127.0.0.1:8700");
        wrong.eps.authorities = vec!["/nowhere/prescribers.pem".into()];
        assert_eq!(
            wrong.objections(Live::No),
            ["service.eps.authorities: /nowhere/prescribers.pem cannot be read as PEM certificates"]
        );
    }

    #[test]
    fn live_care_refuses_the_authority_of_the_development_suite() {
        let mut wrong = settings("https://api.service.nhs.uk/electronic-prescriptions");
        wrong.eps.authorities.push(authority("config-development", DEVELOPMENT_AUTHORITY));
        assert_eq!(
            wrong.objections(Live::Yes),
            ["service.eps.authorities must not hold the development authority in production"]
        );
        assert!(wrong.objections(Live::No).is_empty());
    }
}
