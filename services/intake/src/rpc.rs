//! IntakeService: parse, operate, render.

pub mod claim_guard;
pub mod event_sink;
mod faults;
mod parse;
pub mod patients;
mod render;

use std::sync::Arc;

use ehub_calls::{Call, Calls, Pieces, in_pieces};
use ehub_faults::Fault;
use ehub_postgres::PageTokens;
use ehub_proto::intake::v1::{
    ConvertQuarantinedRequest, ConvertQuarantinedResponse, GetConsultationRequest, GetConsultationResponse,
    GetConsultationStatusRequest, GetConsultationStatusResponse, GetQuarantinedContentRequest,
    GetQuarantinedContentResponse, ListConsultationsRequest, ListConsultationsResponse, ListEnrolmentsRequest,
    ListEnrolmentsResponse, ListQuarantinedRequest, ListQuarantinedResponse, PutEnrolmentRequest, PutEnrolmentResponse,
    SubmitConsultationRequest, SubmitConsultationResponse, WithdrawConsultationRequest, WithdrawConsultationResponse,
    intake_service_server::IntakeService,
};
use tonic::{Request, Response, Status};

use crate::{
    domain::enrolment::DutyContacts,
    operations::{
        accept::Acceptor,
        status::{JudgeAttempt, ShowStatus, Verdict},
    },
};

/// The public service.
#[derive(Debug)]
pub struct IntakeRpc {
    /// Runs calls.
    pub calls: Calls,
    /// Seals page tokens.
    pub tokens: Arc<PageTokens>,
    /// How consultations are accepted.
    pub acceptor: Arc<Acceptor>,
    /// Which duty contacts an enrolment may name.
    pub duty_contacts: DutyContacts,
}

#[tonic::async_trait]
impl IntakeService for IntakeRpc {
    async fn submit_consultation(
        &self,
        request: Request<SubmitConsultationRequest>,
    ) -> Result<Response<SubmitConsultationResponse>, Status> {
        let (call, request) = Call::of("ehub.intake.v1.IntakeService/SubmitConsultation", request)?;
        let now = self.calls.db().clock().now();
        match parse::submit(&call, request, &self.acceptor, now) {
            Ok((request_id, operation)) => self.calls.mutate(call, request_id, operation, render::submitted).await,
            Err(fault) => Err(self.calls.refuse(call, fault).await),
        }
    }

    async fn get_consultation(
        &self,
        request: Request<GetConsultationRequest>,
    ) -> Result<Response<GetConsultationResponse>, Status> {
        let (call, request) = Call::of("ehub.intake.v1.IntakeService/GetConsultation", request)?;
        match parse::get(&call, &request) {
            Ok(operation) => self.calls.read(call, operation, render::found).await,
            Err(fault) => Err(self.calls.refuse(call, fault).await),
        }
    }

    async fn withdraw_consultation(
        &self,
        request: Request<WithdrawConsultationRequest>,
    ) -> Result<Response<WithdrawConsultationResponse>, Status> {
        let (call, request) = Call::of("ehub.intake.v1.IntakeService/WithdrawConsultation", request)?;
        match parse::withdraw(&call, &request) {
            Ok((request_id, operation)) => self.calls.mutate(call, request_id, operation, render::withdrawn).await,
            Err(fault) => Err(self.calls.refuse(call, fault).await),
        }
    }

    async fn list_consultations(
        &self,
        request: Request<ListConsultationsRequest>,
    ) -> Result<Response<ListConsultationsResponse>, Status> {
        let (call, request) = Call::of("ehub.intake.v1.IntakeService/ListConsultations", request)?;
        match parse::list(&call, &request, &self.tokens) {
            Ok(operation) => self.calls.read(call, operation, render::listed).await,
            Err(fault) => Err(self.calls.refuse(call, fault).await),
        }
    }

    async fn get_consultation_status(
        &self,
        request: Request<GetConsultationStatusRequest>,
    ) -> Result<Response<GetConsultationStatusResponse>, Status> {
        let (call, request) = Call::of("ehub.intake.v1.IntakeService/GetConsultationStatus", request)?;
        let today = ehub_calendar::local_date(self.calls.db().clock().now());
        match parse::status(&call, &request, today) {
            Ok(attempt) => self.status(call, attempt).await,
            Err(fault) => Err(self.calls.refuse(call, fault).await),
        }
    }

