//! `ehub void`: withdraws a prescription that has not been issued.

use anyhow::Context as _;
use ehub_identifiers::PrescriptionId;
use ehub_proto::prescribing::v1::{GetPrescriptionRequest, PrescriptionState, VoidPrescriptionRequest};
use serde_json::json;

use super::{context::Context, sign, views::word};
use crate::{
    arguments::VoidPrescription,
    output::{self, exit::Problem},
    session::new_id,
};

/// Reads it as it stands, and withdraws that.
pub async fn run(context: &Context, void: VoidPrescription) -> anyhow::Result<()> {
    let session = context.session("gp-anna")?;
    let id = match &void.prescription {
        Some(text) => PrescriptionId::parse_name(text)
            .or_else(|_| PrescriptionId::parse(text))
            .map_err(|error| Problem::Usage(format!("a prescription is named by prescriptions/{{uuid}}: {error}")))?,
        None => PrescriptionId::new(sign::id(&sign::prepared(context, &session, None)?)?),
    };
    let request = session.request(GetPrescriptionRequest { name: id.name() }).await?;
    let read = session.prescribing().get_prescription(request).await?.into_inner();
    let etag = read.prescription.context("an answer without a prescription")?.etag;
    let request = VoidPrescriptionRequest { request_id: new_id(), name: id.name(), etag, reason: void.reason };
    let answer = session.prescribing().void_prescription(session.request(request).await?).await?.into_inner();
    context.prepared()?.forget(id.uuid());
    output::record(&json!({
        "prescription": id.name(),
        "state": word!(PrescriptionState, "PRESCRIPTION_STATE_", answer.state),
    }));
    Ok(())
}
