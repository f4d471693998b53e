//! PutMembership: creates or replaces a prescriber's membership of a cost centre of the caller's
//! organisation.

use ehub_access::require_fresh;
use ehub_postgres::{Tx, Work};

use super::{admit::Denied, put_cost_centre::PutCostCentreError};
use crate::{domain::Membership, storage::cost_centres};

/// What is put.
#[derive(Debug)]
pub struct PutMembership(pub Membership);

impl Work for PutMembership {
    const NAME: &'static str = "put_membership";
    type Output = Membership;
    type Error = PutCostCentreError;

    async fn run(&self, tx: &mut Tx) -> Result<Membership, PutCostCentreError> {
        require_fresh(tx).await.map_err(Denied::from)?;
        let code = &self.0.cost_centre;
        let cost_centre =
            cost_centres::find(tx, code).await?.ok_or_else(|| PutCostCentreError::NotFound(code.clone()))?;
        cost_centres::put_member(tx, cost_centre.organisation, &self.0).await?;
        Ok(self.0.clone())
    }
}
