//! From filed to sent: release, document, attempts.

use std::time::Duration;

use ehub_postgres::Scope;
use ehub_proto::{
    allocation::event::v1::{ConsultationCompleted, ManifestItem},
    prescribing::{
        event::v1::PrescriptionMoved,
        v1::{Item, PrescriptionState},
    },
};
use ehub_writeback::{
    domain::State,
    operations::{
        prepare_document::{CallToAttention, Material, NewDocument, StoreDocument, TakeUnsent, Taken, TestPatients},
        release_entries::ReleaseEntries,
        send_document::{Ending, RecordEnding, TakeAttempt},
    },
};
use prost::Message;
use uuid::Uuid;

use crate::world::{ALDER, EPOCH, World, refusal, world};

pub const RESEND: Duration = Duration::from_secs(300);
const RELEASE: ReleaseEntries =
    ReleaseEntries { edit_window: Duration::from_secs(600), interim_after: Duration::from_secs(9_000) };
const TAKE: TakeUnsent = TakeUnsent { lease: Duration::from_secs(30), test_patients: TestPatients::Held };

impl World {
    pub async fn complete(&self, prescriptions: &[Uuid]) {
        let manifest =
            prescriptions.iter().map(|id| ManifestItem { name: format!("prescriptions/{id}"), version: 3 }).collect();
        let body = ConsultationCompleted {
            consultation: self.consultation.to_string(),
            clinical: true,
            epoch: EPOCH,
            manifest,
            ..Default::default()
        };
        let kind = "ehub.allocation.event.v1.ConsultationCompleted";
        self.hear("allocation", kind, body.encode_to_vec(), self.consultation).await.expect("applied");
    }

    pub async fn issue(&self, prescription: Uuid) {
        let item = Item {
            medicine_code: "322341003".into(),
            medicine_name: "Phenoxymethylpenicillin 250mg tablets".into(),
            quantity: "40".into(),
            unit_name: "tablet".into(),
            dosage: "Two four times a day".into(),
            ..Default::default()
        };
        let body = PrescriptionMoved {
            prescription: prescription.to_string(),
            consultation: self.consultation.to_string(),
            state: PrescriptionState::Issued.into(),
            items: vec![item],
            ..Default::default()
        };
        let kind = "ehub.prescribing.event.v1.PrescriptionMoved";
        self.hear("prescribing", kind, body.encode_to_vec(), self.consultation).await.expect("applied");
    }

    pub async fn release(&self) -> usize {
        self.db.work.run(&Scope::work(), &RELEASE).await.expect("released")
    }

    async fn take(&self) -> Taken {
        self.db.work.run(&Scope::work(), &TAKE).await.expect("taken")
    }

    async fn material(&self) -> Box<Material> {
        match self.take().await {
            Taken::Material(material) => material,
            other => panic!("{other:?} instead of something to make a document of"),
        }
    }

    /// Stores a document for a released entry, and gives its sender reference with its id.
    pub async fn store(&self) -> (Uuid, Uuid) {
        self.store_as(b"<Bundle/>").await
    }

    /// The same with the bytes of the message.
    pub async fn store_as(&self, body: &[u8]) -> (Uuid, Uuid) {
        let material = self.material().await;
        let clock = self.db.run.clock();
        let document = NewDocument {
            id: clock.uuid_v7(),
            number: i32::try_from(material.unsent.documents).expect("few") + 1,
            interim: material.open_prescriptions > 0,
            bundle_id: clock.uuid_v7(),
            header_id: clock.uuid_v7(),
            sender_reference: clock.uuid_v7(),
            to_mailbox: material.mailbox.clone(),
            subject: "subject".into(),
            body: body.to_vec(),
        };
        let ids = (document.id, document.sender_reference);
        let store = StoreDocument { entry: material.unsent.id, version: material.unsent.version, document };
        assert!(self.db.work.run(&Scope::work(), &store).await.expect("stored"));
        ids
    }

    pub async fn attempt(&self) -> Option<Uuid> {
        let take = TakeAttempt { resend_after: RESEND };
        self.db.work.run(&Scope::work(), &take).await.expect("taken").map(|attempt| attempt.id)
    }

    pub async fn end(&self, document: Uuid, ending: Ending) {
        self.db.work.run(&Scope::work(), &RecordEnding { document, ending }).await.expect("recorded");
    }

    /// An entry that was filed, completed, released and stored as a document: (entry, document, reference).
    pub async fn ready(&self) -> (Uuid, Uuid, Uuid) {
        let entry = self.filed().await;
        self.complete(&[]).await;
        self.hand.advance(Duration::from_secs(601));
        assert_eq!(self.release().await, 1);
        let (document, reference) = self.store().await;
        (entry, document, reference)
    }
}

