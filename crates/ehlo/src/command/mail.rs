//! MAIL and RCPT (RFC 5321 4.1.1.2, 4.1.1.3) with their parameters.

use nom::Parser;
use nom::bytes::complete::tag_no_case;

use super::mailbox::Mailbox;
use super::parameters::{Once, Parameters, Xtext, size};
use super::path::{ForwardPath, ReversePath, forward_path, reverse_path};
use super::{ArgumentError, text};
use crate::buffer::Span;
use crate::config::Extensions;

/// A MAIL command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub struct Mail<'a> {
    /// Where the message comes from.
    pub reverse_path: ReversePath<'a>,
    /// The size that the client declares, in octets (SIZE, RFC 1870). It is within the configured limit.
    pub size: Option<u64>,
    /// What the body holds (BODY, RFC 6152).
    pub body: Option<Body>,
    /// The transaction has internationalised addresses or headers (SMTPUTF8, RFC 6531).
    pub smtputf8: bool,
    /// Who submitted the message first, as the client says (AUTH, RFC 4954 5): an address in xtext, or `<>`.
    /// Believe it of trusted, authenticated clients only.
    pub auth: Option<Xtext<'a>>,
}

/// What a body holds (RFC 6152).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Body {
    /// `7BIT`.
    SevenBit,
    /// `8BITMIME`.
    EightBitMime,
}

/// A RCPT command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub struct Rcpt<'a> {
    /// Where the message goes.
    pub forward_path: ForwardPath<'a>,
}

/// What is in force when a command is read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct InForce {
    /// The extensions offered to this client; none if it said HELO.
    pub(crate) extensions: Extensions,
    /// AUTH is offered.
    pub(crate) auth: bool,
}

impl InForce {
    fn offers(self, extension: Extensions) -> Result<(), ArgumentError> {
        if self.extensions.contains(extension) { Ok(()) } else { Err(ArgumentError::UnknownParameter) }
    }
}

/// `mail = "MAIL FROM:" Reverse-path [SP Mail-parameters]`, from behind `MAIL `.
pub(crate) fn mail(arguments: &[u8], in_force: InForce) -> Result<Mail<'_>, ArgumentError> {
    const SIZE: u16 = 1;
    const BODY: u16 = 2;
    const SMTPUTF8: u16 = 4;
    const AUTH: u16 = 8;

    let utf8 = utf8_line(arguments, in_force.extensions.contains(Extensions::SMTPUTF8))?;
    let path = after_keyword(b"FROM:", arguments)?;
    let (rest, reverse_path) = reverse_path(path, utf8).map_err(|_| ArgumentError::Syntax)?;
    let mut mail = Mail { reverse_path, size: None, body: None, smtputf8: false, auth: None };
    let mut once = Once::default();
    for parameter in Parameters::new(rest, utf8) {
        let parameter = parameter?;
        if parameter.is(b"SIZE") {
            in_force.offers(Extensions::SIZE)?;
            once.mark(SIZE)?;
            mail.size = Some(parameter.value.and_then(size).ok_or(ArgumentError::Syntax)?);
        } else if parameter.is(b"BODY") {
            in_force.offers(Extensions::EIGHTBITMIME)?;
            once.mark(BODY)?;
            mail.body = Some(body(parameter.value.ok_or(ArgumentError::Syntax)?)?);
        } else if parameter.is(b"SMTPUTF8") {
            in_force.offers(Extensions::SMTPUTF8)?;
            once.mark(SMTPUTF8)?;
            if parameter.value.is_some() {
                return Err(ArgumentError::Syntax);
            }
            mail.smtputf8 = true;
        } else if parameter.is(b"AUTH") && in_force.auth {
            once.mark(AUTH)?;
            let value = parameter.value.map(text).and_then(Xtext::parse);
            mail.auth = Some(value.ok_or(ArgumentError::Syntax)?);
        } else {
            return Err(ArgumentError::UnknownParameter);
        }
    }
    if utf8 && !mail.smtputf8 { Err(ArgumentError::NotAscii) } else { Ok(mail) }
}

