//! Reading what is in quarantine as it arrived.

use std::sync::Arc;

use ehub_auth::Caller;
use ehub_intake::testing::{self, Content, Known, Read};
use ehub_postgres::{StorageError, Tx, Work};
use ehub_proto::intake::v1::{GetQuarantinedContentRequest, Urgency, intake_service_server::IntakeService};
use ehub_test_support::{organisation, person, person_scope, seed_access};
use futures_util::TryStreamExt;
use sqlx::Connection;
use tonic::{Code, Status};
use uuid::Uuid;

use crate::{
    mesh::{land_and_read, report, waiting},
    world::{ALDER, BIRCH, HUB, World, anna, call, reason},
};

const OTHER_HUB: (Uuid, &str) = (Uuid::from_u128(0x12), "H8H02");

async fn content(world: &World, name: &str, pdf: bool, caller: Arc<Caller>) -> Result<Vec<Vec<u8>>, Status> {
    let message = GetQuarantinedContentRequest { name: name.to_owned(), pdf };
    let answer =
        testing::rpc(&world.db.run).get_quarantined_content(call(message, "GetQuarantinedContent", caller)).await?;
    answer.into_inner().map_ok(|said| said.piece.to_vec()).try_collect().await
}

fn refused(outcome: Result<Vec<Vec<u8>>, Status>) -> (Code, String) {
    let status = outcome.expect_err("refused");
    (status.code(), reason(&status))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_bytes_are_given_as_they_arrived_in_pieces_and_the_read_is_recorded() {
    let world = World::new().await;
    let bytes: Vec<u8> = (0..600_000_u32).map(|at| (at % 251) as u8).collect();
    land_and_read(&world, "M1", &bytes).await;
    let name = waiting(&world).await.remove(0).name;
    let before = world.count("ehub.outbox where kind = 'ehub.audit.event.v1.AccessRecorded'").await;
    let pieces = content(&world, &name, false, anna()).await.expect("given");
    assert_eq!(pieces.iter().map(Vec::len).collect::<Vec<_>>(), [262_144, 262_144, 75_712]);
    assert_eq!(pieces.concat(), bytes);
    let after = world.count("ehub.outbox where kind = 'ehub.audit.event.v1.AccessRecorded'").await;
    assert_eq!(after - before, 1, "one read, one audit event");
    assert_eq!(refused(content(&world, &name, true, anna()).await), (Code::FailedPrecondition, "NO_PDF".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pdf_in_a_message_is_given_alone() {
    let world = World::new().await;
    let pdf = b"%PDF-1.4 made up %%EOF".to_vec();
    let mut carrier = report(BIRCH.1, "my back hurts");
    carrier.pdf = Some(pdf.clone());
    land_and_read(&world, "M1", &carrier.to_xml()).await;
    let name = waiting(&world).await.remove(0).name;
    assert_eq!(content(&world, &name, true, anna()).await.expect("given").concat(), pdf);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_hubs_and_absent_ones_look_the_same() {
    let world = World::new().await;
    organisation(&world.db, OTHER_HUB.0, OTHER_HUB.1, "ORGANISATION_KIND_HUB", None).await;
    seed_access(&world.db, OTHER_HUB, BIRCH, "olga", &["work"]).await;
    land_and_read(&world, "M1", b"not a message").await;
    let name = waiting(&world).await.remove(0).name;
    let absent = format!("quarantined/{}", Uuid::from_u128(5));
    for (name, caller) in [(&name, person(OTHER_HUB.1, "olga")), (&name, person(ALDER.1, "pat")), (&absent, anna())] {
        let expected = (Code::NotFound, "QUARANTINED_NOT_FOUND".to_owned());
        assert_eq!(refused(content(&world, name, false, caller).await), expected);
    }
    let wrong = refused(content(&world, "quarantined/1", false, anna()).await);
    assert_eq!(wrong, (Code::InvalidArgument, "INVALID_FIELDS".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_forgotten_says_so() {
    let world = World::new().await;
    land_and_read(&world, "M1", b"not a message").await;
    let name = waiting(&world).await.remove(0).name;
    let mut conn = world.db.admin().await;
    sqlx::query("update intake.landed_message set body = ''").execute(&mut conn).await.expect("emptied");
    conn.close().await.expect("closes");
    let expected = (Code::FailedPrecondition, "CONTENT_FORGOTTEN".to_owned());
    assert_eq!(refused(content(&world, &name, false, anna()).await), expected);
}

/// Every raw message that row security lets its caller see.
struct RawMessages;

impl Work for RawMessages {
    const NAME: &'static str = "raw_messages";
    type Output = Vec<Vec<u8>>;
    type Error = StorageError;

    async fn run(&self, tx: &mut Tx) -> Result<Vec<Vec<u8>>, StorageError> {
        Ok(sqlx::query_scalar("select body from intake.landed_message").fetch_all(tx.conn()).await?)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn row_security_alone_shows_a_hub_its_quarantine_and_nothing_else() {
    let world = World::new().await;
    organisation(&world.db, OTHER_HUB.0, OTHER_HUB.1, "ORGANISATION_KIND_HUB", None).await;
    land_and_read(&world, "M1", &report(ALDER.1, "my back hurts").to_xml()).await;
    land_and_read(&world, "M2", b"not a message").await;
    let seen = |ods: &'static str| {
        let (db, scope) = (world.db.run.clone(), person_scope(ods, "somebody"));
        async move { db.run(&scope, &RawMessages).await.expect("asked") }
    };
    assert_eq!(seen(HUB.1).await, [b"not a message".to_vec()], "not the accepted message");
    assert!(seen(OTHER_HUB.1).await.is_empty());
    assert!(seen(ALDER.1).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_large_is_called_for_without_its_bytes_and_has_them_once_they_are_taken() {
    let world = World::new().await;
    let work = &world.db.work;
    let arrive = async |content| testing::arrive(work, "M1", "SUPPL001", content).await.expect("landed");
    arrive(Content::LeftAbove(10)).await;
    assert_eq!(testing::known(work, "M1").await.expect("asked"), Known::LeftAbove(10));
    assert!(matches!(testing::read(work).await.expect("read"), Read::Quarantined(_)));
    let kept = waiting(&world).await.remove(0);
    assert_eq!((kept.cause.as_str(), kept.owner_ods.as_str(), kept.size_bytes), ("TOO_LARGE", "H8H01", 0));
    assert_eq!(kept.screened().as_str_name(), Urgency::NotScreened.as_str_name());
    assert_eq!(world.count("ehub.outbox where kind = 'ehub.intake.event.v1.MessageQuarantined'").await, 1);
    // No release takes it for one that is here, and has MESH forget it.
    assert_eq!(world.count("intake.landed_message where mesh_id = 'M1'").await, 0);
    let expected = (Code::FailedPrecondition, "CONTENT_TOO_LARGE".to_owned());
    assert_eq!(refused(content(&world, &kept.name, false, anna()).await), expected);

    // The limit was raised, not far enough; then enough.
    arrive(Content::LeftAbove(20)).await;
    assert_eq!(testing::known(work, "M1").await.expect("asked"), Known::LeftAbove(20));
    arrive(Content::Here(b"all of it".to_vec())).await;
    assert_eq!(testing::known(work, "M1").await.expect("asked"), Known::Here);
    assert_eq!(testing::read(work).await.expect("read"), Read::Nothing, "a person has it already");
    assert_eq!(content(&world, &kept.name, false, anna()).await.expect("given").concat(), b"all of it");
    assert_eq!((waiting(&world).await.len(), world.count("intake.landed_message").await), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_too_large_and_is_taken_before_it_was_read_is_read() {
    let world = World::new().await;
    let work = &world.db.work;
    testing::arrive(work, "M1", "SUPPL001", Content::LeftAbove(10)).await.expect("landed");
    let body = report(ALDER.1, "my back hurts").to_xml();
    testing::arrive(work, "M1", "SUPPL001", Content::Here(body)).await.expect("landed");
    assert!(matches!(testing::read(work).await.expect("read"), Read::Accepted(_)));
    assert!(waiting(&world).await.is_empty());
}
