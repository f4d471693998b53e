//! Who is told, and of what.

use std::sync::Arc;

use crate::{Transport, read::Row};

/// One service that is told.
#[derive(Clone)]
pub struct Subscriber {
    /// Its name, such as `audit`.
    pub name: &'static str,
    /// The way to it.
    pub transport: Arc<dyn Transport>,
    /// Whether a subscriber reads a kind; others come without body, and kinds of their own stream not at all.
    pub reads: fn(&str, &str) -> bool,
}

impl std::fmt::Debug for Subscriber {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Subscriber").field(&self.name).finish()
    }
}

impl Subscriber {
    /// Whether a row goes to this subscriber at all. An event that is a stream of its own goes
    /// only to those who read it: nothing is missing where nothing follows.
    pub(crate) fn concerns(&self, row: &Row) -> bool {
        row.stream != row.event || (self.reads)(self.name, &row.kind)
    }

    /// Whether the subscriber gets the body: of a kind it reads, and not left out for it.
    pub(crate) fn has_body(&self, row: &Row) -> bool {
        !row.skipped && (self.reads)(self.name, &row.kind)
    }
}
