//! Looks whether a claim answered earlier is still in force, so that its grant may be signed again.

use ehub_identifiers::ConsultationId;
use ehub_postgres::{Tx, Work};
use time::OffsetDateTime;

use crate::{
    operations::held::ItemError,
    storage::{self, items},
};

/// The remaining lease of a claim.
#[derive(Debug)]
pub struct CurrentClaim {
    /// Who.
    pub subject: String,
    /// Which.
    pub consultation: ConsultationId,
    /// Under which epoch.
    pub epoch: i64,
}

impl Work for CurrentClaim {
    const NAME: &'static str = "current_claim";
    type Output = OffsetDateTime;
    type Error = ItemError;

    async fn run(&self, tx: &mut Tx) -> Result<OffsetDateTime, ItemError> {
        let now = storage::now(tx).await?;
        let item = items::find(tx, self.consultation).await?.ok_or(ItemError::NotFound)?;
        Ok(item.lease(&self.subject, self.epoch, now)?.until)
    }
}
