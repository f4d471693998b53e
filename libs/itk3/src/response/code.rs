//! The ITK3 response codes (`ITK-ResponseCodes-1`).

/// Which layer of the receiver answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ResponseKind {
    /// The message was, or was not, accepted by the receiving system: 1xxxx and 2xxxx.
    Infrastructure,
    /// The message was, or was not, accepted by the receiving organisation: 3xxxx.
    Business,
}

/// A response code with its meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ResponseCode {
    /// The code.
    pub code: u32,
    /// Whether it is an acceptance.
    pub positive: bool,
    /// What it means, in words for staff.
    pub meaning: &'static str,
}

/// Success of the infrastructure layer.
pub const SUCCESS: u32 = 20013;
/// The receiver already has this message (`Bundle.identifier`).
pub const DUPLICATE_MESSAGE: u32 = 20007;
/// The receiver already has this document.
pub const DUPLICATE_DOCUMENT: u32 = 20008;
/// The patient is registered at the receiver.
pub const PATIENT_KNOWN: u32 = 30001;
/// The patient has left the receiver.
pub const PATIENT_MOVED: u32 = 30003;
/// The patient died in the last six months: positive, and still something a person must see.
pub const PATIENT_DECEASED: u32 = 30004;

const fn row(code: u32, positive: bool, meaning: &'static str) -> ResponseCode {
    ResponseCode { code, positive, meaning }
}

const TABLE: [ResponseCode; 42] = [
    row(10001, false, "Handling specification error"),
    row(10002, false, "Infrastructure acknowledgement flag not acceptable"),
    row(10003, false, "Business acknowledgement flag not acceptable"),
    row(10004, false, "Message definition not supported"),
    row(10005, false, "Message definition version not supported"),
    row(10007, false, "Sender reference not acceptable"),
    row(10008, false, "Business rule identifier not supported"),
    row(10009, false, "Message unreadable"),
    row(10010, false, "Recipient type not acceptable"),
    row(20001, false, "Recipient person not known"),
    row(20002, false, "Recipient organisation not known"),
    row(20003, false, "Sender not known"),
    row(20004, false, "File type not approved"),
    row(20005, false, "File type not supported"),
    row(20006, false, "Header validation failed"),
    row(DUPLICATE_MESSAGE, false, "Duplicate message"),
    row(DUPLICATE_DOCUMENT, false, "Duplicate document"),
    row(20009, false, "Payload validation failed"),
    row(20010, false, "Payload recipient organisation not known, or the practice has switched the feature off"),
    row(20011, false, "Payload recipient person not known"),
    row(20012, false, "Sender not authorised"),
    row(SUCCESS, true, "Success"),
    row(20014, false, "Replacement cannot be processed"),
    row(20015, false, "Message too large"),
    row(PATIENT_KNOWN, true, "Patient known here"),
    row(30002, false, "Patient not known here"),
    row(PATIENT_MOVED, false, "Patient no longer here"),
    row(PATIENT_DECEASED, true, "Patient known here, recently deceased"),
    row(30005, true, "Referral outcome"),
    row(30006, true, "Referral outcome"),
    row(30007, false, "Referral not accepted"),
    row(30008, true, "Referral outcome"),
    row(30009, true, "Referral outcome"),
    row(30010, true, "Referral outcome"),
    row(30011, true, "Referral outcome"),
    row(30012, false, "Referral not accepted"),
    row(30013, true, "Referral outcome"),
    row(30014, false, "Referral not accepted"),
    row(30015, false, "Referral not accepted"),
    row(30016, true, "Referral outcome"),
    row(30017, false, "Referral not accepted"),
    row(30018, false, "Referral not accepted"),
];

impl ResponseCode {
    /// The code's row in the national table. GP registration outcomes (30019–30025) are not listed: this suite never
    /// asks for a registration.
    pub fn listed(code: u32) -> Option<Self> {
        TABLE.iter().copied().find(|row| row.code == code)
    }

    /// The row, or one for a code outside the table whose sign is the response's own.
    pub(super) fn read(code: u32, positive: bool) -> Self {
        Self::listed(code).unwrap_or(row(code, positive, "Code not in the national table"))
    }

    /// Which layer uses the code.
    pub fn kind(&self) -> ResponseKind {
        if self.code >= 30000 { ResponseKind::Business } else { ResponseKind::Infrastructure }
    }

    /// A negative that says the receiver has the message already.
    pub fn is_duplicate(&self) -> bool {
        matches!(self.code, DUPLICATE_MESSAGE | DUPLICATE_DOCUMENT)
    }

    /// The FHIR issue type that goes with the code.
    pub(super) fn issue_type(&self) -> &'static str {
        match self.code {
            _ if self.positive => "informational",
            10009 => "structure",
            10001..=10010 => "value",
            20001..=20003 | 20010 | 20011 | 30002 | PATIENT_MOVED => "not-found",
            20006 | 20009 => "invalid",
            20012 => "security",
            _ => "processing",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_has_each_code_once() {
        assert!(TABLE.windows(2).all(|pair| pair[0].code < pair[1].code));
    }

    #[test]
    fn the_only_positive_infrastructure_code_is_success() {
        let positive: Vec<u32> = TABLE
            .iter()
            .filter(|row| row.positive && row.kind() == ResponseKind::Infrastructure)
            .map(|row| row.code)
            .collect();
        assert_eq!(positive, [SUCCESS]);
    }

    #[test]
    fn unlisted_codes_take_the_sign_of_their_response() {
        assert!(!ResponseCode::read(30020, false).positive);
        assert!(ResponseCode::read(30020, true).positive);
        assert!(!ResponseCode::read(20007, true).positive);
    }
}
