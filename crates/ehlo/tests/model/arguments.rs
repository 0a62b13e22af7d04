//! What the arguments of a command mean, or what is wrong with them. Of the texts that the script has, so that no grammar is needed.

use ehlo::Extensions;

use crate::script::{GOOD_RECIPIENTS, GOOD_SENDERS, Parameter};

/// What is wrong with arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wrong {
    /// 501.
    Syntax,
    /// 555: a parameter that is not offered.
    Unknown,
    /// 504: a value that is not offered.
    Value,
    /// 500: octets over 127.
    NotAscii,
}

/// What a client may use.
#[derive(Debug, Clone, Copy)]
pub struct InForce {
    pub extensions: Extensions,
    pub auth: bool,
    pub shortest_by: u32,
    pub longest_hold: u32,
}

impl InForce {
    pub fn has(&self, extension: Extensions) -> bool {
        self.extensions.contains(extension)
    }
}

/// A MAIL command: its address, and its parameters under their names in the order of these.
#[derive(Debug, Clone, Default)]
pub struct Mail {
    pub shown: String,
    pub utf8: bool,
    pub binary: bool,
    pub size: Option<u64>,
}

pub fn mail(path: &str, parameters: &[Parameter], in_force: InForce) -> Result<Mail, Wrong> {
    let foreign = !path.is_ascii();
    if foreign && !in_force.has(Extensions::SMTPUTF8) {
        return Err(Wrong::NotAscii);
    }
    let address = address(path, GOOD_SENDERS)?;
    let given = given(parameters, in_force, mail_parameter)?;
    let has = |one: &str| given.iter().any(|given| given == one);
    let size = given.iter().find_map(|one| one.strip_prefix("SIZE="));
    let mail = Mail {
        shown: format!("mail <{address}> {}", given.join(" ")).trim_end().into(),
        utf8: has("SMTPUTF8"),
        binary: has("BODY=BINARYMIME"),
        size: size.and_then(|size| size.parse().ok()),
    };
    // RFC 6531 3.4: such an address without the parameter is an error.
    if foreign && !mail.utf8 { Err(Wrong::NotAscii) } else { Ok(mail) }
}

/// `utf8`: the transaction is internationalised.
pub fn rcpt(path: &str, parameters: &[Parameter], utf8: bool, in_force: InForce) -> Result<String, Wrong> {
    if !path.is_ascii() && !utf8 {
        return Err(Wrong::NotAscii);
    }
    let address = address(path, GOOD_RECIPIENTS)?;
    let given = given(parameters, in_force, rcpt_parameter)?;
    Ok(format!("rcpt <{address}> {}", given.join(" ")).trim_end().into())
}

/// The address in a path that is right: without a source route, which is ignored (RFC 5321, appendix C).
fn address(path: &str, good: &[&str]) -> Result<String, Wrong> {
    if !good.contains(&path) {
        return Err(Wrong::Syntax);
    }
    let inner = path.trim_start().trim_start_matches('<').trim_end_matches('>');
    let address = if inner.starts_with('@') { inner.split(':').nth(1).unwrap_or_default() } else { inner };
    Ok(if address.eq_ignore_ascii_case("postmaster") { "postmaster".into() } else { address.into() })
}

/// Reads parameters one after another; the first mistake counts. None may be given twice.
fn given(
    parameters: &[Parameter],
    in_force: InForce,
    one: fn(&str, Option<&str>, InForce) -> Result<String, Wrong>,
) -> Result<Vec<String>, Wrong> {
    let mut given: Vec<(String, String)> = Vec::new();
    for (keyword, value) in parameters {
        let keyword = keyword.to_ascii_uppercase();
        // esmtp-param = esmtp-keyword ["=" esmtp-value] (RFC 5321 4.1.2)
        if !keyword.starts_with(|first: char| first.is_ascii_alphanumeric()) || *value == Some("") {
            return Err(Wrong::Syntax);
        }
        let shown = one(&keyword, *value, in_force);
        // RFC 4865 4: HOLDFOR or HOLDUNTIL, not both.
        let name = if keyword.starts_with("HOLD") { "HOLD".into() } else { keyword };
        if shown != Err(Wrong::Unknown) && given.iter().any(|one| one.0 == name) {
            return Err(Wrong::Syntax);
        }
        given.push((name, shown?));
    }
    given.sort();
    Ok(given.into_iter().map(|one| one.1).collect())
}

