//! `ehub sign`: signs a prepared prescription with the development signer, and issues it.

use std::{path::Path, time::Duration};

use anyhow::Context as _;
use ehub_identifiers::{ConsultationId, PrescriptionId};
use ehub_proto::prescribing::v1::{
    GetPrescriptionRequest, IssuePrescriptionRequest, PrescriptionState, SignPrescriptionRequest,
};
use serde_json::{Value, json};

use super::{
    context::Context,
    kept::Prepared,
    views::{self, stamp, word},
};
use crate::{
    arguments::{RecordSource, Sign},
    dev::keys::Signer,
    output::{self, exit::Problem},
    session::{Session, new_id},
    waiting::{deadline, expired},
};

/// How often an unanswered issue is looked at.
const EVERY: Duration = Duration::from_millis(500);

/// Signs, issues, and waits for EPS.
pub async fn run(context: &Context, sign: &Sign) -> anyhow::Result<()> {
    let session = context.session("gp-anna")?;
    let mut prepared = prepared(context, &session, sign.prescription.as_deref())?;
    if prepared.digest.is_empty() {
        output::progress("it is signed already; issuing it");
    } else {
        let state = signed(context, &session, sign, &mut prepared).await?;
        if sign.no_issue {
            output::record(&shown(&prepared, state, &prepared.etag, None));
            return Ok(());
        }
    }
    let request = IssuePrescriptionRequest {
        request_id: new_id(),
        name: prepared.name.clone(),
        etag: prepared.etag.clone(),
        override_recent_issue: sign.again_because.clone(),
    };
    let issued = session.prescribing().issue_prescription(session.request(request).await?).await?.into_inner();
    context.prepared()?.forget(id(&prepared)?);
    if issued.state() != PrescriptionState::Sending {
        output::record(&shown(&prepared, issued.state, &issued.etag, issued.issue_time.as_ref()));
        return settled(issued.state());
    }
    output::progress("EPS has not answered yet; the service goes on trying");
    wait(context, &session, &prepared, sign.wait.get()).await
}

/// Signs what was prepared, and keeps that it is: signed once is signed for good, and only issuing may
/// be tried again. Gives the state.
async fn signed(context: &Context, session: &Session, sign: &Sign, prepared: &mut Prepared) -> anyhow::Result<i32> {
    let signer = Signer::kept_in(Path::new(&context.world()?.signer)).context("the development signer")?;
    let source = source(sign.record_seen);
    let request = SignPrescriptionRequest {
        request_id: new_id(),
        name: prepared.name.clone(),
        etag: prepared.etag.clone(),
        signature: signer.sign(&prepared.digest)?,
        record_seen_time: (!source.is_empty()).then(|| ehub_proto::timestamp(context.clock.now())),
        record_seen_source: source.to_owned(),
    };
    let signed = session.prescribing().sign_prescription(session.request(request).await?).await?.into_inner();
    (prepared.etag, prepared.digest) = (signed.etag, String::new());
    context.prepared()?.keep(id(prepared)?, prepared)?;
    Ok(signed.state)
}

/// The prescription a person means: the one named, or the one they prepared last.
pub fn prepared(context: &Context, session: &Session, named: Option<&str>) -> anyhow::Result<Prepared> {
    let kept = context.prepared()?;
    let found = match named {
        Some(text) => {
            let id = PrescriptionId::parse_name(text).or_else(|_| PrescriptionId::parse(text)).map_err(|error| {
                Problem::Usage(format!("a prescription is named by prescriptions/{{uuid}}: {error}"))
            })?;
            kept.get(id.uuid()).filter(|prepared| prepared.persona == session.name())
        }
        None => kept.newest(|prepared| prepared.persona == session.name()),
    };
    let nothing = || Problem::Usage(format!("{} has prepared nothing here: `ehub prescribe` does", session.name()));
    Ok(found.ok_or_else(nothing)?)
}

async fn wait(context: &Context, session: &Session, prepared: &Prepared, patience: Duration) -> anyhow::Result<()> {
    let consultation = ConsultationId::parse_name(&prepared.consultation).context("the consultation's name")?;
    let held = context.grants()?.get(consultation.uuid()).filter(|held| held.persona == session.name());
    let end = deadline(patience);
    loop {
        let request = GetPrescriptionRequest { name: prepared.name.clone() };
        let request = match &held {
            Some(held) => session.granted(request, &held.grant).await?,
            None => session.request(request).await?,
        };
        let answer = session.prescribing().get_prescription(request).await?.into_inner();
        let now = answer.prescription.context("an answer without a prescription")?;
        if now.state() != PrescriptionState::Sending {
            output::record(&views::prescription(&now));
            return settled(now.state());
        }
        if expired(end) {
            output::record(&views::prescription(&now));
            return Err(
                Problem::Late("EPS has not answered in that time; the service goes on trying".to_owned()).into()
            );
        }
        tokio::time::sleep(EVERY).await;
    }
}

fn settled(state: PrescriptionState) -> anyhow::Result<()> {
    match state {
        PrescriptionState::Refused => Err(Problem::DoesNotHold("EPS has refused the prescription".to_owned()).into()),
        _ => Ok(()),
    }
}

fn shown(prepared: &Prepared, state: i32, etag: &str, issue_time: Option<&prost_types::Timestamp>) -> Value {
    json!({
        "name": prepared.name,
        "state": word!(PrescriptionState, "PRESCRIPTION_STATE_", state),
        "issue_time": stamp(issue_time),
        "etag": etag,
    })
}

/// Its id.
pub fn id(prepared: &Prepared) -> anyhow::Result<uuid::Uuid> {
    Ok(PrescriptionId::parse_name(&prepared.name).context("the prescription's name")?.uuid())
}

fn source(record: RecordSource) -> &'static str {
    match record {
        RecordSource::GpConnect => "GP_CONNECT",
        RecordSource::Scr => "SCR",
        RecordSource::PracticeRecord => "PRACTICE_RECORD",
        RecordSource::None => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_of_eps_is_exit_code_4() {
        let error = settled(PrescriptionState::Refused).expect_err("an error");
        assert_eq!(output::exit::code_of(&error), 4);
        assert!(settled(PrescriptionState::Issued).is_ok());
    }
}
