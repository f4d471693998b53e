//! Mailboxes of MESH, the national message exchange.

use crate::Invalid;

/// The id of a mailbox: letters and digits, such as `PRACA001`. MESH looks it up as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailboxId(String);

impl MailboxId {
    /// Reads an id.
    ///
    /// # Errors
    /// [`Invalid::MailboxId`] when it is not 1 to 40 letters and digits.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        if !(1..=40).contains(&text.len()) || !text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(Invalid::MailboxId);
        }
        Ok(Self(text.to_owned()))
    }
}

impl From<MailboxId> for String {
    fn from(id: MailboxId) -> Self {
        id.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mailbox_is_letters_and_digits() {
        assert_eq!(MailboxId::parse("PRACA001").map(String::from), Ok("PRACA001".to_owned()));
        for wrong in ["", "PRACA 001", "PRACA-01", "é", &"A".repeat(41)] {
            assert_eq!(MailboxId::parse(wrong), Err(Invalid::MailboxId), "{wrong}");
        }
    }
}
