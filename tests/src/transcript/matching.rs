//! What a transcript demands of one reply.

use crate::Result;

/// One reply, exactly or in part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplyPattern {
    /// The code.
    pub code: u16,
    /// The lines' texts, `*` standing for any run of characters; `None` where any lines will do.
    pub lines: Option<Vec<String>>,
    /// Each of these must be a line of the reply.
    pub with: Vec<String>,
    /// No line of the reply may be, or begin with, one of these words.
    pub without: Vec<String>,
}

impl ReplyPattern {
    /// Whether a reply fits; what is wrong with it if not.
    pub fn check(&self, code: u16, lines: &[&str]) -> Result<()> {
        let whole = match &self.lines {
            Some(patterns) => {
                patterns.len() == lines.len() && patterns.iter().zip(lines).all(|(want, got)| glob(want, got))
            }
            None => true,
        };
        if code != self.code || !whole {
            return Err(format!("expected {self}"));
        }
        if let Some(missing) = self.with.iter().find(|want| !lines.iter().any(|got| glob(want, got))) {
            return Err(format!("expected a line {missing:?}"));
        }
        let begins = |line: &str, word: &str| line.split(' ').next() == Some(word);
        match self.without.iter().find(|word| lines.iter().any(|line| begins(line, word))) {
            Some(word) => Err(format!("expected no line {word:?}")),
            None => Ok(()),
        }
    }
}

impl std::fmt::Display for ReplyPattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.lines {
            Some(lines) => write!(f, "{} {}", self.code, lines.join(" / ")),
            None => write!(f, "{} ...", self.code),
        }
    }
}

/// Whether `text` fits `pattern`, in which each `*` stands for any run of characters.
fn glob(pattern: &str, text: &str) -> bool {
    let Some((head, tail)) = pattern.split_once('*') else { return pattern == text };
    let Some(rest) = text.strip_prefix(head) else { return false };
    let mut cuts = rest.char_indices().map(|(at, _)| at).chain([rest.len()]);
    cuts.any(|at| glob(tail, &rest[at..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_is_any_run() {
        for (pattern, text) in [("a*c", "abc"), ("a*c", "ac"), ("*", ""), ("*b*", "abc"), ("é*", "éa"), ("x", "x")] {
            assert!(glob(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [("a*c", "abd"), ("a", "ab"), ("*b", "abc"), ("", "x")] {
            assert!(!glob(pattern, text), "{pattern} {text}");
        }
    }

    #[test]
    fn demands_lines_whole_or_in_part() {
        let ehlo = ["mx Hello", "SIZE 10", "AUTH PLAIN"];
        let mut pattern = ReplyPattern { code: 250, lines: None, with: vec![], without: vec![] };
        assert!(pattern.check(250, &ehlo).is_ok() && pattern.check(550, &ehlo).is_err());
        pattern.with.push("SIZE *".into());
        pattern.without.push("STARTTLS".into());
        assert!(pattern.check(250, &ehlo).is_ok());
        pattern.without.push("AUTH".into());
        assert!(pattern.check(250, &ehlo).is_err());
        let whole = ReplyPattern { lines: Some(vec!["mx *".into()]), with: vec![], without: vec![], code: 250 };
        assert!(whole.check(250, &ehlo[..1]).is_ok() && whole.check(250, &ehlo).is_err());
    }
}
