//! Prescriptions to prepare and to order.

use crate::samples::{item, prescription, signature};
use ehub_fhir::*;
use proptest::prelude::*;
use serde_json::{Value, json};

fn resources(bundle: &Value) -> Vec<&Value> {
    bundle["entry"].as_array().unwrap().iter().map(|entry| &entry["resource"]).collect()
}

#[test]
fn items_that_disagree_are_refused() {
    for (pointer, wrong) in [
        ("/dispenseRequest/performer/identifier/value", json!("FXX99")),
        ("/groupIdentifier/value", json!("OTHER")),
        ("/intent", json!("plan")),
        ("/subject/reference", json!("urn:uuid:other")),
        ("/extension/0/valueCoding/code", json!("0105")),
    ] {
        let mut bundle = prescription().prepare_bundle();
        *bundle["entry"][2]["resource"].pointer_mut(pointer).unwrap() = wrong;
        let error = Prescription::parse(&to_bytes(&bundle)).unwrap_err();
        assert!(matches!(error, FhirError::Inconsistent { .. }), "{pointer}: {error}");
    }
}

#[test]
fn incomplete_messages_are_refused() {
    let full = prescription().order_bundle(&signature());
    for kind in ["MessageHeader", "MedicationRequest", "Patient", "PractitionerRole", "Practitioner", "Organization"] {
        let mut bundle = full.clone();
        bundle["entry"].as_array_mut().unwrap().retain(|entry| entry["resource"]["resourceType"] != kind);
        assert!(matches!(Prescription::parse(&to_bytes(&bundle)), Err(FhirError::Missing { .. })), "{kind}");
    }
    assert_eq!(Prescription::parse(b"not json"), Err(FhirError::NotJson));
}

#[test]
fn two_professional_codes_are_refused() {
    let mut bundle = prescription().prepare_bundle();
    let practitioner = &mut bundle["entry"].as_array_mut().unwrap()[5]["resource"];
    assert_eq!(practitioner["resourceType"], "Practitioner");
    let second = json!({"system": "https://fhir.hl7.org.uk/Id/nmc-number", "value": "12A3456B"});
    practitioner["identifier"].as_array_mut().unwrap().push(second);
    assert!(matches!(Prescription::parse(&to_bytes(&bundle)), Err(FhirError::Invalid { .. })));
}

#[test]
fn what_would_be_refused_is_found_first() {
    let found = |change: fn(&mut Prescription)| {
        let mut prescription = prescription();
        change(&mut prescription);
        prescription.problems()
    };
    assert_eq!(found(|_| ()), []);
    assert_eq!(found(|p| p.items.clear()), [Problem::ItemCount]);
    assert_eq!(found(|p| p.items = (1..=5).map(item).collect()), [Problem::ItemCount]);
    assert_eq!(found(|p| p.items = vec![item(1), item(1)]), [Problem::DuplicateItem]);
    assert_eq!(found(|p| p.cost_centre.ods_code = "Y09999".into()), [Problem::ShortId]);
    assert_eq!(found(|p| p.cost_centre.parent = None), [Problem::ParentMissing]);
    assert_eq!(found(|p| p.dispenser = None), [Problem::Nomination]);
    assert_eq!(found(|p| p.items[0].dosage = " ".into()), [Problem::Dosage(1)]);
    assert_eq!(found(|p| p.items[1].quantity.value = "0".into()), [Problem::Quantity(2)]);
    assert_eq!(found(|p| p.items[1].controlled.as_mut().unwrap().quantity_words = None), [Problem::QuantityWords(2)]);
    assert_eq!(found(|p| p.items[1].controlled.as_mut().unwrap().schedule = "CD1".into()), [Problem::ScheduleOne(2)]);
}

#[test]
fn a_short_cost_centre_code_is_padded_in_the_short_id() {
    let mut prescription = prescription();
    prescription.cost_centre.ods_code = "A99".into();
    prescription.short_id = "A1B2C3-000A99-00001J".into();
    assert_eq!(prescription.problems(), []);
}

