//! Signed notes and checkpoints as C2SP specifies them (signed-note, tlog-checkpoint), with Ed25519.
//!
//! ```text
//! <origin>
//! <size in decimal>
//! <root in base64>
//!
//! — <key name> <base64 of key id ‖ signature>
//! ```

use std::fmt;

use aws_lc_rs::{
    digest,
    signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey},
};
use base64::{Engine, engine::general_purpose::STANDARD};

use crate::tree::Hash;

/// The signature algorithm Ed25519 in key ids and verifier keys.
const ALGORITHM: u8 = 1;
/// How a signature line begins: an em dash and a space.
const SIGNATURE: &str = "\u{2014} ";
const PEM_BEGIN: &str = "-----BEGIN PRIVATE KEY-----";
const PEM_END: &str = "-----END PRIVATE KEY-----";

/// Why a key cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Names have neither spaces nor plus signs, and are not empty.
    #[error("a key name must not be empty nor contain spaces or '+'")]
    Name,
    /// Not a private key of Ed25519.
    #[error("the key must be Ed25519 in PKCS#8, as PEM")]
    Private,
    /// Not a verifier key of Ed25519.
    #[error("a verifier key is <name>+<key id in hex>+<base64 of 0x01 and 32 bytes>")]
    Verifier,
}

/// Why a note is not one we can trust.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// Not a text with signature lines.
    #[error("it is not a signed note")]
    Malformed,
    /// No line bears the key's name and id.
    #[error("it is not signed by the key given")]
    OtherKey,
    /// A line does, and its signature is wrong.
    #[error("the signature is wrong")]
    Signature,
    /// The text is not a checkpoint.
    #[error("the signed text is not a checkpoint")]
    NotCheckpoint,
}

/// What a checkpoint says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log.
    pub origin: String,
    /// How many leaves.
    pub size: u64,
    /// The root of the tree over them.
    pub root: Hash,
}

impl Checkpoint {
    /// The text that is signed.
    pub fn text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, STANDARD.encode(self.root))
    }

    fn parse(text: &str) -> Result<Self, NoteError> {
        let mut lines = text.split('\n');
        let (Some(origin), Some(size), Some(root)) = (lines.next(), lines.next(), lines.next()) else {
            return Err(NoteError::NotCheckpoint);
        };
        let plain = !size.is_empty()
            && size.bytes().all(|byte| byte.is_ascii_digit())
            && (size == "0" || !size.starts_with('0'));
        let number = size.parse().ok().filter(|_| plain && !origin.is_empty());
        let hash = STANDARD.decode(root).ok().and_then(|bytes| Hash::try_from(bytes).ok());
        match (number, hash) {
            (Some(size), Some(root)) => Ok(Self { origin: origin.to_owned(), size, root }),
            _ => Err(NoteError::NotCheckpoint),
        }
    }
}

/// Signs checkpoints under one name.
pub struct Signer {
    name: String,
    pair: Ed25519KeyPair,
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Signer {
    /// A signer from a private key in PKCS#8, as PEM.
    ///
    /// # Errors
    /// When the name or the key cannot be used.
    pub fn from_pkcs8_pem(name: &str, pem: &str) -> Result<Self, KeyError> {
        if !good_name(name) {
            return Err(KeyError::Name);
        }
        let body = pem.trim().strip_prefix(PEM_BEGIN).and_then(|rest| rest.strip_suffix(PEM_END));
        let body: String = body.ok_or(KeyError::Private)?.split_ascii_whitespace().collect();
        let der = STANDARD.decode(body).map_err(|_| KeyError::Private)?;
        // PKCS#8 version 1, which OpenSSL writes, has no public key to check against.
        let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(&der).map_err(|_| KeyError::Private)?;
        Ok(Self { name: name.to_owned(), pair })
    }

    /// Signs a checkpoint; gives the whole note.
    pub fn sign(&self, checkpoint: &Checkpoint) -> String {
        let text = checkpoint.text();
        let mut signed = key_id(&self.name, self.pair.public_key().as_ref()).to_vec();
        signed.extend_from_slice(self.pair.sign(text.as_bytes()).as_ref());
        format!("{text}\n{SIGNATURE}{} {}\n", self.name, STANDARD.encode(signed))
    }

    /// The verifier key, to be published.
    pub fn verifier_key(&self) -> String {
        let public = self.pair.public_key().as_ref();
        let id: String = key_id(&self.name, public).iter().map(|byte| format!("{byte:02x}")).collect();
        let mut typed = vec![ALGORITHM];
        typed.extend_from_slice(public);
        format!("{}+{id}+{}", self.name, STANDARD.encode(typed))
    }
}

/// A published key that verifies notes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    id: [u8; 4],
    public: Vec<u8>,
}

impl VerifierKey {
    /// Reads a verifier key and checks its id.
    ///
    /// # Errors
    /// When it is not one of Ed25519, or its id is another key's.
    pub fn parse(vkey: &str) -> Result<Self, KeyError> {
        let mut parts = vkey.trim().splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(KeyError::Verifier);
        };
        let typed = STANDARD.decode(key).map_err(|_| KeyError::Verifier)?;
        let Some((&ALGORITHM, public)) = typed.split_first() else { return Err(KeyError::Verifier) };
        let expected = key_id(name, public);
        let told = (id.len() == 8).then(|| u32::from_str_radix(id, 16).ok()).flatten();
        if !good_name(name) || public.len() != 32 || told != Some(u32::from_be_bytes(expected)) {
            return Err(KeyError::Verifier);
        }
        Ok(Self { name: name.to_owned(), id: expected, public: public.to_vec() })
    }

    /// Opens a note: the checkpoint it says, when this key has signed it.
    ///
    /// # Errors
    /// When it is no note, or this key has not signed it.
    pub fn open(&self, note: &str) -> Result<Checkpoint, NoteError> {
        let end = note.rfind("\n\n").ok_or(NoteError::Malformed)? + 1;
        let (text, signatures) = (&note[..end], &note[end + 1..]);
        if signatures.is_empty() || !signatures.ends_with('\n') {
            return Err(NoteError::Malformed);
        }
        let mut found = false;
        for line in signatures.lines() {
            let (name, signature) =
                line.strip_prefix(SIGNATURE).and_then(|rest| rest.split_once(' ')).ok_or(NoteError::Malformed)?;
            let bytes = STANDARD.decode(signature).map_err(|_| NoteError::Malformed)?;
            let (id, signature) = bytes.split_at_checked(4).ok_or(NoteError::Malformed)?;
            // Lines of other keys, such as a witness's, are none of our business.
            if name == self.name && id == self.id {
                let key = UnparsedPublicKey::new(&ED25519, &self.public);
                key.verify(text.as_bytes(), signature).map_err(|_| NoteError::Signature)?;
                found = true;
            }
        }
        if found { Checkpoint::parse(text) } else { Err(NoteError::OtherKey) }
    }
}

fn good_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(|c: char| c.is_whitespace() || c == '+')
}

/// The first four bytes of SHA-256(name ‖ newline ‖ algorithm ‖ public key).
fn key_id(name: &str, public: &[u8]) -> [u8; 4] {
    let mut context = digest::Context::new(&digest::SHA256);
    for part in [name.as_bytes(), b"\n", &[ALGORITHM], public] {
        context.update(part);
    }
    let mut id = [0; 4];
    id.copy_from_slice(&context.finish().as_ref()[..4]);
    id
}

#[cfg(test)]
pub(crate) mod tests;
