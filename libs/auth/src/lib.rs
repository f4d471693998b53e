//! Who is calling, and may they call this: from the `authorization` header to a [`Caller`] and a [`Rule`].
//!
//! [`Verifier`] turns an access token into a [`Caller`]; [`Rules`] reads the option `(ehub.auth.v1.rule)` of each RPC
//! from the compiled descriptors; [`AuthLayer`] puts both in front of the handlers and leaves the caller, the rule and
//! the claim's grant in the request's extensions. Nothing else in eHub reads a header for identity.
//!
//! The law for tokens is RFC 9068 (JWT access tokens), RFC 8725 (JWT best current practice) and our own stricter list in
//! [`token`]. Signatures are checked by `jsonwebtoken` on AWS-LC; because that crate accepts much that it should not
//! (arrays of issuers, tokens without an audience, unknown `crit`), everything else is checked here.

mod cache;
mod caller;
mod claims;
pub mod client;
mod config;
pub mod dev_issuer;
mod grant;
mod jws;
mod keys;
mod layer;
mod refusal;
mod rule;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod token;
mod verifier;

pub use caller::{Caller, Kind};
pub use config::{Algorithm, AuthConfig, ClaimNames, ConfigFault, GrantConfig, IssuerConfig, JwksSource, ServiceName};
pub use grant::{GRANT_HEADER, Grant, GrantKind, GrantPresented, GrantRefusal, GrantSigner, SignerError};
pub use keys::JwksError;
pub use layer::{AuthLayer, AuthService, OPEN_SERVICES, ResponseFuture};
pub use refusal::{NotAllowed, Recording, RefusalCounts, RefusalSink, Refused};
pub use rule::{GrantRequirement, MissingRule, PracticeBinding, Rule, Rules};
pub use token::TokenRefusal;
pub use verifier::{StartError, Verifier};
