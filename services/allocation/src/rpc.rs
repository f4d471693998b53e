//! The wire: each RPC parses, operates, renders.

mod claims;
mod closing;
pub mod event_sink;
mod faults;
mod parse;
mod register;
mod render;
mod stored;
mod watch;

use std::{fmt, pin::Pin, sync::Arc};

use ehub_auth::GrantSigner;
use ehub_calls::{Call, Calls};
use ehub_faults::Fault;
use ehub_postgres::PageTokens;
use ehub_proto::allocation::v1::{
    AcknowledgeAlertRequest, AcknowledgeAlertResponse, AcknowledgeTransferRequest, AcknowledgeTransferResponse,
    ClaimItemRequest, ClaimItemResponse, ClaimNextRequest, ClaimNextResponse, CompleteRequest, CompleteResponse,
    GetWorkItemRequest, GetWorkItemResponse, ListAlertsRequest, ListAlertsResponse, ListInboxRequest,
    ListInboxResponse, OverrideClaimRequest, OverrideClaimResponse, PassBackRequest, PassBackResponse,
    ReleaseClaimRequest, ReleaseClaimResponse, RenewClaimRequest, RenewClaimResponse, WatchRequest, WatchResponse,
    allocation_service_server::AllocationService,
};
use tokio_stream::Stream;
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status};

use crate::{config::WatchSettings, domain::policy::Policy, peers::Guards};

pub use register::RegisterRpc;

/// Serves `AllocationService`.
#[derive(Debug, Clone)]
pub struct AllocationRpc(Arc<Parts>);

/// What the RPCs work with.
pub struct Parts {
    /// Runs calls.
    pub calls: Calls,
    /// Seals page tokens.
    pub tokens: Arc<PageTokens>,
    /// The guards of the other services.
    pub guards: Guards,
    /// Signs grants.
    pub signer: GrantSigner,
    /// Leases and the queue.
    pub policy: Policy,
    /// Watching.
    pub watch: WatchSettings,
    /// Cancelled when streams must end.
    pub end_streams: CancellationToken,
}

impl fmt::Debug for Parts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parts").field("guards", &self.guards).field("policy", &self.policy).finish_non_exhaustive()
    }
}

impl AllocationRpc {
    /// Serves with these parts.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }
}

/// Takes a call apart and parses it; what cannot be parsed is refused and recorded.
macro_rules! parsed {
    ($self:ident, $name:literal, $request:ident, $parse:expr) => {{
        let (call, request) = Call::of(concat!("ehub.allocation.v1.AllocationService/", $name), $request)?;
        match $parse(&call, request) {
            Ok(parsed) => (call, parsed),
            Err(fault) => return Err($self.0.calls.refuse(call, fault).await),
        }
    }};
}

#[tonic::async_trait]
impl AllocationService for AllocationRpc {
    type WatchStream = Pin<Box<dyn Stream<Item = Result<WatchResponse, Status>> + Send + 'static>>;

    async fn claim_next(&self, request: Request<ClaimNextRequest>) -> Result<Response<ClaimNextResponse>, Status> {
        let (call, (request_id, work)) =
            parsed!(self, "ClaimNext", request, |call, request| parse::claim_next(call, request, self.0.policy));
        let (claim, replayed) = self.claim(call, request_id, work, stored::maybe).await?;
        Ok(claims::respond(ClaimNextResponse { claim }, replayed))
    }

    async fn claim_item(&self, request: Request<ClaimItemRequest>) -> Result<Response<ClaimItemResponse>, Status> {
        let (call, (request_id, work)) =
            parsed!(self, "ClaimItem", request, |call, request| parse::claim_item(call, request, self.0.policy));
        let (claim, replayed) = self.claim(call, request_id, work, stored::given).await?;
        Ok(claims::respond(ClaimItemResponse { claim }, replayed))
    }

    async fn renew_claim(&self, request: Request<RenewClaimRequest>) -> Result<Response<RenewClaimResponse>, Status> {
        let (call, (request_id, work)) =
            parsed!(self, "RenewClaim", request, |call, request| parse::renew_claim(call, request, self.0.policy));
        let (claim, replayed) = self.claim(call, request_id, work, stored::given).await?;
        Ok(claims::respond(RenewClaimResponse { claim }, replayed))
    }

