//! A prescription for the Electronic Prescription Service: one to four items for one patient, from one prescriber,
//! charged to one cost centre.

mod build;
mod check;
mod item;
mod parse;

use std::fmt;

use serde_json::Value;
use time::{Date, OffsetDateTime};
use uuid::Uuid;

pub use check::Problem;
pub use item::{ControlledDrug, Item, Quantity};

pub(crate) use build::{Header, people, request};

use build::bundle;
pub(crate) use parse::{header_event, prescription, requests};

use crate::error::FhirError;
use crate::json::resource;
use crate::people::{Organisation, Patient, Prescriber};
use crate::signature::Signature;

/// Items EPS takes in one prescription.
pub const MAX_ITEMS: usize = 4;

/// What a bundle is sent to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interaction {
    /// `$prepare`.
    Prepare,
    /// `$process-message#prescription-order`.
    Order,
}

/// Course of therapy, which is EPS's treatment type 0001, 0002, 0003.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Course {
    /// One course.
    #[default]
    Acute,
    /// Repeat prescription.
    Continuous,
    /// Repeat dispensing.
    RepeatDispensing,
}

/// Where the patient wants it dispensed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DispensingSite {
    /// `P1`: nominated community pharmacy.
    Pharmacy,
    /// `P2`: nominated appliance contractor.
    ApplianceContractor,
    /// `P3`: dispensing doctor.
    DispensingDoctor,
    /// `0004`: no nomination.
    #[default]
    None,
}

/// The nominated dispenser.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dispenser {
    /// ODS code.
    pub ods_code: String,
    /// Name.
    pub name: Option<String>,
}

/// A prescription.
#[derive(Clone, PartialEq, Eq)]
pub struct Prescription {
    /// `Bundle.identifier`: the message id, the same for `$prepare` and the order.
    pub message_id: String,
    /// The long id: the identity.
    pub prescription_id: Uuid,
    /// The short id printed on tokens; not unique for ever.
    pub short_id: String,
    /// Prescription type, for example `0101`.
    pub type_code: String,
    /// Words for it.
    pub type_display: Option<String>,
    /// Course of therapy.
    pub course: Course,
    /// `order` for an acute prescription.
    pub intent: String,
    /// When written, if stated.
    pub authored_on: Option<OffsetDateTime>,
    /// First day of validity.
    pub valid_from: Option<Date>,
    /// Last day of validity.
    pub valid_until: Option<Date>,
    /// Days the supply should last.
    pub supply_days: Option<u32>,
    /// The patient.
    pub patient: Patient,
    /// The prescriber.
    pub prescriber: Prescriber,
    /// The cost centre.
    pub cost_centre: Organisation,
    /// The nominated dispenser.
    pub dispenser: Option<Dispenser>,
    /// Kind of nomination.
    pub site: DispensingSite,
    /// EPS's base URL, named as the destination, without a slash at the end.
    pub endpoint: String,
    /// Items.
    pub items: Vec<Item>,
}

impl fmt::Debug for Prescription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Prescription")
            .field("message_id", &self.message_id)
            .field("prescription_id", &self.prescription_id)
            .field("cost_centre", &self.cost_centre.ods_code)
            .field("items", &self.items.len())
            .finish_non_exhaustive()
    }
}

impl Prescription {
    /// The `$prepare` request.
    pub fn prepare_bundle(&self) -> Value {
        bundle(self, Interaction::Prepare, None)
    }

    /// The signed order.
    pub fn order_bundle(&self, signature: &Signature) -> Value {
        bundle(self, Interaction::Order, Some(signature))
    }

    /// Reads a `$prepare` request or an order; the signature is there for an order.
    pub fn parse(bytes: &[u8]) -> Result<(Self, Option<Signature>), FhirError> {
        parse::order(&resource(bytes, "Bundle")?)
    }

    /// What EPS would refuse, found before it is asked.
    pub fn problems(&self) -> Vec<Problem> {
        check::problems(self)
    }
}
