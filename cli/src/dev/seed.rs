//! Sets the development world up through the public API, as an operator would.

use anyhow::Context as _;
use ehub_auth::Kind;
use ehub_proto::{
    allocation::v1::{
        AccessAgreement, Organisation, OrganisationKind as ProtoKind, PutAccessAgreementRequest,
        PutOrganisationRequest, PutRosterRequest, Roster,
    },
    intake::v1::{Enrolment, Need, Promise, PutEnrolmentRequest, Urgency},
    prescribing::v1::{CostCentre, Membership, PutCostCentreRequest, PutMembershipRequest},
    writeback::v1::{Agreement, PutAgreementRequest},
};

use super::world::{
    COST_CENTRE, HUB, HUB_NAME, ICB, NO_AGREEMENT, ORGANISATIONS, OrganisationKind, PERSONAS, practices,
};
use crate::{
    session::{Session, Suite, new_id},
    waiting::{Patience, patiently, reason},
};

/// The first day of everything in the development world.
const FROM: &str = "2024-01-01";

/// Registers organisations, people, access, enrolments, agreements and the cost centre.
pub async fn seed(suite: &Suite, duty: &str) -> anyhow::Result<()> {
    let admin = suite.as_persona("hub-admin");
    register(&admin).await.context("the register")?;
    // The others learn of organisations by event, a moment later.
    tokio::try_join!(
        async { patiently(Patience::SETTING_UP, |_| {}, || enrol(&admin, duty)).await.context("enrolments") },
        async { patiently(Patience::SETTING_UP, |_| {}, || agree(&admin)).await.context("write-back agreements") },
        async { patiently(Patience::SETTING_UP, |_| {}, || prescribe(&admin)).await.context("the cost centre") },
    )?;
    Ok(())
}

async fn register(admin: &Session) -> anyhow::Result<()> {
    let mut register = admin.register();
    for organisation in &ORGANISATIONS {
        let kind = match organisation.kind {
            OrganisationKind::Practice => ProtoKind::Practice,
            OrganisationKind::Hub => ProtoKind::Hub,
            OrganisationKind::Supplier => ProtoKind::Supplier,
        };
        let organisation = Organisation {
            name: String::new(),
            ods: organisation.ods.to_owned(),
            kind: kind.into(),
            display_name: organisation.name.to_owned(),
            icb_ods: if kind == ProtoKind::Supplier { String::new() } else { ICB.to_owned() },
            mesh_mailbox: organisation.mailbox.unwrap_or_default().to_owned(),
            from_date: FROM.to_owned(),
        };
        let request = PutOrganisationRequest { request_id: new_id(), organisation: Some(organisation) };
        register.put_organisation(admin.request(request).await?).await?;
    }
    for practice in practices() {
        let agreement = AccessAgreement {
            organisation_ods: HUB.to_owned(),
            practice_ods: practice.ods.to_owned(),
            capabilities: ["work", "file", "prescribe", "audit"].map(str::to_owned).to_vec(),
            from_date: FROM.to_owned(),
            to_date: String::new(),
        };
        let request = PutAccessAgreementRequest { request_id: new_id(), agreement: Some(agreement) };
        register.put_access_agreement(admin.request(request).await?).await?;
    }
    // Operators work for no patient: they are on no roster.
    let people = PERSONAS.iter().filter(|persona| persona.kind == Kind::Person && persona.role != "operator");
    for persona in people {
        let roster = Roster {
            subject: persona.name.to_owned(),
            organisation_ods: persona.organisation.to_owned(),
            practices_ods: Vec::new(),
            role: persona.role.to_owned(),
            from_date: FROM.to_owned(),
            to_date: String::new(),
        };
        let request = PutRosterRequest { request_id: new_id(), roster: Some(roster) };
        register.put_roster(admin.request(request).await?).await?;
    }
    Ok(())
}

