//! The small world that `ehub dev` plays in: organisations, mailboxes, people. All of it is made up.

use ehub_auth::{Kind, dev_issuer::TokenSpec};
use ehub_identifiers::OdsCode;

/// An organisation of the development world.
#[derive(Debug, Clone, Copy)]
pub struct Organisation {
    pub ods: &'static str,
    pub name: &'static str,
    pub kind: OrganisationKind,
    pub mailbox: Option<&'static str>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrganisationKind {
    Practice,
    Hub,
    Supplier,
}

pub const ICB: &str = "QOP";
pub const HUB: &str = "H8H01";
pub const HUB_NAME: &str = "Northside Access Hub";
pub const SUPPLIER: &str = "SUP01";
pub const COST_CENTRE: &str = "Y01234";
/// The practice without a write-back agreement.
pub const NO_AGREEMENT: &str = "C83003";

pub const INTAKE_MAILBOX: &str = "HUBINT01";
pub const WRITEBACK_MAILBOX: &str = "HUBWRB01";
pub const SUPPLIER_MAILBOX: &str = "SUPPL001";
pub const MAILBOX_PASSWORD: &str = "development";
pub const MESH_SHARED_KEY: &str = "DevelopmentKey";

pub const ORGANISATIONS: [Organisation; 5] = [
    Organisation { ods: "A81001", name: "Alder Surgery", kind: OrganisationKind::Practice, mailbox: Some("PRACA001") },
    Organisation { ods: "B82002", name: "Birch Practice", kind: OrganisationKind::Practice, mailbox: Some("PRACB002") },
    Organisation {
        ods: NO_AGREEMENT,
        name: "Cedar Medical Centre",
        kind: OrganisationKind::Practice,
        mailbox: Some("PRACC003"),
    },
    Organisation { ods: HUB, name: HUB_NAME, kind: OrganisationKind::Hub, mailbox: None },
    Organisation { ods: SUPPLIER, name: "Example Forms Ltd", kind: OrganisationKind::Supplier, mailbox: None },
];

/// The practices of the development world.
pub fn practices() -> impl Iterator<Item = &'static Organisation> {
    ORGANISATIONS.iter().filter(|organisation| organisation.kind == OrganisationKind::Practice)
}

/// Somebody a token can be had for.
#[derive(Debug, Clone, Copy)]
pub struct Persona {
    /// The `client_id` at the token endpoint, and `sub`.
    pub name: &'static str,
    pub kind: Kind,
    pub organisation: &'static str,
    pub role: &'static str,
    pub full_name: &'static str,
    pub scopes: &'static [&'static str],
}

const CLINICIAN: &[&str] = &[
    "work.claim",
    "work.read",
    "work.transfer",
    "work.override",
    "work.complete",
    "alert.read",
    "consultation.read",
    "entry.file",
    "entry.read",
    "prescription.raise",
    "prescription.sign",
    "prescription.read",
];
const PRACTICE_STAFF: &[&str] = &[
    "work.claim",
    "work.read",
    "work.transfer",
    "work.complete",
    "consultation.read",
    "consultation.submit",
    "consultation.withdraw",
    "entry.read",
    "prescription.read",
    "audit.read",
];

const OPERATOR: &[&str] = &["stream.read", "stream.operate"];

pub const PERSONAS: [Persona; 12] = [
    Persona {
        name: "supplier",
        kind: Kind::Client,
        organisation: SUPPLIER,
        role: "",
        full_name: "",
        scopes: &["consultation.submit", "consultation.read", "consultation.status", "consultation.withdraw"],
    },
    Persona {
        name: "hub-admin",
        kind: Kind::Client,
        organisation: HUB,
        role: "",
        full_name: "",
        scopes: &[
            "register.write",
            "register.read",
            "enrolment.write",
            "enrolment.read",
            "agreement.write",
            "agreement.read",
            "costcentre.write",
            "costcentre.read",
            "audit.verify",
        ],
    },
    Persona {
        name: "gp-anna",
        kind: Kind::Person,
        organisation: HUB,
        role: "gp",
        full_name: "Dr Anna Amberley",
        scopes: CLINICIAN,
    },
    Persona {
        name: "gp-bert",
        kind: Kind::Person,
        organisation: HUB,
        role: "gp",
        full_name: "Dr Bert Brook",
        scopes: CLINICIAN,
    },
    Persona {
        name: "admin-cora",
        kind: Kind::Person,
        organisation: HUB,
        role: "administrator",
        full_name: "Cora Clarke",
        scopes: CLINICIAN,
    },
    Persona {
        name: "duty-dan",
        kind: Kind::Person,
        organisation: HUB,
        role: "gp",
        full_name: "Dr Dan Dale",
        scopes: &[
            "alert.read",
            "alert.acknowledge",
            "quarantine.read",
            "quarantine.convert",
            "consultation.read",
            "work.read",
            "entry.read",
            "entry.settle",
            "prescription.read",
        ],
    },
    Persona {
        name: "practice-alder",
        kind: Kind::Person,
        organisation: "A81001",
        role: "administrator",
        full_name: "Alex Alder",
        scopes: PRACTICE_STAFF,
    },
    Persona {
        name: "practice-birch",
        kind: Kind::Person,
        organisation: "B82002",
        role: "administrator",
        full_name: "Bea Birch",
        scopes: PRACTICE_STAFF,
    },
    Persona {
        name: "practice-cedar",
        kind: Kind::Person,
        organisation: NO_AGREEMENT,
        role: "administrator",
        full_name: "Cem Cedar",
        scopes: PRACTICE_STAFF,
    },
    Persona {
        name: "auditor",
        kind: Kind::Person,
        organisation: HUB,
        role: "auditor",
        full_name: "Ida Inspector",
        scopes: &["audit.verify", "audit.read", "consultation.read", "work.read"],
    },
    Persona {
        name: "ops-olga",
        kind: Kind::Person,
        organisation: HUB,
        role: "operator",
        full_name: "Olga Orr",
        scopes: OPERATOR,
    },
    Persona {
        name: "ops-omar",
        kind: Kind::Person,
        organisation: HUB,
        role: "operator",
        full_name: "Omar Oakes",
        scopes: OPERATOR,
    },
];

impl Persona {
    /// The persona of a name.
    pub fn named(name: &str) -> Option<&'static Self> {
        PERSONAS.iter().find(|persona| persona.name == name)
    }

    /// What its access token says.
    pub fn token(&self) -> TokenSpec {
        let client = if self.kind == Kind::Person { "front-end" } else { self.name };
        let mut spec = TokenSpec::new(self.kind, self.name, client);
        spec.organisation = OdsCode::parse(self.organisation).ok();
        spec.scopes = self.scopes.iter().map(|scope| (*scope).to_owned()).collect();
        if self.kind == Kind::Person {
            spec.role = Some(self.role.to_owned());
            spec.name = Some(self.full_name.to_owned());
        } else if self.organisation == SUPPLIER {
            spec.practices = Some(practices().filter_map(|practice| OdsCode::parse(practice.ods).ok()).collect());
        }
        spec
    }
}
