//! Tells the demographics peer about the morning's patients.

use anyhow::Context as _;
use serde_json::json;

use super::stories::{Plan, Quirk};

/// Registers every patient where demographics should know them.
#[expect(clippy::disallowed_methods, reason = "a command's own request, which is not measured")]
pub async fn register(demographics: &str, plans: &[Plan]) -> anyhow::Result<()> {
    let http = reqwest::Client::new();
    for some in plans.chunks(500) {
        let patients: Vec<_> = some
            .iter()
            .map(|plan| {
                let patient = &plan.patient;
                let registered = if patient.quirk == Quirk::Moved { "D84004" } else { plan.practice };
                json!({
                    "nhs_number": patient.nhs_number,
                    "family": patient.family,
                    "given": patient.given,
                    "birth_date": patient.birth_date,
                    "gender": patient.gender,
                    "gp_ods": registered,
                    "security": if patient.quirk == Quirk::Sensitive { "R" } else { "U" },
                    "untraced": patient.quirk == Quirk::Untraced,
                    "nominated_pharmacy": "FA565",
                })
            })
            .collect();
        http.post(format!("{demographics}/control/patients"))
            .json(&json!({ "patients": patients }))
            .send()
            .await
            .context("the demographics peer does not answer")?
            .error_for_status()
            .context("the demographics peer refuses the patients")?;
    }
    Ok(())
}
