//! Where a clone keeps what it makes while running.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

/// The places of one clone.
#[derive(Debug, Clone)]
pub struct Paths {
    /// The clone's root.
    pub root: PathBuf,
    /// The run's home: `.local`, unless another was asked for. Nothing in it is committed.
    pub local: PathBuf,
    /// Files of the present run.
    pub run: PathBuf,
}

impl Paths {
    /// Finds the clone from the present folder upwards; a run with a home of its own leaves the clone's alone.
    pub fn find(home: Option<&Path>) -> anyhow::Result<Self> {
        let start = std::env::current_dir().context("the present folder")?;
        for folder in start.ancestors() {
            if folder.join("scripts/postgres").is_file() && folder.join("proto/ehub").is_dir() {
                let root = folder.to_owned();
                let local = match home {
                    Some(home) => std::path::absolute(home).context("the home of the run")?,
                    None => root.join(".local"),
                };
                return Ok(Self { run: local.join("run"), local, root });
            }
        }
        bail!("`ehub dev` runs inside a clone of eHub; {} is not in one", start.display());
    }

    /// A script of the clone.
    pub fn script(&self, name: &str) -> PathBuf {
        self.root.join("scripts").join(name)
    }

    /// The interpreter with the peers' packages, which `scripts/setup` makes once for a clone.
    pub fn python(&self) -> PathBuf {
        self.root.join(".local/venv/bin/python")
    }

    /// The file that tells other commands about the running suite.
    pub fn world_file(&self) -> PathBuf {
        self.local.join("ehub.json")
    }

    /// The binary of a service, beside the running command.
    pub fn service_binary(service: &str) -> anyhow::Result<PathBuf> {
        let own = std::env::current_exe().context("the running program")?;
        let folder = own.parent().unwrap_or(Path::new("."));
        let binary = folder.join(format!("ehub-{service}"));
        if !binary.is_file() {
            bail!("{} is missing: `cargo build --workspace` makes it", binary.display());
        }
        Ok(binary)
    }
}
