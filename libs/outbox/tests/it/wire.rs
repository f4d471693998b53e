//! A way to a sink that can be cut, lose answers, and be stopped in the middle.

use std::sync::{
    Mutex,
    atomic::{AtomicU32, Ordering},
};

use async_trait::async_trait;
use ehub_faults::Fault;
use ehub_outbox::{Sink, Transport};
use ehub_proto::internal::v1::{DeliverRequest, DeliverResponse, Event, Outcome, event_sink_server::EventSink};
use prost::Message;
use tokio::sync::Semaphore;
use tonic::{Request, Status};

use crate::world::Recorder;

/// What goes wrong on the way.
#[derive(Default)]
pub struct Wire {
    /// So many deliveries never arrive.
    pub cut: AtomicU32,
    /// So many answers never come back.
    pub lose: AtomicU32,
    /// Every so many deliveries one is cut, and the one after it loses its answer; 0 is never.
    pub flaky_every: AtomicU32,
    /// When given, answers that something was applied wait for a permit.
    pub gate: Option<Semaphore>,
    /// Every batch that arrived: what it held, and how large it was.
    pub arrived: Mutex<Vec<DeliverRequest>>,
    /// The largest batch, in bytes on the wire.
    pub largest: AtomicU32,
    /// How many deliveries were tried.
    pub tried: AtomicU32,
}

impl Wire {
    /// The events that arrived, in order.
    pub fn events(&self) -> Vec<Event> {
        self.arrived.lock().expect("whole").iter().flat_map(|batch| batch.events.clone()).collect()
    }

    /// The times until which everything was said to be delivered, in nanoseconds.
    pub fn beats(&self) -> Vec<time::OffsetDateTime> {
        let arrived = self.arrived.lock().expect("whole");
        let beats = arrived.iter().filter(|batch| batch.events.is_empty());
        beats.map(|batch| at(batch.read_time.as_ref().expect("given"))).collect()
    }
}

/// A protobuf time as ours.
pub fn at(stamp: &prost_types::Timestamp) -> time::OffsetDateTime {
    let nanos = i128::from(stamp.seconds) * 1_000_000_000 + i128::from(stamp.nanos);
    time::OffsetDateTime::from_unix_timestamp_nanos(nanos).expect("in range")
}

/// The transport of one relay.
pub struct Direct {
    pub sink: Sink<Recorder>,
    pub wire: std::sync::Arc<Wire>,
}

fn take_one(counter: &AtomicU32) -> bool {
    counter.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok()
}

fn away() -> Status {
    Fault::unavailable("TEST", "the wire is cut").into()
}

#[async_trait]
impl Transport for Direct {
    async fn deliver(&self, batch: DeliverRequest) -> Result<DeliverResponse, Status> {
        let wire = &self.wire;
        let tried = wire.tried.fetch_add(1, Ordering::SeqCst);
        let every = wire.flaky_every.load(Ordering::SeqCst);
        if take_one(&wire.cut) || (every > 0 && tried.is_multiple_of(every)) {
            return Err(away());
        }
        wire.largest.fetch_max(u32::try_from(batch.encoded_len()).expect("fits"), Ordering::SeqCst);
        wire.arrived.lock().expect("whole").push(batch.clone());
        let answer = self.sink.deliver(Request::new(batch)).await?.into_inner();
        let applied = answer.verdicts.iter().any(|verdict| verdict.outcome() == Outcome::Applied);
        if let (Some(gate), true) = (&wire.gate, applied) {
            gate.acquire().await.expect("open").forget();
        }
        if take_one(&wire.lose) || (every > 0 && tried % every == 1) { Err(away()) } else { Ok(answer) }
    }
}
