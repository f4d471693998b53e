//! What is understood, and what is refused with exit code 2.

use std::ffi::OsString;

use clap::{CommandFactory, Parser, error::ErrorKind};

use super::*;

fn parse(line: &str) -> Result<Arguments, ErrorKind> {
    Arguments::try_parse_from(line.split(' ')).map_err(|error| error.kind())
}

#[test]
fn the_definition_is_sound() {
    Arguments::command().debug_assert();
}

#[test]
fn wrong_usage_is_refused() {
    for (line, kind) in [
        ("ehub", ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand),
        ("ehub fly", ErrorKind::InvalidSubcommand),
        ("ehub claim --as nobody", ErrorKind::InvalidValue),
        ("ehub inbox --output yaml", ErrorKind::InvalidValue),
        ("ehub claim --wait soon", ErrorKind::ValueValidation),
        ("ehub claim X --skill gp", ErrorKind::ArgumentConflict),
        ("ehub dev --rate 0", ErrorKind::ValueValidation),
        ("ehub dev --rate inf", ErrorKind::ValueValidation),
        ("ehub pass-back", ErrorKind::MissingRequiredArgument),
        ("ehub status ABC-DEF-GHJ", ErrorKind::MissingRequiredArgument),
        ("ehub file --heading plan", ErrorKind::ValueValidation),
        ("ehub file --replace entries/x", ErrorKind::MissingRequiredArgument),
        ("ehub audit verify --checkpoint c", ErrorKind::MissingRequiredArgument),
        ("ehub migrate --url postgres://x", ErrorKind::MissingRequiredArgument),
        ("ehub submit --file x --sample routine", ErrorKind::ArgumentConflict),
        ("ehub quarantine show x --raw --pdf", ErrorKind::ArgumentConflict),
        ("ehub document", ErrorKind::MissingRequiredArgument),
        ("ehub serve kitchen", ErrorKind::InvalidValue),
        ("ehub settle entries/x", ErrorKind::MissingRequiredArgument),
        ("ehub settle --note x", ErrorKind::MissingRequiredArgument),
        ("ehub void", ErrorKind::MissingRequiredArgument),
        ("ehub transfer", ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand),
        ("ehub streams replay intake", ErrorKind::MissingRequiredArgument),
        ("ehub streams skip intake audit x --version 2", ErrorKind::MissingRequiredArgument),
        ("ehub streams skip intake audit x --version 0 --reason y", ErrorKind::ValueValidation),
    ] {
        assert_eq!(parse(line).err(), Some(kind), "{line}");
    }
}

#[test]
fn nothing_more_is_needed_than_the_verb() {
    for verb in [
        "dev",
        "token",
        "submit",
        "inbox",
        "claim",
        "show",
        "file",
        "prescribe",
        "sign",
        "complete",
        "release",
        "alerts",
        "ack",
        "settle",
        "transfer acknowledge",
        "streams list",
        "migrate",
        "doctor",
    ] {
        assert!(parse(&format!("ehub {verb}")).is_ok(), "{verb}");
    }
}

#[test]
fn what_holds_everywhere_may_stand_anywhere() {
    for line in ["ehub --as gp-bert --output json claim", "ehub claim --output json --as gp-bert"] {
        let arguments = parse(line).expect("good");
        assert_eq!(arguments.persona.as_deref(), Some("gp-bert"), "{line}");
        assert_eq!(arguments.output, Some(Format::Json), "{line}");
    }
}

#[test]
fn a_service_gets_its_arguments_untouched() {
    let Command::Serve(serve) = parse("ehub serve intake --config a.toml --help migrate").expect("good").command else {
        panic!("not serve");
    };
    let line: Vec<OsString> = ["ehub-intake", "--config", "a.toml", "--help", "migrate"].map(OsString::from).to_vec();
    assert_eq!(serve.command_line(), line);
}

#[test]
fn a_morning_has_its_defaults() {
    let Command::Dev(options) = parse("ehub dev").expect("good").command else { panic!("not dev") };
    assert_eq!((options.consultations, options.rate, options.seed), (200, 20.0, None));
    assert!(!options.exit && !options.keep && !options.json);
}

#[test]
fn help_tells_the_exit_codes() {
    let help = Arguments::command().render_help().to_string();
    for code in ["0 ", "1 ", "2 ", "3 ", "4 ", "5 ", "64 "] {
        assert!(help.lines().any(|line| line.trim_start().starts_with(code)), "{code} in {help}");
    }
}
