//! Callers and requests as the authorisation layer leaves them.

use std::sync::Arc;

use ehub_auth::{Caller, Grant, GrantKind, GrantPresented, Kind, Rules};
use ehub_clock::Timestamp;
use ehub_identifiers::OdsCode;
use tonic::Request;
use uuid::Uuid;

/// A caller of a kind, of an organisation, with every scope.
pub fn caller(kind: Kind, ods: &str, subject: &str) -> Caller {
    Caller {
        subject: subject.to_owned(),
        client: if kind == Kind::Person { "front-end".to_owned() } else { subject.to_owned() },
        kind,
        organisation: Some(OdsCode::parse(ods).expect("an ODS code")),
        practices: None,
        role: Some("gp".to_owned()),
        name: Some("Test Person".to_owned()),
        scopes: Vec::new(),
        service: None,
        expires_at: time::macros::datetime!(2099-01-01 00:00 UTC),
        issuer: "test".to_owned(),
    }
}

/// A person of an organisation.
pub fn person(ods: &str, subject: &str) -> Arc<Caller> {
    Arc::new(caller(Kind::Person, ods, subject))
}

/// A client that may act for the practices given.
pub fn client(ods: &str, subject: &str, practices: &[&str]) -> Arc<Caller> {
    let practices = practices.iter().map(|ods| OdsCode::parse(ods).expect("an ODS code")).collect();
    Arc::new(Caller { practices: Some(practices), ..caller(Kind::Client, ods, subject) })
}

/// A grant to act on a consultation, in force until a time.
pub fn grant(
    consultation: Uuid,
    subject: &str,
    organisation: Uuid,
    practice: Uuid,
    epoch: i64,
    until: Timestamp,
) -> GrantPresented {
    GrantPresented::Valid(Grant {
        consultation,
        epoch,
        kind: GrantKind::Act,
        subject: subject.to_owned(),
        organisation,
        practice,
        expires_at: until,
        incarnation: 1,
    })
}

/// A request to an RPC (`/package.Service/Method`), authenticated and authorised.
pub fn request<T>(message: T, path: &str, caller: Arc<Caller>, grant: GrantPresented) -> Request<T> {
    let rules = Rules::from_descriptor(ehub_proto::DESCRIPTOR_SET).expect("every RPC has its rule");
    let mut request = Request::new(message);
    request.extensions_mut().insert(caller);
    request.extensions_mut().insert(rules.get(path).expect("a known RPC").clone());
    request.extensions_mut().insert(grant);
    request
}
