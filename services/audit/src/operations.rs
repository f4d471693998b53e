//! What audit does, one use-case to a file.

pub mod append;
pub mod compare;
pub mod conclude;
pub mod export_leaves;
pub mod get_checkpoint;
pub mod get_timeline;
pub mod keep_house;
pub mod lifecycle;
pub mod measure;
pub mod prove;
pub mod read_no_loss;
pub mod record;
pub mod sign;
