//! Lists organisations by ODS code.

use ehub_postgres::{Tx, Work};
use uuid::Uuid;

use crate::{domain::register::Organisation, operations::publish_access::RegisterError, storage::register};

/// Lists organisations as they stand today.
#[derive(Debug)]
pub struct ListOrganisations {
    /// Where the page before ended.
    pub after: Option<(String, Uuid)>,
    /// How many at most.
    pub size: u16,
}

/// A page.
#[derive(Debug)]
pub struct OrganisationPage {
    /// The organisations.
    pub organisations: Vec<Organisation>,
    /// Where the page ended, when there is more.
    pub next: Option<(String, Uuid)>,
}

impl Work for ListOrganisations {
    const NAME: &'static str = "list_organisations";
    type Output = OrganisationPage;
    type Error = RegisterError;

    async fn run(&self, tx: &mut Tx) -> Result<OrganisationPage, RegisterError> {
        let mut organisations = register::page(tx, self.after.as_ref(), i64::from(self.size) + 1).await?;
        let more = organisations.len() > usize::from(self.size);
        organisations.truncate(self.size.into());
        let place = |last: &Organisation| (last.ods.to_string(), last.org.uuid());
        let next = if more { organisations.last().map(place) } else { None };
        Ok(OrganisationPage { organisations, next })
    }
}
