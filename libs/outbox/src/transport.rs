//! The way to one subscriber.

use async_trait::async_trait;
use ehub_proto::internal::v1::{DeliverRequest, DeliverResponse, event_sink_client::EventSinkClient};
use tonic::{Status, body::Body, client::GrpcService, codegen::StdError};

/// Carries a batch to one subscriber's `EventSink`.
#[async_trait]
pub trait Transport: Send + Sync {
    /// Delivers; any error judges no event.
    async fn deliver(&self, batch: DeliverRequest) -> Result<DeliverResponse, Status>;
}

#[async_trait]
impl<T> Transport for EventSinkClient<T>
where
    T: GrpcService<Body> + Clone + Send + Sync + 'static,
    T::Error: Into<StdError>,
    T::Future: Send,
    T::ResponseBody: tonic::codegen::Body<Data = tonic::codegen::Bytes> + Send + 'static,
    <T::ResponseBody as tonic::codegen::Body>::Error: Into<StdError> + Send,
{
    async fn deliver(&self, batch: DeliverRequest) -> Result<DeliverResponse, Status> {
        Ok(EventSinkClient::deliver(&mut self.clone(), batch).await?.into_inner())
    }
}
