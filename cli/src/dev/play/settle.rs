//! Waiting for the world to come to rest after the last submission.

use std::time::Duration;

use ehub_proto::audit::v1::{GetNoLossRequest, NoLoss};
use indicatif::ProgressBar;

use super::{
    Tally,
    stories::{Plan, Story},
};
use crate::{
    dev::suite::Running,
    session::Session,
    waiting::{deadline, expired},
};

/// How long after the last submission everything must have its outcome.
const PATIENCE: Duration = Duration::from_secs(120);
/// How often is looked.
const LOOK: Duration = Duration::from_millis(300);

/// What has to come to rest, in the order in which it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Answered,
    Alerts,
    Transit,
    Deliveries,
    Traces,
    Breaches,
}

impl Stage {
    const ALL: [Self; 6] =
        [Self::Answered, Self::Alerts, Self::Transit, Self::Deliveries, Self::Traces, Self::Breaches];

    fn word(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Alerts => "alerts acknowledged",
            Self::Transit => "nothing in transit",
            Self::Deliveries => "delivered",
            Self::Traces => "traced",
            Self::Breaches => "nothing missing",
        }
    }
}

/// How the world came to rest.
#[derive(Debug, Default)]
pub struct Settled {
    /// What had no outcome in time.
    pub unfinished: Vec<String>,
    /// When each stage was last seen open, in seconds after the last submission.
    last_open: [Option<f64>; 6],
}

impl Settled {
    /// When each stage was at rest, a line each, for people.
    pub fn stages(&self) -> String {
        let one = |stage: &Stage| {
            let after = self.last_open[*stage as usize].unwrap_or(0.0);
            format!("{} {after:.1} s", stage.word())
        };
        Stage::ALL.iter().map(one).collect::<Vec<_>>().join("\n")
    }
}

/// Waits until every consultation has its outcome, every manifest is settled and every closed
/// episode has its lifecycle trace; gives what was still open when patience ran out.
pub async fn settle(
    auditor: &Session,
    running: &Running,
    plans: &[Plan],
    tally: &Tally,
    bar: &ProgressBar,
) -> anyhow::Result<Settled> {
    let (began, end) = (running.clock.monotonic(), deadline(PATIENCE));
    let wanted = plans.iter().filter(|plan| plan.story != Story::Malformed).count();
    let mut settled = Settled::default();
    loop {
        let mut open = answers(wanted, tally, bar);
        if open.is_empty() {
            open = rest(auditor, running, tally, false).await?;
        }
        if open.is_empty() {
            // What the last proof said holds now as well, or it is looked at again.
            open = rest(auditor, running, tally, true).await?;
        }
        let after = (running.clock.monotonic() - began).as_secs_f64();
        for (stage, _) in &open {
            settled.last_open[*stage as usize] = Some(after);
        }
        if open.is_empty() || expired(end) {
            settled.unfinished = open.into_iter().map(|(_, what)| what).collect();
            return Ok(settled);
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// What the players have not done yet.
fn answers(wanted: usize, tally: &Tally, bar: &ProgressBar) -> Vec<(Stage, String)> {
    let counts = tally.counts();
    let dealt_with = counts.closed + counts.transfers_acknowledged + counts.withdrawn;
    let expected = wanted - counts.refused.min(wanted);
    bar.set_position(dealt_with as u64);
    let mut open = Vec::new();
    if dealt_with < expected {
        open.push((
            Stage::Answered,
            format!("{} consultations not closed, passed back or withdrawn", expected - dealt_with),
        ));
    }
    if counts.alerts_acknowledged < counts.emergencies {
        let waiting = counts.emergencies - counts.alerts_acknowledged;
        open.push((Stage::Alerts, format!("{waiting} alerts not acknowledged")));
    }
    open
}

/// What the services have not done yet.
async fn rest(
    auditor: &Session,
    running: &Running,
    tally: &Tally,
    refresh: bool,
) -> anyhow::Result<Vec<(Stage, String)>> {
    let mut open = Vec::new();
    let proof = proof(auditor, tally, refresh).await?;
    if proof.in_transit > 0 {
        open.push((Stage::Transit, format!("{} consultations in transit", proof.in_transit)));
    }
    if proof.manifest_open > 0 {
        open.push((Stage::Deliveries, format!("{} deliveries without an outcome", proof.manifest_open)));
    }
    let (traces, counts) = (running.receiver.lifecycles(), tally.counts());
    let closed = counts.closed + counts.withdrawn;
    if traces < closed {
        open.push((Stage::Traces, format!("{} lifecycle traces not arrived", closed - traces)));
    }
    for breach in proof.breaches {
        open.push((Stage::Breaches, format!("{}: {}", breach.kind, breach.subject)));
    }
    Ok(open)
}

/// The proof that nothing is lost: the last one, or computed now.
pub async fn proof(auditor: &Session, tally: &Tally, refresh: bool) -> anyhow::Result<NoLoss> {
    let proof = tally.ask("AuditService/GetNoLoss", || async {
        let request = auditor.request(GetNoLossRequest { refresh }).await?;
        Ok(auditor.audit().get_no_loss(request).await?.into_inner().no_loss)
    });
    Ok(proof.await?.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_players_owe_is_said_and_what_was_refused_is_not_owed() {
        let (tally, bar) = (Tally::default(), ProgressBar::hidden());
        tally.note(|counts| (counts.closed, counts.transfers_acknowledged, counts.refused) = (6, 1, 1));
        let open = answers(10, &tally, &bar);
        assert_eq!(open.len(), 1);
        assert_eq!(open[0].1, "2 consultations not closed, passed back or withdrawn");
        tally.note(|counts| (counts.closed, counts.withdrawn, counts.emergencies) = (7, 1, 1));
        assert_eq!(answers(10, &tally, &bar)[0].0, Stage::Alerts);
        tally.note(|counts| counts.alerts_acknowledged = 1);
        assert!(answers(10, &tally, &bar).is_empty());
    }

    #[test]
    fn stages_are_named_with_their_times() {
        let mut settled = Settled::default();
        settled.last_open[Stage::Deliveries as usize] = Some(3.25);
        assert!(settled.stages().contains("delivered 3.2 s") && settled.stages().contains("answered 0.0 s"));
    }
}
