//! Seconds since 1970 as the fields of a clock, and back.

/// A date and a time of day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DateTime {
    pub year: u16,
    /// 1 to 12.
    pub month: u8,
    /// 1 to 31.
    pub day: u8,
    pub hour: u8,
    pub minute: u8,
    pub second: u8,
}

/// Seconds in a day.
pub const SECONDS_PER_DAY: u64 = 86_400;

/// From 0000-03-01 on.
const DAYS_TO_1970: u64 = 719_468;
const DAYS_IN_400_YEARS: u64 = 146_097;

const fn is_leap(year: u16) -> bool {
    year.is_multiple_of(4) && !year.is_multiple_of(100) || year.is_multiple_of(400)
}

const fn days_in_year(year: u16) -> u64 {
    if is_leap(year) { 366 } else { 365 }
}

const fn days_in_month(year: u16, month: u8) -> u64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

impl DateTime {
    /// The moment `seconds` after 1970-01-01 00:00:00.
    pub fn from_unix(seconds: u64) -> Self {
        let in_day = seconds % SECONDS_PER_DAY;
        // Years from March on have their odd day at the end, and months of 153 days in five.
        let days = seconds / SECONDS_PER_DAY + DAYS_TO_1970;
        let (era, in_era) = (days / DAYS_IN_400_YEARS, days % DAYS_IN_400_YEARS);
        let year_of_era = (in_era - in_era / 1460 + in_era / 36_524 - in_era / 146_096) / 365;
        let in_year = in_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let from_march = (5 * in_year + 2) / 153;
        let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
        Self {
            year: (400 * era + year_of_era + u64::from(month <= 2)) as u16,
            month: month as u8,
            day: (in_year - (153 * from_march + 2) / 5 + 1) as u8,
            hour: (in_day / 3600) as u8,
            minute: (in_day / 60 % 60) as u8,
            second: (in_day % 60) as u8,
        }
    }

    /// Seconds since 1970-01-01 00:00:00. Fields out of range are carried over; a year before 1970 counts as 1970.
    pub fn to_unix(self) -> u64 {
        let years: u64 = (1970..self.year).map(days_in_year).sum();
        let months: u64 = (1..self.month.min(12)).map(|month| days_in_month(self.year, month)).sum();
        let days = years + months + u64::from(self.day.max(1)) - 1;
        days * SECONDS_PER_DAY
            + u64::from(self.hour) * 3600
            + u64::from(self.minute) * 60
            + u64::from(self.second)
    }

    /// 1 = Sunday to 7 = Saturday, as the clock chip counts.
    pub fn weekday(self) -> u8 {
        // 1970-01-01 was a Thursday.
        ((self.to_unix() / SECONDS_PER_DAY + 4) % 7) as u8 + 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_become_fields_and_back() {
        // From `date -u -d @N`.
        for (seconds, year, month, day, hour, minute, second, weekday) in [
            (0, 1970, 1, 1, 0, 0, 0, 5),
            (946_684_800, 2000, 1, 1, 0, 0, 0, 7),
            (951_782_400, 2000, 2, 29, 0, 0, 0, 3),
            (951_868_800, 2000, 3, 1, 0, 0, 0, 4),
            (978_307_199, 2000, 12, 31, 23, 59, 59, 1),
            (951_868_799, 2000, 2, 29, 23, 59, 59, 3),
            (1_795_392_000, 2026, 11, 23, 0, 0, 0, 2),
            (4_107_542_400, 2100, 3, 1, 0, 0, 0, 2),
        ] {
            let fields = DateTime { year, month, day, hour, minute, second };
            assert_eq!(DateTime::from_unix(seconds), fields);
            assert_eq!(fields.to_unix(), seconds);
            assert_eq!(fields.weekday(), weekday, "{fields:?}");
        }
    }
}
