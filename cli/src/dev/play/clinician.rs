//! A clinician or administrator of the hub: claims, reads, decides, files, prescribes, completes.

use std::{sync::Arc, time::Duration};

use anyhow::{Context as _, bail};
use ehub_clock::Clock;
use ehub_proto::{
    allocation::v1::{
        Claim, ClaimNextRequest, CompleteRequest, ItemUrgency, Outcome, OutcomeKind, PassBackRequest, RecordSeen,
        SafeDisposition, Told, WorkItem,
    },
    intake::v1::GetConsultationRequest,
    prescribing::v1::{
        GetPrescriptionRequest, IssuePrescriptionRequest, Item, PreparePrescriptionRequest, PrescriptionState,
        RaisePrescriptionRequest, SignPrescriptionRequest,
    },
    writeback::v1::{CodedItem, EntryContent, FileEntryRequest, FitNote, Observation},
};
use tokio_util::sync::CancellationToken;

use super::Tally;
use crate::{
    dev::{keys::Signer, world::COST_CENTRE},
    session::{Session, new_id},
};

/// How long to wait when nothing is to be done.
const IDLE: Duration = Duration::from_millis(400);

/// Works until told to stop.
pub async fn work(
    session: Session,
    skill: &'static str,
    signer: Signer,
    tally: Arc<Tally>,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    while !stop.is_cancelled() {
        let request =
            ClaimNextRequest { request_id: new_id(), skills: vec![skill.to_owned()], practices_ods: Vec::new() };
        let claim = match session.allocation().claim_next(session.request(request).await?).await {
            Ok(answer) => answer.into_inner().claim,
            Err(status) => {
                tally.hitch("nothing could be claimed", &status);
                None
            }
        };
        let Some(claim) = claim else {
            tokio::select! {
                () = stop.cancelled() => break,
                () = tokio::time::sleep(IDLE) => continue,
            }
        };
        let desk = Desk { session: &session, signer: &signer, tally: &tally, clock: Clock::system() };
        if let Err(error) = desk.deal_with(claim).await {
            // The lease ends by itself, and somebody else takes the item.
            tally.hitch("a claimed item could not be dealt with", &format!("{error:#}"));
        }
    }
    Ok(())
}

struct Desk<'a> {
    session: &'a Session,
    signer: &'a Signer,
    tally: &'a Tally,
    clock: Clock,
}

