//! Enrolments: who sends what to which hub.

use ehub_identifiers::{EnrolmentId, OdsCode};
use time::Date;
use uuid::Uuid;

use super::{
    codes::{Need, Urgency},
    promise::{self, Promise},
    wrong::Wrongs,
};

/// Longest promise, in minutes: fourteen days.
pub const LONGEST_PROMISE: u32 = 20_160;

/// What a hub puts down about a practice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// The practice.
    pub practice_ods: OdsCode,
    /// Its name for receipts.
    pub practice_name: String,
    /// Its phone number for receipts.
    pub practice_phone: String,
    /// The hub.
    pub hub_ods: OdsCode,
    /// Its name for receipts.
    pub hub_name: String,
    /// Needs covered.
    pub needs: Vec<Need>,
    /// First day.
    pub from_date: Date,
    /// The day after the last.
    pub to_date: Option<Date>,
    /// The promise table.
    pub promises: Vec<Promise>,
    /// Where to page.
    pub duty_contact: String,
    /// What to do when it gets worse.
    pub if_worse: String,
}

/// An enrolment as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enrolment {
    /// Its id.
    pub id: EnrolmentId,
    /// The practice's internal id, once the register knows the code.
    pub practice: Option<Uuid>,
    /// What it says.
    pub terms: Terms,
    /// Its version.
    pub version: i64,
}

/// Which duty contacts are acceptable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DutyContacts {
    /// Only https.
    Https,
    /// In development: also plain http on this machine.
    LoopbackToo,
}

impl Enrolment {
    /// The etag of this version.
    pub fn etag(&self) -> String {
        format!("v{}", self.version)
    }
}

impl DutyContacts {
    /// Whether a page may be sent there.
    pub fn admit(self, url: &str) -> bool {
        if let Some(rest) = url.strip_prefix("https://") {
            return !host(rest).is_empty();
        }
        self == Self::LoopbackToo && url.strip_prefix("http://").is_some_and(|rest| is_loopback(host(rest)))
    }
}

/// Whether a URL's host is this machine.
pub fn is_loopback_url(url: &str) -> bool {
    url.split_once("://").is_some_and(|(_, rest)| is_loopback(host(rest)))
}

fn is_loopback(host: &str) -> bool {
    host == "localhost"
        || host == "[::1]"
        || host.parse::<std::net::Ipv4Addr>().is_ok_and(|address| address.is_loopback())
}

/// The host of what follows `scheme://`; empty when it cannot be told, or credentials stand in front.
fn host(rest: &str) -> &str {
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if authority.contains('@') {
        return "";
    }
    if authority.starts_with('[') {
        return authority.split_inclusive(']').next().unwrap_or_default();
    }
    authority.split(':').next().unwrap_or_default()
}

/// Checks a promise table: for every need enrolled a row each for ROUTINE, URGENT and EMERGENCY, none twice,
/// none for another need.
pub fn check_promises(wrongs: &mut Wrongs, needs: &[Need], promises: &[Promise]) {
    for (at, row) in promises.iter().enumerate() {
        let path = format!("enrolment.promises[{at}]");
        if promise::column(row.urgency) != row.urgency {
            wrongs.note(format!("{path}.urgency"), "must be ROUTINE, URGENT or EMERGENCY");
        }
        if !(1..=LONGEST_PROMISE).contains(&row.respond_minutes) {
            wrongs.note(format!("{path}.respond_minutes"), "must be 1 to 20160");
        }
        if !needs.contains(&row.need) {
            wrongs.note(format!("{path}.need"), "must be one of the needs enrolled");
        }
        if promises[..at].iter().any(|before| before.need == row.need && before.urgency == row.urgency) {
            wrongs.note(path, "must not promise the same need and urgency twice");
        }
    }
    for need in needs {
        for urgency in [Urgency::Routine, Urgency::Urgent, Urgency::Emergency] {
            if promise::find(promises, *need, urgency).is_none() {
                wrongs
                    .note("enrolment.promises", format!("must have a row for {} and {}", need.code(), urgency.code()));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_https_goes_out_in_production() {
        for url in ["http://duty.example/x", "http://127.0.0.1:9/x", "ftp://x", "https://", "https://user@duty.example"]
        {
            assert!(!DutyContacts::Https.admit(url), "{url}");
        }
        assert!(DutyContacts::Https.admit("https://duty.example/page?x=1"));
    }

    #[test]
    fn development_may_page_this_machine_only() {
        for url in ["http://127.0.0.1:9/x", "http://localhost/x", "http://[::1]:8/x", "https://duty.example"] {
            assert!(DutyContacts::LoopbackToo.admit(url), "{url}");
        }
        for url in ["http://10.0.0.1", "http://127.0.0.1@evil.example/", "http://127.0.0.1.evil.example/"] {
            assert!(!DutyContacts::LoopbackToo.admit(url), "{url}");
        }
    }

    #[test]
    fn a_table_with_a_hole_or_a_repetition_is_refused() {
        let row = |urgency| Promise { need: Need::Clinical, urgency, respond_minutes: 5, working_time: false };
        let mut wrongs = Wrongs::default();
        check_promises(
            &mut wrongs,
            &[Need::Clinical],
            &[row(Urgency::Routine), row(Urgency::Routine), row(Urgency::Urgent)],
        );
        let paths: Vec<&str> = wrongs.0.iter().map(|wrong| wrong.path.as_str()).collect();
        assert_eq!(paths, ["enrolment.promises[1]", "enrolment.promises"]);
    }
}
