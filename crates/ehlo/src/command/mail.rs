//! MAIL and RCPT (RFC 5321 4.1.1.2, 4.1.1.3) with their parameters.

use super::ArgumentError;
use super::characters::{Words, strip_octet, words};
use super::declared::Declared;
#[cfg(feature = "extensions")]
use super::dsn::{self, Notify, Orcpt, Ret};
#[cfg(feature = "extensions")]
use super::options::{self, ByMode, DeliverBy, Hold};
use super::parameters::{Once, Parameters, Xtext, size};
use super::path::{ForwardPath, RawPath, ReversePath, forward_path, reverse_path};
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
    /// How much a report of failure brings back (RET, RFC 3461 4.3).
    #[cfg(feature = "extensions")]
    pub ret: Option<Ret>,
    /// The sender's name for the message, for reports (ENVID, RFC 3461 4.4).
    #[cfg(feature = "extensions")]
    pub envid: Option<Xtext<'a>>,
    /// By when it is to be delivered (BY, RFC 2852).
    #[cfg(feature = "extensions")]
    pub deliver_by: Option<DeliverBy>,
    /// It may go on only over TLS with a verified peer (REQUIRETLS, RFC 8689).
    #[cfg(feature = "extensions")]
    pub require_tls: bool,
    /// Its priority, -9 to 9 (MT-PRIORITY, RFC 6710).
    #[cfg(feature = "extensions")]
    pub priority: Option<i8>,
    /// Not before when it is to be delivered (HOLDFOR, HOLDUNTIL, RFC 4865).
    #[cfg(feature = "extensions")]
    pub hold: Option<Hold<'a>>,
    /// What it solicits, as keywords parted by commas (SOLICIT, RFC 3865).
    #[cfg(feature = "extensions")]
    pub solicit: Option<&'a str>,
}

impl<'a> Mail<'a> {
    pub(crate) const fn new(reverse_path: ReversePath<'a>) -> Self {
        Self {
            reverse_path,
            size: None,
            body: None,
            smtputf8: false,
            auth: None,
            #[cfg(feature = "extensions")]
            ret: None,
            #[cfg(feature = "extensions")]
            envid: None,
            #[cfg(feature = "extensions")]
            deliver_by: None,
            #[cfg(feature = "extensions")]
            require_tls: false,
            #[cfg(feature = "extensions")]
            priority: None,
            #[cfg(feature = "extensions")]
            hold: None,
            #[cfg(feature = "extensions")]
            solicit: None,
        }
    }
}

/// What a body holds (RFC 6152, RFC 3030).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Body {
    /// `7BIT`.
    SevenBit,
    /// `8BITMIME`.
    EightBitMime,
    #[cfg(feature = "chunking")]
    /// `BINARYMIME`: any octets, by BDAT only.
    BinaryMime,
}

/// A RCPT command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub struct Rcpt<'a> {
    /// Where the message goes.
    pub forward_path: ForwardPath<'a>,
    /// Of what the sender wants to hear (NOTIFY, RFC 3461 4.1).
    #[cfg(feature = "extensions")]
    pub notify: Option<Notify>,
    /// The recipient as the sender named it first (ORCPT, RFC 3461 4.2).
    #[cfg(feature = "extensions")]
    pub orcpt: Option<Orcpt<'a>>,
}

impl<'a> Rcpt<'a> {
    pub(crate) const fn new(forward_path: ForwardPath<'a>) -> Self {
        Self {
            forward_path,
            #[cfg(feature = "extensions")]
            notify: None,
            #[cfg(feature = "extensions")]
            orcpt: None,
        }
    }
}

/// What is in force when a command is read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct InForce {
    /// The extensions offered to this client; none if it said HELO.
    pub(crate) extensions: Extensions,
    /// AUTH is offered.
    pub(crate) auth: bool,
    /// The longest HOLDFOR, in seconds.
    #[cfg(feature = "extensions")]
    pub(crate) longest_hold: u32,
    /// The shortest BY with mode `R`, in seconds.
    #[cfg(feature = "extensions")]
    pub(crate) shortest_by: u32,
}

