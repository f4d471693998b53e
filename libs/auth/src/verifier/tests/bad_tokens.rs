//! No bad token gets in: each case differs from a good token in one thing, and says at which step it must fail.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{EncodingKey, crypto};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::{
    TokenRefusal::{self, *},
    dev_issuer::DevKey,
    testing::{START, Trust},
};

/// A case: what is wrong, the token, and the step that must refuse it.
type Case = (String, String, TokenRefusal);

fn now() -> i64 {
    START.unix_timestamp()
}

fn b64(text: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(text)
}

/// `object` with one member set, or removed when the value is `null` and `remove` says so.
fn with(mut object: Value, name: &str, value: Value) -> Value {
    object[name] = value;
    object
}

fn without(mut object: Value, name: &str) -> Value {
    object.as_object_mut().unwrap().remove(name);
    object
}

/// A good token but for one claim.
fn changed(trust: &Trust, name: &str, value: Value, step: TokenRefusal) -> Case {
    let claims = with(trust.claims(), name, value);
    (format!("{name} {}", claims[name]), trust.sign(&trust.header(), &claims), step)
}

/// A good token but for one claim that is not there.
fn lacking(trust: &Trust, name: &str, step: TokenRefusal) -> Case {
    let claims = without(trust.claims(), name);
    (format!("no {name}"), trust.sign(&trust.header(), &claims), step)
}

fn structure(trust: &Trust) -> Vec<Case> {
    let good = trust.sign(&trust.header(), &trust.claims());
    let parts: Vec<&str> = good.split('.').collect();
    let (header, payload, signature) = (parts[0], parts[1], parts[2]);
    let case = |name: &str, token: String| (name.to_owned(), token, Structure);
    vec![
        case("empty", String::new()),
        case("one part", header.to_owned()),
        case("two parts", format!("{header}.{payload}")),
        case("four parts", format!("{good}.{signature}")),
        case("five parts as JWE has", format!("{header}.{payload}.{payload}.{payload}.{signature}")),
        case("only dots", "..".into()),
        case("no signature", format!("{header}.{payload}.")),
        case("no payload", format!("{header}..{signature}")),
        case("no header", format!(".{payload}.{signature}")),
        case("padded base64", format!("{header}.{payload}.{signature}==")),
        case("standard base64 alphabet", format!("{header}.{payload}.{}+/", &signature[..84])),
        case("space inside", format!("{header}. {payload}.{signature}")),
        case("newline at the end", format!("{good}\n")),
        case("NUL at the end", format!("{good}\0")),
        case(
            "JSON serialisation",
            json!({"protected": header, "payload": payload, "signature": signature}).to_string(),
        ),
    ]
}

