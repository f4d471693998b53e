//! The closed sets of words intake uses, with the spelling they have in storage.

macro_rules! codes {
    ($($(#[$about:meta])* $name:ident { $($(#[$each:meta])* $variant:ident = $code:literal,)+ })+) => {$(
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(#[$each])* $variant,)+
        }

        impl $name {
            /// Every one of them, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word in storage and events.
            pub const fn code(self) -> &'static str {
                match self {
                    $(Self::$variant => $code,)+
                }
            }

            /// Reads the word.
            pub fn from_code(code: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|known| known.code() == code)
            }
        }
    )+};
}

codes! {
    /// The channel a consultation came by.
    Channel {
        /// A supplier, over gRPC.
        Online = "ONLINE",
        /// The national message, over MESH.
        Mesh = "MESH",
        /// Entered by staff from a phone call.
        Phone = "PHONE",
        /// Entered by staff at the desk.
        Desk = "DESK",
    }
    /// Where a consultation stands. Moved by allocation.
    State {
        /// Durable, waiting for a person.
        Accepted = "ACCEPTED",
        /// A named person deals with it.
        InProgress = "IN_PROGRESS",
        /// Waiting for the patient.
        AwaitingPatient = "AWAITING_PATIENT",
        /// Answered and closed.
        Closed = "CLOSED",
        /// Withdrawn by the patient.
        Withdrawn = "WITHDRAWN",
    }
    /// Why a patient withdraws.
    WithdrawReason {
        /// Better by now.
        Better = "BETTER",
        /// Seen by somebody else.
        SeenElsewhere = "SEEN_ELSEWHERE",
        /// It was a mistake.
        ByMistake = "BY_MISTAKE",
        /// Anything else.
        Other = "OTHER",
    }
    /// What is asked for.
    Need {
        /// Advice, assessment or treatment.
        Clinical = "CLINICAL",
        /// What administrators do.
        Administrative = "ADMINISTRATIVE",
        /// Administration that needs a clinician.
        ClinicalAdministrative = "CLINICAL_ADMINISTRATIVE",
    }
    /// What screening makes of a consultation.
    Urgency {
        /// Nothing matched.
        Routine = "ROUTINE",
        /// Something to show to whoever answers.
        Note = "NOTE",
        /// To be answered within the urgent target.
        Urgent = "URGENT",
        /// A clinical alert.
        Emergency = "EMERGENCY",
        /// Not screened; goes to a person within the urgent target.
        NotScreened = "NOT_SCREENED",
    }
    /// In which capacity somebody wrote.
    SubmitterKind {
        /// The patient.
        Patient = "SELF",
        /// A carer or other proxy.
        Proxy = "PROXY",
        /// Staff for the patient.
        Staff = "STAFF",
    }
    /// Administrative gender (FHIR AdministrativeGender).
    Gender {
        /// `male`
        Male = "male",
        /// `female`
        Female = "female",
        /// `other`
        Other = "other",
        /// `unknown`
        Unknown = "unknown",
    }
    /// How a trace ended.
    TraceOutcome {
        /// Found, and the details agree.
        Verified = "VERIFIED",
        /// Not found, or the details do not agree.
        NotTraced = "NOT_TRACED",
        /// Marked sensitive.
        Sensitive = "SENSITIVE",
        /// Registered elsewhere.
        Moved = "MOVED",
        /// Deceased.
        Deceased = "DECEASED",
        /// Found under another number.
        Superseded = "SUPERSEDED",
    }
    /// Why something is in quarantine.
    Cause {
        /// It cannot be parsed.
        Unreadable = "UNREADABLE",
        /// The practice it is for is not enrolled.
        NotEnrolled = "NOT_ENROLLED",
        /// It reads, and fields are wrong.
        InvalidFields = "INVALID_FIELDS",
        /// It is no online consultation.
        UnexpectedMessage = "UNEXPECTED_MESSAGE",
        /// It is larger than the hub takes, and was left at MESH.
        TooLarge = "TOO_LARGE",
    }
}
