//! Which service reads which events: the one place by which sources and subscribers agree.

/// Each kind, a full message name, with those who read its body. Audit reads all of them; to every other service an
/// event comes as its header, and one that is a stream of its own not at all: nobody is sent what they do not need.
const READERS: [(&str, &[&str]); 13] = [
    ("ehub.intake.event.v1.ConsultationAccepted", &["allocation", "writeback", "prescribing"]),
    ("ehub.intake.event.v1.MessageQuarantined", &["allocation"]),
    ("ehub.intake.event.v1.WithdrawalRequested", &["allocation"]),
    ("ehub.allocation.event.v1.OrganisationPut", &["intake", "writeback", "prescribing"]),
    ("ehub.allocation.event.v1.AccessPublished", &["intake", "writeback", "prescribing"]),
    ("ehub.allocation.event.v1.ConsultationCompleted", &["intake", "writeback", "prescribing"]),
    ("ehub.allocation.event.v1.ItemClaimed", &["intake"]),
    ("ehub.allocation.event.v1.ItemWithdrawn", &["intake"]),
    ("ehub.allocation.event.v1.AlertRaised", &["intake"]),
    ("ehub.allocation.event.v1.AlertAcknowledged", &["intake"]),
    ("ehub.writeback.event.v1.EntryFiled", &["allocation"]),
    ("ehub.writeback.event.v1.EntryMoved", &["allocation"]),
    ("ehub.prescribing.event.v1.PrescriptionMoved", &["writeback"]),
];

/// Whether a service reads the bodies of a kind.
#[must_use]
pub fn reads(service: &str, kind: &str) -> bool {
    service == "audit" || READERS.iter().any(|(read, by)| *read == kind && by.contains(&service))
}

/// The kinds whose bodies a service other than audit reads, in the order of the table.
pub fn read_by(service: &str) -> impl Iterator<Item = &'static str> {
    READERS.iter().filter(move |(_, by)| by.contains(&service)).map(|(kind, _)| *kind)
}
