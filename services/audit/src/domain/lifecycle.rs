//! The lifecycle of an episode as stages: what its trace shows.

use std::collections::BTreeMap;

use time::OffsetDateTime;

/// One fact of the log, as far as stages are made of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The service that said so.
    pub source: String,
    /// The kind without its package, such as `ItemRouted`.
    pub kind: String,
    /// When it became true.
    pub at: OffsetDateTime,
    /// The entry or prescription it is about, by resource name.
    pub subject: String,
    /// A detail, such as a state.
    pub detail: String,
    /// Where the work is traced.
    pub traceparent: Option<String>,
}

/// What one trace is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Life {
    /// When the patient made contact, if the acceptance was heard.
    pub first_contact_at: Option<OffsetDateTime>,
    /// Whether the closing manifest had no terminal outcome in time.
    pub incomplete: Incomplete,
    /// The facts of the episode, oldest first.
    pub lines: Vec<Line>,
}

/// Whether a trace was made before all outcomes were known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Incomplete {
    /// It waited too long.
    Yes,
    /// All outcomes are known.
    No,
}

/// One stage: a span of the trace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stage {
    /// What people read.
    pub name: &'static str,
    /// Unique within the trace.
    pub key: String,
    /// Whether it is the root, which all others lie in.
    pub root: Root,
    /// When it began.
    pub start: OffsetDateTime,
    /// When it ended.
    pub end: OffsetDateTime,
    /// How it ended, such as a state.
    pub outcome: String,
    /// Where its work is traced.
    pub links: Vec<String>,
}

/// Whether a stage is the whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Root {
    /// The whole.
    Whole,
    /// A part.
    Part,
}

/// The key of the whole.
pub const WHOLE: &str = "consultation";

/// The stages of a life, the whole first; none without a fact.
pub fn stages(life: &Life) -> Vec<Stage> {
    let (Some(first), Some(last)) =
        (life.lines.iter().map(|line| line.at).min(), life.lines.iter().map(|line| line.at).max())
    else {
        return Vec::new();
    };
    let start = life.first_contact_at.map_or(first, |contact| contact.min(first));
    let mut stages = vec![Stage {
        name: "consultation lifecycle",
        key: WHOLE.to_owned(),
        root: Root::Whole,
        start,
        end: last,
        outcome: match life.incomplete {
            Incomplete::Yes => "INCOMPLETE".to_owned(),
            Incomplete::No => "COMPLETE".to_owned(),
        },
        links: Vec::new(),
    }];
    stages.extend(intake(life, start));
    stages.extend(legs(&life.lines));
    stages.extend(deliveries(&life.lines));
    stages
}

/// From first contact until the consultation was durable, and until demographics answered.
fn intake(life: &Life, start: OffsetDateTime) -> Vec<Stage> {
    let mut parts = Vec::new();
    let accepted = life.lines.iter().find(|line| line.kind == "ConsultationAccepted");
    if let Some(accepted) = accepted {
        parts.push(part("intake", "intake".to_owned(), start, accepted, "ACCEPTED"));
    }
    if let (Some(accepted), Some(traced)) = (accepted, life.lines.iter().find(|line| line.kind == "PatientTraced")) {
        parts.push(part("demographics", "demographics".to_owned(), accepted.at, traced, &traced.detail));
    }
    parts
}

