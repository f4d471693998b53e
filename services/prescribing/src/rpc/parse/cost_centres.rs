//! Cost centres and memberships.

use std::sync::Arc;

use ehub_calls::Call;
use ehub_faults::{Fault, FieldPath, Fields};
use ehub_identifiers::OdsCode;
use ehub_postgres::PageTokens;
use ehub_proto::prescribing::v1::{
    ListCostCentresRequest, Membership as ProtoMembership, PutCostCentreRequest, PutMembershipRequest,
};
use time::{Date, format_description::well_known::Iso8601};

use super::{Parsed, request_id};
use crate::{
    domain::{Membership, Period, Register},
    operations::{list_cost_centres::ListCostCentres, put_cost_centre::PutCostCentre, put_membership::PutMembership},
};

/// Prescription types of primary care (NHS EPS, prescription-type).
const TYPES: [&str; 10] = ["0101", "0104", "0105", "0108", "0113", "0114", "0116", "0117", "0124", "0125"];
/// The longest name or address, in characters.
const NAME: usize = 200;

pub fn put_cost_centre(call: &Call, request: PutCostCentreRequest) -> Parsed<PutCostCentre> {
    let mut fields = Fields::new();
    let request_id = request_id(&mut fields, &request.request_id);
    let root = FieldPath::from("cost_centre");
    let Some(given) = fields.require(root.clone(), request.cost_centre) else {
        return fields.into_result(None);
    };
    let ods = code(&mut fields, root.field("ods"), &given.ods);
    let display_name = fields.text(root.field("display_name"), &given.display_name, NAME);
    let icb = fields.check(root.field("icb_ods"), OdsCode::parse(&given.icb_ods));
    let organisation = fields.check(root.field("organisation_ods"), OdsCode::parse(&given.organisation_ods));
    if organisation.is_some() && organisation != call.caller.organisation {
        fields.wrong(root.field("organisation_ods"), "must be the caller's own organisation");
    }
    let address = fields.text(root.field("address"), &given.address, NAME);
    let phone = fields.text(root.field("phone"), &given.phone, 40);
    let period = period(&mut fields, &root, &given.from_date, &given.to_date);
    let put = (|| {
        Some((
            request_id?,
            PutCostCentre {
                ods: ods?,
                display_name: display_name?,
                icb: icb?,
                organisation_ods: organisation?,
                period: period?,
                address: address?,
                phone: phone?,
            },
        ))
    })();
    fields.into_result(put)
}

pub fn put_membership(request: PutMembershipRequest) -> Parsed<PutMembership> {
    let mut fields = Fields::new();
    let request_id = request_id(&mut fields, &request.request_id);
    let root = FieldPath::from("membership");
    let Some(given) = fields.require(root.clone(), request.membership) else {
        return fields.into_result(None);
    };
    let member = membership(&mut fields, &root, &given);
    fields.into_result(request_id.zip(member.map(PutMembership)))
}

fn membership(fields: &mut Fields, root: &FieldPath, given: &ProtoMembership) -> Option<Membership> {
    let cost_centre = code(fields, root.field("cost_centre_ods"), &given.cost_centre_ods);
    let subject = fields.text(root.field("subject"), &given.subject, 600);
    let display_name = fields.text(root.field("display_name"), &given.display_name, NAME);
    let user =
        shape(fields, root.field("sds_user_id"), &given.sds_user_id, |text| digits(text, 12..=12), "must be 12 digits");
    let profile = shape(
        fields,
        root.field("sds_role_profile_id"),
        &given.sds_role_profile_id,
        |text| digits(text, 1..=15),
        "must be 1 to 15 digits",
    );
    let role =
        shape(fields, root.field("role_code"), &given.role_code, is_role, "must be `R####` or `S####:G####:R####`");
    let register = Register::parse(&given.professional_register).ok_or("must be `gmc`, `nmc`, `gphc` or `hcpc`");
    let register = fields.check(root.field("professional_register"), register);
    let professional = shape(
        fields,
        root.field("professional_code"),
        &given.professional_code,
        |text| (4..=12).contains(&text.len()) && alphanumeric(text),
        "must be 4 to 12 letters and digits",
    );
    let din =
        code_of_six(fields, root.field("din"), &given.din, alphanumeric, "must be 6 letters and digits, or empty");
    let spurious = code_of_six(
        fields,
        root.field("spurious_code"),
        &given.spurious_code,
        |text| alphanumeric(text) && text.starts_with('6'),
        "must be 6 letters and digits beginning with 6, or empty",
    );
    let kind = shape(
        fields,
        root.field("prescription_type"),
        &given.prescription_type,
        |text| TYPES.contains(&text),
        "must be a prescription type of primary care, such as `0101`",
    );
    let period = period(fields, root, &given.from_date, &given.to_date);
    Some(Membership {
        cost_centre: cost_centre?,
        subject: subject?,
        display_name: display_name?,
        sds_user_id: user?,
        sds_role_profile_id: profile?,
        role_code: role?,
        register: register?,
        professional_code: professional?,
        din: din?,
        spurious_code: spurious?,
        prescription_type: kind?,
        period: period?,
    })
}

