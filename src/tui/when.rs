//! When something was, as people say it.

/// Milliseconds of a minute.
const MINUTE: u64 = 60_000;

/// Milliseconds of a day.
const DAY: u64 = 24 * 60 * MINUTE;

/// When `at` was, seen from `now`, both in milliseconds since 1970: how long ago within a day, else the
/// date. What is not known is a dash.
pub fn when(at: Option<u64>, now: Option<u64>) -> String {
    let Some(at) = at else { return "-".into() };
    let Some(ago) = now.map(|now| now.saturating_sub(at)) else { return date(at) };
    match ago {
        0..MINUTE => "just now".into(),
        _ if ago < 60 * MINUTE => format!("{} min ago", ago / MINUTE),
        _ if ago < DAY => format!("{} h ago", ago / (60 * MINUTE)),
        _ => date(at),
    }
}

/// The date in UTC, as in 2026-11-29 UTC.
fn date(at: u64) -> String {
    // Days are counted from 0000-03-01, so that a leap day is the last of its year.
    let days = at / DAY + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (year, month) = if month < 10 { (year, month + 3) } else { (year + 1, month - 9) };
    format!("{:04}-{month:02}-{day:02} UTC", era * 400 + year)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_read_well() {
        let now = 1_764_403_200_000;
        let told = [0, 59_999, 60_000, 59 * MINUTE, 60 * MINUTE, DAY - 1, DAY];
        let told = told.map(|ago| when(Some(now - ago), Some(now)));
        let expected = [
            "just now",
            "just now",
            "1 min ago",
            "59 min ago",
            "1 h ago",
            "23 h ago",
            "2025-11-28 UTC",
        ];
        assert_eq!(told, expected);
        assert_eq!(when(None, Some(now)), "-");
        // A clock that was set back.
        assert_eq!(when(Some(now + 5), Some(now)), "just now");
    }

    #[test]
    fn dates_are_those_of_the_calendar() {
        for (days, expected) in [
            (0, "1970-01-01"),
            (58, "1970-02-28"),
            (59, "1970-03-01"),
            (11_016, "2000-02-29"),
            (11_017, "2000-03-01"),
            (19_782, "2024-02-29"),
            (20_454, "2026-01-01"),
            (20_786, "2026-11-29"),
        ] {
            assert_eq!(date(days * DAY + DAY / 2), format!("{expected} UTC"));
        }
    }
}
