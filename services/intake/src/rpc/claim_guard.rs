//! ClaimGuard for allocation. Intake has no open actions: it seals, or says that the claim is over.

use ehub_calls::Calls;
use ehub_faults::{Fault, Fields};
use ehub_identifiers::ConsultationId;
use ehub_postgres::{Scope, Work};
use ehub_proto::internal::v1::{
    FenceRequest, FenceResponse, SealRequest, SealResponse, claim_guard_server::ClaimGuard,
};
use tonic::{Request, Response, Status};

use crate::operations::fence::{RaiseFence, Seal};

/// Most claims of one call (contract of ClaimGuard.Fence).
const MOST: usize = 500;

/// The guard.
#[derive(Debug)]
pub struct Guard(pub Calls);

#[tonic::async_trait]
impl ClaimGuard for Guard {
    async fn seal(&self, request: Request<SealRequest>) -> Result<Response<SealResponse>, Status> {
        let request = request.into_inner();
        let mut fields = Fields::new();
        let consultation = fields.check("consultation", ConsultationId::parse(&request.consultation));
        let consultation = fields.into_result(consultation)?;
        ehub_telemetry::record_consultation(consultation.uuid());
        self.run(Seal { consultation: consultation.uuid(), epoch: request.epoch }).await?;
        Ok(Response::new(SealResponse { open_actions: Vec::new(), items: Vec::new() }))
    }

    async fn fence(&self, request: Request<FenceRequest>) -> Result<Response<FenceResponse>, Status> {
        let request = request.into_inner();
        let mut fields = Fields::new();
        if request.claims.len() > MOST {
            fields.wrong("claims", "must be at most 500");
        }
        let mut claims = Vec::with_capacity(request.claims.len());
        for (at, claim) in request.claims.iter().enumerate() {
            let path = format!("claims[{at}].consultation");
            if let Some(id) = fields.check(path.as_str(), ConsultationId::parse(&claim.consultation)) {
                claims.push((id.uuid(), claim.epoch));
            }
        }
        fields.finish()?;
        self.run(RaiseFence(claims)).await?;
        Ok(Response::new(FenceResponse {}))
    }
}

impl Guard {
    /// In a task of its own: allocation going away must not leave a fence half raised.
    async fn run<W>(&self, work: W) -> Result<W::Output, Status>
    where
        W: Work + 'static,
        W::Error: Into<Fault>,
    {
        let db = self.0.db().clone();
        let act = async move { db.run(&Scope::service(), &work).await.map_err(|error| Status::from(error.into())) };
        self.0.detached(act).await
    }
}
