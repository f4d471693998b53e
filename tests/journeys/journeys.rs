//! The main job, end to end: five real processes, a real MESH sandbox, peers on real HTTP, one
//! private cluster; and the world looked at from outside when all is done.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;
use sqlx::{ConnectOptions, Connection, PgConnection, postgres::PgConnectOptions};

const SERVICES: [&str; 5] = ["intake", "allocation", "writeback", "prescribing", "audit"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the clone")
}

/// Plays a morning and gives the last line of stdout.
fn play(consultations: usize) -> Value {
    let root = root();
    let command = root.join("target/debug/ehub");
    let output = Command::new(command)
        .args(["dev", "--consultations", &consultations.to_string(), "--exit", "--json"])
        .current_dir(&root)
        .output()
        .expect("ehub dev starts");
    let stdout = String::from_utf8_lossy(&output.stdout);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "ehub dev failed ({})\n{stdout}\n{stderr}", output.status);
    serde_json::from_str(stdout.lines().last().expect("a line")).expect("the last line is JSON")
}

/// A superuser's connection to a service's database of the last run.
#[expect(clippy::disallowed_methods, reason = "a test's own settings")]
async fn look_at(service: &str) -> PgConnection {
    let admin = std::env::var("EHUB_TEST_POSTGRES").expect("EHUB_TEST_POSTGRES: run `make test`");
    let options: PgConnectOptions = admin.parse().expect("a URL");
    options.database(&format!("ehub_{service}")).connect().await.expect("the cluster answers")
}

fn count(report: &Value, path: &str) -> i64 {
    report.pointer(path).and_then(Value::as_i64).unwrap_or_else(|| panic!("{path} is missing in {report}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_morning_is_played_and_the_world_is_whole() {
    let report = play(60);

    // The players' side of the story against the services'.
    let submitted = count(&report, "/consultations/submitted");
    assert_eq!(submitted, 60, "{report}");
    assert_eq!(
        count(&report, "/consultations/accepted")
            + count(&report, "/consultations/quarantined")
            + count(&report, "/consultations/rejected"),
        submitted,
        "{report}"
    );
    assert!((25..=35).contains(&count(&report, "/consultations/by_mesh")), "about half by MESH: {report}");
    for (story, least) in [("emergencies", 1), ("quarantined", 1), ("passed_back", 1)] {
        assert!(count(&report, &format!("/consultations/{story}")) >= least, "{story}: {report}");
    }
    let closed = count(&report, "/consultations/closed");
    // A clinician may be ahead of the patient who withdraws, and then answers.
    let withdrawn = count(&report, "/consultations/withdrawn");
    assert_eq!(
        closed + withdrawn + count(&report, "/consultations/passed_back"),
        count(&report, "/consultations/accepted"),
        "{report}"
    );
    assert_eq!(count(&report, "/answered"), closed, "{report}");
    assert!(count(&report, "/entries/acknowledged") >= 10, "{report}");
    assert!(count(&report, "/entries/needs_attention") >= 2, "no agreement and an untraced patient: {report}");
    assert!(count(&report, "/prescriptions/issued") >= 1, "{report}");

    // What the services prove of themselves.
    assert_eq!(report.pointer("/no_loss/holds"), Some(&Value::Bool(true)), "{report}");
    assert_eq!(count(&report, "/no_loss/in_transit"), 0, "{report}");
    assert_eq!(count(&report, "/no_loss/received"), submitted, "{report}");
    assert_eq!(report.pointer("/audit/verified"), Some(&Value::Bool(true)), "{report}");
    assert_eq!(count(&report, "/traces/lifecycles"), closed + withdrawn, "{report}");

    // The world from outside, past every service.
    for service in SERVICES {
        let mut conn = look_at(service).await;
        let held: i64 =
            sqlx::query_scalar("select count(*) from ehub.outbox_held").fetch_one(&mut conn).await.expect("held");
        assert_eq!(held, 0, "streams of {service} are held back");
        let foreign: i64 = sqlx::query_scalar(
            "select count(*) from pg_class c join pg_namespace n on n.oid = c.relnamespace \
              where n.nspname = $1 and c.relkind = 'r' and c.relrowsecurity and not c.relforcerowsecurity",
        )
        .bind(service)
        .fetch_one(&mut conn)
        .await
        .expect("catalogue");
        assert_eq!(foreign, 0, "row security of {service} is not forced somewhere");
        // Reads go on being audited while the world is looked at; facts do not go on being made.
        let undelivered: i64 = sqlx::query_scalar(
            "select count(*) from ehub.outbox o join ehub.outbox_cursor c on c.shard_group = o.shard_group \
              where o.kind <> 'ehub.audit.event.v1.AccessRecorded' and (o.xid, o.id) > (c.xid, c.id)",
        )
        .fetch_one(&mut conn)
        .await
        .expect("cursors");
        assert_eq!(undelivered, 0, "a cursor of {service} is behind a fact");
        conn.close().await.expect("closes");
    }
    let mut allocation = look_at("allocation").await;
    let claimed: i64 = sqlx::query_scalar("select count(*) from allocation.work_item where state = 'CLAIMED'")
        .fetch_one(&mut allocation)
        .await
        .expect("items");
    assert_eq!(claimed, 0, "a lease is still held");
    let mut intake = look_at("intake").await;
    let accepted: i64 =
        sqlx::query_scalar("select count(*) from intake.consultation").fetch_one(&mut intake).await.expect("roots");
    assert_eq!(accepted, count(&report, "/consultations/accepted"));
}
