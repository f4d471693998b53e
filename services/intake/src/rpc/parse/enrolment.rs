//! PutEnrolment, parsed.

use ehub_calls::Call;
use ehub_faults::{Fault, Fields};
use ehub_identifiers::{EnrolmentId, OdsCode, RequestId};
use ehub_proto::intake::v1::{
    Enrolment, Need as ProtoNeed, Promise as ProtoPromise, PutEnrolmentRequest, Urgency as ProtoUrgency,
};
use time::Date;
use uuid::Uuid;

use super::{draft, note};
use crate::{
    domain::{
        codes::{Need, Urgency},
        enrolment::{DutyContacts, Terms, check_promises},
        promise::Promise,
        validate::iso_date,
        wrong::Wrongs,
    },
    operations::put_enrolment::PutEnrolment,
};

pub(in crate::rpc) fn put_enrolment(
    call: &Call,
    request: PutEnrolmentRequest,
    duty_contacts: DutyContacts,
) -> Result<(Uuid, PutEnrolment), Fault> {
    let mut fields = Fields::new();
    let request_id = fields.check("request_id", RequestId::parse(&request.request_id));
    let Some(given) = fields.require("enrolment", request.enrolment) else {
        return fields.into_result(None);
    };
    let id = Some(&given.name).filter(|name| !name.is_empty());
    let id = id.and_then(|name| fields.check("enrolment.name", EnrolmentId::parse_name(name)));
    if id.is_some() && given.etag.is_empty() {
        fields.wrong("enrolment.etag", "is required when an enrolment is replaced");
    }
    let etag = given.etag.clone();
    let terms = terms(&mut fields, given, call.caller.organisation.as_ref(), duty_contacts);
    let (request_id, terms) = fields.into_result(request_id.zip(terms))?;
    Ok((request_id.uuid(), PutEnrolment { replaces: id.map(|id| (id, etag)), terms }))
}

fn terms(
    fields: &mut Fields,
    given: Enrolment,
    caller: Option<&OdsCode>,
    duty_contacts: DutyContacts,
) -> Option<Terms> {
    let practice_ods = fields.check("enrolment.practice_ods", OdsCode::parse(&given.practice_ods));
    let hub_ods = fields.check("enrolment.hub_ods", OdsCode::parse(&given.hub_ods));
    if hub_ods.as_ref().is_some_and(|hub| Some(hub) != caller) {
        fields.wrong("enrolment.hub_ods", "must be the caller's own organisation");
    }
    let mut needs: Vec<Need> = Vec::new();
    // The generated accessor leaves unknown values out; here each must be named.
    for (at, need) in given.needs.iter().enumerate() {
        match ProtoNeed::try_from(*need).ok().and_then(draft::need) {
            Some(need) if !needs.contains(&need) => needs.push(need),
            Some(_) => fields.wrong(format!("enrolment.needs[{at}]").as_str(), "must not stand there twice"),
            None => fields.wrong(format!("enrolment.needs[{at}]").as_str(), "must be one of the needs"),
        }
    }
    if given.needs.is_empty() {
        fields.wrong("enrolment.needs", "is required");
    }
    let looked_at = fields.list("enrolment.promises", given.promises.len(), 50);
    let promises: Vec<Promise> = given
        .promises
        .iter()
        .enumerate()
        .filter(|_| looked_at)
        .filter_map(|(at, row)| promise(fields, at, row))
        .collect();
    let from_date = day(fields, "enrolment.from_date", &given.from_date);
    let to_date = if given.to_date.is_empty() { None } else { day(fields, "enrolment.to_date", &given.to_date) };
    if let (Some(from), Some(to)) = (from_date, to_date)
        && to <= from
    {
        fields.wrong("enrolment.to_date", "must be after from_date");
    }
    if promises.len() == given.promises.len() && !needs.is_empty() {
        let mut wrongs = Wrongs::default();
        check_promises(&mut wrongs, &needs, &promises);
        note(fields, wrongs.0);
    }
    let practice_name = fields.text("enrolment.practice_name", &given.practice_name, 200);
    let practice_phone = fields.text("enrolment.practice_phone", &given.practice_phone, 40);
    let hub_name = fields.text("enrolment.hub_name", &given.hub_name, 200);
    let if_worse = fields.text("enrolment.if_worse", &given.if_worse, 1_000);
    let duty_contact = fields.text("enrolment.duty_contact", &given.duty_contact, 500);
    if duty_contact.as_deref().is_some_and(|url| !duty_contacts.admit(url)) {
        fields.wrong("enrolment.duty_contact", "must be an https URL");
    }
    Some(Terms {
        practice_ods: practice_ods?,
        practice_name: practice_name?,
        practice_phone: practice_phone?,
        hub_ods: hub_ods?,
        hub_name: hub_name?,
        needs,
        from_date: from_date?,
        to_date,
        promises,
        duty_contact: duty_contact?,
        if_worse: if_worse?,
    })
}

fn promise(fields: &mut Fields, at: usize, row: &ProtoPromise) -> Option<Promise> {
    let need = draft::need(row.need());
    if need.is_none() {
        fields.wrong(format!("enrolment.promises[{at}].need").as_str(), "must be one of the needs");
    }
    let urgency = match row.urgency() {
        ProtoUrgency::Routine => Some(Urgency::Routine),
        ProtoUrgency::Urgent => Some(Urgency::Urgent),
        ProtoUrgency::Emergency => Some(Urgency::Emergency),
        ProtoUrgency::Unspecified | ProtoUrgency::Note | ProtoUrgency::NotScreened => {
            let path = format!("enrolment.promises[{at}].urgency");
            fields.wrong(path.as_str(), "must be ROUTINE, URGENT or EMERGENCY");
            None
        }
    };
    Some(Promise {
        need: need?,
        urgency: urgency?,
        // What is out of range is named by the table's own check; below zero reads as zero.
        respond_minutes: u32::try_from(row.respond_minutes).unwrap_or(0),
        working_time: row.working_time,
    })
}

fn day(fields: &mut Fields, path: &str, text: &str) -> Option<Date> {
    let date = iso_date(text).filter(|day| (1900..=2200).contains(&day.year()));
    if date.is_none() {
        fields.wrong(path, "must be a date as YYYY-MM-DD");
    }
    date
}
