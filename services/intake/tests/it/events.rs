//! Allocation's events: state, access, pages.

use ehub_intake::testing;
use ehub_proto::{
    allocation::event::v1::{AlertRaised, ConsultationCompleted, ItemClaimed},
    internal::v1::{DeliverRequest, Event, event_sink_server::EventSink},
};
use prost::Message;
use uuid::Uuid;

use crate::world::{World, submission, supplier};

fn event(stream: &str, version: i64, kind: &str, body: Vec<u8>) -> Event {
    Event {
        id: Uuid::now_v7().to_string(),
        stream: stream.to_owned(),
        version,
        kind: format!("ehub.allocation.event.v1.{kind}"),
        body: body.into(),
        time: Some(prost_types::Timestamp { seconds: 1_772_442_600, nanos: 0 }),
        traceparent: String::new(),
        consultation: stream.to_owned(),
    }
}

async fn deliver(world: &World, events: Vec<Event>) -> Vec<&'static str> {
    let request = DeliverRequest { source: "allocation".to_owned(), incarnation: 1, events, read_time: None };
    let answer = testing::sink(&world.db.run).deliver(tonic::Request::new(request)).await.expect("judged").into_inner();
    answer.verdicts.iter().map(|verdict| verdict.outcome().as_str_name().trim_start_matches("OUTCOME_")).collect()
}

async fn accepted(world: &World, text: &str) -> String {
    let made = world.submit(submission(text), supplier()).await.expect("accepted").into_inner();
    made.consultation.trim_start_matches("consultations/").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_kinds_and_unknown_consultations_wait() {
    let world = World::new().await;
    let absent = Uuid::from_u128(9).to_string();
    let claimed = ItemClaimed { consultation: absent.clone(), episode: 1, ..ItemClaimed::default() };
    assert_eq!(deliver(&world, vec![event(&absent, 1, "ItemClaimed", claimed.encode_to_vec())]).await, ["NOT_YET"]);
    assert_eq!(deliver(&world, vec![event(&absent, 1, "SomethingNew", vec![1])]).await, ["NOT_YET"]);
    assert_eq!(deliver(&world, vec![event(&absent, 1, "AlertRaised", vec![0xff])]).await, ["REFUSED"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn claim_and_completion_move_the_state() {
    let world = World::new().await;
    let id = accepted(&world, "my back hurts").await;
    let claimed = ItemClaimed { consultation: id.clone(), episode: 1, ..ItemClaimed::default() }.encode_to_vec();
    let done = ConsultationCompleted { consultation: id.clone(), episode: 1, ..ConsultationCompleted::default() }
        .encode_to_vec();
    let events = [
        event(&id, 1, "ItemRouted", Vec::new()),
        event(&id, 2, "ItemClaimed", claimed),
        event(&id, 3, "ConsultationCompleted", done),
    ];
    assert_eq!(deliver(&world, events[..2].to_vec()).await, ["APPLIED", "APPLIED"]);
    assert_eq!(world.count("intake.consultation where state = 'IN_PROGRESS'").await, 1);
    assert_eq!(deliver(&world, events[1..].to_vec()).await, ["DUPLICATE", "APPLIED"]);
    assert_eq!(world.count("intake.consultation where state = 'CLOSED' and close_time is not null").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_emergency_is_paged_after_a_minute_unless_allocation_has_it() {
    let world = World::new().await;
    let forgotten = accepted(&world, "I have chest pain").await;
    let taken = accepted(&world, "I cannot breathe").await;
    assert_eq!(testing::next_page(&world.db.work).await.expect("looked"), None);
    let raised =
        AlertRaised { alert: Uuid::now_v7().to_string(), consultation: taken.clone(), quarantined: String::new() };
    deliver(&world, vec![event(&taken, 1, "AlertRaised", raised.encode_to_vec())]).await;
    world.hand.advance(std::time::Duration::from_secs(61));
    let page = testing::next_page(&world.db.work).await.expect("looked").expect("due");
    assert_eq!(page.to_string(), forgotten);
    assert_eq!(testing::next_page(&world.db.work).await.expect("looked"), None);
}
