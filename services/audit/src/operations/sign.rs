//! Signs the tree, after reading back everything the signature will vouch for.
//!
//! A log that signs a root it has not recomputed from stored bytes may sign a flipped bit for ever
//! (the Yeti log of 2022). So: the last signed root again from its own nodes, the new leaves from
//! their bytes, each beside the event it was made of, every node above them, and the consistency of
//! both roots by another implementation. What does not fit is not signed.

use std::sync::Arc;

use ehub_identifiers::ConsultationId;
use ehub_postgres::{StorageError, Tx, Work};
use sigstore_merkle::verify_consistency_proof;
use sigstore_types::Sha256Hash;
use uuid::Uuid;

use super::append::micros;
use crate::{
    leaf::{LeafV1, commitment},
    note::{Checkpoint, Signer},
    storage::{
        appender,
        checkpoints::{self, Signed},
        leaves::{self, Stored},
        nodes,
    },
    tree::{Frontier, Hash, Proof, hash_leaf},
};

/// How many leaves one signature newly vouches for at most.
const AT_ONCE: i64 = 1024;

/// Signs what was appended since the last checkpoint.
#[derive(Debug, Clone)]
pub struct Sign {
    /// Who appends.
    pub token: Uuid,
    /// How long it keeps the others out, in seconds.
    pub lease: f64,
    /// Which log.
    pub origin: String,
    /// The key.
    pub signer: Arc<Signer>,
}

/// What does not fit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Tampering {
    /// There are fewer leaves than were signed.
    #[error("{size} leaves are left of {signed} that were signed")]
    Truncated {
        /// Leaves there are.
        size: i64,
        /// Leaves that were signed.
        signed: i64,
    },
    /// The nodes of the last signed tree no longer make its root.
    #[error("the tree of {signed} leaves no longer has the root that was signed")]
    Rewritten {
        /// Leaves that were signed.
        signed: i64,
    },
    /// A leaf is missing, or at another place than it says.
    #[error("leaf {seq} is missing or says that it is another")]
    Leaf {
        /// Its place.
        seq: i64,
    },
    /// A leaf and the event beside it say different things.
    #[error("leaf {seq} and its event differ")]
    Event {
        /// Its place.
        seq: i64,
    },
    /// A stored node is not the hash of what is below it.
    #[error("a node of the tree is missing or wrong")]
    Node,
}

/// Why nothing was signed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Something does not fit: it is not signed, and a person must look.
    #[error("the log was tampered with")]
    Tampered(#[from] Tampering),
    /// Storage failed.
    #[error("storage failed")]
    Storage(#[from] StorageError),
}

impl Work for Sign {
    const NAME: &'static str = "sign_checkpoint";
    /// How many leaves are signed now and were not before; `None` when another is the appender.
    type Output = Option<i64>;
    type Error = Error;

    async fn run(&self, tx: &mut Tx) -> Result<Option<i64>, Error> {
        if !appender::lease(tx, self.token, self.lease).await? {
            return Ok(None);
        }
        let last = checkpoints::newest(tx).await?;
        let signed = last.as_ref().map_or(0, |last| last.size);
        let size = leaves::size(tx).await?;
        if size < signed {
            return Err(Tampering::Truncated { size, signed }.into());
        }
        if size == signed {
            return Ok(Some(0));
        }
        let mut frontier = signed_tree(tx, last.as_ref()).await?;
        let stored = leaves::beside_events(tx, signed, AT_ONCE).await?;
        let mut completed = Vec::new();
        for (leaf, seq) in stored.iter().zip(signed..) {
            check(leaf, seq)?;
            completed.extend(frontier.push(hash_leaf(&leaf.bytes)));
        }
        let ids: Vec<_> = completed.iter().map(|(id, _)| *id).collect();
        let held = nodes::read(tx, &ids).await?;
        if completed.iter().any(|(id, hash)| held.get(id) != Some(hash)) {
            return Err(Tampering::Node.into());
        }
        let root = frontier.root();
        if let Some(last) = &last {
            consistent(tx, last, frontier.size(), root).await?;
        }
        let checkpoint = Checkpoint { origin: self.origin.clone(), size: frontier.size(), root };
        let size = i64::try_from(frontier.size()).map_err(|_| Tampering::Node)?;
        checkpoints::insert(tx, &Signed { size, root, note: self.signer.sign(&checkpoint) }).await?;
        Ok(Some(size - signed))
    }
}

/// The frontier of the last signed tree, when its nodes still make the root that was signed.
async fn signed_tree(tx: &mut Tx, last: Option<&Signed>) -> Result<Frontier, Error> {
    let Some(last) = last else { return Ok(Frontier::empty()) };
    let rewritten = Tampering::Rewritten { signed: last.size };
    let size = u64::try_from(last.size).map_err(|_| rewritten.clone())?;
    let held = nodes::read(tx, &Frontier::needs(size)).await?;
    match Frontier::of(size, &held) {
        Ok(frontier) if frontier.root() == last.root => Ok(frontier),
        _ => Err(rewritten.into()),
    }
}

/// Checks a stored leaf against its place and the event it was made of.
fn check(stored: &Stored, seq: i64) -> Result<(), Tampering> {
    let said = LeafV1::from_bytes(&stored.bytes).map_err(|_| Tampering::Leaf { seq })?;
    if stored.seq != seq || i64::try_from(said.seq) != Ok(seq) || said.event != stored.event.as_bytes() {
        return Err(Tampering::Leaf { seq });
    }
    let same = |ours: &Option<String>, said: &str| ours.as_deref() == Some(said);
    let fits = stored.event_seq == Some(seq)
        && stored.at.map(micros) == Some(said.recorded_at)
        && same(&stored.request_id, &said.request_id)
        && same(&stored.actor, &said.actor)
        && same(&stored.actor_role, &said.role)
        && same(&stored.organisation_ods, &said.organisation)
        && same(&stored.on_behalf_of_ods, &said.on_behalf_of)
        && same(&stored.action, &said.action)
        && same(&stored.outcome, &said.outcome)
        && said.subject.len() == stored.consultations.len()
        && stored.consultations.iter().zip(&stored.keys).zip(&said.subject).all(|((consultation, key), said)| {
            // A destroyed key opens nothing any more; the tree still vouches for the bytes.
            key.as_ref().is_none_or(|key| commitment(key, ConsultationId::new(*consultation)) == *said)
        });
    if fits { Ok(()) } else { Err(Tampering::Event { seq }) }
}

/// Proves from stored nodes that the signed tree begins the new one, and has the proof verified by
/// code that did not make it.
async fn consistent(tx: &mut Tx, last: &Signed, size: u64, root: Hash) -> Result<(), Error> {
    let rewritten = || Tampering::Rewritten { signed: last.size };
    let first = u64::try_from(last.size).map_err(|_| rewritten())?;
    let proof = Proof::consistency(first, size).ok_or_else(rewritten)?;
    let held = nodes::read(tx, &proof.needs()).await?;
    let path: Vec<Sha256Hash> =
        proof.hashes(&held).map_err(|_| Tampering::Node)?.into_iter().map(Sha256Hash::new).collect();
    verify_consistency_proof(first, size, &path, &Sha256Hash::new(last.root), &Sha256Hash::new(root))
        .map_err(|_| rewritten())?;
    Ok(())
}
