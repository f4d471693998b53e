//! The `[service]` section of allocation's configuration.

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use ehub_config::{HumanDuration, Secret};
use serde::Deserialize;

use crate::domain::{policy::Policy, queue::QueuePolicy};

/// What allocation can be told. Every number is an engineering default for a Clinical Safety
/// Officer to set.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The key that signs grants.
    pub grants: GrantSettings,
    /// The pathway file; without one the hub-first sample that ships, which production refuses.
    #[serde(default)]
    pub pathway_file: Option<PathBuf>,
    /// How long a claim lasts unless renewed.
    #[serde(default = "five_minutes")]
    pub lease: HumanDuration,
    /// How much the clocks of two machines may differ: an item whose lease ran out is offered again
    /// only this long after.
    #[serde(default = "five_seconds")]
    pub skew: HumanDuration,
    /// How long before it is due an item is preferred (H3).
    #[serde(default = "half_an_hour")]
    pub warn_window: HumanDuration,
    /// What each open item ahead of the same practice adds in the last band.
    #[serde(default = "one_minute")]
    pub fair_share: HumanDuration,
    /// How long a practice has to acknowledge what was passed back to it.
    #[serde(default = "one_hour")]
    pub acknowledge_within: HumanDuration,
    /// How long each service is waited for when asked to seal or to fence.
    #[serde(default = "two_seconds")]
    pub guard_timeout: HumanDuration,
    /// How often the queue is looked at: leases that ran out, warn windows, transfers.
    #[serde(default = "one_second")]
    pub poll: HumanDuration,
    /// Calls to duty persons.
    #[serde(default)]
    pub duty: DutySettings,
    /// Watching an inbox.
    #[serde(default)]
    pub watch: WatchSettings,
}

/// `[service.grants]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GrantSettings {
    /// The id of the key in the verifiers' JWKS.
    pub kid: String,
    /// The Ed25519 key in PKCS#8 PEM, usually `{ file = "…" }`.
    pub key: Secret,
    /// The verifiers' `auth.grants.audience`.
    pub audience: String,
}

/// `[service.duty]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DutySettings {
    /// `log` in development, `webhook` in production.
    pub adapter: Adapter,
    /// How long until an unacknowledged alert is called again.
    pub repeat: HumanDuration,
    /// How long until a call that did not get through is made again.
    pub retry: HumanDuration,
    /// From which call on the deputy is called.
    pub deputy_from_call: i32,
    /// How long a webhook is waited for.
    pub timeout: HumanDuration,
    /// Contacts by the ODS code of the organisation.
    pub contacts: BTreeMap<String, Contact>,
}

/// How duty persons are called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Adapter {
    /// A line in the log. Development only.
    Log,
    /// A POST of JSON.
    Webhook,
}

/// An organisation's duty contacts.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contact {
    /// Where the duty person is called.
    pub duty_url: String,
    /// Where the deputy is called; without one, the duty person is called again.
    #[serde(default)]
    pub deputy_url: Option<String>,
}

/// `[service.watch]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WatchSettings {
    /// How often an inbox is looked at when nothing has called.
    pub poll: HumanDuration,
    /// How long there may be silence; at most 10 s by contract.
    pub heartbeat: HumanDuration,
    /// How many of the most pressing items are watched.
    pub items: u16,
}

impl Default for DutySettings {
    fn default() -> Self {
        Self {
            adapter: Adapter::Log,
            repeat: HumanDuration::from_secs(120),
            retry: HumanDuration::from_secs(15),
            deputy_from_call: 3,
            timeout: HumanDuration::from_secs(5),
            contacts: BTreeMap::new(),
        }
    }
}

impl Default for WatchSettings {
    fn default() -> Self {
        Self { poll: HumanDuration::from_secs(2), heartbeat: HumanDuration::from_secs(10), items: 500 }
    }
}

fn five_minutes() -> HumanDuration {
    HumanDuration::from_secs(300)
}

fn five_seconds() -> HumanDuration {
    HumanDuration::from_secs(5)
}

