//! What becomes of the things a closing manifest names.

/// How a thing of a manifest stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It has its one terminal outcome, or a person has a task for it.
    Settled,
    /// On its way.
    UnderWay,
    /// It failed, and nobody has been told.
    FailedUnowned,
    /// No event has ever told of it.
    Unheard,
}

/// The standing of a thing: its state, and whether a task about it was raised.
pub fn standing(state: Option<&str>, has_task: Task) -> Standing {
    match state {
        Some("ACKNOWLEDGED" | "SETTLED" | "ISSUED" | "CANCELLED") => Standing::Settled,
        Some("REJECTED" | "UNDELIVERED" | "NEEDS_ATTENTION" | "REFUSED") => match has_task {
            Task::Raised => Standing::Settled,
            Task::None => Standing::FailedUnowned,
        },
        Some(_) => Standing::UnderWay,
        None => Standing::Unheard,
    }
}

/// Whether a person has a task about a thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Task {
    /// One was raised.
    Raised,
    /// None was.
    None,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_settled_only_by_a_task() {
        for state in ["REJECTED", "UNDELIVERED", "NEEDS_ATTENTION", "REFUSED"] {
            assert_eq!(standing(Some(state), Task::None), Standing::FailedUnowned);
            assert_eq!(standing(Some(state), Task::Raised), Standing::Settled);
        }
        assert_eq!(standing(None, Task::Raised), Standing::Unheard);
        for state in ["HELD", "READY", "SENT", "DELIVERED", "RAISED", "PREPARED", "SIGNED", "SENDING"] {
            assert_eq!(standing(Some(state), Task::None), Standing::UnderWay);
        }
        for state in ["ACKNOWLEDGED", "SETTLED", "ISSUED", "CANCELLED"] {
            assert_eq!(standing(Some(state), Task::None), Standing::Settled);
        }
    }
}
