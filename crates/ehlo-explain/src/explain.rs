//! From what was found to what it means.

use crate::bounce::{self, Bounce};
use crate::data::{self, Known, Note};
use crate::find::{Found, clean, replies};
use crate::finding::{Act, Class, Enhanced, Finding, Lang, Retry};
use crate::pattern::Pattern;
use crate::words::words;
use std::collections::HashMap;
use std::sync::LazyLock;

/// Octets beyond these are not read.
pub const MOST_OCTETS: usize = 1 << 20;

/// Replies beyond these are not told.
pub const MOST_FINDINGS: usize = 64;

/// Explains the replies in a text.
///
/// # Examples
///
/// ```
/// let findings = ehlo_explain::explain("550-5.1.1 No such user\n550 5.1.1 here\n421 4.3.2 mx.example Service not available");
/// assert_eq!(findings.len(), 2);
/// assert_eq!(findings[1].id, Some("service-not-available"));
/// ```
#[must_use]
pub fn explain(text: &str) -> Vec<Finding> {
    explain_octets(text.as_bytes())
}

/// Explains the replies in a text or in a whole message, whose parts are decoded whatever charset they are in.
///
/// ```
/// use ehlo_explain::{Act, explain_octets};
///
/// let bounce = b"Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n\
///     --b\r\n\r\nYour message could not be delivered.\r\n\
///     --b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\n\
///     Final-Recipient: rfc822; bob@example.net\r\nAction: failed\r\nStatus: 5.2.2\r\n\
///     Diagnostic-Code: smtp; 552 5.2.2 Mailbox full\r\n--b--\r\n";
/// let found = explain_octets(bounce);
/// assert_eq!((found.len(), found[0].code, found[0].act), (1, Some(552), Act::Recipient));
/// ```
#[must_use]
pub fn explain_octets(octets: &[u8]) -> Vec<Finding> {
    let bounce = bounce::read(&octets[..octets.len().min(MOST_OCTETS)], MOST_FINDINGS);
    let mut out = Findings::default();
    for recipient in &bounce.recipients {
        if let Some(found) = recipient.reply() {
            out.add(explain_reply(&found, enhanced_in(&recipient.status)));
        }
    }
    let reported = !out.list.is_empty() && out.list.len() >= bounce.recipients.len();
    if !reported {
        for found in replies(&bounce.text, MOST_FINDINGS) {
            out.add(explain_reply(&found, None));
        }
    }
    // Reports without a reply: what failed before there was one.
    if out.list.is_empty() {
        for recipient in &bounce.recipients {
            let said = if recipient.diagnostic.is_empty() { &recipient.status } else { &recipient.diagnostic };
            let found = Found { code: None, lines: vec![clean(said)] };
            let status = enhanced_in(&recipient.status);
            out.add(by_words(&found, status).or_else(|| by_bare_status(&found, status)));
        }
    }
    if out.list.iter().all(|finding| finding.id.is_none() && finding.code.is_none()) {
        let told = told_in_words(&bounce);
        // What is said in words says more than a bare status.
        if !told.list.is_empty() {
            out = told;
        }
    }
    out.list
}

/// What a bounce says in sentences only.
fn told_in_words(bounce: &Bounce) -> Findings {
    // A status belongs to a sentence where all recipients have the same.
    let mut statuses = bounce.recipients.iter().map(|recipient| enhanced_in(&recipient.status));
    let first = statuses.next().flatten();
    let status = first.filter(|_| statuses.all(|status| status == first));
    let mut told = Findings::default();
    for found in paragraphs(&bounce.text) {
        let finding = by_words(&found, status).or_else(|| by_bare_status(&found, None));
        // Such bounces say the same thing in several ways.
        let is_new = |finding: &Finding| {
            !told.list.iter().any(|known| known.note.meaning(Lang::En) == finding.meaning(Lang::En))
        };
        told.add(finding.filter(is_new));
    }
    told
}

