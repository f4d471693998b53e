//! The Rust files of the project.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::{blank_comments_and_strings, blank_tests};

/// The folders that hold Rust code of ours.
const FOLDERS: [&str; 4] = ["libs", "services", "cli", "tests"];

/// One Rust file.
#[derive(Debug)]
pub struct Source {
    /// Its path from the root, with `/`.
    pub path: String,
    /// Everything in it.
    pub text: String,
    /// Its code, without comments, strings and tests; empty for a file of tests.
    pub code: String,
}

impl Source {
    /// Whether the whole file is a test: under a folder `tests`, or named for it.
    #[must_use]
    pub fn is_test(&self) -> bool {
        let stem = self.path.rsplit('/').next().unwrap_or_default().trim_end_matches(".rs");
        self.path.split('/').any(|part| part == "tests") || stem == "tests" || stem.ends_with("_tests")
    }

    /// Whether it belongs to a service, and which.
    #[must_use]
    pub fn service(&self) -> Option<&str> {
        self.path.strip_prefix("services/")?.split('/').next()
    }

    /// The path inside of the crate's `src`, such as `storage/entry.rs`.
    #[must_use]
    pub fn inner(&self) -> &str {
        self.path.split_once("/src/").map_or(self.path.as_str(), |(_, inner)| inner)
    }

    /// Whether it is a room of its crate, such as `storage`: `storage.rs` or under `storage/`.
    #[must_use]
    pub fn in_room(&self, room: &str) -> bool {
        let inner = self.inner();
        inner.strip_prefix(room).is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
    }
}

/// All Rust files, read once.
#[derive(Debug)]
pub struct Project {
    /// The files by path.
    pub sources: Vec<Source>,
}

impl Project {
    /// Reads the project.
    #[must_use]
    pub fn read() -> Self {
        let root = Self::root();
        let mut files = Vec::new();
        for folder in FOLDERS {
            collect(&root.join(folder), &mut files);
        }
        files.sort();
        let sources =
            files.iter().filter_map(|file| Some(source(path_in(&root, file), fs::read_to_string(file).ok()?)));
        Self { sources: sources.collect() }
    }

    /// A project of one file, to see what a rule makes of it.
    #[must_use]
    pub fn of(path: &str, text: &str) -> Self {
        Self { sources: vec![source(path.to_owned(), text.to_owned())] }
    }

    /// Production code: no tests, no build scripts.
    pub fn production(&self) -> impl Iterator<Item = &Source> {
        self.sources.iter().filter(|source| !source.is_test() && !source.path.ends_with("/build.rs"))
    }

    /// The root of the project.
    #[must_use]
    pub fn root() -> PathBuf {
        PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../..")).canonicalize().unwrap_or_default()
    }

    /// The services, by folder.
    #[must_use]
    pub fn services() -> Vec<String> {
        let folders = fs::read_dir(Self::root().join("services")).into_iter().flatten().flatten();
        let mut names: Vec<_> = folders.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }
}

fn path_in(root: &Path, file: &Path) -> String {
    file.strip_prefix(root).unwrap_or(file).to_string_lossy().replace('\\', "/")
}

fn source(path: String, text: String) -> Source {
    let mut source = Source { path, code: String::new(), text };
    if !source.is_test() {
        source.code = blank_tests(&blank_comments_and_strings(&source.text));
    }
    source
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            if !path.ends_with("target") && !path.ends_with("node_modules") {
                collect(&path, files);
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}
