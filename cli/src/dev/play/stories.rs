//! Who turns to their practice this morning, and with what. Made up, from a seed.

use crate::dev::world::{NO_AGREEMENT, practices};

/// What happens to a consultation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Story {
    /// A clinical question, answered with advice.
    Advice,
    /// A clinical question, answered with a prescription.
    Prescribed,
    /// Administration.
    Administrative,
    /// A fit note, made elsewhere and recorded.
    FitNote,
    /// A child's, written by a carer.
    ChildByCarer,
    /// A red flag.
    Emergency,
    /// Submitted twice under one request id.
    Repeat,
    /// A MESH message that nobody can read.
    Malformed,
    /// For a practice without a write-back agreement.
    NoAgreement,
    /// Passed back to the practice.
    PassedBack,
    /// Withdrawn at once: better already.
    Withdrawn,
}

/// One consultation of the morning.
#[derive(Debug, Clone)]
pub struct Plan {
    pub story: Story,
    pub practice: &'static str,
    /// By MESH; else by gRPC.
    pub mesh: bool,
    pub patient: Patient,
    pub topic: &'static str,
    pub text: &'static str,
}

/// A made-up patient of the test range.
#[derive(Debug, Clone)]
pub struct Patient {
    pub nhs_number: String,
    pub family: &'static str,
    pub given: &'static str,
    pub birth_date: String,
    pub gender: &'static str,
    /// How demographics differ from what the patient says.
    pub quirk: Quirk,
}

/// What demographics know that the patient did not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quirk {
    None,
    Untraced,
    Sensitive,
    Moved,
}

const FAMILIES: [&str; 12] = [
    "Ashworth",
    "Begum",
    "Çelik",
    "Dąbrowska",
    "Evans",
    "Fitzgerald",
    "Gupta",
    "Hughes",
    "Ivanova",
    "Jones",
    "Khan",
    "O'Neill",
];
const GIVENS: [&str; 10] = ["Amira", "Ben", "Chloé", "Dev", "Ewa", "Finn", "Grace", "Hassan", "Imogen", "José"];

/// Every story once, then the usual mix.
pub fn plan(consultations: usize, seed: [u8; 8]) -> Vec<Plan> {
    let mut random = Random(u64::from_be_bytes(seed) | 1);
    // A run's patients start anywhere in the test range, so that runs on a kept database differ.
    let start = random.below(900_000);
    let mut numbers = (start..).filter_map(|serial| test_number(u64::from(serial)));
    (0..consultations)
        .map(|position| {
            let story = story(position, &mut random);
            let number = numbers.next().unwrap_or_default();
            one(position, story, number, consultations, &mut random)
        })
        .collect()
}

fn story(position: usize, random: &mut Random) -> Story {
    const ALL: [Story; 11] = [
        Story::Prescribed,
        Story::Administrative,
        Story::FitNote,
        Story::ChildByCarer,
        Story::Emergency,
        Story::Repeat,
        Story::Malformed,
        Story::NoAgreement,
        Story::PassedBack,
        Story::Advice,
        Story::Withdrawn,
    ];
    if let Some(story) = ALL.get(position) {
        return *story;
    }
    match random.below(41) {
        0..=15 => Story::Advice,
        16..=25 => Story::Prescribed,
        26..=32 => Story::Administrative,
        33..=34 => Story::FitNote,
        35..=36 => Story::ChildByCarer,
        37 => Story::Emergency,
        38 => Story::PassedBack,
        39 => Story::Withdrawn,
        _ => Story::NoAgreement,
    }
}

