//! Nothing here: see `journeys.rs`.