    async fn put_enrolment(
        &self,
        request: Request<PutEnrolmentRequest>,
    ) -> Result<Response<PutEnrolmentResponse>, Status> {
        let (call, request) = Call::of("ehub.intake.v1.IntakeService/PutEnrolment", request)?;
        match parse::put_enrolment(&call, request, self.duty_contacts) {
            Ok((request_id, operation)) => self.calls.mutate(call, request_id, operation, render::enrolment_put).await,
            Err(fault) => Err(self.calls.refuse(call, fault).await),
        }
    }

    async fn list_enrolments(
        &self,
        request: Request<ListEnrolmentsRequest>,
    ) -> Result<Response<ListEnrolmentsResponse>, Status> {
        let (call, request) = Call::of("ehub.intake.v1.IntakeService/ListEnrolments", request)?;
        match parse::list_enrolments(&call, &request, &self.tokens) {
            Ok(operation) => self.calls.read(call, operation, render::enrolments).await,
            Err(fault) => Err(self.calls.refuse(call, fault).await),
        }
    }

    async fn list_quarantined(
        &self,
        request: Request<ListQuarantinedRequest>,
    ) -> Result<Response<ListQuarantinedResponse>, Status> {
        let (call, request) = Call::of("ehub.intake.v1.IntakeService/ListQuarantined", request)?;
        match parse::list_quarantined(&call, &request, &self.tokens) {
            Ok(operation) => self.calls.read(call, operation, render::quarantined).await,
            Err(fault) => Err(self.calls.refuse(call, fault).await),
        }
    }

    async fn convert_quarantined(
        &self,
        request: Request<ConvertQuarantinedRequest>,
    ) -> Result<Response<ConvertQuarantinedResponse>, Status> {
        let (call, request) = Call::of("ehub.intake.v1.IntakeService/ConvertQuarantined", request)?;
        let today = ehub_calendar::local_date(self.calls.db().clock().now());
        match parse::convert(&call, request, &self.acceptor, today) {
            Ok((request_id, operation)) => self.calls.mutate(call, request_id, operation, render::converted).await,
            Err(fault) => Err(self.calls.refuse(call, fault).await),
        }
    }

    type GetQuarantinedContentStream = Pieces<GetQuarantinedContentResponse>;

    async fn get_quarantined_content(
        &self,
        request: Request<GetQuarantinedContentRequest>,
    ) -> Result<Response<Self::GetQuarantinedContentStream>, Status> {
        let (call, request) = Call::of("ehub.intake.v1.IntakeService/GetQuarantinedContent", request)?;
        let operation = match parse::quarantined_content(&call, &request) {
            Ok(operation) => operation,
            Err(fault) => return Err(self.calls.refuse(call, fault).await),
        };
        let whole = self.calls.read(call, operation, render::quarantined_content).await?.into_inner().piece;
        Ok(Response::new(in_pieces(whole, |piece| GetQuarantinedContentResponse { piece })))
    }
}

impl IntakeRpc {
    /// A wrong attempt is counted in a transaction that commits; what is shown is read in the one
    /// that holds its audit event.
    async fn status(
        &self,
        call: Call,
        attempt: JudgeAttempt,
    ) -> Result<Response<GetConsultationStatusResponse>, Status> {
        let db = self.calls.db().clone();
        let scope = call.scope().taking_turns(&[b"status", attempt.reference.as_str().as_bytes()]);
        let judged = self
            .calls
            .detached(async move {
                db.run(&scope, &attempt).await.map_err(|error| Status::from(ehub_calls::storage_fault(&error)))
            })
            .await?;
        let fault: Fault = match judged {
            Verdict::Right(found) => return self.calls.read(call, ShowStatus(found), render::status).await,
            Verdict::Wrong => faults::consultation_not_found(),
            Verdict::TooMany => faults::too_many_attempts(),
        };
        Err(self.calls.refuse(call, fault).await)
    }
}
