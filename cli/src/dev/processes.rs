//! Child processes of a development run: started, watched, and ended by their own pid.

use std::{
    fs::File,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use anyhow::{Context as _, bail};
use tokio::{
    process::{Child, Command},
    time::timeout,
};

/// How long a process may take to end before it is killed.
const PATIENCE: Duration = Duration::from_secs(10);

/// A started process with its log.
#[derive(Debug)]
pub struct Process {
    pub name: String,
    pub log: PathBuf,
    command: Command,
    child: Child,
}

impl Process {
    /// Starts a program, its output into `<folder>/<name>.log`.
    pub fn start(name: &str, mut command: Command, folder: &Path) -> anyhow::Result<Self> {
        let log = folder.join(format!("{name}.log"));
        let file = File::create(&log).with_context(|| format!("{}", log.display()))?;
        command
            .stdin(Stdio::null())
            .stdout(file.try_clone()?)
            .stderr(file)
            // Ctrl-C reaches the terminal's whole group; we end children in order ourselves.
            .process_group(0)
            .kill_on_drop(true);
        let child = command.spawn().with_context(|| format!("{name} does not start"))?;
        Ok(Self { name: name.to_owned(), log, command, child })
    }

    /// Starts the same program again after it has ended; its log goes on.
    pub fn restart(&mut self) -> anyhow::Result<()> {
        self.child = self.command.spawn().with_context(|| format!("{} does not start again", self.name))?;
        Ok(())
    }

    /// Its pid, while it runs.
    pub fn pid(&self) -> Option<u32> {
        self.child.id()
    }

    /// Fails, with the end of its log, when it has ended.
    pub fn check(&mut self) -> anyhow::Result<()> {
        if let Some(status) = self.child.try_wait()? {
            bail!("{} has ended ({status}); its log ends:\n{}", self.name, self.tail());
        }
        Ok(())
    }

    fn tail(&self) -> String {
        let text = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(15)..].join("\n")
    }

    /// Asks it to end, waits, and kills it when it does not.
    pub async fn stop(mut self) {
        let Some(pid) = self.child.id() else { return };
        let asked = Command::new("kill").arg("-TERM").arg(pid.to_string()).status().await;
        let ended = asked.is_ok() && timeout(PATIENCE, self.child.wait()).await.is_ok();
        if !ended {
            let _ = self.child.kill().await;
        }
    }
}

/// Waits for a ready file, failing as soon as the process that should write it ends.
pub async fn ready_file(process: &mut Process, file: &Path) -> anyhow::Result<serde_json::Value> {
    for _ in 0..600 {
        process.check()?;
        if let Ok(text) = tokio::fs::read_to_string(file).await
            && let Ok(value) = serde_json::from_str(&text)
        {
            return Ok(value);
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    bail!("{} was not ready in 30 s; its log ends:\n{}", process.name, process.tail());
}