/// `rcpt = "RCPT TO:" ( "<Postmaster@" Domain ">" / "<Postmaster>" / Forward-path ) [SP Rcpt-parameters]`, from behind `RCPT `.
/// `smtputf8` says whether the transaction is internationalised.
pub(crate) fn rcpt(arguments: &[u8], smtputf8: bool) -> Result<Rcpt<'_>, ArgumentError> {
    let utf8 = utf8_line(arguments, smtputf8)?;
    let path = after_keyword(b"TO:", arguments)?;
    let (rest, forward_path) = forward_path(path, utf8).map_err(|_| ArgumentError::Syntax)?;
    match Parameters::new(rest, utf8).next() {
        None => Ok(Rcpt { forward_path }),
        Some(Ok(_)) => Err(ArgumentError::UnknownParameter),
        Some(Err(error)) => Err(error),
    }
}

/// Whether the line has octets over 127, which must then be valid UTF-8 in a place that allows it.
pub(crate) fn utf8_line(arguments: &[u8], allowed: bool) -> Result<bool, ArgumentError> {
    if arguments.is_ascii() {
        Ok(false)
    } else if allowed && core::str::from_utf8(arguments).is_ok() {
        Ok(true)
    } else {
        Err(ArgumentError::NotAscii)
    }
}

/// What follows `FROM:` or `TO:`. One space behind it is let pass: devices send it.
fn after_keyword<'l>(keyword: &'static [u8], arguments: &'l [u8]) -> Result<&'l [u8], ArgumentError> {
    let (rest, _) = tag_no_case::<_, _, ()>(keyword).parse(arguments).map_err(|_| ArgumentError::Syntax)?;
    Ok(rest.strip_prefix(b" ").unwrap_or(rest))
}

/// `body-value = "7BIT" / "8BITMIME"` (RFC 6152 2).
fn body(value: &[u8]) -> Result<Body, ArgumentError> {
    if value.eq_ignore_ascii_case(b"7BIT") {
        Ok(Body::SevenBit)
    } else if value.eq_ignore_ascii_case(b"8BITMIME") {
        Ok(Body::EightBitMime)
    } else {
        Err(ArgumentError::UnknownValue)
    }
}

/// A mailbox as its place in the line; `None` for the path that has none (`<>`, `<Postmaster>`).
type MailboxSpan = Option<(Span, u8)>;

fn park(line: &[u8], mailbox: &Mailbox<'_>) -> MailboxSpan {
    Some((Span::of(line, mailbox.as_str().as_bytes()), mailbox.local_len()))
}

fn rebuild(line: &[u8], span: MailboxSpan) -> Option<Mailbox<'_>> {
    span.map(|(span, local)| Mailbox::rebuilt(span.text(line), local))
}

/// A MAIL command as places in the line.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ParkedMail {
    path: MailboxSpan,
    size: Option<u64>,
    auth: Option<Span>,
    body: Option<Body>,
    smtputf8: bool,
}

impl ParkedMail {
    pub(crate) fn new(line: &[u8], mail: &Mail<'_>) -> Self {
        let path = match &mail.reverse_path {
            ReversePath::Null => None,
            ReversePath::Mailbox(mailbox) => park(line, mailbox),
        };
        let auth = mail.auth.map(|auth| Span::of(line, auth.encoded().as_bytes()));
        Self { path, size: mail.size, auth, body: mail.body, smtputf8: mail.smtputf8 }
    }

    pub(crate) const fn smtputf8(&self) -> bool {
        self.smtputf8
    }

    pub(crate) fn view<'l>(&self, line: &'l [u8]) -> Mail<'l> {
        Mail {
            reverse_path: rebuild(line, self.path).map_or(ReversePath::Null, ReversePath::Mailbox),
            size: self.size,
            body: self.body,
            smtputf8: self.smtputf8,
            auth: self.auth.and_then(|span| Xtext::parse(span.text(line))),
        }
    }
}

/// A RCPT command as places in the line.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ParkedRcpt {
    path: MailboxSpan,
}

