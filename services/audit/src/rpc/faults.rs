//! The table: every error of an operation, its code and its reason.

use ehub_faults::{Code, Fault};

use crate::operations::{export_leaves, get_checkpoint, get_timeline, prove, read_no_loss};

const DOMAIN: &str = "audit.ehub";

fn no_checkpoint() -> Fault {
    Fault::new(Code::FailedPrecondition, DOMAIN, "NO_CHECKPOINT", "no checkpoint has been signed yet; try again")
}

impl From<get_checkpoint::Error> for Fault {
    fn from(error: get_checkpoint::Error) -> Self {
        match error {
            get_checkpoint::Error::None => no_checkpoint(),
            get_checkpoint::Error::Storage(error) => ehub_calls::storage_fault(&error),
        }
    }
}

impl From<prove::Error> for Fault {
    fn from(error: prove::Error) -> Self {
        match error {
            prove::Error::LeafNotFound => {
                Self::new(Code::NotFound, DOMAIN, "LEAF_NOT_FOUND", "no such event in the tree of that size")
            }
            prove::Error::TreeSmaller { size } => {
                Self::new(Code::FailedPrecondition, DOMAIN, "TREE_SMALLER", "the tree is not that large yet")
                    .with("size", size.to_string())
            }
            prove::Error::NoCheckpoint => no_checkpoint(),
            // The parser refuses it before, unless the larger size was left to us.
            prove::Error::WrongOrder => Self::bad_request(vec![ehub_faults::Violation {
                field: "first".to_owned(),
                description: "must not be larger than second".into(),
            }]),
            prove::Error::Damaged(ref damage) => Self::internal(damage),
            prove::Error::Storage(error) => ehub_calls::storage_fault(&error),
        }
    }
}

impl From<export_leaves::Error> for Fault {
    fn from(error: export_leaves::Error) -> Self {
        match error {
            export_leaves::Error::Storage(error) => ehub_calls::storage_fault(&error),
        }
    }
}

impl From<get_timeline::Error> for Fault {
    fn from(error: get_timeline::Error) -> Self {
        match error {
            get_timeline::Error::NotFound => {
                Self::new(Code::NotFound, DOMAIN, "CONSULTATION_NOT_FOUND", "no such consultation")
            }
            get_timeline::Error::Access(error) => error.into(),
            get_timeline::Error::Storage(error) => ehub_calls::storage_fault(&error),
        }
    }
}

impl From<read_no_loss::Error> for Fault {
    fn from(error: read_no_loss::Error) -> Self {
        match error {
            read_no_loss::Error::NotYet => {
                Self::unavailable("STOPPING", "the proof has not been computed yet; try again")
            }
            read_no_loss::Error::Storage(error) => ehub_calls::storage_fault(&error),
        }
    }
}
