//! The intake service as a program of its own.

fn main() -> std::process::ExitCode {
    ehub_host::main::<ehub_intake::Intake>()
}
