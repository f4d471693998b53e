//! A prescription with every field filled.

use ehub_fhir::*;
use time::macros::{date, datetime};
use uuid::Uuid;

pub fn item(number: u8) -> Item {
    Item {
        id: Uuid::from_bytes([number; 16]),
        medication_code: "39732311000001104".into(),
        medication_display: "Amoxicillin 250mg capsules".into(),
        dosage: "One capsule three times a day for five days".into(),
        quantity: Quantity { value: "15".into(), unit: "capsule".into(), unit_code: "428641000".into() },
        note: None,
        endorsements: vec![],
        controlled: None,
    }
}

pub fn prescriber() -> Prescriber {
    Prescriber {
        sds_user_id: "555086689106".into(),
        role_profile_id: "200102238987".into(),
        role_code: "R8000".into(),
        role_display: Some("Clinical Practitioner Access Role".into()),
        professional_code: ProfessionalCode { register: Register::Gmc, value: "6095103".into() },
        din: Some("977677".into()),
        spurious_code: Some("612345".into()),
        name: HumanName { family: "Boin".into(), given: vec!["C".into()], prefix: vec!["Dr".into()] },
        phone: Some("0113 496 0001".into()),
    }
}

pub fn prescription() -> Prescription {
    let address = |line: &str| Address {
        lines: vec![line.into()],
        city: Some("Leeds".into()),
        district: None,
        postcode: Some("LS1 1AA".into()),
    };
    Prescription {
        message_id: "46183abc-9fad-4673-85db-ce2cb6614732".into(),
        prescription_id: Uuid::from_bytes([9; 16]),
        short_id: "A1B2C3-Y01234-00001J".into(),
        type_code: "0101".into(),
        type_display: Some("Primary Care Prescriber - Medical Prescriber".into()),
        course: Course::Acute,
        intent: "order".into(),
        authored_on: Some(datetime!(2026-03-04 10:00 UTC)),
        valid_from: Some(date!(2026 - 03 - 04)),
        valid_until: Some(date!(2026 - 04 - 01)),
        supply_days: Some(5),
        patient: Patient {
            nhs_number: "9990000018".into(),
            name: HumanName {
                family: "Teak".into(),
                given: vec!["Ann".into(), "Zoë".into()],
                prefix: vec!["Ms".into()],
            },
            gender: Some("female".into()),
            birth_date: date!(1980 - 02 - 29),
            address: Some(address("1 High Street")),
            practice: "A83008".into(),
        },
        prescriber: prescriber(),
        cost_centre: Organisation {
            ods_code: "Y01234".into(),
            name: "Hub".into(),
            role_code: "72".into(),
            role_display: Some("OTHER PRESCRIBING COST CENTRE".into()),
            phone: Some("0113 496 0000".into()),
            address: Some(address("2 Low Street")),
            parent: Some(Parent { ods_code: "84H".into(), name: Some("NHS County Durham".into()) }),
        },
        dispenser: Some(Dispenser { ods_code: "FA565".into(), name: Some("Pharmacy".into()) }),
        site: DispensingSite::Pharmacy,
        endpoint: "https://eps.example/FHIR/R4".into(),
        items: vec![
            item(1),
            Item {
                quantity: Quantity { value: "2.5".into(), ..item(2).quantity },
                note: Some("For the dispenser".into()),
                endorsements: vec!["SLS".into(), "ACBS".into()],
                controlled: Some(ControlledDrug {
                    schedule: "CD3".into(),
                    quantity_words: Some("two and a half".into()),
                }),
                ..item(2)
            },
        ],
    }
}

pub fn signature() -> Signature {
    let parts = SignedParts {
        signed_info:
            b"<SignedInfo xmlns=\"http://www.w3.org/2000/09/xmldsig#\"><DigestValue>x</DigestValue></SignedInfo>"
                .to_vec(),
        value: vec![7; 256],
        certificate: vec![8; 300],
    };
    Signature::assemble(&parts, "2026-03-04T10:00:00+00:00").unwrap()
}
