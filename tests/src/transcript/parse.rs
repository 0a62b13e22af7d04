//! The transcript file, line by line.

use super::{Act, Arrival, Expect, ReplyPattern, Scene, Step, Transcript};
use crate::Result;

/// Reads a whole file.
pub(super) fn transcript(text: &str) -> Result<Transcript> {
    let mut reader = Reader::default();
    for (index, line) in text.lines().enumerate() {
        reader.line = index + 1;
        reader.read(line).map_err(|why| format!("line {}: {why}: {line}", index + 1))?;
    }
    let unfinished = reader.half.is_some();
    match (reader.world, reader.steps.last()) {
        (None, _) => Err("no world is chosen".into()),
        (_, None) => Err("nothing happens".into()),
        (_, Some(step)) if step.expect.is_empty() => Err("nothing is expected of the last step".into()),
        _ if unfinished => Err("the last reply has no last line".into()),
        (Some(world), _) => Ok(Transcript { world, arrival: reader.arrival, steps: reader.steps }),
    }
}

#[derive(Default)]
struct Reader {
    line: usize,
    world: Option<Scene>,
    arrival: Arrival,
    steps: Vec<Step>,
    /// The lines so far of a reply of several.
    half: Option<(u16, Vec<String>)>,
}

impl Reader {
    fn read(&mut self, line: &str) -> Result<()> {
        let (mark, rest) = line.split_once(' ').unwrap_or((line, ""));
        if self.half.is_some() && mark != "S:" {
            return Err("a reply of several lines is not finished".into());
        }
        match mark {
            "" | "#" => Ok(()),
            "world:" => self.choose(rest),
            "arrives:" if rest == "whole" => {
                self.arrival = Arrival::Whole;
                Ok(())
            }
            "C:" => self.send(format!("{rest}\r\n").into_bytes()),
            "C!" => self.send(octets(rest)?),
            "S:" => self.reply(rest),
            "S+" => self.last_reply().map(|reply| reply.with.push(rest.to_owned())),
            "S-" => self.last_reply().map(|reply| reply.without.push(rest.to_owned())),
            "M:" => self.message(format!("{rest}\r\n").as_bytes()),
            "M!" => self.message(&octets(rest)?),
            "---" => self.directive(rest),
            _ => Err("a line that begins with nothing known".into()),
        }
    }

    fn choose(&mut self, name: &str) -> Result<()> {
        let world = match name {
            "plain" => Scene::Plain,
            "tls" => Scene::Tls,
            "auth" => Scene::Auth,
            _ => return Err("a world unknown here".into()),
        };
        match self.world.replace(world) {
            None => Ok(()),
            Some(_) => Err("a second world".into()),
        }
    }

    /// The client speaks: on in the same step if the server has said nothing between.
    fn send(&mut self, octets: Vec<u8>) -> Result<()> {
        match self.steps.last_mut() {
            None => Err("the client speaks before the greeting".into()),
            Some(Step { act: Act::Send(sent), expect, .. }) if expect.is_empty() => {
                sent.extend(octets);
                Ok(())
            }
            Some(Step { expect, .. }) if expect.is_empty() => Err("nothing is expected of the step before".into()),
            Some(_) => {
                self.step(Act::Send(octets));
                Ok(())
            }
        }
    }

    fn step(&mut self, act: Act) {
        self.steps.push(Step { line: self.line, act, expect: Vec::new() });
    }

    fn expect(&mut self, expect: Expect) {
        if self.steps.is_empty() {
            self.step(Act::Send(Vec::new()));
        }
        if let Some(step) = self.steps.last_mut() {
            step.expect.push(expect);
        }
    }

    fn reply(&mut self, line: &str) -> Result<()> {
        let (Some(code), Some(rest)) = (line.get(..3), line.get(3..)) else {
            return Err("a reply without a code".into());
        };
        let code: u16 = code.parse().map_err(|_| "a reply without a code")?;
        let (last, text) = match rest.split_at_checked(1) {
            None => (true, ""),
            Some((" ", text)) => (true, text),
            Some(("-", text)) => (false, text),
            Some(_) => return Err("neither space nor hyphen behind the code".into()),
        };
        let (first, mut lines) = self.half.take().unwrap_or((code, Vec::new()));
        if first != code {
            return Err("the code changes within the reply".into());
        }
        let any = text == "..." && last && lines.is_empty();
        lines.push(text.to_owned());
        if last {
            let lines = (!any).then_some(lines);
            self.expect(Expect::Reply(ReplyPattern { code, lines, with: Vec::new(), without: Vec::new() }));
        } else {
            self.half = Some((code, lines));
        }
        Ok(())
    }

    fn last_reply(&mut self) -> Result<&mut ReplyPattern> {
        match self.steps.last_mut().and_then(|step| step.expect.last_mut()) {
            Some(Expect::Reply(reply)) => Ok(reply),
            _ => Err("there is no reply before this".into()),
        }
    }

