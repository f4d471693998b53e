//! The other services, behind our own types.

pub mod roots;