impl InForce {
    /// Everything, with no limits: for parameters that were checked before.
    #[cfg(any(feature = "extensions", test))]
    pub(crate) const ALL: Self = Self {
        extensions: Extensions::ALL,
        auth: true,
        #[cfg(feature = "extensions")]
        longest_hold: u32::MAX,
        #[cfg(feature = "extensions")]
        shortest_by: 0,
    };

    /// No extension at all.
    pub(crate) const NOTHING: Self = Self {
        extensions: Extensions::NONE,
        auth: false,
        #[cfg(feature = "extensions")]
        longest_hold: 0,
        #[cfg(feature = "extensions")]
        shortest_by: 0,
    };
}

/// A command as the grammar finds it: its path, what its parameters declare, and the parameters as they stand.
pub(crate) struct Raw<'l, T> {
    pub(crate) path: RawPath<'l>,
    /// Of RCPT nothing is left but its path and its parameters.
    pub(crate) declared: T,
    #[cfg_attr(not(feature = "extensions"), expect(dead_code, reason = "parameters are not read again"))]
    pub(crate) parameters: &'l [u8],
    /// There are others among them than those that nearly every client sends.
    #[cfg_attr(not(feature = "extensions"), expect(dead_code, reason = "parameters are not read again"))]
    pub(crate) rare: bool,
}

/// `mail = "MAIL FROM:" Reverse-path [SP Mail-parameters]`, from behind `MAIL `.
/// `utf8` says whether there are octets over 127, which are valid UTF-8 then.
pub(crate) fn mail(arguments: &[u8], utf8: bool, in_force: InForce) -> Result<Raw<'_, Declared<'_>>, ArgumentError> {
    let [b'F' | b'f', b'R' | b'r', b'O' | b'o', b'M' | b'm', b':', path @ ..] = arguments else {
        return Err(ArgumentError::Syntax);
    };
    let (path, parameters) = reverse_path(without_space(path), utf8).ok_or(ArgumentError::Syntax)?;
    let (declared, rare) = declared(parameters, utf8, in_force)?;
    if utf8 && !declared.smtputf8 { Err(ArgumentError::NotAscii) } else { Ok(Raw { path, declared, parameters, rare }) }
}

/// What parameters declare, and whether there are others among them.
#[cfg_attr(target_pointer_width = "64", cold, inline(never))]
fn declared(parameters: &[u8], utf8: bool, in_force: InForce) -> Result<(Declared<'_>, bool), ArgumentError> {
    let mut mail = Mail::new(ReversePath::Null);
    let rare = mail_parameters(&mut mail, parameters, utf8, in_force)?;
    Ok((Declared::of(&mail), rare))
}

/// Reads parameters into a command; whether there are others among them than SIZE, BODY and SMTPUTF8.
pub(crate) fn mail_parameters<'l>(
    mail: &mut Mail<'l>,
    parameters: &'l [u8],
    utf8: bool,
    in_force: InForce,
) -> Result<bool, ArgumentError> {
    let mut no_rcpt = Rcpt::new(ForwardPath::Postmaster);
    let once = read(mail, &mut no_rcpt, &MAIL, Parameters::new(parameters, utf8), in_force)?;
    Ok(once.has_others(0b111))
}

/// Reads parameters into a command.
pub(crate) fn rcpt_parameters<'l>(
    rcpt: &mut Rcpt<'l>,
    parameters: &'l [u8],
    utf8: bool,
    in_force: InForce,
) -> Result<(), ArgumentError> {
    let mut no_mail = Mail::new(ReversePath::Null);
    read(&mut no_mail, rcpt, &RCPT, Parameters::new(parameters, utf8), in_force).map(|_| ())
}

/// The parameters of a command: their names, what they are, and which extensions bring them. For AUTH that is told otherwise.
struct Known {
    names: Words,
    rows: &'static [(Kind, Extensions)],
}

