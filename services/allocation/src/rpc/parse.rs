//! From the contract to operations: every wrong field at once, with its path.

mod closing;
pub(crate) mod register;

use ehub_access::AccessError;
use ehub_calls::Call;
use ehub_clock::Timestamp;
use ehub_faults::{Fault, FieldPath, Fields};
use ehub_identifiers::{AlertId, ConsultationId, OdsCode, RequestId};
use ehub_postgres::PageTokens;
use ehub_proto::allocation::v1::{
    AcknowledgeAlertRequest, AcknowledgeTransferRequest, ClaimItemRequest, ClaimNextRequest, GetWorkItemRequest,
    ListAlertsRequest, ListInboxRequest, OverrideClaimRequest, PassBackRequest, ReleaseClaimRequest, RenewClaimRequest,
};
use uuid::Uuid;

use crate::{
    domain::policy::Policy,
    operations::{
        acknowledge_alert::AcknowledgeAlert,
        acknowledge_transfer::AcknowledgeTransfer,
        claim_item::ClaimItem,
        claim_next::ClaimNext,
        get_work_item::GetWorkItem,
        held::Actor,
        list_alerts::ListAlerts,
        list_inbox::{Inbox, ListInbox},
        override_claim::OverrideClaim,
        pass_back::PassBack,
        release_claim::ReleaseClaim,
        renew_claim::RenewClaim,
    },
};

pub(crate) use closing::complete;

/// Most skills and practices one call may name.
const MOST: usize = 100;

fn request_id(fields: &mut Fields, text: &str) -> Option<Uuid> {
    fields.check("request_id", RequestId::parse(text)).map(|id| id.uuid())
}

fn consultation(fields: &mut Fields, name: &str) -> Option<ConsultationId> {
    fields.check("consultation", ConsultationId::parse_name(name))
}

fn actor(call: &Call) -> Actor {
    Actor::new(&call.caller, call.grant.clone())
}

/// The two fields most acts have.
fn act(request: &str, name: &str) -> Result<(Uuid, ConsultationId), Fault> {
    let mut fields = Fields::new();
    let both = request_id(&mut fields, request);
    let named = consultation(&mut fields, name);
    fields.into_result(both.zip(named))
}

/// Codes of a list, each with its place.
fn codes(fields: &mut Fields, name: &str, given: &[String]) -> Vec<OdsCode> {
    if given.len() > MOST {
        fields.wrong(name, "must have at most 100 entries");
    }
    let path = FieldPath::root().field(name);
    given
        .iter()
        .take(MOST)
        .enumerate()
        .filter_map(|(at, ods)| fields.check(path.index(at), OdsCode::parse(ods)))
        .collect()
}

pub(crate) fn claim_next(call: &Call, request: ClaimNextRequest, policy: Policy) -> Result<(Uuid, ClaimNext), Fault> {
    let mut fields = Fields::new();
    let id = request_id(&mut fields, &request.request_id);
    if request.skills.is_empty() || request.skills.len() > MOST {
        fields.wrong("skills", "must have 1 to 100 entries");
    }
    let path = FieldPath::root().field("skills");
    let mut skills: Vec<String> = Vec::new();
    for (at, skill) in request.skills.iter().take(MOST).enumerate() {
        if let Some(skill) = fields.text(path.index(at), skill, 64)
            && !skills.contains(&skill)
        {
            skills.push(skill);
        }
    }
    let practices = codes(&mut fields, "practices_ods", &request.practices_ods);
    let id = fields.into_result(id)?;
    Ok((id, ClaimNext { actor: actor(call), skills, practices, policy }))
}

pub(crate) fn claim_item(call: &Call, request: ClaimItemRequest, policy: Policy) -> Result<(Uuid, ClaimItem), Fault> {
    let (id, consultation) = act(&request.request_id, &request.consultation)?;
    Ok((id, ClaimItem { actor: actor(call), consultation, policy }))
}

pub(crate) fn renew_claim(
    call: &Call,
    request: RenewClaimRequest,
    policy: Policy,
) -> Result<(Uuid, RenewClaim), Fault> {
    let (id, consultation) = act(&request.request_id, &request.consultation)?;
    Ok((id, RenewClaim { actor: actor(call), consultation, policy }))
}

pub(crate) fn release_claim(
    call: &Call,
    request: ReleaseClaimRequest,
    policy: Policy,
) -> Result<(Uuid, ReleaseClaim), Fault> {
    let (id, consultation) = act(&request.request_id, &request.consultation)?;
    Ok((id, ReleaseClaim { actor: actor(call), consultation, policy }))
}

