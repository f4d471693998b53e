//! Panics without their words.

/// Replaces the process's panic hook by one that logs where, and not what: the message of a panic may quote a value
/// that holds a patient's data. For `main` only; in tests the words are wanted.
pub fn quiet_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let at = panic.location().map(|at| format!("{}:{}", at.file(), at.line())).unwrap_or_default();
        tracing::error!(target: "ehub::panic", at, "panic");
    }));
}
