//! What allocation says it holds.

use ehub_proto::internal::v1::{
    FindRootsRequest, ListRootsRequest, Root as ProtoRoot, SnapshotRootsRequest, SnapshotRootsResponse,
    roots_server::Roots,
};
use ehub_roots::{Root, RootsService, Tally};
use sqlx::Connection;
use tonic::Request;
use uuid::Uuid;

use crate::world::{ALDER, World};

fn read(root: ProtoRoot) -> Root {
    Root { id: root.id.parse().expect("an id"), version: root.version, state: root.state }
}

async fn claim(world: &World) -> Uuid {
    let item = world.claim().await.0.item.expect("an item");
    item.consultation.trim_start_matches("consultations/").parse().expect("an id")
}

/// Arrivals by id; the first is claimed.
async fn held(world: &World, many: usize) -> Vec<Root> {
    let mut ids = Vec::new();
    for _ in 0..many {
        ids.push(world.arrive(ALDER).await);
    }
    let claimed = claim(world).await;
    ids.sort_unstable();
    let state = |id: Uuid| if id == claimed { (2, "CLAIMED") } else { (1, "QUEUED") };
    ids.into_iter().map(|id| Root { id, version: state(id).0, state: state(id).1.to_owned() }).collect()
}

async fn count(roots: &RootsService, after: &str, most: i32) -> SnapshotRootsResponse {
    let request = SnapshotRootsRequest { after: after.to_owned(), most };
    roots.snapshot_roots(Request::new(request)).await.expect("counted").into_inner()
}

async fn find(roots: &RootsService, ids: &[String], changed_since: &str) -> (Vec<Root>, String) {
    let request = FindRootsRequest { ids: ids.to_vec(), changed_since: changed_since.to_owned(), after: String::new() };
    let answer = roots.find_roots(Request::new(request)).await.expect("found").into_inner();
    (answer.roots.into_iter().map(read).collect(), answer.position)
}

/// What audit would count of the same roots.
fn tally(roots: &[Root]) -> Vec<(i32, i64, Vec<u8>)> {
    let tally: Tally = roots.iter().collect();
    tally.shards().map(|(shard, held)| (i32::from(shard), held.count, held.digest().to_vec())).collect()
}

fn told(answer: &SnapshotRootsResponse) -> Vec<(i32, i64, Vec<u8>)> {
    answer.shards.iter().map(|held| (held.shard, held.count, held.digest.to_vec())).collect()
}

#[tokio::test]
async fn stretches_count_every_root_once() {
    let world = World::new().await;
    let held = held(&world, 5).await;
    let roots = RootsService::new(world.db.run.clone());
    let first = count(&roots, "", 2).await;
    assert_eq!((told(&first), &first.through), (tally(&held[..2]), &held[1].id.to_string()));
    let second = count(&roots, &first.through, 3).await;
    assert_eq!((told(&second), &second.through), (tally(&held[2..]), &held[4].id.to_string()), "there may be more");
    let last = count(&roots, &second.through, 3).await;
    assert_eq!((told(&last), last.through.as_str()), (Vec::new(), ""));
    let whole = count(&roots, "", 0).await;
    assert_eq!((told(&whole), whole.through.as_str()), (tally(&held), ""));
}

#[tokio::test]
async fn a_shard_is_listed_within_its_stretch() {
    let world = World::new().await;
    let held = held(&world, 3).await;
    let roots = RootsService::new(world.db.run.clone());
    let list = async |after: &str, through: &str| -> Vec<Root> {
        let mut all = Vec::new();
        for shard in 0..=255 {
            let request = ListRootsRequest { shard, after: after.to_owned(), through: through.to_owned() };
            let page = roots.list_roots(Request::new(request)).await.expect("listed").into_inner().roots;
            let page: Vec<Root> = page.into_iter().map(read).collect();
            assert!(page.iter().all(|root| i32::from(root.id.as_bytes()[15]) == shard));
            all.extend(page);
        }
        all.sort_by_key(|root| root.id);
        all
    };
    assert_eq!(list("", "").await, held);
    assert_eq!(list(&held[0].id.to_string(), &held[1].id.to_string()).await, held[1..2]);
}

#[tokio::test]
async fn what_has_changed_is_found_and_what_is_asked_for() {
    let world = World::new().await;
    let held = held(&world, 3).await;
    let roots = RootsService::new(world.db.run.clone());
    let (none, position) = find(&roots, &[], "").await;
    assert_eq!(none, [], "there is no position yet");
    let ids = [held[2].id.to_string(), Uuid::from_u128(9).to_string(), "no id".to_owned()];
    assert_eq!(find(&roots, &ids, "no position").await.0, held[2..]);
    assert_eq!(find(&roots, &[], &position).await.0, [], "nothing has changed");
    let new = world.arrive(ALDER).await;
    let claimed = claim(&world).await;
    let (changed, later) = find(&roots, &[], &position).await;
    let mut expected: Vec<Uuid> = vec![new, claimed];
    expected.sort_unstable();
    expected.dedup();
    assert_eq!(changed.into_iter().map(|root| root.id).collect::<Vec<_>>(), expected);
    assert_eq!(find(&roots, &[], &later).await.0, []);
}

#[tokio::test]
async fn what_is_committed_late_is_after_the_position_told_before() {
    let world = World::new().await;
    let held = held(&world, 2).await;
    let roots = RootsService::new(world.db.run.clone());
    let mut slow = world.db.admin().await;
    let mut late = slow.begin().await.expect("begun");
    sqlx::query(
        "insert into ehub.outbox (shard_group, stream, version, kind, body, event, at) \
         select shard_group, stream, 9, kind, body, gen_random_uuid(), at from ehub.outbox where stream = $1 limit 1",
    )
    .bind(held[1].id)
    .execute(&mut *late)
    .await
    .expect("written");
    // Others begin and end while it is open.
    world.arrive(ALDER).await;
    let (_, position) = find(&roots, &[], "").await;
    late.commit().await.expect("committed");
    let (changed, _) = find(&roots, &[], &position).await;
    assert!(changed.contains(&held[1]));
}