    /// A line of the message that the replies before accepted.
    fn message(&mut self, octets: &[u8]) -> Result<()> {
        let step = self.steps.last_mut().ok_or("there is no message before the greeting")?;
        match step.expect.last_mut() {
            Some(Expect::Message(message)) => message.extend(octets),
            Some(Expect::Reply(reply)) if reply.code == 250 => step.expect.push(Expect::Message(octets.to_vec())),
            _ => return Err("a message stands behind the 250 that accepts it".into()),
        }
        Ok(())
    }

    fn directive(&mut self, name: &str) -> Result<()> {
        match name {
            "close" => self.expect(Expect::Close),
            "silence" => self.expect(Expect::Silence),
            "tls" => self.step(Act::Tls),
            _ => return Err("a directive unknown here".into()),
        }
        Ok(())
    }
}

/// `"text" "x"*5 "\r\n\x00"`: strings one after the other, each as often as it says.
fn octets(text: &str) -> Result<Vec<u8>> {
    let mut octets = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let inner = rest.strip_prefix('"').ok_or("a string in quotes is wanted")?;
        let (string, tail) = string(inner)?;
        let (count, tail) = match tail.strip_prefix('*') {
            None => (1, tail),
            Some(tail) => {
                let end = tail.find(|char: char| !char.is_ascii_digit()).unwrap_or(tail.len());
                (tail[..end].parse().map_err(|_| "a count is wanted behind *")?, &tail[end..])
            }
        };
        octets.extend(string.repeat(count));
        rest = tail.trim_start();
    }
    Ok(octets)
}

/// Up to the closing quote; gives the octets and what follows the quote.
fn string(text: &str) -> Result<(Vec<u8>, &str)> {
    let mut octets = Vec::new();
    let mut rest = text;
    loop {
        let (octet, tail) = match rest.as_bytes() {
            [b'"', ..] => return Ok((octets, &rest[1..])),
            [b'\\', b'r', ..] => (b'\r', 2),
            [b'\\', b'n', ..] => (b'\n', 2),
            [b'\\', b't', ..] => (b'\t', 2),
            [b'\\', quoted @ (b'\\' | b'"'), ..] => (*quoted, 2),
            [b'\\', b'x', ..] => {
                let digits = rest.get(2..4).ok_or("two digits are wanted behind \\x")?;
                (u8::from_str_radix(digits, 16).map_err(|_| "two digits are wanted behind \\x")?, 4)
            }
            [b'\\', ..] => return Err("an escape unknown here".into()),
            [octet, ..] => {
                octets.push(*octet);
                // Within a character of several octets there is no place to cut a `str`.
                let width = rest.chars().next().map_or(1, char::len_utf8);
                octets.extend(&rest.as_bytes()[1..width]);
                rest = &rest[width..];
                continue;
            }
            [] => return Err("a string without end".into()),
        };
        octets.push(octet);
        rest = &rest[tail..];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_a_session() {
        let text = "# What it shows.\nworld: plain\n\nS: 220 mx\nC: A\nC! \"B\\r\\n\"\nS: 250-x\nS: 250 y*\nS: 250 ...\n\
                    S+ SIZE *\nS- TLS\nM: line\nM! \"\\x00\"*2\n--- close\n";
        let transcript = transcript(text).unwrap();
        assert_eq!(transcript.world, Scene::Plain);
        let [greeting, second] = transcript.steps.as_slice() else { panic!("{transcript:?}") };
        assert_eq!(greeting.act, Act::Send(Vec::new()));
        assert_eq!((&second.act, second.line), (&Act::Send(b"A\r\nB\r\n".to_vec()), 5));
        let [Expect::Reply(one), Expect::Reply(two), Expect::Message(message), Expect::Close] = &second.expect[..]
        else {
            panic!("{second:?}")
        };
        assert_eq!(one.lines.as_deref(), Some(&["x".to_owned(), "y*".to_owned()][..]));
        assert_eq!(
            (two.lines.as_ref(), &two.with[..], &two.without[..]),
            (None, &["SIZE *".into()][..], &["TLS".into()][..])
        );
        assert_eq!(message, b"line\r\n\0\0");
    }

    #[test]
    fn reads_octets() {
        assert_eq!(octets(r#""a\"\\" "xy"*3 "\r\n\xffé""#).unwrap(), b"a\"\\xyxyxy\r\n\xff\xc3\xa9");
        for wrong in [r#""a"#, "a", r#""\q""#, r#""\x4""#, r#""a"*"#] {
            assert!(octets(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn refuses_what_makes_no_sense() {
        for wrong in [
            "S: 220 mx\n",
            "world: plain\n",
            "world: moon\nS: 220 mx\n",
            "world: plain\nC: A\nS: 220 mx\n",
            "world: plain\nS: 220 mx\nC: A\n",
            "world: plain\nS: 220-mx\nS: 221 mx\n",
            "world: plain\nS: 220-mx\n",
            "world: plain\nS: 220 mx\nS:250 x\n",
            "world: plain\nS: 220 mx\n--- dance\n",
            "world: plain\nS: 220 mx\nM: x\n",
        ] {
            assert!(transcript(wrong).is_err(), "{wrong}");
        }
    }
}
