//! RaisePrescription in its steps: may it be raised, for whom, raise it.

use ehub_calls::Call;
use ehub_faults::Fault;
use ehub_proto::prescribing::v1::RaisePrescriptionResponse;
use tonic::{Response, Status};
use uuid::Uuid;

use super::{Rpc, render, respond};
use crate::operations::raise_prescription::{CheckRaise, Raise, RaiseForPatient};

impl Rpc {
    /// Raises a prescription. The patient is traced outside any transaction.
    pub(super) async fn raise(
        &self,
        call: Call,
        request_id: Uuid,
        raise: Raise,
    ) -> Result<Response<RaisePrescriptionResponse>, Status> {
        let rpc = self.clone();
        let act = async move {
            let key = Self::key(&call, request_id);
            // In turn: while the same request is at work in another task, it is not judged by what that leaves behind.
            let scope = key.in_turn(call.scope());
            let check = CheckRaise { raise: &raise, key };
            let patient = match rpc.calls.db().run(&scope, &check).await {
                Ok(false) => None,
                Ok(true) => match rpc.patients.trace(raise.consultation).await {
                    Ok(traced) => Some(rpc.patient_key.hash(&traced.nhs_number)),
                    Err(error) => return Err(rpc.calls.refuse_mutation(call, request_id, error.into()).await),
                },
                Err(error) => return Err(rpc.calls.refuse_mutation(call, request_id, Fault::from(error)).await),
            };
            let work = RaiseForPatient { raise, patient };
            rpc.calls.mutate_here(&call, Some(request_id), &work, render::raised).await
        };
        self.calls.detached(act).await.map(respond)
    }
}
