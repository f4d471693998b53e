//! Clinical alerts: raised with their item, called until acknowledged.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use ehub_allocation::{
    config::DutySettings,
    duty::{Duty, DutyCall, DutyError},
    workers::AlertWorker,
};
use ehub_auth::GrantPresented;
use ehub_proto::{
    allocation::v1::{AcknowledgeAlertRequest, Alert, ListAlertsRequest, allocation_service_server::AllocationService},
    intake::{event::v1::MessageQuarantined, v1::Urgency},
};
use prost::Message;
use uuid::Uuid;

use crate::world::{ALDER, HUB, World, accepted, anna, call, kinds, pat, reason};

#[derive(Debug, Default)]
struct Recorder {
    calls: Mutex<Vec<(String, DutyCall)>>,
    deaf: bool,
}

#[async_trait]
impl Duty for Recorder {
    async fn call(&self, owner_ods: &str, call: &DutyCall) -> Result<(), DutyError> {
        self.calls.lock().expect("lock").push((owner_ods.to_owned(), call.clone()));
        if self.deaf { Err(DutyError::Refused(503)) } else { Ok(()) }
    }
}

fn worker(world: &World, duty: &Arc<Recorder>) -> AlertWorker {
    AlertWorker::new(
        world.db.work.clone(),
        Arc::clone(duty) as Arc<dyn Duty>,
        DutySettings::default(),
        Duration::from_secs(1),
    )
}

async fn alerts(world: &World) -> Vec<Alert> {
    let message = ListAlertsRequest { page_size: 0, page_token: String::new() };
    let answer = world.rpc.list_alerts(call("ListAlerts", message, &anna(), GrantPresented::Absent)).await;
    answer.map_err(|status| status.code()).expect("alerts").into_inner().alerts
}

fn acknowledge(alert: &str) -> AcknowledgeAlertRequest {
    AcknowledgeAlertRequest { request_id: Uuid::now_v7().to_string(), alert: alert.to_owned() }
}

#[tokio::test]
async fn a_routine_consultation_raises_none() {
    let world = World::new().await;
    world.arrive(ALDER).await;
    assert!(alerts(&world).await.is_empty());
}

#[tokio::test]
async fn the_duty_person_is_called_until_somebody_acknowledges_and_then_the_deputy() {
    let world = World::new().await;
    let id = world.accept(&accepted(ALDER, Urgency::Emergency)).await;
    let duty = Arc::new(Recorder::default());
    let worker = worker(&world, &duty);
    assert_eq!(worker.step().await, 1);
    assert_eq!(worker.step().await, 0, "not again at once");
    for _ in 0..2 {
        world.advance(Duration::from_secs(120)).await;
        assert_eq!(worker.step().await, 1);
    }
    let calls = duty.calls.lock().expect("lock").clone();
    let told: Vec<(&str, i32, bool)> =
        calls.iter().map(|(owner, call)| (owner.as_str(), call.call, call.deputy)).collect();
    assert_eq!(told, [(HUB.1, 1, false), (HUB.1, 2, false), (HUB.1, 3, true)]);
    let name = alerts(&world).await[0].name.clone();
    let answer = world
        .rpc
        .acknowledge_alert(call("AcknowledgeAlert", acknowledge(&name), &anna(), GrantPresented::Absent))
        .await;
    assert_eq!(answer.ok().expect("acknowledged").into_inner().alert.expect("an alert").acknowledged_by, "anna");
    world.advance(Duration::from_secs(600)).await;
    assert_eq!(worker.step().await, 0);
    assert_eq!(
        kinds(&world, id).await,
        ["ItemRouted", "AlertRaised", "AlertRaised", "AlertRaised", "AlertAcknowledged"]
    );
    let again = world
        .rpc
        .acknowledge_alert(call("AcknowledgeAlert", acknowledge(&name), &anna(), GrantPresented::Absent))
        .await;
    assert_eq!(reason(again), "ALERT_ACKNOWLEDGED");
}

#[tokio::test]
async fn a_call_that_did_not_get_through_is_made_again_soon() {
    let world = World::new().await;
    world.accept(&accepted(ALDER, Urgency::Emergency)).await;
    let duty = Arc::new(Recorder { deaf: true, ..Default::default() });
    let worker = worker(&world, &duty);
    worker.step().await;
    world.advance(Duration::from_secs(15)).await;
    assert_eq!(worker.step().await, 1);
}

#[tokio::test]
async fn another_organisation_finds_no_alert() {
    let world = World::new().await;
    world.accept(&accepted(ALDER, Urgency::Emergency)).await;
    let name = alerts(&world).await[0].name.clone();
    let refused =
        world.rpc.acknowledge_alert(call("AcknowledgeAlert", acknowledge(&name), &pat(), GrantPresented::Absent)).await;
    assert_eq!(reason(refused), "ALERT_NOT_FOUND");
}

#[tokio::test]
async fn a_quarantined_emergency_calls_its_owner() {
    let world = World::new().await;
    let id = Uuid::now_v7();
    let body = MessageQuarantined {
        quarantined: id.to_string(),
        screened: Urgency::Emergency.into(),
        owner_ods: HUB.1.into(),
        ..Default::default()
    };
    let outcome = world.deliver("intake", "ehub.intake.event.v1.MessageQuarantined", id, 1, body.encode_to_vec()).await;
    assert_eq!(outcome, "OUTCOME_APPLIED");
    assert_eq!(alerts(&world).await[0].subject, format!("quarantined/{id}"));
}
