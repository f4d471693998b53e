//! Good and bad signatures, made here with keys made here.

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{RSA_PKCS1_SHA256, RsaKeyPair},
};
use rcgen::{CertificateParams, KeyPair, PKCS_RSA_SHA256, date_time_ymd};
use time::macros::datetime;

use super::*;

const NOW: OffsetDateTime = datetime!(2026-11-20 10:00 UTC);
const INFO: &str = "<SignedInfo xmlns=\"http://www.w3.org/2000/09/xmldsig#\"><CanonicalizationMethod Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"></CanonicalizationMethod><SignatureMethod Algorithm=\"http://www.w3.org/2001/04/xmldsig-more#rsa-sha256\"></SignatureMethod><Reference><Transforms><Transform Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"></Transform></Transforms><DigestMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha256\"></DigestMethod><DigestValue>OC8JMZrNNEoAeG6EJiz78BRdavQqWszw7jRAjFN9kvg=</DigestValue></Reference></SignedInfo>";

struct Signer {
    key: RsaKeyPair,
    certificate: String,
}

impl Signer {
    fn new() -> Self {
        let pair = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, rcgen::RsaKeySize::_2048).expect("a key");
        let mut params = CertificateParams::new(Vec::new()).expect("parameters");
        params.not_before = date_time_ymd(2026, 1, 1);
        params.not_after = date_time_ymd(2027, 1, 1);
        let certificate = params.self_signed(&pair).expect("a certificate");
        let key = RsaKeyPair::from_pkcs8(&pair.serialize_der()).expect("PKCS#8");
        Self { key, certificate: STANDARD.encode(certificate.der()) }
    }

    fn value(&self, info: &str) -> String {
        let mut value = vec![0; self.key.public_modulus_len()];
        self.key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), info.as_bytes(), &mut value).expect("signs");
        STANDARD.encode(value)
    }

    /// The document as signers make it: `SignedInfo` inherits the namespace.
    fn document(&self, info: &str, signed: &str) -> String {
        let inner = info.replacen(" xmlns=\"http://www.w3.org/2000/09/xmldsig#\"", "", 1);
        let (value, certificate) = (self.value(signed), &self.certificate);
        format!(
            "<Signature xmlns=\"http://www.w3.org/2000/09/xmldsig#\">{inner}<SignatureValue>{value}</SignatureValue>\
             <KeyInfo><X509Data><X509Certificate>{certificate}</X509Certificate></X509Data></KeyInfo></Signature>"
        )
    }
}

fn check(document: &str, at: OffsetDateTime) -> Result<(), SignatureRefused> {
    verify(&STANDARD.encode(document), &STANDARD.encode(INFO), &Authorities::any(), at)
}

#[test]
fn what_is_no_signature_is_refused() {
    assert_eq!(
        verify("not base64!", &STANDARD.encode(INFO), &Authorities::any(), NOW),
        Err(SignatureRefused::NotBase64)
    );
    assert_eq!(
        verify(&"A".repeat(100_000), &STANDARD.encode(INFO), &Authorities::any(), NOW),
        Err(SignatureRefused::NotBase64)
    );
    for document in ["", "text", "<Signature/>", "<a xmlns=\"http://www.w3.org/2000/09/xmldsig#\"></a>"] {
        assert_eq!(check(document, NOW), Err(SignatureRefused::NotASignature), "{document}");
    }
}

#[test]
fn a_signature_over_another_digest_is_refused() {
    let signer = Signer::new();
    let other = INFO.replace("OC8J", "AAAA");
    // Good in itself, for another prescription.
    assert_eq!(check(&signer.document(&other, &other), NOW), Err(SignatureRefused::OtherDigest));
    // Shows this prescription's SignedInfo, and is over another's.
    assert_eq!(check(&signer.document(INFO, &other), NOW), Err(SignatureRefused::DoesNotVerify));
}

#[test]
fn a_signature_of_another_key_is_refused() {
    let (signer, other) = (Signer::new(), Signer::new());
    let document = signer.document(INFO, INFO).replace(&signer.certificate, &other.certificate);
    assert_eq!(check(&document, NOW), Err(SignatureRefused::DoesNotVerify));
    let document = signer.document(INFO, INFO).replace(&signer.certificate, "AAAA");
    assert_eq!(check(&document, NOW), Err(SignatureRefused::Certificate));
}

#[test]
fn a_certificate_must_be_in_force() {
    let document = Signer::new().document(INFO, INFO);
    for at in [datetime!(2025-12-31 23:59:59 UTC), datetime!(2027-01-01 00:00:01 UTC)] {
        assert_eq!(check(&document, at), Err(SignatureRefused::CertificateNotInForce));
    }
}

#[test]
fn a_key_of_another_kind_is_refused() {
    let pair = KeyPair::generate().expect("an elliptic key");
    let certificate =
        CertificateParams::new(Vec::new()).expect("parameters").self_signed(&pair).expect("a certificate");
    let signer = Signer::new();
    let document = signer.document(INFO, INFO).replace(&signer.certificate, &STANDARD.encode(certificate.der()));
    assert_eq!(check(&document, NOW), Err(SignatureRefused::Certificate));
}

#[test]
fn two_of_anything_and_hidden_parts_are_refused() {
    let good = Signer::new().document(INFO, INFO);
    let twice = good.replace("<SignatureValue>", "<SignedInfo></SignedInfo><SignatureValue>");
    let comment = good.replace("<DigestValue>", "<!-- x --><DigestValue>");
    let entity = good.replace("<DigestValue>", "<DigestValue>&#79;");
    let doctype = format!("<!DOCTYPE Signature>{good}");
    let prefixed = good.replace("SignatureValue>", "ds:SignatureValue>");
    let foreign = good.replace("<Reference>", "<Reference xmlns=\"urn:other\">");
    for document in [twice, comment, entity, doctype, prefixed, foreign, format!("{good}{good}")] {
        assert_eq!(check(&document, NOW), Err(SignatureRefused::NotASignature), "{document}");
    }
}

#[test]
fn a_good_signature_is_accepted_however_it_is_written() {
    let good = Signer::new().document(INFO, INFO);
    assert_eq!(check(&good, NOW), Ok(()));
    // The namespace said again, an XML declaration, white space where it means nothing,
    // empty elements in the short form.
    let other = good
        .replace("<SignedInfo>", "<SignedInfo xmlns=\"http://www.w3.org/2000/09/xmldsig#\">")
        .replace("<KeyInfo>", "\n <KeyInfo>\n ")
        .replace("xml-exc-c14n#\"></CanonicalizationMethod>", "xml-exc-c14n#\" />");
    assert_eq!(check(&format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{other}"), NOW), Ok(()));
}
