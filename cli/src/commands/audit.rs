//! `ehub audit`: the log, checked here and not by whoever keeps it.

mod leaves;
mod prove;
mod verify;

use ehub_proto::audit::v1::GetNoLossRequest;
use serde_json::json;

use super::{context::Context, views};
use crate::{
    arguments::{Audit, NoLossOptions},
    output::{self, Format, exit::Problem},
};

/// Verifies, proves, or shows that nothing is lost.
pub async fn run(context: &Context, audit: Audit) -> anyhow::Result<()> {
    match audit {
        Audit::Verify(options) => verify::run(context, options).await,
        Audit::Prove(options) => prove::run(context, options).await,
        Audit::NoLoss(options) => no_loss(context, &options).await,
    }
}

async fn no_loss(context: &Context, options: &NoLossOptions) -> anyhow::Result<()> {
    let session = context.session("auditor")?;
    let request = session.request(GetNoLossRequest { refresh: !options.last }).await?;
    let answer = session.audit().get_no_loss(request).await?.into_inner();
    let proof = answer.no_loss.unwrap_or_default();
    let shown = views::no_loss(&proof, answer.compute_time.as_ref());
    match output::format() {
        Format::Json => output::record(&json!({ "no_loss": shown })),
        Format::Table => {
            output::record(&shown);
            output::note("received = in_transit + held + closed + quarantined + rejected");
        }
    }
    if proof.holds {
        return Ok(());
    }
    Err(Problem::DoesNotHold(format!("the proof does not hold: {} breaches", proof.breaches.len())).into())
}

/// The signer's key: as typed, or from the file that was named.
fn key(said: &str) -> anyhow::Result<String> {
    let file = std::path::Path::new(said);
    if !file.is_file() {
        return Ok(said.trim().to_owned());
    }
    let text = std::fs::read_to_string(file).map_err(|error| Problem::Usage(format!("{said}: {error}")))?;
    Ok(text.trim().to_owned())
}

/// The key to trust: the one that was given, else the run's, else the service's own word.
fn trusted(context: &Context, said: Option<&str>, told: &str) -> anyhow::Result<(String, &'static str)> {
    if let Some(said) = said {
        return Ok((key(said)?, "GIVEN"));
    }
    if let Some(known) = context.world()?.audit_verifier_key {
        return Ok((known, "RUN"));
    }
    output::note("the key is the service's own word; with --key you trust nobody");
    Ok((told.to_owned(), "SERVICE"))
}
