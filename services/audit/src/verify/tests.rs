//! What must not verify, and what must.

use proptest::prelude::*;

use super::*;
use crate::{
    leaf::SCHEMA,
    note::{Signer, tests::pem},
    tree::{Frontier, Nodes, Proof},
};

fn signer() -> Signer {
    Signer::from_pkcs8_pem("ehub.example/audit", &pem()).expect("a key")
}

fn leaves(size: u64) -> Vec<Vec<u8>> {
    let leaf = |seq| LeafV1 { seq, event: vec![7; 16], action: "a".to_owned(), schema: SCHEMA, ..LeafV1::default() };
    (0..size).map(|seq| leaf(seq).to_bytes()).collect()
}

fn signed(leaves: &[Vec<u8>]) -> (String, Nodes) {
    let mut frontier = Frontier::empty();
    let mut nodes = Nodes::new();
    for leaf in leaves {
        nodes.extend(frontier.push(crate::tree::hash_leaf(leaf)));
    }
    let checkpoint =
        Checkpoint { origin: "ehub.example/audit".to_owned(), size: frontier.size(), root: frontier.root() };
    (signer().sign(&checkpoint), nodes)
}

fn export(leaves: Vec<Vec<u8>>, checkpoint: &str) -> Result<Verified, VerifyError> {
    verify_export(leaves.into_iter(), checkpoint, &signer().verifier_key())
}

#[test]
fn deleted_swapped_and_short_exports_fail() {
    let all = leaves(13);
    let (checkpoint, _) = signed(&all);
    let mut deleted = all.clone();
    deleted.remove(4);
    assert_eq!(export(deleted, &checkpoint), Err(VerifyError::Order { index: 4, seq: 5 }));
    let mut swapped = all.clone();
    swapped.swap(2, 3);
    assert_eq!(export(swapped, &checkpoint), Err(VerifyError::Order { index: 2, seq: 3 }));
    assert_eq!(export(all[..12].to_vec(), &checkpoint), Err(VerifyError::Short { got: 12, size: 13 }));
    let mut versioned = all.clone();
    versioned[0][0] = 2;
    assert_eq!(export(versioned, &checkpoint), Err(VerifyError::Leaf { index: 0, cause: LeafError::Version(2) }));
}

#[test]
fn a_checkpoint_of_another_key_fails() {
    let all = leaves(3);
    let (checkpoint, _) = signed(&all);
    let other = Signer::from_pkcs8_pem("other.example", &pem()).expect("a key").verifier_key();
    assert_eq!(verify_export(all.into_iter(), &checkpoint, &other), Err(VerifyError::Note(NoteError::OtherKey)));
}

#[test]
fn leaves_beyond_the_checkpoint_are_counted_and_not_vouched_for() {
    let all = leaves(9);
    let (checkpoint, _) = signed(&all[..6]);
    let verified = export(all, &checkpoint).expect("the first six verify");
    assert_eq!((verified.size, verified.beyond), (6, 3));
    let (empty, _) = signed(&[]);
    assert_eq!(export(Vec::new(), &empty).map(|verified| verified.size), Ok(0));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_flipped_bit_of_an_export_is_found(size in 1_u64..60, at in any::<prop::sample::Index>(), bit in any::<prop::sample::Index>()) {
        let all = leaves(size);
        let (checkpoint, _) = signed(&all);
        prop_assert!(export(all.clone(), &checkpoint).is_ok());
        let mut flipped = all;
        let leaf = at.index(flipped.len());
        let position = bit.index(flipped[leaf].len() * 8);
        flipped[leaf][position / 8] ^= 1 << (position % 8);
        prop_assert!(export(flipped, &checkpoint).is_err());
    }

    #[test]
    fn proofs_verify_for_their_leaf_and_no_other(size in 2_u64..60, at in any::<prop::sample::Index>()) {
        let all = leaves(size);
        let (checkpoint, nodes) = signed(&all);
        let index = at.index(all.len());
        let path: Vec<Vec<u8>> = Proof::inclusion(index as u64, size).expect("possible")
            .hashes(&nodes).expect("nodes").iter().map(|hash| hash.to_vec()).collect();
        let vkey = signer().verifier_key();
        prop_assert!(verify_inclusion(&all[index], index as u64, &path, &checkpoint, &vkey).is_ok());
        let other = (index + 1) % all.len();
        prop_assert!(verify_inclusion(&all[other], other as u64, &path, &checkpoint, &vkey).is_err());
        let (first, _) = signed(&all[..index + 1]);
        let path: Vec<Vec<u8>> = Proof::consistency(index as u64 + 1, size).expect("possible")
            .hashes(&nodes).expect("nodes").iter().map(|hash| hash.to_vec()).collect();
        prop_assert!(verify_consistency(&first, &checkpoint, &path, &vkey).is_ok());
    }
}