impl ParkedRcpt {
    pub(crate) fn new(line: &[u8], rcpt: &Rcpt<'_>) -> Self {
        let path = match &rcpt.forward_path {
            ForwardPath::Postmaster => None,
            ForwardPath::Mailbox(mailbox) => park(line, mailbox),
        };
        Self { path }
    }

    pub(crate) fn view<'l>(&self, line: &'l [u8]) -> Rcpt<'l> {
        Rcpt { forward_path: rebuild(line, self.path).map_or(ForwardPath::Postmaster, ForwardPath::Mailbox) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: InForce = InForce { extensions: Extensions::ALL, auth: true };
    const NONE: InForce = InForce { extensions: Extensions::NONE, auth: false };

    #[test]
    fn every_parameter_is_read() {
        let line = b"from: <a@b> size=12 BODY=8bitmime SMTPUTF8 AUTH=c+2Bd";
        let mail = mail(line, ALL).unwrap();
        assert_eq!(mail.reverse_path.as_str(), "a@b");
        assert_eq!((mail.size, mail.body, mail.smtputf8), (Some(12), Some(Body::EightBitMime), true));
        assert!(mail.auth.unwrap().decoded().eq(*b"c+d"));
        assert_eq!(ParkedMail::new(line, &mail).view(line), mail);
    }

    #[test]
    fn each_mistake_has_its_error() {
        use ArgumentError::{NotAscii, Syntax, UnknownParameter, UnknownValue};
        let cases = [
            ("", Syntax),
            ("FROM", Syntax),
            ("FROM:", Syntax),
            ("<a@b>", Syntax),
            (" FROM:<a@b>", Syntax),
            ("FROM :<a@b>", Syntax),
            ("FROM:  <a@b>", Syntax),
            ("FROM:a@b", Syntax),
            ("FROM:<a@b>SIZE=1", Syntax),
            ("FROM:<a@b> SIZE", Syntax),
            ("FROM:<a@b> SIZE=", Syntax),
            ("FROM:<a@b> SIZE=1 SIZE=1", Syntax),
            ("FROM:<a@b> SMTPUTF8=1", Syntax),
            ("FROM:<a@b> BODY", Syntax),
            ("FROM:<a@b> AUTH", Syntax),
            ("FROM:<a@b> AUTH=a+0", Syntax),
            ("FROM:<a@b> FOO=BAR", UnknownParameter),
            ("FROM:<a@b> RET=FULL", UnknownParameter),
            ("FROM:<a@b> BODY=FOO", UnknownValue),
            ("FROM:<a@b> BODY=BINARYMIME", UnknownValue),
            ("FROM:<\u{fc}@b>", NotAscii),
        ];
        for (line, error) in cases {
            assert_eq!(mail(line.as_bytes(), ALL), Err(error), "{line}");
        }
        assert!(mail("FROM:<\u{fc}@b> SMTPUTF8".as_bytes(), ALL).is_ok());
        assert_eq!(mail(b"FROM:<\xfc@b> SMTPUTF8", ALL), Err(NotAscii));
        for parameter in ["SIZE=1", "BODY=7BIT", "SMTPUTF8", "AUTH=<>"] {
            let mut line = heapless::String::<64>::new();
            line.push_str("FROM:<a@b> ").unwrap();
            line.push_str(parameter).unwrap();
            assert_eq!(mail(line.as_bytes(), NONE), Err(UnknownParameter), "{line}");
        }
    }

    #[test]
    fn recipients() {
        let line = b"TO:<\"b ob\"@x.y>";
        let parsed = rcpt(line, false).unwrap();
        assert_eq!(parsed.forward_path.as_str(), "\"b ob\"@x.y");
        assert_eq!(ParkedRcpt::new(line, &parsed).view(line), parsed);
        assert_eq!(rcpt(b"TO:<a@b> NOTIFY=NEVER", false), Err(ArgumentError::UnknownParameter));
        assert_eq!(rcpt(b"TO:<a@b> =", false), Err(ArgumentError::Syntax));
        assert_eq!(rcpt("TO:<\u{fc}@b>".as_bytes(), false), Err(ArgumentError::NotAscii));
        assert!(rcpt("TO:<\u{fc}@b>".as_bytes(), true).is_ok());
    }
}