pub fn list_cost_centres(
    call: &Call,
    request: &ListCostCentresRequest,
    pages: &Arc<PageTokens>,
) -> Result<ListCostCentres, Fault> {
    let mut fields = Fields::new();
    let size = fields.page_size(request.page_size);
    let organisation = call.caller.organisation.as_ref().map(ToString::to_string).unwrap_or_default();
    let arguments = format!("{}|{}|{organisation}", call.method, call.caller.subject);
    let after = fields.page_token(pages.open(&arguments, &request.page_token));
    let list = after.map(|after| ListCostCentres { after, size, pages: Arc::clone(pages), arguments });
    fields.into_result(list)
}

/// A cost centre's code: what fits the middle block of a short id.
pub fn code(fields: &mut Fields, path: impl Into<FieldPath>, text: &str) -> Option<OdsCode> {
    let code = OdsCode::parse(text).ok().filter(|code| code.as_str().len() <= 6);
    fields.check(path, code.ok_or("must be an ODS code of 3 to 6 letters and digits, such as `Y01234`"))
}

fn period(fields: &mut Fields, root: &FieldPath, from: &str, to: &str) -> Option<Period> {
    let from = date(fields, root.field("from_date"), from);
    let to = if to.is_empty() { Some(None) } else { date(fields, root.field("to_date"), to).map(Some) };
    let period = Period { from: from?, to: to? };
    if period.has_a_day() {
        return Some(period);
    }
    fields.wrong(root.field("to_date"), "must be after from_date");
    None
}

fn date(fields: &mut Fields, path: FieldPath, text: &str) -> Option<Date> {
    // ISO 8601 has other spellings of ten characters, such as the week date 2026-W01-1.
    let shaped = text.len() == 10 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    let date = Date::parse(text, &Iso8601::DATE).ok().filter(|date| shaped && (1900..=2200).contains(&date.year()));
    fields.check(path, date.ok_or("must be a date as YYYY-MM-DD"))
}

fn shape(
    fields: &mut Fields,
    path: FieldPath,
    text: &str,
    fits: impl Fn(&str) -> bool,
    otherwise: &'static str,
) -> Option<String> {
    fields.check(path, if fits(text) { Ok(text.to_owned()) } else { Err(otherwise) })
}

fn code_of_six(
    fields: &mut Fields,
    path: FieldPath,
    text: &str,
    fits: impl Fn(&str) -> bool,
    otherwise: &'static str,
) -> Option<Option<String>> {
    if text.is_empty() {
        return Some(None);
    }
    shape(fields, path, text, |text| text.len() == 6 && fits(text), otherwise).map(Some)
}

fn digits(text: &str, length: std::ops::RangeInclusive<usize>) -> bool {
    length.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// As EPS takes them: capitals and digits.
fn alphanumeric(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase())
}

fn is_role(text: &str) -> bool {
    let part = |text: &str, letter: char| text.strip_prefix(letter).is_some_and(|rest| digits(rest, 4..=4));
    match text.split(':').collect::<Vec<_>>().as_slice() {
        [role] => part(role, 'R'),
        [staff, group, role] => part(staff, 'S') && part(group, 'G') && part(role, 'R'),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_have_one_of_two_forms() {
        for text in ["R8000", "S8000:G8000:R8000"] {
            assert!(is_role(text), "{text}");
        }
        for text in ["", "8000", "R800", "R80000", "S8000:R8000", "S8000:G8000:R8000:X1", "r8000"] {
            assert!(!is_role(text), "{text}");
        }
    }

    #[test]
    fn a_cost_centre_fits_the_short_id() {
        let mut fields = Fields::new();
        assert_eq!(code(&mut fields, "ods", "Y01234").map(|code| code.to_string()).as_deref(), Some("Y01234"));
        assert_eq!(code(&mut fields, "ods", "A830081"), None);
        assert_eq!(code(&mut fields, "ods", "A8"), None);
    }

    #[test]
    fn a_period_has_a_day() {
        let mut fields = Fields::new();
        let root = FieldPath::from("cost_centre");
        assert!(period(&mut fields, &root, "2026-03-01", "2026-03-02").is_some());
        assert!(period(&mut fields, &root, "2026-03-01", "").is_some());
        for (from, to) in
            [("2026-03-01", "2026-03-01"), ("2026-3-1", ""), ("2026-W09-7", ""), ("2026-02-29", ""), ("", "")]
        {
            assert!(period(&mut fields, &root, from, to).is_none(), "{from} {to}");
        }
    }
}
