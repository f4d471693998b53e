//! One consultation's life, as supplier and clinician live it through the public API.

use std::{future::Future, time::Duration};

use anyhow::{Context as _, bail};
use ehub_proto::{
    allocation::v1::{Claim, ClaimNextRequest, CompleteRequest, Outcome, OutcomeKind, RecordSeen, Told},
    prescribing::v1::{
        GetPrescriptionRequest, IssuePrescriptionRequest, Item, PreparePrescriptionRequest, PrescriptionState,
        RaisePrescriptionRequest, SignPrescriptionRequest,
    },
    writeback::v1::{CodedItem, EntryContent, FileEntryRequest, Observation},
};
use tonic::Status;

use crate::{
    patients::Patients,
    signer::Signer,
    suite::Suite,
    tally::{Tally, reason},
};

/// The cost centre of the development world.
const COST_CENTRE: &str = "Y01234";
/// The pause before a service is asked again that has not heard of the consultation yet.
const PAUSE: Duration = Duration::from_millis(10);
/// How often it is asked.
const TRIES: u32 = 1_000;

/// Everything a player needs.
pub struct Stage {
    pub suite: Suite,
    pub tally: Tally,
    pub patients: Patients,
    pub signer: Signer,
}

impl Stage {
    pub fn new(suite: Suite) -> anyhow::Result<Self> {
        let signer = Signer::kept_in(suite.world.signer.as_ref())?;
        let patients = Patients::new(&suite.clock);
        Ok(Self { suite, tally: Tally::default(), patients, signer })
    }

    /// Runs one step and counts it.
    async fn step<T>(&self, name: &'static str, call: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
        let began = self.suite.clock.monotonic();
        let done = call.await;
        match &done {
            Ok(_) => self.tally.took(name, self.suite.clock.monotonic() - began),
            Err(error) => self.tally.failed(name, error),
        }
        done
    }

    /// Submits one consultation; gives its name.
    pub async fn submit(&self) -> anyhow::Result<String> {
        let suite = &self.suite;
        let request = self.patients.submission(suite.id(), format!("BENCH-{}", suite.id()));
        self.step("submit", async {
            let answer = suite.intake().submit_consultation(suite.request("supplier", request)?).await?;
            Ok(answer.into_inner().consultation)
        })
        .await
    }

    /// Claims the next item, if one waits.
    pub async fn claim(&self, persona: &str) -> anyhow::Result<Option<Claim>> {
        let suite = &self.suite;
        let request =
            ClaimNextRequest { request_id: suite.id(), skills: vec!["gp".to_owned()], practices_ods: Vec::new() };
        let began = suite.clock.monotonic();
        let answer = suite.allocation().claim_next(suite.request(persona, request)?).await;
        let step = match &answer {
            Ok(answer) if answer.get_ref().claim.is_none() => "claim-nothing",
            _ => "claim",
        };
        match answer {
            Ok(answer) => {
                self.tally.took(step, suite.clock.monotonic() - began);
                Ok(answer.into_inner().claim)
            }
            Err(status) => {
                let error = status.into();
                self.tally.failed(step, &error);
                Err(error)
            }
        }
    }

    /// Does everything that is done under a claim; gives the consultation.
    pub async fn answer(&self, persona: &str, claim: Claim) -> anyhow::Result<String> {
        let consultation = claim.item.context("a claim has an item")?.consultation;
        let desk = Desk { stage: self, persona, consultation: &consultation, grant: &claim.grant };
        desk.file().await?;
        desk.prescribe().await?;
        desk.complete().await?;
        Ok(consultation)
    }
}

/// A clinician with a claim.
struct Desk<'a> {
    stage: &'a Stage,
    persona: &'a str,
    consultation: &'a str,
    grant: &'a str,
}

