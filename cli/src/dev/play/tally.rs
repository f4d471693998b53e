//! What the players counted: their side of the story, to hold against the services'.

use std::sync::{Mutex, PoisonError};

/// Counts of one run.
#[derive(Debug, Clone, Default)]
pub struct Counts {
    /// Submit calls with distinct request ids, and distinct MESH messages.
    pub submitted: usize,
    /// Of these, by MESH.
    pub by_mesh: usize,
    /// Submit calls that were refused.
    pub refused: usize,
    /// Repeated submissions that got the first answer.
    pub replayed: usize,
    /// Emergencies among what was answered at once.
    pub emergencies: usize,
    pub alerts_acknowledged: usize,
    pub answered: usize,
    pub answered_in_time: usize,
    pub passed_back: usize,
    pub transfers_acknowledged: usize,
    pub closed: usize,
    pub entries_filed: usize,
    pub issued: usize,
    /// What went wrong for a player and was tried again, by kind.
    pub hitches: Vec<String>,
}

/// Counts shared by all players.
#[derive(Debug, Default)]
pub struct Tally(Mutex<Counts>);

impl Tally {
    /// Changes the counts.
    pub fn note(&self, change: impl FnOnce(&mut Counts)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Remembers that something had to be tried again; keeps the first hundred.
    pub fn hitch(&self, what: &str, error: &dyn std::fmt::Display) {
        self.note(|counts| {
            if counts.hitches.len() < 100 {
                counts.hitches.push(format!("{what}: {error}"));
            }
        });
    }

    /// The counts now.
    pub fn counts(&self) -> Counts {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
