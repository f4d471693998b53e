//! What is answered.

use ehub_proto::{
    prescribing::v1::{
        CostCentre as ProtoCostCentre, GetPrescriptionResponse, IssuePrescriptionResponse, ListCostCentresResponse,
        ListPrescriptionsResponse, Membership as ProtoMembership, PreparePrescriptionResponse,
        Prescription as ProtoPrescription, PutCostCentreResponse, PutMembershipResponse, RaisePrescriptionResponse,
        SignPrescriptionResponse, VoidPrescriptionResponse,
    },
    timestamp,
};
use time::Date;

use crate::{
    domain::{CostCentre, Membership, Prescription},
    events::{item, state},
    operations::{
        list_cost_centres::CostCentrePage, list_prescriptions::Page, prepare_prescription::Prepared,
        put_cost_centre::WithMembers,
    },
};

pub fn raised(prescription: &Prescription) -> RaisePrescriptionResponse {
    RaisePrescriptionResponse {
        name: prescription.id.name(),
        short_id: prescription.short_id.clone(),
        state: state(prescription.state).into(),
        etag: prescription.etag(),
    }
}

pub fn prepared(prepared: &Prepared) -> PreparePrescriptionResponse {
    PreparePrescriptionResponse {
        digest: prepared.digest.clone(),
        digest_timestamp: prepared.timestamp.clone(),
        algorithm: prepared.algorithm.clone(),
        etag: prepared.etag.clone(),
    }
}

pub fn signed(prescription: &Prescription) -> SignPrescriptionResponse {
    SignPrescriptionResponse { state: state(prescription.state).into(), etag: prescription.etag() }
}

pub fn issued(prescription: &Prescription) -> IssuePrescriptionResponse {
    IssuePrescriptionResponse {
        state: state(prescription.state).into(),
        issue_time: prescription.issued_at.map(timestamp),
        etag: prescription.etag(),
    }
}

pub fn voided(prescription: &Prescription) -> VoidPrescriptionResponse {
    VoidPrescriptionResponse { state: state(prescription.state).into() }
}

pub fn got(one: &Prescription) -> GetPrescriptionResponse {
    GetPrescriptionResponse { prescription: Some(prescription(one)) }
}

pub fn listed(page: &Page) -> ListPrescriptionsResponse {
    ListPrescriptionsResponse {
        prescriptions: page.prescriptions.iter().map(prescription).collect(),
        next_page_token: page.next.clone(),
    }
}

pub fn cost_centre_put(put: &WithMembers) -> PutCostCentreResponse {
    PutCostCentreResponse { cost_centre: Some(cost_centre(put)) }
}

pub fn membership_put(member: &Membership) -> PutMembershipResponse {
    PutMembershipResponse { membership: Some(membership(member)) }
}

pub fn cost_centres((found, next): &CostCentrePage) -> ListCostCentresResponse {
    ListCostCentresResponse { cost_centres: found.iter().map(cost_centre).collect(), next_page_token: next.clone() }
}

fn prescription(one: &Prescription) -> ProtoPrescription {
    ProtoPrescription {
        name: one.id.name(),
        short_id: one.short_id.clone(),
        consultation: one.consultation.name(),
        cost_centre_ods: one.cost_centre.to_string(),
        practice_ods: one.practice_ods.clone(),
        prescriber: one.prescriber.clone(),
        state: state(one.state).into(),
        items: one.items.iter().map(item).collect(),
        pharmacy_ods: one.pharmacy.clone().unwrap_or_default(),
        raise_time: Some(timestamp(one.raised_at)),
        sign_time: one.signed_at.map(timestamp),
        issue_time: one.issued_at.map(timestamp),
        sign_by: Some(timestamp(one.sign_by)),
        etag: one.etag(),
        refusal_code: one.refusal_code.clone().unwrap_or_default(),
    }
}

fn cost_centre((one, members): &(CostCentre, Vec<Membership>)) -> ProtoCostCentre {
    ProtoCostCentre {
        ods: one.ods.to_string(),
        display_name: one.display_name.clone(),
        icb_ods: one.icb.to_string(),
        organisation_ods: one.organisation_ods.to_string(),
        from_date: date(one.period.from),
        to_date: one.period.to.map(date).unwrap_or_default(),
        address: one.address.clone(),
        phone: one.phone.clone(),
        members: members.iter().map(membership).collect(),
    }
}

fn membership(one: &Membership) -> ProtoMembership {
    ProtoMembership {
        cost_centre_ods: one.cost_centre.to_string(),
        subject: one.subject.clone(),
        display_name: one.display_name.clone(),
        sds_user_id: one.sds_user_id.clone(),
        sds_role_profile_id: one.sds_role_profile_id.clone(),
        role_code: one.role_code.clone(),
        professional_register: one.register.as_str().to_owned(),
        professional_code: one.professional_code.clone(),
        din: one.din.clone().unwrap_or_default(),
        spurious_code: one.spurious_code.clone().unwrap_or_default(),
        prescription_type: one.prescription_type.clone(),
        from_date: date(one.period.from),
        to_date: one.period.to.map(date).unwrap_or_default(),
    }
}

/// `YYYY-MM-DD`, as `Date` shows itself for the years in question.
fn date(date: Date) -> String {
    date.to_string()
}
