//! What the command says: data on stdout, everything else on stderr.
//!
//! JSON has a stable shape: the names of the contract, `null` for what is not there, times in RFC
//! 3339, enum values without their prefix. A table shows the same values.

mod age;
pub mod exit;
mod refusal;
mod table;

use std::{
    io::{ErrorKind, IsTerminal, Write},
    sync::{
        OnceLock,
        atomic::{AtomicBool, Ordering},
    },
};

use clap::ValueEnum;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::{Value, json};

pub use age::moment;
pub use table::{Column, Form, Look};

/// How data is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    Table,
    /// For programs.
    Json,
}

#[derive(Debug, Clone, Copy)]
struct Settings {
    format: Format,
    quiet: bool,
}

static SETTINGS: OnceLock<Settings> = OnceLock::new();
/// Set when whoever read our stdout has gone.
static GONE: AtomicBool = AtomicBool::new(false);

/// Says once how everything is printed.
pub fn configure(format: Format, quiet: bool) {
    // A second call would be a mistake of ours that changes nothing.
    let _ = SETTINGS.set(Settings { format, quiet });
}

fn settings() -> Settings {
    *SETTINGS.get_or_init(|| Settings { format: Format::Table, quiet: false })
}

/// How data is to be printed.
pub fn format() -> Format {
    settings().format
}

/// Whether nobody reads our stdout any longer, as after `| head`.
pub fn gone() -> bool {
    GONE.load(Ordering::Relaxed)
}

/// A line of data.
pub fn line(text: &str) {
    let mut out = std::io::stdout().lock();
    let written = writeln!(out, "{text}").and_then(|()| out.flush());
    if written.is_err_and(|error| error.kind() == ErrorKind::BrokenPipe) {
        GONE.store(true, Ordering::Relaxed);
    }
}

/// Content as it is, nothing added: for a file or another program.
pub fn content(bytes: &[u8]) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(bytes)?;
    out.flush()
}

/// A hint, unless hints are not wanted.
pub fn note(text: &str) {
    if !settings().quiet {
        complain(text);
    }
}

/// What is being done now, unless progress is not wanted.
pub fn progress(text: &str) {
    if !settings().quiet {
        complain(&format!("{} {text}", console::style("·").for_stderr().cyan()));
    }
}

/// A line on stderr, whatever was asked for.
fn complain(text: &str) {
    // Nothing is left to tell when the terminal is gone.
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

/// A bar for long work; shows nothing when progress is not wanted or nobody looks.
pub fn bar(length: u64, what: &str) -> ProgressBar {
    let hidden = settings().quiet || !std::io::stderr().is_terminal();
    let target = if hidden { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
    let bar = ProgressBar::with_draw_target(Some(length), target).with_message(what.to_owned());
    match ProgressStyle::with_template("{msg} {bar:40} {pos}/{len} {elapsed}") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

/// One thing: its fields under one another, or the object.
pub fn record(value: &Value) {
    match format() {
        Format::Json => line(&pretty(value)),
        Format::Table => line(&table::record(value, &Look::of_stdout())),
    }
}

/// Several things: a row each, or `{"<noun>": [...]}`. `nothing` is the hint when there are none.
pub fn list(noun: &str, rows: &[Value], columns: &[Column], nothing: &str) {
    match format() {
        Format::Json => line(&pretty(&json!({ noun: rows }))),
        Format::Table if rows.is_empty() => note(nothing),
        Format::Table => line(&table::rows(rows, columns, &Look::of_stdout())),
    }
}

/// One of an unending row of things: a line each, whatever the format.
pub fn event(value: &Value, text: impl FnOnce() -> String) {
    match format() {
        Format::Json => line(&value.to_string()),
        Format::Table => line(&text()),
    }
}

/// Why the command failed: on stderr, as JSON when JSON was asked for.
pub fn failure(error: &anyhow::Error) {
    let told = refusal::Told::of(error);
    match format() {
        Format::Json => complain(&told.json().to_string()),
        Format::Table => complain(&told.text()),
    }
}

fn pretty(value: &Value) -> String {
    format!("{value:#}")
}
