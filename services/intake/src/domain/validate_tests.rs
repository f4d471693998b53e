//! Every wrong field at once; nothing that is right is changed.

use proptest::prelude::*;
use time::macros::date;

use super::*;
use crate::domain::codes::Need;

const TODAY: Date = date!(2026 - 03 - 02);

fn good() -> Draft {
    Draft {
        patient: Some(PatientDraft {
            nhs_number: "999 000 0018".to_owned(),
            family_name: "Ōkta".to_owned(),
            given_names: "Ann".to_owned(),
            birth_date: "1980-02-29".to_owned(),
            ..PatientDraft::default()
        }),
        submitter: Some(SubmitterDraft { kind: Some(SubmitterKind::Patient), ..SubmitterDraft::default() }),
        content: Some(ContentDraft {
            need: Some(Need::Clinical),
            topic: "back-pain".to_owned(),
            free_text: "My back hurts.".to_owned(),
            ..ContentDraft::default()
        }),
    }
}

fn paths(draft: Draft) -> Vec<String> {
    consultation(draft, TODAY)
        .err()
        .map(|wrongs| wrongs.into_iter().map(|wrong| wrong.path).collect())
        .unwrap_or_default()
}

#[test]
fn nothing_given_names_the_three_parts() {
    assert_eq!(paths(Draft::default()), ["patient", "submitter", "content"]);
}

#[test]
fn every_wrong_field_is_named_at_once() {
    let mut draft = good();
    let patient = draft.patient.as_mut().expect("there");
    patient.nhs_number = "9990000019".to_owned();
    patient.family_name = " ".to_owned();
    patient.birth_date = "2026-03-03".to_owned();
    patient.gender = "F".to_owned();
    patient.communication.format = "papyrus".to_owned();
    draft.submitter.as_mut().expect("there").kind = None;
    let content = draft.content.as_mut().expect("there");
    content.topic = "Back Pain".to_owned();
    content.answers = vec![(String::new(), "q".to_owned(), "nul\0".to_owned())];
    let expected = [
        "patient.nhs_number",
        "patient.birth_date",
        "patient.gender",
        "patient.communication.format",
        "patient.family_name",
        "submitter.kind",
        "content.topic",
        "content.answers[0].question_id",
        "content.answers[0].answer",
    ];
    assert_eq!(paths(draft), expected);
}

#[test]
fn impossible_and_too_old_birth_dates_are_refused() {
    for (text, right) in
        [("1981-02-29", false), ("1895-03-01", false), ("1896-03-02", true), ("19800229", false), ("1980-060", false)]
    {
        let mut draft = good();
        draft.patient.as_mut().expect("there").birth_date = text.to_owned();
        assert_eq!(paths(draft).is_empty(), right, "{text}");
    }
}

#[test]
fn a_proxy_of_a_young_patient_must_have_asked() {
    for (born, asked, right) in
        [("2012-01-01", None, false), ("2012-01-01", Some(false), true), ("2009-01-01", None, true)]
    {
        let mut draft = good();
        draft.patient.as_mut().expect("there").birth_date = born.to_owned();
        draft.submitter = Some(SubmitterDraft {
            kind: Some(SubmitterKind::Proxy),
            full_name: "Parent".to_owned(),
            relationship: "parent".to_owned(),
            competence_recorded: asked,
        });
        assert_eq!(paths(draft).is_empty(), right, "{born} {asked:?}");
    }
}

#[test]
fn neither_text_nor_answers_is_nothing_asked() {
    let mut draft = good();
    draft.content.as_mut().expect("there").free_text = "\n ".to_owned();
    assert_eq!(paths(draft), ["content.free_text"]);
}

proptest! {
    #[test]
    fn text_is_kept_as_given(text in "\\PC{1,200}", family in "\\PC{1,100}") {
        prop_assume!(!text.trim().is_empty() && !family.trim().is_empty());
        let mut draft = good();
        draft.content.as_mut().expect("there").free_text = text.clone();
        draft.patient.as_mut().expect("there").family_name = family.clone();
        let kept = consultation(draft, TODAY).expect("all is well");
        prop_assert_eq!(kept.content.free_text, text);
        prop_assert_eq!(kept.patient.family_name, family);
    }

    #[test]
    fn nothing_given_makes_it_panic(number in "\\PC{0,20}", born in "\\PC{0,12}", topic in "\\PC{0,80}") {
        let mut draft = good();
        let patient = draft.patient.as_mut().expect("there");
        patient.nhs_number = number;
        patient.birth_date = born;
        draft.content.as_mut().expect("there").topic = topic;
        let _ = consultation(draft, TODAY);
    }

    #[test]
    fn problems_never_echo_the_value(value in "[A-Z]{12}") {
        let mut draft = good();
        let patient = draft.patient.as_mut().expect("there");
        patient.nhs_number = value.clone();
        patient.birth_date = value.clone();
        patient.gender = value.clone();
        draft.content.as_mut().expect("there").topic = value.clone();
        for wrong in consultation(draft, TODAY).expect_err("all are wrong") {
            prop_assert!(!wrong.problem.contains(&value));
        }
    }
}
