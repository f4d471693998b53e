//! What each verb does: read arguments, call the suite, show what it says.

mod alerts;
mod audit;
mod claim;
mod complete;
mod completions;
mod consultation;
mod content;
mod context;
mod doctor;
mod document;
mod file;
mod give_back;
mod held;
mod inbox;
mod kept;
mod migrate;
mod prescribe;
mod quarantine;
pub mod serve;
mod settle;
mod sign;
mod status;
mod streams;
mod submit;
mod timeline;
mod token;
mod transfer;
mod views;
mod void;
mod watch;
mod withdraw;

use std::process::ExitCode;

use context::Context;

use crate::{
    arguments::{Arguments, Command},
    output::{self, Format},
};

/// Does what was asked.
pub async fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let Arguments { command, persona, world, quiet, .. } = arguments;
    let context = Context::new(persona, world);
    match command {
        Command::Dev(mut options) => {
            options.quiet |= quiet;
            options.json |= output::format() == Format::Json;
            return Box::pin(crate::dev::run(options)).await;
        }
        Command::Serve(serve) => return Ok(serve::run(serve.service, serve.command_line())),
        Command::Token(token) => token::run(&context, &token).await?,
        Command::Submit(submit) => submit::run(&context, submit).await?,
        Command::Inbox(inbox) => inbox::run(&context, &inbox).await?,
        Command::Claim(claim) => claim::run(&context, claim).await?,
        Command::Show(show) => consultation::show(&context, show.consultation.as_deref()).await?,
        Command::File(entry) => file::run(&context, entry).await?,
        Command::Document(document) => document::run(&context, &document).await?,
        Command::Prescribe(prescribe) => prescribe::run(&context, prescribe).await?,
        Command::Sign(sign) => sign::run(&context, &sign).await?,
        Command::Complete(complete) => complete::run(&context, complete).await?,
        Command::Release(release) => give_back::release(&context, release.consultation.as_deref()).await?,
        Command::Withdraw(withdraw) => withdraw::run(&context, withdraw).await?,
        Command::Override(over) => give_back::override_claim(&context, over).await?,
        Command::PassBack(back) => give_back::pass_back(&context, back).await?,
        Command::Transfer(transfer) => transfer::run(&context, &transfer).await?,
        Command::Settle(settle) => settle::run(&context, settle).await?,
        Command::Void(void) => void::run(&context, void).await?,
        Command::Streams(streams) => streams::run(&context, streams).await?,
        Command::Status(status) => status::run(&context, status).await?,
        Command::Timeline(timeline) => timeline::run(&context, &timeline.consultation).await?,
        Command::Alerts => alerts::list(&context).await?,
        Command::Ack(acknowledge) => alerts::acknowledge(&context, acknowledge.alert).await?,
        Command::Quarantine(quarantine) => quarantine::run(&context, quarantine).await?,
        Command::Audit(audit) => audit::run(&context, audit).await?,
        Command::Migrate(options) => migrate::run(&context, &options).await?,
        Command::Doctor => doctor::run(&context).await?,
        Command::Completions(completions) => completions::run(completions.shell)?,
    }
    Ok(ExitCode::SUCCESS)
}
