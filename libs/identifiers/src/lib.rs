//! Every identifier of the suite, national and our own, as a type that cannot hold a wrong value.
//!
//! Pure: no clock, no randomness, no I/O. Whoever makes an id brings the bytes.

mod eps;
mod invalid;
mod mailbox;
mod nhs_number;
mod ods;
mod reference;
mod registry;
mod sctid;
mod shard;
mod typed;

pub use eps::EpsShortId;
pub use invalid::Invalid;
pub use mailbox::MailboxId;
pub use nhs_number::NhsNumber;
pub use ods::OdsCode;
pub use reference::Reference;
pub use registry::{
    AgreementId, AlertId, ConsultationId, CostCentreId, EnrolmentId, EntryId, EventId, OrganisationId, PrescriptionId,
    QuarantineId, RequestId, SessionId,
};
pub use sctid::{Partition, Sctid};
pub use shard::Shard;
