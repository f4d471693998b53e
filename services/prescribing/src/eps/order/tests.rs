//! The shape of an order, against what EPS asks for.

use ehub_identifiers::{ConsultationId, NhsNumber, OdsCode, OrganisationId, PrescriptionId, Sctid};
use serde_json::{Value, json};
use time::macros::{date, datetime};

use super::*;
use crate::domain::{Period, Quantity as DomainQuantity, Schedule, State};

fn ods(code: &str) -> OdsCode {
    OdsCode::parse(code).expect("an ODS code")
}

fn medicine(code: &str, schedule: Option<Schedule>) -> Item {
    Item {
        medicine: Sctid::concept(code).expect("a concept"),
        medicine_name: "Amoxicillin 250mg capsules".to_owned(),
        quantity: DomainQuantity::parse("21").expect("a quantity"),
        unit: Sctid::concept("428673006").expect("a concept"),
        unit_name: "capsule".to_owned(),
        dosage: "one capsule three times a day".to_owned(),
        days: 7,
        schedule,
        quantity_words: schedule.map(|_| "twenty-one".to_owned()),
    }
}

fn prescription(items: Vec<Item>, pharmacy: Option<&str>) -> Prescription {
    Prescription {
        id: PrescriptionId::new(Uuid::from_u128(1)),
        consultation: ConsultationId::new(Uuid::from_u128(2)),
        practice: OrganisationId::new(Uuid::from_u128(3)),
        practice_ods: "A81001".to_owned(),
        organisation: OrganisationId::new(Uuid::from_u128(4)),
        cost_centre: ods("Y01234"),
        prescriber: "anna".to_owned(),
        state: State::Raised,
        version: 1,
        short_id: "A1B2C3-Y01234-00001J".to_owned(),
        items,
        pharmacy: pharmacy.map(str::to_owned),
        // Late in the evening in UTC, the next day in London.
        raised_at: datetime!(2026-06-30 23:30 UTC),
        sign_by: datetime!(2026-07-01 00:00 UTC),
        signed_at: None,
        issued_at: None,
        refusal_code: None,
    }
}

fn membership(din: Option<&str>, spurious_code: Option<&str>) -> Membership {
    Membership {
        cost_centre: ods("Y01234"),
        subject: "anna".to_owned(),
        display_name: "Dr Anna Maria Example".to_owned(),
        sds_user_id: "555086689106".to_owned(),
        sds_role_profile_id: "200102238987".to_owned(),
        role_code: "S8000:G8000:R8000".to_owned(),
        register: Register::Gmc,
        professional_code: "6095103".to_owned(),
        din: din.map(str::to_owned),
        spurious_code: spurious_code.map(str::to_owned),
        prescription_type: "0101".to_owned(),
        period: Period { from: date!(2026 - 01 - 01), to: None },
    }
}

fn bytes(of: &Prescription, member: &Membership) -> Vec<u8> {
    let hub = CostCentre {
        ods: ods("Y01234"),
        display_name: "Northside Access Hub".to_owned(),
        icb: ods("QOP"),
        organisation: of.organisation,
        organisation_ods: ods("H8H01"),
        period: Period { from: date!(2026 - 01 - 01), to: None },
        address: "1 High Street, Northside, NS1 2AB".to_owned(),
        phone: "0300 123 4567".to_owned(),
    };
    let patient = TracedPatient {
        nhs_number: NhsNumber::parse("9990000018").expect("a test number"),
        family_name: "Example".to_owned(),
        given_names: "Stacey Marisa".to_owned(),
        birth_date: date!(1980 - 02 - 29),
        gender: "female".to_owned(),
        address: "10 Heathfield, Cobham, KT11 2QY".to_owned(),
        registered_practice: ods("B82002"),
        nominated_pharmacy: None,
    };
    prepare_bytes(&OrderOf {
        prescription: of,
        cost_centre: &hub,
        prescriber: member,
        patient: &patient,
        message_id: Uuid::from_u128(9),
        endpoint: "https://eps.example/FHIR/R4".to_owned(),
    })
}

fn resource(bundle: &Value, kind: &str) -> Value {
    let entries = bundle["entry"].as_array().expect("entries");
    entries.iter().map(|entry| &entry["resource"]).find(|one| one["resourceType"] == kind).expect("there").clone()
}

