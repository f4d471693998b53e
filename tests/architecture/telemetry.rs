//! Field names of log records are registered: by what stands in the source, so that a record that is
//! seldom written needs no luck to be noticed.

use std::fs;

use ehub_architecture_tests::{Finding, Project, Source, line_of, words};

const LEVELS: [&str; 5] = ["error", "warn", "info", "debug", "trace"];

pub fn log_fields(project: &Project) -> Vec<Finding> {
    let registered = registered();
    let told = project.production().flat_map(|source| fields(source).map(move |field| (source, field)));
    let unknown = told.filter(|(_, (_, name))| !registered.contains(name));
    unknown
        .map(|(source, (place, name))| Finding {
            rule: "log-fields",
            at: format!("{}:{}", source.path, line_of(&source.text, place)),
            what: format!("`{name}` is not a log field of telemetry/registry.toml"),
        })
        .collect()
}

/// The names that may stand on a log record.
fn registered() -> Vec<String> {
    let file = fs::read_to_string(Project::root().join("telemetry/registry.toml")).unwrap_or_default();
    let registry: toml::Table = file.parse().unwrap_or_default();
    let texts = |list: Option<&toml::Value>| -> Vec<String> {
        list.and_then(toml::Value::as_array)
            .map(|texts| texts.iter().filter_map(|text| text.as_str().map(str::to_owned)).collect())
            .unwrap_or_default()
    };
    let mut names = texts(registry.get("logs").and_then(|logs| logs.get("fields")));
    let attributes = registry.get("attributes").and_then(toml::Value::as_table);
    names.extend(
        attributes
            .into_iter()
            .flatten()
            .filter(|(_, attribute)| texts(attribute.get("on")).iter().any(|place| place == "log"))
            .map(|(name, _)| name.clone()),
    );
    names
}

/// The fields of every `tracing::warn!` and its like, with their places.
fn fields(source: &Source) -> impl Iterator<Item = (usize, String)> {
    let calls = words(&source.code).filter(|(place, word)| {
        LEVELS.contains(word)
            && source.code[..*place].ends_with("tracing::")
            && source.code[place + word.len()..].starts_with("!(")
    });
    calls.flat_map(|(place, word)| {
        let start = place + word.len() + 2;
        arguments(&source.code, start)
            .into_iter()
            // What comes after the sentence is its arguments.
            .take_while(|(from, to)| !is_sentence(&source.code[*from..*to]))
            .filter_map(|(from, to)| Some((from, name(&source.text[from..to])?)))
    })
}

/// The arguments of a call whose parenthesis opens before `start`: from where to where.
fn arguments(code: &str, start: usize) -> Vec<(usize, usize)> {
    let (mut depth, mut from, mut found) = (0_usize, start, Vec::new());
    for (at, byte) in code.bytes().enumerate().skip(start) {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' if depth == 0 => {
                found.push((from, at));
                break;
            }
            b')' | b']' | b'}' => depth -= 1,
            b',' if depth == 0 => {
                found.push((from, at));
                from = at + 1;
            }
            _ => {}
        }
    }
    found
}

fn is_sentence(argument: &str) -> bool {
    argument.trim_start().starts_with('"') && !argument.contains('=')
}

/// The name of a field, as `name`, `%name`, `name = value` or `"name" = value`; none for `target:` and its like.
fn name(argument: &str) -> Option<String> {
    let name = argument.split_once('=').map_or(argument, |(name, _)| name).trim();
    let name = name.trim_start_matches(['%', '?']).trim_matches('"');
    (!name.is_empty() && !name.contains(':')).then(|| name.to_owned())
}
