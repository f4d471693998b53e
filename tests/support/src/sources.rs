//! Events of several sources, in every order in which they may come: each source's own is kept, and nothing else.

use ehub_proto::internal::v1::{DeliverRequest, Event, Outcome, event_sink_server::EventSink};
use uuid::Uuid;

/// What a source says of a consultation.
#[derive(Debug, Clone)]
pub struct Said {
    /// Full protobuf name of the body.
    pub kind: &'static str,
    /// The encoded body; empty when the subscriber does not read the kind.
    pub body: Vec<u8>,
}

/// A source with what it says of one consultation, in order.
pub type Source = (&'static str, Vec<Said>);

/// Every order of so many events of each source, as a list of whose turn it is.
#[must_use]
pub fn orders(counts: &[usize]) -> Vec<Vec<usize>> {
    if counts.iter().all(|count| *count == 0) {
        return vec![Vec::new()];
    }
    let mut all = Vec::new();
    for (source, _) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
        let mut rest = counts.to_vec();
        rest[source] -= 1;
        all.extend(orders(&rest).into_iter().map(|order| [vec![source], order].concat()));
    }
    all
}

/// Delivers what sources say of a consultation, one event at a time in this order; each must be applied.
pub async fn deliver(sink: &impl EventSink, consultation: Uuid, sources: &[Source], order: &[usize]) {
    let mut versions = vec![0; sources.len()];
    for turn in order {
        let (source, said) = &sources[*turn];
        let Said { kind, body } = said[versions[*turn]].clone();
        versions[*turn] += 1;
        let event = Event {
            id: Uuid::now_v7().to_string(),
            stream: consultation.to_string(),
            version: i64::try_from(versions[*turn]).expect("few"),
            kind: kind.to_owned(),
            body: body.into(),
            time: Some(prost_types::Timestamp { seconds: 1_770_000_000, nanos: 0 }),
            consultation: consultation.to_string(),
            ..Event::default()
        };
        let batch =
            DeliverRequest { source: (*source).to_owned(), incarnation: 1, events: vec![event], read_time: None };
        let answer = sink.deliver(tonic::Request::new(batch)).await.expect("judged").into_inner();
        assert!(answer.verdicts[0].outcome() == Outcome::Applied, "{source} {kind} in {order:?}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_are_all_of_them_once() {
        let mut all = orders(&[2, 1, 1]);
        let count = all.len();
        all.sort();
        all.dedup();
        assert_eq!((count, all.len()), (12, 12));
        assert!(all.iter().all(|order| order.len() == 4));
    }
}
