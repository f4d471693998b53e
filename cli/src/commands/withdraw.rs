//! `ehub withdraw`: the patient no longer wants it.

use ehub_proto::intake::v1::WithdrawConsultationRequest;
use serde_json::json;

use super::{context::Context, views::stamp};
use crate::{
    arguments::{Withdraw, WithdrawReason},
    output,
    session::new_id,
};

/// Records the wish.
pub async fn run(context: &Context, withdraw: Withdraw) -> anyhow::Result<()> {
    let session = context.session("supplier")?;
    let name = context.consultation(&session, &withdraw.consultation).await?.name();
    let reason = match withdraw.reason {
        WithdrawReason::Better => "BETTER",
        WithdrawReason::SeenElsewhere => "SEEN_ELSEWHERE",
        WithdrawReason::ByMistake => "BY_MISTAKE",
        WithdrawReason::Other => "OTHER",
    };
    let request = WithdrawConsultationRequest { request_id: new_id(), name: name.clone(), reason: reason.to_owned() };
    let answer = session.intake().withdraw_consultation(session.request(request).await?).await?.into_inner();
    output::record(&json!({
        "consultation": name,
        "withdraw_request_time": stamp(answer.withdraw_request_time.as_ref()),
    }));
    output::note("it is withdrawn unless somebody works on it or it was flagged: ehub show tells");
    Ok(())
}
