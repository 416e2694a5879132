use super::{Facts, Reporter, labels};

/// Reports labels that have to hold a time as RFC 3339 writes it and do not.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    labels::report_values(facts, report, "a time in the form of RFC 3339", "2026-01-31T08:30:00Z", is_timestamp);
}

/// `2026-01-31T08:30:00[.123](Z|+01:00)`.
fn is_timestamp(text: &str) -> bool {
    let Some((date, time)) = text.split_once(['T', 't', ' ']) else { return false };
    let Some([year, month, day]) = numbers(date, '-', [4, 2, 2]) else { return false };
    let Some(zone) = time.find(['Z', 'z', '+', '-']) else { return false };
    let (clock, zone) = time.split_at(zone);
    let (clock, fraction) = clock.split_once('.').map_or((clock, None), |(clock, fraction)| (clock, Some(fraction)));
    let Some([hour, minute, second]) = numbers(clock, ':', [2, 2, 2]) else { return false };
    let is_zone = matches!(zone, "Z" | "z")
        || zone
            .get(1..)
            .and_then(|zone| numbers(zone, ':', [2, 2]))
            .is_some_and(|[hour, minute]| hour < 24 && minute < 60);
    let is_fraction = fraction.is_none_or(|digits| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()));
    let is_day = (1..=12).contains(&month) && (1..=days_of(year, month)).contains(&day);
    // A leap second is 60.
    is_day && hour < 24 && minute < 60 && second <= 60 && is_fraction && is_zone
}

fn days_of(year: u32, month: u32) -> u32 {
    match month {
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// The numbers of a text of exactly `N` fields with these numbers of digits.
fn numbers<const N: usize>(text: &str, separator: char, digits: [usize; N]) -> Option<[u32; N]> {
    let mut fields = text.split(separator);
    let mut found = [0; N];
    for (number, length) in found.iter_mut().zip(digits) {
        let field = fields.next().filter(|field| field.len() == length && field.bytes().all(|b| b.is_ascii_digit()))?;
        *number = field.parse().ok()?;
    }
    fields.next().is_none().then_some(found)
}

#[cfg(test)]
mod tests {
    use super::is_timestamp;

    #[test]
    fn times_are_whole_and_on_the_calendar() {
        for time in
            ["2024-02-29T23:59:60Z", "2026-01-31t08:30:00.5z", "2026-12-01T00:00:00-05:30", "2026-12-01 00:00:00+00:00"]
        {
            assert!(is_timestamp(time), "{time}");
        }
        for other in [
            "",
            "2026-01-31",
            "2026-02-29T00:00:00Z",
            "2026-01-31T08:30Z",
            "2026-01-31T08:30:00",
            "2026-1-31T08:30:00Z",
            "2026-01-31T24:00:00Z",
            "2026-01-31T08:30:00.Z",
            "2026-01-31T08:30:00+1:00",
            "2026-13-01T00:00:00Z",
            "x",
        ] {
            assert!(!is_timestamp(other), "{other}");
        }
    }
}
