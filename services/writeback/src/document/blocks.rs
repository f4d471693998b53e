//! The pieces a document is made of, before they have a place on a page.

/// A piece of the document.
#[derive(Clone, PartialEq, Eq)]
pub enum Block {
    /// The title, once.
    Title(String),
    /// Something nobody may overlook, printed first.
    Notice(String),
    /// A label with its value.
    Field(&'static str, String),
    /// A heading.
    Heading(&'static str),
    /// Running text; its line breaks are kept.
    Text(String),
    /// A member of a list.
    Item(String),
}

impl std::fmt::Debug for Block {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Title(_) => "Title(***)",
            Self::Notice(_) => "Notice(***)",
            Self::Field(..) => "Field(***)",
            Self::Heading(_) => "Heading",
            Self::Text(_) => "Text(***)",
            Self::Item(_) => "Item(***)",
        })
    }
}

/// The same document as plain lines, exactly as it was written: for the message's own text.
pub fn narrative(blocks: &[Block]) -> String {
    let line = |block: &Block| match block {
        Block::Title(text) | Block::Notice(text) | Block::Text(text) => text.clone(),
        Block::Field(label, value) => format!("{label}: {value}"),
        Block::Heading(text) => (*text).to_owned(),
        Block::Item(text) => format!("- {text}"),
    };
    blocks.iter().map(line).collect::<Vec<_>>().join("\n")
}
