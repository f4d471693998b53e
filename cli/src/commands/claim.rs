//! `ehub claim`: the next consultation, or a certain one. The grant is kept for what follows.

use std::time::Duration;

use anyhow::Context as _;
use ehub_proto::allocation::v1::{Claim, ClaimItemRequest, ClaimNextRequest};
use serde_json::{Value, json};

use super::{context::Context, held, views};
use crate::{
    arguments,
    dev::world::Persona,
    output::{self, exit::Problem},
    session::{Session, new_id},
    waiting::{deadline, expired},
};

/// How often a waiting claim asks.
const EVERY: Duration = Duration::from_millis(500);

/// Claims and shows the item.
pub async fn run(context: &Context, claim: arguments::Claim) -> anyhow::Result<()> {
    let session = context.session("gp-anna")?;
    let claimed = match &claim.consultation {
        Some(text) => Some(one(context, &session, text).await?),
        None => next(&session, &claim).await?,
    };
    let Some(claimed) = claimed else {
        output::note("nothing waits for you; `ehub submit` makes something, `ehub claim --wait 30s` waits for it");
        if output::format() == output::Format::Json {
            output::record(&json!({ "claim": null }));
        }
        return Ok(());
    };
    let held = held::keep(context, &session, &claimed)?;
    output::record(&json!({ "claim": shown(&claimed) }));
    output::note(&format!("next: ehub show {0} · ehub file · ehub prescribe · ehub complete", held.reference));
    Ok(())
}

async fn one(context: &Context, session: &Session, text: &str) -> anyhow::Result<Claim> {
    let consultation = context.consultation(session, text).await?.name();
    let request = ClaimItemRequest { request_id: new_id(), consultation };
    let answer = session.allocation().claim_item(session.request(request).await?).await?;
    answer.into_inner().claim.context("an answer without a claim")
}

async fn next(session: &Session, claim: &arguments::Claim) -> anyhow::Result<Option<Claim>> {
    let skills = skills(session.name(), &claim.skills);
    let end = claim.wait.map(|wait| deadline(wait.get()));
    loop {
        let request =
            ClaimNextRequest { request_id: new_id(), skills: skills.clone(), practices_ods: claim.practices.clone() };
        let answer = session.allocation().claim_next(session.request(request).await?).await?;
        match (answer.into_inner().claim, end) {
            (Some(claim), _) => return Ok(Some(claim)),
            (None, None) => return Ok(None),
            (None, Some(end)) if expired(end) => {
                return Err(Problem::Late("nothing came to claim in that time".to_owned()).into());
            }
            (None, Some(_)) => tokio::time::sleep(EVERY).await,
        }
    }
}

/// What was said, or the role of the one who claims.
fn skills(persona: &str, said: &[String]) -> Vec<String> {
    if !said.is_empty() {
        return said.to_vec();
    }
    let role = Persona::named(persona).map_or("gp", |persona| persona.role);
    vec![if role.is_empty() { "gp" } else { role }.to_owned()]
}

/// The claim without its grant: that is kept, not shown.
fn shown(claim: &Claim) -> Value {
    json!({
        "item": claim.item.as_ref().map(views::work_item),
        "expire_time": views::stamp(claim.expire_time.as_ref()),
        "epoch": claim.epoch,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grant_is_never_shown() {
        let claim = Claim { grant: "secret-grant".into(), epoch: 2, ..Claim::default() };
        assert!(!shown(&claim).to_string().contains("secret-grant"));
        assert_eq!(shown(&claim)["epoch"], 2);
    }

    #[test]
    fn people_work_with_their_role_unless_they_say_otherwise() {
        assert_eq!(skills("gp-anna", &[]), ["gp"]);
        assert_eq!(skills("admin-cora", &[]), ["administrator"]);
        assert_eq!(skills("supplier", &[]), ["gp"]);
        assert_eq!(skills("gp-anna", &["pharmacist".to_owned()]), ["pharmacist"]);
    }
}
