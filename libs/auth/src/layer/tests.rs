//! Requests through the whole layer.

use std::{convert::Infallible, net::SocketAddr, sync::Arc};

use http::{Request, Response, StatusCode};
use tonic::{Code, body::Body, transport::server::TcpConnectInfo};
use tower::{Layer, ServiceExt};

use super::*;
use crate::{
    Caller, Grant, GrantPresented, GrantRefusal, Kind, NotAllowed, Rule, TokenRefusal,
    dev_issuer::TokenSpec,
    testing::{self, Kept, Trust, descriptor_set, person_spec},
};

const READ: &str = "/p.Probe/Read";
const ACT: &str = "/p.Probe/Act";
const DELIVER: &str = "/p.Probe/Deliver";

struct Fixture {
    trust: Trust,
    layer: AuthLayer,
    kept: Arc<Kept>,
}

fn fixture() -> Fixture {
    let read =
        "option (ehub.auth.v1.rule) = {scopes: ['read', 'admin'] callers: [CALLER_KIND_PERSON, CALLER_KIND_CLIENT]
        practice: PRACTICE_BINDING_BOUND grant: GRANT_REQUIREMENT_NONE};";
    let act = "option (ehub.auth.v1.rule) = {scopes: 'act' callers: CALLER_KIND_PERSON practice: PRACTICE_BINDING_BOUND
        grant: GRANT_REQUIREMENT_REQUIRED};";
    let deliver =
        "option (ehub.auth.v1.rule) = {scopes: 'deliver' callers: CALLER_KIND_SERVICE practice: PRACTICE_BINDING_NONE
        grant: GRANT_REQUIREMENT_NONE services: 'audit'};";
    let set = descriptor_set("p", &[("Read", read), ("Act", act), ("Deliver", deliver)]);
    let (trust, kept) = (Trust::manual(), Arc::new(Kept::default()));
    let layer = AuthLayer::new(
        Arc::clone(&trust.verifier),
        Arc::new(Rules::from_descriptor(&set).unwrap()),
        Arc::clone(&kept) as _,
    );
    Fixture { trust, layer, kept }
}

/// What the handler behind the layer saw.
#[derive(Debug, Clone)]
struct Seen {
    caller: Option<Arc<Caller>>,
    rule: Option<Rule>,
    grant: Option<GrantPresented>,
    headers: usize,
}

impl Fixture {
    fn token(&self, scopes: &[&str]) -> String {
        format!("Bearer {}", self.trust.issuer.sign(&person_spec(scopes)))
    }

    async fn send(&self, path: &str, headers: &[(&str, &[u8])]) -> Response<Body> {
        let handler = tower::service_fn(|request: Request<()>| async move {
            let extensions = request.extensions();
            let seen = Seen {
                caller: extensions.get().cloned(),
                rule: extensions.get().cloned(),
                grant: extensions.get().cloned(),
                headers: request.headers().len(),
            };
            let mut response = Response::new(Body::empty());
            response.extensions_mut().insert(seen);
            Ok::<_, Infallible>(response)
        });
        let mut request = Request::builder().uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.layer.layer(handler).oneshot(request.body(()).unwrap()).await.unwrap()
    }

    async fn seen(&self, path: &str, headers: &[(&str, &[u8])]) -> Seen {
        let response = self.send(path, headers).await;
        response.extensions().get::<Seen>().cloned().unwrap_or_else(|| panic!("refused: {:?}", response.headers()))
    }

    async fn refused(&self, path: &str, headers: &[(&str, &[u8])]) -> (Code, String) {
        let response = self.send(path, headers).await;
        assert!(response.extensions().get::<Seen>().is_none(), "the handler was reached");
        assert_eq!(response.status(), StatusCode::OK, "a gRPC refusal is HTTP 200 with the status in the headers");
        let status = tonic::Status::from_header_map(response.headers()).unwrap();
        let details = String::from_utf8_lossy(status.details()).into_owned();
        (status.code(), details)
    }
}

#[tokio::test]
async fn every_bad_token_gets_the_same_answer() {
    let fixture = fixture();
    let absent = fixture.send(READ, &[]).await.headers().clone();
    assert_eq!(absent["grpc-status"], "16");
    let mut tried = 0;
    for (name, token) in crate::verifier::bad_tokens(&fixture.trust) {
        let header = format!("Bearer {token}");
        if http::HeaderValue::from_str(&header).is_err() {
            continue;
        }
        for path in [READ, ACT, DELIVER, "/p.Probe/Unknown", "/", "/grpc.health.v1.HealthX/Check"] {
            let answer = fixture.send(path, &[("authorization", header.as_bytes())]).await;
            assert_eq!(answer.headers(), &absent, "{name} at {path}");
        }
        tried += 1;
    }
    assert!(tried > 250, "{tried}");
    assert!(fixture.kept.take().is_empty(), "nobody was authenticated, so nothing goes to the audit");
    assert_eq!(fixture.layer.counts().iter().map(|(_, count)| count).sum::<u64>(), 1 + 6 * tried);
}

