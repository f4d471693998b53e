//! The border: requests in, answers out.

pub mod claim_guard;
mod digest;
pub mod event_sink;
mod faults;
mod parse;
mod render;
mod times;

use std::sync::Arc;

use ehub_calls::{Call, Calls, Pieces, in_pieces};
use ehub_postgres::PageTokens;
use ehub_proto::writeback::v1::{
    FileEntryRequest, FileEntryResponse, GetDocumentRequest, GetDocumentResponse, GetEntryRequest, GetEntryResponse,
    ListAgreementsRequest, ListAgreementsResponse, ListEntriesRequest, ListEntriesResponse, PutAgreementRequest,
    PutAgreementResponse, SettleEntryRequest, SettleEntryResponse, writeback_service_server::WritebackService,
};
use tonic::{Request, Response, Status};

/// Serves `ehub.writeback.v1.WritebackService`.
#[derive(Debug, Clone)]
pub struct WritebackRpc {
    calls: Calls,
    page_tokens: Arc<PageTokens>,
}

impl WritebackRpc {
    /// On the pool that serves calls.
    pub fn new(calls: Calls, page_tokens: Arc<PageTokens>) -> Self {
        Self { calls, page_tokens }
    }
}

#[tonic::async_trait]
impl WritebackService for WritebackRpc {
    async fn file_entry(&self, request: Request<FileEntryRequest>) -> Result<Response<FileEntryResponse>, Status> {
        let (mut call, request) = Call::of("ehub.writeback.v1.WritebackService/FileEntry", request)?;
        call.digest = digest::of_file_entry(&request);
        match parse::file_entry(&call, request) {
            Ok((request_id, work)) => self.calls.mutate(call, request_id, work, render::filed).await,
            Err(fault) => Err(self.calls.refuse(call, fault).await),
        }
    }

    async fn get_entry(&self, request: Request<GetEntryRequest>) -> Result<Response<GetEntryResponse>, Status> {
        let (call, request) = Call::of("ehub.writeback.v1.WritebackService/GetEntry", request)?;
        match parse::get_entry(&call, &request) {
            Ok(work) => self.calls.read(call, work, render::got).await,
            Err(fault) => Err(self.calls.refuse(call, fault).await),
        }
    }

    async fn list_entries(
        &self,
        request: Request<ListEntriesRequest>,
    ) -> Result<Response<ListEntriesResponse>, Status> {
        let (call, request) = Call::of("ehub.writeback.v1.WritebackService/ListEntries", request)?;
        match parse::list_entries(&call, &request, &self.page_tokens) {
            Ok(work) => self.calls.read(call, work, render::listed).await,
            Err(fault) => Err(self.calls.refuse(call, fault).await),
        }
    }

    async fn settle_entry(
        &self,
        request: Request<SettleEntryRequest>,
    ) -> Result<Response<SettleEntryResponse>, Status> {
        let (call, request) = Call::of("ehub.writeback.v1.WritebackService/SettleEntry", request)?;
        match parse::settle_entry(&call, &request) {
            Ok((request_id, work)) => self.calls.mutate(call, request_id, work, render::settled).await,
            Err(fault) => Err(self.calls.refuse(call, fault).await),
        }
    }

    async fn put_agreement(
        &self,
        request: Request<PutAgreementRequest>,
    ) -> Result<Response<PutAgreementResponse>, Status> {
        let (call, request) = Call::of("ehub.writeback.v1.WritebackService/PutAgreement", request)?;
        match parse::put_agreement(&call, &request) {
            Ok((request_id, work)) => self.calls.mutate(call, request_id, work, render::agreement_put).await,
            Err(fault) => Err(self.calls.refuse(call, fault).await),
        }
    }

    async fn list_agreements(
        &self,
        request: Request<ListAgreementsRequest>,
    ) -> Result<Response<ListAgreementsResponse>, Status> {
        let (call, request) = Call::of("ehub.writeback.v1.WritebackService/ListAgreements", request)?;
        match parse::list_agreements(&call, &request, &self.page_tokens) {
            Ok(work) => self.calls.read(call, work, render::agreements_listed).await,
            Err(fault) => Err(self.calls.refuse(call, fault).await),
        }
    }

    type GetDocumentStream = Pieces<GetDocumentResponse>;

    async fn get_document(
        &self,
        request: Request<GetDocumentRequest>,
    ) -> Result<Response<Self::GetDocumentStream>, Status> {
        let (call, request) = Call::of("ehub.writeback.v1.WritebackService/GetDocument", request)?;
        let work = match parse::get_document(&call, &request) {
            Ok(work) => work,
            Err(fault) => return Err(self.calls.refuse(call, fault).await),
        };
        let whole = self.calls.read(call, work, render::document).await?.into_inner().piece;
        Ok(Response::new(in_pieces(whole, |piece| GetDocumentResponse { piece })))
    }
}
