//! Notes that must not be believed, and the published example that must.

use super::*;

/// A key for tests, of the seed 00 01 02 … 1f, in PKCS#8 version 1.
pub(crate) fn pem() -> String {
    let mut der = vec![0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];
    der.extend(0..32_u8);
    format!("{PEM_BEGIN}\n{}\n{PEM_END}\n", STANDARD.encode(der))
}

fn signer() -> Signer {
    Signer::from_pkcs8_pem("ehub.example/audit", &pem()).expect("a key")
}

fn checkpoint() -> Checkpoint {
    Checkpoint { origin: "ehub.example/audit".to_owned(), size: 42, root: [7; 32] }
}

#[test]
fn broken_keys_are_refused() {
    assert_eq!(Signer::from_pkcs8_pem("a b", &pem()).err(), Some(KeyError::Name));
    assert_eq!(Signer::from_pkcs8_pem("a+b", &pem()).err(), Some(KeyError::Name));
    assert_eq!(Signer::from_pkcs8_pem("a", "no key").err(), Some(KeyError::Private));
    let vkey = signer().verifier_key();
    for wrong in
        [String::new(), vkey.replace("ehub.example", "evil.example"), vkey.replacen('+', "+0", 1), format!("{vkey}AA")]
    {
        assert_eq!(VerifierKey::parse(&wrong).err(), Some(KeyError::Verifier), "{wrong}");
    }
}

#[test]
fn changed_notes_are_refused() {
    let key = VerifierKey::parse(&signer().verifier_key()).expect("a key");
    let note = signer().sign(&checkpoint());
    assert_eq!(key.open(&note.replace("\n42\n", "\n43\n")), Err(NoteError::Signature));
    assert_eq!(key.open(&note.replace("ehub.example/audit\n42", "evil.example/audit\n42")), Err(NoteError::Signature));
    assert_eq!(key.open(note.trim_end()), Err(NoteError::Malformed));
    assert_eq!(key.open("ehub.example/audit\n42\n"), Err(NoteError::Malformed));
    let other = Signer::from_pkcs8_pem("other.example/audit", &pem()).expect("a key");
    assert_eq!(key.open(&other.sign(&checkpoint())), Err(NoteError::OtherKey));
}

#[test]
fn a_signed_text_that_is_no_checkpoint_is_refused() {
    for text in ["a\n", "a\n007\nBwc=\n", "a\n-1\nBwc=\n", "a\n7\nBwc=\n", "\n7\nBwc=\n"] {
        assert_eq!(Checkpoint::parse(text), Err(NoteError::NotCheckpoint), "{text:?}");
    }
}

#[test]
fn a_note_opens_beside_other_signatures() {
    let key = VerifierKey::parse(&signer().verifier_key()).expect("a key");
    let note = signer().sign(&checkpoint());
    assert_eq!(key.open(&note), Ok(checkpoint()));
    let witness = format!("{SIGNATURE}witness.example {}\n", STANDARD.encode([9; 76]));
    assert_eq!(key.open(&format!("{note}{witness}")), Ok(checkpoint()));
}

#[test]
fn a_note_is_these_bytes_for_ever() {
    let note = signer().sign(&checkpoint());
    let text = format!("ehub.example/audit\n42\n{}\n", STANDARD.encode([7; 32]));
    assert!(note.starts_with(&format!("{text}\n\u{2014} ehub.example/audit ")));
    // As `openssl pkey -pubout` gives it for the same file. Base64 may contain a plus sign.
    assert_eq!(
        signer().verifier_key().splitn(3, '+').nth(2).map(|key| STANDARD.decode(key).expect("base64")),
        Some({
            let mut typed = vec![1];
            typed.extend(PUBLIC);
            typed
        })
    );
    assert_eq!(note, signer().sign(&checkpoint()));
}

/// The example of C2SP's signed-note specification, which Go's `sumdb/note` documents as well.
#[test]
fn the_published_example_verifies() {
    let key = VerifierKey::parse("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW").expect("a key");
    let note = "If you think cryptography is the answer to your problem,\n\
                then you don't know what your problem is.\n\n\
                \u{2014} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
    // The signature is right; the text is no checkpoint.
    assert_eq!(key.open(note), Err(NoteError::NotCheckpoint));
    assert_eq!(key.open(&note.replace("answer", "question")), Err(NoteError::Signature));
}

const PUBLIC: [u8; 32] = [
    0x03, 0xa1, 0x07, 0xbf, 0xf3, 0xce, 0x10, 0xbe, 0x1d, 0x70, 0xdd, 0x18, 0xe7, 0x4b, 0xc0, 0x99, 0x67, 0xe4, 0xd6,
    0x30, 0x9b, 0xa5, 0x0d, 0x5f, 0x1d, 0xdc, 0x86, 0x64, 0x12, 0x55, 0x31, 0xb8,
];
