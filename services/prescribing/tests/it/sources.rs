//! What other services say ends the same, in whatever order it comes.

use ehub_outbox::Sink;
use ehub_prescribing::Facts;
use ehub_proto::{allocation::event::v1::ConsultationCompleted, intake::event::v1::ConsultationAccepted};
use ehub_test_support::{Said, Source, deliver, orders};
use prost::Message;
use uuid::Uuid;

use crate::world::{HUB, PRACTICE, World};

/// A whole life as prescribing hears of it: accepted and completed, amid what says nothing to it.
fn life(world: &World, consultation: Uuid) -> Vec<Source> {
    let passes = |kind| Said { kind, body: Vec::new() };
    let accepted = ConsultationAccepted {
        consultation: consultation.to_string(),
        practice: world.practice.to_string(),
        practice_ods: PRACTICE.to_owned(),
        hub_ods: HUB.to_owned(),
        ..Default::default()
    };
    let completed = ConsultationCompleted { consultation: consultation.to_string(), ..Default::default() };
    vec![
        (
            "intake",
            vec![
                Said { kind: "ehub.intake.event.v1.ConsultationAccepted", body: accepted.encode_to_vec() },
                passes("ehub.intake.event.v1.PatientTraced"),
                passes("ehub.intake.event.v1.PatientTraced"),
            ],
        ),
        (
            "allocation",
            vec![
                passes("ehub.allocation.event.v1.ItemRouted"),
                passes("ehub.allocation.event.v1.ItemClaimed"),
                Said { kind: "ehub.allocation.event.v1.ConsultationCompleted", body: completed.encode_to_vec() },
                passes("ehub.allocation.event.v1.TaskRaised"),
            ],
        ),
    ]
}

#[tokio::test]
async fn any_order_of_sources_ends_the_same() {
    let world = World::new().await;
    let sink = Sink::new(world.db.run.clone(), Facts);
    let (orders, mut ends) = (orders(&[3, 4]), Vec::new());
    assert_eq!(orders.len(), 35);
    for order in orders {
        let consultation = world.db.run.clock().uuid_v7();
        deliver(&sink, consultation, &life(&world, consultation), &order).await;
        let end: String = sqlx::query_scalar(
            "select concat_ws(' ', c.practice, c.practice_ods, c.hub_ods, extract(epoch from c.closed_at)::bigint, \
                (select string_agg(i.source || i.version, ' ' order by i.source) from ehub.inbox i where i.stream = c.id)) \
               from prescribing.consultation c where c.id = $1",
        )
        .bind(consultation)
        .fetch_one(&mut world.db.admin().await)
        .await
        .expect("one consultation");
        ends.push((end, order));
    }
    let first = ends[0].0.clone();
    assert_eq!(first, format!("{} {PRACTICE} {HUB} 1770000000 allocation4 intake3", world.practice));
    for (end, order) in ends {
        assert_eq!(end, first, "{order:?}");
    }
}
