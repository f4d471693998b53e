//! Why a text is not the identifier it was given as.

/// One cause per variant. Messages say what would be right and never repeat the value: it may be a patient's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    /// Not ten digits.
    #[error("an NHS number has 10 digits; spaces and hyphens may stand between them")]
    NhsNumberLength,
    /// The tenth digit is not the modulus 11 check of the nine before it, or they have none.
    #[error("an NHS number's last digit must match its modulus 11 check")]
    NhsNumberCheck,
    /// One digit ten times: some pass the check, none is a person's.
    #[error("an NHS number is never one digit repeated")]
    NhsNumberRepeated,
    /// Not 3 to 8 letters and digits.
    #[error("an ODS code has 3 to 8 letters and digits")]
    OdsCode,
    /// Not letters and digits.
    #[error("a MESH mailbox id has 1 to 40 letters and digits")]
    MailboxId,
    /// Not 6 to 18 digits beginning with 1 to 9.
    #[error("a SNOMED CT identifier has 6 to 18 digits and does not begin with 0")]
    SctidLength,
    /// The last digit is not the Verhoeff check of those before it.
    #[error("a SNOMED CT identifier's last digit must match its Verhoeff check")]
    SctidCheck,
    /// The partition is not 00, 01, 02, 10, 11 or 12, or names an extension and leaves no room for its namespace.
    #[error("a SNOMED CT identifier's partition must be 00, 01 or 02, or 10, 11 or 12 after a 7-digit namespace")]
    SctidPartition,
    /// A sound SNOMED CT identifier, but not of a concept.
    #[error("the SNOMED CT identifier must be that of a concept (partition 00 or 10)")]
    SctidNotConcept,
    /// A sound SNOMED CT identifier, but not of a description.
    #[error("the SNOMED CT identifier must be that of a description (partition 01 or 11)")]
    SctidNotDescription,
    /// Not of the form `RRRRRR-OOOOOO-SSSSSC`.
    #[error(
        "a short-form prescription id has 6 hexadecimal, 6 cost centre and 5 hexadecimal characters and a check character, as RRRRRR-OOOOOO-SSSSSC"
    )]
    EpsShortIdForm,
    /// The last character is not the ISO 7064 MOD 37-2 check.
    #[error("a short-form prescription id's last character must match its MOD 37-2 check")]
    EpsShortIdCheck,
    /// The cost centre does not fit into the six characters the short form has for it.
    #[error("a cost centre's ODS code must have at most 6 characters to stand in a prescription id")]
    EpsShortIdCostCentre,
    /// Not nine characters of the reference alphabet.
    #[error("a reference has 9 characters, digits and letters without U, as ABC-DEF-GHJ")]
    ReferenceForm,
    /// The characters do not check.
    #[error("a reference's last character must match its check: a character is wrong or two are swapped")]
    ReferenceCheck,
    /// Not a hyphenated UUID, or the nil UUID.
    #[error("an id must be a UUID written with hyphens, and not all zero")]
    Uuid,
    /// Not a resource name of the expected collection.
    #[error("a resource name here must be {0} and a UUID")]
    Name(&'static str),
}
