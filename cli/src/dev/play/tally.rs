//! What the players counted: their side of the story, to hold against the services'.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Mutex, PoisonError},
};

use serde::Serialize;
use tonic::Status;

use crate::waiting::{Patience, patiently, reason};

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
    /// Withdrawn by the patient before anybody worked on it.
    pub withdrawn: usize,
    pub transfers_acknowledged: usize,
    pub closed: usize,
    pub entries_filed: usize,
    pub issued: usize,
    /// Calls that were made again because the answer was a passing one.
    pub repeated: BTreeMap<Answer, usize>,
    /// Answers that nobody in this play should ever get.
    pub unexpected: BTreeMap<Answer, usize>,
}

/// A call that was not answered with what was asked for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Answer {
    pub rpc: &'static str,
    pub code: String,
    pub reason: String,
}

impl Answer {
    fn of(rpc: &'static str, error: &anyhow::Error) -> Self {
        match error.downcast_ref::<Status>() {
            Some(status) => Self { rpc, code: format!("{:?}", status.code()), reason: said(status) },
            None => Self { rpc, code: "NoAnswer".to_owned(), reason: format!("{error:#}") },
        }
    }
}

/// The reason of an answer of ours; of one that is not (a transport's), its message.
fn said(status: &Status) -> String {
    let reason = reason(status);
    if reason.is_empty() { status.message().to_owned() } else { reason }
}

/// How often a call got an answer.
#[derive(Debug, Clone, Serialize)]
pub struct Often {
    pub rpc: &'static str,
    pub code: String,
    pub reason: String,
    pub count: usize,
}

impl fmt::Display for Often {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} × {}: {} {}", self.count, self.rpc, self.code, self.reason)
    }
}

/// The answers with their counts, as the report lists them.
pub fn often(answers: &BTreeMap<Answer, usize>) -> Vec<Often> {
    let one = |(answer, count): (&Answer, &usize)| Often {
        rpc: answer.rpc,
        code: answer.code.clone(),
        reason: answer.reason.clone(),
        count: *count,
    };
    answers.iter().map(one).collect()
}

/// Counts shared by all players.
#[derive(Debug, Default)]
pub struct Tally(Mutex<Counts>);

impl Tally {
    /// Changes the counts.
    pub fn note(&self, change: impl FnOnce(&mut Counts)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Makes a player's call, again while the answer is a passing one. Counts the repetitions; any
    /// other failure is remembered as an answer that was not expected.
    pub async fn ask<T, F>(&self, rpc: &'static str, call: impl FnMut() -> F) -> anyhow::Result<T>
    where
        F: Future<Output = anyhow::Result<T>>,
    {
        self.ask_with(Patience::PLAYING, rpc, call).await
    }

    /// The same with other patience.
    pub async fn ask_with<T, F>(
        &self,
        patience: Patience,
        rpc: &'static str,
        call: impl FnMut() -> F,
    ) -> anyhow::Result<T>
    where
        F: Future<Output = anyhow::Result<T>>,
    {
        let answered = self.patiently(patience, rpc, call).await;
        if let Err(error) = &answered {
            self.unexpected(rpc, error);
        }
        answered
    }

    /// The same for a call that somebody else may have got ahead of: nothing, when it is refused for that reason.
    pub async fn ask_unless<T, F>(
        &self,
        rpc: &'static str,
        ahead: &str,
        call: impl FnMut() -> F,
    ) -> anyhow::Result<Option<T>>
    where
        F: Future<Output = anyhow::Result<T>>,
    {
        match self.patiently(Patience::PLAYING, rpc, call).await {
            Ok(answer) => Ok(Some(answer)),
            Err(error) if error.downcast_ref::<Status>().is_some_and(|status| reason(status) == ahead) => Ok(None),
            Err(error) => {
                self.unexpected(rpc, &error);
                Err(error)
            }
        }
    }

    async fn patiently<T, F>(&self, patience: Patience, rpc: &'static str, call: impl FnMut() -> F) -> anyhow::Result<T>
    where
        F: Future<Output = anyhow::Result<T>>,
    {
        let repeated = |status: &Status| {
            let answer = Answer { rpc, code: format!("{:?}", status.code()), reason: said(status) };
            self.note(|counts| *counts.repeated.entry(answer).or_default() += 1);
        };
        patiently(patience, repeated, call).await
    }

    fn unexpected(&self, rpc: &'static str, error: &anyhow::Error) {
        self.note(|counts| *counts.unexpected.entry(Answer::of(rpc, error)).or_default() += 1);
    }

    /// Remembers something else that should not have happened.
    pub fn surprise(&self, rpc: &'static str, what: &str) {
        let answer = Answer { rpc, code: "Ok".to_owned(), reason: what.to_owned() };
        self.note(|counts| *counts.unexpected.entry(answer).or_default() += 1);
    }

    /// The counts now.
    pub fn counts(&self) -> Counts {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "statuses as a service would send them")]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_bug_is_listed_and_not_asked_again() {
        let tally = Tally::default();
        for _ in 0..2 {
            let answered: anyhow::Result<()> =
                tally.ask("WritebackService/FileEntry", || async { Err(Status::internal("a bug").into()) }).await;
            assert!(answered.is_err());
        }
        let counts = tally.counts();
        assert!(counts.repeated.is_empty());
        let listed = often(&counts.unexpected);
        assert_eq!(listed.len(), 1);
        assert_eq!(
            (listed[0].rpc, listed[0].code.as_str(), listed[0].reason.as_str(), listed[0].count),
            ("WritebackService/FileEntry", "Internal", "a bug", 2)
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_service_that_comes_back_is_counted_and_nothing_is_unexpected() {
        let tally = Tally::default();
        let mut away = 3;
        let answered = tally.ask("AllocationService/Complete", || {
            away -= 1;
            let answer = if away > 0 { Err(Status::unavailable("away").into()) } else { Ok(7) };
            async move { answer }
        });
        assert_eq!(answered.await.expect("answered"), 7);
        let counts = tally.counts();
        assert!(counts.unexpected.is_empty());
        assert_eq!(often(&counts.repeated).iter().map(|one| one.count).collect::<Vec<_>>(), [2]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_service_that_stays_away_is_unexpected_in_the_end() {
        let tally = Tally::default();
        let answered: anyhow::Result<()> =
            tally.ask("AllocationService/Complete", || async { Err(Status::unavailable("away").into()) }).await;
        assert!(answered.is_err());
        assert_eq!(often(&tally.counts().unexpected)[0].code, "Unavailable");
    }
}
