//! Serves a service's roots to audit.

use std::{future::Future, sync::Arc};

use ehub_postgres::{Db, Scope, StorageError, Tx, Work};
use ehub_proto::internal::v1::{
    ListRootsRequest, ListRootsResponse, Root as ProtoRoot, ShardSnapshot, SnapshotRootsRequest, SnapshotRootsResponse,
    roots_server::Roots,
};
use tonic::{Request, Response, Status};
use uuid::Uuid;

use crate::{Root, Tally};

/// How many roots a page of one shard holds.
const PAGE: usize = 1000;

/// What the roots of a service are.
pub trait RootSource: Send + Sync + 'static {
    /// Every root, read in one statement: one snapshot.
    fn all(&self, tx: &mut Tx) -> impl Future<Output = Result<Vec<Root>, StorageError>> + Send;
}

/// Implements `ehub.internal.v1.Roots`.
#[derive(Debug)]
pub struct RootsService<S> {
    db: Db,
    source: Arc<S>,
}

impl<S: RootSource> RootsService<S> {
    /// Serves a source.
    pub fn new(db: Db, source: S) -> Self {
        Self { db, source: Arc::new(source) }
    }

    async fn read(&self) -> Result<(Vec<Root>, time::OffsetDateTime), Status> {
        let read = ReadRoots(Arc::clone(&self.source));
        let db = self.db.clone();
        // Spawned, so that a caller that goes away never drops a transaction half way.
        let task = tokio::spawn(async move { db.run(&Scope::service(), &read).await });
        match task.await {
            Ok(Ok(read)) => Ok(read),
            Ok(Err(error)) => Err(ehub_calls::storage_fault(&error).into()),
            Err(_) => Err(Status::from(ehub_calls::stopping())),
        }
    }
}

struct ReadRoots<S>(Arc<S>);

impl<S: RootSource> Work for ReadRoots<S> {
    const NAME: &'static str = "read_roots";
    type Output = (Vec<Root>, time::OffsetDateTime);
    type Error = StorageError;

    async fn run(&self, tx: &mut Tx) -> Result<Self::Output, StorageError> {
        tx.reads_whole_tables().await?;
        Ok((self.0.all(tx).await?, tx.at()))
    }
}

#[tonic::async_trait]
impl<S: RootSource> Roots for RootsService<S> {
    async fn snapshot_roots(
        &self,
        _: Request<SnapshotRootsRequest>,
    ) -> Result<Response<SnapshotRootsResponse>, Status> {
        let (roots, at) = self.read().await?;
        let tally: Tally = roots.iter().collect();
        let shards = tally
            .shards()
            .map(|(shard, held)| ShardSnapshot {
                shard: shard.into(),
                count: held.count,
                digest: held.digest().to_vec().into(),
            })
            .collect();
        let snapshot_time = Some(ehub_proto::timestamp(at));
        Ok(Response::new(SnapshotRootsResponse { shards, snapshot_time }))
    }

    async fn list_roots(&self, request: Request<ListRootsRequest>) -> Result<Response<ListRootsResponse>, Status> {
        let request = request.into_inner();
        let after = Uuid::parse_str(&request.after).unwrap_or_default();
        let (mut roots, _) = self.read().await?;
        roots.retain(|root| i32::from(root.id.as_bytes()[15]) == request.shard && root.id > after);
        roots.sort_by_key(|root| root.id);
        let roots = roots
            .into_iter()
            .take(PAGE)
            .map(|root| ProtoRoot { id: root.id.to_string(), version: root.version, state: root.state })
            .collect();
        Ok(Response::new(ListRootsResponse { roots }))
    }
}
