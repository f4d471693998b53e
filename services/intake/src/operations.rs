//! Use-cases, one a file; each is one transaction.

pub mod accept;
pub mod convert;
pub mod fence;
pub mod get;
pub mod get_quarantined_content;
pub mod housekeeping;
pub mod land;
pub mod list;
pub mod list_enrolments;
pub mod list_quarantined;
pub mod measure;
pub mod page;
pub mod put_enrolment;
pub mod read_message;
pub mod send_acknowledgement;
pub mod status;
pub mod submit;
pub mod trace;
pub mod withdraw;
