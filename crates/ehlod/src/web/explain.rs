//! The explainer on the page: a form with a bounce in it, and what that means.

use ehlo_explain::{Finding, Lang, explain_octets};

/// What somebody put in, and what was found in it.
#[derive(Debug)]
pub(super) struct Explained {
    pub(super) text: String,
    pub(super) lang: Lang,
    pub(super) findings: Vec<Finding>,
}

impl Explained {
    /// Explains the field `text` of a form (`application/x-www-form-urlencoded`) in the language of its field `lang`. What is no form says
    /// nothing.
    pub(super) fn of_form(body: &[u8]) -> Self {
        let field = |wanted: &str| {
            let found = form_urlencoded::parse(body).find(|(name, _)| name == wanted);
            found.map(|(_, value)| value.into_owned()).unwrap_or_default()
        };
        let lang = Lang::of_locale(&field("lang"));
        let text = field("text");
        let findings = explain_octets(text.as_bytes());
        Self { text, lang, findings }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms() {
        let explained =
            Explained::of_form("lang=zh&text=550+5.1.1+invalid+user+-+b%40x.example%0D%0A%3Cb%3E".as_bytes());
        assert_eq!((explained.lang, explained.findings.len()), (Lang::Zh, 1));
        assert_eq!(explained.text, "550 5.1.1 invalid user - b@x.example\r\n<b>");
        for nothing in [&b""[..], b"text", b"\xff\xfe%%%", b"lang=xx&text=Dear+Bob"] {
            let explained = Explained::of_form(nothing);
            assert_eq!((explained.lang, explained.findings.len()), (Lang::En, 0));
        }
    }
}
