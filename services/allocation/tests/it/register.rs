//! The register: codes, rosters, agreements, and what follows from them.

use ehub_auth::GrantPresented;
use ehub_proto::allocation::v1::{
    AccessAgreement, ListOrganisationsRequest, Organisation, OrganisationKind, PutAccessAgreementRequest,
    PutOrganisationRequest, PutRosterRequest, Roster, register_service_server::RegisterService,
};
use ehub_test_support::{person, request};
use tonic::{Request, Status};
use uuid::Uuid;

use crate::world::{ALDER, World, reason};

pub fn call<T>(method: &str, message: T) -> Request<T> {
    request(
        message,
        &format!("/ehub.allocation.v1.RegisterService/{method}"),
        person("QOP", "registrar"),
        GrantPresented::Absent,
    )
}

pub async fn put(
    world: &World,
    name: &str,
    ods: &str,
    kind: OrganisationKind,
    from: &str,
) -> Result<Organisation, Status> {
    let organisation = Organisation {
        name: name.to_owned(),
        ods: ods.to_owned(),
        kind: kind.into(),
        display_name: format!("The {ods}"),
        icb_ods: "QOP".into(),
        mesh_mailbox: String::new(),
        from_date: from.to_owned(),
    };
    let message = PutOrganisationRequest { request_id: Uuid::now_v7().to_string(), organisation: Some(organisation) };
    Ok(world
        .register
        .put_organisation(call("PutOrganisation", message))
        .await?
        .into_inner()
        .organisation
        .expect("an organisation"))
}

pub async fn roster(world: &World, subject: &str, ods: &str, practices: &[&str]) -> Result<i64, Status> {
    let roster = Roster {
        subject: subject.to_owned(),
        organisation_ods: ods.to_owned(),
        practices_ods: practices.iter().map(ToString::to_string).collect(),
        role: "gp".into(),
        from_date: "2026-01-01".into(),
        to_date: String::new(),
    };
    let message = PutRosterRequest { request_id: Uuid::now_v7().to_string(), roster: Some(roster) };
    Ok(world.register.put_roster(call("PutRoster", message)).await?.into_inner().access_version)
}

pub async fn agree(world: &World, ods: &str, practice: &str, capabilities: &[&str]) -> Result<i64, Status> {
    put_agreement(world, ods, practice, capabilities, "").await
}

/// To work for a practice until the day before another.
pub async fn agree_until(world: &World, ods: &str, practice: &str, to_date: &str) -> Result<i64, Status> {
    put_agreement(world, ods, practice, &["work"], to_date).await
}

async fn put_agreement(
    world: &World,
    ods: &str,
    practice: &str,
    capabilities: &[&str],
    to_date: &str,
) -> Result<i64, Status> {
    let agreement = AccessAgreement {
        organisation_ods: ods.to_owned(),
        practice_ods: practice.to_owned(),
        capabilities: capabilities.iter().map(ToString::to_string).collect(),
        from_date: "2026-01-01".into(),
        to_date: to_date.to_owned(),
    };
    let message = PutAccessAgreementRequest { request_id: Uuid::now_v7().to_string(), agreement: Some(agreement) };
    Ok(world.register.put_access_agreement(call("PutAccessAgreement", message)).await?.into_inner().access_version)
}

#[tokio::test]
async fn a_code_is_borne_by_one_organisation_on_any_day() {
    let world = World::new().await;
    assert_eq!(reason(put(&world, "", ALDER.1, OrganisationKind::Practice, "2026-01-01").await), "ODS_CODE_TAKEN");
    let hub = put(&world, "", "H7H07", OrganisationKind::Hub, "2026-01-01").await.ok().expect("created");
    // The hub takes another code in June; from then on the old one is free, and not before.
    put(&world, &hub.name, "H7H08", OrganisationKind::Hub, "2026-06-01").await.ok().expect("renamed");
    assert_eq!(reason(put(&world, "", "H7H07", OrganisationKind::Hub, "2026-05-31").await), "ODS_CODE_TAKEN");
    assert!(put(&world, "", "H7H07", OrganisationKind::Hub, "2026-06-01").await.is_ok());
}

#[tokio::test]
async fn unknown_organisations_are_named() {
    let world = World::new().await;
    let nobody = format!("organisations/{}", Uuid::now_v7());
    assert_eq!(
        reason(put(&world, &nobody, "H1H11", OrganisationKind::Hub, "2026-01-01").await),
        "ORGANISATION_NOT_FOUND"
    );
    assert_eq!(reason(roster(&world, "anna", "H9H99", &[]).await), "ORGANISATION_NOT_FOUND");
    assert_eq!(reason(agree(&world, "H8H01", "H8H01", &["work"]).await), "ORGANISATION_NOT_FOUND");
    assert_eq!(reason(agree(&world, "H8H01", ALDER.1, &["fly"]).await), "INVALID_FIELDS");
}

#[tokio::test]
async fn organisations_are_listed_by_code() {
    let world = World::new().await;
    put(&world, "", "Z99999", OrganisationKind::Practice, "2026-01-01").await.ok().expect("created");
    let (mut codes, mut token) = (Vec::new(), String::new());
    loop {
        let message = ListOrganisationsRequest { page_size: 2, page_token: token };
        let page = world
            .register
            .list_organisations(call("ListOrganisations", message))
            .await
            .ok()
            .expect("a page")
            .into_inner();
        codes.extend(page.organisations.into_iter().map(|organisation| organisation.ods));
        token = page.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    assert_eq!(codes, ["A81001", "B82002", "H8H01", "Z99999"]);
}
