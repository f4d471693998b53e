//! SQL, on a transaction that somebody else began.

pub mod appender;
pub mod checkpoints;
pub mod deliverables;
pub mod differences;
pub mod episodes;
pub mod leaves;
pub mod lifecycle;
pub mod log;
pub mod messages;
pub mod nodes;
pub mod proof;
pub mod roots;
pub mod timeline;
pub mod waiting;
pub mod walks;
