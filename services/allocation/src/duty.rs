//! The way to a duty person: a webhook, or the log in development.

mod log;
mod webhook;

use std::fmt;

use async_trait::async_trait;

pub use log::LogDuty;
pub use webhook::{Webhook, WebhookError};

/// A call to a duty person. Holds nothing that identifies a patient.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct DutyCall {
    /// `alerts/{uuid}`.
    pub alert: String,
    /// The consultation or quarantined message, by name.
    pub subject: String,
    /// The reference people read out, if there is one.
    pub reference: String,
    /// Which call this is, from 1.
    pub call: i32,
    /// Whether the deputy is called.
    pub deputy: bool,
}

/// Why a call did not get through.
#[derive(Debug, thiserror::Error)]
pub enum DutyError {
    /// Nobody is configured for the organisation.
    #[error("no duty contact is configured for {0}")]
    NoContact(String),
    /// The request failed.
    #[error("the duty contact cannot be reached")]
    Unreachable(#[source] reqwest::Error),
    /// It was not taken.
    #[error("the duty contact answered with status {0}")]
    Refused(u16),
}

/// Calls duty persons.
#[async_trait]
pub trait Duty: Send + Sync + fmt::Debug {
    /// Makes one call; `owner_ods` is the organisation whose duty person it is.
    async fn call(&self, owner_ods: &str, call: &DutyCall) -> Result<(), DutyError>;
}
