//! Serves a service's roots to audit.

use ehub_postgres::{Db, Scope, StorageError, Tx, Work};
use ehub_proto::internal::v1::{
    FindRootsRequest, FindRootsResponse, ListRootsRequest, ListRootsResponse, Root as ProtoRoot, ShardSnapshot,
    SnapshotRootsRequest, SnapshotRootsResponse, roots_server::Roots,
};
use time::OffsetDateTime;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use crate::{
    Root,
    held::{self, Stretch},
};

/// Implements `ehub.internal.v1.Roots` over the service's view `ehub.root`.
#[derive(Debug)]
pub struct RootsService {
    db: Db,
}

impl RootsService {
    /// Serves what a database holds.
    pub fn new(db: Db) -> Self {
        Self { db }
    }

    async fn read<W>(&self, work: W) -> Result<W::Output, Status>
    where
        W: Work<Error = StorageError> + 'static,
        W::Output: 'static,
    {
        let db = self.db.clone();
        // Spawned, so that a caller that goes away never drops a transaction half way.
        match tokio::spawn(async move { db.run(&Scope::service(), &work).await }).await {
            Ok(Ok(read)) => Ok(read),
            Ok(Err(error)) => Err(ehub_calls::storage_fault(&error).into()),
            Err(_) => Err(Status::from(ehub_calls::stopping())),
        }
    }
}

#[tonic::async_trait]
impl Roots for RootsService {
    async fn snapshot_roots(
        &self,
        request: Request<SnapshotRootsRequest>,
    ) -> Result<Response<SnapshotRootsResponse>, Status> {
        let request = request.into_inner();
        let most = (request.most > 0).then_some(i64::from(request.most));
        let (stretch, at) = self.read(Count { after: id(&request.after), most }).await?;
        let shards = stretch
            .tally
            .shards()
            .map(|(shard, held)| ShardSnapshot {
                shard: shard.into(),
                count: held.count,
                digest: held.digest().to_vec().into(),
            })
            .collect();
        Ok(Response::new(SnapshotRootsResponse {
            shards,
            snapshot_time: Some(ehub_proto::timestamp(at)),
            through: stretch.through.map(|id| id.to_string()).unwrap_or_default(),
        }))
    }

    async fn list_roots(&self, request: Request<ListRootsRequest>) -> Result<Response<ListRootsResponse>, Status> {
        let request = request.into_inner();
        let through = Uuid::parse_str(&request.through).unwrap_or(Uuid::max());
        let roots = self.read(List { shard: request.shard, after: id(&request.after), through }).await?;
        Ok(Response::new(ListRootsResponse { roots: roots.into_iter().map(told).collect() }))
    }

    async fn find_roots(&self, request: Request<FindRootsRequest>) -> Result<Response<FindRootsResponse>, Status> {
        let request = request.into_inner();
        let ids = request.ids.iter().filter_map(|id| Uuid::parse_str(id).ok()).collect();
        // Whatever is not a position has nothing after it.
        let changed_since = request
            .changed_since
            .split_once(':')
            .and_then(|(life, transaction)| Some((life.parse().ok()?, transaction.parse::<u64>().ok()?.to_string())));
        let (roots, position) = self.read(Find { ids, changed_since, after: id(&request.after) }).await?;
        Ok(Response::new(FindRootsResponse { roots: roots.into_iter().map(told).collect(), position }))
    }
}

/// An id to start after; what is none starts at the first.
fn id(text: &str) -> Uuid {
    Uuid::parse_str(text).unwrap_or_default()
}

fn told(root: Root) -> ProtoRoot {
    ProtoRoot { id: root.id.to_string(), version: root.version, state: root.state }
}

struct Count {
    after: Uuid,
    most: Option<i64>,
}

impl Work for Count {
    const NAME: &'static str = "count_roots";
    type Output = (Stretch, OffsetDateTime);
    type Error = StorageError;

    async fn run(&self, tx: &mut Tx) -> Result<Self::Output, StorageError> {
        match self.most {
            Some(_) => tx.reads_in_order().await?,
            None => tx.reads_whole_tables().await?,
        }
        Ok((held::tally(tx, self.after, self.most).await?, tx.at()))
    }
}

struct List {
    shard: i32,
    after: Uuid,
    through: Uuid,
}

impl Work for List {
    const NAME: &'static str = "list_roots";
    type Output = Vec<Root>;
    type Error = StorageError;

    async fn run(&self, tx: &mut Tx) -> Result<Vec<Root>, StorageError> {
        held::of_shard(tx, self.shard, self.after, self.through).await
    }
}

struct Find {
    ids: Vec<Uuid>,
    changed_since: Option<(i64, String)>,
    after: Uuid,
}

impl Work for Find {
    const NAME: &'static str = "find_roots";
    type Output = (Vec<Root>, String);
    type Error = StorageError;

    async fn run(&self, tx: &mut Tx) -> Result<Self::Output, StorageError> {
        // Before the roots: what is committed in between is found now, and again next time.
        let (life, transaction) = held::position(tx).await?;
        // Transactions of another life say nothing of this one's.
        let since = self.changed_since.as_ref().filter(|(then, _)| *then == life);
        let roots = held::find(tx, &self.ids, since.map(|(_, transaction)| transaction.as_str()), self.after).await?;
        Ok((roots, format!("{life}:{transaction}")))
    }
}
