//! The one list of the suite's own ids and the collections their resource names live in.

crate::typed::ids! {
    /// One request for care or administration by or for one patient, for life.
    ConsultationId: "consultations/";
    /// A practice, hub, ICB or supplier; its ODS code may change, this never does.
    OrganisationId: "organisations/";
    /// The coded record of a consultation on its way to the practice.
    EntryId: "entries/";
    /// A prescription, from being raised to its outcome.
    PrescriptionId: "prescriptions/";
    /// Something received that could not be made a consultation yet.
    QuarantineId: "quarantined/";
    /// A clinical alert to a duty person.
    AlertId: "alerts/";
    /// One event, in an outbox or in the audit log.
    EventId: "events/";
    /// The caller's own name for one attempt to change something: the key of idempotency.
    RequestId: "requests/";
    /// Which practice sends what to which hub, and when.
    EnrolmentId: "enrolments/";
    /// What one organisation may do with another's patients and records.
    AgreementId: "agreements/";
    /// The ODS code under which prescribing is charged, with its ICB and dates.
    CostCentreId: "costCentres/";
    /// A person's working session, with skills and practices.
    SessionId: "sessions/";
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_two_ids_share_a_collection() {
        let prefixes = [
            ConsultationId::NAME_PREFIX,
            OrganisationId::NAME_PREFIX,
            EntryId::NAME_PREFIX,
            PrescriptionId::NAME_PREFIX,
            QuarantineId::NAME_PREFIX,
            AlertId::NAME_PREFIX,
            EventId::NAME_PREFIX,
            RequestId::NAME_PREFIX,
            EnrolmentId::NAME_PREFIX,
            AgreementId::NAME_PREFIX,
            CostCentreId::NAME_PREFIX,
            SessionId::NAME_PREFIX,
        ];
        assert_eq!(prefixes.iter().collect::<BTreeSet<_>>().len(), prefixes.len());
        assert!(prefixes.iter().all(|prefix| prefix.ends_with('/')));
    }
}
