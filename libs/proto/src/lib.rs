//! The generated contract: messages, clients and servers in modules that mirror the packages, and
//! the descriptor set they came from. Beside it only what everybody needs who uses it: times of the
//! wire, which service reads which events, and what a client asks of its way to a server.
//!
//! Messages have no `Debug`: they may hold patient data, and what cannot be printed cannot leak.

/// The encoded `FileDescriptorSet` of what is served, with the access rules in its options and without comments: every
/// service carries it, for its rules and for reflection.
pub const DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/served.bin"));

/// The encoded `FileDescriptorSet` of the whole contract, drafts and comments included: what documents are made of.
pub const DOCUMENTED_DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/documented.bin"));

mod readers;
mod way;
mod wire_time;

pub use readers::{read_by, reads};
pub use way::Way;
pub use wire_time::{instant, timestamp};

macro_rules! packages {
    ($($(#[$doc:meta])* $context:ident { $($inner:tt)* })*) => {
        $($(#[$doc])* pub mod $context { packages!(@inner $($inner)*); })*
    };
    (@inner) => {};
    (@inner $(#[$doc:meta])* $version:ident = $package:literal; $($rest:tt)*) => {
        $(#[$doc])* pub mod $version { tonic::include_proto!($package); }
        packages!(@inner $($rest)*);
    };
    (@inner $(#[$doc:meta])* mod $inner:ident { $($body:tt)* } $($rest:tt)*) => {
        $(#[$doc])* pub mod $inner { packages!(@inner $($body)*); }
        packages!(@inner $($rest)*);
    };
}

packages! {
    /// Access rules and the reasons common to all services.
    auth {
        /// Version 1.
        v1 = "ehub.auth.v1";
    }
    /// Intake.
    intake {
        /// Version 1.
        v1 = "ehub.intake.v1";
        /// Events.
        mod event {
            /// Version 1.
            v1 = "ehub.intake.event.v1";
        }
    }
    /// Allocation.
    allocation {
        /// Version 1.
        v1 = "ehub.allocation.v1";
        /// Events.
        mod event {
            /// Version 1.
            v1 = "ehub.allocation.event.v1";
        }
    }
    /// Write-back.
    writeback {
        /// Version 1.
        v1 = "ehub.writeback.v1";
        /// Events.
        mod event {
            /// Version 1.
            v1 = "ehub.writeback.event.v1";
        }
    }
    /// Prescribing.
    prescribing {
        /// Version 1.
        v1 = "ehub.prescribing.v1";
        /// Events.
        mod event {
            /// Version 1.
            v1 = "ehub.prescribing.event.v1";
        }
    }
    /// Audit.
    audit {
        /// Version 1.
        v1 = "ehub.audit.v1";
        /// Events.
        mod event {
            /// Version 1.
            v1 = "ehub.audit.event.v1";
        }
    }
    /// Between services.
    internal {
        /// Version 1.
        v1 = "ehub.internal.v1";
    }
}
