//! Where a prescription stands, and what may happen to it there.

/// Where a prescription stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// Raised.
    Raised,
    /// EPS gave a digest to sign.
    Prepared,
    /// Signed by the prescriber.
    Signed,
    /// Stored as it will be sent; EPS has not answered yet.
    Sending,
    /// Accepted by EPS.
    Issued,
    /// Refused by EPS.
    Refused,
    /// Withdrawn before it was issued.
    Cancelled,
}

/// Something that happens to a prescription.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Step {
    /// EPS gave a digest; asking again replaces it while nothing is signed.
    Prepare,
    /// The prescriber signed the digest.
    Sign,
    /// It was stored to be sent.
    Send,
    /// EPS accepted it.
    Accept,
    /// EPS refused it.
    Refuse,
    /// A person withdrew it.
    Void,
}

/// What a prescription means for closing its consultation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Openness {
    /// Nothing is left to do.
    Settled,
    /// Nothing but the prescriber's signature and what follows from it.
    NeedsSignature,
    /// Something else.
    Open,
}

impl State {
    /// Every state.
    pub const ALL: [Self; 7] =
        [Self::Raised, Self::Prepared, Self::Signed, Self::Sending, Self::Issued, Self::Refused, Self::Cancelled];

    /// Where a step leads from here, if it may be taken. Once it is being sent nobody can take it
    /// back: EPS may have it.
    pub fn after(self, step: Step) -> Option<Self> {
        match (self, step) {
            (Self::Raised | Self::Prepared, Step::Prepare) => Some(Self::Prepared),
            (Self::Prepared, Step::Sign) => Some(Self::Signed),
            (Self::Signed, Step::Send) => Some(Self::Sending),
            (Self::Sending, Step::Accept) => Some(Self::Issued),
            (Self::Sending, Step::Refuse) => Some(Self::Refused),
            (Self::Raised | Self::Prepared | Self::Signed | Self::Refused, Step::Void) => Some(Self::Cancelled),
            _ => None,
        }
    }

    /// What it means for closing the consultation. What EPS refused stays open until somebody
    /// withdraws it: the patient has no medicine yet.
    pub fn openness(self) -> Openness {
        match self {
            Self::Issued | Self::Cancelled => Openness::Settled,
            Self::Prepared => Openness::NeedsSignature,
            Self::Raised | Self::Signed | Self::Sending | Self::Refused => Openness::Open,
        }
    }

    /// As stored, and as in the contract without its prefix.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Raised => "RAISED",
            Self::Prepared => "PREPARED",
            Self::Signed => "SIGNED",
            Self::Sending => "SENDING",
            Self::Issued => "ISSUED",
            Self::Refused => "REFUSED",
            Self::Cancelled => "CANCELLED",
        }
    }

    /// Reads what [`State::as_str`] gives.
    pub fn read(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const STEPS: [Step; 6] = [Step::Prepare, Step::Sign, Step::Send, Step::Accept, Step::Refuse, Step::Void];

    #[test]
    fn nothing_follows_an_issue_or_a_withdrawal() {
        for step in STEPS {
            assert_eq!(State::Issued.after(step), None);
            assert_eq!(State::Cancelled.after(step), None);
        }
    }

    #[test]
    fn what_may_be_at_eps_cannot_be_withdrawn() {
        assert_eq!(State::Sending.after(Step::Void), None);
        assert_eq!(State::Issued.after(Step::Void), None);
        assert_eq!(State::Refused.after(Step::Void), Some(State::Cancelled));
    }

    #[test]
    fn only_a_digest_to_sign_waits_for_nothing_but_a_signature() {
        for state in State::ALL {
            assert_eq!(state.openness() == Openness::NeedsSignature, state == State::Prepared);
            assert_eq!(State::read(state.as_str()), Some(state));
        }
        assert_eq!(State::read("issued"), None);
    }

    proptest! {
        #[test]
        fn no_path_sends_or_issues_twice(path in proptest::collection::vec(0..STEPS.len(), 0..40)) {
            let mut state = State::Raised;
            let (mut sent, mut issued, mut signed) = (0, 0, 0);
            for step in path.into_iter().map(|index| STEPS[index]) {
                if let Some(next) = state.after(step) {
                    signed += usize::from(next == State::Signed);
                    sent += usize::from(next == State::Sending);
                    issued += usize::from(next == State::Issued);
                    prop_assert!(issued <= sent && sent <= signed, "issued before it was signed and stored");
                    state = next;
                }
            }
            prop_assert!(signed <= 1 && sent <= 1 && issued <= 1);
        }
    }
}