/// Those of MAIL.
static MAIL: Known = Known {
    #[cfg(not(feature = "extensions"))]
    names: words!(4, "SIZE BODY SMTPUTF8 AUTH"),
    #[cfg(feature = "extensions")]
    names: words!(12, "SIZE BODY SMTPUTF8 AUTH RET ENVID BY REQUIRETLS MT-PRIORITY HOLDFOR HOLDUNTIL SOLICIT"),
    rows: &[
        (Kind::Size, Extensions::SIZE),
        (Kind::Body, Extensions::EIGHTBITMIME),
        (Kind::SmtpUtf8, Extensions::SMTPUTF8),
        (Kind::Auth, Extensions::NONE),
        #[cfg(feature = "extensions")]
        (Kind::Ret, Extensions::DSN),
        #[cfg(feature = "extensions")]
        (Kind::Envid, Extensions::DSN),
        #[cfg(feature = "extensions")]
        (Kind::By, Extensions::DELIVERBY),
        #[cfg(feature = "extensions")]
        (Kind::RequireTls, Extensions::REQUIRETLS),
        #[cfg(feature = "extensions")]
        (Kind::Priority, Extensions::MT_PRIORITY),
        #[cfg(feature = "extensions")]
        (Kind::HoldFor, Extensions::FUTURERELEASE),
        #[cfg(feature = "extensions")]
        (Kind::HoldUntil, Extensions::FUTURERELEASE),
        #[cfg(feature = "extensions")]
        (Kind::Solicit, Extensions::NO_SOLICITING),
    ],
};

/// Those of RCPT.
static RCPT: Known = Known {
    #[cfg(not(feature = "extensions"))]
    names: words!(0, ""),
    #[cfg(feature = "extensions")]
    names: words!(2, "NOTIFY ORCPT"),
    rows: &[
        #[cfg(feature = "extensions")]
        (Kind::Notify, Extensions::DSN),
        #[cfg(feature = "extensions")]
        (Kind::Orcpt, Extensions::DSN),
    ],
};

/// What extensions add to the longest line of MAIL, in octets: RFC 1870 3, RFC 6152 2, RFC 6531 3.1, RFC 3461 4, RFC 2852 2, RFC 8689 2,
/// RFC 6710 4, RFC 4865 3, RFC 3865 2.
pub(crate) static LENGTHS: &[(Extensions, u16)] = &[
    (Extensions::SIZE, 26),
    (Extensions::EIGHTBITMIME, 17),
    (Extensions::SMTPUTF8, 10),
    #[cfg(feature = "extensions")]
    (Extensions::DSN, 100),
    #[cfg(feature = "extensions")]
    (Extensions::DELIVERBY, 17),
    #[cfg(feature = "extensions")]
    (Extensions::REQUIRETLS, 11),
    #[cfg(feature = "extensions")]
    (Extensions::MT_PRIORITY, 15),
    #[cfg(feature = "extensions")]
    (Extensions::FUTURERELEASE, 34),
    #[cfg(feature = "extensions")]
    (Extensions::NO_SOLICITING, 1000),
];

/// A parameter.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Size,
    Body,
    SmtpUtf8,
    Auth,
    #[cfg(feature = "extensions")]
    Ret,
    #[cfg(feature = "extensions")]
    Envid,
    #[cfg(feature = "extensions")]
    Notify,
    #[cfg(feature = "extensions")]
    Orcpt,
    #[cfg(feature = "extensions")]
    By,
    #[cfg(feature = "extensions")]
    RequireTls,
    #[cfg(feature = "extensions")]
    Priority,
    #[cfg(feature = "extensions")]
    HoldFor,
    #[cfg(feature = "extensions")]
    HoldUntil,
    #[cfg(feature = "extensions")]
    Solicit,
}

/// Reads parameters into the command that they belong to: one routine for both, and the other command stays as it is. Says which there were.
#[inline(never)]
fn read<'l>(
    mail: &mut Mail<'l>,
    rcpt: &mut Rcpt<'l>,
    known: &Known,
    parameters: Parameters<'l>,
    in_force: InForce,
) -> Result<Once, ArgumentError> {
    let mut once = Once::default();
    for parameter in parameters {
        let parameter = parameter?;
        let place = known.names.find(parameter.keyword).ok_or(ArgumentError::UnknownParameter)?;
        let (kind, extension) = *known.rows.get(place).ok_or(ArgumentError::UnknownParameter)?;
        let offered = in_force.extensions.contains(extension);
        // RFC 3030 3 brings BODY too.
        #[cfg(feature = "chunking")]
        let offered = offered || (kind == Kind::Body && in_force.extensions.contains(Extensions::BINARYMIME));
        if !offered || (kind == Kind::Auth && !in_force.auth) {
            return Err(ArgumentError::UnknownParameter);
        }
        once.mark(1_u16.wrapping_shl(place as u32))?;
        read_one(mail, rcpt, kind, parameter.value, in_force)?;
    }
    Ok(once)
}

