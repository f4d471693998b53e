//! Identifier, code and profile URLs of the national messages.

/// FHIR's XML namespace.
pub const FHIR: &str = "http://hl7.org/fhir";
/// XHTML, for narratives.
pub const XHTML: &str = "http://www.w3.org/1999/xhtml";
/// Identifiers that are UUIDs.
pub const RFC4122: &str = "https://tools.ietf.org/html/rfc4122";
/// SNOMED CT.
pub const SNOMED: &str = "http://snomed.info/sct";
/// Organisation codes.
pub const ODS: &str = "https://fhir.nhs.uk/Id/ods-organization-code";
/// Site codes, which some senders use for the same purpose.
pub const ODS_SITE: &str = "https://fhir.nhs.uk/Id/ods-site-code";
/// NHS numbers.
pub const NHS_NUMBER: &str = "https://fhir.nhs.uk/Id/nhs-number";
/// Spine directory user identifiers.
pub const SDS_USER: &str = "https://fhir.nhs.uk/Id/sds-user-id";
/// ITK3 message bundle profile.
pub const MESSAGE_BUNDLE: &str = "https://fhir.nhs.uk/STU3/StructureDefinition/ITK-Message-Bundle-1";
/// ITK3 document bundle profile.
pub const DOCUMENT_BUNDLE: &str = "https://fhir.nhs.uk/STU3/StructureDefinition/ITK-Document-Bundle-1";
/// ITK3 message header profile.
pub const MESSAGE_HEADER: &str = "https://fhir.nhs.uk/STU3/StructureDefinition/ITK-MessageHeader-2";
/// ITK3 header organisation profile.
pub const HEADER_ORGANIZATION: &str =
    "https://fhir.nhs.uk/STU3/StructureDefinition/CareConnect-ITK-Header-Organization-1";
/// ITK3 handling instructions extension.
pub const HANDLING: &str = "https://fhir.nhs.uk/STU3/StructureDefinition/Extension-ITK-MessageHandling-2";
/// ITK3 recipient type codes.
pub const RECIPIENT_TYPE: &str = "https://fhir.nhs.uk/STU3/CodeSystem/ITK-RecipientType-1";
/// ITK3 events.
pub const EVENT: &str = "https://fhir.nhs.uk/STU3/CodeSystem/ITK-MessageEvent-2";
/// ITK3 response codes.
pub const RESPONSE_CODE: &str = "https://fhir.nhs.uk/STU3/CodeSystem/ITK-ResponseCodes-1";
/// ITK3 response outcome profile.
pub const RESPONSE_OUTCOME: &str = "https://fhir.nhs.uk/STU3/StructureDefinition/ITK-Response-OperationOutcome-1";
/// ITK3 attachment profile.
pub const ATTACHMENT: &str = "https://fhir.nhs.uk/STU3/StructureDefinition/ITK-Attachment-Binary-1";
/// The message definition of GP Connect Send Document.
pub const SEND_DOCUMENT_DEFINITION: &str =
    "https://fhir.nhs.uk/STU3/MessageDefinition/ITK-GPConnectSendDocument-MessageDefinition-1";
/// Verification status of an NHS number, on the identifier.
pub const VERIFICATION_EXTENSION: &str =
    "https://fhir.hl7.org.uk/STU3/StructureDefinition/Extension-CareConnect-NHSNumberVerificationStatus-1";
/// Codes of that verification status (01 verified … 08).
pub const VERIFICATION_CODES: &str =
    "https://fhir.hl7.org.uk/STU3/CodeSystem/CareConnect-NHSNumberVerificationStatus-1";
/// Preferred language and need of an interpreter.
pub const COMMUNICATION_EXTENSION: &str =
    "https://fhir.hl7.org.uk/STU3/StructureDefinition/Extension-CareConnect-NHSCommunication-1";
/// Language codes of the communication extension.
pub const LANGUAGE_CODES: &str = "https://fhir.hl7.org.uk/STU3/CodeSystem/CareConnect-HumanLanguage-1";
/// This suite's own codes for what a patient needs; other senders may leave them out.
pub const NEED: &str = "urn:ehub:online-consultation:need";
/// This suite's own codes for the topic the patient chose.
pub const TOPIC: &str = "urn:ehub:online-consultation:topic";

/// The Care Connect profile of a resource.
pub fn care_connect(resource: &str) -> String {
    format!("https://fhir.hl7.org.uk/STU3/StructureDefinition/CareConnect-{resource}-1")
}
