//! Intake's settings: the `[service]` section.

use std::path::PathBuf;

use ehub_config::{HumanDuration, Secret};
use ehub_host::Profile;
use ehub_identifiers::OdsCode;
use ehub_mesh::MeshConfig;
use serde::Deserialize;

use crate::{
    domain::enrolment::{DutyContacts, is_loopback_url},
    screening::Screener,
};

/// The `[service]` section.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Key of the hashes that relate consultations of one patient; at least 32 characters, the
    /// same on every replica. A new key forgets old relations, nothing else.
    pub patient_key: Secret,
    /// Screening rules.
    pub screening: ScreeningSettings,
    /// Authorities to trust for demographics and duty contacts, in PEM; the system's when not set.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
    /// The hub's mailbox; without it nothing arrives by MESH.
    #[serde(default)]
    pub mesh: Option<MeshSettings>,
    /// The demographics service; without it nobody is traced.
    #[serde(default)]
    pub demographics: Option<DemographicsSettings>,
    /// Paging about emergencies.
    #[serde(default)]
    pub paging: PagingSettings,
    /// Background work.
    #[serde(default)]
    pub workers: WorkerSettings,
}

/// `[service.screening]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScreeningSettings {
    /// The rule set, as JSON. Production refuses one without a recorded clinical approval.
    pub rules_file: PathBuf,
}

/// `[service.mesh]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MeshSettings {
    /// The mailbox and how to reach MESH.
    pub connection: MeshConfig,
    /// The hub the mailbox belongs to, by ODS code: owner of what is quarantined.
    pub owner_ods: String,
    /// Its name, in acknowledgements.
    pub owner_name: String,
    /// Who is paged when the text of a quarantined message reads like an emergency.
    pub duty_contact: String,
    /// Workflow of our acknowledgements.
    #[serde(default = "ack_workflow")]
    pub ack_workflow: String,
    /// How often the inbox is looked at.
    #[serde(default = "ten_seconds")]
    pub poll: HumanDuration,
    /// How often MESH is told that the mailbox is in use (MESH asks for once a day).
    #[serde(default = "one_hour")]
    pub handshake: HumanDuration,
    /// After how long a send of unknown outcome is repeated, byte for byte.
    #[serde(default = "five_minutes")]
    pub resend_after: HumanDuration,
    /// How long raw messages that are dealt with are kept.
    #[serde(default = "thirty_five_days")]
    pub keep_raw: HumanDuration,
}

/// `[service.demographics]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DemographicsSettings {
    /// Base of the FHIR R4 interface, before `/Patient`.
    pub url: String,
    /// Longest time for one question.
    #[serde(default = "three_seconds")]
    pub timeout: HumanDuration,
    /// Bearer token, where the service wants one.
    #[serde(default)]
    pub token: Option<Secret>,
}

/// `[service.paging]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PagingSettings {
    /// How long allocation has to take an emergency over before intake pages itself (hazard H7).
    pub after: HumanDuration,
    /// How long between two tries when the duty contact does not take the page.
    pub retry: HumanDuration,
    /// Longest time for one try.
    pub timeout: HumanDuration,
}

/// `[service.workers]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WorkerSettings {
    /// How often the tables are looked at when nothing wakes the workers.
    pub poll: HumanDuration,
    /// How often what has expired is removed.
    pub housekeeping: HumanDuration,
}

impl Default for PagingSettings {
    fn default() -> Self {
        Self {
            after: HumanDuration::from_secs(60),
            retry: HumanDuration::from_secs(15),
            timeout: HumanDuration::from_secs(5),
        }
    }
}

impl Default for WorkerSettings {
    fn default() -> Self {
        Self { poll: HumanDuration::from_secs(1), housekeeping: HumanDuration::from_secs(600) }
    }
}

impl Settings {
    /// What is wrong with these settings, one sentence each.
    pub fn objections(&self, profile: Profile) -> Vec<String> {
        let mut wrong = Vec::new();
        let live = profile == Profile::Production;
        if self.patient_key.reveal().trim().len() < 32 {
            wrong.push("service.patient_key must have at least 32 characters".to_owned());
        }
        match Screener::load(&self.screening.rules_file) {
            Err(error) => wrong.push(format!("service.screening.rules_file: {error}")),
            Ok(screener) if live && !screener.is_approved() => {
                wrong.push(
                    "service.screening.rules_file must name a rule set with a clinical approval; samples are refused"
                        .to_owned(),
                );
            }
            Ok(_) => {}
        }
        if let Some(mesh) = &self.mesh {
            mesh.object(&mut wrong, profile);
        }
        if let Some(demographics) = &self.demographics {
            let good = if live {
                demographics.url.starts_with("https://") && !is_loopback_url(&demographics.url)
            } else {
                demographics.url.starts_with("https://") || demographics.url.starts_with("http://")
            };
            if !good {
                wrong.push(
                    "service.demographics.url must be an https address, in production of another machine".to_owned(),
                );
            }
        } else if live {
            wrong.push("service.demographics must be set in production".to_owned());
        }
        wrong
    }
}

impl MeshSettings {
    fn object(&self, wrong: &mut Vec<String>, profile: Profile) {
        if OdsCode::parse(&self.owner_ods).is_err() {
            wrong.push("service.mesh.owner_ods must be an ODS code".to_owned());
        }
        if !duty_contacts(profile).admit(&self.duty_contact) {
            wrong.push("service.mesh.duty_contact must be an https address".to_owned());
        }
        if profile == Profile::Production && !self.connection.url.starts_with("https://") {
            wrong.push("service.mesh.connection.url must be https in production".to_owned());
        }
    }
}

/// The duty contacts a profile accepts.
pub fn duty_contacts(profile: Profile) -> DutyContacts {
    match profile {
        Profile::Development => DutyContacts::LoopbackToo,
        Profile::Production => DutyContacts::Https,
    }
}

fn ack_workflow() -> String {
    "GPFED_CONSULT_REPORT_ACK".to_owned()
}

fn three_seconds() -> HumanDuration {
    HumanDuration::from_secs(3)
}

fn ten_seconds() -> HumanDuration {
    HumanDuration::from_secs(10)
}

fn five_minutes() -> HumanDuration {
    HumanDuration::from_secs(300)
}

fn one_hour() -> HumanDuration {
    HumanDuration::from_secs(3_600)
}

fn thirty_five_days() -> HumanDuration {
    HumanDuration::from_secs(35 * 24 * 3_600)
}

#[cfg(test)]
#[path = "config_tests.rs"]
mod tests;
