//! The audit service's binary.

fn main() -> std::process::ExitCode {
    ehub_host::main::<ehub_audit::Audit>()
}
