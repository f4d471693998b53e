//! Reading the document that was made of an entry.

use std::sync::Arc;

use ehub_auth::{Caller, GrantPresented};
use ehub_identifiers::OdsCode;
use ehub_postgres::{StorageError, Tx, Work};
use ehub_proto::writeback::v1::{self as proto, writeback_service_server::WritebackService};
use ehub_test_support::{person, person_scope, request};
use futures_util::TryStreamExt;
use time::macros::datetime;
use tonic::{Code, Status};
use uuid::Uuid;

use crate::{
    document::{ids, report, sender},
    world::{World, refusal, world},
};

impl World {
    async fn document(&self, entry: Uuid, message: bool, caller: Arc<Caller>) -> Result<Vec<u8>, Status> {
        let path = "/ehub.writeback.v1.WritebackService/GetDocument";
        let asked = proto::GetDocumentRequest { entry: format!("entries/{entry}"), message };
        let answer = self.rpc.get_document(request(asked, path, caller, GrantPresented::Absent)).await?;
        let pieces: Vec<Vec<u8>> = answer.into_inner().map_ok(|said| said.piece.to_vec()).try_collect().await?;
        Ok(pieces.concat())
    }

    /// An entry whose document is stored, with the bytes of its message.
    async fn stored(&self) -> (Uuid, Vec<u8>) {
        let body =
            ehub_writeback::document::message(&report(), &sender(), &ids(), datetime!(2026-03-02 09:20 UTC)).to_xml();
        let entry = self.filed().await;
        self.complete(&[]).await;
        self.hand.advance(std::time::Duration::from_secs(601));
        assert_eq!(self.release().await, 1);
        self.store_as(&body).await;
        (entry, body)
    }
}

#[tokio::test]
async fn the_pdf_and_the_message_are_given_as_stored_and_the_read_is_recorded() {
    let world = world().await;
    let (entry, body) = world.stored().await;
    let (pdf, _) = ehub_writeback::document::render(&report());
    assert_eq!(world.document(entry, true, world.anna()).await.expect("given"), body);
    assert_eq!(world.document(entry, false, world.anna()).await.expect("given"), pdf);
    let mut conn = world.db.admin().await;
    let reads =
        "select count(*) from ehub.outbox where kind = 'ehub.audit.event.v1.AccessRecorded' and consultation = $1";
    let before: i64 = sqlx::query_scalar(reads).bind(world.consultation).fetch_one(&mut conn).await.expect("counted");
    world.document(entry, false, world.anna()).await.expect("given");
    let after: i64 = sqlx::query_scalar(reads).bind(world.consultation).fetch_one(&mut conn).await.expect("counted");
    assert_eq!(after - before, 1, "one read, one audit event");
}

#[tokio::test]
async fn before_it_is_made_there_is_none() {
    let world = world().await;
    let entry = world.filed().await;
    let expected = (Code::FailedPrecondition, "DOCUMENT_NOT_MADE".to_owned());
    assert_eq!(refusal(world.document(entry, false, world.anna()).await), expected);
}

#[tokio::test]
async fn anothers_and_absent_ones_look_the_same() {
    let world = world().await;
    let (entry, _) = world.stored().await;
    let elsewhere =
        Caller { practices: Some(vec![OdsCode::parse("C83003").expect("a code")]), ..(*world.anna()).clone() };
    let absent = Uuid::from_u128(5);
    for (entry, caller) in [(entry, person("B82002", "bert")), (entry, Arc::new(elsewhere)), (absent, world.anna())] {
        let expected = (Code::NotFound, "ENTRY_NOT_FOUND".to_owned());
        assert_eq!(refusal(world.document(entry, false, caller).await), expected);
    }
}

/// Every document that row security lets its caller see.
struct Documents;

impl Work for Documents {
    const NAME: &'static str = "documents";
    type Output = i64;
    type Error = StorageError;

    async fn run(&self, tx: &mut Tx) -> Result<i64, StorageError> {
        Ok(sqlx::query_scalar("select count(*) from writeback.outbound").fetch_one(tx.conn()).await?)
    }
}

#[tokio::test]
async fn row_security_alone_shows_documents_to_who_may_reach_the_practice() {
    let world = world().await;
    world.stored().await;
    for (ods, subject, expected) in [("H8H01", "anna", 1), ("B82002", "bert", 0), ("C83003", "somebody", 0)] {
        let seen = world.db.run.run(&person_scope(ods, subject), &Documents).await.expect("asked");
        assert_eq!(seen, expected, "{subject} of {ods}");
    }
}
