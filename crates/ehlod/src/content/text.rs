//! The text of a part: out of its charset and its markup, into the search for keywords.

use super::html::Html;
use super::keywords::{Keywords, Search};
use encoding_rs::{CoderResult, Encoding, UTF_8};
use mail_parser::decoders::charsets::map::charset_decoder;

/// Text is decoded in pieces of so many octets.
const PIECE: usize = 4096;
/// The longest line in UTF-7, which is decoded line by line.
const LONGEST_LINE: usize = 64 * 1024;

/// Reads a text, and looks for keywords in it.
pub(super) struct Text {
    charset: Charset,
    html: Option<Html>,
    search: Search,
    decoded: String,
    seen: String,
}

enum Charset {
    Known(encoding_rs::Decoder),
    /// UTF-7, of which the decoder wants whole lines.
    Utf7(Vec<u8>),
}

impl Text {
    /// Begins a text in a charset, by its name in a Content-Type; what is not known is read as UTF-8. `is_html` where it has tags.
    pub(super) fn new(keywords: &Keywords, charset: Option<&str>, is_html: bool) -> Self {
        let charset = match encoding(charset) {
            None => Charset::Utf7(Vec::new()),
            Some(encoding) => Charset::Known(encoding.new_decoder()),
        };
        let html = is_html.then(Html::default);
        Self { charset, html, search: keywords.search(), decoded: String::new(), seen: String::new() }
    }

    /// Takes a piece.
    pub(super) fn take(&mut self, keywords: &Keywords, octets: &[u8]) {
        if self.search.found(keywords).is_some() {
            return;
        }
        match &mut self.charset {
            Charset::Known(_) => octets.chunks(PIECE).for_each(|piece| self.decode(keywords, piece, false)),
            Charset::Utf7(line) => {
                for part in octets.split_inclusive(|octet| *octet == b'\n') {
                    line.extend_from_slice(part);
                    if part.ends_with(b"\n") || line.len() > LONGEST_LINE {
                        utf7(line, &mut self.decoded);
                        line.clear();
                    }
                }
                self.pass(keywords);
            }
        }
    }

    /// Ends the text: the keyword that was found first.
    pub(super) fn end<'k>(&mut self, keywords: &'k Keywords) -> Option<&'k str> {
        match &mut self.charset {
            Charset::Known(_) => self.decode(keywords, b"", true),
            Charset::Utf7(line) => {
                utf7(line, &mut self.decoded);
                line.clear();
                self.pass(keywords);
            }
        }
        self.search.space(keywords);
        self.search.found(keywords)
    }

    fn decode(&mut self, keywords: &Keywords, mut octets: &[u8], last: bool) {
        // A message can have millions of texts in which there is nothing.
        self.decoded.reserve(if octets.is_empty() { 32 } else { PIECE * 3 });
        loop {
            let Charset::Known(decoder) = &mut self.charset else { return };
            let (result, read, _) = decoder.decode_to_string(octets, &mut self.decoded, last);
            octets = octets.get(read..).unwrap_or_default();
            self.pass(keywords);
            if result == CoderResult::InputEmpty {
                return;
            }
        }
    }

    /// Passes on what is decoded.
    fn pass(&mut self, keywords: &Keywords) {
        match &mut self.html {
            None => self.search.take(keywords, &self.decoded),
            Some(html) => {
                html.take(&self.decoded, &mut self.seen);
                self.search.take(keywords, &self.seen);
                self.seen.clear();
            }
        }
        self.decoded.clear();
    }
}

/// A short text, out of its charset.
pub(super) fn decoded(charset: Option<&str>, octets: &[u8]) -> String {
    match encoding(charset) {
        Some(encoding) => encoding.decode(octets).0.into_owned(),
        None => {
            let mut text = String::new();
            utf7(octets, &mut text);
            text
        }
    }
}

/// The encoding of a charset by its name, UTF-8 where that is not known; `None` for UTF-7.
fn encoding(charset: Option<&str>) -> Option<&'static Encoding> {
    let charset = charset.unwrap_or("utf-8");
    let is_utf7 = ["utf-7", "unicode-1-1-utf-7"].iter().any(|name| charset.eq_ignore_ascii_case(name));
    (!is_utf7).then(|| Encoding::for_label(charset.as_bytes()).unwrap_or(UTF_8))
}

fn utf7(line: &[u8], text: &mut String) {
    match charset_decoder(b"utf-7") {
        Some(decode) => text.push_str(&decode(line)),
        None => text.push_str(&String::from_utf8_lossy(line)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(charset: Option<&str>, is_html: bool, octets: &[u8], word: &str) -> bool {
        let keywords = Keywords::new(&[word.to_owned()]).unwrap().unwrap();
        let look = |cut: usize| {
            let mut text = Text::new(&keywords, charset, is_html);
            octets.chunks(cut).for_each(|piece| text.take(&keywords, piece));
            text.end(&keywords).is_some()
        };
        let whole = look(octets.len());
        assert_eq!(whole, look(1));
        whole
    }

    #[test]
    fn charsets() {
        let word = "发票";
        let (gbk, _, _) = encoding_rs::GBK.encode(word);
        let (big5, _, _) = encoding_rs::BIG5.encode("發票");
        assert!(found(Some("gb2312"), false, &gbk, word));
        assert!(found(Some("GB18030"), false, &gbk, word));
        assert!(found(Some("big5"), false, &big5, "發票"));
        assert!(!found(Some("iso-8859-1"), false, &gbk, word));
        assert!(found(None, false, word.as_bytes(), word));
        assert!(found(Some("x-nonsense"), false, word.as_bytes(), word));
        assert!(found(Some("iso-8859-1"), false, b"Caf\xe9", "CAFÉ"));
        assert!(found(Some("utf-16le"), false, b"C\0a\0f\0\xe9\0", "CAFÉ"));
        assert!(found(Some("iso-2022-jp"), false, b"\x1b$B%9%Q%`\x1b(B", "スパム"));
        assert!(found(Some("UTF-7"), false, b"Hi Mom -+Jjo--!\r\n", "☺"));
    }

    #[test]
    fn markup() {
        assert!(found(None, true, b"<p>l<i>ott</i>ery</p>", "lottery"));
        assert!(found(None, false, b"<p>l<i>ott</i>ery</p>", "<i>"));
        assert!(found(Some("iso-8859-1"), true, b"caf&eacute; cr\xe8me", "café crème"));
        let long = "x ".repeat(100_000) + "the end";
        assert!(found(None, false, long.as_bytes(), "x x the end"));
    }
}
