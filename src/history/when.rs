//! Dates as git reads them on a command line.

use std::time::SystemTime;

use super::HistoryError;

/// Reads a date like git's `--since` does: `2026-01-31`, an ISO time, `2 weeks ago`, `yesterday`.
///
/// Answers seconds since 1970 in UTC. Relative dates count back from `now`.
pub fn seconds_of_date(text: &str, now: SystemTime) -> Result<i64, HistoryError> {
    let bad = || HistoryError::Date { text: text.to_owned() };
    let now = gix::date::Zoned::try_from(now).map_err(|_| bad())?;
    gix::date::parse(text.trim(), Some(now)).map(|time| time.seconds).map_err(|_| bad())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn reads_dates() {
        let day = 86_400;
        let now = 1_790_000_000;
        let at = SystemTime::UNIX_EPOCH + Duration::from_secs(now as u64);
        for (text, want) in [
            ("2026-01-31", Some(1_769_817_600)),
            ("2026-01-31T12:00:00+02:00", Some(1_769_817_600 + 10 * 3600)),
            ("3 days ago", Some(now - 3 * day)),
            ("2 weeks ago", Some(now - 14 * day)),
            ("2.weeks", Some(now - 14 * day)),
            (" yesterday ", Some(now - day)),
            ("soon", None),
            ("", None),
        ] {
            assert_eq!(seconds_of_date(text, at).ok(), want, "{text:?}");
        }
    }
}