fn mail_parameter(keyword: &str, value: Option<&str>, in_force: InForce) -> Result<String, Wrong> {
    let extension = match keyword {
        "SIZE" => Extensions::SIZE,
        "BODY" => Extensions::EIGHTBITMIME,
        "SMTPUTF8" => Extensions::SMTPUTF8,
        "RET" | "ENVID" => Extensions::DSN,
        "BY" => Extensions::DELIVERBY,
        "REQUIRETLS" => Extensions::REQUIRETLS,
        "MT-PRIORITY" => Extensions::MT_PRIORITY,
        "HOLDFOR" | "HOLDUNTIL" => Extensions::FUTURERELEASE,
        "SOLICIT" => Extensions::NO_SOLICITING,
        "AUTH" if in_force.auth => Extensions::NONE,
        _ => return Err(Wrong::Unknown),
    };
    // RFC 3030 3 brings BODY too.
    let by_another = keyword == "BODY" && in_force.has(Extensions::BINARYMIME);
    if !(in_force.has(extension) || by_another) {
        return Err(Wrong::Unknown);
    }
    let value = match (keyword, value) {
        ("SMTPUTF8" | "REQUIRETLS", None) => return Ok(keyword.into()),
        (_, value) => value.ok_or(Wrong::Syntax)?,
    };
    let shown = match (keyword, value.to_ascii_uppercase().as_str()) {
        ("SIZE", "50" | "0") | ("AUTH", "<>") | ("ENVID", "E+2B1") | ("MT-PRIORITY", "-3" | "9") => value.to_owned(),
        // More than 64 bits hold is the most that they hold.
        ("SIZE", "99999999999999999999") => u64::MAX.to_string(),
        ("AUTH", "A+2BB@C") => value.to_owned(),
        ("BODY", "8BITMIME") if in_force.has(Extensions::EIGHTBITMIME) => "8BITMIME".into(),
        ("BODY", body @ "7BIT") | ("RET", body @ ("FULL" | "HDRS")) => body.to_owned(),
        ("BODY", "BINARYMIME") if in_force.has(Extensions::BINARYMIME) => "BINARYMIME".into(),
        ("BODY", _) => return Err(Wrong::Value),
        ("BY", "120;R") | ("BY", "-5;N") => value.to_owned(),
        ("BY", "30;RT") if in_force.shortest_by <= 30 => "30;RT".into(),
        ("BY", "30;RT") => return Err(Wrong::Value),
        ("HOLDFOR", seconds @ ("50" | "100")) if seconds.parse::<u32>().is_ok_and(|it| it <= in_force.longest_hold) => {
            value.to_owned()
        }
        ("HOLDUNTIL", "2026-11-23T18:00:00Z") | ("SOLICIT", "NET.EXAMPLE:ADV") => value.to_owned(),
        _ => return Err(Wrong::Syntax),
    };
    Ok(format!("{keyword}={shown}"))
}

fn rcpt_parameter(keyword: &str, value: Option<&str>, in_force: InForce) -> Result<String, Wrong> {
    if !matches!(keyword, "NOTIFY" | "ORCPT") || !in_force.has(Extensions::DSN) {
        return Err(Wrong::Unknown);
    }
    let value = value.ok_or(Wrong::Syntax)?;
    match value.to_ascii_uppercase().as_str() {
        known @ ("NEVER" | "SUCCESS,FAILURE,DELAY" | "DELAY") => Ok(format!("NOTIFY={known}")),
        "RFC822;C+2BX@D" => Ok(format!("ORCPT={value}")),
        _ => Err(Wrong::Syntax),
    }
}

/// VRFY and EXPN: what is asked for, and whether the answer may be in UTF-8.
pub fn query(text: &str, offers_utf8: bool) -> Result<(&str, bool), Wrong> {
    match text {
        "\u{fc}" => Err(Wrong::NotAscii),
        "\u{fc} smtputf8" if !offers_utf8 => Err(Wrong::NotAscii),
        "\u{fc} smtputf8" => Ok(("\u{fc}", true)),
        "bob SMTPUTF8" if offers_utf8 => Ok(("bob", true)),
        "bob SMTPUTF8" | "bob other" => Err(Wrong::Value),
        "" | "a b c" => Err(Wrong::Syntax),
        other => Ok((other, false)),
    }
}

pub fn hello(name: &str) -> Result<(), Wrong> {
    match name {
        "" | "!" | "a b" | "[1.2.3]" => Err(Wrong::Syntax),
        name if !name.is_ascii() => Err(Wrong::NotAscii),
        _ => Ok(()),
    }
}

pub fn etrn(node: &str) -> Result<(), Wrong> {
    match node {
        "example.net" | "@example.net" | "#slow" => Ok(()),
        "!x" => Err(Wrong::Value),
        node if !node.is_ascii() => Err(Wrong::NotAscii),
        _ => Err(Wrong::Syntax),
    }
}

/// XCLIENT and XFORWARD.
pub fn attributes(text: &str) -> Result<(), Wrong> {
    match text {
        "ADDR=192.0.2.1" | "addr=192.0.2.1 HELO=a+2Bb" => Ok(()),
        text if !text.is_ascii() => Err(Wrong::NotAscii),
        _ => Err(Wrong::Syntax),
    }
}

/// BDAT: the size, and whether the message ends with it (RFC 3030 2).
pub fn bdat(text: &str) -> Result<(usize, bool), Wrong> {
    if !text.is_ascii() {
        return Err(Wrong::NotAscii);
    }
    let (size, last) = match text.split_once(' ') {
        Some((size, marker)) if marker.eq_ignore_ascii_case("LAST") => (size, true),
        Some(_) => return Err(Wrong::Syntax),
        None => (text, false),
    };
    let digits = size.bytes().all(|octet| octet.is_ascii_digit());
    Ok((size.parse().ok().filter(|_| digits).ok_or(Wrong::Syntax)?, last))
}

/// What stands behind a command that has no arguments, or only such without meaning.
pub fn text(text: &str, allowed: bool) -> Result<(), Wrong> {
    if !text.is_ascii() {
        Err(Wrong::NotAscii)
    } else if text.is_empty() || allowed {
        Ok(())
    } else {
        Err(Wrong::Syntax)
    }
}
