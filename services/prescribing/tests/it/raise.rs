//! RaisePrescription.

use std::sync::atomic::Ordering;

use ehub_auth::GrantPresented;
use ehub_prescribing::TraceError;
use ehub_proto::{
    internal::v1::{FenceRequest, FencedClaim, claim_guard_server::ClaimGuard},
    prescribing::v1::{
        GetPrescriptionRequest, ListCostCentresRequest, ListPrescriptionsRequest, PrescriptionState,
        VoidPrescriptionRequest, prescribing_service_server::PrescribingService,
    },
};
use ehub_test_support::{person, request, seed_access};
use tonic::Request;
use uuid::Uuid;

use crate::world::{HUB, PRACTICE, World, id, item, path, reason};

#[tokio::test]
async fn without_the_grant_of_the_claim_nothing_is_raised() {
    let world = World::new().await;
    let what = world.to_raise();
    assert_eq!(reason(world.raise_by("anna", &what, GrantPresented::Absent).await), "GRANT_REQUIRED");
    let another = world.grant_on(Uuid::from_u128(77), 1);
    assert_eq!(reason(world.raise_by("anna", &what, another).await), "GRANT_FOR_ANOTHER");
    assert_eq!(world.audited("RaisePrescription").await, ["GRANT_REQUIRED", "GRANT_FOR_ANOTHER"]);
    assert!(world.told().await.is_empty());
}

#[tokio::test]
async fn a_claim_that_is_over_raises_nothing() {
    let world = World::new().await;
    let claims = vec![FencedClaim { consultation: world.consultation.to_string(), epoch: 5 }];
    world.parts.guard.fence(Request::new(FenceRequest { claims })).await.expect("fenced");
    assert_eq!(reason(world.raise(&world.to_raise()).await), "CLAIM_SUPERSEDED");
    world.raise_by("anna", &world.to_raise(), world.grant(5)).await.expect("the present claim");
}

#[tokio::test]
async fn a_consultation_that_is_not_known_yet_is_worth_a_retry() {
    let world = World::new().await;
    let mut what = world.to_raise();
    let other = Uuid::from_u128(77);
    what.consultation = format!("consultations/{other}");
    assert_eq!(reason(world.raise_by("anna", &what, world.grant_on(other, 1)).await), "CONSULTATION_UNKNOWN");
    world.accept(other).await;
    world.raise_by("anna", &what, world.grant_on(other, 1)).await.expect("known now");
}

#[tokio::test]
async fn the_cost_centre_must_be_ours_and_of_the_practices_icb() {
    let world = World::new().await;
    let mut what = world.to_raise();
    what.cost_centre_ods = "Y09999".to_owned();
    assert_eq!(reason(world.raise(&what).await), "COST_CENTRE_NOT_FOUND");
    world.cost_centre("QXX").await.expect("replaced");
    assert_eq!(reason(world.raise(&world.to_raise()).await), "COST_CENTRE_OF_ANOTHER_ICB");
}

#[tokio::test]
async fn another_organisation_neither_sees_nor_replaces_a_cost_centre() {
    let world = World::new().await;
    let list = request(
        ListCostCentresRequest::default(),
        &path("ListCostCentres"),
        person("Z9Z99", "zoe"),
        GrantPresented::Absent,
    );
    let seen = world.parts.rpc.list_cost_centres(list).await.expect("a list").into_inner();
    assert!(seen.cost_centres.is_empty());
    let put = ehub_proto::prescribing::v1::PutCostCentreRequest {
        request_id: crate::world::id(),
        cost_centre: Some(ehub_proto::prescribing::v1::CostCentre {
            ods: crate::world::COST_CENTRE.to_owned(),
            display_name: "Ours now".to_owned(),
            icb_ods: "QOP".to_owned(),
            organisation_ods: "Z9Z99".to_owned(),
            from_date: "2026-01-01".to_owned(),
            address: "x".to_owned(),
            phone: "1".to_owned(),
            ..Default::default()
        }),
    };
    let call = request(put, &path("PutCostCentre"), person("Z9Z99", "zoe"), GrantPresented::Absent);
    assert_eq!(reason(world.parts.rpc.put_cost_centre(call).await), "COST_CENTRE_NOT_FOUND");
    let list = request(
        ListCostCentresRequest::default(),
        &path("ListCostCentres"),
        person(HUB, "anna"),
        GrantPresented::Absent,
    );
    let ours = world.parts.rpc.list_cost_centres(list).await.expect("a list").into_inner().cost_centres;
    assert_eq!((ours.len(), ours[0].members.len()), (1, 1));
    assert_eq!(ours[0].display_name, "Northside Access Hub");
}

#[tokio::test]
async fn the_prescriber_must_be_a_member_on_the_day() {
    let world = World::without_members().await;
    assert_eq!(reason(world.raise(&world.to_raise()).await), "NOT_A_MEMBER");
    world.member("anna", "2026-01-01", "2026-11-20").await.expect("a membership");
    assert_eq!(reason(world.raise(&world.to_raise()).await), "NOT_A_MEMBER");
    world.member("anna", "2026-11-20", "2026-11-21").await.expect("a membership");
    world.raise(&world.to_raise()).await.expect("a member today");
}

#[tokio::test]
async fn only_a_verified_patient_can_be_prescribed_for() {
    let world = World::new().await;
    *world.patients.fails.lock().expect("whole") = Some(TraceError::NotVerified("SENSITIVE"));
    assert_eq!(reason(world.raise(&world.to_raise()).await), "PATIENT_NOT_TRACED");
    *world.patients.fails.lock().expect("whole") = Some(TraceError::Unreachable);
    let what = world.to_raise();
    assert_eq!(reason(world.raise(&what).await), "TRACE_UNREACHABLE");
    *world.patients.fails.lock().expect("whole") = None;
    world.raise(&what).await.expect("the same request id, once demographics are back");
}

