//! The proof that nothing is lost, from counts and findings.

use std::time::Duration;

use time::OffsetDateTime;

use crate::domain::outcome::Standing;

/// How much time things may take before they are a breach.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// How long audit may lag behind a source, and a failure may be without its task.
    pub grace: Duration,
    /// How long an accepted consultation may be without a holder.
    pub in_transit: Duration,
    /// How long a thing of a manifest may be on its way. Below MESH's five days.
    pub manifest: Duration,
}

/// What was counted, in one snapshot.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// What the log says was received.
    pub received: i64,
    /// Accepted, and not yet with a holder.
    pub in_transit: i64,
    /// With a holder.
    pub held: i64,
    /// Completed or withdrawn.
    pub closed: i64,
    /// Kept with an owner.
    pub quarantined: i64,
    /// Refused with the acknowledgement that says so.
    pub rejected: i64,
}

impl Counts {
    /// Received = in transit + held + closed + quarantined + rejected.
    pub fn balance(&self) -> bool {
        self.received == self.in_transit + self.held + self.closed + self.quarantined + self.rejected
    }
}

/// What kind of breach.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BreachKind {
    /// A source has a root that audit never heard of.
    MissingAtAudit,
    /// A source's root is further than audit heard, or stands otherwise than its events said.
    BehindAtAudit,
    /// Audit heard of a root that its source has no more.
    MissingAtSource,
    /// A source could not be asked.
    NotCompared,
    /// An accepted consultation has had no holder for too long.
    InTransitTooLong,
    /// A thing of a manifest has neither outcome nor task.
    ManifestUnsettled,
    /// The counts do not balance.
    Equation,
}

impl BreachKind {
    /// Every kind.
    pub const ALL: [Self; 7] = [
        Self::MissingAtAudit,
        Self::BehindAtAudit,
        Self::MissingAtSource,
        Self::NotCompared,
        Self::InTransitTooLong,
        Self::ManifestUnsettled,
        Self::Equation,
    ];

    /// The word on the wire and in storage.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::MissingAtAudit => "MISSING_AT_AUDIT",
            Self::BehindAtAudit => "BEHIND_AT_AUDIT",
            Self::MissingAtSource => "MISSING_AT_SOURCE",
            Self::NotCompared => "NOT_COMPARED",
            Self::InTransitTooLong => "IN_TRANSIT_TOO_LONG",
            Self::ManifestUnsettled => "MANIFEST_UNSETTLED",
            Self::Equation => "EQUATION",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

/// Something that breaks the proof.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Breach {
    /// What kind.
    pub kind: BreachKind,
    /// A resource name, `<source>/<uuid>`, or a count.
    pub subject: String,
    /// Since when.
    pub since: OffsetDateTime,
}

/// A difference between a source and audit, seen again at each comparison since.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// What kind.
    pub kind: BreachKind,
    /// `<source>/<uuid>`, or the source.
    pub subject: String,
    /// Since when.
    pub since: OffsetDateTime,
    /// When it was last seen.
    pub seen_at: OffsetDateTime,
}

/// A thing of a manifest that is not settled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenThing {
    /// Resource name.
    pub name: String,
    /// How it stands.
    pub standing: Standing,
    /// When it came to stand so; when nothing was heard of it, when the manifest was made.
    pub since: OffsetDateTime,
    /// When the manifest was made.
    pub completed_at: OffsetDateTime,
}

/// The proof.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoLoss {
    /// What was counted.
    pub counts: Counts,
    /// Things of manifests that are not settled.
    pub manifest_open: i64,
    /// What is wrong.
    pub breaches: Vec<Breach>,
    /// Every root of every source has been compared since then; `None` until the first walk through them has ended.
    pub compared_since: Option<OffsetDateTime>,
}

impl NoLoss {
    /// Whether nothing is wrong.
    pub fn holds(&self) -> bool {
        self.breaches.is_empty()
    }
}