#[tokio::test]
async fn nothing_goes_before_completion_and_the_edit_window() {
    let world = world().await;
    let entry = world.filed().await;
    world.hand.advance(Duration::from_secs(20_000));
    assert_eq!(world.release().await, 0, "not completed");
    world.complete(&[]).await;
    assert_eq!(world.release().await, 1);
    assert_eq!(world.state(entry).await.0, State::Ready);
    assert_eq!(world.raised(world.consultation).await, ["EntryFiled", "EntryMoved"]);
}

#[tokio::test]
async fn prescriptions_of_the_manifest_are_waited_for_until_the_interim_time() {
    let world = world().await;
    let entry = world.filed().await;
    let prescription = world.db.run.clock().uuid_v7();
    world.complete(&[prescription]).await;
    world.hand.advance(Duration::from_secs(700));
    assert_eq!(world.release().await, 0, "the prescription has no outcome yet");
    world.hand.advance(Duration::from_secs(9_000));
    assert_eq!(world.release().await, 1, "an interim document");
    let (document, _) = world.store().await;
    assert_eq!(world.attempt().await, Some(document));
    world.end(document, Ending::Accepted("M1".into())).await;
    world.issue(prescription).await;
    assert_eq!(world.release().await, 0, "the interim has not arrived");
    world.acknowledge(document, 20013).await;
    assert_eq!(world.state(entry).await.0, State::Delivered);
    assert_eq!(world.release().await, 1, "the final one");
    let material = world.material().await;
    assert_eq!((material.medicines.len(), material.open_prescriptions), (1, 0));
    assert_eq!((material.unsent.documents, material.unsent.replaces), (1, Some(document)));
}

#[tokio::test]
async fn an_agreement_that_ended_meanwhile_holds_the_entry() {
    let world = world().await;
    let entry = world.filed().await;
    let mut conn = world.db.admin().await;
    sqlx::query("update writeback.agreement set to_date = '2026-03-02'").execute(&mut conn).await.expect("ended");
    world.complete(&[]).await;
    world.hand.advance(Duration::from_secs(601));
    assert_eq!(world.release().await, 1);
    assert!(matches!(world.take().await, Taken::Held));
    assert_eq!(world.state(entry).await, (State::NeedsAttention, "NO_AGREEMENT".into()));
}

#[tokio::test]
async fn what_the_trace_finds_calls_a_person_and_a_lease_keeps_others_off() {
    let world = world().await;
    let entry = world.filed().await;
    world.complete(&[]).await;
    world.hand.advance(Duration::from_secs(601));
    world.release().await;
    let material = world.material().await;
    assert!(matches!(world.take().await, Taken::Nothing), "leased");
    let call = CallToAttention { entry, version: material.unsent.version, reason: "PATIENT_MOVED" };
    world.db.work.run(&Scope::work(), &call).await.expect("called");
    assert_eq!(world.state(entry).await, (State::NeedsAttention, "PATIENT_MOVED".into()));
}

#[tokio::test]
async fn what_has_gone_out_cannot_be_replaced() {
    let world = world().await;
    let (entry, document, _) = world.ready().await;
    world.attempt().await;
    world.end(document, Ending::Accepted("M1".into())).await;
    assert_eq!(world.state(entry).await.0, State::Sent);
    let mut filing = world.filing(world.consultation);
    filing.name = format!("entries/{entry}");
    filing.etag = "v1".into();
    let refused = world.file(filing, world.claim(world.consultation, ALDER, EPOCH + 1)).await;
    assert_eq!(refusal(refused).1, "ENTRY_SENT");
}

#[tokio::test]
async fn an_ambiguous_send_is_repeated_once_with_the_same_bytes() {
    let world = world().await;
    let (entry, document, _) = world.ready().await;
    assert_eq!(world.attempt().await, Some(document));
    world.end(document, Ending::Ambiguous).await;
    assert_eq!(world.attempt().await, None, "it rests");
    world.hand.advance(RESEND);
    assert_eq!(world.attempt().await, Some(document));
    world.end(document, Ending::Ambiguous).await;
    world.hand.advance(RESEND);
    assert_eq!(world.attempt().await, None, "twice is as often as is safe");
    assert_eq!(world.overdue().await, 1);
    assert_eq!(world.state(entry).await, (State::NeedsAttention, "SEND_OUTCOME_UNKNOWN".into()));
    world.acknowledge(document, 20007).await;
    assert_eq!(world.state(entry).await.0, State::Delivered, "it had arrived the first time");
}

#[tokio::test]
async fn what_was_not_sent_does_not_count_and_a_refusal_is_final() {
    let world = world().await;
    let (entry, document, _) = world.ready().await;
    for _ in 0..4 {
        assert_eq!(world.attempt().await, Some(document));
        world.end(document, Ending::NotSent(Duration::from_secs(30))).await;
        world.hand.advance(Duration::from_secs(30));
    }
    assert_eq!(world.attempt().await, Some(document));
    world.end(document, Ending::Refused("12".into())).await;
    world.hand.advance(RESEND);
    assert_eq!(world.attempt().await, None);
    assert_eq!(world.state(entry).await, (State::Undelivered, "12".into()));
}