/// What was found so far, each reply once.
#[derive(Default)]
struct Findings {
    list: Vec<Finding>,
    seen: Vec<(Option<u16>, Vec<String>)>,
}

impl Findings {
    fn add(&mut self, finding: Option<Finding>) {
        let Some(finding) = finding.filter(|_| self.list.len() < MOST_FINDINGS) else { return };
        let key = (finding.code, cut_tail(words(&finding.reply)));
        // A line of the session and the report that quotes it are one reply.
        let same = |(code, words): &(Option<u16>, Vec<String>)| {
            *code == key.0
                && (words.starts_with(&key.1) && !key.1.is_empty()
                    || key.1.starts_with(words) && !words.is_empty()
                    || *words == key.1)
        };
        if !self.seen.iter().any(same) {
            self.seen.push(key);
            self.list.push(finding);
        }
    }
}

/// Explains what has a reply code.
fn explain_reply(found: &Found, status: Option<Enhanced>) -> Option<Finding> {
    let code = found.code?;
    let class = class_of(code / 100);
    let fits = |enhanced: &Enhanced| enhanced.class == code / 100;
    let enhanced = enhanced_after(&found.lines[0])
        .or_else(|| found.lines.iter().find_map(|line| enhanced_within(line)).filter(fits).or(status.filter(fits)));
    let meant = by_wording(&found.lines, Some(code), class).unwrap_or_else(|| by_code(code, enhanced));
    Some(meant.finding(found, enhanced, class))
}

/// Explains what has no reply code by its words.
fn by_words(found: &Found, status: Option<Enhanced>) -> Option<Finding> {
    let within = found.lines.iter().find_map(|line| enhanced_within(line));
    if let Some(enhanced) = within.or(status) {
        let class = class_of(enhanced.class);
        // A code in it shows that it is a reply; a report's, which may be of another paragraph, does not.
        let meant =
            by_wording(&found.lines, None, class).filter(|meant| within.is_some() || meant.says_enough(found))?;
        return Some(meant.finding(found, Some(enhanced), class));
    }
    let [permanent, temporary] = [Class::Permanent, Class::Temporary]
        .map(|class| by_wording(&found.lines, None, class).filter(|meant| meant.says_enough(found)));
    // A wording of both classes is one of what may go well later, if that helps.
    let (meant, class) = match (permanent, temporary) {
        (Some(meant), None) => (meant, Class::Permanent),
        (Some(meant), Some(_)) if !matches!(meant.retry, Retry::Later | Retry::AfterTime) => (meant, Class::Permanent),
        (_, temporary) => (temporary?, Class::Temporary),
    };
    Some(meant.finding(found, None, class))
}

/// Explains what has nothing but an enhanced status code.
fn by_bare_status(found: &Found, status: Option<Enhanced>) -> Option<Finding> {
    let enhanced = found.lines.iter().find_map(|line| enhanced_within(line)).or(status)?;
    Some(by_status(enhanced).finding(found, Some(enhanced), class_of(enhanced.class)))
}

/// The class of a first digit.
fn class_of(digit: u16) -> Class {
    match digit {
        4 => Class::Temporary,
        5 => Class::Permanent,
        _ => Class::Success,
    }
}

/// What a reply came down to.
struct Meant {
    id: Option<&'static str>,
    note: &'static Note,
    source: &'static str,
    retry: Retry,
    /// How many words of it are known.
    weight: usize,
}

impl Meant {
    fn of(note: &'static Note, source: &'static str) -> Self {
        Self { id: None, note, source, retry: note.retry, weight: 0 }
    }

    /// Whether a text without any code can be taken for a reply: several of its words are known.
    fn says_enough(&self, found: &Found) -> bool {
        self.weight >= 3 || self.weight >= 2 && words(&found.lines.join(" ")).len() <= 2 * self.weight
    }