/// Concludes. `in_transit` are the names of accepted consultations without a holder, and since when.
pub fn conclude(
    counts: Counts,
    differences: Vec<Difference>,
    in_transit: Vec<(String, OffsetDateTime)>,
    open: Vec<OpenThing>,
    limits: Limits,
    now: OffsetDateTime,
) -> NoLoss {
    let mut breaches = Vec::new();
    if !counts.balance() {
        breaches.push(Breach { kind: BreachKind::Equation, subject: counts.received.to_string(), since: now });
    }
    for Difference { kind, subject, since, seen_at } in differences {
        // What was on its way when its source was last asked is no breach because the source does not answer since.
        if seen_at - since > limits.grace {
            breaches.push(Breach { kind, subject, since });
        }
    }
    for (subject, since) in in_transit {
        if now - since > limits.in_transit {
            breaches.push(Breach { kind: BreachKind::InTransitTooLong, subject, since });
        }
    }
    let open: Vec<OpenThing> = open.into_iter().filter(|thing| thing.standing != Standing::Settled).collect();
    for thing in &open {
        let (since, limit) = match thing.standing {
            Standing::FailedUnowned | Standing::Unheard => (thing.since, limits.grace),
            _ => (thing.completed_at, limits.manifest),
        };
        if now - since > limit {
            breaches.push(Breach { kind: BreachKind::ManifestUnsettled, subject: thing.name.clone(), since });
        }
    }
    NoLoss { counts, manifest_open: i64::try_from(open.len()).unwrap_or(i64::MAX), breaches, compared_since: None }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    const NOW: OffsetDateTime = datetime!(2026-03-02 12:00 UTC);
    const LIMITS: Limits = Limits {
        grace: Duration::from_secs(60),
        in_transit: Duration::from_secs(60),
        manifest: Duration::from_secs(4 * 86_400),
    };

    fn ago(seconds: i64) -> OffsetDateTime {
        NOW - time::Duration::seconds(seconds)
    }

    fn kinds(proof: &NoLoss) -> Vec<&'static str> {
        proof.breaches.iter().map(|breach| breach.kind.as_str()).collect()
    }

    #[test]
    fn an_unbalanced_equation_is_a_breach_at_once() {
        let counts = Counts { received: 5, held: 4, ..Counts::default() };
        let proof = conclude(counts, Vec::new(), Vec::new(), Vec::new(), LIMITS, NOW);
        assert_eq!(kinds(&proof), ["EQUATION"]);
        assert!(!proof.holds());
    }

    #[test]
    fn differences_and_transit_are_breaches_only_past_their_limit() {
        let counts = Counts { received: 2, in_transit: 2, ..Counts::default() };
        let seen = |since, seen_at| Difference {
            kind: BreachKind::MissingAtAudit,
            subject: "intake/x".to_owned(),
            since,
            seen_at,
        };
        let difference = |since| seen(since, NOW);
        let transit = |since| ("consultations/x".to_owned(), since);
        let young = conclude(counts, vec![difference(ago(60))], vec![transit(ago(60))], Vec::new(), LIMITS, NOW);
        assert!(young.holds());
        let old = conclude(counts, vec![difference(ago(61))], vec![transit(ago(61))], Vec::new(), LIMITS, NOW);
        assert_eq!(kinds(&old), ["MISSING_AT_AUDIT", "IN_TRANSIT_TOO_LONG"]);
        assert_eq!(old.breaches[0].since, ago(61));
        let unconfirmed = conclude(counts, vec![seen(ago(300), ago(290))], Vec::new(), Vec::new(), LIMITS, NOW);
        assert!(unconfirmed.holds(), "its source has not been asked since");
    }

    #[test]
    fn manifests_wait_for_delivery_but_not_for_owners() {
        let thing = |standing, since| OpenThing {
            name: "entries/x".to_owned(),
            standing,
            since: ago(since),
            completed_at: ago(7200),
        };
        let open = vec![
            thing(Standing::UnderWay, 7200),
            thing(Standing::FailedUnowned, 61),
            thing(Standing::Unheard, 30),
            thing(Standing::Settled, 0),
        ];
        let proof = conclude(Counts::default(), Vec::new(), Vec::new(), open, LIMITS, NOW);
        assert_eq!(kinds(&proof), ["MANIFEST_UNSETTLED"]);
        assert_eq!(proof.manifest_open, 3);
    }

    #[test]
    fn words_read_back() {
        for kind in BreachKind::ALL {
            assert_eq!(BreachKind::parse(kind.as_str()), Some(kind));
        }
    }
}
