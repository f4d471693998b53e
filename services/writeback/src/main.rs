//! The write-back service's process.

fn main() -> std::process::ExitCode {
    ehub_host::main::<ehub_writeback::Writeback>()
}
