//! Dates as header fields write them.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

const WEEKDAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
const MONTHS: [(&str, u64); 12] = [
    ("Jan", 31),
    ("Feb", 28),
    ("Mar", 31),
    ("Apr", 30),
    ("May", 31),
    ("Jun", 30),
    ("Jul", 31),
    ("Aug", 31),
    ("Sep", 30),
    ("Oct", 31),
    ("Nov", 30),
    ("Dec", 31),
];
const DAY: u64 = 24 * 60 * 60;

/// The date-time of RFC 5322, section 3.3, in UTC. Times before 1970 become its start, those after 9999 its end.
pub(crate) fn rfc5322(time: SystemTime) -> String {
    let Civil { days, year, month, day, hour, minute, second } = Civil::of(time);
    let weekday = WEEKDAYS.iter().cycle().nth((days % 7) as usize).unwrap_or(&"");
    let (month, _) = MONTHS.get(month).copied().unwrap_or_default();
    format!("{weekday}, {day:02} {month} {year:04} {hour:02}:{minute:02}:{second:02} +0000")
}

/// The date-time of RFC 3339, in UTC, within the same bounds.
pub(crate) fn rfc3339(time: SystemTime) -> String {
    let Civil { year, month, day, hour, minute, second, .. } = Civil::of(time);
    format!("{year:04}-{:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z", month + 1)
}

/// Reads a date-time of RFC 3339 in UTC, as the core lets it pass (`2026-11-23T18:07:38.5Z`); a part of a second counts as a whole one. A
/// leap second is the one that follows it. `None` for a day that there is not, and for years before 1970.
pub(crate) fn from_rfc3339(text: &str) -> Option<SystemTime> {
    let number = |from: usize, to: usize| text.get(from..to)?.parse::<u64>().ok();
    let (year, month, day) = (number(0, 4)?, number(5, 7)?.checked_sub(1)?, number(8, 10)?.checked_sub(1)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    let month = usize::try_from(month).ok()?;
    if year < 1970 || day >= length_of(month, year)? || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let years: u64 = (1970..year).map(days_of).sum();
    let months = (0..month).map(|month| length_of(month, year)).sum::<Option<u64>>()?;
    let part = u64::from(text.get(19..)?.bytes().any(|octet| matches!(octet, b'1'..=b'9')));
    let seconds = (years + months + day) * DAY + hour * 3600 + minute * 60 + second + part;
    UNIX_EPOCH.checked_add(Duration::from_secs(seconds))
}

/// A time as people count it. The month counts from 0, the day from 1; `days` are those since 1970.
struct Civil {
    days: u64,
    year: u64,
    month: usize,
    day: u64,
    hour: u64,
    minute: u64,
    second: u64,
}

impl Civil {
    fn of(time: SystemTime) -> Self {
        let last = Duration::from_secs(253_402_300_799);
        let seconds = time.duration_since(UNIX_EPOCH).unwrap_or_default().min(last).as_secs();
        let (days, second) = (seconds / DAY, seconds % DAY);
        let (mut year, mut month, mut day) = (1970, 0, days);
        while day >= days_of(year) {
            day -= days_of(year);
            year += 1;
        }
        while let Some(length) = length_of(month, year).filter(|length| day >= *length) {
            day -= length;
            month += 1;
        }
        Self { days, year, month, day: day + 1, hour: second / 3600, minute: second / 60 % 60, second: second % 60 }
    }
}

/// The days of a month, counted from 0.
fn length_of(month: usize, year: u64) -> Option<u64> {
    let (name, length) = *MONTHS.get(month)?;
    Some(if name == "Feb" { length + days_of(year) - 365 } else { length })
}

fn days_of(year: u64) -> u64 {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    if leap { 366 } else { 365 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates() {
        for (seconds, date) in [
            (0, "Thu, 01 Jan 1970 00:00:00 +0000"),
            (951_782_400, "Tue, 29 Feb 2000 00:00:00 +0000"),
            (951_868_799, "Tue, 29 Feb 2000 23:59:59 +0000"),
            (951_868_800, "Wed, 01 Mar 2000 00:00:00 +0000"),
            (1_704_067_199, "Sun, 31 Dec 2023 23:59:59 +0000"),
            (1_735_603_200, "Tue, 31 Dec 2024 00:00:00 +0000"),
            (1_795_457_258, "Mon, 23 Nov 2026 18:07:38 +0000"),
            (4_107_542_400, "Mon, 01 Mar 2100 00:00:00 +0000"),
            (253_402_300_799, "Fri, 31 Dec 9999 23:59:59 +0000"),
            (253_402_300_800, "Fri, 31 Dec 9999 23:59:59 +0000"),
        ] {
            assert_eq!(rfc5322(UNIX_EPOCH + Duration::from_secs(seconds)), date);
        }
        assert_eq!(rfc5322(UNIX_EPOCH - DAY_BEFORE), "Thu, 01 Jan 1970 00:00:00 +0000");
    }

    #[test]
    fn dates_for_machines() {
        for (seconds, date) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_735_689_599, "2024-12-31T23:59:59Z"),
            (1_795_457_258, "2026-11-23T18:07:38Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
            (253_402_300_799, "9999-12-31T23:59:59Z"),
        ] {
            let time = UNIX_EPOCH + Duration::from_secs(seconds);
            assert_eq!(rfc3339(time), date);
            assert_eq!(from_rfc3339(date), Some(time), "{date}");
        }
        let read = |text: &str| from_rfc3339(text).map(rfc3339);
        assert_eq!(read("2026-11-23t18:07:38.000z").as_deref(), Some("2026-11-23T18:07:38Z"));
        assert_eq!(read("2026-11-23T18:07:38.25Z").as_deref(), Some("2026-11-23T18:07:39Z"));
        assert_eq!(read("2016-12-31T23:59:60Z").as_deref(), Some("2017-01-01T00:00:00Z"));
        for wrong in [
            "",
            "2026-02-29T00:00:00Z",
            "2026-11-31T00:00:00Z",
            "1969-12-31T23:59:59Z",
            "2026-11",
            "2026-00-01T00:00:00Z",
        ] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }

    const DAY_BEFORE: Duration = Duration::from_secs(DAY);
}
