//! Finds the replies in a text: alone, in a log, or in what a mail server tells people.

/// More lines than this a reply does not have.
const MOST_LINES: usize = 64;

/// A reply as it stands in a text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Found {
    /// The reply code, where there is one.
    pub(crate) code: Option<u16>,
    /// Its lines, the codes of the first with them.
    pub(crate) lines: Vec<String>,
}

/// Where the text of the returned message begins in a bounce that is plain text.
const RETURNED: [&str; 14] = [
    "--- Below this line is",
    "--- Below the next line is",
    "------ This is a copy of",
    "----- Original message",
    "----- Original Message",
    "   ----- Original message",
    "----- Message header follows",
    "--- Original message",
    "Original message headers:",
    "Original Message Headers",
    "--- Undelivered message follows",
    "--- Returned message",
    "----- Unsent message",
    "----- Nachricht",
];

/// The text without the message that a bounce gives back.
pub(crate) fn without_returned(text: &str) -> &str {
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let stripped = line.trim_start_matches([' ', '>']);
        let marks = |mark: &str| stripped.starts_with(mark.trim_start());
        if at > 0 && RETURNED.iter().any(|mark| marks(mark)) {
            return &text[..at];
        }
        at += line.len();
    }
    text
}

/// The replies with a code in a text, `most` at the most.
pub(crate) fn replies(text: &str, most: usize) -> Vec<Found> {
    // Where the first line is a reply, success is one too; amid sentences 250 may be a number of anything.
    let plain = text.lines().map(strip).find(|line| !line.is_empty()).is_some_and(|line| code_at(line).is_some());
    let mut out: Vec<Found> = Vec::new();
    let mut open = false;
    for line in text.lines() {
        let line = strip(line);
        if let Some((at, code)) = start(line, plain) {
            let said = &line[at..];
            let full = out.len() == most;
            match out.last_mut() {
                // What goes on is the same reply: `550-one`, `550 two`.
                Some(last) if open && at == 0 && last.code == Some(code) && goes_on(last) => push(last, said),
                _ if full => break,
                _ => out.push(Found { code: Some(code), lines: vec![cut(said, line[..at].chars().next_back())] }),
            }
            open = true;
        } else if line.is_empty() || ends(line) {
            open = false;
        } else if let Some(last) = out.last_mut().filter(|_| open) {
            push(last, line);
            open = !line.contains("(in reply to") && !line.ends_with("command)");
        }
    }
    out
}

fn push(found: &mut Found, line: &str) {
    if found.lines.len() < MOST_LINES {
        found.lines.push(cut(line, None));
    }
}

/// Whether the last line of a reply says that another follows.
fn goes_on(found: &Found) -> bool {
    found.lines.last().is_some_and(|line| line.as_bytes().get(3) == Some(&b'-'))
}

/// A line without what programs put before it.
fn strip(line: &str) -> &str {
    line.trim().trim_start_matches(['>', '|', '<']).trim_start()
}

/// The reply code that a text begins with.
pub(crate) fn code_at(text: &str) -> Option<u16> {
    let &[a @ b'2'..=b'5', b @ b'0'..=b'9', c @ b'0'..=b'9', ref rest @ ..] = text.as_bytes() else { return None };
    let follows = match rest {
        [] | [b' ' | b'-' | b'\t' | b'_' | b',' | b':' | b'#' | b'(', ..] => true,
        // Some write the text at once: `421HL:REP`.
        [b'K' | b'M' | b'G' | b'T', b'B' | b'i', ..] => false,
        [letter, ..] => letter.is_ascii_uppercase(),
    };
    // 250-300 is a range, and 550, 551 a list.
    let is_number = matches!(rest, [b'-' | b',' | b':', b'0'..=b'9', third, ..] if *third != b'.');
    (follows && !is_number).then(|| u16::from(a - b'0') * 100 + u16::from(b - b'0') * 10 + u16::from(c - b'0'))
}

/// Where a reply begins in a line, and its code.
fn start(line: &str, plain: bool) -> Option<(usize, u16)> {
    if let Some(code) = code_at(line) {
        return (code >= 400 || plain).then_some((0, code));
    }
    line.bytes().enumerate().filter(|(_, octet)| matches!(octet, b'4' | b'5')).find_map(|(at, _)| {
        let before = line.get(..at)?;
        let code = code_at(line.get(at..)?)?;
        is_cue(before).then_some((at, code))
    })
}

