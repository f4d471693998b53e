//! Reads one work item.

use ehub_identifiers::ConsultationId;
use ehub_postgres::{Tx, Work};

use crate::operations::held::{Actor, ItemError, ItemView, seen, view};

/// Reads one work item.
#[derive(Debug)]
pub struct GetWorkItem {
    /// Who.
    pub actor: Actor,
    /// Which.
    pub consultation: ConsultationId,
}

impl Work for GetWorkItem {
    const NAME: &'static str = "get_work_item";
    type Output = ItemView;
    type Error = ItemError;

    async fn run(&self, tx: &mut Tx) -> Result<ItemView, ItemError> {
        let item = seen(tx, &self.actor, self.consultation).await?;
        Ok(view(tx, item).await?)
    }
}
