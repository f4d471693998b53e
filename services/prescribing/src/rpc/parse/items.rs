//! The items of a prescription.

use ehub_faults::{FieldPath, Fields};
use ehub_identifiers::Sctid;
use ehub_proto::prescribing::v1::Item as ProtoItem;

use crate::domain::{Item, ItemRefused, Quantity, Schedule, says_only_as_directed};

/// The most items EPS takes in one prescription.
const MAX_ITEMS: usize = 4;
/// The most days' supply Spine takes.
const MAX_DAYS: i32 = 366;
/// The longest name of a medicine or unit, in characters.
const NAME: usize = 255;
/// The longest text of a dose or quantity in words, in characters.
const TEXT: usize = 500;

/// One to four items.
pub fn items(fields: &mut Fields, given: &[ProtoItem]) -> Option<Vec<Item>> {
    let path = FieldPath::from("items");
    if given.is_empty() || given.len() > MAX_ITEMS {
        fields.wrong(path, "must be one to four items");
        return None;
    }
    let mut all = Some(Vec::with_capacity(given.len()));
    for (at, one) in given.iter().enumerate() {
        let place = path.index(at);
        if one.days != given[0].days {
            fields.wrong(
                place.field("days"),
                "must be the same for every item: EPS takes one duration for a prescription",
            );
        }
        match item(fields, &place, one) {
            Some(item) => {
                if let Some(all) = &mut all {
                    all.push(item);
                }
            }
            None => all = None,
        }
    }
    all
}

fn item(fields: &mut Fields, path: &FieldPath, given: &ProtoItem) -> Option<Item> {
    let medicine = fields.check(path.field("medicine_code"), Sctid::concept(&given.medicine_code));
    let medicine_name = fields.text(path.field("medicine_name"), &given.medicine_name, NAME);
    let quantity = fields.check(path.field("quantity"), Quantity::parse(&given.quantity));
    let unit = fields.check(path.field("unit_code"), Sctid::concept(&given.unit_code));
    let unit_name = fields.text(path.field("unit_name"), &given.unit_name, NAME);
    let dosage = fields.text(path.field("dosage"), &given.dosage, TEXT);
    let schedule = fields.check(path.field("controlled_schedule"), Schedule::parse(&given.controlled_schedule));
    let words = fields.optional_text(path.field("quantity_words"), &given.quantity_words, TEXT);
    let words = words.map(|words| Some(words).filter(|words| !words.trim().is_empty()));
    if given.course_of_therapy != "acute" {
        fields.wrong(path.field("course_of_therapy"), ItemRefused::Repeat.to_string());
    }
    let days = u16::try_from(given.days).ok().filter(|_| (1..=MAX_DAYS).contains(&given.days));
    let days = fields.check(path.field("days"), days.ok_or("must be 1 to 366"));
    if let Some(Some(schedule)) = schedule
        && schedule.needs_words()
    {
        if words == Some(None) {
            fields.wrong(path.field("quantity_words"), ItemRefused::WordsMissing.to_string());
        }
        if dosage.as_deref().is_some_and(says_only_as_directed) {
            fields.wrong(path.field("dosage"), ItemRefused::DoseMissing.to_string());
        }
    }
    Some(Item {
        medicine: medicine?,
        medicine_name: medicine_name?,
        quantity: quantity?,
        unit: unit?,
        unit_name: unit_name?,
        dosage: dosage?,
        days: days?,
        schedule: schedule?,
        quantity_words: words?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use tonic_types::StatusExt as _;

    fn given() -> ProtoItem {
        ProtoItem {
            medicine_code: "39732311000001104".to_owned(),
            medicine_name: "Amoxicillin 250mg capsules".to_owned(),
            quantity: "21".to_owned(),
            unit_code: "428673006".to_owned(),
            unit_name: "capsule".to_owned(),
            dosage: "one capsule three times a day".to_owned(),
            days: 7,
            course_of_therapy: "acute".to_owned(),
            ..ProtoItem::default()
        }
    }

    fn wrong(given: &[ProtoItem]) -> Vec<String> {
        let mut fields = Fields::new();
        items(&mut fields, given);
        match fields.finish() {
            Ok(()) => Vec::new(),
            Err(fault) => {
                let details = fault.into_status().get_error_details();
                details.bad_request().expect("fields").field_violations.iter().map(|v| v.field.clone()).collect()
            }
        }
    }

    #[test]
    fn none_and_five_are_refused() {
        assert_eq!(wrong(&[]), ["items"]);
        assert_eq!(wrong(&[given(), given(), given(), given(), given()]), ["items"]);
        assert!(wrong(&[given(), given(), given(), given()]).is_empty());
    }

    #[test]
    fn every_wrong_field_is_named() {
        let bad = ProtoItem { course_of_therapy: "continuous".to_owned(), ..ProtoItem::default() };
        let mut named = wrong(&[bad]);
        named.sort();
        let all = [
            "course_of_therapy",
            "days",
            "dosage",
            "medicine_code",
            "medicine_name",
            "quantity",
            "unit_code",
            "unit_name",
        ];
        assert_eq!(named, all.map(|field| format!("items[0].{field}")));
    }

    #[test]
    fn controlled_drugs_have_their_rules() {
        let two = ProtoItem { controlled_schedule: "2".to_owned(), dosage: "as directed".to_owned(), ..given() };
        assert_eq!(wrong(std::slice::from_ref(&two)), ["items[0].quantity_words", "items[0].dosage"]);
        let said = ProtoItem { quantity_words: "twenty-one".to_owned(), dosage: "one at night".to_owned(), ..two };
        assert!(wrong(&[said]).is_empty());
        assert_eq!(
            wrong(&[ProtoItem { controlled_schedule: "1".to_owned(), ..given() }]),
            ["items[0].controlled_schedule"]
        );
    }

    #[test]
    fn one_duration_is_for_all_items() {
        assert_eq!(wrong(&[given(), ProtoItem { days: 14, ..given() }]), ["items[1].days"]);
    }
}
