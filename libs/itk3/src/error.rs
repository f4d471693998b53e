//! Why a well-formed document is not the message it should be. No variant quotes the document.

use thiserror::Error;

use crate::xml::XmlError;

/// The reason a message could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum MessageError {
    /// The bytes are not acceptable XML.
    #[error("the message is not readable XML")]
    Xml(#[from] XmlError),
    /// The root element is not a FHIR `Bundle`.
    #[error("the message must be a FHIR Bundle")]
    NotABundle,
    /// Something the message cannot be understood without.
    #[error("the message has no {what}")]
    Missing {
        /// The element that should be there.
        what: &'static str,
    },
    /// An element is present and cannot be understood.
    #[error("{what} must be {expected}")]
    Invalid {
        /// The element.
        what: &'static str,
        /// What would be right.
        expected: &'static str,
    },
    /// Another kind of message.
    #[error("the message event must be {expected}")]
    WrongEvent {
        /// The event code wanted.
        expected: &'static str,
    },
}

impl MessageError {
    /// The negative ITK3 response code that tells the sender about this failure (ITK3 response codes, infrastructure).
    pub fn response_code(&self) -> u32 {
        match self {
            Self::Xml(XmlError::TooLarge { .. }) => 20015,
            Self::Xml(_) | Self::NotABundle => 10009,
            Self::WrongEvent { .. } => 10004,
            Self::Missing { what } | Self::Invalid { what, .. } if what.starts_with("MessageHeader") => 20006,
            Self::Missing { .. } | Self::Invalid { .. } => 20009,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::response::ResponseCode;

    #[test]
    fn every_failure_maps_to_a_listed_negative_code() {
        for error in [
            MessageError::Xml(XmlError::TooLarge { actual: 2, limit: 1 }),
            MessageError::Xml(XmlError::Root),
            MessageError::NotABundle,
            MessageError::Missing { what: "MessageHeader" },
            MessageError::Missing { what: "Patient" },
            MessageError::WrongEvent { expected: "ITK007C" },
        ] {
            assert!(ResponseCode::listed(error.response_code()).is_some_and(|code| !code.positive), "{error}");
        }
    }
}
