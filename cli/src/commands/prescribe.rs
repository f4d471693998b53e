//! `ehub prescribe`: raises a prescription and has EPS prepare it; `ehub sign` goes on from there.

use anyhow::Context as _;
use ehub_identifiers::PrescriptionId;
use ehub_proto::prescribing::v1::{
    Item, PreparePrescriptionRequest, PrescriptionState, RaisePrescriptionRequest, RaisePrescriptionResponse,
};
use serde_json::json;

use super::{
    content,
    context::Context,
    held,
    kept::{Held, Prepared},
    views::word,
};
use crate::{
    arguments::Prescribe,
    dev::world::COST_CENTRE,
    output,
    session::{Session, new_id},
    waiting::{Patience, patiently},
};

/// Raises, prepares, and keeps what is to be signed.
pub async fn run(context: &Context, prescribe: Prescribe) -> anyhow::Result<()> {
    let session = context.session("gp-anna")?;
    let held = held::grant(context, &session, prescribe.consultation.as_deref()).await?;
    let no_prepare = prescribe.no_prepare;
    let raised = raise(&session, &held, prescribe).await?;
    let mut shown = json!({
        "prescription": raised.name,
        "short_id": raised.short_id,
        "consultation": held.consultation,
        "state": word!(PrescriptionState, "PRESCRIPTION_STATE_", raised.state),
        "etag": raised.etag,
    });
    if !no_prepare {
        let request =
            PreparePrescriptionRequest { request_id: new_id(), name: raised.name.clone(), etag: raised.etag.clone() };
        let request = session.granted(request, &held.grant).await?;
        let answer = session.prescribing().prepare_prescription(request).await?.into_inner();
        let prepared = Prepared {
            name: raised.name.clone(),
            consultation: held.consultation.clone(),
            persona: session.name().to_owned(),
            digest: answer.digest.clone(),
            etag: answer.etag.clone(),
        };
        let id = PrescriptionId::parse_name(&raised.name).context("the prescription's name")?;
        context.prepared()?.keep(id.uuid(), &prepared)?;
        shown["state"] = json!("PREPARED");
        shown["digest"] = json!(answer.digest);
        shown["digest_timestamp"] = json!(answer.digest_timestamp);
        shown["algorithm"] = json!(answer.algorithm);
        shown["etag"] = json!(answer.etag);
    }
    output::record(&shown);
    output::note("next: ehub sign");
    Ok(())
}

async fn raise(session: &Session, held: &Held, said: Prescribe) -> anyhow::Result<RaisePrescriptionResponse> {
    let request = RaisePrescriptionRequest {
        request_id: new_id(),
        name: format!("prescriptions/{}", new_id()),
        consultation: held.consultation.clone(),
        cost_centre_ods: said.cost_centre.unwrap_or_else(|| COST_CENTRE.to_owned()),
        items: match &said.file {
            Some(file) => content::items(file)?,
            None => vec![sample()],
        },
        pharmacy_ods: said.pharmacy,
        override_recent_issue: said.again_because,
    };
    patiently(
        Patience::EVENT,
        |_| {},
        || async {
            let request = session.granted(request.clone(), &held.grant).await?;
            Ok(session.prescribing().raise_prescription(request).await?.into_inner())
        },
    )
    .await
}

/// A made-up item; the codes are dm+d's.
fn sample() -> Item {
    Item {
        medicine_code: "39732311000001104".to_owned(),
        medicine_name: "Amoxicillin 250mg capsules".to_owned(),
        quantity: "15".to_owned(),
        unit_code: "428641000".to_owned(),
        unit_name: "capsule".to_owned(),
        dosage: "One capsule three times a day for five days".to_owned(),
        days: 5,
        course_of_therapy: "acute".to_owned(),
        ..Item::default()
    }
}

#[cfg(test)]
mod tests {
    use ehub_identifiers::Sctid;

    use super::*;

    #[test]
    fn the_sample_has_good_codes() {
        let item = sample();
        assert!(Sctid::concept(&item.medicine_code).is_ok() && Sctid::concept(&item.unit_code).is_ok());
    }
}
