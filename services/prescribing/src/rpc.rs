//! The service as it is called: each RPC parses, operates, renders.

mod claim_guard;
mod event_sink;
mod faults;
mod issue;
mod parse;
mod prepare;
mod raise;
mod render;

use std::{sync::Arc, time::Duration};

use ehub_calls::{Call, Calls};
use ehub_postgres::{IdempotencyKey, PageTokens};
use ehub_proto::prescribing::v1::{
    GetPrescriptionRequest, GetPrescriptionResponse, IssuePrescriptionRequest, IssuePrescriptionResponse,
    ListCostCentresRequest, ListCostCentresResponse, ListPrescriptionsRequest, ListPrescriptionsResponse,
    PreparePrescriptionRequest, PreparePrescriptionResponse, PutCostCentreRequest, PutCostCentreResponse,
    PutMembershipRequest, PutMembershipResponse, RaisePrescriptionRequest, RaisePrescriptionResponse,
    SignPrescriptionRequest, SignPrescriptionResponse, VoidPrescriptionRequest, VoidPrescriptionResponse,
    prescribing_service_server::PrescribingService,
};
use tonic::{Request, Response, Status};
use uuid::Uuid;

use crate::{
    config::Live,
    operations::{send_order::Sender, sign_prescription::SigningRules},
    patient_key::PatientKey,
    peers::PatientSource,
};

pub use claim_guard::Guard;
pub use event_sink::Facts;

/// The trailer of an answer that was given before.
const REPLAYED: &str = "ehub-replayed";

/// What the calls run on.
#[derive(Debug, Clone)]
pub struct Rpc {
    /// Runs calls.
    pub calls: Calls,
    /// Seals page tokens.
    pub pages: Arc<PageTokens>,
    /// Who consultations are for.
    pub patients: Arc<dyn PatientSource>,
    /// Hashes NHS numbers.
    pub patient_key: PatientKey,
    /// Sends orders, on the pool that serves calls.
    pub sender: Sender,
    /// What holds for every signature.
    pub signing: SigningRules,
    /// How long a prescription may wait for a signature.
    pub sign_within: Duration,
    /// How long an issue waits for EPS.
    pub answer_within: Duration,
    /// Whether this is live care, where test patients get nothing.
    pub live: Live,
}

impl Rpc {
    /// The intent of a call, as its record is found.
    fn key(call: &Call, request_id: Uuid) -> IdempotencyKey {
        IdempotencyKey {
            client: call.caller.client.clone(),
            subject: call.caller.subject.clone(),
            method: call.method,
            request_id,
        }
    }
}

/// The response of an answer, marked when it was given before.
fn respond<M>((answer, replayed): (M, bool)) -> Response<M> {
    let mut response = Response::new(answer);
    if replayed {
        response.metadata_mut().insert(REPLAYED, tonic::metadata::MetadataValue::from_static("true"));
    }
    response
}

#[tonic::async_trait]
impl PrescribingService for Rpc {
    async fn raise_prescription(
        &self,
        request: Request<RaisePrescriptionRequest>,
    ) -> Result<Response<RaisePrescriptionResponse>, Status> {
        let (call, request) = Call::of("ehub.prescribing.v1.PrescribingService/RaisePrescription", request)?;
        match parse::raise(&call, &request, self.sign_within) {
            Ok((request_id, raise)) => self.raise(call, request_id, raise).await,
            Err(fault) => Err(self.calls.refuse(call, fault).await),
        }
    }

    async fn prepare_prescription(
        &self,
        request: Request<PreparePrescriptionRequest>,
    ) -> Result<Response<PreparePrescriptionResponse>, Status> {
        let (call, request) = Call::of("ehub.prescribing.v1.PrescribingService/PreparePrescription", request)?;
        match parse::prepare(&call, request) {
            Ok((request_id, prepare)) => self.prepare(call, request_id, prepare).await,
            Err(fault) => Err(self.calls.refuse(call, fault).await),
        }
    }