/// Parts that decode to something else than one object each.
fn no_objects(trust: &Trust) -> Vec<Case> {
    let signed =
        |name: &str, header: &str, payload: &str, step| (name.to_owned(), trust.sign_text(header, payload), step);
    let header_text = trust.header().to_string();
    let claims_text = trust.claims().to_string();
    vec![
        signed("header is a list", "[]", &claims_text, Structure),
        signed("header is no JSON", "alg", &claims_text, Structure),
        signed("header followed by more", &format!("{header_text} {{}}"), &claims_text, Structure),
        signed("payload is a list", &header_text, "[]", Structure),
        signed("payload is a string", &header_text, "\"sub\"", Structure),
        signed("payload is no JSON", &header_text, "sub=person-1", Structure),
        signed("payload followed by more", &header_text, &format!("{claims_text}{{}}"), Structure),
        signed("payload nested too deep", &header_text, &format!("{}{}", "[".repeat(400), "]".repeat(400)), Structure),
        signed("payload with a lone surrogate", &header_text, r#"{"sub":"\ud800"}"#, Structure),
        signed(
            "payload oversize",
            &header_text,
            &with(trust.claims(), "pad", json!("x".repeat(4096))).to_string(),
            Oversize,
        ),
        ("a megabyte".into(), "A".repeat(1 << 20), Oversize),
    ]
}

/// Header parameters that may not be there at all.
fn extra_header(trust: &Trust) -> Vec<Case> {
    let extras = [
        ("crit", json!(["x"])),
        ("crit", json!(["exp"])),
        ("crit", json!([])),
        ("b64", json!(false)),
        ("jwk", trust.issuer.key().jwk()),
        ("jku", json!("https://evil.example/keys")),
        ("x5u", json!("https://evil.example/cert")),
        ("x5c", json!(["MIIB"])),
        ("x5t", json!("AAAA")),
        ("zip", json!("DEF")),
        ("cty", json!("JWT")),
        ("enc", json!("A256GCM")),
        ("p2c", json!(2_000_000_000)),
        ("epk", json!({})),
        ("nonsense", json!(1)),
    ];
    let case = |(name, value): (&str, Value)| {
        let header = with(trust.header(), name, value);
        (format!("header {name}"), trust.sign(&header, &trust.claims()), Header)
    };
    extras.into_iter().map(case).collect()
}

/// `kid`, `typ` and `alg` missing, of another type, twice, or of a value that is not ours.
fn header(trust: &Trust) -> Vec<Case> {
    let claims = trust.claims();
    let own = trust.issuer.key().kid();
    let mut cases = Vec::new();
    for (name, step) in [("kid", Header), ("typ", Type), ("alg", Header)] {
        let header = without(trust.header(), name);
        cases.push((format!("no {name}"), trust.sign(&header, &claims), step));
        for value in [Value::Null, json!(1), json!([trust.header()[name]]), json!({})] {
            let header = with(trust.header(), name, value);
            cases.push((format!("{name} {}", header[name]), trust.sign(&header, &claims), Header));
        }
        let header = trust.header().to_string();
        let twice = format!(r#"{},"{name}":"{own}"}}"#, header.trim_end_matches('}'));
        let token = trust.sign_text(&twice, &claims.to_string());
        cases.push((format!("{name} twice"), token, Header));
    }
    let mut set = |name: &str, value: &str, step| {
        let header = with(trust.header(), name, json!(value));
        cases.push((format!("{name} {value:?}"), trust.sign(&header, &claims), step));
    };
    let too_long = "k".repeat(65);
    let nul = format!("{own}\0");
    for kid in ["", "../../etc/passwd", "' OR 1=1 --", &nul, "https://evil.example/k", &too_long] {
        set("kid", kid, Header);
    }
    for kid in ["other", &own.to_uppercase(), &own[1..]] {
        set("kid", kid, Key);
    }
    let others = ["id+jwt", "logout+jwt", "ehub-grant+jwt", "dpop+jwt", "application/at+jwt"];
    for typ in others.into_iter().chain(["", "JWT", "jwt", "AT+JWT", "at+jwt ", "at+jwt\0"]) {
        set("typ", typ, Type);
    }
    cases
}

fn algorithm(trust: &Trust) -> Vec<Case> {
    let claims = b64(trust.claims().to_string());
    let message = |alg: &str| format!("{}.{claims}", b64(with(trust.header(), "alg", json!(alg)).to_string()));
    let mut cases = Vec::new();
    for none in ["none", "None", "NONE", "nOnE", ""] {
        cases.push((format!("alg {none:?} without signature"), format!("{}.", message(none)), Structure));
        cases.push((format!("alg {none:?} with some signature"), format!("{}.AAAA", message(none)), Algorithm));
    }
    let jwk = trust.issuer.key().jwk();
    let x = jwk["x"].as_str().unwrap().to_owned();
    let secrets = [
        ("the public key", URL_SAFE_NO_PAD.decode(&x).unwrap()),
        ("the public key's text", x.into_bytes()),
        ("the public key's JWK", jwk.to_string().into_bytes()),
        ("the JWKS document", trust.issuer.jwks_json().into_bytes()),
        ("an empty key", Vec::new()),
        ("the kid", trust.issuer.key().kid().as_bytes().to_vec()),
    ];
    for (name, secret) in secrets {
        for (text, hmac) in [("HS256", jsonwebtoken::Algorithm::HS256), ("HS512", jsonwebtoken::Algorithm::HS512)] {
            let message = message(text);
            let signature = crypto::sign(message.as_bytes(), &EncodingKey::from_secret(&secret), hmac).unwrap();
            cases.push((format!("{text} with {name}"), format!("{message}.{signature}"), Algorithm));
        }
    }
    // Allowed for the issuer, but not what this key is pinned to; the signature itself would verify.
    for alg in ["RS256", "PS256", "ES256"] {
        let token = trust.sign(&with(trust.header(), "alg", json!(alg)), &trust.claims());
        cases.push((format!("{alg} with an Ed25519 key"), token, Key));
    }
    for alg in [
        "RS384",
        "RS512",
        "ES384",
        "ES512",
        "ES256K",
        "PS512",
        "Ed448",
        "eddsa",
        "EDDSA",
        "RSA1_5",
        "dir",
        "PBES2-HS256+A128KW",
    ] {
        let token = trust.sign(&with(trust.header(), "alg", json!(alg)), &trust.claims());
        cases.push((format!("alg {alg}"), token, Algorithm));
    }
    cases
}

fn signature(trust: &Trust) -> Vec<Case> {
    let good = trust.sign(&trust.header(), &trust.claims());
    let (message, signature) = good.rsplit_once('.').unwrap();
    let (header, payload) = message.split_once('.').unwrap();
    let stranger = DevKey::generate(&ehub_clock::Clock::system(), trust.issuer.key().kid());
    let mut flipped = URL_SAFE_NO_PAD.decode(signature).unwrap();
    flipped[10] ^= 1;
    let other_payload = b64(with(trust.claims(), "sub", json!("person-2")).to_string());
    let case = |name: &str, token: String| (name.to_owned(), token, Signature);
    vec![
        case("a stranger's key under our kid", stranger.sign(&trust.header(), &trust.claims())),
        case("one bit of the signature", format!("{message}.{}", b64(&flipped))),
        case("signature cut short", format!("{message}.{}", b64(&URL_SAFE_NO_PAD.decode(signature).unwrap()[..63]))),
        case(
            "signature too long",
            format!("{message}.{}", b64([URL_SAFE_NO_PAD.decode(signature).unwrap(), vec![0]].concat())),
        ),
        case("zero signature", format!("{message}.{}", b64([0; 64]))),
        case("another payload", format!("{header}.{other_payload}.{signature}")),
        case("header with other spacing", format!("{}.{payload}.{signature}", b64(format!("{} ", trust.header())))),
    ]
}

fn issuer_and_audience(trust: &Trust) -> Vec<Case> {
    let case = |name: &str, claims: Value, step| (name.to_owned(), trust.sign(&trust.header(), &claims), step);
    let iss = |value: Value| {
        (format!("iss {value}"), trust.sign(&trust.header(), &with(trust.claims(), "iss", value)), Issuer)
    };
    let aud = |value: Value| {
        (format!("aud {value}"), trust.sign(&trust.header(), &with(trust.claims(), "aud", value)), Audience)
    };
    let twice = |name: &str, claims: Value| {
        let text = claims.to_string();
        let text = format!(r#"{},"{name}":{}}}"#, text.trim_end_matches('}'), claims[name]);
        (format!("{name} twice"), trust.sign_text(&trust.header().to_string(), &text), Claim)
    };
    vec![
        case("no iss", without(trust.claims(), "iss"), Issuer),
        iss(Value::Null),
        iss(json!("")),
        iss(json!("https://evil.example")),
        iss(json!("https://issuer.test/")),
        iss(json!("https://ISSUER.test")),
        iss(json!("https://issuer.test\u{0}")),
        iss(json!(["https://issuer.test"])),
        iss(json!(["https://issuer.test", "https://evil.example"])),
        iss(json!({"0": "https://issuer.test"})),
        iss(json!(1)),
        case("no aud", without(trust.claims(), "aud"), Audience),
        aud(Value::Null),
        aud(json!("")),
        aud(json!("EHUB")),
        aud(json!("ehub ")),
        aud(json!("ehub-grant")),
        aud(json!("other")),
        aud(json!([])),
        aud(json!(["ehub"])),
        aud(json!(["ehub", "other"])),
        aud(json!([["ehub"]])),
        aud(json!({"ehub": true})),
        twice("iss", trust.claims()),
        twice("aud", trust.claims()),
        twice("sub", trust.claims()),
        twice("exp", trust.claims()),
        twice("scope", trust.claims()),
        twice("ehub_org", trust.claims()),
    ]
}

fn times(trust: &Trust) -> Vec<Case> {
    let claim = |name: &str, value: Value, step| changed(trust, name, value, step);
    vec![
        claim("exp", json!(now() - 3600), Expired),
        claim("exp", json!(now() - 45), Expired),
        claim("exp", json!(now() - 5), Expired),
        claim("exp", json!(0), Expired),
        claim("exp", json!(now()), Lifetime),
        claim("exp", json!(now() + 901), Lifetime),
        claim("exp", json!(now() + 10 * 365 * 86_400), Lifetime),
        claim("exp", json!(253_402_300_799_i64), Lifetime),
        claim("iat", json!(now() - 700), Lifetime),
        claim("iat", json!(0), Lifetime),
        claim("iat", json!(now() + 6), Future),
        claim("iat", json!(now() + 3600), Future),
        claim("nbf", json!(now() + 6), Future),
        claim("nbf", json!(now() + 3600), Future),
        claim("nbf", json!(253_402_300_799_i64), Future),
        lacking(trust, "exp", TimeFormat),
        lacking(trust, "iat", TimeFormat),
    ]
}

/// Times that are no whole number of seconds before the year 10000.
fn time_formats(trust: &Trust) -> Vec<Case> {
    let raw = |name: &str, value: &str| {
        let text = without(trust.claims(), name).to_string();
        let text = format!(r#"{},"{name}":{value}}}"#, text.trim_end_matches('}'));
        (format!("{name} {value}"), trust.sign_text(&trust.header().to_string(), &text), TimeFormat)
    };
    let mut cases = Vec::new();
    for name in ["exp", "iat", "nbf"] {
        let wrong = [
            format!("\"{}\"", now() + 60),
            format!("{}.0", now() + 60),
            format!("{}.5", now() + 60),
            "1.8e9".into(),
            "1e400".into(),
            "-1".into(),
            "18446744073709551615".into(),
            "9223372036854775808".into(),
            "9223372036854775807".into(),
            "253402300800".into(),
            "null".into(),
            "true".into(),
            format!("[{}]", now() + 60),
            "{}".into(),
        ];
        for value in wrong {
            let mut case = raw(name, &value);
            // A number no reader can hold is no JSON to ours; a list where the library looks for a number is none to it.
            case.2 = match value.as_str() {
                "1e400" => Structure,
                list if list.starts_with('[') && name != "iat" => Claim,
                _ => TimeFormat,
            };
            cases.push(case);
        }
    }
    cases
}

fn claims(trust: &Trust) -> Vec<Case> {
    let claim = |name: &str, value: Value| changed(trust, name, value, Claim);
    vec![
        lacking(trust, "sub", Claim),
        lacking(trust, "client_id", Claim),
        claim("azp", json!("another-client")),
        claim("ehub_kind", json!("service")),
        claim("ehub_kind", json!("Person")),
        claim("ehub_kind", json!("")),
        claim("ehub_kind", json!("client")), // beside a name and a role
        claim("ehub_org", json!("A1")),
        claim("ehub_org", json!("A11111 ")),
        claim("ehub_org", json!("A1111-1")),
        claim("ehub_org", json!(["A11111"])),
        claim("ehub_org", json!("Ａ11111")),
        claim("ehub_practices", json!("C81001  C81002")),
        claim("ehub_practices", json!("C81001,C81002")),
        claim("ehub_practices", json!(["C81001", ""])),
        claim("ehub_practices", json!(["C81001", 7])),
        claim("ehub_practices", json!(["*"])),
        claim("ehub_practices", json!("*")),
        claim("ehub_practices", json!({"C81001": true})),
        claim("ehub_practices", Value::Null),
        claim("scope", json!("a  b")),
        claim("scope", json!(" a")),
        claim("scope", json!("a\tb")),
        claim("scope", json!("a\u{0}b")),
        claim("scope", json!("a\"b")),
        claim("scope", json!("à")),
        claim("scope", json!(["a", ["b"]])),
        claim("scope", json!(["a b"])),
        claim("scope", json!({"a": 1})),
        claim("scope", json!(7)),
        claim("scope", json!("x".repeat(129))),
        claim("scope", json!((0..101).map(|i| format!("s{i}")).collect::<Vec<_>>())),
        claim("ehub_role", json!("x".repeat(101))),
        claim("ehub_name", json!("x".repeat(201))),
        claim("ehub_name", json!(["Asha"])),
    ]
}

/// Text that is empty, over-long, not text, or holds what no identifier or name does.
fn texts(trust: &Trust) -> Vec<Case> {
    let claim = |name: &str, value: Value| changed(trust, name, value, Claim);
    let mut cases = Vec::new();
    for name in ["sub", "client_id"] {
        for wrong in ["", "a b", "a\u{0}", "a\n", "é", "a\u{202e}b", &"x".repeat(256)] {
            cases.push(claim(name, json!(wrong)));
        }
        cases.extend([claim(name, Value::Null), claim(name, json!(7)), claim(name, json!(["person-1"]))]);
    }
    for name in ["ehub_role", "ehub_name", "ehub_org", "ehub_kind"] {
        for wrong in
            [json!(""), json!("a\u{0}b"), json!("a\r\nb"), json!("\u{7f}"), json!("\u{85}"), json!(1), Value::Null]
        {
            cases.push(claim(name, wrong));
        }
    }
    cases
}

fn cases(trust: &Trust) -> Vec<Case> {
    [
        structure,
        no_objects,
        extra_header,
        header,
        algorithm,
        signature,
        issuer_and_audience,
        times,
        time_formats,
        claims,
        texts,
    ]
    .iter()
    .flat_map(|family| family(trust))
    .collect()
}

#[test]
fn none_gets_in_and_each_fails_where_it_should() {
    let trust = Trust::manual();
    let cases = cases(&trust);
    assert!(cases.len() > 250, "{}", cases.len());
    let mut wrong = Vec::new();
    for (name, token, step) in cases {
        let outcome = trust.verifier.verify(&token).map(|caller| caller.subject.clone());
        if outcome != Err(step) {
            wrong.push(format!("{name}: expected {step:?}, got {outcome:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn none_gets_in_even_after_the_good_one_was_remembered() {
    let trust = Trust::manual();
    trust.verifier.verify(&trust.sign(&trust.header(), &trust.claims())).unwrap();
    for (name, token, _) in cases(&trust) {
        assert!(trust.verifier.verify(&token).is_err(), "{name}");
    }
}

/// The same tokens, for the test of the layer: none may be told from another by its answer.
pub(crate) fn tokens(trust: &Trust) -> Vec<(String, String)> {
    cases(trust).into_iter().map(|(name, token, _)| (name, token)).collect()
}

proptest! {
    #[test]
    fn no_single_changed_byte_gets_in(position: prop::sample::Index, byte: u8) {
        let trust = Trust::manual();
        let good = trust.sign(&trust.header(), &trust.claims());
        let mut bytes = good.clone().into_bytes();
        let position = position.index(bytes.len());
        prop_assume!(bytes[position] != byte);
        bytes[position] = byte;
        if let Ok(text) = std::str::from_utf8(&bytes) {
            prop_assert!(trust.verifier.verify(text).is_err());
        }
    }
}
