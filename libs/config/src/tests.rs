//! Loading as a service does it.

use std::collections::BTreeMap;
use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;

use serde::Deserialize;

use super::*;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Service {
    database: Database,
    listen: Option<SocketAddr>,
    #[serde(default)]
    issuers: Vec<Issuer>,
    #[serde(default)]
    names: Vec<String>,
    #[serde(default)]
    services: BTreeMap<String, String>,
    #[serde(default)]
    format: Format,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Database {
    url: Secret,
    #[serde(default = "ten")]
    pool: u16,
    timeout: Option<HumanDuration>,
    #[serde(default)]
    tls: bool,
    ratio: Option<f64>,
    note: Option<String>,
    limit: Option<Millis>,
}

fn ten() -> u16 {
    10
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Issuer {
    issuer: String,
    jwks: Jwks,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Jwks {
    File(PathBuf),
    Url(String),
}

#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Format {
    #[default]
    Json,
    Pretty,
}

/// A file that goes away with the test.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str, text: &str) -> Self {
        let path = std::env::temp_dir().join(format!("ehub-config-{}-{name}", std::process::id()));
        std::fs::File::create(&path).unwrap().write_all(text.as_bytes()).unwrap();
        Self(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

fn env(pairs: &[(&str, &str)]) -> impl Iterator<Item = (String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect::<Vec<_>>().into_iter()
}

fn from_env(pairs: &[(&str, &str)]) -> Result<Service, String> {
    load(None, "EHUB_INTAKE", env(pairs)).map_err(|error| error.to_string())
}

fn from_file(name: &str, text: &str) -> Result<Service, String> {
    let file = Scratch::new(name, text);
    load(Some(&file.0), "EHUB_INTAKE", env(&[])).map_err(|error| error.to_string())
}

const URL: (&str, &str) = ("EHUB_INTAKE__DATABASE__URL", "postgres://localhost/intake");

#[test]
fn a_missing_file_is_named() {
    let error = load::<Service>(Some(Path::new("/nonexistent/ehub.toml")), "EHUB_INTAKE", env(&[])).unwrap_err();
    assert_eq!(error.to_string(), "cannot read the configuration file /nonexistent/ehub.toml");
}

#[test]
fn a_syntax_error_gives_its_line_and_no_content() {
    let error = from_file("syntax", "[database]\nurl = \"hunter2\" oops\n").unwrap_err();
    assert!(error.contains("line 2") && error.contains("is not TOML"), "{error}");
    assert!(!error.contains("hunter2"), "{error}");
}

#[test]
fn a_missing_key_is_named() {
    assert_eq!(from_file("missing", "[database]\n").unwrap_err(), "configuration key database: \"url\" is missing");
    assert_eq!(from_env(&[]).unwrap_err(), "configuration key (top level): \"database\" is missing");
}

#[test]
fn an_unknown_key_is_named_with_those_known() {
    let error = from_file("unknown", "[database]\nurl = \"u\"\npoool = 3\n").unwrap_err();
    assert!(error.starts_with("configuration key database: \"poool\" is not known; known are url, pool,"), "{error}");
    let error = from_env(&[URL, ("EHUB_INTAKE__DATABSE__POOL", "3")]).unwrap_err();
    assert!(error.contains("\"databse\" is not known"), "{error}");
}

#[test]
fn a_wrong_value_is_not_repeated() {
    let error = from_file("wrong", "[database]\nurl = \"u\"\npool = \"hunter2\"\n").unwrap_err();
    assert_eq!(error, "configuration key database.pool: must be u16");
    let error = from_env(&[URL, ("EHUB_INTAKE__DATABASE__POOL", "70000")]).unwrap_err();
    assert_eq!(error, "configuration key database.pool: must be u16");
    let error = from_env(&[URL, ("EHUB_INTAKE__FORMAT", "hunter2")]).unwrap_err();
    assert_eq!(error, "configuration key format: must be one of json, pretty");
}

#[test]
fn a_place_in_a_list_is_named() {
    let text = "[database]\nurl = \"u\"\n[[issuers]]\nissuer = \"a\"\njwks = { file = \"f\" }\n[[issuers]]\nissuer = 1\njwks = { url = \"f\" }\n";
    let error = from_file("list", text).unwrap_err();
    assert!(error.starts_with("configuration key issuers[1].issuer: must be"), "{error}");
}

#[test]
fn contradicting_variables_are_refused() {
    let error = from_env(&[URL, ("EHUB_INTAKE__DATABASE", "{ url = \"x\" }")]).unwrap_err();
    assert!(error.starts_with("environment variable EHUB_INTAKE__DATABASE__URL: sets a key"), "{error}");
    let error = from_env(&[URL, ("EHUB_INTAKE__DATABASE__", "x")]).unwrap_err();
    assert!(error.contains("empty part"), "{error}");
}

#[test]
fn secrets_come_from_files_and_show_nothing() {
    let secret = Scratch::new("secret", "hunter2\n");
    let path = secret.0.display().to_string();
    for pairs in [vec![("EHUB_INTAKE__DATABASE__URL__FILE", path.as_str())], vec![]] {
        let file = Scratch::new("secret.toml", &format!("[database]\nurl = {{ file = \"{path}\" }}\n"));
        let service: Service = load(Some(&file.0), "EHUB_INTAKE", env(&pairs)).unwrap();
        assert_eq!(service.database.url.reveal(), "hunter2");
        assert_eq!(format!("{:?} {}", service.database.url, service.database.url), "*** ***");
    }
}

#[test]
fn unusable_secrets_are_refused_by_key() {
    let empty = Scratch::new("empty", "\n");
    for (value, problem) in [
        ("{ file = \"/nonexistent/x\" }".to_owned(), "cannot read the secret file /nonexistent/x"),
        (format!("{{ file = \"{}\" }}", empty.0.display()), "it is empty"),
        ("{ path = \"/x\" }".to_owned(), "\"path\" is not known"),
        ("{ file = \"/x\", env = \"y\" }".to_owned(), "is not known"),
        ("{}".to_owned(), "\"file\" is missing"),
        ("\"\"".to_owned(), "must not be empty"),
        ("12".to_owned(), "must be a text or"),
    ] {
        let error = from_file("bad-secret", &format!("[database]\nurl = {value}\n")).unwrap_err();
        assert!(error.starts_with("configuration key database.url") && error.contains(problem), "{value}: {error}");
    }
}

#[test]
fn variables_win_over_the_file_and_are_read_as_their_key_wants() {
    let file = Scratch::new("base", "[database]\nurl = \"file\"\npool = 4\ntimeout = \"2s\"\n");
    let pairs = [
        ("EHUB_INTAKE__DATABASE__URL", "00123"),
        ("EHUB_INTAKE__DATABASE__TIMEOUT", "250ms"),
        ("EHUB_INTAKE__DATABASE__TLS", "true"),
        ("EHUB_INTAKE__DATABASE__RATIO", "1"),
        ("EHUB_INTAKE__DATABASE__NOTE", "1.50"),
        ("EHUB_INTAKE__DATABASE__LIMIT", "99"),
        ("EHUB_INTAKE__LISTEN", "127.0.0.1:0"),
        ("EHUB_INTAKE__NAMES", "[\"a\", \"b\"]"),
        ("EHUB_INTAKE__SERVICES__REPO", "intake"),
        ("EHUB_INTAKE__FORMAT", "pretty"),
        ("EHUB_INTAKE__ISSUERS", "[{ issuer = \"i\", jwks = { url = \"https://x/jwks\" } }]"),
        ("EHUB_INTAKE_PORT", "tcp://10.0.0.1:80"),
        ("EHUB_AUDIT__DATABASE__URL", "other"),
    ];
    let service: Service = load(Some(&file.0), "EHUB_INTAKE", env(&pairs)).unwrap();
    assert_eq!(service.database.url.reveal(), "00123", "a password of digits stays a text");
    assert_eq!(service.database.pool, 4, "what no variable names stays");
    assert_eq!(service.database.timeout, Some(HumanDuration::from_millis(250)));
    assert!(service.database.tls);
    assert_eq!(service.database.ratio, Some(1.0));
    assert_eq!(service.database.note.as_deref(), Some("1.50"));
    assert_eq!(service.database.limit, Some(Millis(99)));
    assert_eq!(service.listen.map(|address| address.port()), Some(0));
    assert_eq!(service.names, ["a", "b"]);
    assert_eq!(service.services["repo"], "intake");
    assert_eq!(service.format, Format::Pretty);
    assert_eq!(service.issuers[0].issuer, "i");
    assert_eq!(service.issuers[0].jwks, Jwks::Url("https://x/jwks".to_owned()));
}

#[test]
fn a_text_that_holds_toml_of_its_own_stays_text() {
    let service = from_env(&[URL, ("EHUB_INTAKE__SERVICES__A", "1\nb = 2")]).unwrap();
    assert_eq!(service.services["a"], "1\nb = 2");
}

#[test]
fn the_process_environment_is_read() {
    assert!(environment().any(|(name, _)| name == "PATH"));
}