    async fn sign_prescription(
        &self,
        request: Request<SignPrescriptionRequest>,
    ) -> Result<Response<SignPrescriptionResponse>, Status> {
        let (call, request) = Call::of("ehub.prescribing.v1.PrescribingService/SignPrescription", request)?;
        match parse::sign(&call, request, self.signing.clone(), self.calls.db().clock().now()) {
            Ok((request_id, sign)) => self.calls.mutate(call, request_id, sign, render::signed).await,
            Err(fault) => Err(self.calls.refuse(call, fault).await),
        }
    }

    async fn issue_prescription(
        &self,
        request: Request<IssuePrescriptionRequest>,
    ) -> Result<Response<IssuePrescriptionResponse>, Status> {
        let (call, request) = Call::of("ehub.prescribing.v1.PrescribingService/IssuePrescription", request)?;
        match parse::issue(&call, request, self.sender.backoff.hold) {
            Ok((request_id, issue)) => self.issue(call, request_id, issue).await,
            Err(fault) => Err(self.calls.refuse(call, fault).await),
        }
    }

    async fn void_prescription(
        &self,
        request: Request<VoidPrescriptionRequest>,
    ) -> Result<Response<VoidPrescriptionResponse>, Status> {
        let (call, request) = Call::of("ehub.prescribing.v1.PrescribingService/VoidPrescription", request)?;
        match parse::void(&call, request) {
            Ok((request_id, void)) => self.calls.mutate(call, request_id, void, render::voided).await,
            Err(fault) => Err(self.calls.refuse(call, fault).await),
        }
    }

    async fn get_prescription(
        &self,
        request: Request<GetPrescriptionRequest>,
    ) -> Result<Response<GetPrescriptionResponse>, Status> {
        let (call, request) = Call::of("ehub.prescribing.v1.PrescribingService/GetPrescription", request)?;
        match parse::get(&call, &request) {
            Ok(get) => self.calls.read(call, get, render::got).await,
            Err(fault) => Err(self.calls.refuse(call, fault).await),
        }
    }

    async fn list_prescriptions(
        &self,
        request: Request<ListPrescriptionsRequest>,
    ) -> Result<Response<ListPrescriptionsResponse>, Status> {
        let (call, request) = Call::of("ehub.prescribing.v1.PrescribingService/ListPrescriptions", request)?;
        match parse::list(&call, &request, &self.pages) {
            Ok(list) => self.calls.read(call, list, render::listed).await,
            Err(fault) => Err(self.calls.refuse(call, fault).await),
        }
    }

    async fn put_cost_centre(
        &self,
        request: Request<PutCostCentreRequest>,
    ) -> Result<Response<PutCostCentreResponse>, Status> {
        let (call, request) = Call::of("ehub.prescribing.v1.PrescribingService/PutCostCentre", request)?;
        match parse::put_cost_centre(&call, request) {
            Ok((request_id, put)) => self.calls.mutate(call, request_id, put, render::cost_centre_put).await,
            Err(fault) => Err(self.calls.refuse(call, fault).await),
        }
    }

    async fn put_membership(
        &self,
        request: Request<PutMembershipRequest>,
    ) -> Result<Response<PutMembershipResponse>, Status> {
        let (call, request) = Call::of("ehub.prescribing.v1.PrescribingService/PutMembership", request)?;
        match parse::put_membership(request) {
            Ok((request_id, put)) => self.calls.mutate(call, request_id, put, render::membership_put).await,
            Err(fault) => Err(self.calls.refuse(call, fault).await),
        }
    }

    async fn list_cost_centres(
        &self,
        request: Request<ListCostCentresRequest>,
    ) -> Result<Response<ListCostCentresResponse>, Status> {
        let (call, request) = Call::of("ehub.prescribing.v1.PrescribingService/ListCostCentres", request)?;
        match parse::list_cost_centres(&call, &request, &self.pages) {
            Ok(list) => self.calls.read(call, list, render::cost_centres).await,
            Err(fault) => Err(self.calls.refuse(call, fault).await),
        }
    }
}
