//! What must pass, and what it becomes.

use std::time::Duration;

use aws_lc_rs::{
    encoding::AsDer,
    rand::SystemRandom,
    rsa::{KeyPair, KeySize},
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use jsonwebtoken::{Algorithm as Alg, EncodingKey, Header, jwk::Jwk};
use serde_json::{Value, json};

use crate::{
    Kind, ServiceName, TokenRefusal,
    dev_issuer::{DevKey, TokenSpec, jwks},
    testing::{self, START, Trust},
};

fn verify(trust: &Trust, claims: &Value) -> Result<crate::Caller, TokenRefusal> {
    trust.verifier.verify(&trust.sign(&trust.header(), claims)).map(|caller| caller.as_ref().clone())
}

#[test]
fn a_development_token_is_the_person_it_names() {
    let trust = Trust::manual();
    let caller = trust.verifier.verify(&trust.issuer.sign(&testing::person_spec(&["a", "b"]))).unwrap();
    let expected = crate::Caller { scopes: vec!["a".into(), "b".into()], ..testing::person() };
    assert_eq!(*caller, expected);
}

#[test]
fn every_kind_is_told_from_the_claims() {
    let trust = Trust::manual();
    let plain = trust.issuer.claims(&TokenSpec::new(Kind::Service, "someone", "app"));
    assert_eq!(verify(&trust, &plain).unwrap().kind, Kind::Client, "nothing said, and no service by configuration");
    for (name, value) in [("ehub_role", "clinician"), ("ehub_name", "Zoë 李"), ("ehub_kind", "person")] {
        let mut claims = plain.clone();
        claims[name] = json!(value);
        assert_eq!(verify(&trust, &claims).unwrap().kind, Kind::Person, "{name}");
    }
    let client = verify(&trust, &trust.issuer.claims(&TokenSpec::new(Kind::Client, "app", "app"))).unwrap();
    assert_eq!((client.kind, client.practices, client.scopes.len()), (Kind::Client, None, 0));
}

#[test]
fn a_service_acts_for_no_practice_whatever_its_token_says() {
    let mut config = testing::config();
    let audit = ServiceName::WithScopes { name: "audit".into(), scopes: vec!["x".into(), "y".into()] };
    config.issuers[0].services = [("system:audit".to_owned(), audit)].into();
    let trust = Trust::on(testing::clock(), &config);
    let mut claims = trust.claims();
    claims["sub"] = json!("system:audit");
    claims["scope"] = json!("y z");
    claims.as_object_mut().unwrap().remove("client_id");
    let caller = verify(&trust, &claims).unwrap();
    assert_eq!(
        (caller.kind, caller.service.as_deref(), caller.client.as_str()),
        (Kind::Service, Some("audit"), "audit")
    );
    assert_eq!((caller.organisation, caller.practices, caller.name), (None, None, None));
    assert_eq!(caller.scopes, ["y", "z", "x"]);
}

#[test]
fn clocks_may_differ_by_the_skew() {
    let trust = Trust::manual();
    let now = START.unix_timestamp();
    for (name, value) in [("iat", now + 5), ("nbf", now + 5), ("nbf", now - 100), ("exp", now + 900)] {
        let mut claims = trust.claims();
        claims[name] = json!(value);
        assert!(verify(&trust, &claims).is_ok(), "{name} {}", value - now);
    }
    let token = trust.sign(&trust.header(), &trust.claims());
    let hand = trust.hand.as_ref().unwrap();
    hand.set(START + Duration::from_millis(304_999));
    assert!(trust.verifier.verify(&token).is_ok());
    hand.set(START + Duration::from_secs(305));
    assert_eq!(trust.verifier.verify(&token).err(), Some(TokenRefusal::Expired));
}

#[test]
fn a_remembered_token_expires_like_any_other() {
    let trust = Trust::manual();
    let token = trust.sign(&trust.header(), &trust.claims());
    let first = trust.verifier.verify(&token).unwrap();
    assert!(std::sync::Arc::ptr_eq(&first, &trust.verifier.verify(&token).unwrap()), "remembered");
    trust.hand.as_ref().unwrap().advance(Duration::from_secs(305));
    assert_eq!(trust.verifier.verify(&token).err(), Some(TokenRefusal::Expired));
}

#[test]
fn a_withdrawn_key_stops_remembered_tokens_too() {
    let trust = Trust::manual();
    let token = trust.sign(&trust.header(), &trust.claims());
    trust.verifier.verify(&token).unwrap();
    let next = DevKey::generate(&ehub_clock::Clock::system(), "next");
    trust.verifier.install(jwks([&next]).as_bytes(), jwks([&trust.grant_key]).as_bytes());
    assert_eq!(trust.verifier.verify(&token).err(), Some(TokenRefusal::Key));
}

#[test]
fn cis2_style_claims_are_read_through_the_map() {
    let mut config = testing::config();
    let claims = &mut config.issuers[0].claims;
    claims.organisation = "/nhsid_nrbac_roles/0/org_code".into();
    claims.role = "/nhsid_nrbac_roles/0/role_code".into();
    claims.client = vec!["aud_client".into()];
    claims.scope = "scp".into();
    let trust = Trust::on(testing::clock(), &config);
    let mut token = trust.issuer.claims(&TokenSpec::new(Kind::Person, "555254240100", "unused"));
    token["aud_client"] = json!("hub");
    token["scp"] = json!(["ehub.read", "ehub.write"]);
    token["nhsid_nrbac_roles"] = json!([{"org_code": "a11111", "role_code": "S8000:G8000:R8000"}]);
    let caller = verify(&trust, &token).unwrap();
    assert_eq!(caller.organisation, Some(testing::ods("A11111")));
    assert_eq!((caller.role.as_deref(), caller.client.as_str()), (Some("S8000:G8000:R8000"), "hub"));
    assert_eq!(caller.scopes, ["ehub.read", "ehub.write"]);
}

#[test]
fn kubernetes_style_tokens_pass_where_configured() {
    let mut config = testing::config();
    config.issuers[0].typ = vec![String::new()];
    config.issuers[0].audience_in_list = true;
    let trust = Trust::on(testing::clock(), &config);
    let header = json!({"alg": "EdDSA", "kid": trust.issuer.key().kid()});
    let mut claims = trust.issuer.claims(&TokenSpec::new(Kind::Service, "system:audit", "x"));
    claims.as_object_mut().unwrap().retain(|name, _| name != "client_id" && name != "scope");
    claims["aud"] = json!(["ehub"]);
    claims["kubernetes.io"] = json!({"namespace": "ehub"});
    assert_eq!(trust.verifier.verify(&trust.sign(&header, &claims)).unwrap().service.as_deref(), Some("audit"));
    claims["aud"] = json!(["ehub", "other"]);
    assert_eq!(trust.verifier.verify(&trust.sign(&header, &claims)).err(), Some(TokenRefusal::Audience));
}

#[test]
fn subjects_of_two_issuers_stay_apart() {
    let mut config = testing::config();
    let mut second = config.issuers[0].clone();
    second.issuer = "https://two.test".into();
    second.subject_prefix = "two|".into();
    config.issuers.insert(0, second);
    let trust = Trust::on(testing::clock(), &config);
    let caller = verify(&trust, &trust.claims()).unwrap();
    assert_eq!(caller.subject, "two|person-1");
    assert!(caller.client.starts_with("two|"), "{}", caller.client);
    // The second issuer has no key: the first one's does not serve it.
    let mut claims = trust.claims();
    claims["iss"] = json!(testing::ISSUER);
    assert_eq!(verify(&trust, &claims), Err(TokenRefusal::Key));

    config.issuers.swap(0, 1);
    let trust = Trust::on(testing::clock(), &config);
    assert_eq!(verify(&trust, &trust.claims()).unwrap().subject, "person-1");
    let mut posing = trust.claims();
    posing["sub"] = json!("two|person-1");
    assert_eq!(verify(&trust, &posing), Err(TokenRefusal::Claim));
    let mut posing = trust.claims();
    posing["client_id"] = json!("two|client");
    assert_eq!(verify(&trust, &posing), Err(TokenRefusal::Claim));
}

fn pem(der: &[u8]) -> String {
    format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", STANDARD.encode(der))
}

#[test]
fn rsa_and_p256_keys_verify_their_own_algorithm_only() {
    let rsa = KeyPair::generate(KeySize::Rsa2048).unwrap();
    let rsa = EncodingKey::from_rsa_pem(pem(rsa.as_der().unwrap().as_ref()).as_bytes()).unwrap();
    let ec = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new()).unwrap();
    let ec = EncodingKey::from_ec_der(ec.as_ref());
    let trust = Trust::manual();
    for (key, right, wrong) in
        [(&rsa, Alg::RS256, Some(Alg::PS256)), (&rsa, Alg::PS256, Some(Alg::RS256)), (&ec, Alg::ES256, None)]
    {
        let mut jwk = serde_json::to_value(Jwk::from_encoding_key(key, right).unwrap()).unwrap();
        jwk["kid"] = json!("k");
        trust.verifier.install(json!({"keys": [jwk]}).to_string().as_bytes(), jwks([&trust.grant_key]).as_bytes());
        let sign = |alg| {
            let header = Header { typ: Some("at+jwt".into()), kid: Some("k".into()), ..Header::new(alg) };
            jsonwebtoken::encode(&header, &trust.claims(), key).unwrap()
        };
        assert!(trust.verifier.verify(&sign(right)).is_ok(), "{right:?}");
        if let Some(wrong) = wrong {
            assert_eq!(trust.verifier.verify(&sign(wrong)).err(), Some(TokenRefusal::Key), "{wrong:?}");
        }
    }
}
