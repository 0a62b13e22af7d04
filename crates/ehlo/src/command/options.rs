//! What a client asks for a message beyond its delivery: by when, with what priority, not before when, how guarded.

/// By when to deliver (DELIVERBY, RFC 2852 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct DeliverBy {
    /// Seconds from now; negative or zero only where the message goes on all the same.
    pub seconds: i32,
    /// What to do with the message after that time.
    pub mode: ByMode,
    /// The sender wants to hear of relays.
    pub trace: bool,
}

/// What to do with a message that was not delivered in time (RFC 2852 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum ByMode {
    /// `R`: return it.
    Return,
    /// `N`: say so, and go on.
    Notify,
}

impl DeliverBy {
    /// `by-parameter = "BY=" by-time ";" by-mode [by-trace]`, `by-time = ["-" / "+"] 1*9DIGIT`. With `R` the time must be positive.
    pub(crate) fn parse(value: &str) -> Option<Self> {
        let (time, mode) = value.split_once(';')?;
        let (negative, digits) = match time.strip_prefix('-') {
            Some(digits) => (true, digits),
            None => (false, time.strip_prefix('+').unwrap_or(time)),
        };
        let seconds = i32::try_from(digits_up_to(9, digits)?).ok()?;
        let seconds = if negative { seconds.wrapping_neg() } else { seconds };
        let (mode, trace) = match mode.as_bytes() {
            [mode] => (mode, false),
            [mode, b'T' | b't'] => (mode, true),
            _ => return None,
        };
        let mode = match mode.to_ascii_uppercase() {
            b'R' if seconds > 0 => ByMode::Return,
            b'N' => ByMode::Notify,
            _ => return None,
        };
        Some(Self { seconds, mode, trace })
    }
}

/// Not before when to deliver (FUTURERELEASE, RFC 4865 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Hold<'a> {
    /// `HOLDFOR`: so many seconds from now, within the configured limit.
    For(u32),
    /// `HOLDUNTIL`: a date and time of RFC 3339, as written. Whether it is within the limit only a clock can say: the caller's.
    Until(&'a str),
}

/// `future-release-integer = 1*9DIGIT`.
pub(crate) fn hold_for(value: &str) -> Option<u32> {
    digits_up_to(9, value)
}

/// `Internet-style-date-time-UTC`: the `date-time` of RFC 3339 5.6, in UTC (RFC 4865 4).
pub(crate) fn hold_until(value: &str) -> Option<&str> {
    let (date_time, rest) = value.as_bytes().split_at_checked("2026-01-31T23:59:60".len())?;
    let shape = b"0000-00-00T00:00:00";
    let fits = |(octet, form): (&u8, &u8)| match form {
        b'0' => octet.is_ascii_digit(),
        b'T' => octet.eq_ignore_ascii_case(&b'T'),
        form => octet == form,
    };
    let number = |at: usize| digits_up_to(2, value.get(at..at.checked_add(2)?)?);
    let in_range = matches!(number(5)?, 1..=12)
        && matches!(number(8)?, 1..=31)
        && number(11)? <= 23
        && number(14)? <= 59
        && number(17)? <= 60;
    let fraction_ok = match rest {
        [b'Z' | b'z'] => true,
        [b'.', digits @ .., b'Z' | b'z'] => !digits.is_empty() && digits.iter().all(u8::is_ascii_digit),
        _ => false,
    };
    (date_time.iter().zip(shape).all(fits) && in_range && fraction_ok).then_some(value)
}

/// `priority-value = ["-"] %x31-39 / "0"` (MT-PRIORITY, RFC 6710 5): -9 to 9.
pub(crate) fn priority(value: &str) -> Option<i8> {
    match value.as_bytes() {
        [digit @ b'0'..=b'9'] => Some(digit.wrapping_sub(b'0').cast_signed()),
        [b'-', digit @ b'1'..=b'9'] => Some(b'0'.wrapping_sub(*digit).cast_signed()),
        _ => None,
    }
}

/// `Solicitation-keywords = word 0*("," word)` (NO-SOLICITING, RFC 3865 4); a word is letters, digits, `.`, `-`, `_` and `:`,
/// begins with a letter, and has at most 1,000 octets with all the others.
pub(crate) fn solicit(value: &str) -> Option<&str> {
    let is_word = |word: &str| {
        word.starts_with(|first: char| first.is_ascii_alphabetic())
            && word.bytes().all(|octet| octet.is_ascii_alphanumeric() || matches!(octet, b'.' | b'-' | b'_' | b':'))
    };
    (value.len() <= 1000 && value.split(',').all(is_word)).then_some(value)
}

/// A number of one digit at least, and of so many at most.
fn digits_up_to(most: usize, digits: &str) -> Option<u32> {
    if digits.is_empty() || digits.len() > most {
        return None;
    }
    digits.bytes().try_fold(0_u32, |number, octet| {
        octet.is_ascii_digit().then(|| number.wrapping_mul(10).wrapping_add(u32::from(octet.wrapping_sub(b'0'))))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deliver_by() {
        let by = |seconds, mode, trace| Some(DeliverBy { seconds, mode, trace });
        assert_eq!(DeliverBy::parse("120;R"), by(120, ByMode::Return, false));
        assert_eq!(DeliverBy::parse("-999999999;nt"), by(-999_999_999, ByMode::Notify, true));
        assert_eq!(DeliverBy::parse("+0;N"), by(0, ByMode::Notify, false));
        for bad in ["", "120", "120;", "0;R", "-1;R", "1234567890;N", "1;X", "1;RTT", ";R", "1;RX", "--1;N"] {
            assert_eq!(DeliverBy::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn holds() {
        assert_eq!(hold_for("999999999"), Some(999_999_999));
        for good in ["2026-11-23T18:00:00Z", "2026-02-28t00:00:60.25z"] {
            assert_eq!(hold_until(good), Some(good));
        }
        for bad in [
            "",
            "2026-11-23T18:00:00",
            "2026-13-23T18:00:00Z",
            "2026-11-23 18:00:00Z",
            "2026-11-23T18:00:00.Z",
            "2026-11-23T24:00:00Z",
        ] {
            assert_eq!(hold_until(bad), None, "{bad}");
        }
    }

    #[test]
    fn priorities_and_solicitations() {
        assert_eq!((priority("9"), priority("-9"), priority("0")), (Some(9), Some(-9), Some(0)));
        for bad in ["", "-0", "10", "+1", "-10", "x"] {
            assert_eq!(priority(bad), None, "{bad}");
        }
        assert!(solicit("net.example:ADV,org.example:ADV:ADLT").is_some());
        for bad in ["", "a,", ",a", "1a", "a b", "a=b"] {
            assert_eq!(solicit(bad), None, "{bad}");
        }
    }
}
