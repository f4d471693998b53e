//! Calling again while a service has not yet heard of what another already knows.

use std::time::Duration;

use tonic::Status;
use tonic_types::StatusExt;

use crate::waiting::{deadline, expired};

/// Events reach the other services in well under this.
const PATIENCE: Duration = Duration::from_secs(8);

/// Repeats a call for as long as the answer is that the consultation is not known there yet.
pub async fn until_known<T, F>(mut call: impl FnMut() -> F) -> anyhow::Result<T>
where
    F: Future<Output = anyhow::Result<T>>,
{
    let end = deadline(PATIENCE);
    let mut pause = Duration::from_millis(50);
    loop {
        match call().await {
            Err(error) if not_known_yet(&error) && !expired(end) => tokio::time::sleep(pause).await,
            answer => return answer,
        }
        pause = (pause * 2).min(Duration::from_millis(800));
    }
}

fn not_known_yet(error: &anyhow::Error) -> bool {
    error.downcast_ref::<Status>().is_some_and(|status| reason(status) == "CONSULTATION_UNKNOWN")
}

/// The reason of a refusal, or nothing.
pub fn reason(status: &Status) -> String {
    status.get_error_details().error_info().map(|info| info.reason.clone()).unwrap_or_default()
}
