//! A clinician or administrator of the hub: claims, reads, decides, files, prescribes, completes.

use std::{sync::Arc, time::Duration};

use anyhow::{Context as _, bail};
use ehub_clock::Clock;
use ehub_proto::{
    allocation::v1::{
        Claim, ClaimNextRequest, CompleteRequest, ItemUrgency, Outcome, OutcomeKind, PassBackRequest, RecordSeen,
        SafeDisposition, Told, WorkItem,
    },
    intake::v1::{Consultation, GetConsultationRequest},
    prescribing::v1::{
        GetPrescriptionRequest, IssuePrescriptionRequest, PreparePrescriptionRequest, PrescriptionState,
        SignPrescriptionRequest,
    },
};
use tokio_util::sync::CancellationToken;
use tonic::Status;

use super::{Tally, papers};
use crate::{
    dev::keys::Signer,
    session::{Session, new_id},
    waiting::until_some,
};

/// How long to wait when nothing is to be done.
const IDLE: Duration = Duration::from_millis(250);
/// How long EPS may take to answer in the end, and how often is looked.
const ISSUING: (Duration, Duration) = (Duration::from_secs(30), Duration::from_millis(200));

/// Works until told to stop. The lease of what cannot be dealt with ends by itself, and somebody
/// else takes the item.
pub async fn work(
    session: Session,
    skill: &'static str,
    signer: Arc<Signer>,
    tally: Arc<Tally>,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let desk = Desk { session: &session, signer: &signer, tally: &tally, clock: Clock::system() };
    while !stop.is_cancelled() {
        match desk.next(skill).await {
            Ok(Some(claim)) => {
                // The tally has noted every answer; what is none has to be told too.
                if let Err(error) = desk.deal_with(claim).await
                    && error.downcast_ref::<Status>().is_none()
                {
                    tally.surprise("a claimed item", &format!("{error:#}"));
                }
            }
            Ok(None) | Err(_) => tokio::select! {
                () = stop.cancelled() => break,
                () = tokio::time::sleep(IDLE) => {}
            },
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
    async fn next(&self, skill: &str) -> anyhow::Result<Option<Claim>> {
        let request =
            ClaimNextRequest { request_id: new_id(), skills: vec![skill.to_owned()], practices_ods: Vec::new() };
        self.tally
            .ask("AllocationService/ClaimNext", || async {
                let request = self.session.request(request.clone()).await?;
                Ok(self.session.allocation().claim_next(request).await?.into_inner().claim)
            })
            .await
    }

    async fn deal_with(&self, claim: Claim) -> anyhow::Result<()> {
        let item = claim.item.context("a claim has an item")?;
        let grant = claim.grant;
        let consultation = self.read(&item, &grant).await?;
        if consultation.topic == "wound-check" {
            return self.pass_back(&item, &grant).await;
        }
        let clinical = item.need != "ADMINISTRATIVE";
        if clinical {
            self.file(&item, &grant).await?;
            if consultation.topic == "sore-throat" {
                self.prescribe(&item, &grant).await?;
            }
        }
        self.complete(&item, &grant, clinical).await
    }

    async fn read(&self, item: &WorkItem, grant: &str) -> anyhow::Result<Consultation> {
        let request = GetConsultationRequest { name: item.consultation.clone() };
        let read = self.tally.ask("IntakeService/GetConsultation", || async {
            let request = self.session.granted(request.clone(), grant).await?;
            Ok(self.session.intake().get_consultation(request).await?.into_inner().consultation)
        });
        read.await?.context("a consultation")
    }

    async fn pass_back(&self, item: &WorkItem, grant: &str) -> anyhow::Result<()> {
        let request = PassBackRequest {
            request_id: new_id(),
            consultation: item.consultation.clone(),
            reason: "Needs an examination in person: please book for removal of stitches.".to_owned(),
            safe_disposition: None,
        };
        let passed = self.tally.ask("AllocationService/PassBack", || async {
            Ok(self.session.allocation().pass_back(self.session.granted(request.clone(), grant).await?).await?)
        });
        passed.await?;
        self.tally.note(|counts| counts.passed_back += 1);
        Ok(())
    }

    async fn file(&self, item: &WorkItem, grant: &str) -> anyhow::Result<()> {
        let request = papers::entry(item);
        // Writeback may hear of a consultation a moment after allocation did.
        let filed = self.tally.ask("WritebackService/FileEntry", || async {
            Ok(self.session.writeback().file_entry(self.session.granted(request.clone(), grant).await?).await?)
        });
        filed.await?;
        self.tally.note(|counts| counts.entries_filed += 1);
        Ok(())
    }

    async fn prescribe(&self, item: &WorkItem, grant: &str) -> anyhow::Result<()> {
        let raise = papers::prescription(item);
        let name = raise.name.clone();
        let (session, tally) = (self.session, self.tally);
        let raised = tally.ask("PrescribingService/RaisePrescription", || async {
            let request = session.granted(raise.clone(), grant).await?;
            Ok(session.prescribing().raise_prescription(request).await?.into_inner())
        });
        let prepare = PreparePrescriptionRequest { request_id: new_id(), name: name.clone(), etag: raised.await?.etag };
        let prepared = tally.ask("PrescribingService/PreparePrescription", || async {
            let request = session.granted(prepare.clone(), grant).await?;
            Ok(session.prescribing().prepare_prescription(request).await?.into_inner())
        });
        let prepared = prepared.await?;
        let sign = SignPrescriptionRequest {
            request_id: new_id(),
            name: name.clone(),
            etag: prepared.etag,
            signature: self.signer.sign(&prepared.digest)?,
            record_seen_source: "GP_CONNECT".to_owned(),
            record_seen_time: Some(self.now()),
        };
        let signed = tally.ask("PrescribingService/SignPrescription", || async {
            let request = session.request(sign.clone()).await?;
            Ok(session.prescribing().sign_prescription(request).await?.into_inner())
        });
        let etag = signed.await?.etag;
        let issue = IssuePrescriptionRequest { request_id: new_id(), name: name.clone(), etag, ..Default::default() };
        let issued = tally.ask("PrescribingService/IssuePrescription", || async {
            let request = session.request(issue.clone()).await?;
            Ok(session.prescribing().issue_prescription(request).await?.into_inner())
        });
        if issued.await?.state() != PrescriptionState::Issued {
            self.wait_for_issue(&name, grant).await?;
        }
        tally.note(|counts| counts.issued += 1);
        Ok(())
    }

    /// EPS did not answer in time: the service goes on trying.
    async fn wait_for_issue(&self, name: &str, grant: &str) -> anyhow::Result<()> {
        const RPC: &str = "PrescribingService/GetPrescription";
        let session = self.session;
        let look = || async {
            let got = self.tally.ask(RPC, || async {
                let request = session.granted(GetPrescriptionRequest { name: name.to_owned() }, grant).await?;
                Ok(session.prescribing().get_prescription(request).await?.into_inner().prescription)
            });
            let state = got.await?.map(|prescription| prescription.state());
            Ok((state == Some(PrescriptionState::Issued)).then_some(()))
        };
        match until_some(ISSUING.0, ISSUING.1, look).await? {
            Some(()) => Ok(()),
            None => bail!("EPS did not take a prescription in time"),
        }
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
        let completed = self.tally.ask("AllocationService/Complete", || async {
            let request = self.session.granted(request.clone(), grant).await?;
            Ok(self.session.allocation().complete(request).await?.into_inner())
        });
        let in_time = match (completed.await?.complete_time, item.respond_by) {
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
        ehub_proto::timestamp(self.clock.now())
    }
}
