//! `ehub quarantine`: what arrived and could not become a consultation, and making one of it.

use ehub_identifiers::QuarantineId;
use ehub_proto::intake::v1::{
    ConvertQuarantinedRequest, GetQuarantinedContentRequest, ListQuarantinedRequest, Quarantined,
};

use super::{
    content,
    context::{Context, pages},
    views,
};
use crate::{
    arguments::{Convert, Quarantine, ShowQuarantined},
    output::{self, Column, Form, exit::Problem},
    session::{Session, new_id},
};

/// How many messages are read at most.
const LIMIT: usize = 5_000;
/// Where it goes when nobody says.
const PRACTICE: &str = "A81001";

const COLUMNS: [Column; 7] = [
    Column("MESSAGE", "name", Form::Plain),
    Column("CAUSE", "cause", Form::Plain),
    Column("WRONG FIELDS", "wrong_fields", Form::Plain),
    Column("SCREENED", "screened", Form::Plain),
    Column("RECEIVED", "receive_time", Form::Time),
    Column("LOOK BY", "deadline", Form::Time),
    Column("CONSULTATION", "consultation", Form::Plain),
];

/// Lists, shows or converts.
pub async fn run(context: &Context, quarantine: Quarantine) -> anyhow::Result<()> {
    match quarantine {
        Quarantine::List { all } => list(context, all).await,
        Quarantine::Show(show) => self::show(context, &show).await,
        Quarantine::Convert(convert) => to_consultation(context, *convert).await,
    }
}

async fn list(context: &Context, include_settled: bool) -> anyhow::Result<()> {
    let session = context.session("duty-dan")?;
    let messages = all(&session, include_settled).await?;
    let rows: Vec<_> = messages.iter().map(views::quarantined).collect();
    output::list("quarantined", &rows, &COLUMNS, "nothing is in quarantine");
    Ok(())
}

async fn all(session: &Session, include_settled: bool) -> anyhow::Result<Vec<Quarantined>> {
    pages(LIMIT, async |page_token| {
        let request = ListQuarantinedRequest { page_size: 500, page_token, include_settled };
        let page = session.intake().list_quarantined(session.request(request).await?).await?.into_inner();
        Ok((page.quarantined, page.next_page_token))
    })
    .await
}

fn named(name: &str) -> Result<QuarantineId, Problem> {
    QuarantineId::parse_name(name)
        .or_else(|_| QuarantineId::parse(name))
        .map_err(|error| Problem::Usage(format!("a message is named by quarantined/{{uuid}}: {error}")))
}

async fn show(context: &Context, show: &ShowQuarantined) -> anyhow::Result<()> {
    let session = context.session("duty-dan")?;
    let name = named(&show.name)?.name();
    if show.raw || show.pdf {
        let request = session.request(GetQuarantinedContentRequest { name, pdf: show.pdf }).await?;
        let mut pieces = session.intake().get_quarantined_content(request).await?.into_inner();
        while let Some(next) = pieces.message().await? {
            output::content(&next.piece)?;
        }
        return Ok(());
    }
    let found = all(&session, true).await?.into_iter().find(|message| message.name == name);
    let found = found.ok_or_else(|| Problem::DoesNotHold("there is no such message in quarantine".to_owned()))?;
    output::record(&views::quarantined(&found));
    Ok(())
}

async fn to_consultation(context: &Context, convert: Convert) -> anyhow::Result<()> {
    let session = context.session("duty-dan")?;
    let id = named(&convert.name)?;
    let shape = content::consultation(convert.who_and_what, None, &context.clock)?;
    let in_file = Some(shape.practice_ods.clone()).filter(|ods| !ods.is_empty());
    let practice_ods = convert.practice.or(in_file).unwrap_or_else(|| PRACTICE.to_owned());
    let (patient, submitter, asked) = shape.messages()?;
    let request = ConvertQuarantinedRequest {
        request_id: new_id(),
        name: id.name(),
        practice_ods,
        patient: Some(patient),
        submitter: Some(submitter),
        content: Some(asked),
    };
    let answer = session.intake().convert_quarantined(session.request(request).await?).await?.into_inner();
    output::record(&views::receipt(&answer.consultation, answer.receipt.as_ref(), answer.screening.as_ref()));
    Ok(())
}
