//! No bad grant counts.

use std::time::Duration;

use serde_json::{Value, json};

use crate::{
    Caller, Grant,
    GrantRefusal::{self, *},
    dev_issuer::DevKey,
    testing::{self, START, Trust},
};

fn header() -> Value {
    json!({"alg": "EdDSA", "typ": "ehub-grant+jwt", "kid": "grant-1"})
}

fn claims() -> Value {
    json!({
        "aud": testing::GRANT_AUDIENCE, "sub": "person-1", "iat": START.unix_timestamp(), "exp": START.unix_timestamp() + 120,
        "grant": "act", "consultation": "00000000-0000-0000-0000-000000000001", "epoch": 7,
        "organisation": "00000000-0000-0000-0000-000000000002", "practice": "00000000-0000-0000-0000-000000000003",
        "incarnation": 1,
    })
}

fn check(trust: &Trust, text: &str) -> Result<Grant, GrantRefusal> {
    trust.verifier.verify_grant(text, &testing::person())
}

#[test]
fn each_wrong_field_makes_it_malformed() {
    let trust = Trust::manual();
    assert!(check(&trust, &trust.grant_key.sign(&header(), &claims())).is_ok(), "the pattern of all cases is good");
    let changes = [
        ("aud", json!("ehub")),
        ("aud", json!([testing::GRANT_AUDIENCE])),
        ("sub", json!("")),
        ("sub", json!("a\u{0}")),
        ("iat", json!(START.unix_timestamp() + 60)),
        ("exp", json!(1e9)),
        ("exp", json!("never")),
        ("grant", json!("admin")),
        ("grant", json!(["act"])),
        ("consultation", json!("consultations/1")),
        ("consultation", json!(1)),
        ("epoch", json!(-1)),
        ("epoch", json!(1.5)),
        ("epoch", json!("7")),
        ("organisation", json!("A11111")),
        ("practice", json!("")),
        ("incarnation", json!(u64::MAX)),
    ];
    for (name, value) in changes {
        let mut wrong = claims();
        wrong[name] = value;
        assert_eq!(check(&trust, &trust.grant_key.sign(&header(), &wrong)), Err(Malformed), "{name} {}", wrong[name]);
    }
    for name in claims().as_object().unwrap().keys() {
        let mut wrong = claims();
        wrong.as_object_mut().unwrap().remove(name);
        assert_eq!(check(&trust, &trust.grant_key.sign(&header(), &wrong)), Err(Malformed), "no {name}");
    }
    for (name, value) in [
        ("typ", json!("at+jwt")),
        ("typ", json!("JWT")),
        ("kid", json!("grant-2")),
        ("alg", json!("HS256")),
        ("crit", json!(["exp"])),
    ] {
        let mut wrong = header();
        wrong[name] = value;
        assert_eq!(check(&trust, &trust.grant_key.sign(&wrong, &claims())), Err(Malformed), "header {name}");
    }
    for text in ["", "grant", "a.b.c", &"x".repeat(5000)] {
        assert_eq!(check(&trust, text), Err(Malformed));
    }
}

#[test]
fn keys_of_tokens_and_of_grants_do_not_stand_in_for_each_other() {
    let trust = Trust::manual();
    let mut by_issuer = header();
    by_issuer["kid"] = json!(trust.issuer.key().kid());
    assert_eq!(check(&trust, &trust.sign(&by_issuer, &claims())), Err(Malformed));
    let stranger = DevKey::generate(&ehub_clock::Clock::system(), "grant-1");
    assert_eq!(check(&trust, &stranger.sign(&header(), &claims())), Err(Malformed));
    // An access token that the issuer made is no grant, and a grant is no access token.
    assert_eq!(check(&trust, &trust.sign(&trust.header(), &trust.claims())), Err(Malformed));
    assert!(trust.verifier.verify(&trust.grants.sign(&testing::grant(), START)).is_err());
}

#[test]
fn it_ends_to_the_microsecond_even_when_remembered() {
    let trust = Trust::manual();
    let text = trust.grants.sign(&testing::grant(), START);
    let hand = trust.hand.as_ref().unwrap();
    assert_eq!(check(&trust, &text), Ok(testing::grant()));
    hand.set(testing::grant().expires_at - Duration::from_micros(1));
    assert_eq!(check(&trust, &text), Ok(testing::grant()));
    hand.set(testing::grant().expires_at);
    assert_eq!(check(&trust, &text), Err(Expired));
}

#[test]
fn signing_never_lengthens_it() {
    let trust = Trust::manual();
    let grant = Grant { expires_at: START + Duration::from_millis(1_999), ..testing::grant() };
    assert_eq!(check(&trust, &trust.grants.sign(&grant, START)).unwrap().expires_at, START + Duration::from_secs(1));
}

#[test]
fn another_caller_cannot_use_it_even_after_the_owner_has() {
    let trust = Trust::manual();
    let text = trust.grants.sign(&testing::grant(), START);
    check(&trust, &text).unwrap();
    for subject in ["person-2", "PERSON-1", "person-1 ", "person-10"] {
        let other = Caller { subject: subject.into(), ..testing::person() };
        assert_eq!(trust.verifier.verify_grant(&text, &other), Err(OtherSubject));
    }
}
