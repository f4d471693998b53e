//! Prescribing on a real database, with an EPS in the test that can be told to misbehave.

mod eps;
mod guard;
mod issue;
mod prepare_and_sign;
mod raise;
mod signer;
mod sources;
mod world;
