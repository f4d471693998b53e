//! The acts, each read top to bottom in its own file.

pub mod admit;
pub mod apply_facts;
pub mod get_prescription;
pub mod guard_claims;
pub mod issue_prescription;
pub mod list_cost_centres;
pub mod list_prescriptions;
pub mod look_after;
pub mod prepare_prescription;
pub mod put_cost_centre;
pub mod put_membership;
pub mod raise_prescription;
pub mod send_order;
pub mod sign_prescription;
pub mod void_prescription;
