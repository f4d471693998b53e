//! Serves `RegisterService`.

use std::sync::Arc;

use ehub_calls::{Call, Calls};
use ehub_postgres::PageTokens;
use ehub_proto::allocation::v1::{
    ListOrganisationsRequest, ListOrganisationsResponse, Organisation, PutAccessAgreementRequest,
    PutAccessAgreementResponse, PutOrganisationRequest, PutOrganisationResponse, PutRosterRequest, PutRosterResponse,
    register_service_server::RegisterService,
};
use tonic::{Request, Response, Status};

use crate::{events, operations::list_organisations::OrganisationPage, rpc::parse::register as parse};

/// Serves `RegisterService`.
#[derive(Debug, Clone)]
pub struct RegisterRpc {
    calls: Calls,
    tokens: Arc<PageTokens>,
}

impl RegisterRpc {
    /// Serves on these.
    #[must_use]
    pub fn new(calls: Calls, tokens: Arc<PageTokens>) -> Self {
        Self { calls, tokens }
    }
}

/// A page, with where it ended: the token is sealed at the edge.
#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
struct StoredPage {
    #[prost(message, repeated, tag = "1")]
    organisations: Vec<Organisation>,
    #[prost(string, tag = "2")]
    place: String,
}

fn page(page: &OrganisationPage) -> StoredPage {
    let place = page.next.as_ref().and_then(|next| serde_json::to_string(next).ok()).unwrap_or_default();
    StoredPage { organisations: page.organisations.iter().map(events::register::organisation).collect(), place }
}

#[tonic::async_trait]
impl RegisterService for RegisterRpc {
    async fn put_organisation(
        &self,
        request: Request<PutOrganisationRequest>,
    ) -> Result<Response<PutOrganisationResponse>, Status> {
        let (call, request) = Call::of("ehub.allocation.v1.RegisterService/PutOrganisation", request)?;
        let (request_id, work) = match parse::put_organisation(&call, request) {
            Ok(parsed) => parsed,
            Err(fault) => return Err(self.calls.refuse(call, fault).await),
        };
        let render = |put: &_| PutOrganisationResponse { organisation: Some(events::register::organisation(put)) };
        self.calls.mutate(call, request_id, work, render).await
    }

    async fn put_roster(&self, request: Request<PutRosterRequest>) -> Result<Response<PutRosterResponse>, Status> {
        let (call, request) = Call::of("ehub.allocation.v1.RegisterService/PutRoster", request)?;
        match parse::put_roster(&call, request) {
            Ok((request_id, work)) => {
                self.calls
                    .mutate(call, request_id, work, |version| PutRosterResponse { access_version: *version })
                    .await
            }
            Err(fault) => Err(self.calls.refuse(call, fault).await),
        }
    }

    async fn put_access_agreement(
        &self,
        request: Request<PutAccessAgreementRequest>,
    ) -> Result<Response<PutAccessAgreementResponse>, Status> {
        let (call, request) = Call::of("ehub.allocation.v1.RegisterService/PutAccessAgreement", request)?;
        match parse::put_access_agreement(&call, request) {
            Ok((request_id, work)) => {
                self.calls
                    .mutate(call, request_id, work, |version| PutAccessAgreementResponse { access_version: *version })
                    .await
            }
            Err(fault) => Err(self.calls.refuse(call, fault).await),
        }
    }

    async fn list_organisations(
        &self,
        request: Request<ListOrganisationsRequest>,
    ) -> Result<Response<ListOrganisationsResponse>, Status> {
        let (call, request) = Call::of("ehub.allocation.v1.RegisterService/ListOrganisations", request)?;
        let (arguments, work) = match parse::list_organisations(&call, request, &self.tokens) {
            Ok(parsed) => parsed,
            Err(fault) => return Err(self.calls.refuse(call, fault).await),
        };
        let stored = self.calls.read(call, work, page).await?.into_inner();
        let place: Option<(String, uuid::Uuid)> = serde_json::from_str(&stored.place).ok();
        let next_page_token = place.map(|place| self.tokens.seal(&arguments, &place).0).unwrap_or_default();
        Ok(Response::new(ListOrganisationsResponse { organisations: stored.organisations, next_page_token }))
    }
}
