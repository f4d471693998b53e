//! Gives events their places in the log: the one appender.

use std::collections::{BTreeSet, HashMap};

use ehub_identifiers::ConsultationId;
use ehub_postgres::{StorageError, Tx, Work};
use uuid::Uuid;

use crate::{
    leaf::{LeafV1, SCHEMA, commitment},
    storage::{
        appender, leaves,
        log::{self, Logged},
        nodes,
    },
    tree::{Frontier, hash_leaf},
};

/// Appends at most `limit` events.
#[derive(Debug, Clone, Copy)]
pub struct Append {
    /// Who appends: one token for each process.
    pub token: Uuid,
    /// How long it keeps the others out, in seconds.
    pub lease: f64,
    /// How many leaves at most.
    pub limit: i64,
}

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Appended {
    /// Another process is the appender.
    NotOurs,
    /// So many leaves were appended.
    Leaves(usize),
}

/// Why nothing was appended.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The stored tree lacks what its size needs.
    #[error("the stored tree is damaged")]
    Damaged(#[from] crate::tree::NodeMissing),
    /// Storage failed.
    #[error("storage failed")]
    Storage(#[from] StorageError),
}

impl Work for Append {
    const NAME: &'static str = "append_leaves";
    type Output = Appended;
    type Error = Error;

    async fn run(&self, tx: &mut Tx) -> Result<Appended, Error> {
        if !appender::lease(tx, self.token, self.lease).await? {
            return Ok(Appended::NotOurs);
        }
        let waiting = log::unappended(tx, self.limit).await?;
        if waiting.is_empty() {
            return Ok(Appended::Leaves(0));
        }
        let keys = keys(tx, &waiting).await?;
        let first = leaves::size(tx).await?;
        let size = u64::try_from(first).map_err(|_| BAD_SIZE)?;
        let held = nodes::read(tx, &Frontier::needs(size)).await?;
        let mut frontier = Frontier::of(size, &held)?;
        let (mut seqs, mut events, mut bytes, mut completed) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for (logged, seq) in waiting.iter().zip(first..) {
            let leaf = leaf(logged, seq, &keys)?.to_bytes();
            completed.extend(frontier.push(hash_leaf(&leaf)));
            seqs.push(seq);
            events.push(logged.id);
            bytes.push(leaf);
        }
        leaves::insert(tx, &seqs, &events, &bytes).await?;
        nodes::insert(tx, &completed).await?;
        log::place(tx, &events, &seqs).await?;
        Ok(Appended::Leaves(waiting.len()))
    }
}

const BAD_SIZE: StorageError = StorageError::Inconsistent { table: "audit.leaf", what: "seq" };
const NO_KEY: StorageError =
    StorageError::Inconsistent { table: "audit.subject_key", what: "a key that was just made" };

async fn keys(tx: &mut Tx, waiting: &[Logged]) -> Result<HashMap<Uuid, Vec<u8>>, StorageError> {
    let concerned: BTreeSet<Uuid> = waiting.iter().flat_map(|logged| logged.consultations.iter().copied()).collect();
    let concerned: Vec<Uuid> = concerned.into_iter().collect();
    Ok(leaves::keys(tx, &concerned).await?.into_iter().collect())
}

fn leaf(logged: &Logged, seq: i64, keys: &HashMap<Uuid, Vec<u8>>) -> Result<LeafV1, StorageError> {
    let mut subject = Vec::with_capacity(logged.consultations.len());
    for consultation in &logged.consultations {
        let key = keys.get(consultation).ok_or(NO_KEY)?;
        subject.push(commitment(key, ConsultationId::new(*consultation)));
    }
    Ok(LeafV1 {
        seq: u64::try_from(seq).map_err(|_| BAD_SIZE)?,
        event: logged.id.as_bytes().to_vec(),
        request_id: logged.request_id.clone(),
        recorded_at: micros(logged.at),
        actor: logged.actor.clone(),
        role: logged.actor_role.clone(),
        organisation: logged.organisation_ods.clone(),
        on_behalf_of: logged.on_behalf_of_ods.clone(),
        action: logged.action.clone(),
        outcome: logged.outcome.clone(),
        subject,
        schema: SCHEMA,
    })
}

/// Microseconds since 1970, as leaves say times.
pub(super) fn micros(at: time::OffsetDateTime) -> i64 {
    i64::try_from(at.unix_timestamp_nanos() / 1000).unwrap_or(i64::MAX)
}

/// Gives up being the appender.
#[derive(Debug, Clone, Copy)]
pub struct Release(pub Uuid);

impl Work for Release {
    const NAME: &'static str = "release_appender";
    type Output = ();
    type Error = StorageError;

    async fn run(&self, tx: &mut Tx) -> Result<(), StorageError> {
        appender::release(tx, self.0).await
    }
}
