//! A patient who is better already: the wish, and what became of it.

use std::time::Duration;

use ehub_proto::intake::v1::{GetConsultationRequest, State, WithdrawConsultationRequest};

use super::Tally;
use crate::{
    session::{Session, new_id},
    waiting::until_some,
};

/// How long it may take until somebody has answered or it is withdrawn, and how often is looked.
const ENDING: (Duration, Duration) = (Duration::from_secs(60), Duration::from_millis(500));

/// Withdraws, and waits for the end: a clinician may be ahead, and then answers it.
pub async fn play(supplier: &Session, consultation: String, tally: &Tally) -> anyhow::Result<()> {
    let wish =
        WithdrawConsultationRequest { request_id: new_id(), name: consultation.clone(), reason: "BETTER".to_owned() };
    let wished = tally.ask_unless("IntakeService/WithdrawConsultation", "CONSULTATION_CLOSED", || async {
        Ok(supplier.intake().withdraw_consultation(supplier.request(wish.clone()).await?).await?)
    });
    if wished.await?.is_none() {
        return Ok(());
    }
    let look = || async {
        let read = tally.ask("IntakeService/GetConsultation", || async {
            let request = GetConsultationRequest { name: consultation.clone() };
            Ok(supplier.intake().get_consultation(supplier.request(request).await?).await?.into_inner().consultation)
        });
        let state = read.await?.map(|one| one.state());
        Ok(state.filter(|state| matches!(state, State::Withdrawn | State::Closed)))
    };
    match until_some(ENDING.0, ENDING.1, look).await? {
        Some(State::Withdrawn) => tally.note(|counts| counts.withdrawn += 1),
        Some(_) => {}
        None => tally.surprise("IntakeService/WithdrawConsultation", "neither withdrawn nor answered"),
    }
    Ok(())
}
