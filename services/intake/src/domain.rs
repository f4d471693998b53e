//! What intake knows and decides. Pure: no clock, no storage, no wire formats.

pub mod age;
pub mod codes;
pub mod consultation;
pub mod draft;
pub mod enrolment;
pub mod event;
pub mod patient;
pub mod promise;
pub mod screening;
pub mod trace;
pub mod validate;
pub mod wrong;
