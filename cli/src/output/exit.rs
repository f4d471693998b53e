//! How the command ends. The numbers are a promise; `ehub --help` tells them.

use tonic::Code;

/// All is well.
pub const DONE: u8 = 0;
/// A bug, or something nobody foresaw.
pub const BUG: u8 = 1;
/// Wrong usage; also what the argument parser ends with.
pub const USAGE: u8 = 2;
/// Not finished in time.
pub const LATE: u8 = 3;
/// A service refused, or what was checked does not hold.
pub const REFUSED: u8 = 4;
/// Somebody cannot be reached.
pub const UNREACHABLE: u8 = 5;
/// `EX_USAGE` of sysexits.h, as the services use it: a configuration file is wrong.
pub const CONFIG: u8 = 64;

/// What a command itself finds wrong.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// The arguments do not fit.
    #[error("{0}")]
    Usage(String),
    /// It did not become true in time.
    #[error("{0}")]
    Late(String),
    /// What was checked does not hold.
    #[error("{0}")]
    DoesNotHold(String),
    /// Nobody is there.
    #[error("{0}")]
    Unreachable(String),
    /// A file of ours is wrong.
    #[error("{0}")]
    Config(String),
}

impl Problem {
    fn code(&self) -> u8 {
        match self {
            Self::Usage(_) => USAGE,
            Self::Late(_) => LATE,
            Self::DoesNotHold(_) => REFUSED,
            Self::Unreachable(_) => UNREACHABLE,
            Self::Config(_) => CONFIG,
        }
    }
}

/// The exit code an error stands for.
pub fn code_of(error: &anyhow::Error) -> u8 {
    error.chain().find_map(code_of_one).unwrap_or(BUG)
}

fn code_of_one(error: &(dyn std::error::Error + 'static)) -> Option<u8> {
    if let Some(problem) = error.downcast_ref::<Problem>() {
        return Some(problem.code());
    }
    if let Some(status) = error.downcast_ref::<tonic::Status>() {
        return Some(code_of_status(status));
    }
    if let Some(http) = error.downcast_ref::<reqwest::Error>() {
        return Some(if http.is_status() { REFUSED } else { UNREACHABLE });
    }
    if let Some(sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut) = error.downcast_ref::<sqlx::Error>() {
        return Some(UNREACHABLE);
    }
    None
}

/// The exit code of a call that did not end well.
pub fn code_of_status(status: &tonic::Status) -> u8 {
    match status.code() {
        Code::DeadlineExceeded | Code::Cancelled => LATE,
        Code::Unavailable => UNREACHABLE,
        Code::Internal | Code::Unknown | Code::DataLoss | Code::Unimplemented => BUG,
        _ => REFUSED,
    }
}

#[cfg(test)]
mod tests {
    use anyhow::Context;

    use super::*;

    #[test]
    fn the_code_is_found_under_any_context() {
        for (error, code) in [
            (anyhow::anyhow!("surprise"), BUG),
            (Problem::Usage("no".into()).into(), USAGE),
            (Problem::Late("no".into()).into(), LATE),
            (Problem::DoesNotHold("no".into()).into(), REFUSED),
            (Problem::Unreachable("no".into()).into(), UNREACHABLE),
            (Problem::Config("no".into()).into(), CONFIG),
            (tonic::Status::failed_precondition("no").into(), REFUSED),
            (tonic::Status::deadline_exceeded("no").into(), LATE),
            (tonic::Status::cancelled("Timeout expired").into(), LATE),
            (tonic::Status::unknown("no").into(), BUG),
            (sqlx::Error::PoolTimedOut.into(), UNREACHABLE),
        ] {
            assert_eq!(code_of(&error), code, "{error}");
            let wrapped = Err::<(), _>(error).context("within").context("within again").expect_err("still one");
            assert_eq!(code_of(&wrapped), code, "{wrapped:#}");
        }
    }
}
