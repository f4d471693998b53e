//! The generated contract and nothing else: messages, clients and servers in modules that mirror
//! the packages, and the descriptor set they came from.
//!
//! Messages have no `Debug`: they may hold patient data, and what cannot be printed cannot leak.

/// The encoded `FileDescriptorSet` of the whole contract, with the access rules in its options.
pub const DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/ehub_descriptor.bin"));

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