impl Desk<'_> {
    async fn deal_with(&self, claim: Claim) -> anyhow::Result<()> {
        let item = claim.item.context("a claim has an item")?;
        let grant = claim.grant;
        let read = GetConsultationRequest { name: item.consultation.clone() };
        let consultation = self.session.intake().get_consultation(self.session.granted(read, &grant).await?).await?;
        let consultation = consultation.into_inner().consultation.context("a consultation")?;
        if consultation.topic == "wound-check" {
            return self.pass_back(&item, &grant).await;
        }
        let clinical = item.need != "ADMINISTRATIVE";
        if clinical {
            self.file(&item, &grant).await.context("filing")?;
            if consultation.topic == "sore-throat" {
                self.prescribe(&item, &grant).await.context("prescribing")?;
            }
        }
        self.complete(&item, &grant, clinical).await.context("completing")
    }

    async fn pass_back(&self, item: &WorkItem, grant: &str) -> anyhow::Result<()> {
        let request = PassBackRequest {
            request_id: new_id(),
            consultation: item.consultation.clone(),
            reason: "Needs an examination in person: please book for removal of stitches.".to_owned(),
        };
        self.session.allocation().pass_back(self.session.granted(request, grant).await?).await?;
        self.tally.note(|counts| counts.passed_back += 1);
        Ok(())
    }

    async fn file(&self, item: &WorkItem, grant: &str) -> anyhow::Result<()> {
        let heading = |key: &str, text: &str| (key.to_owned(), text.to_owned());
        let fit_note = (item.topic == "fit-note").then(|| FitNote {
            issuer: "Hub clinician, in the practice's own system".to_owned(),
            system: "Practice clinical system".to_owned(),
            from_date: "2026-01-05".to_owned(),
            to_date: "2026-01-19".to_owned(),
        });
        let content = EntryContent {
            headings: [
                heading("presenting-complaint", "As written by the patient in the online consultation."),
                heading("assessment", "No red flags on direct questions."),
                heading("plan", "Self-care advice given; review if not better in a week."),
                heading("safety-net", "Told to call 111 if worse, 999 in an emergency."),
            ]
            .into(),
            items: vec![CodedItem {
                kind: "FINDING".to_owned(),
                concept_id: "149951000000107".to_owned(),
                description_id: String::new(),
                term: "Patient information received using GP online consultation system".to_owned(),
            }],
            observations: vec![Observation {
                concept_id: "703421000".to_owned(),
                term: "Temperature".to_owned(),
                value: "37.1".to_owned(),
                unit: "Cel".to_owned(),
            }],
            follow_up: "None planned.".to_owned(),
            fit_note,
            hide_from_online_record: false,
        };
        let request = FileEntryRequest {
            request_id: new_id(),
            name: format!("entries/{}", new_id()),
            consultation: item.consultation.clone(),
            content: Some(content),
            etag: String::new(),
        };
        // Writeback may hear of a consultation a moment after allocation did.
        let session = self.session;
        crate::waiting::until_ok("an entry to be filed", || {
            let request = request.clone();
            async move { Ok(session.writeback().file_entry(session.granted(request, grant).await?).await?) }
        })
        .await?;
        self.tally.note(|counts| counts.entries_filed += 1);
        Ok(())
    }

    async fn prescribe(&self, item: &WorkItem, grant: &str) -> anyhow::Result<()> {
        let name = format!("prescriptions/{}", new_id());
        let raise = RaisePrescriptionRequest {
            request_id: new_id(),
            name: name.clone(),
            consultation: item.consultation.clone(),
            cost_centre_ods: COST_CENTRE.to_owned(),
            items: vec![Item {
                medicine_code: "39732311000001104".to_owned(),
                medicine_name: "Amoxicillin 250mg capsules".to_owned(),
                quantity: "15".to_owned(),
                unit_code: "428673006".to_owned(),
                unit_name: "capsule".to_owned(),
                dosage: "One capsule three times a day for five days".to_owned(),
                days: 5,
                course_of_therapy: "acute".to_owned(),
                ..Item::default()
            }],
            pharmacy_ods: String::new(),
            override_recent_issue: String::new(),
        };
        let session = self.session;
        let raised = crate::waiting::until_ok("a prescription to be raised", || {
            let raise = raise.clone();
            async move { Ok(session.prescribing().raise_prescription(session.granted(raise, grant).await?).await?) }
        })
        .await?
        .into_inner();
        let prepare = PreparePrescriptionRequest { request_id: new_id(), name: name.clone(), etag: raised.etag };
        let prepared =
            session.prescribing().prepare_prescription(session.granted(prepare, grant).await?).await?.into_inner();
        let sign = SignPrescriptionRequest {
            request_id: new_id(),
            name: name.clone(),
            etag: prepared.etag,
            signature: self.signer.sign(&prepared.digest)?,
            record_seen_source: "GP_CONNECT".to_owned(),
            record_seen_time: Some(self.now()),
        };
        let signed = session.prescribing().sign_prescription(session.request(sign).await?).await?.into_inner();
        let issue = IssuePrescriptionRequest { request_id: new_id(), name: name.clone(), etag: signed.etag };
        let issued = session.prescribing().issue_prescription(session.request(issue).await?).await?.into_inner();
        if issued.state() != PrescriptionState::Issued {
            self.wait_for_issue(&name, grant).await?;
        }
        self.tally.note(|counts| counts.issued += 1);
        Ok(())
    }

    /// EPS did not answer in time: the service goes on trying.
    async fn wait_for_issue(&self, name: &str, grant: &str) -> anyhow::Result<()> {
        let session = self.session;
        crate::waiting::until_ok("a prescription to be issued", || async move {
            let get = GetPrescriptionRequest { name: name.to_owned() };
            let got = session.prescribing().get_prescription(session.granted(get, grant).await?).await?.into_inner();
            match got.prescription.map(|prescription| prescription.state()) {
                Some(PrescriptionState::Issued) => Ok(()),
                state => bail!("it is {:?}", state.map(|state| state.as_str_name())),
            }
        })
        .await
    }

    async fn complete(&self, item: &WorkItem, grant: &str, clinical: bool) -> anyhow::Result<()> {
        let emergency = item.urgency() == ItemUrgency::Emergency;
        let kind = match (clinical, item.topic.as_str()) {
            (false, _) => OutcomeKind::AdministrationDone,
            (true, "fit-note") => OutcomeKind::FitNote,
            (true, "sore-throat") => OutcomeKind::Treated,
            (true, _) if emergency => OutcomeKind::UrgentCare,
            (true, _) => OutcomeKind::AdviceGiven,
        };
        let request = CompleteRequest {
            request_id: new_id(),
            consultation: item.consultation.clone(),
            outcome: Some(Outcome { kind: kind.into(), note: String::new() }),
            told: Some(Told { time: Some(self.now()), channel: "PHONE".to_owned() }),
            record_seen: clinical.then(|| RecordSeen {
                source: "GP_CONNECT".to_owned(),
                time: Some(self.now()),
                not_seen_reason: String::new(),
            }),
            safe_disposition: emergency
                .then(|| SafeDisposition { kind: "AMBULANCE_CALLED".to_owned(), time: Some(self.now()) }),
        };
        let session = self.session;
        let completed = crate::waiting::until_ok("a consultation to be completed", || {
            let request = request.clone();
            async move { Ok(session.allocation().complete(session.granted(request, grant).await?).await?) }
        })
        .await?
        .into_inner();
        let in_time = match (completed.complete_time, item.respond_by) {
            (Some(done), Some(promised)) => done.seconds <= promised.seconds,
            _ => false,
        };
        self.tally.note(|counts| {
            counts.closed += 1;
            counts.answered += 1;
            counts.answered_in_time += usize::from(in_time);
            counts.emergencies += usize::from(emergency);
        });
        Ok(())
    }

    fn now(&self) -> prost_types::Timestamp {
        let at = self.clock.now();
        prost_types::Timestamp { seconds: at.unix_timestamp(), nanos: 0 }
    }
}
