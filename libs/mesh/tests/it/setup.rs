//! Building a client, and the plain calls.

use crate::server::{Answer, Server, client, config};
use ehub_clock::Clock;
use ehub_mesh::{MeshClient, MeshError, SetupError};

#[test]
fn impossible_configurations_are_refused() {
    let build = |change: fn(&mut ehub_mesh::MeshConfig)| {
        let mut config = config("http://127.0.0.1:1");
        change(&mut config);
        MeshClient::new(&config, Clock::system()).unwrap_err()
    };
    assert!(matches!(build(|c| c.url = "mesh".into()), SetupError::Url));
    assert!(matches!(build(|c| c.url = "ftp://mesh".into()), SetupError::Url));
    assert!(matches!(build(|c| c.url = "https://mesh".into()), SetupError::TlsMissing));
    assert!(matches!(build(|c| c.chunk_bytes = 0), SetupError::Zero { what: "chunk_bytes" }));
}

#[tokio::test]
async fn a_refused_handshake_says_so() {
    let body = r#"{"detail":[{"event":"","code":"","msg":"Invalid Authentication Token"}]}"#;
    let (_, url) = Server::start([Answer::new(403, body)]).await;
    match client(&url).handshake().await.unwrap_err() {
        MeshError::Refused(refusal) => {
            assert_eq!((refusal.status, refusal.code.as_deref()), (403, None));
            assert_eq!(refusal.description, "Invalid Authentication Token");
            assert!(refusal.may_pass());
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let (server, url) = Server::start([Answer::new(302, "").with("location", "http://127.0.0.1:1/elsewhere")]).await;
    assert!(matches!(client(&url).handshake().await, Err(MeshError::Refused(refusal)) if refusal.status == 302));
    assert_eq!(server.asked().len(), 1);
}

#[tokio::test]
async fn the_handshake_names_client_and_system() {
    let (server, url) = Server::start([Answer::new(200, ""), Answer::new(200, "")]).await;
    let client = client(&url);
    client.handshake().await.unwrap();
    client.handshake().await.unwrap();
    let asked = server.asked();
    assert_eq!((asked[0].method.as_str(), asked[0].target.as_str()), ("POST", "/messageexchange/X26ABC1"));
    for name in ["mex-clientversion", "mex-osname", "mex-osversion"] {
        assert!(asked[0].header(name).is_some(), "{name}");
    }
    assert_eq!(asked[0].header("accept"), Some("application/vnd.mesh.v2+json"));
    assert!(asked[0].header("authorization").unwrap().starts_with("NHSMESH X26ABC1:"));
    assert_ne!(asked[0].header("authorization"), asked[1].header("authorization"));
}

#[tokio::test]
async fn acknowledging_is_a_put_and_hostile_ids_go_nowhere() {
    let (server, url) = Server::start([Answer::new(200, "")]).await;
    let client = client(&url);
    for id in ["../admin", "", "a b", "a/b", &"x".repeat(101)] {
        assert!(matches!(client.acknowledge(id).await, Err(MeshError::Protocol { .. })), "{id}");
    }
    client.acknowledge("20200529155357895317_3573F8").await.unwrap();
    let asked = server.asked();
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].method, "PUT");
    assert_eq!(asked[0].target, "/messageexchange/X26ABC1/inbox/20200529155357895317_3573F8/status/acknowledged");
}
