//! The macro that makes a UUID of one thing a type of its own, so that one id cannot be passed for another.

use uuid::Uuid;

use crate::Invalid;

/// Reads the one spelling ids have in our APIs: 36 characters with hyphens, either case. Nil is a forgotten field, not an id.
pub(crate) fn parse_uuid(text: &str) -> Result<Uuid, Invalid> {
    if text.len() != 36 {
        return Err(Invalid::Uuid);
    }
    let uuid = Uuid::try_parse(text).map_err(|_| Invalid::Uuid)?;
    if uuid.is_nil() { Err(Invalid::Uuid) } else { Ok(uuid) }
}

macro_rules! ids {
    ($($(#[$about:meta])* $name:ident: $prefix:literal;)+) => {$(
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(uuid::Uuid);

        impl $name {
            /// What its resource names begin with.
            pub const NAME_PREFIX: &'static str = $prefix;

            /// Takes a UUID that is known to name such a thing.
            #[must_use]
            pub const fn new(uuid: uuid::Uuid) -> Self {
                Self(uuid)
            }

            /// The UUID, for storage and wire formats.
            #[must_use]
            pub const fn uuid(&self) -> uuid::Uuid {
                self.0
            }

            /// Reads a hyphenated UUID, and nothing else.
            ///
            /// # Errors
            /// When it has another form or is all zero.
            pub fn parse(text: &str) -> Result<Self, $crate::Invalid> {
                $crate::typed::parse_uuid(text).map(Self)
            }

            /// The resource name: collection and id.
            #[must_use]
            pub fn name(&self) -> String {
                format!("{}{}", Self::NAME_PREFIX, self.0)
            }

            /// Reads a resource name.
            ///
            /// # Errors
            /// When the collection is another one or the id is not a hyphenated UUID.
            pub fn parse_name(name: &str) -> Result<Self, $crate::Invalid> {
                name.strip_prefix(Self::NAME_PREFIX)
                    .and_then(|id| Self::parse(id).ok())
                    .ok_or($crate::Invalid::Name(Self::NAME_PREFIX))
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.as_hyphenated().fmt(f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::Invalid;

            fn from_str(text: &str) -> Result<Self, $crate::Invalid> {
                Self::parse(text)
            }
        }

        impl From<$name> for uuid::Uuid {
            fn from(id: $name) -> Self {
                id.0
            }
        }
    )+};
}

pub(crate) use ids;

#[cfg(test)]
mod tests {
    use crate::{ConsultationId, EntryId, Invalid, RequestId};

    const TEXT: &str = "0199c0de-0000-7000-8000-0000000000a7";

    #[test]
    fn other_spellings_of_a_uuid_are_refused() {
        for text in [
            "",
            "0199c0de00007000800000000000a7ff",
            "{0199c0de-0000-7000-8000-0000000000a7}",
            "urn:uuid:0199c0de-0000-7000-8000-0000000000a7",
            "0199c0de-0000-7000-8000-0000000000g7",
            "00000000-0000-0000-0000-000000000000",
        ] {
            assert_eq!(RequestId::parse(text), Err(Invalid::Uuid), "{text}");
        }
    }

    #[test]
    fn names_of_other_collections_are_refused() {
        let name = ConsultationId::parse(TEXT).unwrap().name();
        assert_eq!(EntryId::parse_name(&name), Err(Invalid::Name("entries/")));
        for name in ["consultations/", "consultations/1", "consultations", "/consultations/x", TEXT] {
            assert_eq!(ConsultationId::parse_name(name), Err(Invalid::Name("consultations/")), "{name}");
        }
        assert!(ConsultationId::parse_name(&format!("consultations/{TEXT}/")).is_err());
    }

    #[test]
    fn names_and_texts_read_back() {
        let id: ConsultationId = TEXT.to_uppercase().parse().unwrap();
        assert_eq!(id.to_string(), TEXT);
        assert_eq!(id.name(), format!("consultations/{TEXT}"));
        assert_eq!(ConsultationId::parse_name(&id.name()), Ok(id));
        assert_eq!(ConsultationId::new(id.uuid()), id);
    }
}
