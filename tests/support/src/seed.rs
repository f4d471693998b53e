//! Organisations and access, put where a service would have projected them.

use ehub_postgres::{Scope, ScopeKind};
use sqlx::Connection;
use uuid::Uuid;

use crate::TestDb;

/// Puts an organisation into a test's register.
pub async fn organisation(db: &TestDb, org: Uuid, ods: &str, kind: &str, icb_ods: Option<&str>) {
    let mut conn = db.admin().await;
    sqlx::query(
        "insert into ehub.organisation (org, ods, kind, display_name, icb_ods, valid_from) \
         values ($1, $2, $3, $2, $4, '2020-01-01') on conflict do nothing",
    )
    .bind(org)
    .bind(ods)
    .bind(kind)
    .bind(icb_ods)
    .execute(&mut conn)
    .await
    .expect("organisation");
    conn.close().await.expect("closes");
}

/// Lets a person (or, when `person` is empty, the clients) of an organisation reach a practice's
/// patients, and marks access as complete now. Registers both organisations under ICB `QOP`.
pub async fn seed_access(
    db: &TestDb,
    (org, ods): (Uuid, &str),
    (practice, practice_ods): (Uuid, &str),
    person: &str,
    capabilities: &[&str],
) {
    let kind = if org == practice { "ORGANISATION_KIND_PRACTICE" } else { "ORGANISATION_KIND_HUB" };
    organisation(db, org, ods, kind, Some("QOP")).await;
    organisation(db, practice, practice_ods, "ORGANISATION_KIND_PRACTICE", Some("QOP")).await;
    let mut conn = db.admin().await;
    for capability in capabilities {
        sqlx::query(
            "insert into ehub.access (org, practice, person, capability, valid_from) values ($1, $2, $3, $4, '2020-01-01') \
             on conflict do nothing",
        )
        .bind(org)
        .bind(practice)
        .bind(person)
        .bind(capability)
        .execute(&mut conn)
        .await
        .expect("access");
    }
    let now = db.run.clock().now();
    sqlx::query(
        "insert into ehub.access_freshness (fresh_at) values ($1) \
         on conflict (only_row) do update set fresh_at = excluded.fresh_at",
    )
    .bind(now)
    .execute(&mut conn)
    .await
    .expect("freshness");
    conn.close().await.expect("closes");
}

/// The scope of a person of an organisation.
pub fn person_scope(ods: &str, subject: &str) -> Scope {
    Scope {
        kind: ScopeKind::Person,
        organisation: Some(ods.to_owned()),
        subject: subject.to_owned(),
        ..Scope::service()
    }
}

/// The scope of a client of an organisation.
pub fn client_scope(ods: &str, client: &str) -> Scope {
    Scope {
        kind: ScopeKind::Client,
        organisation: Some(ods.to_owned()),
        subject: client.to_owned(),
        client: client.to_owned(),
        ..Scope::service()
    }
}
