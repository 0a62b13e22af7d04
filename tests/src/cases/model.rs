//! What a case says.

use std::time::Duration;

use serde_json::Value;

use super::{HOPS, MESSAGE_SIZE};
use crate::Result;

/// One case.
#[derive(Debug, Clone)]
pub struct Case {
    /// Its name.
    pub id: String,
    /// What must hold for it to apply: `ext:SIZE`, `!ext:STARTTLS`, ...
    pub needs: Vec<String>,
    /// The steps: what the client does, and what must come back.
    pub steps: Vec<(Input, Vec<Expected>)>,
    /// The messages that must lie in the mailboxes afterwards, no more and no fewer.
    pub delivered: Option<Vec<Vec<u8>>>,
}

/// What the client does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// Sends octets.
    Send(Vec<u8>),
    /// Sends octets one a segment.
    Split(Vec<u8>),
    /// Does the TLS handshake.
    Tls,
    /// Closes the connection.
    Close,
    /// Waits.
    Sleep(Duration),
}

/// What must come back: one of the alternatives, so many times.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expected {
    /// Any of these will do.
    pub alternatives: Vec<Alternative>,
    /// This often.
    pub times: usize,
}

/// One thing that may come back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Alternative {
    /// A reply whose code fits, `x` standing for any digit.
    Code(String),
    /// A reply whose code fits, and none of whose lines holds the word.
    Without(String, String),
    /// The server closes.
    Close,
    /// No reply within a quarter of a second.
    Silence,
    /// Replies until 421 or close, bounded.
    Flood,
    /// No 2xx to any line, or closed.
    CrossProtocol,
    /// A TLS alert, or at least no success.
    TlsAlert,
}

/// Reads all cases of a file.
pub fn parse(text: &str) -> Result<Vec<Case>> {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines.map(|(index, line)| case(line).map_err(|why| format!("line {}: {why}", index + 1))).collect()
}

fn case(line: &str) -> Result<Case> {
    let json: Value = serde_json::from_str(line).map_err(|error| error.to_string())?;
    let inputs = list(&json["input"])?.iter().map(input).collect::<Result<Vec<_>>>()?;
    let expects = list(&json["expect"])?
        .iter()
        .map(|items| list(items)?.iter().map(|item| expected(string(item)?)).collect())
        .collect::<Result<Vec<_>>>()?;
    if inputs.len() != expects.len() {
        return Err("input and expect differ in length".into());
    }
    let needs = json.get("needs").map(list).transpose()?.unwrap_or_default();
    let delivered = json.get("delivered").map(list).transpose()?;
    Ok(Case {
        id: string(&json["id"])?.to_owned(),
        needs: needs.iter().map(|need| string(need).map(str::to_owned)).collect::<Result<_>>()?,
        steps: inputs.into_iter().zip(expects).collect(),
        delivered: delivered.map(|messages| messages.iter().map(octets).collect()).transpose()?,
    })
}

fn input(json: &Value) -> Result<Input> {
    let Some(action) = json.get("do") else {
        return Ok(Input::Send(octets(json)?));
    };
    match string(action)? {
        "tls" => Ok(Input::Tls),
        "close" => Ok(Input::Close),
        "split" => Ok(Input::Split(octets(&json["data"])?)),
        "sleep_ms" => match json["ms"].as_u64() {
            Some(ms) => Ok(Input::Sleep(Duration::from_millis(ms))),
            None => Err("sleep_ms without ms".into()),
        },
        other => Err(format!("an action unknown here: {other}")),
    }
}

/// A string, a repetition, or a list of these, as octets.
fn octets(json: &Value) -> Result<Vec<u8>> {
    match json {
        Value::String(text) => placeholder(text).map_or_else(|| latin1(text), Ok),
        Value::Array(parts) => Ok(parts.iter().map(octets).collect::<Result<Vec<_>>>()?.concat()),
        Value::Object(_) => {
            let count = json["n"].as_u64().and_then(|n| usize::try_from(n).ok());
            Ok(latin1(string(&json["rep"])?)?.repeat(count.ok_or("rep without n")?))
        }
        _ => Err(format!("not octets: {json}")),
    }
}

