//! The decision about one request.

use std::{net::IpAddr, sync::Arc};

use ehub_faults::Fault;
use http::{HeaderMap, Request, header::AUTHORIZATION};
use tonic::{
    Code,
    transport::server::{TcpConnectInfo, TlsConnectInfo},
};

use super::Shared;
use crate::{
    Caller, GRANT_HEADER, GrantPresented, GrantRefusal, GrantRequirement, Recording, Refused, TokenRefusal,
    token::MAX_TOKEN_BYTES,
};

/// A request that does not pass.
pub(super) struct Stopped {
    pub(super) fault: Fault,
    /// The record of it, when the caller is known.
    pub(super) recording: Option<Recording>,
}

impl From<Fault> for Stopped {
    fn from(fault: Fault) -> Self {
        Self { fault, recording: None }
    }
}

impl Shared {
    /// Checks the request, and moves what the headers prove into its extensions.
    pub(super) fn admit<B>(&self, request: &mut Request<B>) -> Result<(), Stopped> {
        let path = request.uri().path();
        let rule = self.rules.get(path);
        if rule.is_none() && self.is_open(path) {
            take_headers(request.headers_mut());
            return Ok(());
        }
        let clock = self.verifier.clock();
        let caller = match bearer(request.headers()).and_then(|token| self.verifier.verify(token)) {
            Ok(caller) => caller,
            Err(refusal) => {
                return Err(self.unauthenticated.refuse(refusal, peer(request), clock.monotonic()).into());
            }
        };
        // Without a rule nothing is permitted; who is authenticated may know that there is nothing.
        let Some(rule) = rule.cloned() else {
            return Err(
                Fault::new(Code::Unimplemented, "auth.ehub", "METHOD_UNKNOWN", "there is no such method").into()
            );
        };
        if let Err(reason) = rule.admit(&caller) {
            let fault = reason.fault(&rule);
            tracing::debug!(target: "ehub::auth", reason = reason.reason(), method = &*rule.path, "call not allowed");
            let recording = self.sink.refused(Refused { caller, rule, reason, at: clock.now() });
            return Err(Stopped { fault, recording: Some(recording) });
        }
        let grant = match rule.grant {
            GrantRequirement::None => GrantPresented::Absent,
            GrantRequirement::Required | GrantRequirement::Optional => self.grant(request.headers(), &caller),
        };
        take_headers(request.headers_mut());
        let extensions = request.extensions_mut();
        extensions.insert::<Arc<Caller>>(caller);
        extensions.insert(rule);
        extensions.insert(grant);
        Ok(())
    }

    /// A method of an open service: the service's prefix and one more segment.
    fn is_open(&self, path: &str) -> bool {
        let method = self.open.iter().find_map(|service| path.strip_prefix(service.as_str()));
        method.is_some_and(|method| !method.is_empty() && !method.contains('/'))
    }

    fn grant(&self, headers: &HeaderMap, caller: &Caller) -> GrantPresented {
        let mut values = headers.get_all(GRANT_HEADER).iter();
        let text = match (values.next(), values.next()) {
            (None, _) => return GrantPresented::Absent,
            (Some(value), None) => value.to_str().map_err(|_| GrantRefusal::Malformed),
            (Some(_), Some(_)) => Err(GrantRefusal::Malformed),
        };
        match text.and_then(|text| self.verifier.verify_grant(text, caller)) {
            Ok(grant) => GrantPresented::Valid(grant),
            Err(refusal) => GrantPresented::Invalid(refusal),
        }
    }
}

/// Step 1: exactly one `authorization: Bearer <token>` (the scheme's case does not matter, RFC 9110 §11.1).
fn bearer(headers: &HeaderMap) -> Result<&str, TokenRefusal> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let value = match (values.next(), values.next()) {
        (None, _) => return Err(TokenRefusal::Absent),
        (Some(value), None) => value,
        (Some(_), Some(_)) => return Err(TokenRefusal::Carriage),
    };
    let (scheme, token) = value.to_str().ok().and_then(|text| text.split_once(' ')).ok_or(TokenRefusal::Carriage)?;
    if token.len() > MAX_TOKEN_BYTES {
        return Err(TokenRefusal::Oversize);
    }
    let in_token = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    if !scheme.eq_ignore_ascii_case("bearer") || token.is_empty() || !token.bytes().all(in_token) {
        return Err(TokenRefusal::Carriage);
    }
    Ok(token)
}

fn take_headers(headers: &mut HeaderMap) {
    headers.remove(AUTHORIZATION);
    headers.remove(GRANT_HEADER);
}

/// Whose connection it is, as tonic's server notes it.
fn peer<B>(request: &Request<B>) -> Option<IpAddr> {
    let plain = request.extensions().get::<TcpConnectInfo>();
    let tls = request.extensions().get::<TlsConnectInfo<TcpConnectInfo>>().map(TlsConnectInfo::get_ref);
    plain.or(tls).and_then(TcpConnectInfo::remote_addr).map(|address| address.ip())
}
