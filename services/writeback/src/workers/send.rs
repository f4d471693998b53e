//! Releases, traces, builds, stores and sends: each step is looked at anew, so a crash between two
//! only means that the next start goes on where this one stopped.

use std::time::Duration;

use ehub_identifiers::NhsNumber;
use ehub_postgres::{Db, Scope, StorageError};
use ehub_telemetry::{
    job_span,
    metrics::{Counter, counter},
};
use futures_util::future::try_join_all;
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

use crate::{
    document::{Identifiers, Report, Sender, message},
    domain::{Patient, Trace, judge, reason},
    mesh::Outbox,
    operations::{
        apply_event::RELEASABLE,
        prepare_document::{CallToAttention, Material, NewDocument, StoreDocument, TakeUnsent, Taken, TestPatients},
        release_entries::ReleaseEntries,
        send_document::{Ending, RecordEnding, TakeAttempt},
    },
    peers::Patients,
};

static SENDS: Counter = counter("ehub.writeback.sends", "{attempt}", "Attempts to send a document, by how they ended.");
static HELD: Counter =
    counter("ehub.writeback.held", "{entry}", "Entries held for a person before sending, by reason.");

/// How many documents are made or sent at once: each waits for somebody outside most of the time.
const HANDS: usize = 4;

/// How the sender works.
#[derive(Debug, Clone)]
pub struct Send {
    /// The work role's database.
    pub db: Db,
    /// Who asks demographics for us.
    pub patients: Patients,
    /// MESH.
    pub outbox: Outbox,
    /// The hub as sender.
    pub sender: Sender,
    /// When entries may go.
    pub release: ReleaseEntries,
    /// How often it looks.
    pub poll: Duration,
    /// The pause before what did not happen is tried again.
    pub retry_after: Duration,
    /// The pause before an ambiguous send is repeated.
    pub resend_after: Duration,
    /// Larger documents are not sent.
    pub max_document_bytes: usize,
    /// Whether entries of test patients are sent.
    pub test_patients: TestPatients,
}

impl Send {
    /// Runs until told to stop.
    pub async fn run(self, stop: CancellationToken) {
        let mut raised = self.db.raised(|what| what == RELEASABLE || what.starts_with("ehub.writeback."));
        while !stop.is_cancelled() {
            if let Err(error) = self.round(&stop).await {
                tracing::warn!(error = &error as &dyn std::error::Error, "the sender could not go on; trying again");
            }
            tokio::select! {
                () = stop.cancelled() => break,
                () = tokio::time::sleep(self.poll) => {}
                () = raised.changed() => {}
            }
        }
    }

    async fn round(&self, stop: &CancellationToken) -> Result<(), StorageError> {
        self.db.run(&Scope::work(), &self.release).await?;
        // One looks first: a round with nothing to do costs one look at each step.
        let (prepared, sent) = (self.prepare_one().await?, self.send_one().await?);
        if prepared || sent {
            try_join_all((0..HANDS).map(|_| self.all(stop))).await?;
        }
        Ok(())
    }

    /// Makes and sends until nothing waits.
    async fn all(&self, stop: &CancellationToken) -> Result<(), StorageError> {
        while !stop.is_cancelled() && self.prepare_one().await? {}
        while !stop.is_cancelled() && self.send_one().await? {}
        Ok(())
    }

    /// Makes the next document; gives whether there was one to make.
    async fn prepare_one(&self) -> Result<bool, StorageError> {
        // The lease outlives a slow trace; it is also the pause after one that failed.
        let take = TakeUnsent { lease: self.retry_after, test_patients: self.test_patients };
        let material = match self.db.run(&Scope::work(), &take).await? {
            Taken::Nothing => return Ok(false),
            Taken::Held => return Ok(true),
            Taken::Material(material) => material,
        };
        let span = job_span("make_document", Some(material.unsent.consultation));
        self.prepare(*material).instrument(span).await?;
        Ok(true)
    }

    async fn prepare(&self, material: Material) -> Result<(), StorageError> {
        let consultation = material.unsent.consultation;
        let trace = match self.patients.trace(consultation).await {
            Ok(trace) => trace,
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, "not traced; the entry waits");
                return Ok(());
            }
        };
        let built = match judge(&trace, &material.unsent.practice_ods) {
            Ok(patient) => self.build(&material, &trace, patient),
            Err(why) => Err(why),
        };
        let (entry, version) = (material.unsent.id, material.unsent.version);
        match built {
            Ok(document) => {
                let stored = self.db.run(&Scope::work(), &StoreDocument { entry, version, document }).await?;
                tracing::info!(stored, "a document was made");
            }
            Err(reason) => {
                HELD.add(1, &[("ehub.reason", reason)]);
                self.db.run(&Scope::work(), &CallToAttention { entry, version, reason }).await?;
            }
        }
        Ok(())
    }

    fn build(&self, material: &Material, trace: &Trace, patient: &Patient) -> Result<NewDocument, &'static str> {
        let test =
            material.unsent.test_patient || NhsNumber::parse(&patient.nhs_number).is_ok_and(|number| number.is_test());
        if test && self.test_patients == TestPatients::Held {
            return Err(reason::TEST_PATIENT);
        }
        let clock = self.db.clock();
        let ids = Identifiers {
            document: clock.uuid_v7(),
            bundle: clock.uuid_v7(),
            header: clock.uuid_v7(),
            sender_reference: clock.uuid_v7(),
            replaces: material.unsent.replaces,
        };
        let number = i32::try_from(material.unsent.documents).unwrap_or(i32::MAX - 1) + 1;
        let content = material.entry.content.clone().unwrap_or_default();
        let report = Report {
            patient: patient.clone(),
            test_patient: test,
            practice: (trace.practice_name.clone(), material.unsent.practice_ods.clone()),
            hub: (trace.hub_name.clone(), material.entry.author.organisation_ods.clone()),
            author: material.entry.author.clone(),
            filed_at: material.entry.filed_at,
            reference: material.unsent.reference.clone(),
            content,
            medicines: material.medicines.clone(),
            open_prescriptions: material.open_prescriptions,
            version: number.unsigned_abs(),
        };
        let message = message(&report, &self.sender, &ids, clock.now());
        let (subject, body) = (message.mesh_subject(), message.to_xml());
        if body.len() > self.max_document_bytes {
            return Err(reason::DOCUMENT_TOO_LARGE);
        }
        Ok(NewDocument {
            id: ids.document,
            number,
            interim: material.open_prescriptions > 0,
            bundle_id: ids.bundle,
            header_id: ids.header,
            sender_reference: ids.sender_reference,
            to_mailbox: material.mailbox.clone(),
            subject,
            body,
        })
    }

    /// Sends the next stored document; gives whether there was one.
    async fn send_one(&self) -> Result<bool, StorageError> {
        let take = TakeAttempt { resend_after: self.resend_after };
        let Some(attempt) = self.db.run(&Scope::work(), &take).await? else { return Ok(false) };
        let span = job_span("send_document", Some(attempt.consultation));
        async {
            let document = attempt.id;
            let ending = self.outbox.send(attempt).await;
            SENDS.add(1, &[("ehub.outcome", word(&ending))]);
            self.db.run(&Scope::work(), &RecordEnding { document, ending }).await
        }
        .instrument(span)
        .await?;
        Ok(true)
    }
}

fn word(ending: &Ending) -> &'static str {
    match ending {
        Ending::Accepted(_) => "accepted",
        Ending::Refused(_) => "refused",
        Ending::NotSent(_) => "not_sent",
        Ending::Ambiguous => "ambiguous",
    }
}
