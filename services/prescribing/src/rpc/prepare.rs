//! PreparePrescription in its steps: may it be prepared, for whom, what does EPS give, keep it.

use ehub_calls::Call;
use ehub_faults::Fault;
use ehub_proto::prescribing::v1::PreparePrescriptionResponse;
use tonic::{Response, Status};
use uuid::{Builder, Uuid};

use super::{Rpc, render, respond};
use crate::{
    config::Live,
    eps::{OrderOf, prepare_bytes},
    operations::prepare_prescription::{CheckPrepare, Given, Prepare, StorePrepared, ToPrepare},
    peers::TraceError,
};

impl Rpc {
    /// Gets a digest to sign. Demographics and EPS are asked outside any transaction.
    pub(super) async fn prepare(
        &self,
        call: Call,
        request_id: Uuid,
        prepare: Prepare,
    ) -> Result<Response<PreparePrescriptionResponse>, Status> {
        let rpc = self.clone();
        let act = async move {
            let key = Self::key(&call, request_id);
            // In turn: while the same request is at work in another task, it is not judged by what that leaves behind.
            let scope = key.in_turn(call.scope());
            let check = CheckPrepare { prepare: &prepare, key };
            let given = match rpc.calls.db().run(&scope, &check).await {
                Ok(None) => None,
                Ok(Some(what)) => match rpc.ask_eps(what).await {
                    Ok(given) => Some(given),
                    Err(fault) => return Err(rpc.calls.refuse_mutation(call, request_id, fault).await),
                },
                Err(error) => return Err(rpc.calls.refuse_mutation(call, request_id, Fault::from(error)).await),
            };
            let work = StorePrepared { prepare, given };
            rpc.calls.mutate_here(&call, Some(request_id), &work, render::prepared).await
        };
        self.calls.detached(act).await.map(respond)
    }

    async fn ask_eps(&self, what: ToPrepare) -> Result<Given, Fault> {
        let patient = self.patients.trace(what.prescription.consultation).await?;
        if self.live == Live::Yes && patient.nhs_number.is_test() {
            return Err(TraceError::NotVerified("TEST_PATIENT").into());
        }
        let clock = self.calls.db().clock();
        let order = prepare_bytes(&OrderOf {
            prescription: &what.prescription,
            cost_centre: &what.cost_centre,
            prescriber: &what.prescriber,
            patient: &patient,
            message_id: clock.uuid_v7(),
            endpoint: self.sender.eps.endpoint(),
        });
        let request = Builder::from_random_bytes(clock.random::<16>()).into_uuid();
        let answer = self.sender.eps.prepare(order.clone(), &what.prescriber.sds_role_profile_id, request).await?;
        Ok(Given { order, answer })
    }
}
