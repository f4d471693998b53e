//! The source of the project as the architecture tests see it: files with comments, strings and
//! tests told apart from code, and findings with their exceptions.

mod exceptions;
mod lexer;
mod source;

pub use exceptions::{Exceptions, Finding};
pub use lexer::{blank_comments_and_strings, blank_tests, functions, line_of, words};
pub use source::{Project, Source};