    fn finding(self, found: &Found, enhanced: Option<Enhanced>, class: Class) -> Finding {
        Finding {
            reply: found.lines.join("\n"),
            code: found.code,
            enhanced,
            id: self.id,
            class,
            fault: if class == Class::Success { Act::Nobody } else { self.note.fault },
            act: self.note.act,
            retry: self.retry,
            source: self.source,
            note: self.note,
        }
    }
}

/// All wordings, by the longest word of each.
struct Index {
    patterns: Vec<(Pattern, Wording)>,
    by_key: HashMap<String, Vec<usize>>,
}

/// Whose wording it is.
#[derive(Clone, Copy)]
enum Wording {
    Known(&'static Known),
    Said { when: &'static str, source: &'static str, note: &'static Note },
}

impl Wording {
    /// Whether a reply of that code or class may hold it.
    fn fits(self, code: Option<u16>, class: Class) -> bool {
        let when = match self {
            Self::Known(known) => known.when,
            Self::Said { when, .. } => when,
        };
        let digit = match class {
            Class::Success => '2',
            Class::Temporary => '4',
            Class::Permanent => '5',
        };
        match when.parse::<u16>() {
            Ok(wanted) if wanted >= 200 => code == Some(wanted),
            _ => when.contains(digit),
        }
    }
}

static INDEX: LazyLock<Index> = LazyLock::new(|| {
    let (mut patterns, mut by_key) = (Vec::new(), HashMap::<String, Vec<usize>>::new());
    let mut add = |wording: &str, whole, of| {
        let pattern = Pattern::new(wording, whole);
        by_key.entry(pattern.key().to_owned()).or_default().push(patterns.len());
        patterns.push((pattern, of));
    };
    for known in data::KNOWN.into_iter().flatten() {
        known.wordings.iter().for_each(|wording| add(wording, true, Wording::Known(known)));
    }
    for said in data::SAID.into_iter().flatten() {
        let of = Wording::Said { when: said.when, source: said.source, note: said.note };
        said.wordings.iter().for_each(|wording| add(wording, false, of));
    }
    Index { patterns, by_key }
});

/// What a reply means by its words: a row or a case, else the longest wording of a server or provider.
fn by_wording(lines: &[String], code: Option<u16>, class: Class) -> Option<Meant> {
    let all = cut_tail(words(&lines.join(" ")));
    let last = lines.last().filter(|_| lines.len() > 1).map(|line| cut_tail(words(line)));
    let first = lines.first().filter(|_| lines.len() > 1).map(|line| cut_tail(words(line)));
    let untrimmed = words(&lines.join(" "));
    let known = [Some(&untrimmed), Some(&all), last.as_ref(), first.as_ref()].into_iter().flatten().find_map(|text| {
        candidates(text)
            .filter(|(pattern, wording)| {
                matches!(wording, Wording::Known(_)) && wording.fits(code, class) && pattern.matches(text)
            })
            .max_by_key(|(pattern, _)| pattern.weight())
    });
    if let Some((pattern, Wording::Known(known))) = known {
        let weight = pattern.weight();
        return Some(Meant { id: Some(known.id), weight, ..Meant::of(&known.note, known.source) });
    }
    // Of several of one length the first: those of providers stand before those that anybody uses.
    let mut best: Option<(usize, Meant)> = None;
    for (pattern, wording) in candidates(&all) {
        let Wording::Said { source, note, .. } = *wording else { continue };
        let weight = pattern.weight();
        if best.as_ref().is_none_or(|(most, _)| weight > *most) && wording.fits(code, class) && pattern.matches(&all) {
            best = Some((weight, Meant { weight, ..Meant::of(note, source) }));
        }
    }
    best.map(|(_, meant)| meant)
}

/// The wordings whose longest word stands in a text, in the order of the tables.
fn candidates(text: &[String]) -> impl Iterator<Item = &'static (Pattern, Wording)> {
    let index = &*INDEX;
    let mut found: Vec<usize> = text.iter().filter_map(|word| index.by_key.get(word)).flatten().copied().collect();
    found.sort_unstable();
    found.dedup();
    found.into_iter().map(|at| &index.patterns[at])
}

/// What a reply means by its codes.
fn by_code(code: u16, enhanced: Option<Enhanced>) -> Meant {
    let basic = data::basic_of(code);
    match enhanced {
        // The enhanced code says more, save where it says nothing at all.
        Some(enhanced) if (enhanced.subject, enhanced.detail) != (0, 0) && code >= 400 => by_status(enhanced),
        Some(enhanced) if !data::is_standard(code) => by_status(enhanced),
        _ => Meant::of(&basic.note, basic.source),
    }
}

fn by_status(enhanced: Enhanced) -> Meant {
    let Some(status) = data::status_of(enhanced.subject, enhanced.detail) else {
        let basic = data::basic_of(enhanced.class * 100 + 99);
        return Meant::of(&basic.note, basic.source);
    };
    let meant = Meant::of(&status.note, status.source);
    match (enhanced.class, meant.retry) {
        // What failed for now may go well by itself.
        (4, Retry::No) => Meant { retry: Retry::Later, ..meant },
        _ => meant,
    }
}

/// An enhanced status code at the beginning of a text.
fn enhanced_in(text: &str) -> Option<Enhanced> {
    let end = text.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(text.len());
    let mut numbers = text[..end].trim_end_matches('.').split('.');
    let mut number = |most: usize| numbers.next().filter(|digits| (1..=most).contains(&digits.len()))?.parse().ok();
    let (class, subject, detail) = (number(1)?, number(3)?, number(3)?);
    (numbers.next().is_none() && matches!(class, 2 | 4 | 5) && !text[end..].starts_with(|c: char| c.is_alphanumeric()))
        .then_some(Enhanced { class, subject, detail })
}

/// The enhanced status code that follows the code of a reply.
fn enhanced_after(line: &str) -> Option<Enhanced> {
    enhanced_in(line.get(3..)?.trim_start_matches(['-', ' ', '#', '(', '[', '\t']))
}

/// An enhanced status code amid a text: behind a sign or at its beginning.
fn enhanced_within(line: &str) -> Option<Enhanced> {
    enhanced_in(line).or_else(|| {
        line.match_indices(['#', '(', '[', ';', '\''])
            .find_map(|(at, sign)| enhanced_in(line[at + sign.len()..].trim_start()))
    })
}

/// Takes off what clients and logs add behind a reply.
fn cut_tail(mut words: Vec<String>) -> Vec<String> {
    const TAILS: [&[&str]; 8] = [
        &["in", "reply", "to"],
        &["giving", "up", "on"],
        &["im", "not", "going", "to", "try", "again"],
        &["i", "m", "not", "going", "to", "try", "again"],
        &["from", "to", "proto"],
        &["from", "proto"],
        &["to", "proto"],
        &["gsmtp"],
    ];
    let end = (1..words.len()).find(|at| {
        TAILS.iter().any(|tail| words[*at..].iter().map(String::as_str).take(tail.len()).eq(tail.iter().copied()))
    });
    words.truncate(end.unwrap_or(words.len()));
    // `for`, when the address behind it fell out.
    while words.len() > 1
        && words.last().is_some_and(|word| ["for", "from", "at", "by", "on", "to", "via"].contains(&word.as_str()))
    {
        words.pop();
    }
    words
}

/// The paragraphs of a text, as what may be a reply without a code.
fn paragraphs(text: &str) -> impl Iterator<Item = Found> {
    let mut lines = text.lines();
    std::iter::from_fn(move || {
        let mut paragraph = Vec::new();
        for line in lines.by_ref() {
            if !line.trim().is_empty() {
                paragraph.push(clean(line));
            } else if !paragraph.is_empty() {
                break;
            }
            if paragraph.len() == 12 {
                break;
            }
        }
        (!paragraph.is_empty()).then_some(Found { code: None, lines: paragraph })
    })
    .take(400)
}
