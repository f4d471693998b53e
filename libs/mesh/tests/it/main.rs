//! The client against a small scripted server.

mod download;
mod inbox;
mod send;
mod server;
mod setup;
