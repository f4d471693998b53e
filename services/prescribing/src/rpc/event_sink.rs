//! What prescribing takes from the other services' events.

use ehub_outbox::{Received, Refusal, Subscription};
use ehub_postgres::{StorageError, Tx};
use ehub_proto::{allocation::event::v1::ConsultationCompleted, intake::event::v1::ConsultationAccepted};
use prost::Message;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::operations::apply_facts::{self, Accepted};

const ACCEPTED: &str = "ehub.intake.event.v1.ConsultationAccepted";
const COMPLETED: &str = "ehub.allocation.event.v1.ConsultationCompleted";

/// The packages whose other kinds say nothing prescribing uses: their headers pass.
const KNOWN: [(&str, &str); 2] = [("intake", "ehub.intake.event.v1."), ("allocation", "ehub.allocation.event.v1.")];

/// Applies facts of intake and allocation.
#[derive(Debug, Clone, Copy)]
pub struct Facts;

impl Subscription for Facts {
    fn knows(&self, source: &str, kind: &str) -> bool {
        KNOWN.iter().any(|(known, package)| *known == source && kind.starts_with(package))
            || kind == "ehub.audit.event.v1.AccessRecorded"
    }

    fn passes(&self, _: &str, kind: &str) -> bool {
        !ehub_proto::reads("prescribing", kind)
    }

    async fn apply(&self, tx: &mut Tx, event: &Received) -> Result<(), Refusal> {
        match (event.source.as_str(), event.kind.as_str()) {
            ("intake", ACCEPTED) => {
                let fact = accepted(event)?;
                Ok(apply_facts::consultation_accepted(tx, &fact).await?)
            }
            ("allocation", COMPLETED) => {
                let body = ConsultationCompleted::decode(event.body.as_slice()).map_err(|_| UNREADABLE)?;
                let consultation = uuid(&body.consultation)?;
                Ok(apply_facts::consultation_completed(tx, consultation, event.at).await?)
            }
            ("allocation", kind) if ehub_access::KINDS.contains(&kind) => {
                ehub_access::apply(tx, event).await?;
                if kind == ehub_access::KINDS[0] {
                    apply_facts::organisation_put(tx).await?;
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    async fn caught_up(&self, tx: &mut Tx, source: &str, read_time: OffsetDateTime) -> Result<(), StorageError> {
        if source == "allocation" { ehub_access::caught_up(tx, read_time).await } else { Ok(()) }
    }
}

const UNREADABLE: Refusal = Refusal::Never("UNREADABLE");

fn accepted(event: &Received) -> Result<Accepted, Refusal> {
    let body = ConsultationAccepted::decode(event.body.as_slice()).map_err(|_| UNREADABLE)?;
    Ok(Accepted {
        consultation: uuid(&body.consultation)?,
        practice: if body.practice.is_empty() { None } else { Some(uuid(&body.practice)?) },
        practice_ods: body.practice_ods,
        hub_ods: body.hub_ods,
    })
}

fn uuid(text: &str) -> Result<Uuid, Refusal> {
    Uuid::parse_str(text).map_err(|_| UNREADABLE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sent_here_with_its_body_is_what_is_read_here() {
        let mut read = vec![ACCEPTED, COMPLETED];
        read.extend(ehub_access::KINDS);
        read.sort_unstable();
        let mut sent: Vec<_> = ehub_proto::read_by("prescribing").collect();
        sent.sort_unstable();
        assert_eq!(read, sent);
    }
}