fn one(position: usize, story: Story, nhs_number: String, consultations: usize, random: &mut Random) -> Plan {
    let open: Vec<&'static str> = practices().map(|practice| practice.ods).filter(|ods| *ods != NO_AGREEMENT).collect();
    let practice = if story == Story::NoAgreement { NO_AGREEMENT } else { open[position % open.len()] };
    // Half by MESH at this size; under load 2 %, because the sandbox is no broker.
    let share = if consultations > 1_000 { 50 } else { 2 };
    let mesh = match story {
        Story::Malformed => true,
        Story::Repeat | Story::Withdrawn => false,
        _ => position.is_multiple_of(share),
    };
    let year = if story == Story::ChildByCarer { 2016 + random.below(6) } else { 1940 + random.below(60) };
    let quirk = match (story, position) {
        (Story::Advice, 11..) if random.below(25) == 0 => {
            [Quirk::Untraced, Quirk::Sensitive, Quirk::Moved][random.below(3) as usize]
        }
        (Story::Advice, 9) => Quirk::Untraced,
        _ => Quirk::None,
    };
    let (topic, text) = words(story);
    let patient = Patient {
        nhs_number,
        family: FAMILIES[random.below(12) as usize],
        given: GIVENS[random.below(10) as usize],
        birth_date: format!("{year}-{:02}-{:02}", 1 + random.below(12), 1 + random.below(28)),
        gender: ["female", "male", "other", "unknown"][random.below(4) as usize],
        quirk,
    };
    Plan { story, practice, mesh, patient, topic, text }
}

fn words(story: Story) -> (&'static str, &'static str) {
    match story {
        Story::Advice | Story::Repeat | Story::NoAgreement | Story::Withdrawn => (
            "back-pain",
            "My lower back has been stiff for a week after lifting boxes. It is a little better when I walk.",
        ),
        Story::Prescribed => {
            ("sore-throat", "My throat has been sore for six days and my glands are up. I can drink and swallow.")
        }
        Story::Administrative => {
            ("letter", "Could I have a copy of the letter from the hospital of last month please?")
        }
        Story::FitNote => {
            ("fit-note", "My fit note ends on Friday and I am not ready to go back to lifting at work yet.")
        }
        Story::ChildByCarer => {
            ("child-rash", "My daughter has an itchy rash on both arms since yesterday. She plays and eats as usual.")
        }
        Story::Emergency => ("chest-pain", "I have crushing chest pain going down my left arm and I am sweating."),
        Story::Malformed => ("malformed", ""),
        Story::PassedBack => {
            ("wound-check", "The wound from my operation needs to be looked at and the stitches taken out.")
        }
    }
}

/// The test-range NHS number of a serial, if it has a check digit (modulus 11).
fn test_number(serial: u64) -> Option<String> {
    let nine = format!("999{:06}", serial % 1_000_000);
    let sum: u32 = nine.bytes().zip((2..=10).rev()).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
    let check = (11 - sum % 11) % 11;
    let number = format!("{nine}{check}");
    (check < 10 && number != "9999999999").then_some(number)
}

/// Small and repeatable; nothing here is a secret (xorshift64).
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u32) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        u32::try_from(self.0 >> 33).unwrap_or(0) % bound
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_story_is_played_and_a_seed_replays() {
        let plans = plan(60, [1, 2, 3, 4, 5, 6, 7, 8]);
        for story in [
            Story::Emergency,
            Story::Malformed,
            Story::Repeat,
            Story::NoAgreement,
            Story::PassedBack,
            Story::ChildByCarer,
            Story::Withdrawn,
        ] {
            assert!(plans.iter().any(|plan| plan.story == story), "{story:?}");
        }
        let again = plan(60, [1, 2, 3, 4, 5, 6, 7, 8]);
        assert!(plans.iter().zip(&again).all(|(a, b)| a.patient.nhs_number == b.patient.nhs_number));
        let mesh = plans.iter().filter(|plan| plan.mesh).count();
        assert!((25..=35).contains(&mesh), "about half by MESH, not {mesh}");
    }

    #[test]
    fn numbers_are_good_and_of_the_test_range() {
        for serial in 0..2_000 {
            if let Some(number) = test_number(serial) {
                assert!(ehub_identifiers::NhsNumber::parse(&number).is_ok_and(|number| number.is_test()), "{number}");
            }
        }
    }
}
