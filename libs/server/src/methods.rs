//! Which methods there are, read from the contract itself.

use std::collections::HashMap;
use std::sync::Arc;

use ehub_telemetry::KnownMethods;
use prost::Message as _;
use prost_types::FileDescriptorSet;

/// The paths of all methods, and whether each streams.
#[derive(Clone, Debug, Default)]
pub(crate) struct Methods(Arc<HashMap<String, bool>>);

impl Methods {
    /// Reads encoded descriptor sets; the same file may be in several.
    pub fn read(sets: &[&[u8]]) -> Result<Self, prost::DecodeError> {
        let mut methods = HashMap::new();
        for set in sets {
            for file in FileDescriptorSet::decode(*set)?.file {
                for service in &file.service {
                    for method in &service.method {
                        let path = format!("/{}.{}/{}", file.package(), service.name(), method.name());
                        methods.insert(path, method.client_streaming() || method.server_streaming());
                    }
                }
            }
        }
        Ok(Self(Arc::new(methods)))
    }

    /// Whether the call may go on for long; a method we do not know does not.
    pub fn streams(&self, path: &str) -> bool {
        self.0.get(path).copied().unwrap_or(false)
    }

    /// For telemetry.
    pub fn known(&self) -> KnownMethods {
        KnownMethods::new(self.0.keys().map(|path| path.trim_start_matches('/').to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn health_checks_are_unary_and_watches_stream() {
        let methods = Methods::read(&[tonic_health::pb::FILE_DESCRIPTOR_SET]).expect("shipped with the crate");
        assert!(!methods.streams("/grpc.health.v1.Health/Check"));
        assert!(methods.streams("/grpc.health.v1.Health/Watch"));
        assert!(!methods.streams("/no.Such/Method"));
    }

    #[test]
    fn bytes_that_are_no_descriptors_are_refused() {
        assert!(Methods::read(&[&[0xFF, 0xFF]]).is_err());
    }
}