/// Reads the value of one parameter into the command that it belongs to.
#[cfg_attr(not(feature = "extensions"), expect(unused_variables, reason = "RCPT has parameters with DSN only"))]
fn read_one<'l>(
    mail: &mut Mail<'l>,
    rcpt: &mut Rcpt<'l>,
    kind: Kind,
    value: Option<&'l [u8]>,
    in_force: InForce,
) -> Result<(), ArgumentError> {
    let is_flag = kind == Kind::SmtpUtf8;
    #[cfg(feature = "extensions")]
    let is_flag = is_flag || kind == Kind::RequireTls;
    if is_flag == value.is_some() {
        return Err(ArgumentError::Syntax);
    }
    let value = value.unwrap_or_default();
    let understood = match kind {
        Kind::Size => found(&mut mail.size, size(value)),
        Kind::Body => found(&mut mail.body, Some(body(value, in_force)?)),
        Kind::SmtpUtf8 => {
            mail.smtputf8 = true;
            true
        }
        Kind::Auth => found(&mut mail.auth, Xtext::read(value)),
        #[cfg(feature = "extensions")]
        Kind::Ret => found(&mut mail.ret, dsn::ret(value)),
        #[cfg(feature = "extensions")]
        Kind::Envid => found(&mut mail.envid, dsn::envid(value)),
        #[cfg(feature = "extensions")]
        Kind::Notify => found(&mut rcpt.notify, dsn::notify(value)),
        #[cfg(feature = "extensions")]
        Kind::Orcpt => found(&mut rcpt.orcpt, Orcpt::parse(value)),
        #[cfg(feature = "extensions")]
        Kind::By => {
            let by = DeliverBy::parse(value).ok_or(ArgumentError::Syntax)?;
            // RFC 2852 4.1: a time that cannot be kept is refused.
            if by.mode == ByMode::Return && by.seconds.unsigned_abs() < in_force.shortest_by {
                return Err(ArgumentError::UnknownValue);
            }
            found(&mut mail.deliver_by, Some(by))
        }
        #[cfg(feature = "extensions")]
        Kind::RequireTls => {
            mail.require_tls = true;
            true
        }
        #[cfg(feature = "extensions")]
        Kind::Priority => found(&mut mail.priority, options::priority(value)),
        // A message is held for a time or until one (RFC 4865 4).
        #[cfg(feature = "extensions")]
        Kind::HoldFor | Kind::HoldUntil if mail.hold.is_some() => false,
        #[cfg(feature = "extensions")]
        Kind::HoldFor => {
            let seconds = options::hold_for(value).filter(|seconds| *seconds <= in_force.longest_hold);
            found(&mut mail.hold, seconds.map(Hold::For))
        }
        #[cfg(feature = "extensions")]
        Kind::HoldUntil => found(&mut mail.hold, options::hold_until(value).map(Hold::Until)),
        #[cfg(feature = "extensions")]
        Kind::Solicit => found(&mut mail.solicit, options::solicit(value)),
    };
    if understood { Ok(()) } else { Err(ArgumentError::Syntax) }
}

/// Puts what a value means in its place; false where it means nothing.
fn found<T>(place: &mut Option<T>, meaning: Option<T>) -> bool {
    *place = meaning;
    place.is_some()
}

