//! The service's own token, kept current by someone else in a file.

use std::{
    fmt, fs,
    io::Read,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant, SystemTime},
};

use ehub_clock::Clock;
use http::HeaderValue;

use crate::token::MAX_TOKEN_BYTES;

/// How often the file is looked at.
const EVERY: Duration = Duration::from_secs(5);

/// Where a service's token comes from; clones share what was read.
#[derive(Clone)]
pub struct TokenSource(Arc<Kind>);

enum Kind {
    File { path: PathBuf, clock: Clock, state: Mutex<Option<State>> },
    Fixed(HeaderValue),
}

struct State {
    looked_at: Instant,
    stamp: Option<Stamp>,
    header: Option<HeaderValue>,
}

/// What shows that a file was replaced.
type Stamp = (SystemTime, u64);

/// Why there is no token to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenSourceError {
    /// The file cannot be read, and never could.
    #[error("the service's token file cannot be read")]
    Unreadable,
    /// The content is not a token.
    #[error("the service's token must be one line of visible ASCII, at most 4096 bytes")]
    NotAToken,
}

impl TokenSource {
    /// The token in a file, such as a projected service-account token. The file is looked at when a token is needed, at most
    /// every five seconds, and read when it has changed; while it cannot be read the last token stays in use.
    #[must_use]
    pub fn file(path: impl Into<PathBuf>, clock: Clock) -> Self {
        Self(Arc::new(Kind::File { path: path.into(), clock, state: Mutex::new(None) }))
    }

    /// One token that never changes, for tests and the command line.
    ///
    /// # Errors
    /// [`TokenSourceError::NotAToken`] when it could not be a token.
    pub fn fixed(token: &str) -> Result<Self, TokenSourceError> {
        Ok(Self(Arc::new(Kind::Fixed(bearer(token)?))))
    }

    /// The value of the `authorization` header, marked sensitive.
    ///
    /// # Errors
    /// [`TokenSourceError`] when there is no token.
    pub fn authorization(&self) -> Result<HeaderValue, TokenSourceError> {
        let (path, clock, state) = match &*self.0 {
            Kind::Fixed(header) => return Ok(header.clone()),
            Kind::File { path, clock, state } => (path, clock, state),
        };
        let now = clock.monotonic();
        let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
        let recent = state.as_ref().filter(|state| now.saturating_duration_since(state.looked_at) < EVERY);
        if let Some(header) = recent.and_then(|state| state.header.clone()) {
            return Ok(header);
        }
        let earlier = state.take().unwrap_or(State { looked_at: now, stamp: None, header: None });
        let (fresh, outcome) = look(path, now, earlier);
        let header = fresh.header.clone();
        *state = Some(fresh);
        match (header, outcome) {
            (Some(header), _) => Ok(header),
            (None, Err(error)) => Err(error),
            (None, Ok(())) => Err(TokenSourceError::Unreadable),
        }
    }
}

/// Looks at the file; the small read is from memory (a projected volume), so it may happen on the request's task.
fn look(path: &PathBuf, now: Instant, earlier: State) -> (State, Result<(), TokenSourceError>) {
    match read(path, earlier.stamp) {
        Ok(None) => (State { looked_at: now, ..earlier }, Ok(())),
        Ok(Some((stamp, header))) => (State { looked_at: now, stamp: Some(stamp), header: Some(header) }, Ok(())),
        Err(error) => {
            tracing::warn!(target: "ehub::auth", path = %path.display(), %error, "using the last token");
            (State { looked_at: now, ..earlier }, Err(error))
        }
    }
}

/// The file's token, or `None` when the file is still the one of `known`.
fn read(path: &PathBuf, known: Option<Stamp>) -> Result<Option<(Stamp, HeaderValue)>, TokenSourceError> {
    let unreadable = |_| TokenSourceError::Unreadable;
    let file = fs::File::open(path).map_err(unreadable)?;
    let metadata = file.metadata().map_err(unreadable)?;
    let stamp = (metadata.modified().map_err(unreadable)?, metadata.len());
    if known == Some(stamp) {
        return Ok(None);
    }
    let mut text = String::new();
    file.take(2 * MAX_TOKEN_BYTES as u64).read_to_string(&mut text).map_err(|_| TokenSourceError::NotAToken)?;
    Ok(Some((stamp, bearer(text.trim())?)))
}

fn bearer(token: &str) -> Result<HeaderValue, TokenSourceError> {
    if token.is_empty() || token.len() > MAX_TOKEN_BYTES || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(TokenSourceError::NotAToken);
    }
    let mut header = HeaderValue::from_str(&format!("Bearer {token}")).map_err(|_| TokenSourceError::NotAToken)?;
    header.set_sensitive(true);
    Ok(header)
}

impl fmt::Debug for TokenSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.0 {
            Kind::File { path, .. } => write!(f, "TokenSource::file({})", path.display()),
            Kind::Fixed(_) => f.write_str("TokenSource::fixed(***)"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    fn text(source: &TokenSource) -> Result<String, TokenSourceError> {
        source.authorization().map(|header| header.to_str().unwrap().to_owned())
    }

    #[test]
    fn what_is_no_token_is_refused_and_never_shown() {
        for wrong in ["", "a b", "a\nb", "é", &"x".repeat(4097)] {
            assert_eq!(TokenSource::fixed(wrong).err(), Some(TokenSourceError::NotAToken));
        }
        let source = TokenSource::fixed("abc").unwrap();
        assert!(source.authorization().unwrap().is_sensitive());
        assert!(!format!("{source:?}").contains("abc"));
    }

    #[test]
    fn a_changed_file_counts_after_five_seconds_and_a_lost_one_leaves_the_last_token() {
        let scratch = testing::Scratch::new("token-source");
        let path = scratch.path("token");
        let (clock, hand) = Clock::manual(testing::START);
        let source = TokenSource::file(&path, clock);
        assert_eq!(text(&source), Err(TokenSourceError::Unreadable));

        fs::write(&path, "first\n").unwrap();
        assert_eq!(text(&source).as_deref(), Ok("Bearer first"), "a first token is not waited for");
        fs::write(&path, "the-second").unwrap();
        assert_eq!(text(&source).as_deref(), Ok("Bearer first"));
        hand.advance(EVERY);
        assert_eq!(text(&source).as_deref(), Ok("Bearer the-second"));

        fs::write(&path, "not a token").unwrap();
        hand.advance(EVERY);
        assert_eq!(text(&source).as_deref(), Ok("Bearer the-second"));
        fs::remove_file(&path).unwrap();
        hand.advance(EVERY);
        assert_eq!(text(&source.clone()).as_deref(), Ok("Bearer the-second"));
    }
}
