//! Tokens and grants against a verifier: first everything that must not pass, then what must.

mod bad_grants;
mod bad_tokens;
mod good;
mod keys;

pub(crate) use bad_tokens::tokens as bad_tokens;
