//! What the document says, in which order: who, at a glance, then the record in PRSB order.

use time::{Date, OffsetDateTime, macros::format_description};

use super::blocks::Block;
use crate::domain::{Author, Content, Heading, ItemKind, Medicine, Patient};

/// Everything a document says.
#[derive(Debug, Clone)]
pub struct Report {
    /// The patient.
    pub patient: Patient,
    /// Whether it is a test patient: badged.
    pub test_patient: bool,
    /// The practice, by name and ODS code.
    pub practice: (String, String),
    /// The hub, by name and ODS code.
    pub hub: (String, String),
    /// The author.
    pub author: Author,
    /// When the entry was filed.
    pub filed_at: OffsetDateTime,
    /// The reference people read out.
    pub reference: String,
    /// What was recorded.
    pub content: Content,
    /// Medicines issued.
    pub medicines: Vec<Medicine>,
    /// Prescriptions without an outcome: then a final document follows.
    pub open_prescriptions: usize,
    /// Document version.
    pub version: u32,
}

/// The document's pieces in order.
pub fn compose(report: &Report) -> Vec<Block> {
    let mut blocks = vec![Block::Title("Consultation report".into())];
    notices(report, &mut blocks);
    banner(report, &mut blocks);
    glance(report, &mut blocks);
    record(report, &mut blocks);
    blocks
}

fn notices(report: &Report, blocks: &mut Vec<Block>) {
    let mut notice = |is_so: bool, text: String| blocks.extend(is_so.then_some(Block::Notice(text)));
    notice(report.test_patient, "TEST PATIENT - not a real person".into());
    notice(
        report.content.hide_from_online_record,
        "The patient asks to HIDE this entry from their online record".into(),
    );
    notice(
        report.open_prescriptions > 0,
        format!(
            "Interim report: {} prescription(s) not issued yet; a final report will replace this one",
            report.open_prescriptions
        ),
    );
    notice(report.version > 1, format!("Version {} replaces the version before", report.version));
}

fn banner(report: &Report, blocks: &mut Vec<Block>) {
    let patient = &report.patient;
    let name = format!("{} {}", patient.given, patient.family);
    let mut field = |label, value: String| blocks.extend((!value.is_empty()).then_some(Block::Field(label, value)));
    field("Patient", name);
    field("NHS number", spaced(&patient.nhs_number));
    field("Date of birth", format!("{} ({})", day(patient.birth_date), patient.gender));
    field("Address", patient.address.clone());
    field("Phone", patient.phone.clone());
    field("Practice", format!("{} ({})", report.practice.0, report.practice.1));
    field("Seen by", author(report));
    field("Recorded", moment(report.filed_at));
    field("Reference", report.reference.clone());
}

fn author(report: &Report) -> String {
    let who = [report.author.name.as_str(), report.author.role.as_str()];
    let who = who.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ");
    format!("{who}, {} ({})", report.hub.0, report.hub.1)
}

/// What a reader with twenty seconds needs: problems, medicines, what is left to do.
fn glance(report: &Report, blocks: &mut Vec<Block>) {
    blocks.push(Block::Heading("At a glance"));
    let problems: Vec<&str> = terms(&report.content, ItemKind::Problem);
    let medicines: Vec<&str> = report.medicines.iter().map(|medicine| medicine.name.as_str()).collect();
    let or_none = |list: &[&str]| if list.is_empty() { "none".to_owned() } else { list.join("; ") };
    blocks.push(Block::Field("Problems", or_none(&problems)));
    blocks.push(Block::Field("Medicines issued", or_none(&medicines)));
    let follow_up = &report.content.follow_up;
    let action = if follow_up.is_empty() { "none recorded".to_owned() } else { follow_up.clone() };
    blocks.push(Block::Field("Follow-up", action));
}

fn terms(content: &Content, kind: ItemKind) -> Vec<&str> {
    content.items.iter().filter(|item| item.kind == kind).map(|item| item.term.as_str()).collect()
}

fn record(report: &Report, blocks: &mut Vec<Block>) {
    for heading in Heading::ALL {
        if let Some(text) = report.content.headings.get(&heading) {
            blocks.push(Block::Heading(heading.title()));
            blocks.push(Block::Text(text.clone()));
        }
        match heading {
            Heading::Examination => observations(&report.content, blocks),
            Heading::Assessment => coded(&report.content, blocks),
            Heading::Plan => medicines(report, blocks),
            _ => {}
        }
    }
    if let Some(note) = &report.content.fit_note {
        blocks.push(Block::Heading("Fit note (issued elsewhere)"));
        let days = format!("{} to {}", day(note.from), day(note.to));
        blocks.push(Block::Item(format!("{days}, issued by {} in {}", note.issuer, note.system)));
    }
}

fn observations(content: &Content, blocks: &mut Vec<Block>) {
    if content.observations.is_empty() {
        return;
    }
    blocks.push(Block::Heading("Observations"));
    for seen in &content.observations {
        let (value, unit) = (seen.value.as_str(), seen.unit.as_str());
        blocks.push(Block::Item(format!("{}: {value} {unit} (SNOMED CT {})", seen.term, seen.concept.as_str())));
    }
}

fn coded(content: &Content, blocks: &mut Vec<Block>) {
    for (kind, heading) in [
        (ItemKind::Problem, "Problems (coded)"),
        (ItemKind::Finding, "Findings (coded)"),
        (ItemKind::Procedure, "Procedures (coded)"),
    ] {
        let mut items = content.items.iter().filter(|item| item.kind == kind).peekable();
        if items.peek().is_some() {
            blocks.push(Block::Heading(heading));
        }
        for item in items {
            let description = item.description.as_ref().map(|id| format!(", description {}", id.as_str()));
            let description = description.unwrap_or_default();
            blocks.push(Block::Item(format!("{} (SNOMED CT {}{description})", item.term, item.concept.as_str())));
        }
    }
}

fn medicines(report: &Report, blocks: &mut Vec<Block>) {
    if report.medicines.is_empty() {
        return;
    }
    blocks.push(Block::Heading("Medicines issued by the hub"));
    for medicine in &report.medicines {
        let Medicine { code, name, quantity, unit, dosage } = medicine;
        blocks.push(Block::Item(format!("{name}, {quantity} {unit}: {dosage} (dm+d {code})")));
    }
}

/// `999 000 0018`, as NHS numbers are printed (ISB 0149).
pub(super) fn spaced(number: &str) -> String {
    match (number.get(..3), number.get(3..6), number.get(6..)) {
        (Some(first), Some(middle), Some(last)) => format!("{first} {middle} {last}"),
        _ => number.to_owned(),
    }
}

/// `29-Feb-1980`, as dates are printed for people (ISB 1500 and the NHS common user interface).
pub(super) fn day(date: Date) -> String {
    let format = format_description!("[day]-[month repr:short]-[year]");
    date.format(format).unwrap_or_default()
}

fn moment(at: OffsetDateTime) -> String {
    let format = format_description!("[day]-[month repr:short]-[year] [hour]:[minute] UTC");
    at.format(format).unwrap_or_default()
}
