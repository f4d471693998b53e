//! Creates an organisation, or replaces its dated attributes.

use ehub_identifiers::{OdsCode, OrganisationId};
use ehub_postgres::{Tx, Work};
use time::Date;

use crate::{
    domain::{register::Organisation, words::OrganisationKind},
    events,
    operations::publish_access::{RegisterError, publish},
    storage::register,
};

/// Creates or replaces an organisation.
#[derive(Debug)]
pub struct PutOrganisation {
    /// The organisation to replace; `None` creates one.
    pub org: Option<OrganisationId>,
    /// The ODS code.
    pub ods: OdsCode,
    /// What it is.
    pub kind: OrganisationKind,
    /// Its name.
    pub display_name: String,
    /// The ICB.
    pub icb_ods: Option<OdsCode>,
    /// The mailbox.
    pub mesh_mailbox: String,
    /// The first day.
    pub from: Date,
}

impl Work for PutOrganisation {
    const NAME: &'static str = "put_organisation";
    type Output = Organisation;
    type Error = RegisterError;

    async fn run(&self, tx: &mut Tx) -> Result<Organisation, RegisterError> {
        register::take_turn(tx).await?;
        let org = match self.org {
            Some(org) if register::exists(tx, org).await? => org,
            Some(_) => return Err(RegisterError::NotFound { ods: self.ods.to_string() }),
            None => OrganisationId::new(tx.clock().uuid_v7()),
        };
        let organisation = Organisation {
            org,
            ods: self.ods.clone(),
            kind: self.kind,
            display_name: self.display_name.clone(),
            icb_ods: self.icb_ods.clone(),
            mesh_mailbox: self.mesh_mailbox.clone(),
            from: self.from,
        };
        if register::code_is_taken(tx, &organisation).await? {
            return Err(RegisterError::CodeTaken);
        }
        ehub_access::put_organisation(tx, org.uuid(), &events::register::organisation(&organisation)).await?;
        tx.about(org.name());
        tx.raise(events::register::organisation_put(&organisation));
        // What it is decides what its own people may reach.
        publish(tx, org).await?;
        Ok(organisation)
    }
}
