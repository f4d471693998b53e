//! Who a consultation is for and what is asked: from a file, from a sample, and from what was typed.

mod samples;
mod shapes;

use std::{io::Read, path::Path};

use ehub_clock::{Clock, Timestamp, parse_rfc3339};
use serde::de::DeserializeOwned;

pub use shapes::{ConsultationShape, entry_content, items};

use crate::{
    arguments::{PersonAndContent, Sample},
    output::exit::Problem,
};

/// Reads JSON from a file, or from stdin for `-`.
pub fn read<T: DeserializeOwned>(file: &Path) -> anyhow::Result<T> {
    let text = if file == Path::new("-") {
        let mut text = String::new();
        std::io::stdin().lock().read_to_string(&mut text)?;
        text
    } else {
        std::fs::read_to_string(file).map_err(|error| Problem::Usage(format!("{}: {error}", file.display())))?
    };
    // The position is told, the content is not: it may be a patient's.
    serde_json::from_str(&text).map_err(|error| Problem::Usage(format!("{}: {error}", file.display())).into())
}

/// A time that was typed.
pub fn time(text: &str) -> anyhow::Result<Timestamp> {
    parse_rfc3339(text).map_err(|error| Problem::Usage(error.to_string()).into())
}

/// What is to be sent: the file, else the sample, else nothing; and over it what was typed.
/// `usual` is the sample for when neither is given.
pub fn consultation(said: PersonAndContent, usual: Option<Sample>, clock: &Clock) -> anyhow::Result<ConsultationShape> {
    let mut shape = match (&said.file, said.sample.or(usual)) {
        (Some(file), _) => read(file)?,
        (None, Some(sample)) => samples::consultation(sample, clock),
        (None, None) => ConsultationShape::default(),
    };
    let patient = &mut shape.patient;
    for (field, said) in [
        (&mut patient.nhs_number, said.nhs_number),
        (&mut patient.family_name, said.family_name),
        (&mut patient.given_names, said.given_names),
        (&mut patient.birth_date, said.birth_date),
        (&mut patient.phone, said.phone),
    ] {
        replace(field, said);
    }
    let content = &mut shape.content;
    replace(&mut content.need, said.need.map(|need| need.replace('-', "_").to_uppercase()));
    replace(&mut content.topic, said.topic);
    replace(&mut content.free_text, said.text);
    content.restricted |= said.restricted;
    content.answers.extend(said.answers.into_iter().map(shapes::AnswerShape::from));
    if shape.submitter.kind.is_empty() {
        shape.submitter.kind = "SELF".to_owned();
    }
    Ok(shape)
}

fn replace(field: &mut String, said: Option<String>) {
    if let Some(said) = said {
        *field = said;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_replaces_parts_of_the_sample() {
        let said = PersonAndContent {
            family_name: Some("Sample".into()),
            need: Some("clinical-administrative".into()),
            answers: vec![("q1".into(), "yes".into())],
            ..PersonAndContent::default()
        };
        let shape = consultation(said, Some(Sample::Routine), &Clock::system()).expect("a shape");
        assert_eq!(shape.patient.family_name, "Sample");
        assert_eq!(shape.content.need, "CLINICAL_ADMINISTRATIVE");
        assert_eq!(shape.content.answers.len(), 1);
        assert!(!shape.patient.given_names.is_empty() && !shape.content.free_text.is_empty());
    }

    #[test]
    fn without_file_or_sample_only_what_is_typed_is_sent() {
        let said = PersonAndContent { text: Some("hello".into()), ..PersonAndContent::default() };
        let shape = consultation(said, None, &Clock::system()).expect("a shape");
        assert_eq!(shape.content.free_text, "hello");
        assert!(shape.patient.family_name.is_empty() && shape.content.topic.is_empty());
    }

    #[test]
    fn a_file_with_an_unknown_field_is_wrong_usage() {
        let file = std::env::temp_dir().join(format!("ehub-content-{}.json", std::process::id()));
        std::fs::write(&file, r#"{ "patient": { "surname": "Sample" } }"#).expect("written");
        let said = PersonAndContent { file: Some(file.clone()), ..PersonAndContent::default() };
        let error = consultation(said, None, &Clock::system()).err().expect("refused");
        assert_eq!(crate::output::exit::code_of(&error), 2);
        assert!(error.to_string().contains("surname"), "{error}");
        std::fs::remove_file(&file).expect("removed");
    }
}
