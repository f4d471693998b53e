//! What screening found, and how findings combine: up, never down.

use super::codes::Urgency;

/// What screening found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Screening {
    /// How urgent.
    pub urgency: Urgency,
    /// Rules that matched, in order.
    pub matched_rules: Vec<String>,
    /// Why it was not screened; empty when it was.
    pub not_screened_reason: String,
    /// For an emergency: what to display before anything else.
    pub emergency_advice: String,
    /// `id@version`.
    pub rule_set: String,
}

/// What one rule that matched says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The rule.
    pub rule: String,
    /// Its urgency.
    pub urgency: Urgency,
    /// Its advice; empty unless an emergency.
    pub advice: String,
}

/// Combines findings. `blind` says why the text may say more than the rules can read; it raises
/// what is less than urgent to NOT_SCREENED, and never hides a finding that is urgent or more.
pub fn combine(findings: Vec<Finding>, blind: Option<&'static str>, rule_set: String) -> Screening {
    let mut urgency = Urgency::Routine;
    let mut advice: Vec<String> = Vec::new();
    let mut matched_rules = Vec::with_capacity(findings.len());
    for finding in findings {
        if weight(finding.urgency) > weight(urgency) {
            urgency = finding.urgency;
        }
        if finding.urgency == Urgency::Emergency && !finding.advice.is_empty() && !advice.contains(&finding.advice) {
            advice.push(finding.advice);
        }
        matched_rules.push(finding.rule);
    }
    let mut not_screened_reason = String::new();
    if let Some(reason) = blind
        && weight(urgency) < weight(Urgency::Urgent)
    {
        urgency = Urgency::NotScreened;
        not_screened_reason = reason.to_owned();
    }
    Screening { urgency, matched_rules, not_screened_reason, emergency_advice: advice.join("\n"), rule_set }
}

fn weight(urgency: Urgency) -> u8 {
    match urgency {
        Urgency::Routine => 0,
        Urgency::Note => 1,
        Urgency::NotScreened => 2,
        Urgency::Urgent => 3,
        Urgency::Emergency => 4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(rule: &str, urgency: Urgency) -> Finding {
        Finding { rule: rule.to_owned(), urgency, advice: "call".to_owned() }
    }

    #[test]
    fn being_blind_hides_no_emergency() {
        let found = combine(vec![finding("a", Urgency::Emergency)], Some("LANGUAGE"), String::new());
        assert_eq!((found.urgency, found.not_screened_reason.as_str()), (Urgency::Emergency, ""));
        assert_eq!(found.emergency_advice, "call");
    }

    #[test]
    fn being_blind_raises_what_is_less_than_urgent() {
        let found = combine(vec![finding("a", Urgency::Note)], Some("LANGUAGE"), String::new());
        assert_eq!((found.urgency, found.not_screened_reason.as_str()), (Urgency::NotScreened, "LANGUAGE"));
        assert_eq!(found.matched_rules, ["a"]);
    }

    #[test]
    fn the_most_urgent_counts_in_any_order() {
        for order in [[Urgency::Note, Urgency::Urgent], [Urgency::Urgent, Urgency::Note]] {
            let found = combine(order.map(|urgency| finding("a", urgency)).to_vec(), None, String::new());
            assert_eq!(found.urgency, Urgency::Urgent);
            assert_eq!(found.emergency_advice, "");
        }
    }
}