#[tokio::test]
async fn the_token_must_be_carried_in_exactly_one_way() {
    let fixture = fixture();
    let good = fixture.token(&["read"]);
    let token = good.strip_prefix("Bearer ").unwrap();
    let lines: Vec<Vec<u8>> = [
        token.to_owned(),
        format!("Basic {token}"),
        format!("DPoP {token}"),
        format!("Bearer: {token}"),
        format!("Bearer  {token}"),
        format!("Bearer\t{token}"),
        format!("{good} "),
        format!("{good}, {good}"),
        format!("{good},{good}"),
        format!("Bearer \"{token}\""),
        format!("Bearer token={token}"),
        "Bearer".to_owned(),
        "Bearer ".to_owned(),
        String::new(),
        format!("Bearer {}", "a".repeat(5000)),
    ]
    .into_iter()
    .map(String::into_bytes)
    .chain([b"Bearer \xff\xfe".to_vec(), [good.as_bytes(), b"\xc3\xa9"].concat()])
    .collect();
    for line in &lines {
        let (code, _) = fixture.refused(READ, &[("authorization", line)]).await;
        assert_eq!(code, Code::Unauthenticated, "{}", String::from_utf8_lossy(line));
    }
    for other in ["authorization-bin", "proxy-authorization", "x-authorization", "cookie", "grpcgateway-authorization"]
    {
        assert_eq!(fixture.refused(READ, &[(other, good.as_bytes())]).await.0, Code::Unauthenticated, "{other}");
    }
    let twice: &[(&str, &[u8])] = &[("authorization", good.as_bytes()), ("authorization", good.as_bytes())];
    assert_eq!(fixture.refused(READ, twice).await.0, Code::Unauthenticated);
    let counts = fixture.layer.counts();
    assert_eq!((counts.get(TokenRefusal::Absent), counts.get(TokenRefusal::Oversize)), (5, 1));
    fixture.seen(READ, &[("authorization", good.replace("Bearer", "bearer").as_bytes())]).await;
}

#[tokio::test]
async fn a_known_caller_without_the_right_is_told_what_is_lacking_and_reported() {
    let fixture = fixture();
    let bare = fixture.token(&["reader"]);
    let (code, details) = fixture.refused(READ, &[("authorization", bare.as_bytes())]).await;
    assert_eq!(code, Code::PermissionDenied);
    assert!(
        details.contains("SCOPE_MISSING") && details.contains("read admin") && details.contains("auth.ehub"),
        "{details}"
    );

    let reader = fixture.token(&["read", "deliver"]);
    let (code, details) = fixture.refused(DELIVER, &[("authorization", reader.as_bytes())]).await;
    assert_eq!(code, Code::PermissionDenied);
    assert!(details.contains("CALLER_KIND_NOT_ALLOWED") && details.contains("service"), "{details}");

    let nowhere = TokenSpec { organisation: None, ..person_spec(&["read"]) };
    let nowhere = format!("Bearer {}", fixture.trust.issuer.sign(&nowhere));
    let (code, details) = fixture.refused(READ, &[("authorization", nowhere.as_bytes())]).await;
    assert_eq!(code, Code::PermissionDenied);
    assert!(details.contains("ORGANISATION_MISSING"), "{details}");

    let kept = fixture.kept.take();
    let reasons: Vec<_> = kept.iter().map(|refused| (&*refused.rule.path, refused.reason)).collect();
    assert_eq!(reasons, [(READ, NotAllowed::Scope), (DELIVER, NotAllowed::Kind), (READ, NotAllowed::Organisation)]);
    assert!(kept.iter().all(|refused| refused.caller.subject == "person-1" && refused.at == testing::START));
}

#[tokio::test]
async fn nothing_is_reachable_without_a_rule() {
    let fixture = fixture();
    let token = fixture.token(&["read", "admin", "act"]);
    for path in [
        "/p.Probe/Unknown",
        "/p.Probe/read",
        "/p.Probe/Read/",
        "//p.Probe/Read",
        "/p.Probe",
        "/",
        "/grpc.health.v1.Health/",
        "/grpc.health.v1.Health/a/b",
    ] {
        assert_eq!(
            fixture.refused(path, &[("authorization", token.as_bytes())]).await.0,
            Code::Unimplemented,
            "{path}"
        );
        assert_eq!(fixture.refused(path, &[]).await.0, Code::Unauthenticated, "{path}");
    }
}

