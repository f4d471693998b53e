//! The wire.

use ehub_calls::{Call, Calls};
use ehub_faults::Fault;
use ehub_identifiers::ConsultationId;
use ehub_proto::{
    internal::v1::{
        HeldStream as ProtoStream, ListHeldStreamsRequest, ListHeldStreamsResponse, ReplayStreamRequest,
        ReplayStreamResponse, SkipEventRequest, SkipEventResponse, streams_server::Streams,
    },
    timestamp,
};
use tonic::{Request, Response, Status};

use crate::{operations::Skipped, parse, storage::HeldStream};

/// Serves `Streams` for a service's own outbox.
#[derive(Debug, Clone)]
pub struct StreamsService(Calls);

impl StreamsService {
    /// On the pool that serves calls.
    pub fn new(calls: Calls) -> Self {
        Self(calls)
    }

    async fn refuse(&self, call: Call, fault: Fault) -> Status {
        self.0.refuse(call, fault).await
    }
}

#[tonic::async_trait]
impl Streams for StreamsService {
    async fn list_held_streams(
        &self,
        request: Request<ListHeldStreamsRequest>,
    ) -> Result<Response<ListHeldStreamsResponse>, Status> {
        let (call, request) = Call::of("ehub.internal.v1.Streams/ListHeldStreams", request)?;
        match parse::list(&call, request) {
            Ok(list) => self.0.read(call, list, |held| listed(held)).await,
            Err(fault) => Err(self.refuse(call, fault).await),
        }
    }

    async fn replay_stream(
        &self,
        request: Request<ReplayStreamRequest>,
    ) -> Result<Response<ReplayStreamResponse>, Status> {
        let (call, request) = Call::of("ehub.internal.v1.Streams/ReplayStream", request)?;
        let render = |version: &i64| ReplayStreamResponse { version: *version };
        match parse::replay(&call, request) {
            Ok((request_id, replay)) => self.0.mutate(call, request_id, replay, render).await,
            Err(fault) => Err(self.refuse(call, fault).await),
        }
    }

    async fn skip_event(&self, request: Request<SkipEventRequest>) -> Result<Response<SkipEventResponse>, Status> {
        let (call, request) = Call::of("ehub.internal.v1.Streams/SkipEvent", request)?;
        let render = |skip: &Skipped| SkipEventResponse { skipped: skip.done, proposed_by: skip.proposed_by.clone() };
        match parse::skip(&call, request) {
            Ok((request_id, skip)) => self.0.mutate(call, request_id, skip, render).await,
            Err(fault) => Err(self.refuse(call, fault).await),
        }
    }
}

fn listed(held: &[HeldStream]) -> ListHeldStreamsResponse {
    let one = |held: &HeldStream| ProtoStream {
        subscriber: held.subscriber.clone(),
        stream: held.stream.to_string(),
        version: held.version,
        reason: held.reason.clone(),
        attempts: held.attempts,
        wait_time: Some(timestamp(held.since)),
        parked: held.dead,
        waiting: held.waiting,
        kind: held.kind.clone().unwrap_or_default(),
        consultation: held.consultation.map(|id| ConsultationId::new(id).name()).unwrap_or_default(),
        skip_proposed_by: held.proposed_by.clone().unwrap_or_default(),
        skip_propose_time: held.proposed_at.map(timestamp),
        skip_reason: held.skip_reason.clone().unwrap_or_default(),
    };
    ListHeldStreamsResponse { streams: held.iter().map(one).collect() }
}
