//! The development prescriber's key, as a smartcard would use it.

use std::{fs, path::Path};

use anyhow::Context as _;
use aws_lc_rs::{rand::SystemRandom, rsa::KeyPair, signature::RSA_PKCS1_SHA256};
use base64::{Engine, engine::general_purpose::STANDARD};

/// The namespace of XML signatures.
const DSIG: &str = "http://www.w3.org/2000/09/xmldsig#";

/// Signs as the prescriber.
pub struct Signer {
    key: KeyPair,
    certificate: String,
}

impl Signer {
    /// The key and certificate `ehub dev` keeps in a folder.
    pub fn kept_in(folder: &Path) -> anyhow::Result<Self> {
        let key = fs::read(folder.join("prescriber-key.der")).context("the prescriber's key")?;
        let key = KeyPair::from_pkcs8(&key).context("the prescriber's key")?;
        let pem = fs::read_to_string(folder.join("prescriber-certificate.pem")).context("the certificate")?;
        let certificate = pem.lines().filter(|line| !line.starts_with("-----")).collect();
        Ok(Self { key, certificate })
    }

    /// Signs what EPS gave: base64 of the canonical SignedInfo. Gives base64 of the XML `Signature`.
    pub fn sign(&self, digest: &str) -> anyhow::Result<String> {
        let signed_info = STANDARD.decode(digest).context("the digest is not base64")?;
        let mut signature = vec![0; self.key.public_modulus_len()];
        self.key
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), &signed_info, &mut signature)
            .map_err(|_| anyhow::anyhow!("the key does not sign"))?;
        let inner = String::from_utf8(signed_info)?.replacen(&format!(" xmlns=\"{DSIG}\""), "", 1);
        Ok(STANDARD.encode(format!(
            "<Signature xmlns=\"{DSIG}\">{inner}<SignatureValue>{}</SignatureValue><KeyInfo><X509Data>\
             <X509Certificate>{}</X509Certificate></X509Data></KeyInfo></Signature>",
            STANDARD.encode(signature),
            self.certificate
        )))
    }
}
