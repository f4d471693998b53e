//! The log adapter: development only.

use async_trait::async_trait;

use crate::duty::{Duty, DutyCall, DutyError};

/// Writes each call to the log. Refused in production.
#[derive(Debug, Clone, Copy, Default)]
pub struct LogDuty;

#[async_trait]
impl Duty for LogDuty {
    async fn call(&self, owner_ods: &str, call: &DutyCall) -> Result<(), DutyError> {
        tracing::warn!(owner = owner_ods, alert = %call.alert, call = call.call, deputy = call.deputy, "duty person called (log adapter)");
        Ok(())
    }
}
