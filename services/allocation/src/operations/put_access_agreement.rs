//! Replaces what one organisation may do for another's patients.

use ehub_identifiers::OdsCode;
use ehub_postgres::{Tx, Work};

use crate::{
    domain::{
        access::{Agreement, Days},
        words::OrganisationKind,
    },
    operations::publish_access::{RegisterError, organisation, publish},
    storage::register,
};

/// Replaces an agreement.
#[derive(Debug)]
pub struct PutAccessAgreement {
    /// The organisation that acts.
    pub organisation: OdsCode,
    /// The practice whose patients it concerns.
    pub practice: OdsCode,
    /// What it may do.
    pub capabilities: Vec<String>,
    /// When.
    pub days: Days,
}

impl Work for PutAccessAgreement {
    const NAME: &'static str = "put_access_agreement";
    type Output = i64;
    type Error = RegisterError;

    async fn run(&self, tx: &mut Tx) -> Result<i64, RegisterError> {
        register::take_turn(tx).await?;
        let org = organisation(tx, &self.organisation).await?.org;
        let practice = organisation(tx, &self.practice).await?;
        if practice.kind != OrganisationKind::Practice {
            return Err(RegisterError::NotFound { ods: self.practice.to_string() });
        }
        let agreement =
            Agreement { practice: practice.org.uuid(), capabilities: self.capabilities.clone(), days: self.days };
        register::put_agreement(tx, org, &agreement).await?;
        tx.about(org.name());
        tx.on_behalf_of(self.practice.to_string());
        Ok(publish(tx, org).await?)
    }
}
