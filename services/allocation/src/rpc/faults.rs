//! THE table: what each refusal looks like on the wire.

use ehub_faults::{Code, Fault};

use crate::{
    domain::item::CustodyError,
    operations::{acknowledge_alert::AlertError, held::ItemError, publish_access::RegisterError},
    peers::SealError,
};

/// A refusal of this service's own domain.
fn own(code: Code, reason: &'static str, message: &'static str) -> Fault {
    Fault::new(code, "allocation.ehub", reason, message)
}

impl From<CustodyError> for Fault {
    fn from(error: CustodyError) -> Self {
        let (reason, message) = match error {
            CustodyError::NotClaimable => ("ITEM_NOT_CLAIMABLE", "somebody holds the item, or it is closed"),
            CustodyError::NotClaimed => ("NOT_CLAIMED", "nobody holds the item: there is no claim to end"),
            CustodyError::Expired => ("CLAIM_EXPIRED", "the lease has ended; claim the item again"),
            CustodyError::Superseded => ("CLAIM_SUPERSEDED", "the claim is over; claim the item again"),
            CustodyError::EmergencyNotSettled => {
                return own(
                    Code::FailedPrecondition,
                    "EMERGENCY_NOT_SETTLED",
                    "the emergency has no recorded contact or safe disposition",
                )
                .violation("safe_disposition", "is required for an emergency");
            }
            CustodyError::AlreadyAtPractice => {
                ("ALREADY_AT_PRACTICE", "the item is already in the practice's own pool")
            }
            CustodyError::NothingPending => {
                ("TRANSFER_NOT_PENDING", "no transfer waits for this organisation's acknowledgement")
            }
        };
        own(Code::FailedPrecondition, reason, message)
    }
}

impl From<ItemError> for Fault {
    fn from(error: ItemError) -> Self {
        match error {
            ItemError::NotFound => own(Code::NotFound, "ITEM_NOT_FOUND", "there is no such item for this caller"),
            ItemError::Access(error) => error.into(),
            ItemError::Grant(fault) => *fault,
            ItemError::Restored => own(
                Code::Unavailable,
                "CLAIMS_STOPPED",
                "others know more than this database, which came back from an older copy; nothing is given out until it is put right",
            )
            .retry_after(std::time::Duration::from_secs(60)),
            ItemError::Custody(error) => error.into(),
            ItemError::Storage(error) => ehub_calls::storage_fault(&error),
        }
    }
}

impl From<AlertError> for Fault {
    fn from(error: AlertError) -> Self {
        match error {
            AlertError::NotFound => own(Code::NotFound, "ALERT_NOT_FOUND", "there is no such alert for this caller"),
            AlertError::Acknowledged { by } => {
                own(Code::FailedPrecondition, "ALERT_ACKNOWLEDGED", "the alert was acknowledged before")
                    .with("acknowledged_by", by)
            }
            AlertError::Access(error) => error.into(),
            AlertError::Storage(error) => ehub_calls::storage_fault(&error),
        }
    }
}

impl From<RegisterError> for Fault {
    fn from(error: RegisterError) -> Self {
        match error {
            RegisterError::CodeTaken => own(
                Code::FailedPrecondition,
                "ODS_CODE_TAKEN",
                "another organisation bears the code on one of the days",
            ),
            RegisterError::NotFound { ods } => {
                own(Code::NotFound, "ORGANISATION_NOT_FOUND", "there is no such organisation in the register")
                    .with("ods", ods)
            }
            RegisterError::Storage(error) => ehub_calls::storage_fault(&error),
        }
    }
}

impl From<SealError> for Fault {
    fn from(error: SealError) -> Self {
        match error {
            SealError::Superseded => CustodyError::Superseded.into(),
            SealError::Unreachable { service, .. } => own(
                Code::Unavailable,
                "GUARD_UNREACHABLE",
                "a service that must be asked before closing cannot be reached; try again",
            )
            .with("service", service)
            .retry_after(std::time::Duration::from_secs(1)),
        }
    }
}

/// What is still to be done before closing, with the grant to do it with.
pub(crate) fn open_actions(open: &[crate::domain::closing::OpenAction], grant: String) -> Fault {
    let fault = own(
        Code::FailedPrecondition,
        "OPEN_ACTIONS",
        "the consultation still has open actions; settle them and complete again",
    )
    .with("grant", grant);
    open.iter().fold(fault, |fault, action| fault.precondition(action.subject.clone(), action.kind.clone()))
}