#[test]
fn an_order_reads_back_with_its_signature() {
    let (read, signed) = Prescription::parse(&to_bytes(&prescription().order_bundle(&signature()))).unwrap();
    assert!(read == prescription());
    assert_eq!(signed, Some(signature()));
}

#[test]
fn a_preparation_reads_back_without_a_signature() {
    let mut open = prescription();
    open.dispenser = None;
    open.site = DispensingSite::None;
    open.authored_on = None;
    open.valid_until = None;
    open.prescriber.spurious_code = None;
    let (read, signed) = Prescription::parse(&to_bytes(&open.prepare_bundle())).unwrap();
    assert!(read == open);
    assert_eq!(signed, None);
}

#[test]
fn the_order_has_the_national_shape() {
    let bundle = prescription().order_bundle(&signature());
    let kinds: Vec<_> = resources(&bundle).iter().map(|r| r["resourceType"].as_str().unwrap()).collect();
    assert_eq!(
        kinds,
        [
            "MessageHeader",
            "MedicationRequest",
            "MedicationRequest",
            "Patient",
            "PractitionerRole",
            "Practitioner",
            "Organization",
            "Provenance"
        ]
    );
    let all = resources(&bundle);
    assert_eq!(all[0]["eventCoding"]["code"], "prescription-order");
    assert_eq!(all[0]["sender"]["identifier"]["value"], "Y01234");
    assert_eq!(all[0]["destination"][0]["endpoint"], "https://eps.example/FHIR/R4/$process-message#prescription-order");
    // The cost centre and the registered practice are different organisations.
    assert_eq!(all[6]["identifier"][0]["value"], "Y01234");
    assert_eq!(all[3]["generalPractitioner"][0]["identifier"]["value"], "A83008");
    assert_eq!(all[1]["dispenseRequest"]["quantity"]["value"], 15);
    assert_eq!(all[1]["substitution"]["allowedBoolean"], false);
    assert_eq!(all[7]["target"].as_array().unwrap().len(), 2);
}

#[test]
fn preparation_and_order_differ_only_in_destination_and_signature() {
    let prepared = prescription().prepare_bundle();
    let ordered = prescription().order_bundle(&signature());
    let (prepared, ordered) = (prepared["entry"].as_array().unwrap(), ordered["entry"].as_array().unwrap());
    assert_eq!(prepared[1..], ordered[1..ordered.len() - 1]);
}

#[test]
fn the_same_prescription_has_the_same_bytes() {
    let bytes = || to_bytes(&prescription().order_bundle(&signature()));
    assert_eq!(bytes(), bytes());
}

#[test]
fn debug_shows_no_patient() {
    let shown = format!("{:?}", prescription());
    for secret in ["Teak", "9990000018", "Amoxicillin"] {
        assert!(!shown.contains(secret), "{secret}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_dosage_and_quantity_survive(dosage in "[ -~é\n]{0,40}x", whole in 1u32..100_000, tenths in 0u32..10) {
        let mut prescription = prescription();
        prescription.items[0].dosage = dosage.trim().to_owned();
        prescription.items[0].quantity.value = if tenths == 0 { whole.to_string() } else { format!("{whole}.{tenths}") };
        let (read, _) = Prescription::parse(&to_bytes(&prescription.prepare_bundle())).unwrap();
        prop_assert!(read == prescription);
    }

    #[test]
    fn damage_never_panics(at in 0usize..9000, with in any::<u8>()) {
        let mut bytes = to_bytes(&prescription().order_bundle(&signature()));
        let at = at % bytes.len();
        bytes[at] = with;
        let _ = Prescription::parse(&bytes);
        let _ = Cancellation::parse(&bytes);
        let _ = CancelResponse::parse(&bytes);
        let _ = PdsPatient::parse(&bytes);
    }
}
