//! Connections that end because of what their peer sent, or did not send, are counted by reason: no call tells of them.

use ehub_telemetry::metrics::{self, Counter};

static ENDED: Counter = metrics::counter(
    "ehub.server.connections.ended",
    "{connection}",
    "Connections refused or ended because of what the peer did, by reason.",
);

/// The longest GOAWAY frame we write: head, last stream, code, and the library's few words.
const TAIL: usize = 64;

/// Error codes of HTTP/2 (RFC 9113 §7), the first of which is an orderly end.
const CODES: [&str; 14] = [
    "no_error",
    "protocol_error",
    "internal_error",
    "flow_control_error",
    "settings_timeout",
    "stream_closed",
    "frame_size_error",
    "refused_stream",
    "cancel",
    "compression_error",
    "connect_error",
    "enhance_your_calm",
    "inadequate_security",
    "http_1_1_required",
];

/// Counts one.
pub(crate) fn note(reason: &'static str) {
    ENDED.add(1, &[("ehub.reason", reason)]);
}

/// The last bytes that were written to a connection: its GOAWAY, when it ended with one.
#[derive(Debug, Default)]
pub(crate) struct LastWords(Vec<u8>);

impl LastWords {
    /// Takes note of what was written.
    pub fn hear(&mut self, written: &[u8]) {
        let from = written.len().saturating_sub(TAIL);
        self.0.extend_from_slice(&written[from..]);
        let over = self.0.len().saturating_sub(TAIL);
        self.0.drain(..over);
    }

    /// Why the connection was ended; `None` when nothing was wrong.
    pub fn reason(&self) -> Option<&'static str> {
        let last = (0..self.0.len().saturating_sub(16)).find(|&at| is_goaway(&self.0[at..]))?;
        let code = self.0.get(last + 13..last + 17)?;
        let code = u32::from_be_bytes(code.try_into().ok()?);
        let code = usize::try_from(code).ok().filter(|code| *code > 0)?;
        Some(CODES.get(code).copied().unwrap_or("unknown"))
    }
}

/// A GOAWAY frame that is the last thing there is.
fn is_goaway(bytes: &[u8]) -> bool {
    let [0, 0, length, 7, 0, 0, 0, 0, 0, ..] = bytes else { return false };
    bytes.len() == 9 + usize::from(*length)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn goaway(code: u8, words: &[u8]) -> Vec<u8> {
        let length = u8::try_from(8 + words.len()).expect("short");
        [&[0, 0, length, 7, 0, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, code][..], words].concat()
    }

    #[test]
    fn the_reason_is_read_from_the_last_frame() {
        let mut words = LastWords::default();
        words.hear(&[1; 200]);
        assert_eq!(words.reason(), None);
        words.hear(&goaway(11, b"too_many_resets"));
        assert_eq!(words.reason(), Some("enhance_your_calm"));
        assert!(words.0.len() <= TAIL);
        words.hear(&[0; 9]);
        assert_eq!(words.reason(), None, "something came after it");
    }

    #[test]
    fn an_orderly_end_is_no_reason() {
        let mut words = LastWords::default();
        words.hear(&goaway(0, b""));
        assert_eq!(words.reason(), None);
    }
}
