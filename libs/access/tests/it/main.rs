//! The access table as services project and ask it.

#[path = "../../../postgres/tests/it/act.rs"]
mod act;

use std::time::Duration;

use act::act;
use ehub_access::{AccessError, KINDS, Practice, apply, caught_up, known_practice, require_fresh, require_practice};
use ehub_clock::{Clock, ManualClock};
use ehub_outbox::{Received, Refusal};
use ehub_postgres::{Scope, StorageError};
use ehub_proto::allocation::{
    event::v1::{AccessPublished, AccessRow, OrganisationPut},
    v1::{Organisation, OrganisationKind},
};
use ehub_test_support::{TestDb, client_scope, person_scope};
use prost::Message;
use sqlx::migrate::Migrator;
use time::macros::datetime;
use uuid::Uuid;

static FOUNDATION_ONLY: Migrator = Migrator::DEFAULT;

const HUB: Uuid = Uuid::from_u128(1);
const ALDER: Uuid = Uuid::from_u128(2);

struct World {
    db: TestDb,
    hand: ManualClock,
}

impl World {
    /// A hub and a practice are known; it is noon on 1 July 2026, and access is complete as of now.
    async fn new() -> Self {
        let (clock, hand) = Clock::manual(datetime!(2026-07-01 12:00 UTC));
        let world = Self { db: TestDb::create("writeback", &FOUNDATION_ONLY, clock).await, hand };
        world.put(HUB, "H8H01", "2020-01-01").await;
        world.put(ALDER, "A81001", "2020-01-01").await;
        world.fresh().await;
        world
    }

    async fn apply(&self, kind: &str, body: Vec<u8>) -> Result<bool, Refusal> {
        let event = Received {
            source: "allocation".to_owned(),
            incarnation: 1,
            id: Uuid::from_u128(9),
            stream: HUB,
            version: 1,
            kind: kind.to_owned(),
            body,
            at: self.hand.now(),
            traceparent: None,
            consultation: None,
        };
        let work = act(|tx| {
            let event = event.clone();
            Box::pin(async move { apply(tx, &event).await })
        });
        self.db.run.run(&Scope::service(), &work).await
    }

    async fn put(&self, org: Uuid, ods: &str, from: &str) {
        let organisation = Organisation {
            name: format!("organisations/{org}"),
            ods: ods.to_owned(),
            kind: OrganisationKind::Practice.into(),
            display_name: format!("{ods} Surgery"),
            icb_ods: "QOP".to_owned(),
            from_date: from.to_owned(),
            ..Organisation::default()
        };
        let put = OrganisationPut { organisation: Some(organisation) };
        assert!(self.apply(KINDS[0], put.encode_to_vec()).await.expect("applied"));
    }

    async fn publish(&self, version: i64, rows: &[AccessRow]) {
        let published = AccessPublished { organisation: HUB.to_string(), access_version: version, rows: rows.to_vec() };
        assert!(self.apply(KINDS[1], published.encode_to_vec()).await.expect("applied"));
    }

    async fn fresh(&self) {
        let now = self.hand.now();
        let beat = act(|tx| Box::pin(caught_up(tx, now)));
        self.db.run.run(&Scope::service(), &beat).await.expect("noted");
    }

    async fn may(&self, scope: &Scope, ods: &str, capability: &str) -> Result<Practice, AccessError> {
        let ask = act(|tx| {
            let (ods, capability) = (ods.to_owned(), capability.to_owned());
            Box::pin(async move { require_practice(tx, &ods, &capability).await })
        });
        self.db.run.run(scope, &ask).await
    }

    async fn anna_may_work(&self) -> bool {
        match self.may(&person_scope("H8H01", "anna"), "A81001", "work").await {
            Ok(practice) => {
                assert_eq!((practice.org, practice.icb_ods.as_deref()), (ALDER, Some("QOP")));
                true
            }
            Err(AccessError::PracticeNotAllowed) => false,
            Err(other) => panic!("{other}"),
        }
    }
}

fn right(person: &str, capability: &str, from: &str, to: &str) -> AccessRow {
    AccessRow {
        practice: ALDER.to_string(),
        person: person.to_owned(),
        capability: capability.to_owned(),
        from_date: from.to_owned(),
        to_date: to.to_owned(),
    }
}

#[tokio::test]
async fn a_right_is_for_one_person_capability_practice_and_organisation() {
    let world = World::new().await;
    world.publish(1, &[right("anna", "work", "2026-01-01", ""), right("", "file", "2026-01-01", "")]).await;
    assert!(world.anna_may_work().await);
    for (scope, ods, capability) in [
        (person_scope("H8H01", "anna"), "A81001", "prescribe"),
        (person_scope("H8H01", "anna"), "A81001", "file"),
        (person_scope("H8H01", "anna"), "Z00000", "work"),
        (person_scope("H8H01", "bert"), "A81001", "work"),
        (person_scope("A81001", "anna"), "A81001", "work"),
        (client_scope("H8H01", "anna"), "A81001", "work"),
        (person_scope("H8H01", ""), "A81001", "work"),
    ] {
        let refused = world.may(&scope, ods, capability).await;
        assert!(matches!(refused, Err(AccessError::PracticeNotAllowed)), "{scope:?} {ods} {capability}");
    }
    world.may(&client_scope("H8H01", "front-end"), "A81001", "file").await.expect("a client of the hub");
}

