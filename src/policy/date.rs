//! A day of the calendar, for waivers that expire.

use std::fmt;

/// A day of the proleptic Gregorian calendar, from year 0 to 9999.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Date {
    year: u16,
    month: u8,
    day: u8,
}

const SECONDS_A_DAY: u64 = 86_400;

impl Date {
    /// Reads `YYYY-MM-DD`; `None` when it is written otherwise or there is no such day.
    pub fn parse(text: &str) -> Option<Self> {
        let (year, rest) = text.split_once('-')?;
        let (month, day) = rest.split_once('-')?;
        let number = |digits: &str, len: usize| -> Option<u16> {
            let is_number = digits.len() == len && digits.bytes().all(|b| b.is_ascii_digit());
            if is_number { digits.parse().ok() } else { None }
        };
        let (year, month, day) = (number(year, 4)?, number(month, 2)?, number(day, 2)?);
        let date = Self { year, month: u8::try_from(month).ok()?, day: u8::try_from(day).ok()? };
        let is_day = (1..=12).contains(&date.month) && (1..=days_in(date.year, date.month)).contains(&date.day);
        is_day.then_some(date)
    }

    /// The day, in UTC, of a time given in seconds since 1970-01-01T00:00:00Z. Times past the year 9999 give its last day.
    pub fn from_unix(seconds: u64) -> Self {
        let mut days = seconds / SECONDS_A_DAY;
        for year in 1970..=9999 {
            for month in 1..=12 {
                let length = days_in(year, month);
                match u8::try_from(days) {
                    Ok(rest) if rest < length => return Self { year, month, day: rest + 1 },
                    _ => days -= u64::from(length),
                }
            }
        }
        Self { year: 9999, month: 12, day: 31 }
    }

    /// Days from another day to this one; negative when that one is later.
    pub fn days_since(self, other: Self) -> i64 {
        self.number() - other.number()
    }

    /// Days from the first day of the year 0.
    pub(super) fn number(self) -> i64 {
        let before = i64::from(self.year);
        let leap_days = (before + 3) / 4 - (before + 99) / 100 + (before + 399) / 400;
        let months: i64 = (1..self.month).map(|month| i64::from(days_in(self.year, month))).sum();
        before * 365 + leap_days + months + i64::from(self.day) - 1
    }

    /// Today in UTC, by the system's clock; the first day of 1970 when the clock stands before it.
    pub fn today() -> Self {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        Self::from_unix(now.map_or(0, |d| d.as_secs()))
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

fn days_in(year: u16, month: u8) -> u8 {
    match month {
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn days_between_days_are_counted() {
        for (later, earlier, days) in [
            ("2026-06-01", "2026-06-01", 0),
            ("2024-03-01", "2024-02-28", 2),
            ("2023-03-01", "2023-02-28", 1),
            ("2000-03-01", "1999-03-01", 366),
            ("1970-01-01", "2026-06-01", -20_605),
            ("2001-01-01", "1601-01-01", 146_097),
        ] {
            let day = |text| Date::parse(text).unwrap();
            assert_eq!(day(later).days_since(day(earlier)), days, "{later} {earlier}");
        }
    }

    #[test]
    fn only_days_of_the_calendar_are_read() {
        for good in ["2026-12-31", "2024-02-29", "2000-02-29", "0000-01-01"] {
            assert_eq!(Date::parse(good).unwrap().to_string(), good);
        }
        for bad in [
            "2026-02-29",
            "1900-02-29",
            "2026-13-01",
            "2026-00-10",
            "2026-4-1",
            "31.12.2026",
            "2026-04-31",
            "+026-01-01",
            "",
        ] {
            assert_eq!(Date::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn seconds_become_days() {
        assert_eq!(Date::from_unix(0).to_string(), "1970-01-01");
        assert_eq!(Date::from_unix(86_399).to_string(), "1970-01-01");
        assert_eq!(Date::from_unix(951_782_400).to_string(), "2000-02-29");
        assert_eq!(Date::from_unix(1_798_675_199).to_string(), "2026-12-30");
        assert_eq!(Date::from_unix(u64::MAX).to_string(), "9999-12-31");
        assert!(Date::parse("2026-12-31") > Date::parse("2026-09-30"));
    }
}
