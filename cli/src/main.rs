//! `ehub`: runs the suite on this machine, calls it as any of its people, and looks into it.

mod arguments;
mod commands;
mod dev;
mod output;
mod session;
mod waiting;
mod world;

use std::{ffi::OsString, process::ExitCode};

use arguments::{Arguments, Command};
use clap::Parser;
use output::{Format, exit};

fn main() -> ExitCode {
    let given: Vec<OsString> = std::env::args_os().collect();
    // One image, five entry points: a link named ehub-intake is that service.
    if let Some(service) = given.first().and_then(|name| commands::serve::called_as(name)) {
        return commands::serve::run(service, given);
    }
    let arguments = match Arguments::try_parse_from(given) {
        Ok(arguments) => arguments,
        Err(usage) => {
            // Nothing is left to tell when the terminal is gone.
            let _ = usage.print();
            return ExitCode::from(if usage.use_stderr() { exit::USAGE } else { exit::DONE });
        }
    };
    output::configure(arguments.output.unwrap_or(Format::Table), arguments.quiet);
    match arguments.command {
        // A service has its own runtime and its own way of ending.
        Command::Serve(serve) => commands::serve::run(serve.service, serve.command_line()),
        _ => run(arguments),
    }
}

fn run(arguments: Arguments) -> ExitCode {
    let outcome = start().and_then(|runtime| runtime.block_on(commands::run(arguments)));
    outcome.unwrap_or_else(|error| {
        output::failure(&error);
        ExitCode::from(exit::code_of(&error))
    })
}

fn start() -> anyhow::Result<tokio::runtime::Runtime> {
    rustls::crypto::aws_lc_rs::default_provider()
        .install_default()
        .map_err(|_| anyhow::anyhow!("another TLS provider is installed"))?;
    Ok(tokio::runtime::Builder::new_multi_thread().enable_all().build()?)
}
