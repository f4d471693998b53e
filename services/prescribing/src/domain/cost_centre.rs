//! What prescribing is charged to, and who may prescribe under it.

use ehub_identifiers::{OdsCode, OrganisationId};
use time::Date;

/// Days from one, included, to another, excluded; open when there is no other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    /// The first day.
    pub from: Date,
    /// The day after the last.
    pub to: Option<Date>,
}

impl Period {
    /// Whether a day is in it.
    pub fn covers(&self, day: Date) -> bool {
        self.from <= day && self.to.is_none_or(|to| day < to)
    }

    /// Whether it has a day at all.
    pub fn has_a_day(&self) -> bool {
        self.to.is_none_or(|to| to > self.from)
    }
}

/// The ODS code under which prescribing is charged; tied to one ICB.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CostCentre {
    /// The code.
    pub ods: OdsCode,
    /// Its name on the prescription.
    pub display_name: String,
    /// The ICB.
    pub icb: OdsCode,
    /// The organisation it belongs to.
    pub organisation: OrganisationId,
    /// That organisation's code.
    pub organisation_ods: OdsCode,
    /// When.
    pub period: Period,
    /// Address on one line.
    pub address: String,
    /// Phone.
    pub phone: String,
}

/// The register of a professional code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Register {
    /// General Medical Council.
    Gmc,
    /// Nursing and Midwifery Council.
    Nmc,
    /// General Pharmaceutical Council.
    Gphc,
    /// Health and Care Professions Council.
    Hcpc,
}

impl Register {
    /// Reads `gmc`, `nmc`, `gphc` or `hcpc`.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Gmc, Self::Nmc, Self::Gphc, Self::Hcpc].into_iter().find(|register| register.as_str() == text)
    }

    /// As [`Register::parse`] reads it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Gmc => "gmc",
            Self::Nmc => "nmc",
            Self::Gphc => "gphc",
            Self::Hcpc => "hcpc",
        }
    }
}

/// A prescriber's right to prescribe under a cost centre, with the identifiers EPS wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Membership {
    /// The cost centre.
    pub cost_centre: OdsCode,
    /// The prescriber.
    pub subject: String,
    /// The name on the prescription.
    pub display_name: String,
    /// SDS user id.
    pub sds_user_id: String,
    /// SDS role profile id.
    pub sds_role_profile_id: String,
    /// SDS role code.
    pub role_code: String,
    /// Register of the professional code.
    pub register: Register,
    /// The professional code.
    pub professional_code: String,
    /// DIN.
    pub din: Option<String>,
    /// Spurious code; comes before the DIN as prescribing code.
    pub spurious_code: Option<String>,
    /// Prescription type, such as `0101`.
    pub prescription_type: String,
    /// When.
    pub period: Period,
}

impl CostCentre {
    /// Whether a member may prescribe under it on a day: both must be in force, because NHSBSA
    /// charges what it cannot match to somebody else, for good.
    pub fn admits(&self, membership: Option<&Membership>, day: Date) -> bool {
        self.period.covers(day)
            && membership.is_some_and(|member| member.cost_centre == self.ods && member.period.covers(day))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::date;

    #[test]
    fn a_period_ends_before_its_last_date() {
        let period = Period { from: date!(2026 - 03 - 01), to: Some(date!(2026 - 04 - 01)) };
        assert!(!period.covers(date!(2026 - 02 - 28)));
        assert!(period.covers(date!(2026 - 03 - 01)));
        assert!(period.covers(date!(2026 - 03 - 31)));
        assert!(!period.covers(date!(2026 - 04 - 01)));
        assert!(Period { to: None, ..period }.covers(date!(2099 - 01 - 01)));
        assert!(!Period { to: Some(date!(2026 - 03 - 01)), ..period }.has_a_day());
    }

    #[test]
    fn registers_read_back() {
        assert_eq!(Register::parse("GMC"), None);
        for text in ["gmc", "nmc", "gphc", "hcpc"] {
            assert_eq!(Register::parse(text).expect("known").as_str(), text);
        }
    }
}
