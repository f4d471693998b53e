//! A prescriber's key and certificate, made for one test run.

use std::sync::LazyLock;

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{RSA_PKCS1_SHA256, RsaKeyPair},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use ehub_fhir::{Signature, SignedParts};
use rcgen::{CertificateParams, KeyPair, PKCS_RSA_SHA256, RsaKeySize, date_time_ymd};

static SIGNER: LazyLock<(RsaKeyPair, Vec<u8>)> = LazyLock::new(|| {
    let pair = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).expect("a key");
    let mut params = CertificateParams::new(Vec::new()).expect("parameters");
    params.not_before = date_time_ymd(2026, 1, 1);
    params.not_after = date_time_ymd(2027, 1, 1);
    let certificate = params.self_signed(&pair).expect("a certificate");
    (RsaKeyPair::from_pkcs8(&pair.serialize_der()).expect("PKCS#8"), certificate.der().to_vec())
});

/// What a signing tool gives for a digest.
pub fn sign(digest: &str) -> String {
    let (key, certificate) = &*SIGNER;
    let signed_info = STANDARD.decode(digest).expect("base64");
    let mut value = vec![0; key.public_modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), &signed_info, &mut value).expect("signs");
    let parts = SignedParts { signed_info, value, certificate: certificate.clone() };
    STANDARD.encode(Signature::assemble(&parts, "").expect("a signature").xml)
}