#[tokio::test]
async fn health_and_reflection_need_no_token_and_get_no_caller() {
    let fixture = fixture();
    let token = fixture.token(&["read"]);
    for path in [
        "/grpc.health.v1.Health/Check",
        "/grpc.health.v1.Health/Watch",
        "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
    ] {
        fixture.seen(path, &[]).await;
        let seen = fixture.seen(path, &[("authorization", token.as_bytes()), ("ehub-grant", b"x")]).await;
        assert!(seen.caller.is_none() && seen.rule.is_none() && seen.headers == 0, "{path}");
    }
}

#[tokio::test]
async fn the_handler_gets_caller_rule_and_grant_but_no_credentials() {
    let fixture = fixture();
    let token = fixture.token(&["act"]);
    let grant = fixture.trust.grants.sign(&testing::grant(), testing::START);
    let headers: &[(&str, &[u8])] =
        &[("authorization", token.as_bytes()), ("ehub-grant", grant.as_bytes()), ("x-request", b"1")];
    let seen = fixture.seen(ACT, headers).await;
    assert_eq!(seen.caller.unwrap().subject, "person-1");
    assert_eq!(&*seen.rule.unwrap().path, ACT);
    assert_eq!(seen.grant, Some(GrantPresented::Valid(testing::grant())));
    assert_eq!(seen.headers, 1);
}

#[tokio::test]
async fn a_missing_or_bad_grant_is_for_the_operation_to_judge() {
    let fixture = fixture();
    let token = fixture.token(&["act", "read"]);
    let good = fixture.trust.grants.sign(&testing::grant(), testing::START);
    let other = Grant { subject: "person-2".into(), ..testing::grant() };
    let other = fixture.trust.grants.sign(&other, testing::START);
    let ended = fixture.trust.grants.sign(&Grant { expires_at: testing::START, ..testing::grant() }, testing::START);
    let cases: [(&[&[u8]], GrantPresented); 6] = [
        (&[], GrantPresented::Absent),
        (&[b"\xff"], GrantPresented::Invalid(GrantRefusal::Malformed)),
        (&[b""], GrantPresented::Invalid(GrantRefusal::Malformed)),
        (&[good.as_bytes(), good.as_bytes()], GrantPresented::Invalid(GrantRefusal::Malformed)),
        (&[other.as_bytes()], GrantPresented::Invalid(GrantRefusal::OtherSubject)),
        (&[ended.as_bytes()], GrantPresented::Invalid(GrantRefusal::Expired)),
    ];
    for (grants, expected) in cases {
        let mut headers: Vec<(&str, &[u8])> = vec![("authorization", token.as_bytes())];
        headers.extend(grants.iter().map(|grant| ("ehub-grant", *grant)));
        assert_eq!(fixture.seen(ACT, &headers).await.grant, Some(expected));
    }
    let headers: &[(&str, &[u8])] = &[("authorization", token.as_bytes()), ("ehub-grant", good.as_bytes())];
    assert_eq!(
        fixture.seen(READ, headers).await.grant,
        Some(GrantPresented::Absent),
        "no grant is looked at by this rule"
    );
}

#[tokio::test]
async fn a_named_service_is_admitted_and_only_that() {
    let fixture = fixture();
    let token = |subject: &str| {
        let spec = TokenSpec { scopes: vec!["deliver".into()], ..TokenSpec::new(Kind::Service, subject, "internal") };
        format!("Bearer {}", fixture.trust.issuer.sign(&spec))
    };
    let seen = fixture.seen(DELIVER, &[("authorization", token("system:audit").as_bytes())]).await;
    assert_eq!(seen.caller.unwrap().service.as_deref(), Some("audit"));
    let refused = fixture.refused(DELIVER, &[("authorization", token("system:other").as_bytes())]).await;
    assert_eq!(refused.0, Code::PermissionDenied);
}

#[tokio::test]
async fn the_layer_serves_tonic_routes() {
    // The types must fit where it is used: tonic's routes behind the layer.
    let fixture = fixture();
    let routes = tonic::service::Routes::default();
    let mut request = Request::builder().uri(READ).body(Body::empty()).unwrap();
    let address: SocketAddr = "192.0.2.7:1".parse().unwrap();
    request.extensions_mut().insert(TcpConnectInfo { local_addr: None, remote_addr: Some(address) });
    let answer = fixture.layer.layer(routes).oneshot(request).await.unwrap();
    assert_eq!(answer.headers()["grpc-status"], "16");
    assert_eq!(answer.headers()["content-type"], "application/grpc");
}
