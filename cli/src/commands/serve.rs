//! `ehub serve`, and the same program under a service's name: one image, five entry points.

use std::{
    ffi::{OsStr, OsString},
    path::Path,
    process::ExitCode,
};

use crate::arguments::ServiceName;

/// The service a program's name stands for: `/usr/bin/ehub-intake` is intake.
pub fn called_as(program: &OsStr) -> Option<ServiceName> {
    let name = Path::new(program).file_name()?.to_str()?.strip_prefix("ehub-")?;
    ServiceName::ALL.into_iter().find(|service| service.as_str() == name)
}

/// Runs a service with the command line of its own program.
pub fn run(service: ServiceName, command_line: Vec<OsString>) -> ExitCode {
    match service {
        ServiceName::Intake => ehub_host::main_from::<ehub_intake::Intake>(command_line),
        ServiceName::Allocation => ehub_host::main_from::<ehub_allocation::Allocation>(command_line),
        ServiceName::Writeback => ehub_host::main_from::<ehub_writeback::Writeback>(command_line),
        ServiceName::Prescribing => ehub_host::main_from::<ehub_prescribing::Prescribing>(command_line),
        ServiceName::Audit => ehub_host::main_from::<ehub_audit::Audit>(command_line),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_services_name_is_a_service() {
        for (program, service) in [
            ("ehub", None),
            ("ehub-kitchen", None),
            ("intake", None),
            ("/ehub-intake/ehub", None),
            ("ehub-intake", Some(ServiceName::Intake)),
            ("/usr/local/bin/ehub-audit", Some(ServiceName::Audit)),
        ] {
            assert_eq!(called_as(OsStr::new(program)), service, "{program}");
        }
    }
}
