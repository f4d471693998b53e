//! Background work, on the work role: looks at state, reconciles, takes no input.

pub mod emergency_page;
pub mod housekeeping;
pub mod mesh_poll;
pub mod mesh_send;
pub mod read_landed;
mod rest;
pub mod trace;
