//! The list of what a token must be, in the order it is checked; each way to fail has a word for counters and logs.
//!
//! 1. carriage: exactly one `authorization` header, `Bearer`, visible ASCII, at most 4 KiB ([`MAX_TOKEN_BYTES`]);
//! 2. structure: three non-empty parts of canonical unpadded base64url, each of the first two one JSON object;
//! 3. header: `alg`, `typ`, `kid` and nothing else (so no `crit`, `jwk`, `jku`, `x5u`, `x5c`, `b64`, `zip`, `cty`), none twice;
//! 4. issuer: `iss` is one string and equals a configured issuer; `typ` and `alg` are ones that issuer is allowed;
//! 5. key: `kid` matches `[A-Za-z0-9_-]{1,64}`, is in that issuer's JWKS, and that key is pinned to that `alg`;
//! 6. signature;
//! 7. claims: no name twice; `aud` is one string and ours; `exp`, `iat` and, if present, `nbf` are whole seconds before the
//!    year 10000; not expired, not from the future, not longer-lived than allowed; `sub` and the client are there; nothing
//!    that we read holds a control character or is over-long.
//!
//! The answer to the caller never says which step failed.

mod access;

use std::fmt;

pub(crate) use access::{AccessPolicy, read_caller};

/// The longest accepted token, in bytes.
pub const MAX_TOKEN_BYTES: usize = 4096;

/// Which step of the list a token failed. For counters and our own logs; the caller always gets the same answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TokenRefusal {
    /// No `authorization` header.
    Absent,
    /// Two or more `authorization` headers, another scheme, or bytes that are no token.
    Carriage,
    /// Longer than [`MAX_TOKEN_BYTES`].
    Oversize,
    /// Not three parts of base64url with JSON objects inside.
    Structure,
    /// A header parameter that is missing, unknown, repeated or ill-formed.
    Header,
    /// The issuer is missing, not one string, or not trusted.
    Issuer,
    /// The type is not one that this issuer's access tokens have.
    Type,
    /// The algorithm is not one that this issuer may use.
    Algorithm,
    /// The key is unknown, or belongs to another algorithm.
    Key,
    /// The signature does not verify.
    Signature,
    /// The audience is missing, a list, or not ours.
    Audience,
    /// A time is missing or not a whole number of seconds in range.
    TimeFormat,
    /// Expired.
    Expired,
    /// `nbf` or `iat` lies in the future.
    Future,
    /// Lives longer than allowed, or ends before it begins.
    Lifetime,
    /// A claim is missing, repeated, contradictory or ill-formed.
    Claim,
}

impl TokenRefusal {
    /// Every refusal, in the order of the checks.
    pub const ALL: [Self; 16] = [
        Self::Absent,
        Self::Carriage,
        Self::Oversize,
        Self::Structure,
        Self::Header,
        Self::Issuer,
        Self::Type,
        Self::Algorithm,
        Self::Key,
        Self::Signature,
        Self::Audience,
        Self::TimeFormat,
        Self::Expired,
        Self::Future,
        Self::Lifetime,
        Self::Claim,
    ];

    /// The word used as a metric attribute.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Absent => "absent",
            Self::Carriage => "carriage",
            Self::Oversize => "oversize",
            Self::Structure => "structure",
            Self::Header => "header",
            Self::Issuer => "issuer",
            Self::Type => "type",
            Self::Algorithm => "algorithm",
            Self::Key => "key",
            Self::Signature => "signature",
            Self::Audience => "audience",
            Self::TimeFormat => "time_format",
            Self::Expired => "expired",
            Self::Future => "future",
            Self::Lifetime => "lifetime",
            Self::Claim => "claim",
        }
    }
}

impl fmt::Display for TokenRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::error::Error for TokenRefusal {}
