//! Which consultation a request names, whatever the request is.

use ehub_identifiers::ConsultationId;
use prost::{
    bytes::Buf as _,
    encoding::{DecodeContext, WireType, decode_key, decode_varint, skip_field},
};
use uuid::Uuid;

/// The one consultation that a request names in a field of its own (`consultations/{uuid}`, and
/// nothing else in it); nothing when it names none, or several. Takes the request as encoded: what
/// refuses a call knows neither its type nor whether its other fields are right.
pub(crate) fn consultation(encoded: &[u8]) -> Option<Uuid> {
    let mut rest = encoded;
    let mut found = None;
    while rest.has_remaining() {
        let (tag, wire) = decode_key(&mut rest).ok()?;
        if wire != WireType::LengthDelimited {
            skip_field(wire, tag, &mut rest, DecodeContext::default()).ok()?;
            continue;
        }
        let length = usize::try_from(decode_varint(&mut rest).ok()?).ok()?;
        let (field, after) = rest.split_at_checked(length)?;
        rest = after;
        let name = str::from_utf8(field).ok().and_then(|text| ConsultationId::parse_name(text).ok());
        match (name.map(|id| id.uuid()), found) {
            (Some(id), Some(other)) if id != other => return None,
            (Some(id), _) => found = Some(id),
            (None, _) => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use ehub_proto::{
        allocation::v1::{ClaimNextRequest, PassBackRequest},
        intake::v1::ListConsultationsRequest,
        prescribing::v1::{Item, RaisePrescriptionRequest},
    };
    use prost::Message as _;

    use super::*;

    const ONE: &str = "consultations/01890a5d-ac96-774b-bcce-b302099a8057";
    const OTHER: &str = "consultations/01890a5d-ac96-774b-bcce-b302099a8058";

    #[test]
    fn a_request_that_names_none_or_several_names_none() {
        let text = PassBackRequest { reason: format!("see {ONE}"), ..PassBackRequest::default() };
        assert_eq!(consultation(&text.encode_to_vec()), None, "part of a text");
        let several =
            ClaimNextRequest { skills: vec![ONE.to_owned(), OTHER.to_owned()], ..ClaimNextRequest::default() };
        assert_eq!(consultation(&several.encode_to_vec()), None);
        assert_eq!(
            consultation(&ListConsultationsRequest { page_size: 7, ..Default::default() }.encode_to_vec()),
            None
        );
        assert_eq!(consultation(&[]), None);
        assert_eq!(consultation(&[0x0a, 0x7f, b'c']), None, "cut short");
    }

    #[test]
    fn a_request_names_its_consultation_among_other_fields() {
        let raise = RaisePrescriptionRequest {
            request_id: "not even a UUID".to_owned(),
            consultation: ONE.to_owned(),
            items: vec![Item { days: 5, ..Item::default() }],
            ..RaisePrescriptionRequest::default()
        };
        let id = ConsultationId::parse_name(ONE).expect("a name").uuid();
        assert_eq!(consultation(&raise.encode_to_vec()), Some(id));
        let twice = ClaimNextRequest { skills: vec![ONE.to_owned(), ONE.to_owned()], ..ClaimNextRequest::default() };
        assert_eq!(consultation(&twice.encode_to_vec()), Some(id), "the same one");
    }
}
