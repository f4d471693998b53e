//! The tree against published roots and against another implementation.

use proptest::prelude::*;
use sigstore_merkle::{verify_consistency_proof, verify_inclusion_proof};

use super::*;

/// A tree of `size` leaves that are their own numbers: its nodes and the root at each size.
fn grown(size: u64) -> (Nodes, Vec<Hash>) {
    let mut frontier = Frontier::empty();
    let mut nodes = Nodes::new();
    let mut roots = vec![frontier.root()];
    for index in 0..size {
        nodes.extend(frontier.push(hash_leaf(&index.to_be_bytes())));
        roots.push(frontier.root());
    }
    (nodes, roots)
}

fn sigstore(hash: &Hash) -> sigstore_types::Sha256Hash {
    sigstore_types::Sha256Hash::new(*hash)
}

fn hex(hash: &Hash) -> String {
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn proofs_of_what_cannot_be_are_refused() {
    assert_eq!(Proof::inclusion(0, 0), None);
    assert_eq!(Proof::inclusion(7, 7), None);
    assert_eq!(Proof::consistency(0, 4), None);
    assert_eq!(Proof::consistency(5, 4), None);
}

#[test]
fn a_missing_node_is_named() {
    let (mut nodes, _) = grown(7);
    let gone = NodeId { level: 1, place: 2 };
    nodes.remove(&gone);
    assert_eq!(Frontier::of(7, &nodes), Err(NodeMissing(gone)));
    let proof = Proof::inclusion(0, 7).expect("possible");
    assert_eq!(proof.hashes(&nodes), Err(NodeMissing(gone)));
}

#[test]
fn roots_are_the_published_ones() {
    // Leaves and roots of the certificate-transparency test vectors (sizes 0 to 8).
    let leaves: [&[u8]; 8] = [
        b"",
        b"\x00",
        b"\x10",
        b"\x20\x21",
        b"\x30\x31",
        b"\x40\x41\x42\x43",
        b"\x50\x51\x52\x53\x54\x55\x56\x57",
        b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
    ];
    let roots = [
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];
    let mut frontier = Frontier::empty();
    assert_eq!(hex(&frontier.root()), roots[0]);
    for (leaf, root) in leaves.iter().zip(&roots[1..]) {
        frontier.push(hash_leaf(leaf));
        assert_eq!(hex(&frontier.root()), *root, "size {}", frontier.size());
    }
}

#[test]
fn every_stored_node_is_written_once() {
    let mut frontier = Frontier::empty();
    let mut seen = Nodes::new();
    for index in 0..300_u64 {
        for (id, hash) in frontier.push(hash_leaf(&index.to_be_bytes())) {
            assert_eq!(seen.insert(id, hash), None);
        }
        assert_eq!(Frontier::of(index + 1, &seen).as_ref(), Ok(&frontier));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_inclusion_proof_verifies_and_no_flipped_bit_does(size in 1_u64..=200, at in any::<prop::sample::Index>(), bit in 0_usize..256) {
        let (nodes, roots) = grown(size);
        let root = roots[usize::try_from(size).expect("small")];
        let index = at.index(usize::try_from(size).expect("small")) as u64;
        let proof = Proof::inclusion(index, size).expect("possible");
        let path = proof.hashes(&nodes).expect("all nodes");
        let leaf = hash_leaf(&index.to_be_bytes());
        let theirs: Vec<_> = path.iter().map(sigstore).collect();
        prop_assert!(verify_inclusion_proof(&sigstore(&leaf), index, size, &theirs, &sigstore(&root)).is_ok());
        let mut other = leaf;
        other[bit / 8] ^= 1 << (bit % 8);
        prop_assert!(verify_inclusion_proof(&sigstore(&other), index, size, &theirs, &sigstore(&root)).is_err());
        for spoiled in 0..path.len() {
            let mut path = path.clone();
            path[spoiled][bit / 8] ^= 1 << (bit % 8);
            let theirs: Vec<_> = path.iter().map(sigstore).collect();
            prop_assert!(verify_inclusion_proof(&sigstore(&leaf), index, size, &theirs, &sigstore(&root)).is_err());
        }
    }

    #[test]
    fn every_consistency_proof_verifies_and_no_flipped_bit_does(second in 1_u64..=200, at in any::<prop::sample::Index>(), bit in 0_usize..256) {
        let (nodes, roots) = grown(second);
        let first = at.index(usize::try_from(second).expect("small")) as u64 + 1;
        let (old, new) = (roots[usize::try_from(first).expect("small")], roots[usize::try_from(second).expect("small")]);
        let path = Proof::consistency(first, second).expect("possible").hashes(&nodes).expect("all nodes");
        let theirs: Vec<_> = path.iter().map(sigstore).collect();
        prop_assert!(verify_consistency_proof(first, second, &theirs, &sigstore(&old), &sigstore(&new)).is_ok());
        for spoiled in 0..path.len() {
            let mut path = path.clone();
            path[spoiled][bit / 8] ^= 1 << (bit % 8);
            let theirs: Vec<_> = path.iter().map(sigstore).collect();
            prop_assert!(verify_consistency_proof(first, second, &theirs, &sigstore(&old), &sigstore(&new)).is_err());
        }
    }
}
