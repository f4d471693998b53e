//! Made-up patients of the test range: one for each consultation, known to the stand-in for demographics by rule.

use std::sync::atomic::{AtomicU32, Ordering};

use ehub_clock::Clock;
use ehub_proto::intake::v1::{Channel, Content, Need, Patient, SubmitConsultationRequest, Submitter, SubmitterKind};

/// Everybody's family name.
pub const FAMILY: &str = "Benchley";
/// Everybody's birth date.
pub const BORN: &str = "1979-03-14";
/// Practices with a write-back agreement in the development world.
const PRACTICES: [&str; 2] = ["A81001", "B82002"];
/// Numbers of the test range, check digit aside.
const RANGE: u32 = 1_000_000;

/// Patients, one after the other, from a place that moves on with the clock: a run does not meet the patients of the
/// run before, to whom the same medicine was issued lately.
#[derive(Debug)]
pub struct Patients(AtomicU32);

impl Patients {
    pub fn new(clock: &Clock) -> Self {
        let seconds = clock.now().unix_timestamp().rem_euclid(3600);
        Self(AtomicU32::new(u32::try_from(seconds).unwrap_or(0) * 277))
    }

    /// The next patient's NHS number.
    fn next(&self) -> String {
        loop {
            let digits = format!("999{:06}", self.0.fetch_add(1, Ordering::Relaxed) % RANGE);
            if let Some(check) = check_digit(&digits) {
                return format!("{digits}{check}");
            }
        }
    }

    /// The next submission.
    pub fn submission(&self, request_id: String, reference: String) -> SubmitConsultationRequest {
        let nhs_number = self.next();
        let practice = practice_of(&nhs_number);
        SubmitConsultationRequest {
            request_id,
            practice_ods: practice.to_owned(),
            supplier_reference: reference,
            first_contact_time: None,
            channel: Channel::Online.into(),
            patient: Some(Patient {
                nhs_number,
                family_name: FAMILY.to_owned(),
                given_names: "Robin".to_owned(),
                birth_date: BORN.to_owned(),
                gender: "female".to_owned(),
                phone: "07700 900000".to_owned(),
                email: String::new(),
                address: "1 Example Road, Leeds".to_owned(),
                communication: None,
                contact_safety: None,
            }),
            submitter: Some(Submitter {
                kind: SubmitterKind::Self_.into(),
                full_name: String::new(),
                relationship: String::new(),
                competence_recorded: None,
            }),
            content: Some(Content {
                need: Need::Clinical.into(),
                topic: "sore-throat".to_owned(),
                free_text: "Sore throat for four days, swollen glands, temperature in the evenings. I can drink."
                    .to_owned(),
                answers: Vec::new(),
                restricted: false,
            }),
        }
    }
}

/// The practice a patient is registered with: by the parity of the ninth digit.
pub fn practice_of(nhs_number: &str) -> &'static str {
    let odd = nhs_number.as_bytes().get(8).is_some_and(|digit| digit % 2 == 1);
    PRACTICES[usize::from(odd)]
}

/// The modulus 11 check digit; some numbers have none.
fn check_digit(nine: &str) -> Option<u32> {
    let sum: u32 = nine.bytes().zip((2..=10).rev()).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
    Some((11 - sum % 11) % 11).filter(|check| *check < 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_digits_are_those_of_the_data_dictionary() {
        // 943 476 5919 is the dictionary's example.
        assert_eq!(check_digit("943476591"), Some(9));
    }

    #[test]
    fn nobody_comes_twice() {
        let patients = Patients(AtomicU32::new(999_990));
        let some: std::collections::BTreeSet<String> = (0..500).map(|_| patients.next()).collect();
        assert_eq!(some.len(), 500);
        assert!(some.iter().all(|number| number.len() == 10 && number.starts_with("999")));
    }
}
