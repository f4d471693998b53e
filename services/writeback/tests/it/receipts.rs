//! Acknowledgements and reports: late, twice, in any order, or never.

use std::time::Duration;

use ehub_itk3::{EVENT_SEND_DOCUMENT, Envelope, Handling, Organisation, Reply, Response};
use ehub_postgres::Scope;
use ehub_writeback::{
    domain::State,
    mesh,
    operations::{
        apply_inbound::{Applied, ApplyNext, Land, Landed},
        mark_overdue::MarkOverdue,
        send_document::Ending,
    },
};
use uuid::Uuid;

use crate::world::{World, reason, world};

const DAY: Duration = Duration::from_secs(24 * 3600);

impl World {
    async fn land(&self, landed: Landed) -> Applied {
        self.db.work.run(&Scope::work(), &Land(landed)).await.expect("kept");
        self.db.work.run(&Scope::work(), &ApplyNext { read: mesh::read }).await.expect("applied")
    }

    /// Lets an acknowledgement of a document come in.
    pub async fn acknowledge(&self, document: Uuid, code: u32) -> Applied {
        let mut conn = self.db.admin().await;
        let query = "select sender_reference from writeback.outbound where id = $1";
        let reference: String = sqlx::query_scalar(query).bind(document).fetch_one(&mut conn).await.expect("known");
        self.land(answer(self, Some(reference), code)).await
    }

    pub async fn overdue(&self) -> usize {
        let limits = MarkOverdue { infrastructure: DAY, business: DAY * 3 };
        self.db.work.run(&Scope::work(), &limits).await.expect("looked").0
    }

    async fn sent(&self) -> (Uuid, Uuid) {
        let (entry, document, _) = self.ready().await;
        self.attempt().await;
        self.end(document, Ending::Accepted("M1".into())).await;
        (entry, document)
    }
}

fn answer(world: &World, sender_reference: Option<String>, code: u32) -> Landed {
    let id = || world.db.run.clock().uuid_v7().to_string();
    let request = Envelope {
        bundle_id: id(),
        header_id: id(),
        event: EVENT_SEND_DOCUMENT.into(),
        sent_at: None,
        sender: None,
        source_mailbox: None,
        handling: Handling { sender_reference, ..Handling::default() },
    };
    let reply = Reply {
        bundle_id: id(),
        header_id: id(),
        sent_at: world.db.run.clock().now(),
        sender: Organisation { ods_code: "A81001".into(), name: None, phone: None },
        source_mailbox: "PRACA001".into(),
        code,
        diagnostics: None,
    };
    data(world, Response::to(&request, reply).to_xml())
}

fn data(world: &World, body: Vec<u8>) -> Landed {
    Landed {
        mesh_id: world.db.run.clock().uuid_v7().simple().to_string(),
        message_type: "DATA".into(),
        workflow: "GPFED_CONSULT_REPORT_ACK".into(),
        linked_id: None,
        status_code: None,
        status_success: true,
        body,
    }
}

#[tokio::test]
async fn what_fits_nothing_is_kept_and_changes_nothing() {
    let world = world().await;
    let (entry, _) = world.sent().await;
    let stranger = world.db.run.clock().uuid_v7().to_string();
    assert_eq!(world.land(answer(&world, Some(stranger), 20013)).await, Applied::Unmatched);
    assert_eq!(world.land(data(&world, b"<Bundle".to_vec())).await, Applied::Unreadable);
    assert_eq!(world.state(entry).await.0, State::Sent);
}

#[tokio::test]
async fn refusals_of_either_layer_reach_a_person() {
    for (codes, expected) in [
        (&[20009][..], (State::Rejected, "20009")),
        (&[20013, 30003][..], (State::Rejected, "30003")),
        (&[30002, 20013][..], (State::Rejected, "30002")),
        (&[20013, 30004][..], (State::NeedsAttention, "30004")),
        (&[20007][..], (State::Rejected, "20007")),
    ] {
        let world = world().await;
        let (entry, document) = world.sent().await;
        for code in codes {
            world.acknowledge(document, *code).await;
        }
        assert_eq!(world.state(entry).await, (expected.0, expected.1.to_owned()), "{codes:?}");
        assert_eq!(world.settle(entry).await.map_err(|status| reason(&status)), Ok(State::Settled));
        world.acknowledge(document, 30001).await;
        assert_eq!(world.state(entry).await.0, State::Settled, "settled is settled");
    }
}

#[tokio::test]
async fn order_and_repetition_do_not_matter() {
    for codes in [[20013, 30001, 20013], [30001, 20013, 30001], [30001, 30001, 20013]] {
        let world = world().await;
        let (entry, document) = world.sent().await;
        let mut applied = Vec::new();
        for code in codes {
            applied.push(world.acknowledge(document, code).await);
        }
        assert_eq!(applied.iter().filter(|applied| **applied == Applied::Repeated).count(), 1, "{codes:?}");
        assert_eq!(world.state(entry).await.0, State::Acknowledged);
        let got = world.get(entry, world.anna()).await.map_err(|status| reason(&status)).expect("an entry");
        assert!(got.send_time.is_some() && got.deliver_time.is_some() && got.acknowledge_time.is_some());
    }
}

#[tokio::test]
async fn a_report_of_non_delivery_reaches_a_person() {
    let world = world().await;
    let (entry, _) = world.sent().await;
    let report = Landed {
        message_type: "REPORT".into(),
        linked_id: Some("M1".into()),
        status_code: Some("14".into()),
        status_success: false,
        ..data(&world, Vec::new())
    };
    assert_eq!(world.land(report).await, Applied::New);
    assert_eq!(world.state(entry).await, (State::Undelivered, "14".into()));
}

#[tokio::test]
async fn missing_acknowledgements_call_a_person_and_late_ones_heal() {
    let world = world().await;
    let (entry, document) = world.sent().await;
    let missing = (State::NeedsAttention, "ACKNOWLEDGEMENT_MISSING".to_owned());
    assert_eq!(world.overdue().await, 0);
    world.hand.advance(DAY);
    assert_eq!(world.overdue().await, 1);
    assert_eq!(world.state(entry).await, missing);
    world.acknowledge(document, 20013).await;
    assert_eq!(world.state(entry).await.0, State::Delivered);
    world.hand.advance(DAY * 2);
    assert_eq!(world.overdue().await, 1);
    assert_eq!(world.state(entry).await, missing);
    assert_eq!(world.overdue().await, 0, "called once");
    world.acknowledge(document, 30001).await;
    assert_eq!(world.state(entry).await.0, State::Acknowledged);
}
