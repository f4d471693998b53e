//! `grpc.health.v1` and reflection: what is served without a token.

use tonic::service::Routes;
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;

use crate::readiness::Readiness;

/// The health of the server (`""`) and of each named service: one answer for all, since they share what they need.
#[derive(Debug)]
pub(crate) struct Health {
    reporter: HealthReporter,
    names: Vec<String>,
    readiness: Readiness,
}

impl Health {
    /// Routes with the health service, and what keeps it true.
    pub async fn new(services: &[String], readiness: &Readiness) -> (Routes, Self) {
        let (reporter, server) = tonic_health::server::health_reporter();
        let names = std::iter::once(String::new()).chain(services.iter().cloned()).collect();
        let health = Self { reporter, names, readiness: readiness.clone() };
        health.report().await;
        (Routes::new(server), health)
    }

    /// Follows the readiness for ever.
    pub async fn follow(self) {
        let mut changes = self.readiness.changes();
        self.report().await;
        while changes.next().await {
            self.report().await;
        }
    }

    async fn report(&self) {
        let status = if self.readiness.is_ready() { ServingStatus::Serving } else { ServingStatus::NotServing };
        for name in &self.names {
            self.reporter.set_service_status(name, status).await;
        }
    }
}

/// Adds reflection, in both versions: common tools ask for the older one only.
pub(crate) fn with_reflection(
    routes: Routes,
    services: &[String],
    descriptors: &[&'static [u8]],
) -> Result<Routes, tonic_reflection::server::Error> {
    let builder = || {
        let mut builder = tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
            // With google.rpc's details, a tool can print a refusal in words and not in base64.
            .register_encoded_file_descriptor_set(tonic_types::pb::FILE_DESCRIPTOR_SET)
            .with_service_name("grpc.health.v1.Health");
        for set in descriptors {
            builder = builder.register_encoded_file_descriptor_set(set);
        }
        // Listed by name: the descriptor set may hold services of the other port as well.
        services.iter().fold(builder, |builder, name| builder.with_service_name(name))
    };
    Ok(routes.add_service(builder().build_v1()?).add_service(builder().build_v1alpha()?))
}
