//! Reads a PDS patient (UK Core Patient, FHIR R4).

use ehub_identifiers::NhsNumber;
use serde_json::Value;
use time::{Date, format_description::well_known::Iso8601};

use crate::domain::trace::Demographic;

const ODS: &str = "https://fhir.nhs.uk/Id/ods-organization-code";
const NHS_NUMBER: &str = "https://fhir.nhs.uk/Id/nhs-number";
const PHARMACY: &str = "Extension-UKCore-NominatedPharmacy";

/// A Patient resource.
pub fn patient(resource: &Value) -> Option<Demographic> {
    if resource["resourceType"] != "Patient" {
        return None;
    }
    let identified = list(&resource["identifier"]).find(|identifier| identifier["system"] == NHS_NUMBER);
    let number = identified.and_then(|identifier| identifier["value"].as_str()).or_else(|| resource["id"].as_str())?;
    let names = || list(&resource["name"]);
    let name = names().find(|name| name["use"] == "usual").or_else(|| names().find(|name| name["use"] != "old"));
    // R and V of v3-Confidentiality: sensitive; the record then has no address and no practice.
    let sensitive = list(&resource["meta"]["security"]).any(|label| label["code"] == "R" || label["code"] == "V");
    Some(Demographic {
        nhs_number: NhsNumber::parse(number).ok()?,
        family_name: name.and_then(|name| name["family"].as_str()).map(str::to_owned),
        birth_date: resource["birthDate"].as_str().and_then(|date| Date::parse(date, &Iso8601::DATE).ok()),
        practice_ods: list(&resource["generalPractitioner"])
            .find(|practice| practice["identifier"]["period"]["end"].is_null())
            .and_then(|practice| ods(&practice["identifier"])),
        pharmacy_ods: list(&resource["extension"])
            .find(|extension| extension["url"].as_str().is_some_and(|url| url.ends_with(PHARMACY)))
            .and_then(|extension| ods(&extension["valueReference"]["identifier"])),
        sensitive,
        deceased: resource["deceasedDateTime"].is_string() || resource["deceasedBoolean"] == true,
    })
}

/// The patient of a search that found exactly one.
pub fn only_match(bundle: &Value) -> Option<Demographic> {
    let mut entries = list(&bundle["entry"]);
    match (entries.next(), entries.next()) {
        (Some(only), None) => patient(&only["resource"]),
        _ => None,
    }
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn ods(identifier: &Value) -> Option<String> {
    let named = identifier["system"].is_null() || identifier["system"] == ODS;
    identifier["value"].as_str().filter(|code| named && !code.is_empty()).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use time::macros::date;

    use super::*;

    #[test]
    fn what_is_no_patient_is_none() {
        for other in
            [json!({"resourceType": "OperationOutcome"}), json!({"resourceType": "Patient", "id": "1"}), json!(null)]
        {
            assert!(patient(&other).is_none());
        }
        assert!(only_match(&json!({"entry": [{"resource": {}}, {"resource": {}}]})).is_none());
        assert!(only_match(&json!({"resourceType": "OperationOutcome"})).is_none());
    }

    #[test]
    fn a_record_is_read() {
        let record = json!({
            "resourceType": "Patient", "id": "9990000018", "birthDate": "1980-01-01",
            "meta": {"security": [{"code": "U"}]},
            "name": [{"use": "old", "family": "Before"}, {"use": "usual", "family": "Teak"}],
            "generalPractitioner": [
                {"identifier": {"system": ODS, "value": "B82002", "period": {"end": "2020-01-01"}}},
                {"identifier": {"system": ODS, "value": "A81001", "period": {"start": "2020-01-01"}}}],
            "extension": [{"url": "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-NominatedPharmacy",
                "valueReference": {"identifier": {"system": ODS, "value": "FA565"}}}]
        });
        let read = patient(&record).expect("a patient");
        assert_eq!(read.family_name.as_deref(), Some("Teak"));
        assert_eq!(read.birth_date, Some(date!(1980 - 01 - 01)));
        assert_eq!((read.practice_ods.as_deref(), read.pharmacy_ods.as_deref()), (Some("A81001"), Some("FA565")));
        assert!(!read.sensitive && !read.deceased);
    }
}
