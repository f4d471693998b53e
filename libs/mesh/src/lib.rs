//! A client for MESH, the NHS message exchange: a mailbox polled over HTTPS with a message authentication code per
//! request and a client certificate.
//!
//! What matters to callers: a message stays in the inbox until it is acknowledged, so store first and acknowledge
//! second; and sending has no idempotency key, so the outcome of a send is one of accepted, refused, certainly not
//! sent, or *ambiguous* ([`SendError`]).

mod address;
mod authorization;
mod body;
mod client;
mod config;
mod download;
mod error;
mod header;
mod inbox;
mod outgoing;
mod received;
mod send;
mod tls;

pub use address::{BirthDateFormat, registered_practice};
pub use client::MeshClient;
pub use config::{MeshConfig, TlsConfig};
pub use error::{MeshError, Refusal, SendError, SetupError};
pub use outgoing::Outgoing;
pub use received::{MessageType, Received, Status};
