//! The sample rule set, and what a bad one gets.

use ehub_identifiers::NhsNumber;
use time::macros::date;

use super::*;
use crate::domain::{
    codes::{Gender, Need},
    consultation::{Answer, Content},
    patient::{Communication, ContactSafety, Patient, Submitter},
};

const SAMPLE: &str = include_str!("../rules/sample-screening.json");
const TODAY: Date = date!(2026 - 03 - 02);

fn consultation(text: &str, born: Date, language: &str) -> Consultation {
    Consultation {
        patient: Patient {
            nhs_number: NhsNumber::parse("9990000018").ok(),
            family_name: "Teak".to_owned(),
            given_names: "Ann".to_owned(),
            birth_date: born,
            gender: Gender::Unknown,
            phone: String::new(),
            email: String::new(),
            address: String::new(),
            communication: Communication { language: language.to_owned(), ..Communication::default() },
            contact_safety: ContactSafety::default(),
        },
        submitter: Submitter {
            kind: SubmitterKind::Patient,
            full_name: String::new(),
            relationship: String::new(),
            competence_recorded: None,
        },
        content: Content {
            need: Need::Clinical,
            topic: "other".to_owned(),
            free_text: String::new(),
            answers: vec![Answer { question_id: "q1".to_owned(), question: "?".to_owned(), answer: text.to_owned() }],
            restricted: false,
        },
    }
}

fn screen(text: &str, born: Date, language: &str) -> Screening {
    let screener = Screener::parse(SAMPLE).expect("the sample is well formed");
    screener.screen(&consultation(text, born, language), Channel::Online, TODAY, None)
}

#[test]
fn rules_that_screening_does_not_understand_are_refused() {
    for then in
        [r#"{"urgency":"EMERGENCY"}"#, r#"{"urgency":"SOON"}"#, r#"{"urgency":"NOT_SCREENED"}"#, r#"{"urgent":true}"#]
    {
        let json = format!(
            r#"{{"id":"x","version":"1","approved_by":null,"rules":[{{"id":"r","when":"true","then":{then}}}]}}"#
        );
        assert!(matches!(Screener::parse(&json), Err(ScreenerError::Result { .. })), "{then}");
    }
}

#[test]
fn the_sample_is_not_approved() {
    assert!(!Screener::parse(SAMPLE).expect("well formed").is_approved());
}

#[test]
fn emergencies_carry_advice() {
    let adult = date!(1980 - 01 - 01);
    let phrases = [
        "I have CHEST  PAIN since noon",
        "My speech: slurred speech and face drooping",
        "I cannot breathe",
        "I want to end my life",
    ];
    for text in phrases {
        let found = screen(text, adult, "");
        assert_eq!(found.urgency, Urgency::Emergency, "{text}");
        assert!(!found.emergency_advice.is_empty(), "{text}");
    }
    assert_eq!(screen("mottled skin", date!(2024 - 01 - 01), "").urgency, Urgency::Emergency);
    assert_eq!(screen("mottled skin", adult, "").urgency, Urgency::Routine);
}

#[test]
fn another_language_goes_to_a_person_and_hides_no_emergency() {
    let adult = date!(1980 - 01 - 01);
    let found = screen("boli mnie glowa", adult, "pl");
    assert_eq!((found.urgency, found.not_screened_reason.as_str()), (Urgency::NotScreened, "LANGUAGE"));
    assert_eq!(screen("chest pain", adult, "pl").urgency, Urgency::Emergency);
    assert_eq!(screen("my back hurts", adult, "en-GB").urgency, Urgency::Routine);
}

#[test]
fn a_rule_that_fails_sends_the_item_to_a_person() {
    let json = r#"{"id":"x","version":"1","approved_by":"Dr A","rules":[
        {"id":"r","when":"item.answers.pain_score > 7","then":{"urgency":"URGENT"}}]}"#;
    let screener = Screener::parse(json).expect("well formed");
    let found = screener.screen(&consultation("hello", date!(1980 - 01 - 01), ""), Channel::Online, TODAY, None);
    assert_eq!((found.urgency, found.not_screened_reason.as_str()), (Urgency::NotScreened, "UNKNOWN_QUESTIONNAIRE"));
}

#[test]
fn text_of_unreadable_messages_is_never_routine() {
    let screener = Screener::parse(SAMPLE).expect("well formed");
    assert_eq!(screener.screen_text("nothing"), Urgency::NotScreened);
    assert_eq!(screener.screen_text("crushing pain"), Urgency::Emergency);
}
