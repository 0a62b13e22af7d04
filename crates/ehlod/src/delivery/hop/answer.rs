//! What a next hop answered, as it is told to the client.

use ehlo::Reply;
use smtp_proto::Response;
use std::fmt;

/// The most characters of a next hop's text that are passed on.
const LONGEST: usize = 400;

/// A refusal that can be passed on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    code: u16,
    enhanced: Option<(u16, u16)>,
    text: String,
}

/// Why a next hop did not take a message, or a recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HopError {
    /// It says no, or must not be asked.
    Refused(Answer),
    /// It is out of reach, broke off, or made no sense.
    Broken(String),
}

impl Answer {
    /// A refusal of this server's own, since the next hop cannot do what the message asks for.
    pub(super) fn unable(code: u16, enhanced: (u16, u16), text: &str) -> HopError {
        HopError::Refused(Self { code, enhanced: Some(enhanced), text: text.to_owned() })
    }

    /// The reply to the client.
    #[must_use]
    pub fn reply(&self) -> Reply<'_> {
        let reply = Reply::new(self.code, &self.text);
        match self.enhanced {
            Some((subject, detail)) => reply.enhanced(subject, detail),
            None => reply,
        }
    }
}

impl From<Response<String>> for HopError {
    /// What is not a refusal makes no sense where one was expected. The 421 that ends the connection to the next hop does not end the
    /// client's.
    fn from(response: Response<String>) -> Self {
        let code = match response.code {
            421 => 451,
            code @ 400..=599 => code,
            code => return Self::Broken(format!("it answered {code}, which makes no sense here")),
        };
        let [class, subject, detail] = response.esc;
        let enhanced = matches!(class, 4 | 5).then(|| (u16::from(subject), u16::from(detail)));
        let printable = |c: char| if c.is_ascii_graphic() || c == ' ' { c } else { ' ' };
        let text: String = response.message.trim().chars().map(printable).take(LONGEST).collect();
        Self::Refused(Answer { code, enhanced, text })
    }
}

impl From<mail_send::Error> for HopError {
    fn from(error: mail_send::Error) -> Self {
        match error {
            mail_send::Error::UnexpectedReply(response) => response.into(),
            error => Self::Broken(error.to_string()),
        }
    }
}

impl From<std::io::Error> for HopError {
    fn from(error: std::io::Error) -> Self {
        Self::Broken(error.to_string())
    }
}

impl fmt::Display for HopError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(answer) => write!(f, "{} {}", answer.code, answer.text),
            Self::Broken(what) => f.write_str(what),
        }
    }
}

impl std::error::Error for HopError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(code: u16, esc: [u8; 3], message: &str) -> HopError {
        Response { code, esc, message: message.to_owned() }.into()
    }

    #[test]
    fn refusals_are_passed_on_in_one_printable_line() {
        let HopError::Refused(answer) = told(552, [5, 2, 2], "over quota\nreally\u{7}\u{e9}") else { panic!() };
        let reply = answer.reply();
        assert_eq!((reply.code(), reply.enhanced_code().unwrap().to_string()), (552, "5.2.2".to_owned()));
        assert_eq!(answer.text, "over quota really  ");
        let HopError::Refused(answer) = told(450, [0, 0, 0], &"x".repeat(5000)) else { panic!() };
        assert_eq!((answer.reply().enhanced_code(), answer.text.len()), (None, LONGEST));
    }

    #[test]
    fn the_end_of_its_connection_is_not_the_end_of_the_clients() {
        let HopError::Refused(answer) = told(421, [4, 3, 2], "shutting down") else { panic!() };
        assert_eq!(answer.reply().code(), 451);
    }

    #[test]
    fn what_is_no_refusal_is_not_passed_on() {
        for code in [0, 199, 250, 354, 600, 999] {
            assert!(matches!(told(code, [2, 0, 0], "ok"), HopError::Broken(_)), "{code}");
        }
    }
}