/// Whether what stands before a number makes it a reply code.
fn is_cue(before: &str) -> bool {
    let plain = before.trim_end();
    let Some(last) = plain.chars().next_back() else { return true };
    if matches!(
        last,
        '\'' | '"' | '‘' | '“' | '「' | '(' | '\u{ff08}' | '\u{ff1a}' | ':' | ';' | '#' | '|' | '>' | '[' | '='
    ) {
        // Not `port:550` nor `a=550`: a blank, a sign, or what comes before counts.
        return plain.len() != before.len() || !matches!(last, '=' | '>') && !plain.ends_with("port:");
    }
    if !last.is_ascii() {
        return !last.is_alphanumeric() || last > '\u{2e80}';
    }
    let word = plain.rsplit(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or_default();
    [
        "said",
        "returned",
        "responded",
        "response",
        "error",
        "code",
        "reply",
        "replied",
        "status",
        "smtp",
        "was",
        "with",
        "answered",
        "reason",
        "message",
    ]
    .iter()
    .any(|cue| word.eq_ignore_ascii_case(cue))
}

/// A reply's line without what stands around it.
fn cut(said: &str, before: Option<char>) -> String {
    let said = match before {
        Some(quote @ ('\'' | '"')) => said.rsplit_once(quote).map_or(said, |(said, _)| said),
        Some('‘') => said.rsplit_once('’').map_or(said, |(said, _)| said),
        Some('“') => said.rsplit_once('”').map_or(said, |(said, _)| said),
        _ => said,
    };
    let said = said.split("(in reply to").next().unwrap_or(said);
    let said = said.trim_end().trim_end_matches("##").trim_end_matches("#>").trim_end();
    clean(said)
}

/// A line as it may be shown, at a bounded length.
pub(crate) fn clean(line: &str) -> String {
    line.trim().chars().map(|c| if c.is_control() { ' ' } else { c }).take(2000).collect()
}

/// Whether a line is none of the reply before it.
fn ends(line: &str) -> bool {
    let starts = |mark: &str| line.starts_with(mark);
    let field = line.split_once(": ").is_some_and(|(name, _)| {
        [
            "Reporting-MTA",
            "Final-Recipient",
            "Original-Recipient",
            "Action",
            "Status",
            "Remote-MTA",
            "Diagnostic-Code",
            "Last-Attempt-Date",
            "Will-Retry-Until",
            "Arrival-Date",
            "X-Display-Name",
        ]
        .iter()
        .any(|known| name.eq_ignore_ascii_case(known))
    });
    field
        || starts("---")
        || starts("___")
        || starts("===")
        || starts("Giving up on")
        || starts("RCPT ")
        || starts("DATA")
        || starts("MAIL ")
        || line.ends_with("said:")
        || (starts("<") || line.contains('@')) && line.ends_with(':')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<(u16, String)> {
        replies(text, 9).into_iter().map(|found| (found.code.unwrap(), found.lines.join("|"))).collect()
    }

    #[test]
    fn alone_and_several() {
        assert_eq!(found("250 Ok"), [(250, "250 Ok".into())]);
        assert_eq!(found("550-one\n550 two\n550 three"), [(550, "550-one|550 two".into()), (550, "550 three".into())]);
        assert_eq!(found("550 one\n421-two\n"), [(550, "550 one".into()), (421, "421-two".into())]);
        assert_eq!(found("421 421-: (DNS:NR) http://a.example/421.html 421 NO").len(), 1);
        assert_eq!(found("421HL:REP"), [(421, "421HL:REP".into())]);
    }

    #[test]
    fn in_what_servers_tell() {
        for (text, wanted) in [
            (
                "<a@b.example>: host mx.b.example[192.0.2.1] said: 550 5.1.1 <a@b.example>:\n    No (in reply to RCPT TO command)\n\nBye",
                "550 5.1.1 <a@b.example>:|No",
            ),
            ("192.0.2.1 does not like recipient.\nRemote host said: 550 No\nGiving up on 192.0.2.1.\n", "550 No"),
            ("Remote Server returned '550 5.4.1 [a@b.example]: No'", "550 5.4.1 [a@b.example]: No"),
            ("#550 5.1.1 RESOLVER.ADR.RecipNotFound; not found ##", "550 5.1.1 RESOLVER.ADR.RecipNotFound; not found"),
            (">>> RCPT To:<a@b.example>\n<<< 550 No", "550 No"),
            (
                "host mx [192.0.2.1]\nSMTP error from remote mail server after RCPT TO:<a@b.example>:\n550-No\n    550 really",
                "550-No|550 really",
            ),
            ("对方服务器返回:550 No", "550 No"),
            ("SMTP error, RCPT TO: 550 No", "550 No"),
        ] {
            let found = found(text);
            assert_eq!(found.iter().map(|(_, reply)| reply.as_str()).collect::<Vec<_>>(), [wanted], "{text}");
        }
    }

    #[test]
    fn numbers_are_none() {
        for text in [
            "I paid 550 for it",
            "see page 421.",
            "on port:550 ok",
            "There were 450 of them\n250 people came",
            "call 555-1234",
        ] {
            assert_eq!(found(text), [], "{text}");
        }
    }
}
