//! `ehub status`: what a patient may know with the reference and the birth date.

use ehub_proto::intake::v1::{GetConsultationStatusRequest, State};
use serde_json::json;

use super::{
    context::Context,
    views::{CONSULTATION_STATES, stamp, without_prefix},
};
use crate::{arguments::Status, output};

/// Asks and shows the state.
pub async fn run(context: &Context, status: Status) -> anyhow::Result<()> {
    let session = context.session("supplier")?;
    let request = GetConsultationStatusRequest { reference: status.reference, birth_date: status.birth_date };
    let answer = session.intake().get_consultation_status(session.request(request).await?).await?.into_inner();
    let name = State::try_from(answer.state).ok().map(|state| state.as_str_name());
    output::record(&json!({
        "state": without_prefix(name, CONSULTATION_STATES, answer.state),
        "receive_time": stamp(answer.receive_time.as_ref()),
        "respond_by": stamp(answer.respond_by.as_ref()),
        "close_time": stamp(answer.close_time.as_ref()),
    }));
    Ok(())
}
