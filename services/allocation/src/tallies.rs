//! What allocation counts.

use ehub_telemetry::metrics::{Counter, counter};

/// Claims, by what happened to them.
pub static CLAIMS: Counter = counter("ehub.allocation.claims", "{claim}", "Claims, by what happened to them.");
/// Consultations closed, by outcome and whether the patient was answered in time.
pub static COMPLETIONS: Counter = counter(
    "ehub.allocation.completions",
    "{consultation}",
    "Consultations closed, by outcome and whether the patient was answered in time.",
);
/// Items that moved to another organisation, by how.
pub static TRANSFERS: Counter =
    counter("ehub.allocation.transfers", "{item}", "Items that moved to another organisation, by how.");
/// Items put into a pool on arrival, by whose.
pub static ROUTED: Counter =
    counter("ehub.allocation.routed", "{item}", "Items put into a pool on arrival, by whose pool and urgency.");
/// Alerts raised about emergencies.
pub static ALERTS: Counter =
    counter("ehub.allocation.alerts", "{alert}", "Alerts about emergencies, by what happened.");
