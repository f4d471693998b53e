//! What other services say ends the same, in whatever order it comes.

use ehub_outbox::Sink;
use ehub_proto::{
    allocation::event::v1::{ConsultationCompleted, ManifestItem},
    intake::event::v1::ConsultationAccepted,
    prescribing::{
        event::v1::PrescriptionMoved,
        v1::{Item, PrescriptionState},
    },
};
use ehub_test_support::{Said, Source, deliver, orders};
use ehub_writeback::rpc::event_sink::Events;
use prost::Message;
use uuid::Uuid;

use crate::world::{ALDER, EPOCH, World, world};

const PASSES: fn(&'static str) -> Said = |kind| Said { kind, body: Vec::new() };

/// A whole life as write-back hears of it: accepted, prescribed for, completed.
fn life(consultation: Uuid, prescription: Uuid) -> Vec<Source> {
    let accepted = ConsultationAccepted {
        consultation: consultation.to_string(),
        reference: "ABC-DEF-GHJ".into(),
        practice: ALDER.to_string(),
        practice_ods: "A81001".into(),
        hub_ods: "H8H01".into(),
        restricted: true,
        ..Default::default()
    };
    let manifest = vec![ManifestItem { name: format!("prescriptions/{prescription}"), version: 3 }];
    let completed = ConsultationCompleted {
        consultation: consultation.to_string(),
        clinical: true,
        epoch: EPOCH,
        manifest,
        ..Default::default()
    };
    let moved = |state: PrescriptionState, items: Vec<Item>| Said {
        kind: "ehub.prescribing.event.v1.PrescriptionMoved",
        body: PrescriptionMoved {
            prescription: prescription.to_string(),
            consultation: consultation.to_string(),
            state: state.into(),
            items,
            ..Default::default()
        }
        .encode_to_vec(),
    };
    let item = Item { medicine_code: "322341003".into(), quantity: "40".into(), ..Default::default() };
    vec![
        (
            "intake",
            vec![
                Said { kind: "ehub.intake.event.v1.ConsultationAccepted", body: accepted.encode_to_vec() },
                PASSES("ehub.intake.event.v1.PatientTraced"),
            ],
        ),
        (
            "allocation",
            vec![
                PASSES("ehub.allocation.event.v1.ItemRouted"),
                Said { kind: "ehub.allocation.event.v1.ConsultationCompleted", body: completed.encode_to_vec() },
            ],
        ),
        ("prescribing", vec![moved(PrescriptionState::Raised, vec![item]), moved(PrescriptionState::Issued, vec![])]),
    ]
}

/// All that is known of a consultation, without its ids.
async fn known(world: &World, consultation: Uuid) -> String {
    sqlx::query_scalar(
        "select concat_ws(' ', c.practice, c.practice_ods, c.hub_ods, c.reference, c.test_patient, c.restricted, \
                d.epoch, d.clinical, (m.prescription = p.id), p.state, p.items, \
                (select string_agg(i.source || i.version, ' ' order by i.source) from ehub.inbox i where i.stream = c.id)) \
           from writeback.consultation c join writeback.completion d on d.consultation = c.id \
           join writeback.manifest_prescription m on m.consultation = c.id \
           join writeback.prescription p on p.consultation = c.id where c.id = $1",
    )
    .bind(consultation)
    .fetch_one(&mut world.db.admin().await)
    .await
    .expect("one of each")
}

#[tokio::test]
async fn any_order_of_sources_ends_the_same() {
    let world = world().await;
    let sink = Sink::new(world.db.run.clone(), Events);
    let (orders, mut ends) = (orders(&[2, 2, 2]), Vec::new());
    assert_eq!(orders.len(), 90);
    for order in orders {
        let (consultation, prescription) = (world.db.run.clock().uuid_v7(), world.db.run.clock().uuid_v7());
        deliver(&sink, consultation, &life(consultation, prescription), &order).await;
        ends.push((known(&world, consultation).await, order));
    }
    let first = ends[0].0.clone();
    assert!(first.contains(" t ISSUED ") && first.ends_with("allocation2 intake2 prescribing2"), "{first}");
    assert!(first.contains("322341003"), "items stay once they are known: {first}");
    for (end, order) in ends {
        assert_eq!(end, first, "{order:?}");
    }
}
