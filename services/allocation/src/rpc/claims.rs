//! Claims on the wire: the grant is signed after the commit and never stored; fences are pushed
//! after the commit and before the answer.

use ehub_auth::{Grant, GrantKind};
use ehub_calls::Call;
use ehub_clock::Timestamp;
use ehub_faults::Fault;
use ehub_identifiers::ConsultationId;
use ehub_postgres::Work;
use ehub_proto::{
    allocation::v1::{Claim, WorkItem},
    instant, timestamp,
};
use tonic::{Response, Status, metadata::MetadataValue};
use uuid::Uuid;

use crate::{
    domain::item::CustodyError,
    operations::{
        current_claim::CurrentClaim, held::ItemError, open_parked::OpenParked, release_claim::Parked,
        still_parked::StillParked,
    },
    peers::Fenced,
    rpc::{
        AllocationRpc,
        stored::{StoredClaim, StoredParked, parked},
    },
};

/// A response, marked when it was given before.
pub(crate) fn respond<M>(message: M, replayed: bool) -> Response<M> {
    let mut response = Response::new(message);
    if replayed {
        response.metadata_mut().insert("ehub-replayed", MetadataValue::from_static("true"));
    }
    response
}

/// What a grant is signed from.
pub(crate) struct ToSign<'a> {
    pub consultation: ConsultationId,
    pub organisation: &'a str,
    pub practice: &'a str,
    pub epoch: i64,
    pub until: Timestamp,
}

/// A recorded id that is none.
#[derive(Debug, thiserror::Error)]
#[error("a recorded answer holds an id that is none")]
struct BadRecord;

fn bad_record() -> Fault {
    Fault::internal(&BadRecord)
}

impl AllocationRpc {
    /// Runs a claim and signs its grant. A repeated call gets the remaining lease, or CLAIM_EXPIRED.
    pub(crate) async fn claim<W>(
        &self,
        call: Call,
        request_id: Uuid,
        work: W,
        render: fn(&W::Output) -> StoredClaim,
    ) -> Result<(Option<Claim>, bool), Status>
    where
        W: Work<Error = ItemError> + 'static,
        W::Output: Sync,
    {
        let rpc = self.clone();
        let act = async move {
            let (stored, replayed) = rpc.0.calls.mutate_here(&call, Some(request_id), &work, render).await?;
            match rpc.signed(&call, stored, replayed).await {
                Ok(claim) => Ok((claim, replayed)),
                Err(fault) => Err(rpc.0.calls.refuse_mutation(call, request_id, fault).await),
            }
        };
        self.0.calls.detached(act).await
    }

    async fn signed(&self, call: &Call, stored: StoredClaim, replayed: bool) -> Result<Option<Claim>, Fault> {
        let Some(mut claim) = stored.claim else { return Ok(None) };
        let consultation = ConsultationId::parse(&stored.consultation).map_err(|_| bad_record())?;
        let until = if replayed {
            let current = CurrentClaim { subject: call.caller.subject.clone(), consultation, epoch: claim.epoch };
            match self.0.calls.db().run(&call.scope(), &current).await {
                Ok(until) => until,
                // Whatever became of it since, this claim is over.
                Err(ItemError::Custody(_) | ItemError::NotFound) => return Err(CustodyError::Expired.into()),
                Err(error) => return Err(error.into()),
            }
        } else {
            claim.expire_time.as_ref().and_then(instant).ok_or_else(bad_record)?
        };
        claim.expire_time = Some(timestamp(until));
        let (organisation, practice) = (stored.organisation.as_str(), stored.practice.as_str());
        claim.grant = self.sign(call, &ToSign { consultation, organisation, practice, epoch: claim.epoch, until })?;
        Ok(Some(claim))
    }

    /// Signs a grant that ends no later than the lease.
    pub(crate) fn sign(&self, call: &Call, to_sign: &ToSign<'_>) -> Result<String, Fault> {
        let uuid = |text: &str| Uuid::parse_str(text).map_err(|_| bad_record());
        let grant = Grant {
            consultation: to_sign.consultation.uuid(),
            epoch: to_sign.epoch,
            kind: GrantKind::Act,
            subject: call.caller.subject.clone(),
            organisation: uuid(to_sign.organisation)?,
            practice: uuid(to_sign.practice)?,
            expires_at: to_sign.until,
            incarnation: to_sign.epoch >> 32,
        };
        Ok(self.0.signer.sign(&grant, self.0.calls.db().clock().now()))
    }

    /// Ends a claim before its time and tells every guard before answering. A repeated call tells
    /// them again, unless that is no longer needed: it never says less than the first did.
    pub(crate) async fn park<W>(
        &self,
        call: Call,
        request_id: Uuid,
        work: W,
    ) -> Result<(Option<WorkItem>, bool, bool), Status>
    where
        W: Work<Output = Parked, Error = ItemError> + 'static,
    {
        let rpc = self.clone();
        let act = async move {
            let (stored, replayed): (StoredParked, bool) =
                rpc.0.calls.mutate_here(&call, Some(request_id), &work, parked).await?;
            let settled = replayed && !rpc.waits(&call, &stored).await?;
            let fenced = settled || rpc.fence(&call, &stored).await? == Fenced::Everywhere;
            Ok((stored.item, fenced, replayed))
        };
        self.0.calls.detached(act).await
    }

    async fn waits(&self, call: &Call, stored: &StoredParked) -> Result<bool, Status> {
        let consultation = ConsultationId::parse(&stored.consultation).map_err(|_| bad_record())?;
        let look = StillParked { consultation, epoch: stored.epoch };
        Ok(self.0.calls.db().run(&call.scope(), &look).await.map_err(Fault::from)?)
    }

    async fn fence(&self, call: &Call, stored: &StoredParked) -> Result<Fenced, Status> {
        let consultation = ConsultationId::parse(&stored.consultation).map_err(|_| bad_record())?;
        let fenced = self.0.guards.fence(&[(consultation, stored.epoch)]).await;
        if fenced == Fenced::Everywhere {
            let open = OpenParked { consultation, epoch: stored.epoch };
            // The claim has ended either way; if this fails, the item waits as if not fenced.
            if let Err(error) = self.0.calls.db().run(&call.scope(), &open).await {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "a fenced item still waits for its old grant to expire"
                );
            }
        }
        Ok(fenced)
    }
}
