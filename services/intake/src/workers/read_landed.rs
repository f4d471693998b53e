//! Reads what has landed, one message a transaction.

use std::time::Duration;

use ehub_postgres::{Db, Scope};
use tokio_util::sync::CancellationToken;

use super::rest::{Hands, Step, steps};
use crate::operations::{
    land::LANDED,
    read_message::{Error, PutOff, Read, ReadMessage},
};

/// Reads landed messages.
#[derive(Debug)]
pub struct ReadLanded {
    /// The database, as the work role.
    pub db: Db,
    /// How a message is read.
    pub reader: ReadMessage,
    /// How often it looks when nothing wakes it.
    pub poll: Duration,
}

impl ReadLanded {
    /// Reads until stopped.
    pub async fn run(self, stop: CancellationToken) {
        steps("read_landed", self.poll, Hands::One, self.db.raised(|work| work == LANDED), stop, || self.step()).await;
    }

    async fn step(&self) -> Result<Step, Error> {
        match self.db.run(&Scope::work(), &self.reader).await {
            Ok(Read::Nothing) => Ok(Step::Idle),
            Ok(read) => {
                let consultation = if let Read::Accepted(id) = read { Some(tracing::field::display(id)) } else { None };
                tracing::info!(?read, ehub.consultation.id = consultation, "message read");
                Ok(Step::Done)
            }
            Err(Error::Message { landed, source }) => {
                tracing::error!(%landed, error = &source as &dyn std::error::Error, "a message could not be settled; it is put off");
                self.db.run(&Scope::work(), &PutOff(landed)).await?;
                Ok(Step::Done)
            }
            Err(error) => Err(error),
        }
    }
}