    async fn release_claim(
        &self,
        request: Request<ReleaseClaimRequest>,
    ) -> Result<Response<ReleaseClaimResponse>, Status> {
        let (call, (request_id, work)) =
            parsed!(self, "ReleaseClaim", request, |call, request| parse::release_claim(call, request, self.0.policy));
        let (_, fenced, replayed) = self.park(call, request_id, work).await?;
        Ok(claims::respond(ReleaseClaimResponse { fenced }, replayed))
    }

    async fn override_claim(
        &self,
        request: Request<OverrideClaimRequest>,
    ) -> Result<Response<OverrideClaimResponse>, Status> {
        let (call, (request_id, work)) = parsed!(
            self,
            "OverrideClaim",
            request,
            |call, request| parse::override_claim(call, request, self.0.policy)
        );
        let (item, fenced, replayed) = self.park(call, request_id, work).await?;
        Ok(claims::respond(OverrideClaimResponse { item, fenced }, replayed))
    }

    async fn pass_back(&self, request: Request<PassBackRequest>) -> Result<Response<PassBackResponse>, Status> {
        let now = self.0.calls.db().clock().now();
        let (call, (request_id, work)) =
            parsed!(self, "PassBack", request, |call, request| parse::pass_back(call, request, self.0.policy, now));
        let (item, fenced, replayed) = self.park(call, request_id, work).await?;
        Ok(claims::respond(PassBackResponse { item, fenced }, replayed))
    }

    async fn acknowledge_transfer(
        &self,
        request: Request<AcknowledgeTransferRequest>,
    ) -> Result<Response<AcknowledgeTransferResponse>, Status> {
        let (call, (request_id, work)) = parsed!(self, "AcknowledgeTransfer", request, parse::acknowledge_transfer);
        let render = |view: &_| AcknowledgeTransferResponse { item: Some(render::item(view)) };
        self.0.calls.mutate(call, request_id, work, render).await
    }

    async fn complete(&self, request: Request<CompleteRequest>) -> Result<Response<CompleteResponse>, Status> {
        let now = self.0.calls.db().clock().now();
        let (call, (request_id, asked)) =
            parsed!(self, "Complete", request, |call, request| parse::complete(call, request, now));
        let (answer, replayed) = self.close(call, request_id, asked).await?;
        Ok(claims::respond(answer, replayed))
    }

    async fn get_work_item(
        &self,
        request: Request<GetWorkItemRequest>,
    ) -> Result<Response<GetWorkItemResponse>, Status> {
        let (call, work) = parsed!(self, "GetWorkItem", request, parse::get_work_item);
        self.0.calls.read(call, work, |view| GetWorkItemResponse { item: Some(render::item(view)) }).await
    }

    async fn list_inbox(&self, request: Request<ListInboxRequest>) -> Result<Response<ListInboxResponse>, Status> {
        let (call, (arguments, work)) =
            parsed!(self, "ListInbox", request, |call, request| parse::list_inbox(call, request, &self.0.tokens));
        let stored = self.0.calls.read(call, work, stored::inbox_page).await?.into_inner();
        let next_page_token = stored.next(|place| self.0.tokens.seal(&arguments, place).0);
        Ok(Response::new(ListInboxResponse { items: stored.items, next_page_token }))
    }

    async fn watch(&self, request: Request<WatchRequest>) -> Result<Response<Self::WatchStream>, Status> {
        let (call, inbox) = parsed!(self, "Watch", request, |_: &Call, request: WatchRequest| Ok::<_, Fault>(
            parse::inbox(request.mine)
        ));
        Ok(Response::new(Box::pin(self.begin_watch(call, inbox))))
    }

    async fn list_alerts(&self, request: Request<ListAlertsRequest>) -> Result<Response<ListAlertsResponse>, Status> {
        let (call, (arguments, work)) =
            parsed!(self, "ListAlerts", request, |call, request| parse::list_alerts(call, request, &self.0.tokens));
        let stored = self.0.calls.read(call, work, stored::alert_page).await?.into_inner();
        let next_page_token = stored.next(|place| self.0.tokens.seal(&arguments, place).0);
        Ok(Response::new(ListAlertsResponse { alerts: stored.alerts, next_page_token }))
    }

    async fn acknowledge_alert(
        &self,
        request: Request<AcknowledgeAlertRequest>,
    ) -> Result<Response<AcknowledgeAlertResponse>, Status> {
        let (call, (request_id, work)) = parsed!(self, "AcknowledgeAlert", request, parse::acknowledge_alert);
        let render = |alert: &_| AcknowledgeAlertResponse { alert: Some(render::alert(alert)) };
        self.0.calls.mutate(call, request_id, work, render).await
    }
}
