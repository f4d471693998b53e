//! Gives the next item of the caller's pool, by band, then by due time.

use ehub_access::require_fresh;
use ehub_identifiers::OdsCode;
use ehub_postgres::{Tx, Work};

use crate::{
    domain::policy::Policy,
    operations::{
        claim_item::{Claimed, give},
        held::{Actor, ItemError, organisation},
    },
    storage::queue::{self, Reach},
};

/// Gives the next item, or nothing when nothing waits.
#[derive(Debug)]
pub struct ClaimNext {
    /// Who.
    pub actor: Actor,
    /// With which skills; at least one.
    pub skills: Vec<String>,
    /// Only items of these practices; empty means all.
    pub practices: Vec<OdsCode>,
    /// For how long.
    pub policy: Policy,
}

impl Work for ClaimNext {
    const NAME: &'static str = "claim_next";
    type Output = Option<Claimed>;
    type Error = ItemError;

    async fn run(&self, tx: &mut Tx) -> Result<Option<Claimed>, ItemError> {
        require_fresh(tx).await?;
        let limit = self.actor.limit(&self.practices);
        let reach = Reach { pool: organisation(tx)?, subject: &self.actor.subject, practices: limit.as_deref() };
        // With one skill a single walk decides. With more, the skill whose head presses most is
        // tried first; two people at the same instant may get neighbours in either order.
        let skills = match self.skills.as_slice() {
            [one] => vec![one.clone()],
            several => queue::pressing_skills(tx, &reach, several).await?,
        };
        for skill in &skills {
            if let Some(item) = queue::take_next(tx, &reach, skill).await? {
                return give(tx, item, &self.actor.subject, &self.policy).await.map(Some);
            }
        }
        Ok(None)
    }
}
