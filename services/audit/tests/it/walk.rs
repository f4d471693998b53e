//! How sources that hold much are compared.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use async_trait::async_trait;
use ehub_audit::{
    domain::no_loss::NoLoss,
    peers::roots::{Counted, Found, PeerError, RootsPeer},
};
use ehub_roots::Root;
use sqlx::PgConnection;
use tokio::sync::Mutex;
use uuid::Uuid;

use crate::world::{Held, PRACTICE, World};

/// A source of so many roots, of which it counts two at a time, and what its events have told but for some.
async fn large(world: &World, many: usize, unheard: &[usize]) -> (Vec<Uuid>, Held) {
    let mut ids: Vec<Uuid> = (0..many).map(|_| world.id()).collect();
    ids.sort_unstable();
    for (place, id) in ids.iter().enumerate() {
        if !unheard.contains(&place) {
            hear(world, *id).await;
        }
    }
    let roots = ids.iter().map(|id| Root { id: *id, version: 1, state: "ACCEPTED".to_owned() }).collect();
    (ids, Held { most: 2, ..Held::new("intake", Some(roots)) })
}

async fn hear(world: &World, id: Uuid) {
    world.deliver("intake", vec![world.accepted(id, (PRACTICE, "A81001"), None)]).await;
}

async fn look(world: &World, peer: Arc<dyn RootsPeer>) -> NoLoss {
    world.prover(vec![peer]).prove().await.expect("computed")
}

/// Which places of a large source are known to differ.
async fn differing(world: &World, ids: &[Uuid]) -> Vec<usize> {
    let mut admin = world.db.admin().await;
    let known: Vec<Uuid> =
        sqlx::query_scalar("select id from audit.divergence order by id").fetch_all(&mut admin).await.expect("reads");
    known.iter().map(|id| ids.iter().position(|other| other == id).expect("one of them")).collect()
}

#[tokio::test]
async fn a_large_source_is_walked_through_a_part_at_a_time() {
    let world = World::new().await;
    let (ids, held) = large(&world, 30, &[1, 12, 25]).await;
    let held = Arc::new(held);
    let began = world.now();
    look(&world, held.clone()).await;
    assert_eq!(differing(&world, &ids).await, [1], "five stretches of two");
    world.hand.advance(Duration::from_secs(60));
    assert_eq!(look(&world, held.clone()).await.compared_since, None);
    assert_eq!(differing(&world, &ids).await, [1, 12], "what was known before is not forgotten on the way");
    assert_eq!(look(&world, held.clone()).await.compared_since, None, "there may be more");
    assert_eq!(differing(&world, &ids).await, [1, 12, 25]);
    hear(&world, ids[1]).await;
    let proof = look(&world, held).await;
    assert_eq!(differing(&world, &ids).await, [12, 25], "level again, wherever the walk is");
    assert_eq!(proof.compared_since, Some(began), "the first walk has ended");
}

#[tokio::test]
async fn what_has_changed_is_compared_at_once_wherever_the_walk_is() {
    let world = World::new().await;
    let (ids, held) = large(&world, 30, &[29]).await;
    let held = Arc::new(Held { changed: vec![ids[29], ids[3]], ..held });
    look(&world, held.clone()).await;
    assert_eq!(differing(&world, &ids).await, Vec::<usize>::new(), "it has not been asked before");
    look(&world, held).await;
    assert_eq!(differing(&world, &ids).await, [29]);
}

#[tokio::test]
async fn a_look_that_fails_is_taken_again_from_where_it_began() {
    let world = World::new().await;
    let (ids, held) = large(&world, 30, &[1, 12]).await;
    let held = Arc::new(Held { fails_after: Some(ids[3]), ..held });
    look(&world, held.clone()).await;
    let mut admin = world.db.admin().await;
    let kinds: Vec<String> =
        sqlx::query_scalar("select kind from audit.divergence").fetch_all(&mut admin).await.expect("reads");
    assert_eq!(kinds, ["NOT_COMPARED"], "nothing is told of half a look");
    held.mended.store(true, Ordering::SeqCst);
    look(&world, held).await;
    assert_eq!(differing(&world, &ids).await, [1], "the first part was not passed over");
}

/// A source during whose answer another replica finds one of its roots to differ, and moves the walk beyond it.
struct Meanwhile {
    held: Held,
    admin: Mutex<PgConnection>,
    found: Uuid,
}

#[async_trait]
impl RootsPeer for Meanwhile {
    fn source(&self) -> &'static str {
        self.held.source()
    }

    async fn count(&self, after: Uuid, most: i32) -> Result<Counted, PeerError> {
        self.held.count(after, most).await
    }

    async fn list(&self, shard: u8, after: Uuid, through: Uuid) -> Result<Vec<Root>, PeerError> {
        self.held.list(shard, after, through).await
    }

    async fn find(&self, ids: &[Uuid], changed_since: &str) -> Result<Found, PeerError> {
        let mut admin = self.admin.lock().await;
        for statement in [
            "insert into audit.divergence (source, id, kind, version, since) \
             values ('intake', $1, 'MISSING_AT_AUDIT', 1, ehub.app_now())",
            "insert into audit.walk (source, number, after, changed_since) values ('intake', 7, $1, '1:40') \
             on conflict (source) do update set number = 7",
        ] {
            sqlx::query(statement).bind(self.found).execute(&mut *admin).await.expect("done");
        }
        self.held.find(ids, changed_since).await
    }
}