async fn enrol(admin: &Session, duty: &str) -> anyhow::Result<()> {
    let promise = |need: Need, urgency: Urgency, respond_minutes, working_time| Promise {
        need: need.into(),
        urgency: urgency.into(),
        respond_minutes,
        working_time,
    };
    let needs = [Need::Clinical, Need::Administrative, Need::ClinicalAdministrative];
    for practice in practices() {
        let mut promises = Vec::new();
        for need in needs {
            promises.push(promise(need, Urgency::Routine, 24 * 60, false));
            promises.push(promise(need, Urgency::Urgent, 120, false));
            promises.push(promise(need, Urgency::Emergency, 15, false));
        }
        let enrolment = Enrolment {
            practice_ods: practice.ods.to_owned(),
            practice_name: practice.name.to_owned(),
            practice_phone: "0113 496 0000".to_owned(),
            hub_ods: HUB.to_owned(),
            hub_name: HUB_NAME.to_owned(),
            needs: needs.map(Into::into).to_vec(),
            from_date: FROM.to_owned(),
            promises,
            duty_contact: format!("{duty}/alerts"),
            if_worse: "Call 111. In an emergency call 999.".to_owned(),
            ..Enrolment::default()
        };
        let request = PutEnrolmentRequest { request_id: new_id(), enrolment: Some(enrolment) };
        accept_existing(admin.intake().put_enrolment(admin.request(request).await?).await)?;
    }
    Ok(())
}

async fn agree(admin: &Session) -> anyhow::Result<()> {
    for practice in practices().filter(|practice| practice.ods != NO_AGREEMENT) {
        let agreement = Agreement {
            from_ods: HUB.to_owned(),
            to_ods: practice.ods.to_owned(),
            mesh_mailbox: practice.mailbox.unwrap_or_default().to_owned(),
            third_party_entries: false,
            from_date: FROM.to_owned(),
            ..Agreement::default()
        };
        let request = PutAgreementRequest { request_id: new_id(), agreement: Some(agreement) };
        accept_existing(admin.writeback().put_agreement(admin.request(request).await?).await)?;
    }
    Ok(())
}

async fn prescribe(admin: &Session) -> anyhow::Result<()> {
    let centre = CostCentre {
        ods: COST_CENTRE.to_owned(),
        display_name: HUB_NAME.to_owned(),
        icb_ods: ICB.to_owned(),
        organisation_ods: HUB.to_owned(),
        from_date: FROM.to_owned(),
        to_date: String::new(),
        address: "1 Example Street, Leeds, LS1 1AA".to_owned(),
        phone: "0113 496 0001".to_owned(),
        members: Vec::new(),
    };
    let request = PutCostCentreRequest { request_id: new_id(), cost_centre: Some(centre) };
    accept_existing(admin.prescribing().put_cost_centre(admin.request(request).await?).await)?;
    for (position, subject) in ["gp-anna", "gp-bert"].into_iter().enumerate() {
        let name = PERSONAS.iter().find(|persona| persona.name == subject).map_or(subject, |persona| persona.full_name);
        let membership = Membership {
            cost_centre_ods: COST_CENTRE.to_owned(),
            subject: subject.to_owned(),
            display_name: name.to_owned(),
            sds_user_id: format!("55508668910{position}"),
            sds_role_profile_id: format!("20010273210{position}"),
            role_code: "S8000:G8000:R8000".to_owned(),
            professional_register: "gmc".to_owned(),
            professional_code: format!("612345{position}"),
            din: String::new(),
            spurious_code: format!("61234{position}"),
            prescription_type: "0101".to_owned(),
            from_date: FROM.to_owned(),
            to_date: String::new(),
        };
        let request = PutMembershipRequest { request_id: new_id(), membership: Some(membership) };
        accept_existing(admin.prescribing().put_membership(admin.request(request).await?).await)?;
    }
    Ok(())
}

/// Setting up a second time (`--keep`) finds what the first time made.
fn accept_existing<T>(answer: Result<T, tonic::Status>) -> Result<(), tonic::Status> {
    match answer {
        Err(status) if !matches!(reason(&status).as_str(), "ENROLMENT_OVERLAPS" | "AGREEMENT_OVERLAPS") => Err(status),
        _ => Ok(()),
    }
}
