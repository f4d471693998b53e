//! PutCostCentre: creates or replaces a cost centre of the caller's organisation.

use ehub_access::{AccessError, require_fresh};
use ehub_identifiers::{OdsCode, OrganisationId};
use ehub_postgres::{StorageError, Tx, Work};

use super::admit::Denied;
use crate::{
    domain::{CostCentre, Membership, Period},
    storage::cost_centres,
};

/// Why it is refused.
#[derive(Debug, thiserror::Error)]
pub enum PutCostCentreError {
    /// As for every act.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The code belongs to another organisation: the same answer as for one that is not there.
    #[error("there is no such cost centre of the organisation")]
    NotFound(OdsCode),
}

impl From<StorageError> for PutCostCentreError {
    fn from(error: StorageError) -> Self {
        Self::Denied(Denied::Storage(error))
    }
}

/// What is put.
#[derive(Debug)]
pub struct PutCostCentre {
    /// The code.
    pub ods: OdsCode,
    /// Its name.
    pub display_name: String,
    /// The ICB.
    pub icb: OdsCode,
    /// The caller's organisation.
    pub organisation_ods: OdsCode,
    /// When.
    pub period: Period,
    /// Address on one line.
    pub address: String,
    /// Phone.
    pub phone: String,
}

/// A cost centre with its members.
pub type WithMembers = (CostCentre, Vec<Membership>);

impl Work for PutCostCentre {
    const NAME: &'static str = "put_cost_centre";
    type Output = WithMembers;
    type Error = PutCostCentreError;

    async fn run(&self, tx: &mut Tx) -> Result<WithMembers, PutCostCentreError> {
        require_fresh(tx).await.map_err(Denied::from)?;
        let organisation = tx.organisation().ok_or(Denied::Access(AccessError::OrganisationUnknown))?;
        let cost_centre = CostCentre {
            ods: self.ods.clone(),
            display_name: self.display_name.clone(),
            icb: self.icb.clone(),
            organisation: OrganisationId::new(organisation),
            organisation_ods: self.organisation_ods.clone(),
            period: self.period,
            address: self.address.clone(),
            phone: self.phone.clone(),
        };
        match cost_centres::put(tx, &cost_centre).await {
            // Row security lets nobody replace another organisation's.
            Err(StorageError::Forbidden(_)) => return Err(PutCostCentreError::NotFound(self.ods.clone())),
            other => other?,
        }
        let members = cost_centres::members(tx, &[cost_centre.ods.as_str()]).await?;
        Ok((cost_centre, members))
    }
}
