//! The claim's grant: a signed permission to act on, or to read, one consultation for as long as the lease lasts.

mod presented;
mod signer;

use std::{fmt, time::Duration};

use ehub_clock::Timestamp;
use uuid::Uuid;

use crate::{TokenRefusal, claims::Claims};

pub use presented::{GrantPresented, GrantRefusal};
pub use signer::{GrantSigner, SignerError};

/// The metadata key that carries a grant.
pub const GRANT_HEADER: &str = "ehub-grant";
/// The `typ` of a grant, so that no access token can pass for one and the other way round (RFC 8725 §3.11).
pub(crate) const GRANT_TYP: &str = "ehub-grant+jwt";

/// What a grant permits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum GrantKind {
    /// Acting on the consultation, and reading it.
    Act,
    /// Reading it.
    View,
}

impl GrantKind {
    /// The word in the claim `grant`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Act => "act",
            Self::View => "view",
        }
    }

    /// Whether this kind permits what `needed` does.
    #[must_use]
    pub fn permits(self, needed: Self) -> bool {
        self == needed || self == Self::Act
    }
}

/// The content of a grant.
#[derive(Clone, PartialEq, Eq)]
pub struct Grant {
    /// The consultation.
    pub consultation: Uuid,
    /// The claim's fence: `incarnation << 32 | n`, rising with each change of holder.
    pub epoch: i64,
    /// Acting or reading.
    pub kind: GrantKind,
    /// The [`Caller::subject`](crate::Caller::subject) it was given to; nobody else can use it.
    pub subject: String,
    /// The organisation the subject acts for.
    pub organisation: Uuid,
    /// The practice whose patient it is.
    pub practice: Uuid,
    /// When it ends, in whole seconds (signing rounds down); no leeway.
    pub expires_at: Timestamp,
    /// The incarnation of the database that issued it.
    pub incarnation: i64,
}

impl fmt::Debug for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Grant")
            .field("consultation", &self.consultation)
            .field("epoch", &self.epoch)
            .field("kind", &self.kind)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

/// Reads verified claims; expiry and subject are for the caller to compare.
pub(crate) fn read_grant(
    claims: &Claims,
    audience: &str,
    now: Timestamp,
    skew: Duration,
) -> Result<Grant, TokenRefusal> {
    claims.check_audience(audience, false)?;
    let expires_at = claims.required_seconds("exp")?;
    // Another of our services issued it, whose clock may be ahead by the permitted skew.
    if claims.required_seconds("iat")? > now + skew {
        return Err(TokenRefusal::Future);
    }
    Ok(Grant {
        consultation: uuid(claims, "consultation")?,
        epoch: integer(claims, "epoch")?,
        kind: match claims.text("grant", 8)? {
            Some("act") => GrantKind::Act,
            Some("view") => GrantKind::View,
            _ => return Err(TokenRefusal::Claim),
        },
        // A subject prefix may add to the 255 characters of `sub`.
        subject: claims.identifier("sub", 600)?.ok_or(TokenRefusal::Claim)?.to_owned(),
        organisation: uuid(claims, "organisation")?,
        practice: uuid(claims, "practice")?,
        expires_at,
        incarnation: integer(claims, "incarnation")?,
    })
}

fn uuid(claims: &Claims, name: &str) -> Result<Uuid, TokenRefusal> {
    let text = claims.text(name, 36)?.ok_or(TokenRefusal::Claim)?;
    Uuid::try_parse(text).map_err(|_| TokenRefusal::Claim)
}

fn integer(claims: &Claims, name: &str) -> Result<i64, TokenRefusal> {
    claims.get(name).and_then(serde_json::Value::as_i64).filter(|number| *number >= 0).ok_or(TokenRefusal::Claim)
}
