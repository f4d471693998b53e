//! How large files and functions may be. A reader holds one of them in the head at a time.

use ehub_architecture_tests::{Finding, Project, functions, line_of};

/// Lines of a file without tests.
const FILE: usize = 400;
/// Lines of code of a function, comments and empty lines left out.
const FUNCTION: usize = 70;
/// The median over all files.
const MEDIAN: usize = 150;

pub fn files(project: &Project) -> Vec<Finding> {
    let mut lines: Vec<(usize, &str)> =
        project.production().map(|source| (source.text.lines().count(), source.path.as_str())).collect();
    lines.sort_unstable();
    let long = lines.iter().filter(|(count, _)| *count > FILE);
    let mut found: Vec<_> = long
        .map(|(count, path)| Finding { rule: "file-size", at: (*path).to_owned(), what: format!("{count} lines") })
        .collect();
    let median = lines.get(lines.len() / 2).map_or(0, |(count, _)| *count);
    if median > MEDIAN {
        found.push(Finding { rule: "file-size", at: "median".to_owned(), what: format!("{median} lines") });
    }
    found
}

pub fn functions_within(project: &Project) -> Vec<Finding> {
    let mut found = Vec::new();
    for source in project.production() {
        for (name, start, end) in functions(&source.code) {
            let lines = source.code[start..end].lines().filter(|line| !line.trim().is_empty()).count();
            if lines > FUNCTION {
                let what = format!("line {}: fn {name} has {lines} lines", line_of(&source.code, start));
                found.push(Finding { rule: "function-size", at: source.path.clone(), what });
            }
        }
    }
    found
}
