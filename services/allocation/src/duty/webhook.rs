//! The webhook adapter: one POST of JSON for each call.

use std::{collections::BTreeMap, time::Duration};

use async_trait::async_trait;
use ehub_telemetry::send_outside;

use crate::{
    config::Contact,
    duty::{Duty, DutyCall, DutyError},
};

/// Posts calls to the contacts of each organisation.
#[derive(Debug)]
pub struct Webhook {
    client: reqwest::Client,
    contacts: BTreeMap<String, Contact>,
}

/// The HTTP client cannot be made.
#[derive(Debug, thiserror::Error)]
#[error("the HTTP client for duty calls cannot be made")]
pub struct WebhookError(#[source] reqwest::Error);

impl Webhook {
    /// Contacts by the ODS code of their organisation.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn new(contacts: BTreeMap<String, Contact>, timeout: Duration) -> Result<Self, WebhookError> {
        let client = reqwest::Client::builder()
            .timeout(timeout)
            // A redirect would take a red flag to somebody nobody configured.
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()
            .map_err(WebhookError)?;
        Ok(Self { client, contacts })
    }
}

#[async_trait]
impl Duty for Webhook {
    async fn call(&self, owner_ods: &str, call: &DutyCall) -> Result<(), DutyError> {
        let contact = self.contacts.get(owner_ods).ok_or_else(|| DutyError::NoContact(owner_ods.to_owned()))?;
        let url = match &contact.deputy_url {
            Some(deputy) if call.deputy => deputy,
            _ => &contact.duty_url,
        };
        let answer = send_outside(self.client.post(url).json(call), "{duty_contact}")
            .await
            .map_err(|error| DutyError::Unreachable(error.without_url()))?;
        if answer.status().is_success() { Ok(()) } else { Err(DutyError::Refused(answer.status().as_u16())) }
    }
}
