//! The `[service]` section of write-back.

use std::time::Duration;

use ehub_config::HumanDuration;
use ehub_host::Profile;
use ehub_identifiers::OdsCode;
use ehub_mesh::MeshConfig;
use serde::Deserialize;

/// Write-back's own settings. Durations are written as `"2s"`, `"5m"`, `"24h"`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The hub's write-back mailbox: documents go out of it, acknowledgements come into it.
    pub mesh: MeshConfig,
    /// The hub's ODS code: `MessageHeader.sender` and `mex-LocalID` (GP Connect Send Document).
    pub sender_ods: String,
    /// The hub's name in `MessageHeader.sender`, when given.
    #[serde(default)]
    pub sender_name: Option<String>,
    /// MESH workflow of documents; acknowledgements come under the same with `_ACK`.
    #[serde(default = "workflow")]
    pub workflow: String,
    /// How long after filing an entry may still be changed before it is sent (hazard H14).
    #[serde(default = "minutes::<10>")]
    pub edit_window: HumanDuration,
    /// How long after filing an interim document goes out when prescriptions are still open: before
    /// the national limit of 3 hours (GP Connect Messaging).
    #[serde(default = "minutes::<150>")]
    pub interim_after: HumanDuration,
    /// How often the sender looks for entries to release and to send.
    #[serde(default = "seconds::<2>")]
    pub send_poll: HumanDuration,
    /// How often the mailbox is polled.
    #[serde(default = "seconds::<10>")]
    pub receive_poll: HumanDuration,
    /// How often missing acknowledgements are looked for.
    #[serde(default = "seconds::<60>")]
    pub overdue_poll: HumanDuration,
    /// How long to wait before trying again what certainly did not happen: demographics away, MESH away.
    #[serde(default = "seconds::<30>")]
    pub retry_after: HumanDuration,
    /// How long to wait after an ambiguous send before the identical bytes are sent again.
    #[serde(default = "minutes::<5>")]
    pub resend_after: HumanDuration,
    /// Without an infrastructure acknowledgement for so long, a person is called (hazard H14). MESH
    /// itself gives up after five days.
    #[serde(default = "hours::<24>")]
    pub infrastructure_deadline: HumanDuration,
    /// Without a business acknowledgement for so long, a person is called (hazard H14).
    #[serde(default = "hours::<72>")]
    pub business_deadline: HumanDuration,
    /// Documents above this many bytes are not sent; receivers take about 5 MB (ITK3 code 20015).
    #[serde(default = "five_megabytes")]
    pub max_document_bytes: usize,
    /// Whether entries of test patients (999 000 0000 to 999 999 9999) are sent. Refused in
    /// production (hazard H33).
    #[serde(default)]
    pub send_test_patients: bool,
    /// Hosts of MESH servers that are peers for tests; production refuses them.
    #[serde(default = "sandbox_hosts")]
    pub sandbox_hosts: Vec<String>,
}

impl Settings {
    /// What is wrong: ranges, and what production refuses.
    pub fn check(&self, profile: Profile) -> Result<(), Vec<String>> {
        let mut wrong = Vec::new();
        if OdsCode::parse(&self.sender_ods).is_err() {
            wrong.push("service.sender_ods must be an ODS code".to_owned());
        }
        if self.workflow.is_empty() {
            wrong.push("service.workflow must not be empty".to_owned());
        }
        for (name, value) in self.intervals() {
            if value.is_zero() {
                wrong.push(format!("service.{name} must be greater than zero"));
            }
        }
        let five_days = Duration::from_secs(5 * 24 * 3600);
        if self.infrastructure_deadline.get() >= five_days || self.business_deadline.get() >= five_days {
            wrong.push(
                "service.infrastructure_deadline and business_deadline must be below MESH's five days".to_owned(),
            );
        }
        if self.interim_after.get() >= Duration::from_secs(3 * 3600) {
            wrong.push("service.interim_after must be below the national three hours".to_owned());
        }
        if self.resend_after.get() <= self.mesh.timeout.get() {
            wrong.push("service.resend_after must be longer than service.mesh.timeout".to_owned());
        }
        if profile == Profile::Production {
            self.check_production(&mut wrong);
        }
        if wrong.is_empty() { Ok(()) } else { Err(wrong) }
    }

    fn check_production(&self, wrong: &mut Vec<String>) {
        if self.send_test_patients {
            wrong.push("service.send_test_patients must be false in production".to_owned());
        }
        if !self.mesh.url.starts_with("https://") {
            wrong.push("service.mesh.url must be https in production".to_owned());
        }
        if self.sandbox_hosts.iter().any(|host| self.mesh.url.contains(host.as_str())) {
            wrong.push("service.mesh.url is a peer's address; production refuses it".to_owned());
        }
    }

    fn intervals(&self) -> [(&'static str, Duration); 7] {
        [
            ("send_poll", self.send_poll.get()),
            ("receive_poll", self.receive_poll.get()),
            ("overdue_poll", self.overdue_poll.get()),
            ("retry_after", self.retry_after.get()),
            ("resend_after", self.resend_after.get()),
            ("infrastructure_deadline", self.infrastructure_deadline.get()),
            ("business_deadline", self.business_deadline.get()),
        ]
    }
}

fn workflow() -> String {
    "GPFED_CONSULT_REPORT".to_owned()
}

fn seconds<const N: u64>() -> HumanDuration {
    HumanDuration::from_secs(N)
}

fn minutes<const N: u64>() -> HumanDuration {
    HumanDuration::from_secs(N * 60)
}

fn hours<const N: u64>() -> HumanDuration {
    HumanDuration::from_secs(N * 3600)
}

fn five_megabytes() -> usize {
    5_000_000
}

fn sandbox_hosts() -> Vec<String> {
    ["localhost", "127.0.0.1", "mesh-sandbox", "ehub-peers"].map(str::to_owned).to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(extra: &[(&str, serde_json::Value)]) -> Result<Settings, serde_json::Error> {
        let mut json = serde_json::json!({
            "mesh": {"url": "http://127.0.0.1:8700", "mailbox": "HUBWRB01", "password": "p", "shared_key": "k"},
            "sender_ods": "H8H01",
        });
        for (key, value) in extra {
            json[*key] = value.clone();
        }
        serde_json::from_value(json)
    }

    #[test]
    fn unknown_keys_are_refused() {
        assert!(settings(&[("edit_windw", "2s".into())]).is_err());
    }

    #[test]
    fn production_refuses_peers_and_test_patients() {
        let development = settings(&[("send_test_patients", true.into())]).expect("reads");
        assert!(development.check(Profile::Development).is_ok());
        assert_eq!(development.check(Profile::Production).expect_err("refused").len(), 3);
    }

    #[test]
    fn deadlines_stay_before_mesh_gives_up() {
        let late = settings(&[("business_deadline", "5d".into()), ("interim_after", "3h".into())]).expect("reads");
        assert_eq!(late.check(Profile::Development).expect_err("two are wrong").len(), 2);
    }
}