impl Desk<'_> {
    /// Runs one step, again while a service has not heard of the consultation; each repetition is counted.
    async fn step<T, F>(&self, name: &'static str, call: impl Fn() -> F) -> anyhow::Result<T>
    where
        F: Future<Output = anyhow::Result<T>>,
    {
        for _ in 0..TRIES {
            match self.stage.step(name, call()).await {
                Err(error)
                    if error
                        .downcast_ref::<Status>()
                        .is_some_and(|status| reason(status) == "CONSULTATION_UNKNOWN") =>
                {
                    tokio::time::sleep(PAUSE).await;
                }
                done => return done,
            }
        }
        bail!("{name}: a service never heard of the consultation")
    }

    async fn file(&self) -> anyhow::Result<()> {
        let suite = &self.stage.suite;
        let request = FileEntryRequest {
            request_id: suite.id(),
            name: format!("entries/{}", suite.id()),
            consultation: self.consultation.to_owned(),
            content: Some(content()),
            etag: String::new(),
        };
        let call = || async {
            suite.writeback().file_entry(suite.granted(self.persona, request.clone(), self.grant)?).await?;
            Ok(())
        };
        self.step("file", call).await
    }

    async fn prescribe(&self) -> anyhow::Result<()> {
        let (suite, persona, grant) = (&self.stage.suite, self.persona, self.grant);
        let name = format!("prescriptions/{}", suite.id());
        let raise = self.raise_request(&name);
        let raised = self
            .step("raise", || async {
                let request = suite.granted(persona, raise.clone(), grant)?;
                Ok(suite.prescribing().raise_prescription(request).await?.into_inner())
            })
            .await?;
        let prepare = PreparePrescriptionRequest { request_id: suite.id(), name: name.clone(), etag: raised.etag };
        let prepared = self
            .step("prepare", || async {
                let request = suite.granted(persona, prepare.clone(), grant)?;
                Ok(suite.prescribing().prepare_prescription(request).await?.into_inner())
            })
            .await?;
        let sign = SignPrescriptionRequest {
            request_id: suite.id(),
            name: name.clone(),
            etag: prepared.etag,
            signature: self.stage.signer.sign(&prepared.digest)?,
            record_seen_source: "GP_CONNECT".to_owned(),
            record_seen_time: Some(self.now()),
        };
        let signed = self
            .step("sign", || async {
                Ok(suite.prescribing().sign_prescription(suite.request(persona, sign.clone())?).await?.into_inner())
            })
            .await?;
        let issue = IssuePrescriptionRequest {
            request_id: suite.id(),
            name: name.clone(),
            etag: signed.etag,
            ..Default::default()
        };
        let issued = self
            .step("issue", || async {
                Ok(suite.prescribing().issue_prescription(suite.request(persona, issue.clone())?).await?.into_inner())
            })
            .await?;
        if issued.state() == PrescriptionState::Issued { Ok(()) } else { self.wait_for_issue(&name).await }
    }

    fn raise_request(&self, name: &str) -> RaisePrescriptionRequest {
        RaisePrescriptionRequest {
            request_id: self.stage.suite.id(),
            name: name.to_owned(),
            consultation: self.consultation.to_owned(),
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
        }
    }

    /// EPS did not answer in time: the service goes on trying.
    async fn wait_for_issue(&self, name: &str) -> anyhow::Result<()> {
        let suite = &self.stage.suite;
        for _ in 0..TRIES {
            let get = suite.granted(self.persona, GetPrescriptionRequest { name: name.to_owned() }, self.grant)?;
            let got = suite.prescribing().get_prescription(get).await?.into_inner().prescription;
            if got.is_some_and(|prescription| prescription.state() == PrescriptionState::Issued) {
                return Ok(());
            }
            tokio::time::sleep(PAUSE).await;
        }
        bail!("a prescription was never issued")
    }

    async fn complete(&self) -> anyhow::Result<()> {
        let suite = &self.stage.suite;
        let request = CompleteRequest {
            request_id: suite.id(),
            consultation: self.consultation.to_owned(),
            outcome: Some(Outcome { kind: OutcomeKind::Treated.into(), note: String::new() }),
            told: Some(Told { time: Some(self.now()), channel: "PHONE".to_owned() }),
            record_seen: Some(RecordSeen {
                source: "GP_CONNECT".to_owned(),
                time: Some(self.now()),
                not_seen_reason: String::new(),
            }),
            safe_disposition: None,
        };
        let call = || async {
            suite.allocation().complete(suite.granted(self.persona, request.clone(), self.grant)?).await?;
            Ok(())
        };
        self.step("complete", call).await
    }

    fn now(&self) -> prost_types::Timestamp {
        prost_types::Timestamp { seconds: self.stage.suite.clock.now().unix_timestamp(), nanos: 0 }
    }
}

fn content() -> EntryContent {
    let heading = |key: &str, text: &str| (key.to_owned(), text.to_owned());
    EntryContent {
        headings: [
            heading("presenting-complaint", "As written by the patient in the online consultation."),
            heading("assessment", "No red flags on direct questions."),
            heading("plan", "Antibiotics for five days; review if not better in a week."),
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
        fit_note: None,
        hide_from_online_record: false,
    }
}
