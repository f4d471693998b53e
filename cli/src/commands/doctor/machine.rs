//! The machine: tools, the database cluster, the disk.

use std::{path::Path, process::Stdio};

use tokio::process::Command;

use super::Check;
use crate::{commands::context::Context, dev::paths::Paths};

/// Less free disk than this is doubtful, in KiB: a day of development logs and write-ahead log.
const LITTLE: u64 = 2 * 1024 * 1024;
/// Less than this is bad, in KiB: PostgreSQL stops when its disk is full.
const TOO_LITTLE: u64 = 256 * 1024;

/// Everything about the machine.
pub async fn checks(context: &Context) -> Vec<Check> {
    let mut checks = vec![
        tool("cargo", "install Rust from https://rustup.rs").await,
        tool("python3", "install Python 3.11 or newer: the test peers run on it").await,
    ];
    let paths = match Paths::find(None) {
        Ok(paths) => paths,
        Err(error) => {
            checks.push(Check::doubtful("clone", error.to_string(), "change into a clone of eHub"));
            return checks;
        }
    };
    let venv = paths.python();
    checks.push(if venv.is_file() {
        Check::good("test peers", "their Python packages are there")
    } else {
        Check::bad("test peers", format!("{} is missing", venv.display()), "scripts/setup")
    });
    checks.push(cluster(&paths).await);
    let place = context.world_file().ok().and_then(|file| file.parent().map(Path::to_owned)).unwrap_or(paths.root);
    checks.push(disk(&place).await);
    checks
}

async fn tool(name: &'static str, to_do: &'static str) -> Check {
    match first_line(Command::new(name).arg("--version")).await {
        Some(version) => Check::good(name, version),
        None => Check::bad(name, "cannot be run", to_do),
    }
}

async fn cluster(paths: &Paths) -> Check {
    let status = first_line(Command::new(paths.script("postgres")).arg("status")).await;
    let runs = first_line(Command::new(paths.script("postgres")).arg("url")).await.is_some();
    match (runs, status) {
        (true, status) => Check::good("cluster", status.unwrap_or_else(|| "runs".to_owned())),
        (false, status) => Check::doubtful(
            "cluster",
            status.unwrap_or_else(|| "does not run".to_owned()),
            "make run starts it; so does scripts/postgres start",
        ),
    }
}

async fn disk(place: &Path) -> Check {
    let place = place.ancestors().find(|folder| folder.is_dir()).unwrap_or(Path::new("/"));
    let output = Command::new("df").arg("-Pk").arg(place).stdin(Stdio::null()).output().await;
    let free = output.ok().and_then(|output| free_kib(&String::from_utf8_lossy(&output.stdout)));
    let Some(free) = free else { return Check::doubtful("disk", "df says nothing", "see that there is room") };
    let seen = format!("{:.1} GiB free at {}", free as f64 / 1_048_576.0, place.display());
    match free {
        0..TOO_LITTLE => Check::bad("disk", seen, "make room: the database stops on a full disk"),
        TOO_LITTLE..LITTLE => Check::doubtful("disk", seen, "make room"),
        _ => Check::good("disk", seen),
    }
}

/// The fourth column of the second line, as POSIX lays `df -P` down.
fn free_kib(output: &str) -> Option<u64> {
    output.lines().nth(1)?.split_whitespace().nth(3)?.parse().ok()
}

async fn first_line(command: &mut Command) -> Option<String> {
    let output = command.stdin(Stdio::null()).output().await.ok()?;
    let line = String::from_utf8_lossy(&output.stdout).lines().next().map(str::to_owned);
    if output.status.success() { line } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn free_space_is_read_from_df() {
        let output = "Filesystem 1024-blocks Used Available Capacity Mounted on\n/dev/vda1 1000 400 600 40% /\n";
        assert_eq!(free_kib(output), Some(600));
        assert_eq!(free_kib(""), None);
        assert_eq!(free_kib("Filesystem\nbroken"), None);
    }
}
