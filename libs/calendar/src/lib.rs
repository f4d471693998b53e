//! Opening hours and bank holidays of England and Wales, in London time, through both switches of the clock.
//!
//! Pure: no clock. Instants are `time::OffsetDateTime` at the border; the time zone database is compiled in, so that every machine
//! counts alike.

mod holidays;
mod hours;
mod london;
mod openings;

pub use holidays::{BankHoliday, bank_holidays, is_bank_holiday};
pub use hours::{Hours, InvalidHours, WeeklyInterval};
pub use london::{local_date, start_of};
