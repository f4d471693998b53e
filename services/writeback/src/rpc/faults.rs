//! The table from errors to codes and reasons.

use std::time::Duration;

use ehub_faults::{Code, Fault};

use crate::operations::{
    file_entry, get_document, get_entry, list_agreements, list_entries, put_agreement, settle_entry,
};

const DOMAIN: &str = "writeback.ehub";

fn entry_not_found() -> Fault {
    Fault::new(Code::NotFound, DOMAIN, "ENTRY_NOT_FOUND", "there is no such entry, or it is not yours")
}

fn etag_mismatch() -> Fault {
    Fault::new(Code::Aborted, DOMAIN, "ETAG_MISMATCH", "it was changed since it was read; read it again")
}

impl From<file_entry::Error> for Fault {
    fn from(error: file_entry::Error) -> Self {
        use file_entry::Error;
        match error {
            Error::Access(error) => error.into(),
            Error::Grant(fault) => fault,
            Error::GrantForAnother => Self::permission_denied(
                "GRANT_FOR_ANOTHER",
                "the grant is for another consultation than the request names",
            ),
            Error::Fence(error) => error.into(),
            Error::ConsultationUnknown => Self::new(
                Code::Unavailable,
                DOMAIN,
                "CONSULTATION_UNKNOWN",
                "the consultation is not known here yet; try again",
            )
            .retry_after(Duration::from_secs(1)),
            Error::NotFound => entry_not_found(),
            Error::Exists(entry) => Self::new(
                Code::AlreadyExists,
                DOMAIN,
                "ENTRY_EXISTS",
                "the name is taken, or another entry of the consultation is open",
            )
            .with("entry", entry.name()),
            Error::Sent => Self::new(
                Code::FailedPrecondition,
                DOMAIN,
                "ENTRY_SENT",
                "the entry has gone out or was settled; amend it in a new consultation",
            ),
            Error::EtagMismatch => etag_mismatch(),
            Error::Storage(error) => ehub_calls::storage_fault(&error),
        }
    }
}

impl From<get_entry::Error> for Fault {
    fn from(error: get_entry::Error) -> Self {
        match error {
            get_entry::Error::Access(error) => error.into(),
            get_entry::Error::NotFound => entry_not_found(),
            get_entry::Error::Storage(error) => ehub_calls::storage_fault(&error),
        }
    }
}

impl From<get_document::Error> for Fault {
    fn from(error: get_document::Error) -> Self {
        match error {
            get_document::Error::Access(error) => error.into(),
            get_document::Error::NotFound => entry_not_found(),
            get_document::Error::NotMade => Self::new(
                Code::FailedPrecondition,
                DOMAIN,
                "DOCUMENT_NOT_MADE",
                "no document has been made of the entry: it is made when the entry is sent",
            ),
            get_document::Error::WithoutPdf => Self::internal(&error),
            get_document::Error::Storage(error) => ehub_calls::storage_fault(&error),
        }
    }
}

impl From<list_entries::Error> for Fault {
    fn from(error: list_entries::Error) -> Self {
        match error {
            list_entries::Error::Access(error) => error.into(),
            list_entries::Error::Storage(error) => ehub_calls::storage_fault(&error),
        }
    }
}

impl From<settle_entry::Error> for Fault {
    fn from(error: settle_entry::Error) -> Self {
        match error {
            settle_entry::Error::Access(error) => error.into(),
            settle_entry::Error::NotFound => entry_not_found(),
            settle_entry::Error::NotWaiting => {
                Self::new(Code::FailedPrecondition, DOMAIN, "ENTRY_NOT_WAITING", "the entry does not wait for a person")
            }
            settle_entry::Error::Storage(error) => ehub_calls::storage_fault(&error),
        }
    }
}

impl From<put_agreement::Error> for Fault {
    fn from(error: put_agreement::Error) -> Self {
        use put_agreement::Error;
        match error {
            Error::Access(error) => error.into(),
            Error::UnknownPractice => {
                Self::bad_request(Vec::new()).violation("agreement.to_ods", "must be a practice of the register")
            }
            Error::NotFound => Self::new(
                Code::NotFound,
                DOMAIN,
                "AGREEMENT_NOT_FOUND",
                "there is no such agreement, or it is not yours",
            ),
            Error::EtagMismatch => etag_mismatch(),
            Error::Storage(error) => ehub_calls::storage_fault(&error),
        }
    }
}

impl From<list_agreements::Error> for Fault {
    fn from(error: list_agreements::Error) -> Self {
        match error {
            list_agreements::Error::Access(error) => error.into(),
            list_agreements::Error::Storage(error) => ehub_calls::storage_fault(&error),
        }
    }
}
