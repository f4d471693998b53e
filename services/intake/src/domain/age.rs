//! Ages in whole years.

use time::Date;

/// How old somebody born on a day is on another, in whole years; 0 before birth. Somebody born on
/// 29 February is a year older on 1 March in other years (Family Law Reform Act 1969 practice).
pub fn in_years(born: Date, on: Date) -> i32 {
    let had_birthday = (on.month() as u8, on.day()) >= (born.month() as u8, born.day());
    let years = on.year() - born.year() - i32::from(!had_birthday);
    years.max(0)
}

#[cfg(test)]
mod tests {
    use time::macros::date;

    use super::*;

    #[test]
    fn the_birthday_counts() {
        assert_eq!(in_years(date!(2010 - 05 - 10), date!(2026 - 05 - 09)), 15);
        assert_eq!(in_years(date!(2010 - 05 - 10), date!(2026 - 05 - 10)), 16);
        assert_eq!(in_years(date!(2012 - 02 - 29), date!(2026 - 02 - 28)), 13);
        assert_eq!(in_years(date!(2027 - 01 - 01), date!(2026 - 01 - 01)), 0);
    }
}