#[tokio::test]
async fn another_replica_that_looks_meanwhile_loses_nothing() {
    let world = World::new().await;
    let (ids, held) = large(&world, 30, &[1, 25]).await;
    let admin = Mutex::new(world.db.admin().await);
    look(&world, Arc::new(Meanwhile { held, admin, found: ids[25] })).await;
    assert_eq!(differing(&world, &ids).await, [1, 25], "what it did not ask for, a look does not clear");
    let mut admin = world.db.admin().await;
    let walk: (i64, Uuid) =
        sqlx::query_as("select number, after from audit.walk").fetch_one(&mut admin).await.expect("reads");
    assert_eq!(walk, (7, ids[25]), "who comes second does not move the walk");
}

#[tokio::test]
async fn the_walk_stays_where_more_differs_than_is_told_of() {
    let world = World::new().await;
    let (ids, held) = large(&world, 1_100, &(0..1_100).collect::<Vec<_>>()).await;
    let held = Arc::new(Held { most: i32::MAX, ..held });
    assert_eq!(look(&world, held.clone()).await.compared_since, None);
    let first = differing(&world, &ids).await;
    assert_eq!(first.len(), 1_000);
    for place in &first {
        hear(&world, ids[*place]).await;
    }
    let proof = look(&world, held).await;
    assert_eq!(differing(&world, &ids).await.len(), 100, "the others of the same stretch are not passed over");
    assert_eq!(proof.compared_since, Some(world.now()), "and now all of it has been compared");
}

#[tokio::test]
async fn who_cannot_know_what_has_changed_walks_from_the_beginning() {
    let world = World::new().await;
    let (_, held) = large(&world, 14, &[]).await;
    let at = |position: &str| {
        let roots = held.roots.clone();
        Arc::new(Held { most: 2, position: position.to_owned(), ..Held::new("intake", roots) })
    };
    // Two looks are a walk.
    assert_eq!(look(&world, at("1:42")).await.compared_since, None);
    assert!(look(&world, at("1:43")).await.compared_since.is_some());
    assert!(look(&world, at("1:43")).await.compared_since.is_some(), "until the next has ended");
    // Put back to an older copy, the source stands before the position it told.
    assert_eq!(look(&world, at("1:41")).await.compared_since, None);
    assert!(look(&world, at("1:44")).await.compared_since.is_some());
    assert!(look(&world, at("1:44")).await.compared_since.is_some());
    // So does it in another life of its database.
    assert_eq!(look(&world, at("2:50")).await.compared_since, None);
    assert!(look(&world, at("2:50")).await.compared_since.is_some());
    // What has changed since a position that is old may be too much.
    world.hand.advance(Duration::from_secs(301));
    assert_eq!(look(&world, at("2:51")).await.compared_since, None);
}

#[tokio::test]
async fn who_comes_second_clears_nothing() {
    let world = World::new().await;
    let (ids, held) = large(&world, 30, &[1, 25]).await;
    look(&world, Arc::new(Held { most: i32::MAX, ..Held::new("intake", held.roots.clone()) })).await;
    assert_eq!(differing(&world, &ids).await, [1, 25]);
    // It finds one level that the other, which asked later, still keeps: the walk has moved on meanwhile.
    hear(&world, ids[1]).await;
    let (admin, found) = (Mutex::new(world.db.admin().await), ids[3]);
    look(&world, Arc::new(Meanwhile { held, admin, found })).await;
    assert_eq!(differing(&world, &ids).await, [1, 3, 25]);
}

#[tokio::test]
async fn what_was_not_reached_or_is_too_much_is_not_taken_for_level() {
    let world = World::new().await;
    let many = 1_100;
    let (ids, held) = large(&world, many, &[0, many - 1]).await;
    let roots = held.roots.clone();
    look(&world, Arc::new(Held::new("intake", roots.clone()))).await;
    assert_eq!(differing(&world, &ids).await, [0, many - 1]);
    // What has changed is too much to be told: only the beginning was looked at.
    let cut =
        Held { found_through: ids[500], fails_after: Some(ids[1]), most: 2, ..Held::new("intake", roots.clone()) };
    hear(&world, ids[0]).await;
    let all = |held: Held| Arc::new(Held { mended: true.into(), ..held });
    let proof = look(&world, all(cut)).await;
    assert_eq!(proof.compared_since, None, "it walks from the beginning");
    assert_eq!(differing(&world, &ids).await, [many - 1]);
    // All of it has changed unheard, which is too much to be remembered.
    let mut moved = roots.expect("given");
    moved.iter_mut().for_each(|root| root.version = 2);
    look(&world, Arc::new(Held { changed: ids.clone(), ..Held::new("intake", Some(moved)) })).await;
    let known = differing(&world, &ids).await;
    assert_eq!((known.len(), known.last()), (1_001, Some(&(many - 1))), "and what was known stays known");
}

#[tokio::test]
async fn differences_that_nobody_has_confirmed_hide_none_that_lasts() {
    let world = World::new().await;
    world
        .sql(
            "insert into audit.divergence (source, id, kind, version, since, seen_at) \
             select 'allocation', gen_random_uuid(), 'MISSING_AT_AUDIT', 1, at, at \
               from generate_series(1, 1100), (select timestamptz '2020-01-01Z') as long_ago (at)",
        )
        .await;
    let silent = || Arc::new(Held::new("intake", None));
    world.hand.advance(Duration::from_secs(1));
    assert!(look(&world, silent()).await.holds());
    world.hand.advance(Duration::from_secs(61));
    let proof = look(&world, silent()).await;
    assert_eq!(proof.breaches.iter().map(|breach| breach.kind.as_str()).collect::<Vec<_>>(), ["NOT_COMPARED"]);
}
