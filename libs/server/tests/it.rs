//! A server on real sockets, from the outside.

mod it {
    mod client;
    mod drain;
    mod edge;
    mod harness;
}
