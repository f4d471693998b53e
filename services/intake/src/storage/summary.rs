//! A consultation without its content: what lists show.

use ehub_postgres::{StorageError, Tx};
use sqlx::FromRow;
use time::OffsetDateTime;
use uuid::Uuid;

use super::inconsistent;
use crate::domain::{
    codes::{Channel, Need, State, TraceOutcome, Urgency},
    screening::Screening,
};

const TABLE: &str = "intake.consultation";

/// The columns of a [`SummaryRow`].
const COLUMNS: &str = "id, practice, practice_ods, hub_ods, client, reference, supplier_reference, channel, state, episode, \
     need, topic, urgency, matched_rules, not_screened_reason, emergency_advice, rule_set, first_contact_time, accept_time, plan_by, \
     respond_by, close_time, withdraw_request_time, trace_outcome, registered_practice_ods, trace_time";

/// What is known of a consultation but its content.
#[derive(Debug, Clone)]
pub struct Summary {
    /// Its id.
    pub id: Uuid,
    /// The practice's internal id, once known.
    pub practice: Option<Uuid>,
    /// The practice.
    pub practice_ods: String,
    /// The hub.
    pub hub_ods: String,
    /// Who submitted it.
    pub client: String,
    /// The reference, plain.
    pub reference: String,
    /// The supplier's reference.
    pub supplier_reference: Option<String>,
    /// Channel.
    pub channel: Channel,
    /// State.
    pub state: State,
    /// Episode.
    pub episode: i32,
    /// Need.
    pub need: Need,
    /// Topic.
    pub topic: String,
    /// What screening found.
    pub screening: Screening,
    /// The clock's start.
    pub first_contact_time: OffsetDateTime,
    /// Acceptance.
    pub accept_time: OffsetDateTime,
    /// Promise.
    pub plan_by: OffsetDateTime,
    /// Promise.
    pub respond_by: OffsetDateTime,
    /// Closure.
    pub close_time: Option<OffsetDateTime>,
    /// When the patient wished to withdraw it.
    pub withdraw_request_time: Option<OffsetDateTime>,
    /// Trace: outcome, registered practice, time.
    pub trace: Option<(TraceOutcome, Option<String>, OffsetDateTime)>,
}

#[derive(FromRow)]
pub(super) struct SummaryRow {
    id: Uuid,
    practice: Option<Uuid>,
    practice_ods: String,
    hub_ods: String,
    client: String,
    reference: String,
    supplier_reference: Option<String>,
    channel: String,
    state: String,
    episode: i32,
    need: String,
    topic: String,
    urgency: String,
    matched_rules: Vec<String>,
    not_screened_reason: String,
    emergency_advice: String,
    rule_set: String,
    first_contact_time: OffsetDateTime,
    accept_time: OffsetDateTime,
    plan_by: OffsetDateTime,
    respond_by: OffsetDateTime,
    close_time: Option<OffsetDateTime>,
    withdraw_request_time: Option<OffsetDateTime>,
    trace_outcome: Option<String>,
    registered_practice_ods: Option<String>,
    trace_time: Option<OffsetDateTime>,
}

impl TryFrom<SummaryRow> for Summary {
    type Error = StorageError;

    fn try_from(row: SummaryRow) -> Result<Self, StorageError> {
        let trace = match (row.trace_outcome, row.trace_time) {
            (Some(code), Some(at)) => {
                let outcome = TraceOutcome::from_code(&code).ok_or(inconsistent(TABLE, "trace_outcome"))?;
                Some((outcome, row.registered_practice_ods, at))
            }
            _ => None,
        };
        Ok(Self {
            id: row.id,
            practice: row.practice,
            practice_ods: row.practice_ods,
            hub_ods: row.hub_ods,
            client: row.client,
            reference: row.reference,
            supplier_reference: row.supplier_reference,
            channel: Channel::from_code(&row.channel).ok_or(inconsistent(TABLE, "channel"))?,
            state: State::from_code(&row.state).ok_or(inconsistent(TABLE, "state"))?,
            episode: row.episode,
            need: Need::from_code(&row.need).ok_or(inconsistent(TABLE, "need"))?,
            topic: row.topic,
            screening: Screening {
                urgency: Urgency::from_code(&row.urgency).ok_or(inconsistent(TABLE, "urgency"))?,
                matched_rules: row.matched_rules,
                not_screened_reason: row.not_screened_reason,
                emergency_advice: row.emergency_advice,
                rule_set: row.rule_set,
            },
            first_contact_time: row.first_contact_time,
            accept_time: row.accept_time,
            plan_by: row.plan_by,
            respond_by: row.respond_by,
            close_time: row.close_time,
            withdraw_request_time: row.withdraw_request_time,
            trace,
        })
    }
}

/// What a list is narrowed to.
#[derive(Debug, Clone)]
pub struct Filter {
    /// One practice.
    pub practice_ods: Option<String>,
    /// The practices the caller's token names; `None` sets no limit.
    pub token_practices: Option<Vec<String>>,
    /// One state.
    pub state: Option<State>,
    /// One supplier reference of one client.
    pub supplier_reference: Option<(String, String)>,
    /// Only after this one: acceptance and id.
    pub after: Option<(OffsetDateTime, Uuid)>,
    /// How many at most.
    pub limit: i64,
}

/// The consultations row security lets the caller know of, newest first.
pub async fn list(tx: &mut Tx, filter: &Filter) -> Result<Vec<Summary>, StorageError> {
    let (after_at, after_id) = filter.after.unzip();
    let (client, reference) = filter.supplier_reference.clone().unzip();
    const SQL: &str = const_format::formatcp!(
        "/* consultation.list */ select {COLUMNS} from intake.consultation \
         where ($1::text is null or practice_ods = $1) and ($2::text[] is null or practice_ods = any($2)) \
           and ($3::text is null or state = $3) and ($4::text is null or (client = $4 and supplier_reference = $5)) \
           and ($6::timestamptz is null or (accept_time, id) < ($6, $7)) \
         order by accept_time desc, id desc limit $8"
    );
    let rows: Vec<SummaryRow> = sqlx::query_as(SQL)
        .bind(&filter.practice_ods)
        .bind(&filter.token_practices)
        .bind(filter.state.map(State::code))
        .bind(client)
        .bind(reference)
        .bind(after_at)
        .bind(after_id)
        .bind(filter.limit)
        .fetch_all(tx.conn())
        .await?;
    rows.into_iter().map(Summary::try_from).collect()
}