#[tokio::test]
async fn only_something_newer_replaces_and_it_replaces_everything() {
    let world = World::new().await;
    world.publish(5, &[right("anna", "work", "2026-01-01", "")]).await;
    world.publish(4, &[]).await;
    world.publish(5, &[]).await;
    assert!(world.anna_may_work().await, "older and equal versions change nothing");
    world.publish(6, &[right("bert", "work", "2026-01-01", "")]).await;
    assert!(!world.anna_may_work().await);
}

#[tokio::test]
async fn a_right_that_is_revoked_today_ends_today() {
    let world = World::new().await;
    for (from, to, expected) in [
        ("2026-01-01", "2026-07-02", true),
        ("2026-01-01", "2026-07-01", false),
        ("2026-07-01", "", true),
        ("2026-07-02", "", false),
    ] {
        world.publish(world.hand.now().unix_timestamp(), &[right("anna", "work", from, to)]).await;
        assert_eq!(world.anna_may_work().await, expected, "{from}..{to}");
        world.hand.advance(Duration::from_secs(1));
    }
}

#[tokio::test]
async fn midnight_is_londons() {
    let world = World::new().await;
    world.hand.set(datetime!(2026-07-01 22:59 UTC));
    world.fresh().await;
    world.publish(1, &[right("anna", "work", "2026-01-01", "2026-07-02")]).await;
    assert!(world.anna_may_work().await);
    world.hand.set(datetime!(2026-07-01 23:00 UTC));
    assert!(!world.anna_may_work().await, "2 July has begun in London");
}

#[tokio::test]
async fn stale_access_admits_nobody_and_never_grows_younger_by_an_old_sign() {
    let world = World::new().await;
    world.publish(1, &[right("anna", "work", "2026-01-01", "")]).await;
    let anna = person_scope("H8H01", "anna");
    world.hand.advance(Duration::from_secs(15 * 60));
    assert!(world.anna_may_work().await);
    world.hand.advance(Duration::from_secs(1));
    assert!(matches!(world.may(&anna, "A81001", "work").await, Err(AccessError::Stale)));
    let old = act(|tx| Box::pin(caught_up(tx, datetime!(2026-06-01 00:00 UTC))));
    world.db.run.run(&Scope::service(), &old).await.expect("noted");
    assert!(matches!(world.may(&anna, "A81001", "work").await, Err(AccessError::Stale)));
    world.fresh().await;
    assert!(world.anna_may_work().await);
}

#[tokio::test]
async fn access_that_was_never_filled_is_stale_and_an_unknown_organisation_is_told_apart() {
    let (clock, _) = Clock::manual(datetime!(2026-07-01 12:00 UTC));
    let db = TestDb::create("writeback", &FOUNDATION_ONLY, clock).await;
    let ask = act(|tx| Box::pin(require_fresh(tx)));
    let anna = person_scope("H8H01", "anna");
    assert!(matches!(db.run.run(&anna, &ask).await, Err(AccessError::OrganisationUnknown)));
    ehub_test_support::organisation(&db, HUB, "H8H01", "ORGANISATION_KIND_HUB", None).await;
    assert!(matches!(db.run.run(&anna, &ask).await, Err(AccessError::Stale)));
}

#[tokio::test]
async fn a_code_names_its_bearer_of_today() {
    let world = World::new().await;
    let successor = Uuid::from_u128(3);
    world.put(successor, "A81001", "2026-07-02").await;
    let ask = act(|tx| Box::pin(known_practice(tx, "A81001")));
    let bearer = async || world.db.run.run(&Scope::service(), &ask).await.expect("reads").expect("known").org;
    assert_eq!(bearer().await, ALDER);
    world.hand.advance(Duration::from_secs(86_400));
    assert_eq!(bearer().await, successor);
}

#[tokio::test]
async fn what_cannot_be_read_is_refused_for_good_or_waits_and_leaves_nothing() {
    let world = World::new().await;
    world.publish(1, &[right("anna", "work", "2026-01-01", "")]).await;
    for kind in KINDS {
        let refused = world.apply(kind, vec![0xff]).await;
        assert!(matches!(refused, Err(Refusal::Never("UNREADABLE"))), "{kind}");
        assert!(matches!(world.apply(kind, Vec::new()).await, Err(Refusal::Never("UNREADABLE"))), "{kind}");
    }
    let bad_date = AccessPublished {
        organisation: HUB.to_string(),
        access_version: 2,
        rows: vec![right("bert", "work", "2026-01-01", ""), right("anna", "work", "soon", "")],
    };
    let failed = world.apply(KINDS[1], bad_date.encode_to_vec()).await;
    assert!(matches!(failed, Err(Refusal::Storage(StorageError::Inconsistent { .. }))));
    assert!(world.anna_may_work().await, "version 1 still holds");
    assert!(!world.apply("t.Other", Vec::new()).await.expect("not of the register"));
}
