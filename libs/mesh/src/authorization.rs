//! The `NHSMESH` authorization header (MESH API specification, "authorization token").

use std::fmt::Write as _;

use aws_lc_rs::hmac;
use ehub_clock::{Clock, Timestamp};
use ehub_config::Secret;
use uuid::{Builder, Uuid};

/// What a mailbox proves itself with.
#[derive(Debug, Clone)]
pub(crate) struct Credentials {
    pub mailbox: String,
    pub password: Secret,
    pub shared_key: Secret,
}

impl Credentials {
    /// A header value for one request. MESH refuses a second use, so every request gets its own nonce, also a retry.
    pub(crate) fn header(&self, clock: &Clock) -> String {
        let nonce = Builder::from_random_bytes(clock.random::<16>()).into_uuid();
        self.header_at(nonce, 1, clock.now())
    }

    fn header_at(&self, nonce: Uuid, count: u32, at: Timestamp) -> String {
        let at = minute(at);
        let (mailbox, password) = (&self.mailbox, self.password.reveal());
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.shared_key.reveal().as_bytes());
        let tag = hmac::sign(&key, format!("{mailbox}:{nonce}:{count}:{password}:{at}").as_bytes());
        let mut header = format!("NHSMESH {mailbox}:{nonce}:{count}:{at}:");
        for byte in tag.as_ref() {
            write!(header, "{byte:02x}").expect("writing to a string cannot fail");
        }
        header
    }
}

/// `yyyyMMddHHmm` in UTC.
fn minute(at: Timestamp) -> String {
    format!("{:04}{:02}{:02}{:02}{:02}", at.year(), u8::from(at.month()), at.day(), at.hour(), at.minute())
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    fn credentials() -> Credentials {
        Credentials { mailbox: "X26ABC1".into(), password: Secret::new("password"), shared_key: Secret::new("TestKey") }
    }

    #[test]
    fn the_known_vector_is_reproduced() {
        let nonce = Uuid::parse_str("8b54cd56-2b5c-4e6e-9a1f-3b8f3a2f6f10").unwrap();
        assert_eq!(
            credentials().header_at(nonce, 1, datetime!(2026-01-02 15:30:59 UTC)),
            "NHSMESH X26ABC1:8b54cd56-2b5c-4e6e-9a1f-3b8f3a2f6f10:1:202601021530:\
             92be0f295ace23cbb42633924b1a0e43cb937689ed714454122cd55461f87f42"
        );
    }

    #[test]
    fn no_two_requests_share_a_nonce() {
        let (clock, _) = Clock::manual(datetime!(2026-01-02 15:30 UTC));
        assert_ne!(credentials().header(&clock), credentials().header(&clock));
    }

    #[test]
    fn debug_hides_the_secrets() {
        let shown = format!("{:?}", credentials());
        assert!(!shown.contains("password\"") && !shown.contains("TestKey"), "{shown}");
    }
}
