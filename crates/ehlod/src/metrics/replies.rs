//! Which row of the catalogue is a reply of?
//!
//! The core writes the replies, and hands out octets: a row is found again by its code and its wording.

use ehlo::CATALOGUE;
use prometheus::{IntCounter, IntCounterVec};
use std::cmp::Reverse;

/// What a reply is counted as that no row says: of a next hop, or a step of a dialogue.
const OTHER: &str = "other";

/// The counters of replies.
#[derive(Debug)]
pub struct Replies {
    /// By code, in their order, each with the rows that have it.
    codes: Vec<Code>,
    /// For codes that no row has, by their first digit.
    others: [IntCounter; 4],
}

#[derive(Debug)]
struct Code {
    digits: u32,
    /// The wording that says the most first: one may begin as another does.
    rows: Vec<(Wording, IntCounter)>,
    /// For what none of them says.
    other: IntCounter,
}

/// The parts of a wording between its parameters.
#[derive(Debug)]
struct Wording {
    head: &'static [u8],
    /// What has to follow somewhere behind, in this order.
    middle: Vec<&'static [u8]>,
    /// What the end has to be; `None` where there is no parameter.
    tail: Option<&'static [u8]>,
}

impl Replies {
    pub(super) fn new(counters: &IntCounterVec) -> Self {
        let mut codes: Vec<Code> = Vec::new();
        for row in CATALOGUE {
            let text = row.code.to_string();
            let digits = digits(text.as_bytes());
            let counter = counters.with_label_values(&[text.as_str(), row.id]);
            let wording = (Wording::new(row.text), counter);
            match codes.iter_mut().find(|code| code.digits == digits) {
                Some(code) => code.rows.push(wording),
                None => {
                    let other = counters.with_label_values(&[text.as_str(), OTHER]);
                    codes.push(Code { digits, rows: vec![wording], other });
                }
            }
        }
        codes.sort_by_key(|code| code.digits);
        for code in &mut codes {
            code.rows.sort_by_key(|(wording, _)| Reverse(wording.length()));
            if code.digits == digits(b"250") {
                // "Ok" stands for whatever a command came to: `250 SIZE` at the end of a reply to EHLO, `250 bob@example.net`.
                code.other = counters.with_label_values(&["250", "ok"]);
            }
        }
        let others = ["2yz", "3yz", "4yz", "5yz"].map(|class| counters.with_label_values(&[class, OTHER]));
        Self { codes, others }
    }

    /// The counter for the last line of a reply (`250 2.1.0 Ok`).
    #[must_use]
    pub fn of(&self, line: &[u8]) -> &IntCounter {
        let [two, three, four, five] = &self.others;
        let [first, _, _, _, text @ ..] = line else { return five };
        let Ok(at) = self.codes.binary_search_by_key(&digits(line), |code| code.digits) else {
            return match first {
                b'2' => two,
                b'3' => three,
                b'4' => four,
                _ => five,
            };
        };
        let Some(code) = self.codes.get(at) else { return five };
        let text = without_enhanced(text.trim_ascii_end());
        match code.rows.iter().find(|(wording, _)| wording.fits(text)) {
            Some((_, counter)) => counter,
            None => &code.other,
        }
    }
}

/// The three digits that a line begins with, as a number by which they are compared at once.
fn digits(line: &[u8]) -> u32 {
    match line {
        [one, two, three, ..] => u32::from_be_bytes([0, *one, *two, *three]),
        _ => 0,
    }
}

/// A text without the enhanced status code (RFC 2034) before it.
fn without_enhanced(text: &[u8]) -> &[u8] {
    match text {
        [b'2' | b'4' | b'5', b'.', rest @ ..] => {
            let end = rest.iter().position(|octet| *octet == b' ');
            let (code, behind) = rest.split_at(end.unwrap_or(rest.len()));
            let is_code = code.iter().all(|octet| octet.is_ascii_digit() || *octet == b'.');
            if is_code { behind.trim_ascii_start() } else { text }
        }
        _ => text,
    }
}

impl Wording {
    fn new(text: &'static str) -> Self {
        // The parameters stand in braces: what stands between them is what the wording is known by.
        let mut parts: Vec<&[u8]> =
            text.split('{').map(|part| part.split_once('}').map_or(part, |(_, part)| part).as_bytes()).collect();
        let head = parts.remove(0);
        let tail = parts.pop();
        Self { head, middle: parts, tail }
    }

    /// How many octets of it are always the same.
    fn length(&self) -> usize {
        let behind = self.middle.iter().map(|part| part.len()).sum::<usize>();
        self.head.len() + behind + self.tail.map_or(0, <[u8]>::len)
    }

    fn fits(&self, text: &[u8]) -> bool {
        let Some(mut rest) = text.strip_prefix(self.head) else { return false };
        let Some(tail) = self.tail else { return rest.is_empty() };
        for part in &self.middle {
            match rest.windows(part.len().max(1)).position(|window| window == *part) {
                Some(at) => rest = rest.get(at + part.len()..).unwrap_or_default(),
                None => return false,
            }
        }
        rest.ends_with(tail)
    }
}

#[cfg(test)]
mod tests {
    use crate::metrics::Metrics;
    use ehlo::CATALOGUE;

    /// The label that a line was counted under.
    fn id(line: &str) -> String {
        let metrics = Metrics::new();
        metrics.replies.of(line.as_bytes()).inc();
        let text = String::from_utf8(metrics.text()).unwrap();
        let counted =
            text.lines().find(|line| line.starts_with("ehlod_replies_total") && line.ends_with(" 1")).unwrap();
        counted.split('"').nth(3).unwrap().to_owned()
    }

    #[test]
    fn every_row_is_found_again_by_what_it_says() {
        for row in CATALOGUE {
            let mut said = row.text.to_owned();
            for (parameter, value) in [
                ("{domain}", "mx.example"),
                ("{minutes}", "5"),
                ("{remote_ip}", "2001:db8::1"),
                ("{url}", "https://example.com"),
            ] {
                said = said.replace(parameter, value);
            }
            while let Some((before, rest)) = said.split_once('{') {
                said = format!("{before}a b@x.example{}", rest.split_once('}').unwrap().1);
            }
            let enhanced = row.enhanced.map(|enhanced| format!("{enhanced} ")).unwrap_or_default();
            assert_eq!(id(&format!("{} {enhanced}{said}\r\n", row.code)), row.id, "{said}");
            assert_eq!(id(&format!("{} {said}\r\n", row.code)), row.id, "{said}");
        }
    }

    #[test]
    fn what_no_row_says_is_counted_too() {
        for (line, expected) in [
            ("250 2.0.0 Ok queued as 1M84VFXBF0000\r\n", "ok"),
            ("250 SIZE 26214400\r\n", "ok"),
            ("250 2.1.5 duplicated RCPT\r\n", "duplicated-rcpt"),
            ("220 2.0.0 Ready to start TLS\r\n", "other"),
            ("334 \r\n", "other"),
            ("550 5.1.1 computer says no\r\n", "other"),
            ("599 what\r\n", "other"),
            ("450 4.7.1 Greylisted for 5 minutes\r\n", "other"),
            ("", "other"),
            ("550\r\n", "other"),
        ] {
            assert_eq!(id(line), expected, "{line}");
        }
    }
}
