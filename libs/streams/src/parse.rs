//! From the contract to operations: every wrong field at once.

use ehub_calls::Call;
use ehub_faults::{Fault, Fields};
use ehub_identifiers::RequestId;
use ehub_proto::internal::v1::{ListHeldStreamsRequest, ReplayStreamRequest, SkipEventRequest};
use uuid::Uuid;

use crate::operations::{ListHeld, Replay, Skip, Which};

/// Most characters of a service's name.
const NAME: usize = 64;
/// Most characters of a reason.
const REASON: usize = 500;

fn request_id(fields: &mut Fields, text: &str) -> Option<Uuid> {
    fields.check("request_id", RequestId::parse(text)).map(|id| id.uuid())
}

fn stream(fields: &mut Fields, path: &'static str, text: &str) -> Option<Uuid> {
    fields.check(path, Uuid::parse_str(text).map_err(|_| "must be a UUID"))
}

fn which(fields: &mut Fields, subscriber: &str, named: &str) -> Option<Which> {
    let subscriber = fields.text("subscriber", subscriber, NAME);
    let stream = stream(fields, "stream", named);
    subscriber.zip(stream).map(|(subscriber, stream)| Which { subscriber, stream })
}

pub(crate) fn list(_: &Call, request: ListHeldStreamsRequest) -> Result<ListHeld, Fault> {
    let mut fields = Fields::new();
    let first = request.after_stream.is_empty() && request.after_subscriber.is_empty();
    let after = if first {
        Some(Which { subscriber: String::new(), stream: Uuid::nil() })
    } else {
        let subscriber = fields.text("after_subscriber", &request.after_subscriber, NAME);
        let stream = stream(&mut fields, "after_stream", &request.after_stream);
        subscriber.zip(stream).map(|(subscriber, stream)| Which { subscriber, stream })
    };
    Ok(ListHeld { parked_only: request.parked_only, after: fields.into_result(after)? })
}

pub(crate) fn replay(_: &Call, request: ReplayStreamRequest) -> Result<(Uuid, Replay), Fault> {
    let mut fields = Fields::new();
    let id = request_id(&mut fields, &request.request_id);
    let which = which(&mut fields, &request.subscriber, &request.stream);
    let (id, which) = fields.into_result(id.zip(which))?;
    Ok((id, Replay(which)))
}

pub(crate) fn skip(call: &Call, request: SkipEventRequest) -> Result<(Uuid, Skip), Fault> {
    let mut fields = Fields::new();
    let id = request_id(&mut fields, &request.request_id);
    let which = which(&mut fields, &request.subscriber, &request.stream);
    if request.version < 1 {
        fields.wrong("version", "must be the version the stream is parked at");
    }
    let reason = fields.text("reason", &request.reason, REASON);
    let ((id, which), reason) = fields.into_result(id.zip(which).zip(reason))?;
    Ok((id, Skip { which, version: request.version, reason, person: call.caller.subject.clone() }))
}
