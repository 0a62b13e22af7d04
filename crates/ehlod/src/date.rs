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
    let last = Duration::from_secs(253_402_300_799);
    let seconds = time.duration_since(UNIX_EPOCH).unwrap_or_default().min(last).as_secs();
    let (days, second) = (seconds / DAY, seconds % DAY);
    let weekday = WEEKDAYS.iter().cycle().nth((days % 7) as usize).unwrap_or(&"");

    let mut year = 1970;
    let mut day = days;
    while day >= days_of(year) {
        day -= days_of(year);
        year += 1;
    }
    let mut month = "";
    for (name, length) in MONTHS {
        let length = if name == "Feb" { length + days_of(year) - 365 } else { length };
        month = name;
        if day < length {
            break;
        }
        day -= length;
    }
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{weekday}, {:02} {month} {year:04} {hour:02}:{minute:02}:{second:02} +0000", day + 1)
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

    const DAY_BEFORE: Duration = Duration::from_secs(DAY);
}
