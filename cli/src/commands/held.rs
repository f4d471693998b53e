//! The grant of a claim, as `ehub claim` left it, fresh enough to act with.

use anyhow::Context as _;
use ehub_clock::parse_rfc3339;
use ehub_identifiers::ConsultationId;
use ehub_proto::allocation::v1::{Claim, RenewClaimRequest};

use super::{context::Context, kept::Held};
use crate::{
    output::{self, exit::Problem},
    session::{Session, new_id},
};

/// A grant with less than this left is renewed before it is used.
const FRESH: time::Duration = time::Duration::seconds(60);

/// The claim a person means: the one named, or the one they made last.
pub async fn grant(context: &Context, session: &Session, named: Option<&str>) -> anyhow::Result<Held> {
    let grants = context.grants()?;
    let found = match named {
        Some(text) => {
            let id = context.consultation(session, text).await?;
            grants.get(id.uuid()).filter(|held| held.persona == session.name())
        }
        None => grants.newest(|held| held.persona == session.name()),
    };
    let Some(held) = found else {
        let text = format!("{} holds no claim here: `ehub claim --as {}` makes one", session.name(), session.name());
        return Err(Problem::Usage(text).into());
    };
    let ends = parse_rfc3339(&held.expire_time).context("the kept grant has no end")?;
    if ends - context.clock.now() > FRESH { Ok(held) } else { renew(context, session, held).await }
}

async fn renew(context: &Context, session: &Session, held: Held) -> anyhow::Result<Held> {
    let request = RenewClaimRequest { request_id: new_id(), consultation: held.consultation.clone() };
    let renewed = session.allocation().renew_claim(session.request(request).await?).await?.into_inner();
    let claim = renewed.claim.context("a renewal without a claim")?;
    output::note("the claim was about to end and has been renewed");
    keep(context, session, &claim)
}

/// Keeps a claim for the commands that follow.
pub fn keep(context: &Context, session: &Session, claim: &Claim) -> anyhow::Result<Held> {
    let held = Held::of(claim, session.name());
    context.grants()?.keep(id(&held)?, &held)?;
    Ok(held)
}

/// Keeps a fresh grant for a claim that is held already.
pub fn keep_fresh(context: &Context, held: &Held, grant: &str) -> anyhow::Result<()> {
    context.grants()?.keep(id(held)?, &Held { grant: grant.to_owned(), ..held.clone() })
}

/// Forgets a claim that is over.
pub fn forget(context: &Context, held: &Held) -> anyhow::Result<()> {
    context.grants()?.forget(id(held)?);
    Ok(())
}

fn id(held: &Held) -> anyhow::Result<uuid::Uuid> {
    Ok(ConsultationId::parse_name(&held.consultation).context("the claim names no consultation")?.uuid())
}
