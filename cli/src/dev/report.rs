//! What a morning came to: the players' counts held against what the services say.

use comfy_table::{Table, presets::UTF8_BORDERS_ONLY};
use ehub_proto::{
    audit::v1::{ExportLeavesRequest, GetCheckpointRequest, NoLoss},
    intake::v1::{Channel, ListConsultationsRequest, ListQuarantinedRequest, State, Urgency},
    writeback::v1::{EntryState, ListEntriesRequest},
};
use serde::Serialize;
use time::OffsetDateTime;

use super::{
    play::{Often, Played, often},
    suite::Running,
};
use crate::{
    output,
    session::{Session, Suite},
    world::World,
};

/// The one JSON object of `--json`, and the table.
#[derive(Debug, Serialize)]
pub struct Report {
    pub run_id: String,
    pub consultations: Consultations,
    pub answered: usize,
    pub answered_in_time: usize,
    pub entries: Entries,
    pub prescriptions: Prescriptions,
    pub audit: Audit,
    pub no_loss: NoLossReport,
    pub traces: Traces,
    pub seconds: f64,
    /// What had no outcome in time.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unfinished: Vec<String>,
    /// Answers that nobody in the play should ever get.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unexpected_answers: Vec<Often>,
    /// Calls that were made again because the answer was a passing one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub repeated_calls: Vec<Often>,
    #[serde(skip)]
    stages: String,
    #[serde(skip)]
    replayed: usize,
    #[serde(skip)]
    alerts_acknowledged: usize,
}

/// Consultations of this run.
#[derive(Debug, Default, Serialize)]
pub struct Consultations {
    pub submitted: usize,
    pub accepted: usize,
    pub by_mesh: usize,
    pub emergencies: usize,
    pub quarantined: usize,
    pub rejected: usize,
    pub passed_back: usize,
    pub withdrawn: usize,
    pub closed: usize,
}

/// Entries of this run.
#[derive(Debug, Default, Serialize)]
pub struct Entries {
    pub acknowledged: usize,
    pub needs_attention: usize,
    #[serde(skip)]
    other: usize,
}

/// Prescriptions of this run.
#[derive(Debug, Serialize)]
pub struct Prescriptions {
    pub issued: usize,
}

/// The audit log of the whole database.
#[derive(Debug, Serialize)]
pub struct Audit {
    pub size: i64,
    pub root: String,
    pub verified: bool,
}

/// The proof over the whole database.
#[derive(Debug, Serialize)]
pub struct NoLossReport {
    pub holds: bool,
    pub received: i64,
    pub in_transit: i64,
    pub held: i64,
    pub closed: i64,
    pub quarantined: i64,
    pub rejected: i64,
}

/// Lifecycle traces that arrived.
#[derive(Debug, Serialize)]
pub struct Traces {
    pub lifecycles: usize,
}

impl Report {
    /// Asks the services what became of this run.
    pub async fn of(suite: &Suite, running: &Running, played: &Played) -> anyhow::Result<Self> {
        let counts = &played.counts;
        let mut consultations = count_consultations(&suite.as_persona("auditor"), played.began).await?;
        consultations.submitted = counts.submitted;
        consultations.by_mesh = counts.by_mesh;
        consultations.passed_back = counts.passed_back;
        consultations.withdrawn = counts.withdrawn;
        consultations.quarantined = count_quarantined(&suite.as_persona("duty-dan"), played.began).await?;
        let rejected = played.no_loss.rejected - played.before.rejected;
        consultations.rejected = usize::try_from(rejected).unwrap_or(0) + counts.refused;
        Ok(Self {
            run_id: running.world.run_id.clone(),
            consultations,
            answered: counts.answered,
            answered_in_time: counts.answered_in_time,
            entries: count_entries(&suite.as_persona("duty-dan"), played.began).await?,
            prescriptions: Prescriptions { issued: counts.issued },
            audit: verify_audit(&suite.as_persona("auditor")).await?,
            no_loss: no_loss(&played.no_loss),
            traces: Traces { lifecycles: running.receiver.lifecycles() },
            seconds: (played.seconds * 10.0).round() / 10.0,
            unfinished: played.settled.unfinished.clone(),
            unexpected_answers: often(&counts.unexpected),
            repeated_calls: often(&counts.repeated),
            stages: played.settled.stages(),
            replayed: counts.replayed,
            alerts_acknowledged: counts.alerts_acknowledged,
        })
    }

