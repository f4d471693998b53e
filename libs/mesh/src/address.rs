//! Addressing a message to whichever practice a patient is registered with, resolved by MESH itself.

use serde::Deserialize;
use time::Date;

/// How the date of birth is written. The national specifications disagree (Send Document 1.x and Update Record:
/// day first; Send Document 2.0.1: year first), so it is configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BirthDateFormat {
    /// `DDMMYYYY`.
    #[default]
    DayFirst,
    /// `YYYYMMDD`.
    YearFirst,
}

/// The address `GPPROVIDER_{NHS number}_{date of birth}_{surname}`. It holds patient data: never log it.
pub fn registered_practice(nhs_number: &str, birth_date: Date, surname: &str, format: BirthDateFormat) -> String {
    let (year, month, day) = (birth_date.year(), u8::from(birth_date.month()), birth_date.day());
    let date = match format {
        BirthDateFormat::DayFirst => format!("{day:02}{month:02}{year:04}"),
        BirthDateFormat::YearFirst => format!("{year:04}{month:02}{day:02}"),
    };
    format!("GPPROVIDER_{nhs_number}_{date}_{surname}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::date;

    #[test]
    fn both_date_orders_are_written() {
        let of = |format| registered_practice("9990000018", date!(1980 - 02 - 09), "Teak", format);
        assert_eq!(of(BirthDateFormat::DayFirst), "GPPROVIDER_9990000018_09021980_Teak");
        assert_eq!(of(BirthDateFormat::YearFirst), "GPPROVIDER_9990000018_19800209_Teak");
    }
}
