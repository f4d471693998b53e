//! The `[service]` section of audit's configuration.

use std::path::PathBuf;

use ehub_config::HumanDuration;
use ehub_host::Profile;
use serde::Deserialize;

use crate::domain::no_loss::Limits;

/// Audit's own settings.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Which log this is: the first line of every checkpoint, such as `ehub.example/audit`. Never
    /// changed while the log lives.
    pub origin: String,
    /// The Ed25519 private key that signs checkpoints: PKCS#8 in PEM.
    pub key_file: PathBuf,
    /// The key's name in signatures and in the published verifier key. The origin when absent, as
    /// C2SP's tlog-checkpoint recommends.
    #[serde(default)]
    pub key_name: Option<String>,
    /// How often events are appended and a checkpoint is signed, at most.
    #[serde(default = "one_second")]
    pub batch_interval: HumanDuration,
    /// How many leaves one checkpoint newly covers at most: 1 to 1024.
    #[serde(default = "batch_size")]
    pub batch_size: u32,
    /// The proof of no loss.
    #[serde(default)]
    pub no_loss: NoLossSettings,
    /// The lifecycle trace.
    #[serde(default)]
    pub lifecycle: LifecycleSettings,
}

/// How the proof of no loss is computed.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NoLossSettings {
    /// How often.
    pub every: HumanDuration,
    /// How long a source and audit may differ, and a failed delivery be without its task, before it
    /// is a breach. A source that cannot be asked for this long is one as well.
    pub grace: HumanDuration,
    /// How long an accepted consultation may be without a holder.
    pub in_transit_limit: HumanDuration,
    /// How long a thing of a closing manifest may be on its way. Below the five days for which MESH
    /// keeps a message.
    pub manifest_limit: HumanDuration,
}

/// How lifecycle traces are exported. They go where `telemetry.otlp_endpoint` says, or nowhere.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LifecycleSettings {
    /// For how long nothing may have been heard of a closed episode.
    pub quiet: HumanDuration,
}

impl Default for NoLossSettings {
    fn default() -> Self {
        let minute = HumanDuration::from_secs(60);
        Self {
            every: minute,
            grace: minute,
            in_transit_limit: minute,
            manifest_limit: HumanDuration::from_secs(4 * 86_400),
        }
    }
}

impl Default for LifecycleSettings {
    fn default() -> Self {
        Self { quiet: HumanDuration::from_secs(60) }
    }
}

fn one_second() -> HumanDuration {
    HumanDuration::from_secs(1)
}

fn batch_size() -> u32 {
    256
}

impl Settings {
    /// The key's name.
    pub fn key_name(&self) -> &str {
        self.key_name.as_deref().unwrap_or(&self.origin)
    }

    /// How much time things may take before they are a breach.
    pub fn limits(&self) -> Limits {
        Limits {
            grace: self.no_loss.grace.get(),
            in_transit: self.no_loss.in_transit_limit.get(),
            manifest: self.no_loss.manifest_limit.get(),
        }
    }

    /// What is wrong with them.
    pub fn check(&self, profile: Profile) -> Vec<String> {
        let mut wrong = Vec::new();
        if self.origin.trim().is_empty() || self.origin.contains(char::is_whitespace) {
            wrong.push("service.origin must be one word, such as ehub.example/audit".to_owned());
        }
        if !(1..=1024).contains(&self.batch_size) {
            wrong.push("service.batch_size must be 1 to 1024".to_owned());
        }
        for (key, duration) in [
            ("batch_interval", self.batch_interval),
            ("no_loss.every", self.no_loss.every),
            ("lifecycle.quiet", self.lifecycle.quiet),
        ] {
            if duration.get().is_zero() {
                wrong.push(format!("service.{key} must be longer than nothing"));
            }
        }
        if profile == Profile::Production {
            let minute = std::time::Duration::from_secs(60);
            if self.no_loss.every.get() > minute {
                wrong.push("service.no_loss.every must be at most 1m in production".to_owned());
            }
            if self.no_loss.in_transit_limit.get() > minute {
                wrong.push("service.no_loss.in_transit_limit must be at most 1m in production".to_owned());
            }
            if self.origin.starts_with("localhost") {
                wrong.push("service.origin must be the deployment's own in production".to_owned());
            }
        }
        wrong
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> Settings {
        Settings {
            origin: "ehub.example/audit".to_owned(),
            key_file: PathBuf::from("key.pem"),
            key_name: None,
            batch_interval: one_second(),
            batch_size: batch_size(),
            no_loss: NoLossSettings::default(),
            lifecycle: LifecycleSettings::default(),
        }
    }

    #[test]
    fn every_fault_is_named_at_once() {
        let mut wrong = settings();
        wrong.origin = "two words".to_owned();
        wrong.batch_size = 0;
        wrong.no_loss.every = HumanDuration::from_secs(120);
        assert_eq!(wrong.check(Profile::Development).len(), 2);
        assert_eq!(wrong.check(Profile::Production).len(), 3);
    }

    #[test]
    fn defaults_are_good_for_production() {
        assert_eq!(settings().check(Profile::Production), Vec::<String>::new());
        assert_eq!(settings().key_name(), "ehub.example/audit");
    }
}
