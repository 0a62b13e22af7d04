//! What is asked, and how the answers are to be read.

/// What is counted. All figures are kept as nanoseconds a piece.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Unit {
    /// Nanoseconds a piece; less is better.
    Nanos(&'static str),
    /// Gigabytes a second; more is better.
    Gigabytes,
    /// Thousand pieces a second; more is better.
    Thousands(&'static str),
}

impl Unit {
    pub(crate) fn name(self) -> String {
        match self {
            Self::Nanos(piece) => format!("ns {piece}, less is better"),
            Self::Gigabytes => "GB/s, more is better".to_string(),
            Self::Thousands(pieces) => format!("thousand {pieces} a second, more is better"),
        }
    }

    /// The figure in this unit.
    pub(crate) fn of(self, nanos: f64) -> f64 {
        match self {
            Self::Nanos(_) => nanos,
            Self::Gigabytes => 1.0 / nanos,
            Self::Thousands(_) => 1e6 / nanos,
        }
    }
}

/// A group of benchmarks.
pub(crate) struct Question {
    pub(crate) group: &'static str,
    pub(crate) title: &'static str,
    pub(crate) unit: Unit,
    /// The rows, in their order; one without a name where there is but one.
    pub(crate) of: &'static [&'static str],
    pub(crate) notes: &'static [&'static str],
}

/// The crates, in the order of the columns, and what they are measured against.
pub(crate) const NAMES: [&str; 8] =
    ["ehlo", "smtp-proto", "smtp-message", "smtp-codec", "mailin", "mailrs", "memcpy", "memchr"];

/// The one that the rest is about.
pub(crate) const OURS: &str = "ehlo";

const NO_SESSION: &str = "`smtp-proto`, `smtp-message` and `smtp-codec` have no session: a dozen lines of the benchmark answer for them, \
    and check neither the order of commands nor anything else.";

pub(crate) const QUESTIONS: &[Question] = &[
    Question {
        group: "session",
        title: "Whole sessions",
        unit: Unit::Thousands("sessions"),
        of: &[""],
        notes: &[
            "EHLO, MAIL, three RCPT, DATA with a message of twelve lines, RSET, NOOP, QUIT, in memory, replies written.",
            NO_SESSION,
            "`smtp-codec` has nothing for mail data.",
        ],
    },
    Question {
        group: "answer",
        title: "Commands, answered",
        unit: Unit::Nanos("a command"),
        of: &[""],
        notes: &[
            "EHLO, AUTH PLAIN with an initial response, MAIL with SIZE and BODY, three RCPT and DATA, by a session that has been greeted; RSET, NOOP \
             and QUIT, by one that has had a message. Sessions are made beforehand.",
            NO_SESSION,
            "`mailin` does not know SIZE, and is not given it. `smtp-message` does not know AUTH: it is given nine commands. `smtp-proto` \
             and `smtp-codec` leave the credentials of AUTH encoded.",
        ],
    },
    Question {
        group: "parse",
        title: "Commands, parsed",
        unit: Unit::Nanos("a command"),
        of: &[""],
        notes: &[
            "The same commands. `ehlo` and `mailin` parse within a session only: see above what both together take.",
            "`mailrs` and `smtp-proto` let pass much that RFC 5321 does not: `mailrs` looks at no address.",
        ],
    },
    Question {
        group: "content",
        title: "Mail data",
        unit: Unit::Gigabytes,
        of: &[
            "text, 1 KiB",
            "text, 64 KiB",
            "text, 1 MiB",
            "text, 64 MiB",
            "base64, 1 KiB",
            "base64, 1 MiB",
            "base64, 64 MiB",
            "dots, 1 MiB",
            "empty lines, 1 MiB",
            "cut line ends, 1 MiB",
            "bare CR, 1 MiB",
            "octet by octet, 16 KiB",
        ],
        notes: &[
            "From the first octet to where the end is found; the answer to the message is not in it. In pieces of 16 KiB but for the last row. Text is of 76 columns, with a stuffed dot in one line of a hundred; dots are lines of \
             `..` alone; in \"cut line ends\" each piece ends with the CR of a CRLF, in \"bare CR\" each begins and ends with one that has no LF.",
            "Only `ehlo` checks line endings: after the first bare CR it refuses the message, and looks for its end alone. The others pass a bare CR on.",
            "`mailrs` searches the whole message anew after each piece, so that 64 MiB would take minutes: not run.",
            "Where `smtp-proto`, `smtp-message` and `mailrs` copy the content, `ehlo` and `mailin` hand on slices of the input.",
            "memcpy copies each piece into a buffer, memchr looks for an octet that is not there.",
        ],
    },
    Question {
        group: "header",
        title: "Mail data in the header section",
        unit: Unit::Gigabytes,
        of: &["text, 1 MiB"],
        notes: &["Where `ehlo` looks at the beginning of each line, for `Received` fields; no other crate does."],
    },
    Question {
        group: "chunks",
        title: "BDAT beside DATA",
        unit: Unit::Gigabytes,
        of: &["DATA", "BDAT"],
        notes: &[
            "1 MiB of base64, in chunks of 64 KiB by BDAT. `ehlo` checks line endings in both, `smtp-proto` in none: a chunk is a copy to it. \
             The other crates do not know BDAT.",
        ],
    },
    Question {
        group: "sasl",
        title: "Authentication",
        unit: Unit::Nanos("a session"),
        of: &["none", "PLAIN", "LOGIN", "SCRAM-SHA-256"],
        notes: &[
            "EHLO, AUTH, QUIT, and in the first row without AUTH. Of SCRAM it is the server's side, with the keys at hand: four runs of HMAC \
             and one hash. No other crate has SCRAM; those that are missing have no exchanges at all.",
        ],
    },
    Question {
        group: "addresses",
        title: "Addresses",
        unit: Unit::Nanos("an address"),
        of: &[""],
        notes: &[
            "Sixteen addresses as they stand in logs. `mailrs` looks for the at sign and at nothing else; `smtp-proto` looks at the local \
             part's and the domain's characters alike. `mailin` has no such function.",
        ],
    },
];
