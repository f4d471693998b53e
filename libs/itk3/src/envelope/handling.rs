//! The ITK message handling extension: who must act, which acknowledgements are wanted, the sender's reference.

use crate::stu3::{build, systems};
use crate::xml::Element;

/// Whether the receiver must act.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RecipientType {
    /// `FA`.
    #[default]
    ForAction,
    /// `FI`.
    ForInformation,
}

impl RecipientType {
    /// The national code.
    pub fn code(self) -> &'static str {
        match self {
            Self::ForAction => "FA",
            Self::ForInformation => "FI",
        }
    }

    fn display(self) -> &'static str {
        match self {
            Self::ForAction => "For Action",
            Self::ForInformation => "For Information",
        }
    }
}

/// Handling instructions. The default asks for nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Handling {
    /// A business acknowledgement is wanted.
    pub business_ack: bool,
    /// An infrastructure acknowledgement is wanted.
    pub infrastructure_ack: bool,
    /// For action or for information.
    pub recipient_type: RecipientType,
    /// URL of the message definition.
    pub message_definition: Option<String>,
    /// Echoed by every response: the key by which acknowledgements are matched.
    pub sender_reference: Option<String>,
    /// Use case, for example `SendDocument-ConsultationReport`.
    pub local_extension: Option<String>,
}

impl Handling {
    /// `None` when the header has no handling extension.
    pub(super) fn read(header: &Element) -> Option<Self> {
        // The version number at the end of the URL has changed over the years.
        let outer = header.all("extension").find(|extension| {
            extension.attribute("url").is_some_and(|url| url.contains("Extension-ITK-MessageHandling"))
        })?;
        let part = |name: &str, path: &[&str]| {
            let found = outer.all("extension").find(|extension| extension.attribute("url") == Some(name))?;
            found.value(path).map(str::to_owned)
        };
        let flag = |name| part(name, &["valueBoolean"]).as_deref() == Some("true");
        let recipient = part("RecipientType", &["valueCoding", "code"]);
        Some(Self {
            business_ack: flag("BusAckRequested"),
            infrastructure_ack: flag("InfAckRequested"),
            // An unreadable recipient type is taken as "for action": the careful reading.
            recipient_type: match recipient.as_deref() {
                Some("FI") => RecipientType::ForInformation,
                _ => RecipientType::ForAction,
            },
            message_definition: part("MessageDefinition", &["valueReference", "reference"]),
            sender_reference: part("SenderReference", &["valueString"]),
            local_extension: part("LocalExtension", &["valueString"]),
        })
    }

    pub(super) fn write(&self) -> Element {
        let flag = |name, value: bool| build::extension(name, Element::primitive("valueBoolean", value.to_string()));
        let string = |name: &str, value: &Option<String>| {
            value.as_ref().map(|value| build::extension(name, Element::primitive("valueString", value)))
        };
        let recipient = build::coding(
            "valueCoding",
            systems::RECIPIENT_TYPE,
            self.recipient_type.code(),
            Some(self.recipient_type.display()),
        );
        let definition = self.message_definition.as_ref().map(|url| {
            let reference = Element::new("valueReference").with(Element::primitive("reference", url));
            build::extension("MessageDefinition", reference)
        });
        Element::new("extension")
            .with_attribute("url", systems::HANDLING)
            .with(flag("BusAckRequested", self.business_ack))
            .with(flag("InfAckRequested", self.infrastructure_ack))
            .with(build::extension("RecipientType", recipient))
            .with_optional(definition)
            .with_optional(string("SenderReference", &self.sender_reference))
            .with_optional(string("LocalExtension", &self.local_extension))
    }
}
