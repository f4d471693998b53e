//! Complete, over several transactions and three services: check, ask everybody to seal, close.
//! A crash between sealing and closing leaves nothing but sealed epochs; the repeated call seals them
//! again and closes.

use ehub_calls::Call;
use ehub_faults::Fault;
use ehub_identifiers::ConsultationId;
use ehub_postgres::IdempotencyKey;
use ehub_proto::{allocation::v1::CompleteResponse, timestamp};
use tonic::Status;
use uuid::Uuid;

use crate::{
    domain::closing::{Closing, OpenAction},
    operations::{
        check_completion::{CheckCompletion, Next},
        complete::{Complete, Completed},
        held::{Actor, ItemError},
        supersede_claim::SupersedeClaim,
    },
    rpc::{AllocationRpc, claims::ToSign, faults},
};

/// What was asked for.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub actor: Actor,
    pub consultation: ConsultationId,
    pub closing: Closing,
}

fn completed(completed: &Completed) -> CompleteResponse {
    CompleteResponse {
        complete_time: Some(timestamp(completed.at)),
        manifest: completed.manifest.iter().map(|entry| entry.name.clone()).collect(),
    }
}

impl AllocationRpc {
    /// Closes a consultation; gives the answer and whether it was given before.
    pub(crate) async fn close(
        &self,
        call: Call,
        request_id: Uuid,
        asked: Asked,
    ) -> Result<(CompleteResponse, bool), Status> {
        let rpc = self.clone();
        let act = async move {
            let manifest = match rpc.sealed(&call, request_id, &asked).await {
                Ok(manifest) => manifest,
                Err(fault) => return Err(rpc.0.calls.refuse_mutation(call, request_id, fault).await),
            };
            let Asked { actor, consultation, closing } = asked;
            let work = Complete { actor, consultation, closing, manifest };
            rpc.0.calls.mutate_here(&call, Some(request_id), &work, completed).await
        };
        self.0.calls.detached(act).await
    }

    /// The closing manifest, once every guard has sealed the epoch; empty for a replay, which does
    /// not look at it.
    async fn sealed(
        &self,
        call: &Call,
        request_id: Uuid,
        asked: &Asked,
    ) -> Result<Vec<crate::domain::closing::ManifestEntry>, Fault> {
        let key = IdempotencyKey {
            client: call.caller.client.clone(),
            subject: call.caller.subject.clone(),
            method: call.method,
            request_id,
        };
        // In turn: while the same request is closing it in another task, it is not judged by what it leaves behind.
        let scope = key.in_turn(call.scope());
        let check = CheckCompletion {
            actor: asked.actor.clone(),
            consultation: asked.consultation,
            closing: asked.closing.clone(),
            key,
        };
        let epoch = match self.0.calls.db().run(&scope, &check).await? {
            Next::Replay => return Ok(Vec::new()),
            Next::Seal(epoch) => epoch,
        };
        let sealing = self.0.guards.seal(asked.consultation, epoch, asked.closing.outcome.is_clinical()).await?;
        if sealing.open.is_empty() {
            return Ok(sealing.items);
        }
        Err(self.reopen(call, asked, &sealing.open).await.unwrap_or_else(Fault::from))
    }

    /// The refusal that lists what is open, with a grant of the next epoch: guards that had nothing
    /// open have sealed the old one.
    async fn reopen(&self, call: &Call, asked: &Asked, open: &[OpenAction]) -> Result<Fault, ItemError> {
        let work =
            SupersedeClaim { actor: asked.actor.clone(), consultation: asked.consultation, safe: asked.closing.safe };
        let claimed = self.0.calls.db().run(&call.scope(), &work).await?;
        let item = &claimed.view.item;
        // Told at once so that the old grant is over everywhere; one that cannot be told learns it
        // from the first act under the new one.
        self.0.guards.fence(&[(item.consultation, item.epoch)]).await;
        let (organisation, practice) = (claimed.lease.organisation.to_string(), item.practice.org.to_string());
        let to_sign = ToSign {
            consultation: item.consultation,
            organisation: &organisation,
            practice: &practice,
            epoch: item.epoch,
            until: claimed.lease.until,
        };
        Ok(self.sign(call, &to_sign).map_or_else(|fault| fault, |grant| faults::open_actions(open, grant)))
    }
}
