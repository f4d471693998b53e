//! The prescribing service.

fn main() -> std::process::ExitCode {
    ehub_host::main::<ehub_prescribing::Prescribing>()
}
