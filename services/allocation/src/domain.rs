//! What allocation decides, without time, storage or wire: routing, order of the queue, custody and
//! access. Types that cannot be invalid, functions that decide.

pub mod access;
pub mod alert;
pub mod closing;
pub mod item;
pub mod policy;
pub mod queue;
pub mod register;
pub mod routing;
pub mod words;