#[test]
fn the_cost_centre_is_the_organisation_and_the_practice_is_the_patients() {
    let of = prescription(vec![medicine("39732311000001104", None)], None);
    let bundle: Value = serde_json::from_slice(&bytes(&of, &membership(None, None))).expect("JSON");
    let organisation = resource(&bundle, "Organization");
    assert_eq!(organisation["identifier"][0]["value"], "Y01234");
    assert_eq!(organisation["partOf"]["identifier"]["value"], "QOP");
    assert_eq!(resource(&bundle, "MessageHeader")["sender"]["identifier"]["value"], "Y01234");
    assert_eq!(resource(&bundle, "Patient")["generalPractitioner"][0]["identifier"]["value"], "B82002");
    let role = resource(&bundle, "PractitionerRole");
    assert!(role.get("healthcareService").is_none());
    assert_eq!(role["code"][0]["coding"][0]["code"], "R8000");
    assert_eq!(
        resource(&bundle, "Practitioner")["name"][0],
        json!({"family": "Example", "given": ["Anna", "Maria"], "prefix": ["Dr"]})
    );
    assert!(
        bundle["entry"].as_array().expect("entries").iter().all(|one| one["resource"]["resourceType"] != "Provenance")
    );
}

#[test]
fn an_item_is_acute_and_says_what_it_is() {
    let of = prescription(vec![medicine("39732311000001104", None)], Some("FA565"));
    let bundle: Value = serde_json::from_slice(&bytes(&of, &membership(None, None))).expect("JSON");
    let item = resource(&bundle, "MedicationRequest");
    assert_eq!((&item["status"], &item["intent"]), (&json!("active"), &json!("order")));
    assert_eq!(item["courseOfTherapyType"]["coding"][0]["code"], "acute");
    assert_eq!(item["groupIdentifier"]["value"], "A1B2C3-Y01234-00001J");
    assert_eq!(item["groupIdentifier"]["extension"][0]["valueIdentifier"]["value"], Uuid::from_u128(1).to_string());
    assert_eq!(item["dispenseRequest"]["quantity"]["value"], 21);
    assert_eq!(item["dispenseRequest"]["validityPeriod"]["start"], "2026-07-01");
    assert_eq!(item["dispenseRequest"]["expectedSupplyDuration"]["value"], 7);
    assert_eq!(item["dispenseRequest"]["performer"]["identifier"]["value"], "FA565");
    assert_eq!(resource(&bundle, "MessageHeader")["destination"][0]["receiver"]["identifier"]["value"], "FA565");
}

#[test]
fn a_controlled_drug_carries_its_schedule_and_quantity_in_words() {
    let of = prescription(vec![medicine("39732311000001104", Some(Schedule::FourOne))], None);
    let text = String::from_utf8(bytes(&of, &membership(None, None))).expect("UTF-8");
    assert!(text.contains("CD4-1") && text.contains("twenty-one"), "{text}");
    assert!(text.contains("\"0004\""), "no nomination: {text}");
}

#[test]
fn the_spurious_code_comes_before_the_din() {
    let of = prescription(vec![medicine("39732311000001104", None)], None);
    let both = String::from_utf8(bytes(&of, &membership(Some("977677"), Some("6ABCDE")))).expect("UTF-8");
    assert!(both.contains("6ABCDE") && !both.contains("977677"));
    let din = String::from_utf8(bytes(&of, &membership(Some("977677"), None))).expect("UTF-8");
    assert!(din.contains("977677"));
}

#[test]
fn the_same_prescription_gives_the_same_bytes_and_eps_would_take_it() {
    let of = prescription(vec![medicine("39732311000001104", None), medicine("322341003", None)], None);
    let one = bytes(&of, &membership(None, None));
    assert_eq!(one, bytes(&of, &membership(None, None)));
    let (read, signature) = FhirPrescription::parse(&one).expect("an order");
    assert!(signature.is_none());
    assert_eq!(read.problems(), []);
}

#[test]
fn what_was_prepared_is_sent_with_the_signature_and_nothing_else_changed() {
    let of = prescription(vec![medicine("39732311000001104", None), medicine("322341003", Some(Schedule::Five))], None);
    let prepared = bytes(&of, &membership(None, None));
    let signature = STANDARD.encode("<Signature xmlns=\"http://www.w3.org/2000/09/xmldsig#\"></Signature>");
    let sent = signed_bytes(&prepared, &signature, "2026-07-01T00:40:00+01:00").expect("an order");
    let (before, after): (Value, Value) =
        (serde_json::from_slice(&prepared).expect("JSON"), serde_json::from_slice(&sent).expect("JSON"));
    for kind in ["Patient", "PractitionerRole", "Practitioner", "Organization", "MedicationRequest"] {
        assert_eq!(resource(&before, kind), resource(&after, kind), "{kind}");
    }
    let provenance = resource(&after, "Provenance");
    assert_eq!(provenance["signature"][0]["data"], signature.as_str());
    assert_eq!(provenance["signature"][0]["when"], "2026-07-01T00:40:00+01:00");
    assert_eq!(provenance["target"].as_array().map(Vec::len), Some(2));
    assert!(signed_bytes(b"{}", &signature, "x").is_err());
    assert!(signed_bytes(&prepared, "not base64", "x").is_err());
}
