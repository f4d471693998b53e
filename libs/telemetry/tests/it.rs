//! What really arrives at a collector.

mod it {
    mod collector;
    mod outside;
    mod signals;
}
