//! Keys of a development run: grants, audit log, page tokens, and a prescriber's signing key that
//! no service ever holds.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use aws_lc_rs::{rand::SystemRandom, rsa::KeyPair, signature::RSA_PKCS1_SHA256};
use base64::{Engine, engine::general_purpose::STANDARD};
use ehub_auth::dev_issuer::{DevKey, jwks};
use ehub_clock::Clock;
use ehub_prescribing::DEVELOPMENT_AUTHORITY;

/// The namespace of XML signatures.
const DSIG: &str = "http://www.w3.org/2000/09/xmldsig#";

/// Writes the keys that services are configured with; gives the folder back.
pub fn write(folder: &Path, clock: &Clock) -> anyhow::Result<()> {
    fs::create_dir_all(folder)?;
    let grants = DevKey::generate(clock, "grant-1");
    fs::write(folder.join("grant-key.pem"), grants.pkcs8_pem())?;
    fs::write(folder.join("grant-jwks.json"), jwks([&grants]))?;
    let audit = DevKey::generate(clock, "audit-1");
    fs::write(folder.join("audit-key.pem"), audit.pkcs8_pem())?;
    fs::write(folder.join("pages-key"), STANDARD.encode(clock.random::<32>()))?;
    fs::write(folder.join("patient-key"), STANDARD.encode(clock.random::<32>()))?;
    Ok(())
}

/// The public half of the audit log's key, as auditors are given it (C2SP vkey).
pub fn audit_verifier_key(folder: &Path, origin: &str) -> anyhow::Result<String> {
    let pem = fs::read_to_string(folder.join("audit-key.pem"))?;
    let signer = ehub_audit::note::Signer::from_pkcs8_pem(origin, &pem).context("the audit log's key")?;
    Ok(signer.verifier_key().to_string())
}

/// Where a folder keeps the certificate of who issued the prescriber's.
pub fn authority_file(folder: &Path) -> PathBuf {
    folder.join("prescriber-authority.pem")
}

/// A prescriber's key and certificate, as a smartcard would hold them. Development only.
pub struct Signer {
    key: KeyPair,
    certificate: Vec<u8>,
}

impl Signer {
    /// The signer kept in a folder, made when there is none, by an authority of its own beside it.
    pub fn kept_in(folder: &Path) -> anyhow::Result<Self> {
        let (key_file, certificate_file) =
            (folder.join("prescriber-key.der"), folder.join("prescriber-certificate.pem"));
        let authority_file = authority_file(folder);
        if !(key_file.is_file() && certificate_file.is_file() && authority_file.is_file()) {
            fs::create_dir_all(folder)?;
            let authority_key = rcgen::KeyPair::generate().context("a key")?;
            let mut authority = rcgen::CertificateParams::new(Vec::new())?;
            authority.distinguished_name.push(rcgen::DnType::CommonName, DEVELOPMENT_AUTHORITY);
            authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Constrained(0));
            authority.key_usages = vec![rcgen::KeyUsagePurpose::KeyCertSign];
            let authority_certificate = authority.self_signed(&authority_key).context("a certificate")?;
            let pair = rcgen::KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256).context("an RSA key")?;
            let mut prescriber = rcgen::CertificateParams::new(vec!["development.prescriber.invalid".to_owned()])?;
            prescriber.key_usages =
                vec![rcgen::KeyUsagePurpose::DigitalSignature, rcgen::KeyUsagePurpose::ContentCommitment];
            let issuer = rcgen::Issuer::from_params(&authority, &authority_key);
            let certificate = prescriber.signed_by(&pair, &issuer).context("a certificate")?;
            fs::write(&key_file, pair.serialize_der())?;
            fs::write(&certificate_file, certificate.pem())?;
            // The authority's key is not kept: it issues this one certificate.
            fs::write(&authority_file, authority_certificate.pem())?;
        }
        let key = KeyPair::from_pkcs8(&fs::read(&key_file)?).context("the prescriber's key")?;
        let pem = fs::read_to_string(&certificate_file)?;
        let body: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
        Ok(Self { key, certificate: STANDARD.decode(body).context("the prescriber's certificate")? })
    }

    /// The certificate in PEM, for whoever must trust it.
    pub fn certificate_base64(&self) -> String {
        STANDARD.encode(&self.certificate)
    }

    /// Signs what EPS gave: the base64 of the canonical SignedInfo. Gives the base64 of the XML
    /// `Signature` element for `Provenance.signature.data`.
    pub fn sign(&self, digest: &str) -> anyhow::Result<String> {
        let signed_info = STANDARD.decode(digest).context("the digest is not base64")?;
        let mut signature = vec![0; self.key.public_modulus_len()];
        self.key
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), &signed_info, &mut signature)
            .map_err(|_| anyhow::anyhow!("the key does not sign"))?;
        // Inside Signature the namespace is inherited; canonicalising SignedInfo brings it back.
        let inner = String::from_utf8(signed_info)?.replacen(&format!(" xmlns=\"{DSIG}\""), "", 1);
        Ok(STANDARD.encode(format!(
            "<Signature xmlns=\"{DSIG}\">{inner}<SignatureValue>{}</SignatureValue><KeyInfo><X509Data>\
             <X509Certificate>{}</X509Certificate></X509Data></KeyInfo></Signature>",
            STANDARD.encode(signature),
            STANDARD.encode(&self.certificate)
        )))
    }
}
