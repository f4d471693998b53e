//! Values as tables: borders and wrapping on a terminal, plain columns in a pipe.

use comfy_table::{Cell, ContentArrangement, Table, presets};
use ehub_clock::{Clock, Timestamp};
use serde_json::Value;

use super::age;

/// A column: its heading, where in the row its value is (keys with dots between), and its form.
#[derive(Debug, Clone, Copy)]
pub struct Column(pub &'static str, pub &'static str, pub Form);

/// How a value is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// As it is.
    Plain,
    /// A time with its distance from now.
    Time,
}

/// What the table is for.
#[derive(Debug, Clone, Copy)]
pub struct Look {
    /// A terminal's width; none in a pipe.
    pub width: Option<u16>,
    /// What distances are measured from.
    pub now: Timestamp,
}

impl Look {
    /// What stdout is.
    pub fn of_stdout() -> Self {
        let terminal = console::Term::stdout();
        let width = if terminal.is_term() { terminal.size_checked().map(|(_, columns)| columns) } else { None };
        Self { width, now: Clock::system().now() }
    }

    fn table(&self) -> Table {
        let mut table = Table::new();
        match self.width {
            Some(width) => {
                table.load_style(presets::UTF8_FULL_CONDENSED);
                table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width);
            }
            None => {
                table.load_style(presets::NOTHING);
                table.set_content_arrangement(ContentArrangement::Disabled);
            }
        }
        table
    }

    fn shown(&self, table: &Table) -> String {
        // Without a border the first column's padding would indent every line.
        if self.width.is_some() {
            return table.to_string();
        };
        let lines: Vec<String> = table.lines().map(|line| line.trim().to_owned()).collect();
        lines.join("\n")
    }
}

/// A row for each value.
pub fn rows(values: &[Value], columns: &[Column], look: &Look) -> String {
    let mut table = look.table();
    table.set_header(columns.iter().map(|column| Cell::new(column.0)));
    for value in values {
        table.add_row(columns.iter().map(|column| Cell::new(cell(at(value, column.1), column.2, look))));
    }
    look.shown(&table)
}

/// A row for each field of a value, with what is nested under names with dots; absent fields are left out.
pub fn record(value: &Value, look: &Look) -> String {
    let mut fields = Vec::new();
    flatten("", value, &mut fields);
    let mut table = look.table();
    for (name, value) in fields {
        let form = if name.ends_with("_time") || name.ends_with("_by") { Form::Time } else { Form::Plain };
        table.add_row([Cell::new(name), Cell::new(cell(&value, form, look))]);
    }
    look.shown(&table)
}

fn at<'a>(value: &'a Value, path: &str) -> &'a Value {
    path.split('.').fold(value, |inner, key| inner.get(key).unwrap_or(&Value::Null))
}

fn cell(value: &Value, form: Form, look: &Look) -> String {
    match (value, form) {
        (Value::Null, _) => "–".to_owned(),
        (Value::Bool(true), _) => "yes".to_owned(),
        (Value::Bool(false), _) => "no".to_owned(),
        (Value::String(text), Form::Time) => age::moment(text, look.now),
        (Value::String(text), Form::Plain) => printable(text),
        (Value::Array(items), _) if items.is_empty() => "–".to_owned(),
        (Value::Array(items), _) => items.iter().map(|item| cell(item, form, look)).collect::<Vec<_>>().join(", "),
        (other, _) => other.to_string(),
    }
}

/// Text others wrote, without what would steer a terminal.
fn printable(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() && letter != '\n' { '\u{fffd}' } else { letter }).collect()
}

fn flatten(prefix: &str, value: &Value, into: &mut Vec<(String, Value)>) {
    let name = |key: &str| if prefix.is_empty() { key.to_owned() } else { format!("{prefix}.{key}") };
    match value {
        Value::Null => {}
        Value::Object(fields) => fields.iter().for_each(|(key, value)| flatten(&name(key), value, into)),
        Value::Array(items) if items.iter().any(Value::is_object) => {
            for (position, item) in items.iter().enumerate() {
                flatten(&name(&(position + 1).to_string()), item, into);
            }
        }
        Value::Array(items) if items.is_empty() => {}
        other => into.push((prefix.to_owned(), other.clone())),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use time::macros::datetime;

    use super::*;

    const PIPE: Look = Look { width: None, now: datetime!(2026-03-28 12:00 UTC) };
    const COLUMNS: [Column; 3] = [
        Column("REFERENCE", "reference", Form::Plain),
        Column("DUE", "item.respond_by", Form::Time),
        Column("MINE", "mine", Form::Plain),
    ];

    #[test]
    fn control_characters_do_not_reach_the_terminal() {
        let shown = record(&json!({ "text": "a\u{1b}[2Jb" }), &PIPE);
        assert!(!shown.contains('\u{1b}'), "{shown:?}");
    }

    #[test]
    fn a_pipe_gets_plain_columns() {
        let values =
            [json!({ "reference": "ABC", "item": { "respond_by": "2026-03-28T12:05:00Z" }, "mine": true }), json!({})];
        let shown = rows(&values, &COLUMNS, &PIPE);
        let lines: Vec<Vec<&str>> = shown
            .lines()
            .map(|line| line.split("  ").map(str::trim).filter(|part| !part.is_empty()).collect())
            .collect();
        assert_eq!(lines[0], ["REFERENCE", "DUE", "MINE"]);
        assert_eq!(lines[1], ["ABC", "12:05:00Z, in 5 min", "yes"]);
        assert_eq!(lines[2], ["–", "–", "–"]);
    }

    #[test]
    fn a_terminal_gets_no_line_wider_than_itself() {
        let look = Look { width: Some(40), ..PIPE };
        let values = [json!({ "reference": "long ".repeat(40) })];
        let shown = rows(&values, &COLUMNS, &look);
        assert!(shown.lines().all(|line| line.chars().count() <= 40), "{shown}");
        assert!(shown.contains('│'));
    }

    #[test]
    fn a_record_shows_what_is_there_and_nothing_else() {
        let value = json!({
            "name": "consultations/1", "absent": null, "none": [],
            "content": { "answers": [{ "question_id": "q1", "answer": "yes" }] }, "related": ["a", "b"],
        });
        let shown = record(&value, &PIPE);
        for part in ["content.answers.1.question_id", "consultations/1", "a, b"] {
            assert!(shown.contains(part), "{part} in {shown}");
        }
        assert!(!shown.contains("absent") && !shown.contains("none"), "{shown}");
    }
}
