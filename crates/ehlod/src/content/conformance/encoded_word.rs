//! Encoded words (RFC 2047 2).

/// The longest encoded word.
const LONGEST: usize = 75;

/// Whether what looks like an encoded word in a value is one. What does not look like one is plain text, as the RFC has it.
pub(in crate::content) fn encoded_words(value: &[u8]) -> bool {
    let words = value.split(|octet| matches!(octet, b' ' | b'\t' | b'\r' | b'\n' | b'(' | b')'));
    let looks_so = |word: &&[u8]| word.starts_with(b"=?") && word.ends_with(b"?=") && word.len() > 4;
    words.filter(looks_so).all(is_encoded_word)
}

fn is_encoded_word(word: &[u8]) -> bool {
    let inner = word.get(2..word.len() - 2).unwrap_or_default();
    let parts: Vec<_> = inner.split(|octet| *octet == b'?').collect();
    let [charset, encoding, text] = parts.as_slice() else { return false };
    let is_charset = !charset.is_empty() && charset.iter().all(|octet| octet.is_ascii_graphic());
    let decodes = match *encoding {
        b"B" | b"b" => {
            let padding = text.iter().rev().take_while(|octet| **octet == b'=').count();
            let data = text.get(..text.len() - padding).unwrap_or_default();
            let is_data = data.iter().all(|octet| octet.is_ascii_alphanumeric() || matches!(octet, b'+' | b'/'));
            is_data && padding <= 2 && text.len() % 4 == 0
        }
        b"Q" | b"q" => {
            let mut octets = text.iter();
            let mut is_right = true;
            while let Some(octet) = octets.next() {
                is_right &= match octet {
                    b'=' => [octets.next(), octets.next()].iter().all(|digit| digit.is_some_and(u8::is_ascii_hexdigit)),
                    octet => octet.is_ascii_graphic(),
                };
            }
            is_right
        }
        _ => false,
    };
    word.len() <= LONGEST && is_charset && decodes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words() {
        for right in ["", "plain", "=?utf-8?Q?caf=C3=A9_x?= =?utf-8*fr?b?Zm8=?=", "what =? is ?= this", "=?= ="] {
            assert!(encoded_words(right.as_bytes()), "{right}");
        }
        let long = format!("=?utf-8?Q?{}?=", "x".repeat(64));
        for wrong in [
            "=?utf-8?Q?caf=C3=A?=",
            "=?utf-8?B?Zm8?=",
            "=?utf-8?X?Zm8=?=",
            "=??Q?x?=",
            "=?utf-8?x?=",
            "=?u?B?Z*8=?=",
            &long,
        ] {
            assert!(!encoded_words(wrong.as_bytes()), "{wrong}");
        }
    }
}
