//! What there is to try in a chapter: its fenced blocks.
//!
//! | info string | what it is |
//! | --- | --- |
//! | `toml,file=NAME` | a file; a configuration goes through `ehlod check` |
//! | `toml` | a part of a configuration, which goes through it too |
//! | `sh` | commands, which are run, and have to succeed |
//! | `sh,serve` | a command that serves; the next ones come when it says that it listens |
//! | `sh,norun` | commands for another machine than this |
//! | `text,output` | what the commands before it print: `...` stands for the rest of a line, or by itself for any lines |
//! | `text` | something else |

/// A fenced block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Block {
    /// The line that its text begins on, from 1.
    pub(crate) line: usize,
    /// The word before the first comma of the info string.
    pub(crate) language: String,
    /// What comes behind it.
    pub(crate) attribute: String,
    /// What stands in it.
    pub(crate) text: String,
}

/// The blocks of a chapter, in their order.
pub(crate) fn blocks(markdown: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<(usize, Block)> = None;
    for (index, line) in markdown.lines().enumerate() {
        let fence = line.trim_start().strip_prefix("```");
        match (&mut open, fence) {
            (None, Some(info)) => {
                let (language, attribute) = info.split_once(',').unwrap_or((info, ""));
                let indent = line.len() - line.trim_start().len();
                let block = Block {
                    line: index + 2,
                    language: language.into(),
                    attribute: attribute.into(),
                    text: String::new(),
                };
                open = Some((indent, block));
            }
            (Some(_), Some(_)) => blocks.extend(open.take().map(|(_, block)| block)),
            (Some((indent, block)), None) => {
                block.text += line.get(*indent..).unwrap_or_default();
                block.text.push('\n');
            }
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "a block without an end");
    blocks
}

/// Whether this was printed, as far as it is said.
pub(crate) fn is_printed(said: &str, printed: &str) -> bool {
    let said: Vec<&str> = said.lines().collect();
    let printed: Vec<&str> = printed.lines().map(str::trim_end).collect();
    lines_match(&said, &printed)
}

fn lines_match(said: &[&str], printed: &[&str]) -> bool {
    match (said, printed) {
        ([], []) => true,
        (["...", rest @ ..], _) => (0..=printed.len()).any(|skipped| lines_match(rest, &printed[skipped..])),
        ([said, rest @ ..], [line, others @ ..]) => is_line(said, line) && lines_match(rest, others),
        _ => false,
    }
}

fn is_line(said: &str, line: &str) -> bool {
    let mut parts = said.split("...");
    let Some(mut left) = parts.next().and_then(|first| line.strip_prefix(first)) else { return false };
    let parts: Vec<&str> = parts.collect();
    for (index, part) in parts.iter().enumerate() {
        if index + 1 == parts.len() {
            return left.ends_with(part);
        }
        let Some(at) = left.find(part) else { return false };
        left = &left[at + part.len()..];
    }
    left.is_empty()
}

#[test]
fn what_is_printed() {
    for (said, printed, is) in [
        ("a\nb", "a\nb\n", true),
        ("a", "a\nb", false),
        ("...\nb", "a\na\nb", true),
        ("a\n...", "a", true),
        ("a ... c", "a b c", true),
        ("a ...", "b c", false),
        ("a ... (... x)", "a b (c x)", true),
        ("a", "a b", false),
    ] {
        assert_eq!(is_printed(said, printed), is, "{said:?} {printed:?}");
    }
}

#[test]
fn what_is_a_block() {
    let found = blocks("x\n```toml,file=a.toml\na = 1\n```\n  ```sh\n  b\n\n  c\n  ```\n");
    let block = |line, language: &str, attribute: &str, text: &str| Block {
        line,
        language: language.into(),
        attribute: attribute.into(),
        text: text.into(),
    };
    assert_eq!(found, [block(3, "toml", "file=a.toml", "a = 1\n"), block(6, "sh", "", "b\n\nc\n")]);
}
