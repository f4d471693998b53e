//! ListCostCentres: those of the caller's organisation, with their members.

use std::sync::Arc;

use ehub_access::require_fresh;
use ehub_postgres::{PageTokens, Tx, Work};

use super::{admit::Denied, put_cost_centre::WithMembers};
use crate::storage::cost_centres;

/// Which page.
#[derive(Debug)]
pub struct ListCostCentres {
    /// After this code.
    pub after: Option<String>,
    /// How many at most.
    pub size: u16,
    /// Seals where the next page starts, for these arguments.
    pub pages: Arc<PageTokens>,
    /// The caller, as the token is bound to.
    pub arguments: String,
}

/// A page, and where the next starts.
pub type CostCentrePage = (Vec<WithMembers>, String);

impl Work for ListCostCentres {
    const NAME: &'static str = "list_cost_centres";
    type Output = CostCentrePage;
    type Error = Denied;

    async fn run(&self, tx: &mut Tx) -> Result<CostCentrePage, Denied> {
        require_fresh(tx).await?;
        let mut found = cost_centres::list(tx, self.after.as_deref(), i64::from(self.size) + 1).await?;
        let more = found.len() > usize::from(self.size);
        found.truncate(usize::from(self.size));
        let next = match found.last() {
            Some(last) if more => self.pages.seal(&self.arguments, &last.ods.as_str()).0,
            _ => String::new(),
        };
        let codes: Vec<&str> = found.iter().map(|cost_centre| cost_centre.ods.as_str()).collect();
        let members = cost_centres::members(tx, &codes).await?;
        let with_members = found
            .into_iter()
            .map(|cost_centre| {
                let own = members.iter().filter(|member| member.cost_centre == cost_centre.ods).cloned().collect();
                (cost_centre, own)
            })
            .collect();
        Ok((with_members, next))
    }
}
