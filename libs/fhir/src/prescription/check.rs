//! Rules EPS and the law apply to the shape of a prescription, checked before anything is sent.

use std::collections::HashSet;

use thiserror::Error;

use super::{DispensingSite, MAX_ITEMS, Prescription};

/// Something EPS would refuse.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Problem {
    /// Number of items.
    #[error("a prescription has one to four items")]
    ItemCount,
    /// Item ids.
    #[error("every item needs an id of its own")]
    DuplicateItem,
    /// Sender and short id.
    #[error("the middle block of the short id must be the cost centre")]
    ShortId,
    /// Primary care prescriptions name the ICB.
    #[error("a primary care cost centre needs the organisation it is part of")]
    ParentMissing,
    /// Nomination without a dispenser, or the reverse.
    #[error("a nomination needs a dispenser, and a dispenser a nomination")]
    Nomination,
    /// Dosage text.
    #[error("item {0} needs a dosage in words")]
    Dosage(usize),
    /// Quantity.
    #[error("item {0} needs a quantity greater than zero")]
    Quantity(usize),
    /// Name of the medicine.
    #[error("item {0} needs the name of the medicine")]
    MedicineName(usize),
    /// Schedule 1.
    #[error("item {0} is a schedule 1 drug, which EPS does not carry")]
    ScheduleOne(usize),
    /// Schedules 2 and 3 (Misuse of Drugs Regulations 2001, regulation 15).
    #[error("item {0} needs its quantity in words")]
    QuantityWords(usize),
}

/// Items are counted from 1.
pub(super) fn problems(prescription: &Prescription) -> Vec<Problem> {
    let mut found = Vec::new();
    let mut require = |met: bool, problem: Problem| {
        if !met {
            found.push(problem);
        }
    };
    let items = &prescription.items;
    let cost_centre = &prescription.cost_centre;
    require((1..=MAX_ITEMS).contains(&items.len()), Problem::ItemCount);
    let distinct: HashSet<_> = items.iter().map(|item| item.id).collect();
    require(distinct.len() == items.len(), Problem::DuplicateItem);
    let block = prescription.short_id.split('-').nth(1).map(|block| block.trim_start_matches('0'));
    require(block == Some(cost_centre.ods_code.trim_start_matches('0')), Problem::ShortId);
    let primary_care = prescription.type_code.starts_with("01");
    require(!primary_care || cost_centre.parent.is_some(), Problem::ParentMissing);
    let nominated = prescription.site != DispensingSite::None;
    require(nominated == prescription.dispenser.is_some(), Problem::Nomination);
    for (number, item) in (1..).zip(items) {
        require(!item.dosage.trim().is_empty(), Problem::Dosage(number));
        require(!item.medication_display.trim().is_empty(), Problem::MedicineName(number));
        let quantity = item.quantity.value.parse::<f64>();
        require(quantity.is_ok_and(|value| value.is_finite() && value > 0.0), Problem::Quantity(number));
        if let Some(controlled) = &item.controlled {
            require(controlled.schedule != "CD1", Problem::ScheduleOne(number));
            let in_words = controlled.quantity_words.as_ref().is_some_and(|words| !words.trim().is_empty());
            require(in_words || !matches!(controlled.schedule.as_str(), "CD2" | "CD3"), Problem::QuantityWords(number));
        }
    }
    found
}
