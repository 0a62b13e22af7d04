//! Delivery status notifications (RFC 3461 4): RET and ENVID of MAIL, NOTIFY and ORCPT of RCPT.

use super::characters::{next_part, same_word, split_at_octet, word_in};
use super::parameters::Xtext;
use super::text;

/// The longest ENVID, in octets (RFC 3461 4.4).
const ENVID: usize = 100;
/// The longest ORCPT, in octets (RFC 3461 4.2).
const ORCPT: usize = 500;

/// How much of the message a report of its failure brings back (RFC 3461 4.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Ret {
    /// `FULL`: all of it.
    Full,
    /// `HDRS`: its header section.
    Headers,
}

/// Of what the sender wants to hear for a recipient (RFC 3461 4.1). All false: of nothing, `NEVER`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Notify {
    /// Of delivery.
    pub success: bool,
    /// Of failure.
    pub failure: bool,
    /// Of delay.
    pub delay: bool,
}

/// The recipient as the sender named it first (RFC 3461 4.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Orcpt<'a> {
    /// The type of the address, such as `rfc822` or `utf-8`.
    pub address_type: &'a str,
    /// The address.
    pub address: Xtext<'a>,
}

impl<'a> Orcpt<'a> {
    /// `original-recipient-address = addr-type ";" xtext`.
    pub(crate) fn parse(value: &'a [u8]) -> Option<Self> {
        let (address_type, address) = split_at_octet(value, b';')?;
        let is_atom = |octet: &u8| *octet == b'-' || octet.is_ascii_alphanumeric();
        if value.len() > ORCPT || address_type.is_empty() || !address_type.iter().all(is_atom) {
            return None;
        }
        // Under SMTPUTF8 the address may be written in UTF-8 (RFC 6533 3); it then is what it says, octet by octet.
        Some(Self { address_type: text(address_type), address: printable(address)? })
    }
}

/// `ret-value = "FULL" / "HDRS"`.
pub(crate) fn ret(value: &[u8]) -> Option<Ret> {
    match word_in(value, b"FULL HDRS")? {
        0 => Some(Ret::Full),
        _ => Some(Ret::Headers),
    }
}

/// `envid-parameter = "ENVID=" xtext`, of printable characters.
pub(crate) fn envid(value: &[u8]) -> Option<Xtext<'_>> {
    if value.len() > ENVID { None } else { printable(value) }
}

/// `notify-esmtp-value = "NEVER" / 1#notify-list-element`.
pub(crate) fn notify(value: &[u8]) -> Option<Notify> {
    let mut notify = Notify::default();
    if same_word(value, b"NEVER") {
        return Some(notify);
    }
    let mut elements = Some(value);
    while let Some(element) = next_part(&mut elements, b',') {
        match word_in(element, b"SUCCESS FAILURE DELAY")? {
            0 => notify.success = true,
            1 => notify.failure = true,
            _ => notify.delay = true,
        }
    }
    Some(notify)
}

/// Xtext, not empty, that means nothing but what can be printed: a control character in it could get into a report (`+00`, `+0D+0A`).
fn printable(value: &[u8]) -> Option<Xtext<'_>> {
    let xtext = Xtext::read(value)?;
    let clean = !value.is_empty() && xtext.decoded().all(|octet| (b' '..=b'~').contains(&octet) || octet > 127);
    clean.then_some(xtext)
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;

    #[test]
    fn values() {
        assert_eq!(ret(b"hdrs"), Some(Ret::Headers));
        assert_eq!(ret(b"X"), None);
        assert!(envid(b"QQ+2B314159").is_some());
        for bad in ["", "a+0", "a+00b", "a+0D+0A", "a=b", &"a".repeat(101)] {
            assert_eq!(envid(bad.as_bytes()), None, "{bad}");
        }
        assert_eq!(notify(b"never"), Some(Notify::default()));
        assert_eq!(notify(b"SUCCESS,delay"), Some(Notify { success: true, failure: false, delay: true }));
        for bad in ["", "NEVER,SUCCESS", "SUCCESS,", "SUCCESS,NEVER", "FOO"] {
            assert_eq!(notify(bad.as_bytes()), None, "{bad}");
        }
        let orcpt = Orcpt::parse(b"rfc822;bob+2Bx@example.net").unwrap();
        assert_eq!(orcpt.address_type, "rfc822");
        assert!(orcpt.address.decoded().eq(*b"bob+x@example.net"));
        for bad in ["", "rfc822", ";a", "rfc822;", "rf c;a", "rfc822;a+0"] {
            assert_eq!(Orcpt::parse(bad.as_bytes()), None, "{bad}");
        }
    }
}
