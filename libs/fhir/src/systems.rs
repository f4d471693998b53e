//! Identifier, code and extension URLs.

/// Identifiers that are UUIDs.
pub const RFC4122: &str = "https://tools.ietf.org/html/rfc4122";
/// SNOMED CT, dm+d included.
pub const SNOMED: &str = "http://snomed.info/sct";
/// Units of time.
pub const UCUM: &str = "http://unitsofmeasure.org";
/// Organisation codes.
pub const ODS: &str = "https://fhir.nhs.uk/Id/ods-organization-code";
/// NHS numbers.
pub const NHS_NUMBER: &str = "https://fhir.nhs.uk/Id/nhs-number";
/// Spine directory user ids.
pub const SDS_USER: &str = "https://fhir.nhs.uk/Id/sds-user-id";
/// Spine directory role profile ids.
pub const SDS_ROLE_PROFILE: &str = "https://fhir.nhs.uk/Id/sds-role-profile-id";
/// Doctors' index numbers.
pub const DIN: &str = "https://fhir.hl7.org.uk/Id/din-number";
/// Spurious codes, one per additional site.
pub const SPURIOUS: &str = "https://fhir.hl7.org.uk/Id/nhsbsa-spurious-code";
/// Role codes, first system.
pub const JOB_ROLE: &str = "https://fhir.nhs.uk/CodeSystem/NHSDigital-SDS-JobRoleCode";
/// Role codes, second system; EPS wants both.
pub const JOB_ROLE_UK_CORE: &str = "https://fhir.hl7.org.uk/CodeSystem/UKCore-SDSJobRoleName";
/// Kinds of organisation.
pub const ORGANISATION_ROLE: &str = "https://fhir.nhs.uk/CodeSystem/organisation-role";
/// Message events.
pub const MESSAGE_EVENT: &str = "https://fhir.nhs.uk/CodeSystem/message-event";
/// Prescription type extension.
pub const PRESCRIPTION_TYPE: &str = "https://fhir.nhs.uk/StructureDefinition/Extension-DM-PrescriptionType";
/// Prescription type codes.
pub const PRESCRIPTION_TYPE_CODES: &str = "https://fhir.nhs.uk/CodeSystem/prescription-type";
/// Long prescription id extension.
pub const PRESCRIPTION_ID: &str = "https://fhir.nhs.uk/StructureDefinition/Extension-DM-PrescriptionId";
/// Long prescription ids.
pub const PRESCRIPTION: &str = "https://fhir.nhs.uk/Id/prescription";
/// Short prescription ids.
pub const ORDER_NUMBER: &str = "https://fhir.nhs.uk/Id/prescription-order-number";
/// Item ids.
pub const ITEM_NUMBER: &str = "https://fhir.nhs.uk/Id/prescription-order-item-number";
/// Setting of care.
pub const CATEGORY: &str = "http://terminology.hl7.org/CodeSystem/medicationrequest-category";
/// Course of therapy: `acute`, `continuous`.
pub const COURSE: &str = "http://terminology.hl7.org/CodeSystem/medicationrequest-course-of-therapy";
/// Course of therapy: `continuous-repeat-dispensing`.
pub const COURSE_NHS: &str = "https://fhir.nhs.uk/CodeSystem/medicationrequest-course-of-therapy";
/// Dispensing site extension.
pub const SITE_TYPE: &str = "https://fhir.nhs.uk/StructureDefinition/Extension-DM-PerformerSiteType";
/// Dispensing site codes.
pub const SITE_TYPE_CODES: &str = "https://fhir.nhs.uk/CodeSystem/dispensing-site-preference";
/// Endorsement extension.
pub const ENDORSEMENT: &str = "https://fhir.nhs.uk/StructureDefinition/Extension-DM-PrescriptionEndorsement";
/// Endorsement codes.
pub const ENDORSEMENT_CODES: &str = "https://fhir.nhs.uk/CodeSystem/medicationrequest-endorsement";
/// Controlled drug extension.
pub const CONTROLLED_DRUG: &str = "https://fhir.nhs.uk/StructureDefinition/Extension-DM-ControlledDrug";
/// Controlled drug schedules.
pub const CONTROLLED_DRUG_CODES: &str = "https://fhir.nhs.uk/CodeSystem/medicationrequest-controlled-drug";
/// Responsible practitioner extension.
pub const RESPONSIBLE: &str = "https://fhir.nhs.uk/StructureDefinition/Extension-DM-ResponsiblePractitioner";
/// Reasons of a cancellation.
pub const STATUS_REASON: &str = "https://fhir.nhs.uk/CodeSystem/medicationrequest-status-reason";
/// Status history extension of a response.
pub const STATUS_HISTORY: &str = "https://fhir.nhs.uk/StructureDefinition/Extension-DM-PrescriptionStatusHistory";
/// Codes in that history.
pub const STATUS_HISTORY_CODES: &str = "https://fhir.nhs.uk/CodeSystem/medicationrequest-status-history";
/// EPS error codes in an OperationOutcome.
pub const EPS_ISSUE: &str = "https://fhir.nhs.uk/CodeSystem/EPS-IssueCode";
/// Kinds of signature (ASTM E1762).
pub const SIGNATURE_TYPE: &str = "urn:iso-astm:E1762-95:2013";
/// Author's signature in that system.
pub const AUTHOR_SIGNATURE: &str = "1.2.840.10065.1.12.1.1";
/// Sensitivity of a record.
pub const CONFIDENTIALITY: &str = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality";
/// Nominated pharmacy extension of a PDS patient.
pub const NOMINATED_PHARMACY: &str = "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-NominatedPharmacy";
/// Verification status extension of an NHS number.
pub const NHS_NUMBER_STATUS: &str =
    "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-NHSNumberVerificationStatus";
/// Verification status codes (England: 01 to 08).
pub const NHS_NUMBER_STATUS_CODES: &str =
    "https://fhir.hl7.org.uk/CodeSystem/UKCore-NHSNumberVerificationStatusEngland";
