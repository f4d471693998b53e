//! What audit answers: `AuditService` on the public port, `EventSink` on the internal one.

mod decode;
pub mod event_sink;
mod faults;
mod parse;
mod render;

use ehub_calls::{Call, Calls};
use ehub_faults::Fault;
use ehub_proto::audit::v1::{
    ExportLeavesRequest, ExportLeavesResponse, GetCheckpointRequest, GetCheckpointResponse, GetConsistencyProofRequest,
    GetConsistencyProofResponse, GetInclusionProofRequest, GetInclusionProofResponse, GetNoLossRequest,
    GetNoLossResponse, GetTimelineRequest, GetTimelineResponse, audit_service_server::AuditService,
};
use tonic::{Request, Response, Status};

use crate::operations::{
    conclude::Prover,
    get_checkpoint::GetCheckpoint,
    read_no_loss::{self, ReadNoLoss},
};

/// Implements `ehub.audit.v1.AuditService`.
#[derive(Debug, Clone)]
pub struct AuditRpc {
    calls: Calls,
    prover: Prover,
    verifier_key: String,
}

impl AuditRpc {
    /// The RPCs, with the published key of the log and what computes a proof of no loss on demand.
    pub fn new(calls: Calls, prover: Prover, verifier_key: String) -> Self {
        Self { calls, prover, verifier_key }
    }

    /// The newest proof, computed first when asked to, or when there is none.
    async fn no_loss(self, call: Call, refresh: bool) -> Result<Response<GetNoLossResponse>, Status> {
        let calls = self.calls.clone();
        let act = async move {
            let known = self.calls.db().run(&call.scope(), &ReadNoLoss).await;
            if (refresh || matches!(known, Err(read_no_loss::Error::NotYet)))
                && let Err(error) = self.prover.prove().await
            {
                return Err(ehub_calls::storage_fault(&error).into_status());
            }
            let (answer, _) = self.calls.mutate_here(&call, None, &ReadNoLoss, render::no_loss).await?;
            Ok(Response::new(answer))
        };
        calls.detached(act).await
    }
}

#[tonic::async_trait]
impl AuditService for AuditRpc {
    async fn get_checkpoint(
        &self,
        request: Request<GetCheckpointRequest>,
    ) -> Result<Response<GetCheckpointResponse>, Status> {
        let (call, _) = Call::of("ehub.audit.v1.AuditService/GetCheckpoint", request).map_err(Fault::into_status)?;
        let operation = GetCheckpoint { verifier_key: self.verifier_key.clone() };
        self.calls.read(call, operation, render::checkpoint).await
    }

    async fn get_inclusion_proof(
        &self,
        request: Request<GetInclusionProofRequest>,
    ) -> Result<Response<GetInclusionProofResponse>, Status> {
        let (call, request) =
            Call::of("ehub.audit.v1.AuditService/GetInclusionProof", request).map_err(Fault::into_status)?;
        match parse::inclusion(&request) {
            Ok(operation) => self.calls.read(call, operation, render::inclusion).await,
            Err(fault) => Err(self.calls.refuse(call, fault).await),
        }
    }

    async fn get_consistency_proof(
        &self,
        request: Request<GetConsistencyProofRequest>,
    ) -> Result<Response<GetConsistencyProofResponse>, Status> {
        let (call, request) =
            Call::of("ehub.audit.v1.AuditService/GetConsistencyProof", request).map_err(Fault::into_status)?;
        match parse::consistency(&request) {
            Ok(operation) => self.calls.read(call, operation, render::consistency).await,
            Err(fault) => Err(self.calls.refuse(call, fault).await),
        }
    }

    async fn export_leaves(
        &self,
        request: Request<ExportLeavesRequest>,
    ) -> Result<Response<ExportLeavesResponse>, Status> {
        let (call, request) =
            Call::of("ehub.audit.v1.AuditService/ExportLeaves", request).map_err(Fault::into_status)?;
        match parse::export(&request) {
            Ok(operation) => self.calls.read(call, operation, render::leaves).await,
            Err(fault) => Err(self.calls.refuse(call, fault).await),
        }
    }

    async fn get_timeline(
        &self,
        request: Request<GetTimelineRequest>,
    ) -> Result<Response<GetTimelineResponse>, Status> {
        let (call, request) =
            Call::of("ehub.audit.v1.AuditService/GetTimeline", request).map_err(Fault::into_status)?;
        match parse::timeline(&call, &request) {
            Ok(operation) => self.calls.read(call, operation, render::timeline).await,
            Err(fault) => Err(self.calls.refuse(call, fault).await),
        }
    }

    async fn get_no_loss(&self, request: Request<GetNoLossRequest>) -> Result<Response<GetNoLossResponse>, Status> {
        let (call, request) = Call::of("ehub.audit.v1.AuditService/GetNoLoss", request).map_err(Fault::into_status)?;
        self.clone().no_loss(call, request.refresh).await
    }
}
