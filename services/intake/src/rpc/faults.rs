//! THE table: what each error of an operation looks like to a caller.

use ehub_faults::{Code, Fault};
use ehub_postgres::StorageError;

use crate::operations::{
    accept, convert, fence, get, get_quarantined_content, list, list_enrolments, list_quarantined, put_enrolment,
    status, submit, trace, withdraw,
};

const DOMAIN: &str = "intake.ehub";

/// Not there, or not the caller's.
pub(super) fn consultation_not_found() -> Fault {
    Fault::new(Code::NotFound, DOMAIN, "CONSULTATION_NOT_FOUND", "no such consultation")
}

/// Too many wrong references or birth dates.
pub(super) fn too_many_attempts() -> Fault {
    Fault::new(Code::ResourceExhausted, DOMAIN, "TOO_MANY_ATTEMPTS", "too many wrong references or birth dates")
        .retry_after(status::WINDOW.unsigned_abs())
}

/// Demographics cannot be asked.
pub(super) fn demographics_unavailable() -> Fault {
    Fault::new(Code::Unavailable, DOMAIN, "DEMOGRAPHICS_UNAVAILABLE", "demographics cannot be asked; try again")
        .retry_after(std::time::Duration::from_secs(5))
}

fn storage(error: &StorageError) -> Fault {
    ehub_calls::storage_fault(error)
}

impl From<accept::Error> for Fault {
    fn from(error: accept::Error) -> Self {
        match error {
            accept::Error::NotEnrolled { practice_ods } => Self::new(
                Code::FailedPrecondition,
                DOMAIN,
                "PRACTICE_NOT_ENROLLED",
                "no enrolment covers the practice's need today",
            )
            .precondition(
                format!("practices/{practice_ods}"),
                "the practice must be enrolled with a hub for this need today",
            )
            .with("practice", practice_ods),
            accept::Error::SupplierReferenceReused { consultation } => {
                supplier_reference_reused().with("consultation", format!("consultations/{consultation}"))
            }
            // Two submissions with one reference at the same moment: the second finds out here.
            accept::Error::Storage(error) if error.constraint() == Some("consultation_supplier_reference") => {
                supplier_reference_reused()
            }
            accept::Error::Storage(error) => storage(&error),
        }
    }
}

fn supplier_reference_reused() -> Fault {
    Fault::new(
        Code::AlreadyExists,
        DOMAIN,
        "SUPPLIER_REFERENCE_REUSED",
        "the supplier reference was used for another consultation",
    )
}

impl From<submit::Error> for Fault {
    fn from(error: submit::Error) -> Self {
        match error {
            submit::Error::Access(error) => error.into(),
            submit::Error::Accept(error) => error.into(),
            submit::Error::Storage(error) => storage(&error),
        }
    }
}

impl From<get::Error> for Fault {
    fn from(error: get::Error) -> Self {
        match error {
            get::Error::NotFound => consultation_not_found(),
            get::Error::GrantRequired => Self::permission_denied(
                "GRANT_REQUIRED",
                "people of a hub read content under the grant of their claim, or a view grant",
            ),
            get::Error::Superseded => ehub_fence::FenceError::Superseded.into(),
            get::Error::Access(error) => error.into(),
            get::Error::Storage(error) => storage(&error),
        }
    }
}

impl From<withdraw::Error> for Fault {
    fn from(error: withdraw::Error) -> Self {
        match error {
            withdraw::Error::NotFound => consultation_not_found(),
            withdraw::Error::Closed => {
                Self::new(Code::FailedPrecondition, DOMAIN, "CONSULTATION_CLOSED", "the consultation is over")
            }
            withdraw::Error::Access(error) => error.into(),
            withdraw::Error::Storage(error) => storage(&error),
        }
    }
}

impl From<list::Error> for Fault {
    fn from(error: list::Error) -> Self {
        match error {
            list::Error::Access(error) => error.into(),
            list::Error::Storage(error) => storage(&error),
        }
    }
}

impl From<list_quarantined::Error> for Fault {
    fn from(error: list_quarantined::Error) -> Self {
        match error {
            list_quarantined::Error::Access(error) => error.into(),
            list_quarantined::Error::Storage(error) => storage(&error),
        }
    }
}

impl From<get_quarantined_content::Error> for Fault {
    fn from(error: get_quarantined_content::Error) -> Self {
        use get_quarantined_content::Error;
        match error {
            Error::NotFound => {
                Self::new(Code::NotFound, DOMAIN, "QUARANTINED_NOT_FOUND", "no such quarantined message")
            }
            Error::Forgotten => Self::new(
                Code::FailedPrecondition,
                DOMAIN,
                "CONTENT_FORGOTTEN",
                "it was settled long ago, and its bytes were deleted",
            ),
            Error::LeftAtMesh => Self::new(
                Code::FailedPrecondition,
                DOMAIN,
                "CONTENT_TOO_LARGE",
                "it is larger than the hub takes, and was left at MESH: ask its sender, or have the limit raised",
            ),
            Error::NoPdf => Self::new(Code::FailedPrecondition, DOMAIN, "NO_PDF", "no PDF can be found in the message"),
            Error::Access(error) => error.into(),
            Error::Storage(error) => storage(&error),
        }
    }
}

impl From<list_enrolments::Error> for Fault {
    fn from(list_enrolments::Error::Storage(error): list_enrolments::Error) -> Self {
        storage(&error)
    }
}

impl From<status::Error> for Fault {
    fn from(status::Error::Storage(error): status::Error) -> Self {
        storage(&error)
    }
}

impl From<trace::Error> for Fault {
    fn from(trace::Error::Storage(error): trace::Error) -> Self {
        storage(&error)
    }
}

impl From<put_enrolment::Error> for Fault {
    fn from(error: put_enrolment::Error) -> Self {
        match error {
            put_enrolment::Error::NotFound => {
                Self::new(Code::NotFound, DOMAIN, "ENROLMENT_NOT_FOUND", "no such enrolment")
            }
            put_enrolment::Error::Overlaps(other) => Self::new(
                Code::FailedPrecondition,
                DOMAIN,
                "ENROLMENT_OVERLAPS",
                "another enrolment covers the same practice, need and days",
            )
            .precondition(other.name(), "must end before this one begins, or cover other needs")
            .with("enrolment", other.name()),
            put_enrolment::Error::EtagMismatch => Self::new(
                Code::Aborted,
                DOMAIN,
                "ETAG_MISMATCH",
                "changed by somebody else since it was read; read it again",
            ),
            put_enrolment::Error::Storage(error) => storage(&error),
        }
    }
}

impl From<convert::Error> for Fault {
    fn from(error: convert::Error) -> Self {
        match error {
            convert::Error::NotFound => {
                Self::new(Code::NotFound, DOMAIN, "QUARANTINED_NOT_FOUND", "no such quarantined message")
            }
            convert::Error::Settled { consultation } => {
                let fault = Self::new(Code::FailedPrecondition, DOMAIN, "QUARANTINE_SETTLED", "it was settled before");
                match consultation {
                    Some(id) => fault.with("consultation", format!("consultations/{id}")),
                    None => fault,
                }
            }
            convert::Error::Access(error) => error.into(),
            convert::Error::Accept(error) => error.into(),
            convert::Error::Storage(error) => storage(&error),
        }
    }
}

impl From<fence::Error> for Fault {
    fn from(error: fence::Error) -> Self {
        match error {
            fence::Error::Superseded => ehub_fence::FenceError::Superseded.into(),
            fence::Error::Storage(error) => storage(&error),
        }
    }
}
