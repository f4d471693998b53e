//! The other services as allocation needs them: guards of the acts that need a claim.

use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use ehub_identifiers::ConsultationId;
use ehub_proto::internal::v1::{FenceRequest, FencedClaim, SealRequest, claim_guard_client::ClaimGuardClient};
use tonic::Code;

use crate::domain::closing::{ManifestEntry, OpenAction};

/// What a guard says when asked to seal.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sealing {
    /// What is still to be done; when there is anything, nothing was sealed.
    pub open: Vec<OpenAction>,
    /// What exists, when sealed.
    pub items: Vec<ManifestEntry>,
}

/// Why a guard gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum GuardError {
    /// It knows a higher epoch.
    #[error("the guard knows a higher epoch")]
    Superseded,
    /// It cannot be asked.
    #[error("the guard cannot be reached")]
    Unreachable(#[source] Box<tonic::Status>),
    /// It did not answer in time.
    #[error("the guard did not answer in time")]
    TimedOut,
}

/// One service's guard.
#[async_trait]
pub trait Guard: Send + Sync {
    /// Reports open actions and changes nothing, or seals the epoch.
    async fn seal(&self, consultation: ConsultationId, epoch: i64, clinical: bool) -> Result<Sealing, GuardError>;
    /// Raises the lowest epoch accepted.
    async fn fence(&self, claims: &[(ConsultationId, i64)]) -> Result<(), GuardError>;
}

#[async_trait]
impl<T: ehub_proto::Way> Guard for ClaimGuardClient<T> {
    async fn seal(&self, consultation: ConsultationId, epoch: i64, clinical: bool) -> Result<Sealing, GuardError> {
        let request = SealRequest {
            consultation: consultation.to_string(),
            epoch,
            clinical_outcome: clinical,
            pending_signature: false,
        };
        let answer = ClaimGuardClient::seal(&mut self.clone(), request).await.map_err(guard_error)?.into_inner();
        Ok(Sealing {
            open: answer
                .open_actions
                .into_iter()
                .map(|open| OpenAction { subject: open.subject, kind: open.kind })
                .collect(),
            items: answer
                .items
                .into_iter()
                .map(|item| ManifestEntry { name: item.name, version: item.version })
                .collect(),
        })
    }

    async fn fence(&self, claims: &[(ConsultationId, i64)]) -> Result<(), GuardError> {
        let claims =
            claims.iter().map(|(id, epoch)| FencedClaim { consultation: id.to_string(), epoch: *epoch }).collect();
        ClaimGuardClient::fence(&mut self.clone(), FenceRequest { claims }).await.map_err(guard_error)?;
        Ok(())
    }
}

fn guard_error(status: tonic::Status) -> GuardError {
    match status.code() {
        Code::FailedPrecondition => GuardError::Superseded,
        _ => GuardError::Unreachable(Box::new(status)),
    }
}

/// The guards of prescribing, writeback and intake.
#[derive(Clone)]
pub struct Guards {
    guards: Vec<(&'static str, Arc<dyn Guard>)>,
    timeout: Duration,
}

impl fmt::Debug for Guards {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.guards.iter().map(|(name, _)| name)).finish()
    }
}

/// Why not all guards sealed.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// A guard knows a higher epoch.
    #[error("a guard knows a higher epoch")]
    Superseded,
    /// One cannot be asked: nothing closes blind.
    #[error("{service} cannot be asked")]
    Unreachable {
        /// Which service.
        service: &'static str,
        /// Why.
        #[source]
        source: GuardError,
    },
}

impl Guards {
    /// Guards by service name, each given this long to answer.
    #[must_use]
    pub fn new(guards: Vec<(&'static str, Arc<dyn Guard>)>, timeout: Duration) -> Self {
        Self { guards, timeout }
    }

    /// Asks every guard at once to seal an epoch; gathers what is open, or everything that exists.
    ///
    /// # Errors
    /// When one cannot be asked or knows a higher epoch.
    pub async fn seal(&self, consultation: ConsultationId, epoch: i64, clinical: bool) -> Result<Sealing, SealError> {
        let asked = self.guards.iter().map(async |(service, guard)| {
            let answer = tokio::time::timeout(self.timeout, guard.seal(consultation, epoch, clinical)).await;
            (service, answer.unwrap_or(Err(GuardError::TimedOut)))
        });
        let mut all = Sealing::default();
        for (service, answer) in futures_util::future::join_all(asked).await {
            match answer {
                Ok(sealing) => {
                    all.open.extend(sealing.open);
                    all.items.extend(sealing.items);
                }
                Err(GuardError::Superseded) => return Err(SealError::Superseded),
                Err(source) => return Err(SealError::Unreachable { service, source }),
            }
        }
        Ok(all)
    }

    /// Pushes a fence to every guard at once; tells whether all of them have it.
    pub async fn fence(&self, claims: &[(ConsultationId, i64)]) -> Fenced {
        let pushes = self.guards.iter().map(async |(service, guard)| {
            let failure = match tokio::time::timeout(self.timeout, guard.fence(claims)).await {
                Ok(Ok(())) => return true,
                Ok(Err(error)) => error,
                Err(_) => GuardError::TimedOut,
            };
            tracing::warn!(service, error = &failure as &dyn std::error::Error, "a fence was not pushed");
            false
        });
        if futures_util::future::join_all(pushes).await.into_iter().all(|pushed| pushed) {
            Fenced::Everywhere
        } else {
            Fenced::NotYet
        }
    }
}

/// Whether every guard refuses what came before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fenced {
    /// All of them.
    Everywhere,
    /// One could not be told: the old grant runs out by itself.
    NotYet,
}
