//! Where the pieces stand: lines that fit the width, pages that fit the height.

use super::{blocks::Block, metrics::Face, winansi};

/// A4 in points.
pub(super) const PAGE: (f32, f32) = (595.28, 841.89);
/// Left and right.
pub(super) const MARGIN: f32 = 50.0;
const TOP: f32 = 790.0;
const BOTTOM: f32 = 60.0;
/// Where the values of labelled fields begin.
const VALUE_INDENT: f32 = 105.0;
const ITEM_INDENT: f32 = 12.0;

/// A run of text at its place, in points from the bottom left.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Run {
    pub x: f32,
    pub y: f32,
    pub face: Face,
    pub size: f32,
    pub text: Vec<u8>,
}

/// A page of runs.
pub(super) type Page = Vec<Run>;

/// Lays pieces out on as many pages as they need; tells whether any character was replaced.
pub(super) fn lay_out(blocks: &[Block]) -> (Vec<Page>, bool) {
    let mut writer = Writer { pages: vec![Vec::new()], y: TOP, changed: false };
    for block in blocks {
        writer.block(block);
    }
    if writer.changed {
        writer.space(8.0);
        let told = "Some characters of this report cannot be printed here: look-alikes or [?] stand for them. The exact \
                    text is in the message that carried this document.";
        writer.wrapped(told, Style { face: Face::Plain, size: 8.0, indent: 0.0 });
    }
    (writer.pages, writer.changed)
}

#[derive(Debug, Clone, Copy)]
struct Style {
    face: Face,
    size: f32,
    indent: f32,
}

struct Writer {
    pages: Vec<Page>,
    y: f32,
    changed: bool,
}

impl Writer {
    fn block(&mut self, block: &Block) {
        let text = Style { face: Face::Plain, size: 10.0, indent: 0.0 };
        let bold = Style { face: Face::Bold, ..text };
        match block {
            Block::Title(title) => self.wrapped(title, Style { size: 16.0, ..bold }),
            Block::Notice(notice) => self.wrapped(&format!("! {notice}"), Style { size: 11.0, ..bold }),
            Block::Heading(heading) => {
                self.space(7.0);
                // A heading does not stand alone at the foot of a page.
                self.keep(40.0);
                self.wrapped(heading, Style { size: 11.0, ..bold });
            }
            Block::Field(label, value) => {
                self.keep(14.0);
                let y = self.y - 10.0 * LEADING;
                self.put(y, Style { ..bold }, label.as_bytes().to_vec());
                self.wrapped(value, Style { indent: VALUE_INDENT, ..text });
            }
            Block::Text(words) => self.wrapped(words, text),
            Block::Item(words) => {
                self.keep(14.0);
                let y = self.y - 10.0 * LEADING;
                self.put(y, text, b"-".to_vec());
                self.wrapped(words, Style { indent: ITEM_INDENT, ..text });
            }
        }
    }

    fn wrapped(&mut self, text: &str, style: Style) {
        let width = PAGE.0 - 2.0 * MARGIN - style.indent;
        for paragraph in text.lines() {
            let printed = winansi::print(paragraph);
            self.changed |= printed.changed;
            for line in wrap(&printed.bytes, style, width) {
                self.keep(style.size * LEADING);
                self.y -= style.size * LEADING;
                self.put(self.y, style, line);
            }
        }
    }

    fn put(&mut self, y: f32, style: Style, text: Vec<u8>) {
        // Unwrap safety: there is a page from the start, and pages are only added.
        let page = self.pages.last_mut().expect("a page");
        page.push(Run { x: MARGIN + style.indent, y, face: style.face, size: style.size, text });
    }

    fn space(&mut self, points: f32) {
        self.y -= points;
    }

    /// Goes to a new page unless so many points are left on this one.
    fn keep(&mut self, points: f32) {
        if self.y - points < BOTTOM {
            self.pages.push(Vec::new());
            self.y = TOP;
        }
    }
}

/// Distance of lines in font sizes.
const LEADING: f32 = 1.3;

/// Breaks text at blanks, and words longer than a line where they must be.
fn wrap(text: &[u8], style: Style, width: f32) -> Vec<Vec<u8>> {
    let fits = |line: &[u8]| style.face.width(line, style.size) <= width;
    let mut lines = Vec::new();
    let mut line: Vec<u8> = Vec::new();
    for word in text.split(|byte| *byte == b' ').filter(|word| !word.is_empty()) {
        let mut longer = line.clone();
        if !longer.is_empty() {
            longer.push(b' ');
        }
        longer.extend_from_slice(word);
        if fits(&longer) {
            line = longer;
            continue;
        }
        if !line.is_empty() {
            lines.push(std::mem::take(&mut line));
        }
        for byte in word {
            line.push(*byte);
            if !fits(&line) && line.len() > 1 {
                line.pop();
                lines.push(std::mem::replace(&mut line, vec![*byte]));
            }
        }
    }
    lines.push(line);
    lines
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const STYLE: Style = Style { face: Face::Plain, size: 10.0, indent: 0.0 };

    proptest! {
        #[test]
        fn no_line_is_too_long_and_no_letter_is_lost(text in "[ -~]{0,400}", width in 40.0f32..500.0) {
            let lines = wrap(text.as_bytes(), STYLE, width);
            for line in &lines {
                prop_assert!(Face::Plain.width(line, 10.0) <= width || line.len() == 1);
            }
            let letters = |bytes: &[u8]| bytes.iter().copied().filter(|byte| *byte != b' ').collect::<Vec<u8>>();
            prop_assert_eq!(letters(&lines.concat()), letters(text.as_bytes()));
        }
    }

    #[test]
    fn long_text_takes_many_pages_inside_the_margins() {
        let (pages, _) = lay_out(&[Block::Text("word ".repeat(20_000))]);
        assert!(pages.len() > 10);
        assert!(pages.iter().flatten().all(|run| run.y >= BOTTOM - 1.0 && run.y <= TOP));
    }
}