    /// Every invariant that does not hold.
    pub fn broken(&self) -> Vec<String> {
        let mut broken = Vec::new();
        let mut must = |holds: bool, what: &str| {
            if !holds {
                broken.push(what.to_owned());
            }
        };
        let counts = &self.consultations;
        must(
            counts.accepted + counts.quarantined + counts.rejected == counts.submitted,
            "accepted + quarantined + rejected = submitted",
        );
        must(self.no_loss.holds, "the proof of no loss holds");
        must(self.audit.verified, "the audit log verifies against its checkpoint");
        must(self.alerts_acknowledged >= counts.emergencies, "every emergency's alert was acknowledged");
        must(self.unexpected_answers.is_empty(), "no player got an unexpected answer");
        if self.unfinished.is_empty() {
            must(self.no_loss.in_transit == 0, "nothing is in transit");
            must(
                self.traces.lifecycles >= counts.closed + counts.withdrawn,
                "every closed episode has its lifecycle trace",
            );
            must(self.entries.other == 0, "every entry is acknowledged or needs attention");
        }
        broken
    }

    /// The table for people, and where to look further.
    pub fn print(&self, world: &World) {
        let mut table = Table::new();
        table.load_style(UTF8_BORDERS_ONLY);
        let counts = &self.consultations;
        let mut row = |what: &str, value: String| {
            table.add_row([what.to_owned(), value]);
        };
        row("submitted", format!("{} ({} by MESH)", counts.submitted, counts.by_mesh));
        row("accepted", counts.accepted.to_string());
        row("quarantined, rejected", format!("{}, {}", counts.quarantined, counts.rejected));
        row("repeated submissions given the first answer", self.replayed.to_string());
        row("emergencies (alerts acknowledged)", format!("{} ({})", counts.emergencies, self.alerts_acknowledged));
        row("closed by the hub", counts.closed.to_string());
        row("passed back to the practice", counts.passed_back.to_string());
        row("withdrawn by the patient", counts.withdrawn.to_string());
        row("answered in time", format!("{} of {}", self.answered_in_time, self.answered));
        row("entries acknowledged by the practice, filing not known", self.entries.acknowledged.to_string());
        row("entries that need attention", self.entries.needs_attention.to_string());
        row("prescriptions issued under the hub's cost centre", self.prescriptions.issued.to_string());
        let verified = if self.audit.verified { "verified" } else { "NOT VERIFIED" };
        row(
            "audit log",
            format!(
                "{} leaves, root {}… {verified}",
                self.audit.size,
                &self.audit.root[..16.min(self.audit.root.len())]
            ),
        );
        let proof = &self.no_loss;
        row(
            "no loss",
            format!(
                "{}: {} received =\n{} in transit + {} held + {} closed + {} quarantined + {} rejected",
                if proof.holds { "holds" } else { "BROKEN" },
                proof.received,
                proof.in_transit,
                proof.held,
                proof.closed,
                proof.quarantined,
                proof.rejected
            ),
        );
        row("lifecycle traces received", self.traces.lifecycles.to_string());
        row("at rest after the last submission", self.stages.clone());
        row("seconds", format!("{:.1}", self.seconds));
        output::line(&table.to_string());
        for broken in self.broken() {
            output::line(&format!("BROKEN: {broken}"));
        }
        for open in &self.unfinished {
            output::line(&format!("not finished: {open}"));
        }
        for answer in &self.unexpected_answers {
            output::line(&format!("unexpected answer: {answer}"));
        }
        for answer in &self.repeated_calls {
            output::note(&format!("asked again: {answer}"));
        }
        output::note("look further:");
        for command in ["ehub inbox --as gp-anna", "ehub quarantine list", "ehub audit verify", "ehub doctor"] {
            output::note(&format!("  target/debug/{command}"));
        }
        output::note(&format!("  tokens: curl -d client_id=supplier {}/token", world.issuer));
    }
}

