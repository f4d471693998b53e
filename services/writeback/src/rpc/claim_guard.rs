//! Serves allocation: seals and fences claims.

use ehub_calls::Calls;
use ehub_faults::{Fault, Fields};
use ehub_identifiers::ConsultationId;
use ehub_postgres::Scope;
use ehub_proto::internal::v1::{
    FenceRequest, FenceResponse, ManifestItem, OpenAction, SealRequest, SealResponse, claim_guard_server::ClaimGuard,
};
use tonic::{Request, Response, Status};
use uuid::Uuid;

use crate::operations::{
    fence_claims::FenceClaims,
    seal_claim::{OutcomeKind, SealClaim, Sealed},
};

/// How many claims one call may fence.
const MAX_CLAIMS: usize = 500;

/// Implements `ehub.internal.v1.ClaimGuard`.
#[derive(Debug, Clone)]
pub struct Guard {
    calls: Calls,
}

impl Guard {
    /// On the pool that serves calls.
    pub fn new(calls: Calls) -> Self {
        Self { calls }
    }
}

#[tonic::async_trait]
impl ClaimGuard for Guard {
    async fn seal(&self, request: Request<SealRequest>) -> Result<Response<SealResponse>, Status> {
        let seal = parse_seal(&request.into_inner())?;
        ehub_telemetry::record_consultation(seal.consultation.uuid());
        let db = self.calls.db().clone();
        let act = async move {
            let sealed = db.run(&Scope::service(), &seal).await.map_err(|error| Status::from(Fault::from(error)))?;
            Ok(render(&seal, sealed))
        };
        self.calls.detached(act).await.map(Response::new)
    }

    async fn fence(&self, request: Request<FenceRequest>) -> Result<Response<FenceResponse>, Status> {
        let fence = parse_fence(&request.into_inner())?;
        let db = self.calls.db().clone();
        let act = async move {
            let done = db.run(&Scope::service(), &fence).await;
            done.map_err(|error| Status::from(ehub_calls::storage_fault(&error)))?;
            Ok(FenceResponse {})
        };
        self.calls.detached(act).await.map(Response::new)
    }
}

fn parse_seal(request: &SealRequest) -> Result<SealClaim, Fault> {
    let mut fields = Fields::new();
    let consultation = fields.check("consultation", ConsultationId::parse(&request.consultation));
    if request.epoch <= 0 {
        fields.wrong("epoch", "must be greater than zero");
    }
    let outcome = if request.clinical_outcome { OutcomeKind::Clinical } else { OutcomeKind::Other };
    fields.into_result(consultation.map(|consultation| SealClaim { consultation, epoch: request.epoch, outcome }))
}

fn parse_fence(request: &FenceRequest) -> Result<FenceClaims, Fault> {
    let mut fields = Fields::new();
    if request.claims.len() > MAX_CLAIMS {
        fields.wrong("claims", format!("must have at most {MAX_CLAIMS} members"));
    }
    let claims: Vec<Option<(Uuid, i64)>> = request
        .claims
        .iter()
        .enumerate()
        .map(|(index, claim)| {
            let path = format!("claims[{index}].consultation");
            let id = fields.check(path.as_str(), ConsultationId::parse(&claim.consultation))?;
            Some((id.uuid(), claim.epoch))
        })
        .collect();
    fields.into_result(claims.into_iter().collect::<Option<Vec<_>>>().map(FenceClaims))
}

fn render(seal: &SealClaim, sealed: Sealed) -> SealResponse {
    match sealed {
        Sealed::EntryMissing => SealResponse {
            open_actions: vec![OpenAction { subject: seal.consultation.name(), kind: "ENTRY_MISSING".to_owned() }],
            items: Vec::new(),
        },
        Sealed::Items(items) => SealResponse {
            open_actions: Vec::new(),
            items: items.into_iter().map(|(id, version)| ManifestItem { name: id.name(), version }).collect(),
        },
    }
}