fn half_an_hour() -> HumanDuration {
    HumanDuration::from_secs(1800)
}

fn one_minute() -> HumanDuration {
    HumanDuration::from_secs(60)
}

fn one_hour() -> HumanDuration {
    HumanDuration::from_secs(3600)
}

fn two_seconds() -> HumanDuration {
    HumanDuration::from_secs(2)
}

fn one_second() -> HumanDuration {
    HumanDuration::from_secs(1)
}

impl Settings {
    /// What operations need of them.
    #[must_use]
    pub fn policy(&self) -> Policy {
        Policy {
            queue: QueuePolicy { warn_window: self.warn_window.get(), fair_share: self.fair_share.get() },
            lease: self.lease.get(),
            skew: self.skew.get(),
            acknowledge_within: self.acknowledge_within.get(),
        }
    }

    /// What is wrong with them, whatever the profile.
    #[must_use]
    pub fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let mut refuse = |wrong: bool, what: &str| {
            if wrong {
                faults.push(what.to_owned());
            }
        };
        // A grant's expiry is cut to whole seconds: shorter leases could be worth nothing.
        refuse(self.lease.get() < Duration::from_secs(2), "service.lease must be at least 2s");
        refuse(self.lease.get() > Duration::from_secs(3600), "service.lease must be at most 1h");
        refuse(self.poll.get().is_zero(), "service.poll must be more than 0s");
        refuse(self.guard_timeout.get().is_zero(), "service.guard_timeout must be more than 0s");
        refuse(self.watch.poll.get().is_zero(), "service.watch.poll must be more than 0s");
        refuse(self.watch.heartbeat.get().is_zero(), "service.watch.heartbeat must be more than 0s");
        refuse(self.watch.heartbeat.get() > Duration::from_secs(10), "service.watch.heartbeat must be at most 10s");
        refuse(self.watch.items == 0, "service.watch.items must be at least 1");
        refuse(self.duty.repeat.get().is_zero(), "service.duty.repeat must be more than 0s");
        refuse(self.duty.retry.get().is_zero(), "service.duty.retry must be more than 0s");
        faults
    }

    /// What production refuses besides.
    #[must_use]
    pub fn production_faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        if self.duty.adapter == Adapter::Log {
            faults.push(
                "service.duty.adapter = \"log\" is for development; production calls duty persons by webhook (H33)"
                    .to_owned(),
            );
        }
        if self.duty.contacts.is_empty() {
            faults.push("service.duty.contacts must name the duty contacts of every hub".to_owned());
        }
        for (ods, contact) in &self.duty.contacts {
            let plain = |url: &String| !url.starts_with("https://");
            if plain(&contact.duty_url) || contact.deputy_url.as_ref().is_some_and(plain) {
                faults.push(format!("service.duty.contacts.{ods} must use https"));
            }
        }
        if self.pathway_file.is_none() {
            faults.push("service.pathway_file is required in production".to_owned());
        }
        faults
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(more: &str) -> Settings {
        let text = format!("{more}\n[grants]\nkid = \"g1\"\nkey = \"pem\"\naudience = \"ehub-grants\"\n");
        let environment = std::iter::empty();
        let file = std::env::temp_dir().join(format!("allocation-settings-{}-{}", std::process::id(), more.len()));
        std::fs::write(&file, text).expect("a temporary file");
        ehub_config::load(Some(&file), "EHUB_TEST", environment).expect("good settings")
    }

    #[test]
    fn production_refuses_development_parts() {
        let faults = settings("").production_faults();
        assert!(faults.iter().any(|fault| fault.contains("log")));
        assert!(faults.iter().any(|fault| fault.contains("pathway_file")));
    }

    #[test]
    fn a_heartbeat_beyond_the_contract_is_refused() {
        assert!(settings("").faults().is_empty());
        let mut slow = settings("");
        slow.watch.heartbeat = HumanDuration::from_secs(11);
        assert_eq!(slow.faults().len(), 1);
    }
}