pub(crate) fn pass_back(
    call: &Call,
    request: PassBackRequest,
    policy: Policy,
    now: Timestamp,
) -> Result<(Uuid, PassBack), Fault> {
    let mut fields = Fields::new();
    let id = request_id(&mut fields, &request.request_id);
    let named = consultation(&mut fields, &request.consultation);
    let reason = fields.text("reason", &request.reason, 1_000);
    let safe = closing::safe(&mut fields, request.safe_disposition.as_ref(), now);
    let ((id, consultation), reason) = fields.into_result(id.zip(named).zip(reason))?;
    Ok((id, PassBack { actor: actor(call), consultation, reason, safe, policy }))
}

pub(crate) fn override_claim(
    call: &Call,
    request: OverrideClaimRequest,
    policy: Policy,
) -> Result<(Uuid, OverrideClaim), Fault> {
    let mut fields = Fields::new();
    let id = request_id(&mut fields, &request.request_id);
    let named = consultation(&mut fields, &request.consultation);
    let reason = fields.text("reason", &request.reason, 1_000);
    let ((id, consultation), reason) = fields.into_result(id.zip(named).zip(reason))?;
    Ok((id, OverrideClaim { actor: actor(call), consultation, reason, policy }))
}

pub(crate) fn acknowledge_transfer(
    call: &Call,
    request: AcknowledgeTransferRequest,
) -> Result<(Uuid, AcknowledgeTransfer), Fault> {
    let (id, consultation) = act(&request.request_id, &request.consultation)?;
    Ok((id, AcknowledgeTransfer { actor: actor(call), consultation }))
}

pub(crate) fn get_work_item(call: &Call, request: GetWorkItemRequest) -> Result<GetWorkItem, Fault> {
    let mut fields = Fields::new();
    let named = consultation(&mut fields, &request.consultation);
    let consultation = fields.into_result(named)?;
    Ok(GetWorkItem { actor: actor(call), consultation })
}

pub(crate) fn inbox(mine: bool) -> Inbox {
    if mine { Inbox::Mine } else { Inbox::Pool }
}

pub(crate) fn list_inbox(
    call: &Call,
    request: ListInboxRequest,
    tokens: &PageTokens,
) -> Result<(String, ListInbox), Fault> {
    let mut fields = Fields::new();
    let size = fields.page_size(request.page_size);
    let arguments = format!("{}|{}|{:?}|{}", call.method, call.caller.subject, call.caller.organisation, request.mine);
    let after = fields.page_token(tokens.open(&arguments, &request.page_token));
    let after = fields.into_result(after)?;
    Ok((arguments, ListInbox { actor: actor(call), inbox: inbox(request.mine), after, size }))
}

/// The caller's organisation by code; people without one reach nothing.
fn organisation(call: &Call) -> Result<OdsCode, Fault> {
    call.caller.organisation.clone().ok_or_else(|| AccessError::OrganisationUnknown.into())
}

pub(crate) fn list_alerts(
    call: &Call,
    request: ListAlertsRequest,
    tokens: &PageTokens,
) -> Result<(String, ListAlerts), Fault> {
    let mut fields = Fields::new();
    let size = fields.page_size(request.page_size);
    let owner = organisation(call)?;
    let arguments = format!("{}|{}|{owner}", call.method, call.caller.subject);
    let after = fields.page_token(tokens.open(&arguments, &request.page_token));
    let after = fields.into_result(after)?;
    Ok((arguments, ListAlerts { owner, practices: listed(call), after, size }))
}

pub(crate) fn acknowledge_alert(
    call: &Call,
    request: AcknowledgeAlertRequest,
) -> Result<(Uuid, AcknowledgeAlert), Fault> {
    let mut fields = Fields::new();
    let id = request_id(&mut fields, &request.request_id);
    let alert = fields.check("alert", AlertId::parse_name(&request.alert));
    let (id, alert) = fields.into_result(id.zip(alert))?;
    let owner = organisation(call)?;
    Ok((id, AcknowledgeAlert { subject: call.caller.subject.clone(), owner, practices: listed(call), alert }))
}

/// The practices the caller's token is limited to, when it is.
fn listed(call: &Call) -> Option<Vec<String>> {
    call.caller.practices.as_ref().map(|practices| practices.iter().map(ToString::to_string).collect())
}
