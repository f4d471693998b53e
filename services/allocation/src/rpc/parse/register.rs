//! Parsing what is written into the register.

use ehub_calls::Call;
use ehub_faults::{Fault, FieldPath, Fields};
use ehub_identifiers::{MailboxId, OdsCode, OrganisationId};
use ehub_postgres::PageTokens;
use ehub_proto::allocation::v1::{
    ListOrganisationsRequest, OrganisationKind as ProtoKind, PutAccessAgreementRequest, PutOrganisationRequest,
    PutRosterRequest,
};
use time::{Date, format_description::well_known::Iso8601};
use uuid::Uuid;

use crate::{
    domain::{
        access::{CAPABILITIES, Days},
        words::OrganisationKind,
    },
    operations::{
        list_organisations::ListOrganisations, put_access_agreement::PutAccessAgreement,
        put_organisation::PutOrganisation, put_roster::PutRoster,
    },
    rpc::parse::request_id,
};

fn day(fields: &mut Fields, path: &str, text: &str) -> Option<Date> {
    // The standard knows more spellings of ten characters than the contract, such as the week date 2026-W01-1.
    let shaped = text.len() == 10 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    let parsed = if shaped { Date::parse(text, &Iso8601::DATE).ok() } else { None };
    let parsed = parsed.filter(|day| (1900..=2200).contains(&day.year()));
    if parsed.is_none() {
        fields.wrong(path, "must be a date as YYYY-MM-DD");
    }
    parsed
}

fn days(fields: &mut Fields, from: (&str, &str), to: (&str, &str)) -> Option<Days> {
    let first = day(fields, from.0, from.1);
    if to.1.is_empty() {
        return first.map(|from| Days { from, to: None });
    }
    let (first, end) = first.zip(day(fields, to.0, to.1))?;
    if end <= first {
        fields.wrong(to.0, "must be after the first day");
        return None;
    }
    Some(Days { from: first, to: Some(end) })
}

pub(crate) fn put_organisation(_: &Call, request: PutOrganisationRequest) -> Result<(Uuid, PutOrganisation), Fault> {
    let mut fields = Fields::new();
    let id = request_id(&mut fields, &request.request_id);
    let Some(given) = fields.require("organisation", request.organisation) else {
        return Err(fields.finish().err().unwrap_or_else(|| Fault::bad_request(Vec::new())));
    };
    let org = if given.name.is_empty() {
        Some(None)
    } else {
        fields.check("organisation.name", OrganisationId::parse_name(&given.name)).map(Some)
    };
    let ods = fields.check("organisation.ods", OdsCode::parse(&given.ods));
    let kind = match given.kind() {
        ProtoKind::Unspecified => None,
        kind => OrganisationKind::parse(kind.as_str_name()).ok(),
    };
    if kind.is_none() {
        fields.wrong("organisation.kind", "must be one of the kinds, not UNSPECIFIED");
    }
    let display_name = fields.text("organisation.display_name", &given.display_name, 200);
    let needs_icb = matches!(kind, Some(OrganisationKind::Practice | OrganisationKind::Hub));
    let icb_ods = match given.icb_ods.as_str() {
        "" if needs_icb => {
            fields.wrong("organisation.icb_ods", "is required for a practice and a hub");
            None
        }
        "" => Some(None),
        code => fields.check("organisation.icb_ods", OdsCode::parse(code)).map(Some),
    };
    let mailbox = match given.mesh_mailbox.as_str() {
        "" => Some(String::new()),
        id => fields.check("organisation.mesh_mailbox", MailboxId::parse(id)).map(String::from),
    };
    let from = day(&mut fields, "organisation.from_date", &given.from_date);
    let parsed = id.zip(org).zip(ods.zip(kind)).zip(display_name.zip(icb_ods)).zip(mailbox.zip(from));
    let ((((id, org), (ods, kind)), (display_name, icb_ods)), (mesh_mailbox, from)) = fields.into_result(parsed)?;
    Ok((id, PutOrganisation { org, ods, kind, display_name, icb_ods, mesh_mailbox, from }))
}

