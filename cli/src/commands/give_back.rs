//! `ehub release`, `ehub override` and `ehub pass-back`: a claim that ends without an outcome.

use ehub_proto::allocation::v1::{OverrideClaimRequest, PassBackRequest, ReleaseClaimRequest};
use serde_json::json;

use super::{complete::safe_disposition, context::Context, held, views};
use crate::{
    arguments::{Override, PassBack},
    output,
    session::new_id,
};

/// Said when a service could not be told that the claim is over.
const NOT_FENCED: &str = "not every service could be told: the old grant ends by itself, the item waits until then";

/// Gives it back to its pool.
pub async fn release(context: &Context, named: Option<&str>) -> anyhow::Result<()> {
    let session = context.session("gp-anna")?;
    let held = held::grant(context, &session, named).await?;
    let request = ReleaseClaimRequest { request_id: new_id(), consultation: held.consultation.clone() };
    let request = session.granted(request, &held.grant).await?;
    let released = session.allocation().release_claim(request).await?.into_inner();
    held::forget(context, &held)?;
    output::record(
        &json!({ "consultation": held.consultation, "reference": held.reference, "fenced": released.fenced }),
    );
    if !released.fenced {
        output::note(NOT_FENCED);
    }
    Ok(())
}

/// Ends a colleague's claim.
pub async fn override_claim(context: &Context, over: Override) -> anyhow::Result<()> {
    let session = context.session("gp-anna")?;
    let consultation = context.consultation(&session, &over.consultation).await?.name();
    let request = OverrideClaimRequest { request_id: new_id(), consultation, reason: over.reason };
    let ended = session.allocation().override_claim(session.request(request).await?).await?.into_inner();
    output::record(&json!({ "item": ended.item.as_ref().map(views::work_item), "fenced": ended.fenced }));
    output::note(if ended.fenced { "next: ehub claim, now or whoever comes first" } else { NOT_FENCED });
    Ok(())
}

/// Passes it back to the patient's practice.
pub async fn pass_back(context: &Context, back: PassBack) -> anyhow::Result<()> {
    let session = context.session("gp-anna")?;
    let held = held::grant(context, &session, back.consultation.as_deref()).await?;
    let request = PassBackRequest {
        request_id: new_id(),
        consultation: held.consultation.clone(),
        reason: back.reason,
        safe_disposition: back.safe.map(|safe| safe_disposition(safe, ehub_proto::timestamp(context.clock.now()))),
    };
    let passed = session.allocation().pass_back(session.granted(request, &held.grant).await?).await?.into_inner();
    held::forget(context, &held)?;
    output::record(&json!({ "item": passed.item.as_ref().map(views::work_item), "fenced": passed.fenced }));
    if !passed.fenced {
        output::note(NOT_FENCED);
    }
    Ok(())
}
