//! `ehub audit verify`: every leaf hashed here, the root compared with the one that was signed.

use std::{fs, path::Path};

use anyhow::Context as _;
use ehub_audit::verify::{Verified, VerifyError, verify_export};
use ehub_proto::audit::v1::GetCheckpointRequest;
use serde_json::json;

use super::{key, leaves, trusted};
use crate::{
    arguments::Verify,
    commands::{context::Context, views::hex},
    output::{self, exit::Problem},
};

/// The names under which `--save` keeps an export.
const CHECKPOINT: &str = "checkpoint.txt";
const LEAVES: &str = "leaves.b64";
const KEY: &str = "verifier-key.txt";

/// Verifies files, or what the service gives.
pub async fn run(context: &Context, options: Verify) -> anyhow::Result<()> {
    match (&options.checkpoint, &options.leaves, &options.key) {
        (Some(checkpoint), Some(leaves), Some(said)) => offline(checkpoint, leaves, said),
        _ => online(context, &options).await,
    }
}

fn offline(checkpoint: &Path, leaves: &Path, said: &str) -> anyhow::Result<()> {
    let checkpoint =
        fs::read_to_string(checkpoint).map_err(|error| Problem::Usage(format!("{}: {error}", checkpoint.display())))?;
    show(verify_export(leaves::read(leaves)?.into_iter(), &checkpoint, &key(said)?), "GIVEN")
}

async fn online(context: &Context, options: &Verify) -> anyhow::Result<()> {
    let session = context.session("auditor")?;
    let request = session.request(GetCheckpointRequest {}).await?;
    let signed = session.audit().get_checkpoint(request).await?.into_inner();
    let (vkey, trust) = trusted(context, options.key.as_deref(), &signed.verifier_key)?;
    if let Some(folder) = &options.save {
        let keep = || -> std::io::Result<()> {
            fs::create_dir_all(folder)?;
            fs::write(folder.join(CHECKPOINT), &signed.checkpoint)?;
            fs::write(folder.join(KEY), &vkey)
        };
        keep().with_context(|| format!("{} cannot be written", folder.display()))?;
    }
    let copy = options.save.as_ref().map(|folder| folder.join(LEAVES));
    let (sender, arriving) = leaves::channel();
    let checkpoint = signed.checkpoint;
    let hashing = tokio::task::spawn_blocking(move || verify_export(arriving, &checkpoint, &vkey));
    leaves::fetch(&session, signed.size, sender, copy.as_deref()).await?;
    let verified = hashing.await.context("the hashing")?;
    show(verified, trust)?;
    if let Some(folder) = &options.save {
        let [checkpoint, leaves, key] = [CHECKPOINT, LEAVES, KEY].map(|name| folder.join(name).display().to_string());
        output::note(&format!("next: ehub audit verify --checkpoint {checkpoint} --leaves {leaves} --key {key}"));
    }
    Ok(())
}

fn show(verified: Result<Verified, VerifyError>, trust: &str) -> anyhow::Result<()> {
    let verified = verified.map_err(|error| Problem::DoesNotHold(format!("the log does not verify: {error}")))?;
    output::record(&json!({
        "verified": true,
        "origin": verified.origin,
        "size": verified.size,
        "root": hex(&verified.root),
        "beyond": verified.beyond,
        "key": trust,
    }));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_that_does_not_verify_is_exit_code_4() {
        let error = show(Err(VerifyError::Root), "GIVEN").expect_err("refused");
        assert_eq!(output::exit::code_of(&error), 4);
        assert!(error.to_string().contains("signed root"), "{error}");
    }
}
