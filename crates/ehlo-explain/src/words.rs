//! The normal form of a reply's text: words in lower case, and nothing that differs from one message to the next.
//!
//! Addresses, hosts, IP addresses, web addresses, numbers, status codes and queue ids fall out, and so does punctuation. What is left is what
//! the author of the server wrote. It takes one pass, and its length is bounded.

use std::net::Ipv6Addr;

/// More words than this are not looked at.
pub(crate) const MOST: usize = 400;

/// The names of block lists, which say more than a host does.
const LISTS: [&str; 9] =
    ["spamhaus", "spamcop", "barracudacentral", "sorbs", "uceprotect", "abusix", "surbl", "uribl", "abuseat"];

/// Endings that make a host of two labels.
const ENDINGS: [&str; 24] = [
    "com",
    "net",
    "org",
    "edu",
    "gov",
    "mil",
    "int",
    "info",
    "biz",
    "local",
    "lan",
    "localhost",
    "localdomain",
    "internal",
    "example",
    "test",
    "invalid",
    "arpa",
    "email",
    "cloud",
    "online",
    "site",
    "top",
    "xyz",
];

/// The words of a text.
pub(crate) fn words(text: &str) -> Vec<String> {
    let mut out = Vec::new();
    // What stands alone, or alone with a code, is no id amid a sentence.
    let alone = text.split_whitespace().nth(2).is_none();
    for chunk in text.split_whitespace() {
        if out.len() >= MOST {
            break;
        }
        read_chunk(chunk, alone, &mut out);
    }
    out.truncate(MOST);
    out
}

/// Reads what stands between blanks.
fn read_chunk(mut chunk: &str, alone: bool, out: &mut Vec<String>) {
    if let Some((before, after)) = chunk.split_once("://") {
        let scheme = before.trim_end_matches(|c: char| c.is_ascii_alphanumeric());
        let host = after.split(['/', '?', '#', ':']).next().unwrap_or(after);
        read_pieces(scheme, alone, out);
        read_host(host, out);
        return;
    }
    while let Some(at) = chunk.find('@') {
        let ends = |c: char| {
            c.is_ascii_punctuation() && !matches!(c, '.' | '-' | '_' | '+' | '=' | '/' | '@' | '{' | '}') || is_han(c)
        };
        let (local, domain) = (&chunk[..at], &chunk[at + 1..]);
        let start = local.rfind(ends).map_or(0, |at| at + local[at..].chars().next().map_or(1, char::len_utf8));
        let end = match domain.strip_prefix('[') {
            Some(literal) => literal.find(']').map_or(domain.len(), |at| at + 2),
            None => domain.find(ends).unwrap_or(domain.len()),
        };
        read_pieces(&chunk[..start], alone, out);
        chunk = &domain[end..];
    }
    read_pieces(chunk, alone, out);
}

/// Reads what holds no address and no URL.
fn read_pieces(mut text: &str, alone: bool, out: &mut Vec<String>) {
    // A parameter that nobody filled in.
    while let Some((before, rest)) = text.split_once('{') {
        read_plain(before, alone, out);
        text = rest.split_once('}').map_or("", |(_, after)| after);
    }
    read_plain(text, alone, out);
}

fn read_plain(text: &str, alone: bool, out: &mut Vec<String>) {
    if text.parse::<Ipv6Addr>().is_ok() {
        return;
    }
    for piece in text.split(|c: char| !(c.is_alphanumeric() || matches!(c, '.' | '-' | ':' | '\'' | '’'))) {
        let piece = piece.trim_matches(['.', '-', ':']);
        if is_host(piece) {
            read_host(piece, out);
        } else if !(piece.contains("::") && piece.parse::<Ipv6Addr>().is_ok()) {
            for word in piece.split(['.', '-', ':']) {
                read_word(word, alone, out);
            }
        }
    }
}

fn read_word(word: &str, alone: bool, out: &mut Vec<String>) {
    let is_number = word.starts_with(|c: char| c.is_ascii_digit());
    let is_id = !alone && word.len() >= 6 && word.contains(|c: char| c.is_ascii_digit());
    if is_number || is_id {
        return;
    }
    let mut plain = String::new();
    for c in word.chars() {
        if is_han(c) {
            take(&mut plain, out);
            out.push(c.to_string());
        } else if c.is_alphanumeric() {
            plain.extend(c.to_lowercase());
        }
    }
    take(&mut plain, out);
}

fn take(word: &mut String, out: &mut Vec<String>) {
    if !word.is_empty() {
        out.push(std::mem::take(word));
    }
}

/// Reads a host: nothing is left of it, save of that of a block list.
fn read_host(host: &str, out: &mut Vec<String>) {
    if host.split('.').any(|label| LISTS.iter().any(|list| label.eq_ignore_ascii_case(list))) {
        out.extend(host.split('.').map(str::to_ascii_lowercase));
    }
}

fn is_host(piece: &str) -> bool {
    let Some((before, last)) = piece.rsplit_once('.') else { return false };
    let labels_fit =
        piece.split('.').all(|label| !label.is_empty() && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-'));
    // Where a blank is missing behind a full stop, a sentence begins.
    let begins_sentence =
        last.starts_with(|c: char| c.is_ascii_uppercase()) && last.contains(|c: char| c.is_ascii_lowercase());
    labels_fit
        && !begins_sentence
        && last.len() >= 2
        && last.chars().all(|c| c.is_ascii_alphabetic())
        && (before.contains('.') || last.len() == 2 || ENDINGS.iter().any(|ending| last.eq_ignore_ascii_case(ending)))
}

/// A Chinese character, which is a word by itself.
fn is_han(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_falls_out() {
        for (text, normal) in [
            ("<bob@example.com>: Relay access denied;", "relay access denied"),
            ("ellen@example.com.cn; 202.0.2.44 does not like recipient", "does not like recipient"),
            ("RCPT TO:<bob@[192.0.2.1]> refused.Please stop", "rcpt to refused please stop"),
            ("Relay from 2001:db8::1 via mx1.example.org[192.0.2.1]:25 4XkZbT2Lz1 denied", "relay from via denied"),
            ("Queued as 1M84VFXBF0000, see https://example.com/a?b=c", "queued as see"),
            (
                "blocked using zen.spamhaus.org; https://www.spamhaus.org/pbl/",
                "blocked using zen spamhaus org www spamhaus org",
            ),
            ("This user’s quota, isn't it", "this users quota isnt it"),
            ("该用户 bob@example.com不存在", "该 用 户 不 存 在"),
            ("RESOLVER.ADR.RecipNotFound; not found", "resolver adr recipnotfound not found"),
            ("{domain} Service not available", "service not available"),
            ("please try <forward-path>", "please try forward path"),
            ("VXNlcm5hbWU6", "vxnlcm5hbwu6"),
            ("@@@", ""),
        ] {
            assert_eq!(words(text).join(" "), normal, "{text}");
        }
    }
}
