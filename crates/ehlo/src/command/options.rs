//! What a client asks for a message beyond its delivery: by when, with what priority, not before when, how guarded.

use super::characters::split_at_octet;
use super::text;

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
    pub(crate) fn parse(value: &[u8]) -> Option<Self> {
        let (time, mode) = split_at_octet(value, b';')?;
        let (negative, digits) = match time {
            [b'-', digits @ ..] => (true, digits),
            [b'+', digits @ ..] => (false, digits),
            digits => (false, digits),
        };
        let seconds = i32::try_from(digits_up_to(9, digits)?).ok()?;
        let seconds = if negative { seconds.wrapping_neg() } else { seconds };
        let (mode, trace) = match mode {
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
pub(crate) fn hold_for(value: &[u8]) -> Option<u32> {
    digits_up_to(9, value)
}

/// `Internet-style-date-time-UTC`: the `date-time` of RFC 3339 5.6, in UTC (RFC 4865 4).
pub(crate) fn hold_until(value: &[u8]) -> Option<&str> {
    let (date_time, rest) = value.split_at_checked("2026-01-31T23:59:60".len())?;
    let shape = b"0000-00-00T00:00:00";
    let fits = |(octet, form): (&u8, &u8)| match form {
        b'0' => octet.is_ascii_digit(),
        b'T' => octet.eq_ignore_ascii_case(&b'T'),
        form => octet == form,
    };
    let [.., m1, m2, _, d1, d2, _, h1, h2, _, n1, n2, _, s1, s2] = date_time else { return None };
    let number = |tens: &u8, ones: &u8| digits_up_to(2, &[*tens, *ones]);
    let in_range = matches!(number(m1, m2)?, 1..=12)
        && matches!(number(d1, d2)?, 1..=31)
        && number(h1, h2)? <= 23
        && number(n1, n2)? <= 59
        && number(s1, s2)? <= 60;
    let fraction_ok = match rest {
        [b'Z' | b'z'] => true,
        [b'.', digits @ .., b'Z' | b'z'] => !digits.is_empty() && digits.iter().all(u8::is_ascii_digit),
        _ => false,
    };
    (date_time.iter().zip(shape).all(fits) && in_range && fraction_ok).then(|| text(value))
}

/// `priority-value = ["-"] %x31-39 / "0"` (MT-PRIORITY, RFC 6710 5): -9 to 9.
pub(crate) fn priority(value: &[u8]) -> Option<i8> {
    match value {
        [digit @ b'0'..=b'9'] => Some(digit.wrapping_sub(b'0').cast_signed()),
        [b'-', digit @ b'1'..=b'9'] => Some(b'0'.wrapping_sub(*digit).cast_signed()),
        _ => None,
    }
}

/// `Solicitation-keywords = word 0*("," word)` (NO-SOLICITING, RFC 3865 4); a word is letters, digits, `.`, `-`, `_` and `:`,
/// begins with a letter, and has at most 1,000 octets with all the others.
pub(crate) fn solicit(value: &[u8]) -> Option<&str> {
    let is_word = |word: &[u8]| {
        word.first().is_some_and(u8::is_ascii_alphabetic)
            && word.iter().all(|octet| octet.is_ascii_alphanumeric() || matches!(octet, b'.' | b'-' | b'_' | b':'))
    };
    (value.len() <= 1000 && value.split(|octet| *octet == b',').all(is_word)).then(|| text(value))
}

/// A number of one digit at least, and of so many at most.
fn digits_up_to(most: usize, digits: &[u8]) -> Option<u32> {
    if digits.is_empty() || digits.len() > most {
        return None;
    }
    digits.iter().try_fold(0_u32, |number, octet| {
        octet.is_ascii_digit().then(|| number.wrapping_mul(10).wrapping_add(u32::from(octet.wrapping_sub(b'0'))))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deliver_by() {
        let by = |seconds, mode, trace| Some(DeliverBy { seconds, mode, trace });
        assert_eq!(DeliverBy::parse(b"120;R"), by(120, ByMode::Return, false));
        assert_eq!(DeliverBy::parse(b"-999999999;nt"), by(-999_999_999, ByMode::Notify, true));
        assert_eq!(DeliverBy::parse(b"+0;N"), by(0, ByMode::Notify, false));
        for bad in ["", "120", "120;", "0;R", "-1;R", "1234567890;N", "1;X", "1;RTT", ";R", "1;RX", "--1;N"] {
            assert_eq!(DeliverBy::parse(bad.as_bytes()), None, "{bad}");
        }
    }

    #[test]
    fn holds() {
        assert_eq!(hold_for(b"999999999"), Some(999_999_999));
        for good in ["2026-11-23T18:00:00Z", "2026-02-28t00:00:60.25z"] {
            assert_eq!(hold_until(good.as_bytes()), Some(good));
        }
        for bad in [
            "",
            "2026-11-23T18:00:00",
            "2026-13-23T18:00:00Z",
            "2026-11-23 18:00:00Z",
            "2026-11-23T18:00:00.Z",
            "2026-11-23T24:00:00Z",
        ] {
            assert_eq!(hold_until(bad.as_bytes()), None, "{bad}");
        }
    }

    #[test]
    fn priorities_and_solicitations() {
        assert_eq!((priority(b"9"), priority(b"-9"), priority(b"0")), (Some(9), Some(-9), Some(0)));
        for bad in ["", "-0", "10", "+1", "-10", "x"] {
            assert_eq!(priority(bad.as_bytes()), None, "{bad}");
        }
        assert!(solicit(b"net.example:ADV,org.example:ADV:ADLT").is_some());
        for bad in ["", "a,", ",a", "1a", "a b", "a=b"] {
            assert_eq!(solicit(bad.as_bytes()), None, "{bad}");
        }
    }
}
