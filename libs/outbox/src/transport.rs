//! The way to one subscriber.

use async_trait::async_trait;
use ehub_proto::internal::v1::{DeliverRequest, DeliverResponse, event_sink_client::EventSinkClient};
use tonic::Status;

/// Carries a batch to one subscriber's `EventSink`.
#[async_trait]
pub trait Transport: Send + Sync {
    /// Delivers; any error judges no event.
    async fn deliver(&self, batch: DeliverRequest) -> Result<DeliverResponse, Status>;
}

#[async_trait]
impl<T: ehub_proto::Way> Transport for EventSinkClient<T> {
    async fn deliver(&self, batch: DeliverRequest) -> Result<DeliverResponse, Status> {
        Ok(EventSinkClient::deliver(&mut self.clone(), batch).await?.into_inner())
    }
}
