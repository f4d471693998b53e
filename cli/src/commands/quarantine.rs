//! `ehub quarantine`: what arrived and could not become a consultation, and making one of it.

use ehub_identifiers::QuarantineId;
use ehub_proto::intake::v1::{ConvertQuarantinedRequest, ListQuarantinedRequest};

use super::{
    content,
    context::{Context, pages},
    views,
};
use crate::{
    arguments::{Convert, Quarantine},
    output::{self, Column, Form, exit::Problem},
    session::new_id,
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

/// Lists or converts.
pub async fn run(context: &Context, quarantine: Quarantine) -> anyhow::Result<()> {
    match quarantine {
        Quarantine::List { all } => list(context, all).await,
        Quarantine::Convert(convert) => to_consultation(context, *convert).await,
    }
}

async fn list(context: &Context, include_settled: bool) -> anyhow::Result<()> {
    let session = context.session("duty-dan")?;
    let messages = pages(LIMIT, async |page_token| {
        let request = ListQuarantinedRequest { page_size: 500, page_token, include_settled };
        let page = session.intake().list_quarantined(session.request(request).await?).await?.into_inner();
        Ok((page.quarantined, page.next_page_token))
    })
    .await?;
    let rows: Vec<_> = messages.iter().map(views::quarantined).collect();
    output::list("quarantined", &rows, &COLUMNS, "nothing is in quarantine");
    Ok(())
}

async fn to_consultation(context: &Context, convert: Convert) -> anyhow::Result<()> {
    let session = context.session("duty-dan")?;
    let id = QuarantineId::parse_name(&convert.name)
        .or_else(|_| QuarantineId::parse(&convert.name))
        .map_err(|error| Problem::Usage(format!("a message is named by quarantined/{{uuid}}: {error}")))?;
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
