//! Holds the contract to its own rules: what stands in `proto/` is what integrators are promised.

mod access;
mod breaking;
mod comments;
mod documents;
mod produced;
mod reasons;
mod shape;
