//! What a request presented as its grant, for the operation to judge after its replay look-up.

use ehub_clock::Timestamp;
use ehub_faults::Fault;
use tonic::Code;
use uuid::Uuid;

use super::{Grant, GrantKind};

/// The grant of a request, found in its extensions beside the caller.
///
/// The layer never refuses a call for its grant: a repeated call must get its recorded answer even when the grant has run
/// out in between, so the operation asks with [`GrantPresented::require`] once it knows that the call is new.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GrantPresented {
    /// None was sent, or the RPC's rule says that none is looked at.
    Absent,
    /// Verified, in force when the request arrived, and the caller's own.
    Valid(Grant),
    /// Sent, but worth nothing.
    Invalid(GrantRefusal),
}

/// Why a presented grant is worth nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum GrantRefusal {
    /// It has ended.
    Expired,
    /// It is no grant of ours.
    Malformed,
    /// It was given to someone else.
    OtherSubject,
}

impl GrantPresented {
    /// The grant, if it permits `needed` on `consultation` at `now`. The fence against a newer holder is the caller's to check.
    ///
    /// # Errors
    /// FAILED_PRECONDITION `CLAIM_EXPIRED` when it has ended; PERMISSION_DENIED `GRANT_REQUIRED` when there is none and
    /// `GRANT_FOR_ANOTHER` or
    /// `GRANT_INVALID` when it is not one for this consultation, caller and purpose.
    pub fn require(&self, needed: GrantKind, consultation: Uuid, now: Timestamp) -> Result<&Grant, Fault> {
        match self {
            Self::Absent => Err(Fault::permission_denied(
                "GRANT_REQUIRED",
                "this call needs the grant of a claim in the metadata key ehub-grant",
            )),
            Self::Invalid(GrantRefusal::Expired) => Err(expired()),
            Self::Valid(grant) if grant.consultation != consultation => Err(for_another()),
            Self::Valid(grant) if !grant.kind.permits(needed) => Err(invalid()),
            Self::Valid(grant) if now >= grant.expires_at => Err(expired()),
            Self::Valid(grant) => Ok(grant),
            Self::Invalid(_) => Err(invalid()),
        }
    }

    /// Whether the grant permits reading `consultation` at `now`, for RPCs where it only widens what may be read.
    #[must_use]
    pub fn permits_reading(&self, consultation: Uuid, now: Timestamp) -> bool {
        matches!(self, Self::Valid(grant) if grant.consultation == consultation && now < grant.expires_at)
    }
}

fn expired() -> Fault {
    Fault::new(Code::FailedPrecondition, "auth.ehub", "CLAIM_EXPIRED", "the claim this grant belongs to has ended")
}

fn for_another() -> Fault {
    Fault::permission_denied("GRANT_FOR_ANOTHER", "the grant is for another consultation than the request names")
}

fn invalid() -> Fault {
    Fault::permission_denied("GRANT_INVALID", "the grant is not one for this caller and purpose")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::testing;

    fn outcome(presented: &GrantPresented, needed: GrantKind, consultation: Uuid, now: Timestamp) -> Option<Code> {
        presented.require(needed, consultation, now).err().map(|fault| fault.into_status().code())
    }

    #[test]
    fn each_shortfall_has_its_code() {
        let (grant, now) = (testing::grant(), testing::START);
        let (own, other) = (grant.consultation, Uuid::from_u128(9));
        let ask = |presented: &GrantPresented, consultation| outcome(presented, GrantKind::Act, consultation, now);
        assert_eq!(ask(&GrantPresented::Absent, own), Some(Code::PermissionDenied));
        assert_eq!(ask(&GrantPresented::Invalid(GrantRefusal::Malformed), own), Some(Code::PermissionDenied));
        assert_eq!(ask(&GrantPresented::Invalid(GrantRefusal::OtherSubject), own), Some(Code::PermissionDenied));
        assert_eq!(ask(&GrantPresented::Invalid(GrantRefusal::Expired), own), Some(Code::FailedPrecondition));
        let valid = GrantPresented::Valid(grant.clone());
        assert_eq!(ask(&valid, other), Some(Code::PermissionDenied));
        assert_eq!(ask(&valid, own), None);
        assert_eq!(outcome(&valid, GrantKind::Act, own, grant.expires_at), Some(Code::FailedPrecondition), "no leeway");
        assert!(!valid.permits_reading(own, grant.expires_at));
        assert!(valid.permits_reading(own, grant.expires_at - Duration::from_micros(1)));
    }

    #[test]
    fn a_view_grant_does_not_let_act_and_an_act_grant_lets_view() {
        let now = testing::START;
        let act = testing::grant();
        let view = Grant { kind: GrantKind::View, ..act.clone() };
        let consultation = act.consultation;
        assert_eq!(
            outcome(&GrantPresented::Valid(view), GrantKind::Act, consultation, now),
            Some(Code::PermissionDenied)
        );
        assert_eq!(outcome(&GrantPresented::Valid(act), GrantKind::View, consultation, now), None);
    }
}
