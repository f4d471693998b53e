//! THE table: which error is which code and reason.

use ehub_faults::{Code, Fault};
use ehub_identifiers::PrescriptionId;

use crate::{
    eps::PrepareError,
    operations::{
        admit::Denied, issue_prescription::IssueError, prepare_prescription::PrepareRefused,
        put_cost_centre::PutCostCentreError, raise_prescription::RaiseError, sign_prescription::SignError,
    },
    peers::TraceError,
};

const DOMAIN: &str = "prescribing.ehub";

fn state(reason: &'static str, message: &'static str) -> Fault {
    Fault::new(Code::FailedPrecondition, DOMAIN, reason, message)
}

fn unavailable(reason: &'static str, message: &'static str) -> Fault {
    Fault::new(Code::Unavailable, DOMAIN, reason, message).retry_after(std::time::Duration::from_secs(2))
}

impl From<Denied> for Fault {
    fn from(error: Denied) -> Self {
        match error {
            Denied::NotFound => {
                Self::new(Code::NotFound, DOMAIN, "PRESCRIPTION_NOT_FOUND", "there is no such prescription")
            }
            Denied::Access(error) => error.into(),
            Denied::Grant(fault) => fault,
            Denied::Fence(error) => error.into(),
            Denied::Stale => Self::new(
                Code::Aborted,
                DOMAIN,
                "ETAG_MISMATCH",
                "the prescription has changed since it was read: read it again",
            ),
            Denied::WrongState(now) => state("WRONG_STATE", "the prescription is in a state that does not allow this")
                .with("state", now.as_str()),
            Denied::NotThePrescriber => Self::new(
                Code::PermissionDenied,
                DOMAIN,
                "NOT_THE_PRESCRIBER",
                "only the prescriber it was raised for may do this",
            ),
            Denied::NotAMember(code) => {
                state("NOT_A_MEMBER", "the prescriber is not a member of the cost centre today")
                    .with("cost_centre", code.as_str())
            }
            Denied::Storage(error) => ehub_calls::storage_fault(&error),
        }
    }
}

impl From<RaiseError> for Fault {
    fn from(error: RaiseError) -> Self {
        match error {
            RaiseError::Denied(denied) => denied.into(),
            RaiseError::ConsultationUnknown => {
                unavailable("CONSULTATION_UNKNOWN", "the consultation is not known here yet; try again")
            }
            RaiseError::CostCentreNotFound(code) => cost_centre_not_found(code.as_str()),
            RaiseError::AnotherIcb(code) => state(
                "COST_CENTRE_OF_ANOTHER_ICB",
                "the cost centre is tied to another ICB than the patient's practice",
            )
            .with("cost_centre", code.as_str()),
            RaiseError::RecentlyIssued(id) => recently_issued(id),
            RaiseError::Exists => Self::new(
                Code::AlreadyExists,
                DOMAIN,
                "PRESCRIPTION_EXISTS",
                "the name belongs to another prescription: use a new UUID",
            ),
            RaiseError::ShortId(_) => Self::internal(&error),
            RaiseError::Storage(error) => ehub_calls::storage_fault(&error),
        }
    }
}

fn cost_centre_not_found(code: &str) -> Fault {
    Fault::new(Code::NotFound, DOMAIN, "COST_CENTRE_NOT_FOUND", "there is no such cost centre of this organisation")
        .with("cost_centre", code)
}

fn recently_issued(id: PrescriptionId) -> Fault {
    state(
        "RECENTLY_ISSUED",
        "one of the medicines was issued in the last 28 days: look, then send override_recent_issue",
    )
    .with("prescription", id.name())
}

impl From<PutCostCentreError> for Fault {
    fn from(error: PutCostCentreError) -> Self {
        match error {
            PutCostCentreError::Denied(denied) => denied.into(),
            PutCostCentreError::NotFound(code) => cost_centre_not_found(code.as_str()),
        }
    }
}

impl From<PrepareRefused> for Fault {
    fn from(error: PrepareRefused) -> Self {
        match error {
            PrepareRefused::Denied(denied) => denied.into(),
            PrepareRefused::NothingGiven => Self::internal(&error),
        }
    }
}

impl From<SignError> for Fault {
    fn from(error: SignError) -> Self {
        match error {
            SignError::Denied(denied) => denied.into(),
            // Which check failed helps who builds a signer, and says nothing of the patient.
            SignError::Signature(why) => {
                state("SIGNATURE_INVALID", "the signature does not verify, or is over another digest")
                    .with("why", why.to_string())
            }
            SignError::RecordNotSeen => {
                state("RECORD_NOT_SEEN", "this medicine needs a record seen before it is signed")
            }
        }
    }
}

impl From<IssueError> for Fault {
    fn from(error: IssueError) -> Self {
        match error {
            IssueError::Denied(denied) => denied.into(),
            IssueError::RecentlyIssued(id) => recently_issued(id),
            IssueError::NotAnOrder(ref why) => Self::internal(why),
        }
    }
}

impl From<TraceError> for Fault {
    fn from(error: TraceError) -> Self {
        match error {
            TraceError::NotVerified(outcome) => state(
                "PATIENT_NOT_TRACED",
                "the patient is not verified, so nothing can be issued through EPS: use the manual route",
            )
            .with("trace", outcome),
            TraceError::Unreachable => unavailable("TRACE_UNREACHABLE", "demographics cannot be reached; try again"),
            TraceError::Unknown => {
                unavailable("CONSULTATION_UNKNOWN", "the consultation is not known to intake; try again")
            }
        }
    }
}

impl From<PrepareError> for Fault {
    fn from(error: PrepareError) -> Self {
        match error {
            PrepareError::Refused { code } => {
                state("EPS_REFUSED", "EPS refuses the prescription").with("eps_code", code)
            }
            PrepareError::Unreachable => {
                unavailable("EPS_UNREACHABLE", "EPS cannot be reached; try again with the same request id")
            }
        }
    }
}
