//! What tests of services share: a database for each test, callers, requests as the layers leave
//! them. Not linked into any service.

#![expect(clippy::disallowed_methods, reason = "tests read their settings and make names for databases of their own")]

mod callers;
mod database;
mod seed;
mod sources;

pub use callers::{caller, client, grant, person, request};
pub use database::TestDb;
pub use seed::{client_scope, organisation, person_scope, seed_access};
pub use sources::{Said, Source, deliver, orders};
