//! Made-up patients with made-up requests. NHS numbers are of the test range, 999 000 0000 on.

use ehub_clock::Clock;
use ehub_identifiers::NhsNumber;

use super::shapes::{ConsultationShape, ContentShape, PatientShape, SubmitterShape};
use crate::arguments::Sample;

const FAMILIES: [&str; 8] =
    ["Testwell", "Sampleby", "Mockford", "Trialton", "Demoworth", "Exemplar", "Draftley", "Żelazna"];
const GIVENS: [&str; 8] = ["Ada", "Bilal", "Cerys", "Dele", "Elin", "Femi", "Gwen", "Hana"];

/// Another patient at every call.
pub fn consultation(sample: Sample, clock: &Clock) -> ConsultationShape {
    let [family, given, year, month, day, gender] = clock.random::<6>();
    let pick = |byte: u8, names: [&'static str; 8]| names[usize::from(byte) % names.len()].to_owned();
    let (need, topic, free_text) = match sample {
        Sample::Routine => (
            "CLINICAL",
            "sore-throat",
            "My throat has been sore for five days and it hurts to swallow. I can eat and drink.",
        ),
        Sample::Emergency => {
            ("CLINICAL", "chest-pain", "I have had crushing chest pain and pain in my left arm for an hour.")
        }
        Sample::Administrative => {
            ("ADMINISTRATIVE", "letter", "I need a letter for my college about the dates of my operation.")
        }
    };
    ConsultationShape {
        patient: PatientShape {
            nhs_number: nhs_number(clock),
            family_name: pick(family, FAMILIES),
            given_names: pick(given, GIVENS),
            birth_date: format!("{}-{:02}-{:02}", 1940 + u16::from(year) % 60, 1 + month % 12, 1 + day % 28),
            gender: if gender % 2 == 0 { "female" } else { "male" }.to_owned(),
            phone: "07700 900123".to_owned(),
            ..PatientShape::default()
        },
        submitter: SubmitterShape { kind: "SELF".to_owned(), ..SubmitterShape::default() },
        content: ContentShape {
            need: need.to_owned(),
            topic: topic.to_owned(),
            free_text: free_text.to_owned(),
            ..ContentShape::default()
        },
        ..ConsultationShape::default()
    }
}

/// A number of the test range. One in eleven has no check digit; another is tried then.
fn nhs_number(clock: &Clock) -> String {
    loop {
        let serial = u32::from_be_bytes(clock.random()) % 1_000_000;
        let found = (0..10).map(|check| format!("999{serial:06}{check}")).find(|text| NhsNumber::parse(text).is_ok());
        if let Some(number) = found {
            return number;
        }
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn every_sample_is_of_the_test_range_and_complete() {
        let (clock, _) = Clock::manual(datetime!(2026-03-28 12:00 UTC));
        let mut numbers = std::collections::BTreeSet::new();
        for sample in [Sample::Routine, Sample::Emergency, Sample::Administrative].repeat(20) {
            let shape = consultation(sample, &clock);
            assert!(NhsNumber::parse(&shape.patient.nhs_number).is_ok_and(|number| number.is_test()));
            numbers.insert(shape.patient.nhs_number.clone());
            let (patient, submitter, content) = shape.messages().expect("messages");
            assert!(!patient.family_name.is_empty() && !content.topic.is_empty());
            assert!(submitter.kind != 0 && content.need != 0);
        }
        assert!(numbers.len() > 50);
    }
}
