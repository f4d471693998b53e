//! A prescriber's key and certificate, made for one test run, and the authority that issued it.

use std::{path::PathBuf, sync::LazyLock};

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{RSA_PKCS1_SHA256, RsaKeyPair},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use ehub_fhir::{Signature, SignedParts};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, PKCS_RSA_SHA256, RsaKeySize, date_time_ymd,
};

struct Signer {
    key: RsaKeyPair,
    certificate: Vec<u8>,
    authority: String,
}

static SIGNER: LazyLock<Signer> = LazyLock::new(|| {
    let authority_key = KeyPair::generate().expect("a key");
    let mut authority = params("Prescribers of a test");
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let pem = authority.self_signed(&authority_key).expect("a certificate").pem();
    let pair = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).expect("a key");
    let issuer = Issuer::from_params(&authority, &authority_key);
    let certificate = params("Prescriber").signed_by(&pair, &issuer).expect("a certificate");
    Signer {
        key: RsaKeyPair::from_pkcs8(&pair.serialize_der()).expect("PKCS#8"),
        certificate: certificate.der().to_vec(),
        authority: pem,
    }
});

fn params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::new(Vec::new()).expect("parameters");
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = date_time_ymd(2026, 1, 1);
    params.not_after = date_time_ymd(2027, 1, 1);
    params
}

/// A file with the certificate of who issued the signer's.
pub fn authority() -> PathBuf {
    file("authority", &SIGNER.authority)
}

/// A file with an authority that issued nobody's, under the same name.
pub fn other_authority() -> PathBuf {
    let mut authority = params("Prescribers of a test");
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().expect("a key");
    file("other-authority", &authority.self_signed(&key).expect("a certificate").pem())
}

fn file(name: &str, content: &str) -> PathBuf {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/tmp"));
    std::fs::create_dir_all(&folder).expect("a folder");
    let file = folder.join(format!("prescribing-it-{name}.pem"));
    std::fs::write(&file, content).expect("a file");
    file
}

/// What a signing tool gives for a digest.
pub fn sign(digest: &str) -> String {
    let signer = &*SIGNER;
    let signed_info = STANDARD.decode(digest).expect("base64");
    let mut value = vec![0; signer.key.public_modulus_len()];
    signer.key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), &signed_info, &mut value).expect("signs");
    let parts = SignedParts { signed_info, value, certificate: signer.certificate.clone() };
    STANDARD.encode(Signature::assemble(&parts, "").expect("a signature").xml)
}
