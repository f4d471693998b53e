//! Requests into operations; every wrong field is named.

use ehub_calls::Call;
use ehub_faults::{Fault, Fields};
use ehub_identifiers::{ConsultationId, EventId};
use ehub_proto::audit::v1::{
    ExportLeavesRequest, GetConsistencyProofRequest, GetInclusionProofRequest, GetTimelineRequest,
};

use crate::operations::{
    export_leaves::ExportLeaves,
    get_timeline::GetTimeline,
    prove::{ProveConsistency, ProveInclusion},
};

/// How many leaves an export gives unless told otherwise.
const LEAVES: i32 = 1000;
/// How many it gives at most.
const MOST_LEAVES: i32 = 5000;

pub(super) fn inclusion(request: &GetInclusionProofRequest) -> Result<ProveInclusion, Fault> {
    let mut fields = Fields::new();
    let event = match request.event.as_str() {
        "" => fields.require("event", None),
        text => fields.check("event", EventId::parse(text)),
    };
    not_negative(&mut fields, "size", request.size);
    let size = Some(request.size).filter(|size| *size > 0);
    fields.into_result(event.map(|event| ProveInclusion { event, size }))
}

pub(super) fn consistency(request: &GetConsistencyProofRequest) -> Result<ProveConsistency, Fault> {
    let mut fields = Fields::new();
    if request.first < 1 {
        fields.wrong("first", "must be at least 1");
    }
    not_negative(&mut fields, "second", request.second);
    if request.second > 0 && request.first > request.second {
        fields.wrong("second", "must not be smaller than first");
    }
    let second = Some(request.second).filter(|second| *second > 0);
    fields.into_result(Some(ProveConsistency { first: request.first, second }))
}

pub(super) fn export(request: &ExportLeavesRequest) -> Result<ExportLeaves, Fault> {
    let mut fields = Fields::new();
    not_negative(&mut fields, "start", request.start);
    if !(0..=MOST_LEAVES).contains(&request.limit) {
        fields.wrong("limit", "must be 0 to 5000");
    }
    let limit = if request.limit == 0 { LEAVES } else { request.limit };
    fields.into_result(Some(ExportLeaves { start: request.start, limit: i64::from(limit) }))
}

pub(super) fn timeline(call: &Call, request: &GetTimelineRequest) -> Result<GetTimeline, Fault> {
    let mut fields = Fields::new();
    let consultation = match request.consultation.as_str() {
        "" => fields.require("consultation", None),
        name => fields.check("consultation", ConsultationId::parse_name(name)),
    };
    let practices = call.caller.practices.clone();
    fields.into_result(consultation.map(|consultation| GetTimeline { consultation, practices }))
}

fn not_negative(fields: &mut Fields, path: &str, value: i64) {
    if value < 0 {
        fields.wrong(path, "must not be negative");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_sizes_are_refused() {
        assert!(inclusion(&GetInclusionProofRequest { event: "x".to_owned(), size: -1 }).is_err());
        assert!(consistency(&GetConsistencyProofRequest { first: 0, second: 4 }).is_err());
        assert!(consistency(&GetConsistencyProofRequest { first: 5, second: 4 }).is_err());
        assert!(export(&ExportLeavesRequest { start: 0, limit: 5001 }).is_err());
        assert!(export(&ExportLeavesRequest { start: -1, limit: 1 }).is_err());
    }

    #[test]
    fn absent_numbers_have_their_meaning() {
        let exported = export(&ExportLeavesRequest { start: 3, limit: 0 }).expect("good");
        assert_eq!((exported.start, exported.limit), (3, 1000));
        let proof = consistency(&GetConsistencyProofRequest { first: 2, second: 0 }).expect("good");
        assert_eq!((proof.first, proof.second), (2, None));
    }
}
