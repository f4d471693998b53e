//! `ehub show`: a consultation with its content, and how far its entries and prescriptions are.

use anyhow::Context as _;
use ehub_identifiers::ConsultationId;
use ehub_proto::{
    allocation::v1::GetWorkItemRequest, intake::v1::GetConsultationRequest, prescribing::v1::ListPrescriptionsRequest,
    writeback::v1::ListEntriesRequest,
};
use serde_json::{Value, json};
use tonic::{Code, Status};

use super::{context::Context, held, views};
use crate::{output, session::Session};

/// Shows one: the one named, or the one claimed last.
pub async fn show(context: &Context, named: Option<&str>) -> anyhow::Result<()> {
    let session = context.session("gp-anna")?;
    let (id, grant) = match named {
        Some(text) => {
            let id = context.consultation(&session, text).await?;
            let kept = context.grants()?.get(id.uuid()).filter(|held| held.persona == session.name());
            // Without a grant of ours the right to read is another: the practice's, the submitter's.
            (id, if kept.is_some() { Some(held::grant(context, &session, Some(text)).await?.grant) } else { None })
        }
        None => {
            let held = held::grant(context, &session, None).await?;
            (ConsultationId::parse_name(&held.consultation)?, Some(held.grant))
        }
    };
    let request = GetConsultationRequest { name: id.name() };
    let request = match &grant {
        Some(grant) => session.granted(request, grant).await?,
        None => session.request(request).await?,
    };
    let answer = session.intake().get_consultation(request).await?.into_inner();
    let consultation = answer.consultation.context("an answer without a consultation")?;
    output::record(&json!({
        "consultation": views::consultation(&consultation),
        "work": unless_hidden(work(&session, id).await)?,
        "entries": unless_hidden(entries(&session, id).await)?,
        "prescriptions": unless_hidden(prescriptions(&session, id).await)?,
    }));
    Ok(())
}

/// What not everybody may see, or another service has not heard of yet, is left out. Anything else that fails is told.
fn unless_hidden(read: anyhow::Result<Value>) -> anyhow::Result<Value> {
    let hidden = |status: &Status| matches!(status.code(), Code::NotFound | Code::PermissionDenied);
    match read {
        Err(error) if error.downcast_ref::<Status>().is_some_and(hidden) => Ok(Value::Null),
        read => read,
    }
}

async fn work(session: &Session, id: ConsultationId) -> anyhow::Result<Value> {
    let request = session.request(GetWorkItemRequest { consultation: id.name() }).await?;
    let answer = session.allocation().get_work_item(request).await?.into_inner();
    Ok(answer.item.as_ref().map_or(Value::Null, views::work_item))
}

async fn entries(session: &Session, id: ConsultationId) -> anyhow::Result<Value> {
    let request = ListEntriesRequest { consultation: id.name(), ..Default::default() };
    let answer = session.writeback().list_entries(session.request(request).await?).await?.into_inner();
    Ok(answer.entries.iter().map(views::entry).collect())
}

async fn prescriptions(session: &Session, id: ConsultationId) -> anyhow::Result<Value> {
    let request = ListPrescriptionsRequest { consultation: id.name(), ..Default::default() };
    let answer = session.prescribing().list_prescriptions(session.request(request).await?).await?.into_inner();
    Ok(answer.prescriptions.iter().map(views::prescription).collect())
}
