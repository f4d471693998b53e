//! Replaces the roster of one person at one organisation.

use ehub_identifiers::OdsCode;
use ehub_postgres::{Tx, Work};

use crate::{
    domain::access::{Days, RosterEntry},
    operations::publish_access::{RegisterError, organisation, publish},
    storage::register,
};

/// Replaces a roster.
#[derive(Debug)]
pub struct PutRoster {
    /// The person.
    pub subject: String,
    /// The organisation.
    pub organisation: OdsCode,
    /// The practices; empty means all.
    pub practices: Vec<OdsCode>,
    /// The role.
    pub role: String,
    /// When.
    pub days: Days,
}

impl Work for PutRoster {
    const NAME: &'static str = "put_roster";
    type Output = i64;
    type Error = RegisterError;

    async fn run(&self, tx: &mut Tx) -> Result<i64, RegisterError> {
        register::take_turn(tx).await?;
        let org = organisation(tx, &self.organisation).await?.org;
        let mut practices = Vec::with_capacity(self.practices.len());
        for ods in &self.practices {
            practices.push(organisation(tx, ods).await?.org.uuid());
        }
        let entry = RosterEntry { subject: self.subject.clone(), practices, days: self.days };
        register::put_roster(tx, org, &entry, &self.role).await?;
        tx.about(org.name());
        Ok(publish(tx, org).await?)
    }
}
