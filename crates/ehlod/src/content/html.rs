//! The text that a reader sees of HTML, piece by piece and in bounded memory.
//!
//! No more of HTML is read than that takes: what tags, comments, scripts and style sheets are (HTML Standard 13.2.5, simplified), which tags
//! part words, and character references.

use mail_parser::decoders::html::add_html_token;

/// The longest name of a tag or character reference that matters.
const LONGEST: usize = 32;

/// Tags that part no words: `vi<b>ag</b>ra` is one.
const INLINE: &[&str] = &[
    "a", "abbr", "acronym", "b", "bdi", "bdo", "big", "cite", "code", "del", "dfn", "em", "font", "i", "ins", "kbd",
    "mark", "o:p", "q", "s", "samp", "small", "span", "strike", "strong", "sub", "sup", "tt", "u", "var", "wbr",
];

/// Reads HTML.
#[derive(Debug, Default)]
pub(super) struct Html {
    at: At,
    /// A name that is coming in: of a tag, or of a character reference.
    name: String,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum At {
    #[default]
    Text,
    /// Behind `<`.
    Opened,
    /// In the name of a tag.
    Name,
    /// Behind it; a quotation mark counts behind an equals sign alone.
    Tag { behind_equals: bool },
    /// In a quoted value of a tag.
    Quoted(char),
    /// Behind `<!`, with so many hyphens.
    Declared(u8),
    /// In a comment, behind so many hyphens.
    Comment(u8),
    /// In something that ends at `>`, and says nothing.
    Bogus,
    /// Behind `&`.
    Reference,
    /// In a script or a style sheet, behind so many characters of what ends it.
    Raw(&'static str, usize),
}

impl Html {
    /// Takes a piece, and puts what is to be seen of it behind `text`.
    pub(super) fn take(&mut self, piece: &str, text: &mut String) {
        for c in piece.chars() {
            self.character(c, text);
        }
    }

    fn character(&mut self, c: char, text: &mut String) {
        self.at = match self.at {
            At::Text => return self.in_text(c, text),
            At::Reference if c == ';' || !(c.is_ascii_alphanumeric() || c == '#') || self.name.len() > LONGEST => {
                self.refer(c, text);
                return;
            }
            At::Reference => {
                self.name.push(c);
                At::Reference
            }
            At::Opened if c.is_ascii_alphabetic() || c == '/' => {
                self.name.clear();
                self.name.push(c.to_ascii_lowercase());
                At::Name
            }
            At::Opened if c == '!' => At::Declared(0),
            At::Opened if c == '?' => At::Bogus,
            At::Opened => {
                text.push('<');
                return self.in_text(c, text);
            }
            At::Name if c == '>' => self.tag(text),
            At::Name if c.is_ascii_whitespace() => At::Tag { behind_equals: false },
            At::Name if c == '/' => At::Tag { behind_equals: false },
            At::Name => {
                if self.name.len() < LONGEST {
                    self.name.push(c.to_ascii_lowercase());
                }
                At::Name
            }
            At::Tag { .. } if c == '>' => self.tag(text),
            At::Tag { behind_equals: true } if c == '"' || c == '\'' => At::Quoted(c),
            At::Tag { behind_equals } => {
                At::Tag { behind_equals: c == '=' || (behind_equals && c.is_ascii_whitespace()) }
            }
            At::Quoted(mark) if c == mark => At::Tag { behind_equals: false },
            At::Quoted(mark) => At::Quoted(mark),
            At::Declared(0) if c == '-' => At::Declared(1),
            // `<!-->` and `<!--->` are comments too, and over.
            At::Declared(1) if c == '-' => At::Comment(2),
            At::Declared(_) | At::Bogus if c == '>' => At::Text,
            At::Declared(_) | At::Bogus => At::Bogus,
            At::Comment(2..) if c == '>' => At::Text,
            At::Comment(hyphens) if c == '-' => At::Comment(hyphens.saturating_add(1)),
            At::Comment(_) => At::Comment(0),
            At::Raw(end, known) => self.raw(end, known, c),
        };
    }

    fn in_text(&mut self, c: char, text: &mut String) {
        self.at = match c {
            '<' => At::Opened,
            '&' => {
                self.name.clear();
                At::Reference
            }
            c => {
                text.push(c);
                At::Text
            }
        };
    }

    /// Ends a character reference, by a semicolon or by what can be none of it.
    fn refer(&mut self, c: char, text: &mut String) {
        let before = text.len();
        let reference = format!("&{};", self.name);
        add_html_token(text, reference.as_bytes(), false);
        let is_unknown = text.get(before..) == Some(reference.as_str());
        if is_unknown {
            text.truncate(text.len() - 1);
        }
        if c != ';' {
            return self.in_text(c, text);
        }
        if is_unknown {
            text.push(';');
        }
        self.at = At::Text;
    }

    /// Ends a tag.
    fn tag(&mut self, text: &mut String) -> At {
        match self.name.as_str() {
            "script" => return At::Raw("</script", 0),
            "style" => return At::Raw("</style", 0),
            _ => {}
        }
        if !INLINE.contains(&self.name.trim_start_matches('/')) {
            text.push(' ');
        }
        At::Text
    }

    fn raw(&mut self, end: &'static str, known: usize, c: char) -> At {
        match end.chars().nth(known) {
            Some(expected) if c.eq_ignore_ascii_case(&expected) => At::Raw(end, known + 1),
            None if c == '>' => At::Text,
            None if c.is_ascii_whitespace() || c == '/' => {
                "/end".clone_into(&mut self.name);
                At::Tag { behind_equals: false }
            }
            _ => At::Raw(end, usize::from(c == '<')),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(html: &str) -> String {
        let (mut whole, mut bits) = (String::new(), String::new());
        Html::default().take(html, &mut whole);
        let mut reader = Html::default();
        html.chars().for_each(|c| reader.take(c.encode_utf8(&mut [0; 4]), &mut bits));
        assert_eq!(whole, bits);
        whole
    }

    #[test]
    fn what_a_reader_sees() {
        for (html, text) in [
            ("<p>one</p><p>two</p>", " one  two "),
            ("vi<b>ag</b><SPAN CLASS='a>b'>ra</span>", "viagra"),
            ("a<br/>b<td width=\"5\">c", "a b c"),
            ("<a title=it's>x</a>y", "xy"),
            ("a<!-- <p> -- > -->b<!---->c<!doctype html>d<?x y?>e", "abcde"),
            ("<script>if (a < b) '</p>'; </SCRIPT >x<style>p{}</style>y", " xy"),
            ("&lt;b&gt; &amp;&#65;&#x42; &eacute; &copy", "<b> &AB é "),
            ("&copy 2026", "© 2026"),
            ("fish & chips &nosuch; &nosuch x", "fish & chips &nosuch; &nosuch x"),
            ("1 < 2 <3", "1 < 2 <3"),
            ("a&<b>b", "a&b"),
        ] {
            assert_eq!(seen(html), text, "{html}");
        }
    }

    #[test]
    fn names_are_bounded() {
        let mut reader = Html::default();
        let mut text = String::new();
        for _ in 0..1000 {
            reader.take(&"<".repeat(3), &mut text);
            reader.take(&"x".repeat(1000), &mut text);
            assert!(reader.name.len() <= LONGEST + 1);
            reader.take(&"&y".repeat(1000), &mut text);
        }
    }
}
