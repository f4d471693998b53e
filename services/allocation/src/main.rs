//! The allocation service.

fn main() -> std::process::ExitCode {
    ehub_host::main::<ehub_allocation::Allocation>()
}
