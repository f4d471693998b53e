//! The other side: how a service proves who it is when it calls another.

mod identity;
mod source;

pub use identity::{ServiceIdentity, ServiceIdentityService};
pub use source::{TokenSource, TokenSourceError};