pub(crate) fn put_roster(_: &Call, request: PutRosterRequest) -> Result<(Uuid, PutRoster), Fault> {
    let mut fields = Fields::new();
    let id = request_id(&mut fields, &request.request_id);
    let Some(given) = fields.require("roster", request.roster) else { return fields.into_result(None) };
    // 600: a subject with the prefix of its issuer.
    let subject = fields.text("roster.subject", &given.subject, 600);
    let organisation = fields.check("roster.organisation_ods", OdsCode::parse(&given.organisation_ods));
    let looked_at = fields.list("roster.practices_ods", given.practices_ods.len(), 5_000);
    let path = FieldPath::from("roster.practices_ods");
    let practices: Vec<OdsCode> = given
        .practices_ods
        .iter()
        .enumerate()
        .filter(|_| looked_at)
        .filter_map(|(at, ods)| fields.check(path.index(at), OdsCode::parse(ods)))
        .collect();
    let role = fields.optional_text("roster.role", &given.role, 64);
    let days = days(&mut fields, ("roster.from_date", &given.from_date), ("roster.to_date", &given.to_date));
    let parsed = id.zip(subject).zip(organisation.zip(role)).zip(days);
    let (((id, subject), (organisation, role)), days) = fields.into_result(parsed)?;
    Ok((id, PutRoster { subject, organisation, practices, role, days }))
}

pub(crate) fn put_access_agreement(
    _: &Call,
    request: PutAccessAgreementRequest,
) -> Result<(Uuid, PutAccessAgreement), Fault> {
    let mut fields = Fields::new();
    let id = request_id(&mut fields, &request.request_id);
    let Some(given) = fields.require("agreement", request.agreement) else { return fields.into_result(None) };
    let organisation = fields.check("agreement.organisation_ods", OdsCode::parse(&given.organisation_ods));
    let practice = fields.check("agreement.practice_ods", OdsCode::parse(&given.practice_ods));
    if given.capabilities.is_empty() {
        fields.wrong("agreement.capabilities", "must have at least one entry");
    }
    let looked_at = fields.list("agreement.capabilities", given.capabilities.len(), 20);
    let path = FieldPath::from("agreement.capabilities");
    for (at, capability) in given.capabilities.iter().enumerate().filter(|_| looked_at) {
        if !CAPABILITIES.contains(&capability.as_str()) {
            fields.wrong(path.index(at), "must be work, file, prescribe, audit, read or submit");
        }
    }
    let days = days(&mut fields, ("agreement.from_date", &given.from_date), ("agreement.to_date", &given.to_date));
    let ((id, days), (organisation, practice)) = fields.into_result(id.zip(days).zip(organisation.zip(practice)))?;
    let mut capabilities = given.capabilities;
    capabilities.sort_unstable();
    capabilities.dedup();
    Ok((id, PutAccessAgreement { organisation, practice, capabilities, days }))
}

pub(crate) fn list_organisations(
    call: &Call,
    request: ListOrganisationsRequest,
    tokens: &PageTokens,
) -> Result<(String, ListOrganisations), Fault> {
    let mut fields = Fields::new();
    let size = fields.page_size(request.page_size);
    let arguments = format!("{}|{}", call.method, call.caller.subject);
    let after = fields.page_token(tokens.open(&arguments, &request.page_token));
    let after = fields.into_result(after)?;
    Ok((arguments, ListOrganisations { after, size }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_must_be_in_order_and_well_spelt() {
        for (from, to) in [
            ("2026-13-01", ""),
            ("2026-W01-1", ""),
            ("0000-01-01", ""),
            ("2026-1-1", ""),
            ("", ""),
            ("2026-01-02", "2026-01-02"),
            ("2026-01-02", "soon"),
        ] {
            let mut fields = Fields::new();
            assert!(days(&mut fields, ("f", from), ("t", to)).is_none(), "{from} {to}");
            assert!(fields.any_wrong(), "{from} {to}");
        }
        let mut fields = Fields::new();
        assert!(days(&mut fields, ("f", "2026-01-02"), ("t", "2026-01-03")).is_some());
        assert!(!fields.any_wrong());
    }
}