async fn count_consultations(session: &Session, since: OffsetDateTime) -> anyhow::Result<Consultations> {
    let mut counts = Consultations::default();
    let mut page_token = String::new();
    loop {
        let request = ListConsultationsRequest { page_size: 500, page_token, ..ListConsultationsRequest::default() };
        let page = session.intake().list_consultations(session.request(request).await?).await?.into_inner();
        for consultation in page.consultations {
            if consultation.accept_time.as_ref().is_none_or(|at| at.seconds < since.unix_timestamp()) {
                continue;
            }
            counts.accepted += 1;
            counts.by_mesh += usize::from(consultation.channel() == Channel::Mesh);
            counts.closed += usize::from(consultation.state() == State::Closed);
            let urgency = consultation.screening.map(|screening| screening.urgency());
            counts.emergencies += usize::from(urgency == Some(Urgency::Emergency));
        }
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return Ok(counts);
        }
    }
}

async fn count_quarantined(session: &Session, since: OffsetDateTime) -> anyhow::Result<usize> {
    let request = ListQuarantinedRequest { page_size: 500, page_token: String::new(), include_settled: false };
    let page = session.intake().list_quarantined(session.request(request).await?).await?.into_inner();
    let recent = |at: &prost_types::Timestamp| at.seconds >= since.unix_timestamp();
    Ok(page.quarantined.iter().filter(|one| one.receive_time.as_ref().is_some_and(recent)).count())
}

async fn count_entries(session: &Session, since: OffsetDateTime) -> anyhow::Result<Entries> {
    let mut counts = Entries::default();
    let mut page_token = String::new();
    loop {
        let request = ListEntriesRequest { page_size: 500, page_token, ..ListEntriesRequest::default() };
        let page = session.writeback().list_entries(session.request(request).await?).await?.into_inner();
        for entry in page.entries {
            if entry.file_time.as_ref().is_none_or(|at| at.seconds < since.unix_timestamp()) {
                continue;
            }
            match entry.state() {
                EntryState::Acknowledged => counts.acknowledged += 1,
                EntryState::NeedsAttention | EntryState::Rejected | EntryState::Undelivered => {
                    counts.needs_attention += 1
                }
                _ => counts.other += 1,
            }
        }
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return Ok(counts);
        }
    }
}

/// Fetches the whole log and verifies it here, with nothing but the public key.
async fn verify_audit(session: &Session) -> anyhow::Result<Audit> {
    let checkpoint =
        session.audit().get_checkpoint(session.request(GetCheckpointRequest {}).await?).await?.into_inner();
    let mut leaves: Vec<Vec<u8>> = Vec::new();
    while i64::try_from(leaves.len())? < checkpoint.size {
        let start = i64::try_from(leaves.len())?;
        let limit = i32::try_from((checkpoint.size - start).min(5000))?;
        let request = session.request(ExportLeavesRequest { start, limit }).await?;
        let page = session.audit().export_leaves(request).await?.into_inner().leaves;
        anyhow::ensure!(!page.is_empty(), "the export ends before the checkpoint's size");
        leaves.extend(page.into_iter().map(|leaf| leaf.to_vec()));
    }
    let verified =
        ehub_audit::verify::verify_export(leaves.into_iter(), &checkpoint.checkpoint, &checkpoint.verifier_key);
    if let Err(error) = &verified {
        output::note(&format!("the audit log does not verify: {error}"));
    }
    let root: String = checkpoint.root.iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(Audit { size: checkpoint.size, root, verified: verified.is_ok() })
}

fn no_loss(proof: &NoLoss) -> NoLossReport {
    NoLossReport {
        holds: proof.holds,
        received: proof.received,
        in_transit: proof.in_transit,
        held: proof.held,
        closed: proof.closed,
        quarantined: proof.quarantined,
        rejected: proof.rejected,
    }
}
