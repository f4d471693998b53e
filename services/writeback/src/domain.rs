//! What write-back decides. Pure: no async, no clock, no proto, no SQL.

mod agreement;
mod content;
mod delivery;
mod entry;
mod state;
mod trace;

pub use agreement::{Agreement, AgreementTerms};
pub use content::{
    Author, CodedItem, Content, Decimal, FitNote, Heading, ItemKind, Medicine, NotADecimal, NotAUnit, Observation, Unit,
};
pub use delivery::{Delivery, Fact, MAX_ATTEMPTS};
pub use entry::{Entry, EntryEvent, SettleAction};
pub use state::{Standing, State, reason};
pub use trace::{Patient, Trace, TraceOutcome, judge};
