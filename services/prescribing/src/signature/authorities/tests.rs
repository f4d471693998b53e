//! Chains made here: good, cut, of others, of the development suite.

use std::path::PathBuf;

use rcgen::{
    BasicConstraints, Certificate, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose, date_time_ymd,
};
use time::macros::datetime;

use super::*;

const NOW: OffsetDateTime = datetime!(2026-11-20 10:00 UTC);

/// A certificate and its key.
pub(crate) struct Made {
    pub(crate) certificate: Certificate,
    params: CertificateParams,
    key: KeyPair,
}

impl Made {
    fn params(name: &str, authority: bool) -> CertificateParams {
        let mut params = CertificateParams::new(Vec::new()).expect("parameters");
        params.distinguished_name.push(DnType::CommonName, name);
        params.not_before = date_time_ymd(2026, 1, 1);
        params.not_after = date_time_ymd(2027, 1, 1);
        if authority {
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        }
        params
    }

    pub(crate) fn root(name: &str) -> Self {
        let (params, key) = (Self::params(name, true), KeyPair::generate().expect("a key"));
        Self { certificate: params.self_signed(&key).expect("a certificate"), params, key }
    }

    fn issues(&self, name: &str, authority: bool) -> Self {
        let (params, key) = (Self::params(name, authority), KeyPair::generate().expect("a key"));
        let issuer = Issuer::from_params(&self.params, &self.key);
        Self { certificate: params.signed_by(&key, &issuer).expect("a certificate"), params, key }
    }

    fn der(&self) -> Vec<u8> {
        self.certificate.der().to_vec()
    }
}

/// A file of this test's own.
pub(crate) fn file(name: &str, content: &str) -> PathBuf {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/tmp"));
    std::fs::create_dir_all(&folder).expect("a folder");
    let file = folder.join(format!("prescribing-{name}.pem"));
    std::fs::write(&file, content).expect("a file");
    file
}

fn of(name: &str, made: &Made) -> Authorities {
    Authorities::read(&[file(name, &made.certificate.pem())]).expect("an authority")
}

#[test]
fn files_that_name_no_authority_are_refused() {
    let nowhere = PathBuf::from("/nowhere/authority.pem");
    assert_eq!(Authorities::read(std::slice::from_ref(&nowhere)).err(), Some(AuthoritiesError::Unreadable(nowhere)));
    let empty = file("empty", "no certificate here\n");
    assert_eq!(Authorities::read(std::slice::from_ref(&empty)).err(), Some(AuthoritiesError::Empty(empty)));
    let broken = file("broken", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    assert_eq!(Authorities::read(std::slice::from_ref(&broken)).err(), Some(AuthoritiesError::Unreadable(broken)));
    let leaf = file("leaf", &Made::root("Root").issues("Prescriber", false).certificate.pem());
    assert_eq!(Authorities::read(std::slice::from_ref(&leaf)).err(), Some(AuthoritiesError::NotAnAuthority(leaf)));
}

#[test]
fn who_was_issued_by_nobody_named_is_no_prescriber() {
    let (root, other) = (Made::root("Prescribers"), Made::root("Prescribers"));
    let named = of("named", &root);
    let end = other.issues("Prescriber", false);
    assert!(!named.issued(&end.der(), &[], NOW), "another authority under the same name");
    assert!(!named.issued(&end.der(), &[other.der()], NOW), "which brings its own certificate along");
    let mut alone = Made::params("Prescriber", false);
    alone.is_ca = IsCa::NoCa;
    let alone = alone.self_signed(&KeyPair::generate().expect("a key")).expect("a certificate");
    assert!(!named.issued(alone.der(), &[], NOW), "self-signed");
    assert!(!named.issued(&root.der(), &[], NOW), "the authority itself prescribes nothing");
    assert!(!named.issued(b"no certificate", &[], NOW));
}

#[test]
fn a_prescriber_may_not_issue_prescribers() {
    let root = Made::root("Prescribers");
    let named = of("not-issuing", &root);
    let prescriber = root.issues("Prescriber", false);
    let friend = prescriber.issues("Friend", false);
    assert!(!named.issued(&friend.der(), &[prescriber.der()], NOW));
}

#[test]
fn a_chain_must_be_whole_and_in_force() {
    let root = Made::root("Prescribers");
    let named = of("chain", &root);
    let region = root.issues("Prescribers, a region", true);
    let end = region.issues("Prescriber", false);
    assert!(named.issued(&end.der(), &[region.der()], NOW));
    assert!(!named.issued(&end.der(), &[], NOW), "the one between is missing");
    assert!(!named.issued(&end.der(), &vec![region.der(); 5], NOW), "too many between");
    assert!(!named.issued(&end.der(), &[region.der()], datetime!(2027-01-01 00:00:01 UTC)));
    assert!(named.issued(&root.issues("Prescriber", false).der(), &[], NOW));
}

#[test]
fn without_authorities_any_certificate_counts() {
    let end = Made::root("Whoever").issues("Prescriber", false);
    assert!(Authorities::any().issued(&end.der(), &[], NOW));
    assert!(!Authorities::any().trust_development());
}

#[test]
fn the_development_authority_is_recognised() {
    assert!(of("development", &Made::root(DEVELOPMENT_AUTHORITY)).trust_development());
    assert!(!of("real", &Made::root("Prescribers")).trust_development());
}