#[tokio::test]
async fn a_repeated_raise_gets_the_same_answer_and_no_second_prescription() {
    let world = World::new().await;
    let what = world.to_raise();
    let first = world.raise(&what).await.expect("raised").into_inner();
    assert!(first.state() == PrescriptionState::Raised);
    assert!(first.short_id.contains("-Y01234-"), "{}", first.short_id);
    // Whatever has become of the claim: it was answered.
    let again = world.raise_by("anna", &what, GrantPresented::Absent).await.expect("replayed");
    assert_eq!(again.metadata().get("ehub-replayed").map(|value| value.as_bytes()), Some(b"true".as_slice()));
    assert_eq!(again.into_inner().short_id, first.short_id);
    assert_eq!(world.patients.asked.load(Ordering::SeqCst), 1, "a replay traces nobody");
    assert_eq!(world.told().await.len(), 1);
    assert_eq!(world.audited("RaisePrescription").await, ["OK", "REPLAYED"]);

    let mut other = what.clone();
    other.items[0].quantity = "42".to_owned();
    assert_eq!(reason(world.raise(&other).await), "REQUEST_ID_REUSED");
    other.request_id = crate::world::id();
    assert_eq!(reason(world.raise(&other).await), "PRESCRIPTION_EXISTS");
}

#[tokio::test]
async fn what_is_raised_can_be_read_and_waits_for_its_prescriber() {
    let world = World::new().await;
    let raised = world.raise(&world.to_raise()).await.expect("raised").into_inner();
    let get = |caller| {
        let what = GetPrescriptionRequest { name: raised.name.clone() };
        world.parts.rpc.get_prescription(request(what, &path("GetPrescription"), caller, GrantPresented::Absent))
    };
    assert_eq!(reason(get(person("Z9Z99", "zoe")).await), "PRESCRIPTION_NOT_FOUND");
    let read = get(person(HUB, "bert")).await.expect("read").into_inner().prescription.expect("one");
    assert_eq!((read.prescriber.as_str(), read.items.len()), ("anna", 1));

    for (subject, waiting) in [("anna", 1), ("bert", 0)] {
        let list = request(
            ListPrescriptionsRequest::default(),
            &path("ListPrescriptions"),
            person(HUB, subject),
            GrantPresented::Absent,
        );
        let page = world.parts.rpc.list_prescriptions(list).await.expect("a page").into_inner();
        assert_eq!(page.prescriptions.len(), waiting, "{subject}");
    }
}

#[tokio::test]
async fn a_practices_own_people_see_what_the_hub_prescribed_and_change_nothing() {
    let world = World::new().await;
    seed_access(&world.db, (world.practice, PRACTICE), (world.practice, PRACTICE), "alex", &["work", "audit", "read"])
        .await;
    let alex = || person(PRACTICE, "alex");
    let raised = world.raise(&world.to_raise()).await.expect("raised").into_inner();

    let what = ListPrescriptionsRequest {
        consultation: format!("consultations/{}", world.consultation),
        ..ListPrescriptionsRequest::default()
    };
    let list = request(what, &path("ListPrescriptions"), alex(), GrantPresented::Absent);
    let page = world.parts.rpc.list_prescriptions(list).await.expect("a page").into_inner();
    assert_eq!(page.prescriptions.iter().map(|one| one.name.as_str()).collect::<Vec<_>>(), [raised.name.as_str()]);

    let what = GetPrescriptionRequest { name: raised.name.clone() };
    let get = request(what, &path("GetPrescription"), alex(), GrantPresented::Absent);
    let read = world.parts.rpc.get_prescription(get).await.expect("read").into_inner().prescription.expect("one");
    assert_eq!(read.name, raised.name);

    let what = VoidPrescriptionRequest {
        request_id: id(),
        name: raised.name,
        etag: raised.etag,
        reason: "not ours to void".to_owned(),
    };
    let void = request(what, &path("VoidPrescription"), alex(), GrantPresented::Absent);
    assert_eq!(reason(world.parts.rpc.void_prescription(void).await), "PRESCRIPTION_NOT_FOUND");
}

#[tokio::test]
async fn lists_go_on_where_the_page_before_ended() {
    let world = World::new().await;
    for _ in 0..3 {
        world.raise(&world.to_raise()).await.expect("raised");
    }
    let mut names = Vec::new();
    let mut token = String::new();
    for _ in 0..3 {
        let what = ListPrescriptionsRequest {
            page_size: 2,
            page_token: token,
            consultation: format!("consultations/{}", world.consultation),
        };
        let list = request(what, &path("ListPrescriptions"), person(HUB, "anna"), GrantPresented::Absent);
        let page = world.parts.rpc.list_prescriptions(list).await.expect("a page").into_inner();
        names.extend(page.prescriptions.into_iter().map(|one| one.name));
        token = page.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    names.dedup();
    assert_eq!((names.len(), token.is_empty()), (3, true));
}

#[tokio::test]
async fn a_medicine_issued_lately_must_be_overridden() {
    let world = World::new().await;
    let (name, etag) = world.signed().await;
    world.issue(crate::world::to_issue(&name, &etag)).await.expect("issued");
    let mut again = world.to_raise();
    assert_eq!(reason(world.raise(&again).await), "RECENTLY_ISSUED");
    again.items = vec![item("324252006")];
    world.raise(&again).await.expect("another medicine");
    let mut overridden = world.to_raise();
    overridden.override_recent_issue = "lost on the way home".to_owned();
    world.raise(&overridden).await.expect("overridden");
}
