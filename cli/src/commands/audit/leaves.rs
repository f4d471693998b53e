//! Leaves, page by page from the service or line by line from a file.

use std::{
    fs::File,
    io::{BufRead, BufReader, BufWriter, Write},
    path::Path,
};

use anyhow::Context as _;
use base64::{Engine, engine::general_purpose::STANDARD};
use ehub_proto::audit::v1::ExportLeavesRequest;
use tokio::sync::mpsc;

use crate::{output, output::exit::Problem, session::Session};

/// Leaves of one page.
const PAGE: i32 = 5_000;
/// Pages under way: enough that fetching and hashing do not wait for one another.
const AHEAD: usize = 4;

/// Pages of leaves on their way to whoever hashes them.
pub fn channel() -> (mpsc::Sender<Vec<Vec<u8>>>, impl Iterator<Item = Vec<u8>> + Send) {
    let (sender, mut receiver) = mpsc::channel(AHEAD);
    (sender, std::iter::from_fn(move || receiver.blocking_recv()).flatten())
}

/// Fetches the first `size` leaves; keeps a copy when a file is given.
pub async fn fetch(
    session: &Session,
    size: i64,
    into: mpsc::Sender<Vec<Vec<u8>>>,
    copy: Option<&Path>,
) -> anyhow::Result<()> {
    let bar = output::bar(u64::try_from(size).unwrap_or_default(), "leaves");
    let mut copy = match copy {
        Some(file) => Some(BufWriter::new(File::create(file).with_context(|| file.display().to_string())?)),
        None => None,
    };
    let mut start = 0;
    while start < size {
        let limit = i32::try_from(size - start).unwrap_or(PAGE).min(PAGE);
        let request = session.request(ExportLeavesRequest { start, limit }).await?;
        let page: Vec<Vec<u8>> = session
            .audit()
            .export_leaves(request)
            .await?
            .into_inner()
            .leaves
            .iter()
            .map(|leaf| leaf.to_vec())
            .collect();
        if page.is_empty() {
            // Too few leaves for the checkpoint: whoever hashes them says so.
            break;
        }
        start += i64::try_from(page.len())?;
        bar.inc(page.len() as u64);
        if let Some(copy) = &mut copy {
            for leaf in &page {
                writeln!(copy, "{}", STANDARD.encode(leaf))?;
            }
        }
        if into.send(page).await.is_err() {
            break;
        }
    }
    bar.finish_and_clear();
    copy.map_or(Ok(()), |mut copy| copy.flush()).context("the copy of the leaves")
}

/// Reads leaves from a file: one a line in base64.
pub fn read(file: &Path) -> anyhow::Result<Vec<Vec<u8>>> {
    let wrong = |what: String| Problem::Usage(format!("{}: {what}", file.display()));
    let lines = BufReader::new(File::open(file).map_err(|error| wrong(error.to_string()))?).lines();
    let mut leaves = Vec::new();
    for (number, line) in lines.enumerate() {
        let line = line.map_err(|error| wrong(error.to_string()))?;
        let leaf = STANDARD.decode(line.trim()).map_err(|_| wrong(format!("line {} is not base64", number + 1)))?;
        leaves.push(leaf);
    }
    Ok(leaves)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_no_export_is_wrong_usage_and_the_line_is_named() {
        let file = std::env::temp_dir().join(format!("ehub-leaves-{}", std::process::id()));
        std::fs::write(&file, "AQ==\nAgM=\n").expect("written");
        assert_eq!(read(&file).expect("leaves"), [vec![1], vec![2, 3]]);
        std::fs::write(&file, "AQ==\n?\n").expect("written");
        let error = read(&file).expect_err("refused");
        assert!(error.to_string().contains("line 2"), "{error}");
        assert_eq!(output::exit::code_of(&error), 2);
        std::fs::remove_file(&file).expect("removed");
        assert_eq!(read(&file).err().map(|error| output::exit::code_of(&error)), Some(2));
    }

    #[tokio::test]
    async fn leaves_arrive_in_order() {
        let (sender, leaves) = channel();
        let hashed = tokio::task::spawn_blocking(move || leaves.collect::<Vec<_>>());
        for page in [vec![vec![1], vec![2]], vec![vec![3]]] {
            sender.send(page).await.expect("taken");
        }
        drop(sender);
        assert_eq!(hashed.await.expect("ended"), [vec![1], vec![2], vec![3]]);
    }
}