/// Each character as one octet.
fn latin1(text: &str) -> Result<Vec<u8>> {
    let octet = |char| u8::try_from(u32::from(char)).map_err(|_| format!("{char:?} is no octet"));
    text.chars().map(octet).collect()
}

/// What stands for a text that depends on how the server is set.
fn placeholder(text: &str) -> Option<Vec<u8>> {
    match text {
        "LIMIT+1 octets" => {
            let line = format!("{}\r\n", "x".repeat(76));
            let lines = MESSAGE_SIZE / line.len() + 1;
            Some(format!("Subject: too big\r\n\r\n{}", line.repeat(lines)).into_bytes())
        }
        // What the server is set to refuse once it has seen it all: a message that loops.
        "REJECT-AT-EOD" => {
            let hops = "Received: from a.example by b.example; Mon, 1 Jan 2024 00:00:00 +0000\r\n";
            Some(format!("{}Subject: loop\r\n\r\nx\r\n.\r\n", hops.repeat(HOPS + 5)).into_bytes())
        }
        _ => None,
    }
}

fn expected(text: &str) -> Result<Expected> {
    let (text, times) = match text.split_once('*') {
        Some((text, times)) => (text, times.parse().map_err(|_| format!("{times:?} is no count"))?),
        None => (text, 1),
    };
    Ok(Expected { alternatives: text.split('|').map(alternative).collect::<Result<_>>()?, times })
}

fn alternative(text: &str) -> Result<Alternative> {
    let code = |text: &str| match text.as_bytes() {
        [b'1'..=b'5', b'0'..=b'9' | b'x', b'0'..=b'9' | b'x'] => Ok(text.to_owned()),
        _ => Err(format!("an expectation unknown here: {text}")),
    };
    Ok(match text {
        "close" => Alternative::Close,
        "none" => Alternative::Silence,
        "flood" => Alternative::Flood,
        "crossproto" => Alternative::CrossProtocol,
        "tlsalert" => Alternative::TlsAlert,
        _ => match text.split_once('!') {
            Some((text, word)) => Alternative::Without(code(text)?, word.to_owned()),
            None => Alternative::Code(code(text)?),
        },
    })
}

fn list(json: &Value) -> Result<&[Value]> {
    json.as_array().map(Vec::as_slice).ok_or_else(|| format!("not a list: {json}"))
}

fn string(json: &Value) -> Result<&str> {
    json.as_str().ok_or_else(|| format!("not a string: {json}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_inputs_and_expectations() {
        let line = r#"{"id": "x", "needs": ["ext:SIZE"], "delivered": ["é"],
            "input": ["", ["a", {"rep": "b\u00ff", "n": 2}], {"do": "sleep_ms", "ms": 5}],
            "expect": [["220"], ["250!STARTTLS", "5xx|close"], ["250*100", "none"]]}"#;
        let case = case(line).unwrap();
        assert_eq!(case.steps[1].0, Input::Send(b"ab\xffb\xff".to_vec()));
        assert_eq!(case.steps[2].0, Input::Sleep(Duration::from_millis(5)));
        assert_eq!(case.steps[1].1[0].alternatives, [Alternative::Without("250".into(), "STARTTLS".into())]);
        assert_eq!(case.steps[1].1[1].alternatives, [Alternative::Code("5xx".into()), Alternative::Close]);
        assert_eq!(case.steps[2].1[0].times, 100);
        assert_eq!(case.delivered.unwrap(), [b"\xe9"]);
    }

    #[test]
    fn refuses_what_it_does_not_know() {
        assert!(alternative("perhaps").is_err() && alternative("25").is_err());
        assert!(input(&serde_json::json!({"do": "dance"})).is_err());
        assert!(octets(&serde_json::json!("\u{20ac}")).is_err());
    }
}
