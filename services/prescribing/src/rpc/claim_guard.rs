//! ClaimGuard: what allocation asks and tells, on the internal port.

use ehub_faults::{Code, Fault, Fields};
use ehub_identifiers::ConsultationId;
use ehub_postgres::{Db, Scope, StorageError, Work};
use ehub_proto::internal::v1::{
    FenceRequest, FenceResponse, ManifestItem, OpenAction, SealRequest, SealResponse, claim_guard_server::ClaimGuard,
};
use tonic::{Request, Response, Status};
use tracing::Instrument;

use crate::operations::guard_claims::{PendingSignature, RaiseFences, Seal, Sealed};

/// The most claims one Fence names.
const MAX_CLAIMS: usize = 500;

/// Serves `ehub.internal.v1.ClaimGuard`.
#[derive(Debug, Clone)]
pub struct Guard(pub Db);

impl Guard {
    /// In a task of its own: a caller who goes away never drops a transaction half way.
    async fn run<W>(&self, work: W) -> Result<W::Output, Status>
    where
        W: Work<Error = StorageError> + 'static,
        W::Output: 'static,
    {
        let db = self.0.clone();
        let scope = Scope::service().traced(ehub_telemetry::current_traceparent());
        let task = tokio::spawn(async move { db.run(&scope, &work).await }.in_current_span());
        match task.await {
            Ok(Ok(done)) => Ok(done),
            Ok(Err(error)) => Err(ehub_calls::storage_fault(&error).into()),
            Err(_) => Err(ehub_calls::stopping().into()),
        }
    }
}

#[tonic::async_trait]
impl ClaimGuard for Guard {
    async fn seal(&self, request: Request<SealRequest>) -> Result<Response<SealResponse>, Status> {
        let request = request.into_inner();
        let mut fields = Fields::new();
        let consultation = fields.check("consultation", ConsultationId::parse(&request.consultation));
        let consultation = fields.into_result(consultation)?;
        ehub_telemetry::record_consultation(consultation.uuid());
        let pending_signature =
            if request.pending_signature { PendingSignature::NotSigned } else { PendingSignature::NotIssued };
        let seal = Seal { consultation: consultation.uuid(), epoch: request.epoch, pending_signature };
        let response = match self.run(seal).await? {
            Sealed::Open(actions) => SealResponse {
                open_actions: actions
                    .into_iter()
                    .map(|(subject, kind)| OpenAction { subject, kind: kind.to_owned() })
                    .collect(),
                items: Vec::new(),
            },
            Sealed::Closed(items) => SealResponse {
                open_actions: Vec::new(),
                items: items.into_iter().map(|(name, version)| ManifestItem { name, version }).collect(),
            },
            Sealed::Superseded => {
                return Err(Fault::new(
                    Code::FailedPrecondition,
                    "auth.ehub",
                    "CLAIM_SUPERSEDED",
                    "the claim is over: claim the consultation again",
                )
                .into());
            }
        };
        Ok(Response::new(response))
    }

    async fn fence(&self, request: Request<FenceRequest>) -> Result<Response<FenceResponse>, Status> {
        let request = request.into_inner();
        let mut fields = Fields::new();
        if request.claims.len() > MAX_CLAIMS {
            fields.wrong("claims", "must be at most 500");
        }
        let mut claims = Vec::with_capacity(request.claims.len());
        for (at, claim) in request.claims.iter().enumerate() {
            let path = ehub_faults::FieldPath::from("claims").index(at).field("consultation");
            if let Some(id) = fields.check(path, ConsultationId::parse(&claim.consultation)) {
                claims.push((id.uuid(), claim.epoch));
            }
        }
        fields.finish()?;
        self.run(RaiseFences(claims)).await?;
        Ok(Response::new(FenceResponse {}))
    }
}