/// Waits and claims: each lasts until the next movement.
fn legs(lines: &[Line]) -> Vec<Stage> {
    let mut parts = Vec::new();
    let mut open: Option<(&'static str, &Line)> = None;
    let mut count = 0;
    for line in lines.iter().filter(|line| line.source == "allocation") {
        let next = match line.kind.as_str() {
            "ItemRouted" | "ClaimEnded" | "ItemTransferred" => Some("queue"),
            "ItemClaimed" => Some("claim"),
            "ConsultationCompleted" | "ItemWithdrawn" => None,
            _ => continue,
        };
        if let Some((name, begun)) = open.take() {
            count += 1;
            let mut leg = part(name, format!("leg-{count}"), begun.at, line, &line.kind);
            leg.links.splice(0..0, begun.traceparent.clone());
            parts.push(leg);
        }
        open = next.map(|name| (name, line));
    }
    parts
}

/// For each entry and prescription: from its first to its last fact.
fn deliveries(lines: &[Line]) -> Vec<Stage> {
    let mut by_name: BTreeMap<&str, Vec<&Line>> = BTreeMap::new();
    for line in lines.iter().filter(|line| matches!(line.source.as_str(), "writeback" | "prescribing")) {
        if !line.subject.is_empty() {
            by_name.entry(&line.subject).or_default().push(line);
        }
    }
    let completed = lines.iter().find(|line| line.kind == "ConsultationCompleted").map(|line| line.at);
    let claimed = lines.iter().filter(|line| line.kind == "ItemClaimed");
    let mut parts = Vec::new();
    for (name, facts) in by_name {
        let (Some(first), Some(last)) = (facts.first(), facts.last()) else { continue };
        if name.starts_with("prescriptions/") {
            let mut stage = part("prescribing", format!("prescribing {name}"), first.at, last, &last.detail);
            stage.links = facts.iter().filter_map(|line| line.traceparent.clone()).collect();
            parts.push(stage);
            continue;
        }
        let work_began = claimed.clone().map(|line| line.at).filter(|at| *at <= first.at).max();
        parts.push(part("filing", format!("filing {name}"), work_began.unwrap_or(first.at), first, &first.detail));
        // Sending may begin when the consultation is closed; before that the entry waits by design.
        let begins = completed.map_or(first.at, |at| at.max(first.at)).min(last.at);
        let mut stage = part("write-back", format!("write-back {name}"), begins, last, &last.detail);
        stage.links = facts.iter().filter_map(|line| line.traceparent.clone()).collect();
        parts.push(stage);
    }
    parts
}

fn part(name: &'static str, key: String, start: OffsetDateTime, ended: &Line, outcome: &str) -> Stage {
    let links = ended.traceparent.iter().cloned().collect();
    Stage { name, key, root: Root::Part, start, end: ended.at, outcome: outcome.to_owned(), links }
}

#[cfg(test)]
mod tests {
    use time::{Duration, macros::datetime};

    use super::*;

    fn line(source: &str, kind: &str, minute: i64, subject: &str, detail: &str) -> Line {
        Line {
            source: source.to_owned(),
            kind: kind.to_owned(),
            at: datetime!(2026-03-02 08:00 UTC) + Duration::minutes(minute),
            subject: subject.to_owned(),
            detail: detail.to_owned(),
            traceparent: Some(format!("00-{minute:032x}-{minute:016x}-01")),
        }
    }

    fn life(lines: Vec<Line>) -> Life {
        Life { first_contact_at: Some(datetime!(2026-03-02 07:59 UTC)), incomplete: Incomplete::No, lines }
    }

    #[test]
    fn nothing_heard_is_no_trace() {
        assert_eq!(stages(&life(Vec::new())), Vec::new());
    }

    #[test]
    fn a_whole_life_has_a_stage_for_everything_that_took_time() {
        let life = life(vec![
            line("intake", "ConsultationAccepted", 0, "", ""),
            line("intake", "PatientTraced", 1, "", "MATCHED"),
            line("allocation", "ItemRouted", 1, "", "H8H01"),
            line("allocation", "ItemClaimed", 10, "", ""),
            line("writeback", "EntryFiled", 15, "entries/e", "HELD"),
            line("prescribing", "PrescriptionMoved", 16, "prescriptions/p", "RAISED"),
            line("prescribing", "PrescriptionMoved", 18, "prescriptions/p", "ISSUED"),
            line("allocation", "ConsultationCompleted", 20, "", ""),
            line("writeback", "EntryMoved", 22, "entries/e", "ACKNOWLEDGED"),
        ]);
        let stages = stages(&life);
        let told: Vec<_> = stages.iter().map(|stage| (stage.name, (stage.end - stage.start).whole_minutes())).collect();
        assert_eq!(
            told,
            [
                ("consultation lifecycle", 23),
                ("intake", 1),
                ("demographics", 1),
                ("queue", 9),
                ("claim", 10),
                ("filing", 5),
                ("write-back", 2),
                ("prescribing", 2),
            ]
        );
    }

    #[test]
    fn keys_are_unique() {
        let life = life(vec![
            line("allocation", "ItemRouted", 1, "", ""),
            line("allocation", "ItemClaimed", 2, "", ""),
            line("allocation", "ClaimEnded", 3, "", ""),
            line("allocation", "ItemClaimed", 4, "", ""),
            line("allocation", "ConsultationCompleted", 5, "", ""),
        ]);
        let mut keys: Vec<_> = stages(&life).into_iter().map(|stage| stage.key).collect();
        let all = keys.len();
        keys.sort();
        keys.dedup();
        assert_eq!((keys.len(), all), (5, 5));
    }
}