/// `rcpt = "RCPT TO:" ( "<Postmaster@" Domain ">" / "<Postmaster>" / Forward-path ) [SP Rcpt-parameters]`, from behind `RCPT `.
/// `utf8` as above.
#[cfg_attr(target_pointer_width = "64", inline)]
pub(crate) fn rcpt(
    arguments: &[u8],
    utf8: bool,
    in_force: impl FnOnce() -> InForce,
) -> Result<Raw<'_, ()>, ArgumentError> {
    let [b'T' | b't', b'O' | b'o', b':', path @ ..] = arguments else { return Err(ArgumentError::Syntax) };
    let (path, parameters) = forward_path(without_space(path), utf8).ok_or(ArgumentError::Syntax)?;
    if !parameters.is_empty() {
        rcpt_parameters(&mut Rcpt::new(ForwardPath::Postmaster), parameters, utf8, in_force())?;
    }
    Ok(Raw { path, declared: (), parameters, rare: false })
}

/// What follows a keyword without one space, which is let pass: devices send it.
fn without_space(rest: &[u8]) -> &[u8] {
    strip_octet(rest, b' ').unwrap_or(rest)
}

/// `body-value = "7BIT" / "8BITMIME"` (RFC 6152 2) `/ "BINARYMIME"` (RFC 3030 3).
fn body(value: &[u8], in_force: InForce) -> Result<Body, ArgumentError> {
    static BODIES: Words = words!(3, "7BIT 8BITMIME BINARYMIME");
    let (body, extension) = match BODIES.find(value) {
        Some(0) => (Body::SevenBit, Extensions::NONE),
        Some(1) => (Body::EightBitMime, Extensions::EIGHTBITMIME),
        #[cfg(feature = "chunking")]
        Some(2) => (Body::BinaryMime, Extensions::BINARYMIME),
        _ => return Err(ArgumentError::UnknownValue),
    };
    if in_force.extensions.contains(extension) { Ok(body) } else { Err(ArgumentError::UnknownValue) }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::super::is_utf8;
    use super::super::parked::ParkedMail;
    #[cfg(feature = "extensions")]
    use super::super::parked::ParkedRcpt;
    use super::*;

    /// As the caller sees it.
    fn mail(line: &[u8], in_force: InForce) -> Result<Mail<'_>, ArgumentError> {
        let utf8 = is_utf8(line, in_force.extensions.contains(Extensions::SMTPUTF8))?;
        let parked = ParkedMail::new(line, &super::mail(line, utf8, in_force)?);
        #[cfg(feature = "extensions")]
        if parked.has_parameters() {
            return Ok(parked.read_again(line));
        }
        Ok(parked.view(line))
    }

    #[cfg(feature = "extensions")]
    fn rcpt(line: &[u8], smtputf8: bool, in_force: InForce) -> Result<Rcpt<'_>, ArgumentError> {
        let parked = ParkedRcpt::new(line, &super::rcpt(line, is_utf8(line, smtputf8)?, || in_force)?);
        Ok(if parked.has_parameters() { parked.read_again(line) } else { parked.view(line) })
    }

    const ALL: InForce = InForce {
        #[cfg(feature = "extensions")]
        longest_hold: 100,
        #[cfg(feature = "extensions")]
        shortest_by: 60,
        ..InForce::ALL
    };

    #[test]
    #[cfg(feature = "extensions")]
    fn every_parameter_is_read() {
        let line = b"from: <a@b> size=12 BODY=8bitmime SMTPUTF8 AUTH=c+2Bd ret=FULL envid=e by=60;RT RequireTLS mt-priority=-3 \
            holdfor=100 solicit=org.example:ADV";
        let mail = mail(line, ALL).unwrap();
        assert_eq!(mail.reverse_path.as_str(), "a@b");
        assert_eq!((mail.size, mail.body, mail.smtputf8), (Some(12), Some(Body::EightBitMime), true));
        assert!(mail.auth.unwrap().decoded().eq(*b"c+d"));
        assert_eq!((mail.ret, mail.priority, mail.hold), (Some(Ret::Full), Some(-3), Some(Hold::For(100))));
        assert_eq!(mail.deliver_by, Some(DeliverBy { seconds: 60, mode: ByMode::Return, trace: true }));
        assert!(mail.require_tls && mail.envid.is_some() && mail.solicit.is_some());
    }

    #[test]
    fn what_nearly_every_client_sends_is_seen_too() {
        for (line, size, body) in [
            ("FROM:<a@b>", None, None),
            ("FROM:<a@b> SIZE=0", Some(0), None),
            ("FROM:<a@b> SIZE=4294967295 BODY=7BIT", Some(u32::MAX.into()), Some(Body::SevenBit)),
            ("FROM:<a@b> BODY=8BITMIME SIZE=4294967296", Some(1 << 32), Some(Body::EightBitMime)),
        ] {
            let mail = mail(line.as_bytes(), ALL).unwrap();
            assert_eq!((mail.reverse_path.as_str(), mail.size, mail.body), ("a@b", size, body), "{line}");
        }
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
            ("FROM:<a@b> NOTIFY=NEVER", UnknownParameter),
            ("FROM:<a@b> BODY=FOO", UnknownValue),
            ("FROM:<\u{fc}@b>", NotAscii),
        ];
        #[cfg(feature = "extensions")]
        let cases = cases.into_iter().chain([
            ("FROM:<a@b> RET=X", Syntax),
            ("FROM:<a@b> ENVID=a+0", Syntax),
            ("FROM:<a@b> BY=0;R", Syntax),
            ("FROM:<a@b> BY=59;R", UnknownValue),
            ("FROM:<a@b> REQUIRETLS=1", Syntax),
            ("FROM:<a@b> MT-PRIORITY=10", Syntax),
            ("FROM:<a@b> HOLDFOR=101", Syntax),
            ("FROM:<a@b> HOLDFOR=1 HOLDUNTIL=2026-11-23T18:00:00Z", Syntax),
            ("FROM:<a@b> SOLICIT", Syntax),
        ]);
        for (line, error) in cases {
            assert_eq!(mail(line.as_bytes(), ALL), Err(error), "{line}");
        }
        assert!(mail("FROM:<\u{fc}@b> SMTPUTF8".as_bytes(), ALL).is_ok());
        assert_eq!(mail(b"FROM:<\xfc@b> SMTPUTF8", ALL), Err(NotAscii));
        let parameters = [
            "SIZE=1",
            "BODY=7BIT",
            "SMTPUTF8",
            "AUTH=<>",
            "RET=FULL",
            "ENVID=a",
            "BY=1;N",
            "REQUIRETLS",
            "MT-PRIORITY=1",
            "HOLDFOR=1",
            "HOLDUNTIL=2026-11-23T18:00:00Z",
            "SOLICIT=a",
        ];
        for parameter in parameters {
            let mut line = std::string::String::new();
            line.push_str("FROM:<a@b> ");
            line.push_str(parameter);
            assert_eq!(mail(line.as_bytes(), InForce::NOTHING), Err(UnknownParameter), "{line}");
        }
    }

    #[test]
    #[cfg(feature = "extensions")]
    fn recipients() {
        let line = b"TO:<\"b ob\"@x.y> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;b@x";
        let parsed = rcpt(line, false, ALL).unwrap();
        assert_eq!(parsed.forward_path.as_str(), "\"b ob\"@x.y");
        assert_eq!(parsed.notify, Some(Notify { success: true, failure: false, delay: true }));
        assert_eq!(parsed.orcpt.unwrap().address.encoded(), "b@x");
        for bad in ["NOTIFY=NEVER,SUCCESS", "NOTIFY", "ORCPT=a", "NOTIFY=NEVER NOTIFY=NEVER", "="] {
            let mut line = std::string::String::new();
            line.push_str("TO:<a@b> ");
            line.push_str(bad);
            assert_eq!(rcpt(line.as_bytes(), false, ALL), Err(ArgumentError::Syntax), "{bad}");
        }
        assert_eq!(rcpt(b"TO:<a@b> NOTIFY=NEVER", false, InForce::NOTHING), Err(ArgumentError::UnknownParameter));
        assert_eq!(rcpt(b"TO:<a@b> SIZE=1", false, ALL), Err(ArgumentError::UnknownParameter));
        assert_eq!(rcpt("TO:<\u{fc}@b>".as_bytes(), false, ALL), Err(ArgumentError::NotAscii));
        assert!(rcpt("TO:<\u{fc}@b>".as_bytes(), true, ALL).is_ok());
    }
}
