//! Commands: whether they are offered, may stand where they stand, and are right; and what comes of those that open nothing.

use ehlo::{Abort, Extensions, Vrfy};

use super::{Awaits, Event, Greeted, Model, Said, Verdict};
use crate::arguments::{self, InForce, Wrong};
use crate::script::{Command, Line, Spoilt};
use crate::settings::{HELP_URL, HOSTNAME};

impl Model<'_> {
    /// `behind`: more input came with it.
    pub fn command(&mut self, line: &Line, behind: bool) {
        if self.is_over() {
            return;
        }
        (self.since, self.begun) = (None, false);
        let octets = line.octets();
        let text = octets.trim_ascii_end();
        match (line.spoilt, &line.command) {
            (_, Command::ClientHello) | (Spoilt::BareLf, _) => return self.turn_out("invalid-character"),
            (Spoilt::BareCr, _) => return self.refuse_line("invalid-character"),
            (_, Command::Http) => return self.turn_out("command-unrecognized"),
            _ => {}
        }
        if octets.len() > self.limit(&line.command).min(self.settings.line + 2) {
            self.refuse_line("line-too-long");
        } else if text.iter().any(u8::is_ascii_control) {
            self.refuse_line("invalid-character");
        } else if let Command::Unknown(word) = line.command {
            self.refuse(if word.is_ascii() { "command-unrecognized" } else { "invalid-character" });
        } else if !self.is_offered(&line.command) {
            self.refuse("command-not-implemented");
        } else if self.is_in_turn(&line.command, behind)
            && self.may_stand(&line.command)
            && self.may_idle(&line.command)
            && let Err(wrong) = self.carry_out(&line.command, behind)
        {
            self.fault(match wrong {
                Wrong::Syntax => Self::row("syntax-error-in-parameters", "", None),
                Wrong::Value => Self::row("parameter-not-implemented", "", None),
                // RFC 5321 4.1.1.11 has a code of its own.
                Wrong::Unknown => Said { code: 555, ..Self::row("parameter-not-implemented", "", None) },
                Wrong::NotAscii => Self::row("invalid-character", "", None),
            });
        }
    }

    /// What it would have been is not known: between chunks perhaps the next one, and no message can come of the others.
    fn refuse_line(&mut self, id: &str) {
        if self.transaction.as_ref().is_some_and(|it| it.chunks) {
            self.abort(vec![Abort::Chunk]);
        }
        self.refuse(id);
    }

    /// The longest line (RFC 5321 4.5.3.1.4), and what each extension adds to it.
    pub(super) fn limit(&self, command: &Command) -> usize {
        let in_force = self.in_force();
        let mail = [
            (Extensions::SIZE, 26),
            (Extensions::EIGHTBITMIME, 17),
            (Extensions::SMTPUTF8, 10),
            (Extensions::DSN, 100),
            (Extensions::DELIVERBY, 17),
            (Extensions::REQUIRETLS, 11),
            (Extensions::MT_PRIORITY, 15),
            (Extensions::FUTURERELEASE, 34),
            (Extensions::NO_SOLICITING, 1000),
        ];
        let adds = |extension, octets| if in_force.has(extension) { octets } else { 0 };
        512 + match command {
            Command::Mail(..) => {
                let auth = if in_force.auth { 500 } else { 0 };
                auth + mail.into_iter().map(|(extension, octets)| adds(extension, octets)).sum::<usize>()
            }
            Command::Rcpt(..) => adds(Extensions::DSN, 500),
            Command::Vrfy(_) | Command::Expn(_) => adds(Extensions::SMTPUTF8, 10),
            Command::Auth(..) if !self.settings.mechanisms.is_empty() => 12_288 - 512,
            _ => 0,
        }
    }

    /// What was offered to this client: nothing, where it said HELO.
    pub(super) fn in_force(&self) -> InForce {
        let settings = self.settings;
        if self.greeted != Greeted::Ehlo {
            return InForce { extensions: Extensions::NONE, auth: false, shortest_by: 0, longest_hold: 0 };
        }
        let mut extensions = settings.extensions;
        if !self.tls {
            extensions = extensions.without(Extensions::REQUIRETLS);
        }
        if !extensions.contains(Extensions::CHUNKING) {
            extensions = extensions.without(Extensions::BINARYMIME);
        }
        let auth = !settings.mechanisms.is_empty();
        InForce { extensions, auth, shortest_by: settings.shortest_by, longest_hold: settings.longest_hold }
    }

    pub(super) fn is_offered(&self, command: &Command) -> bool {
        let settings = self.settings;
        match command {
            Command::Ehlo(_) | Command::Helo(_) => !settings.lmtp,
            Command::Lhlo(_) => settings.lmtp,
            Command::Vrfy(_) => settings.vrfy != Vrfy::Off,
            Command::Expn(_) => settings.expn,
            Command::Auth(..) => !settings.mechanisms.is_empty(),
            Command::Starttls(_) => settings.starttls || self.tls,
            Command::Bdat(_) => settings.extensions.contains(Extensions::CHUNKING),
            Command::Etrn(_) => settings.extensions.contains(Extensions::ETRN),
            Command::Xclient(_) | Command::Xforward(_) => settings.trusted,
            Command::Turn => false,
            _ => true,
        }
    }

    /// RFC 2920 3.1, RFC 4954 4: these end a group.
    pub(super) fn is_in_turn(&mut self, command: &Command, behind: bool) -> bool {
        let ends_group = matches!(
            command,
            Command::Ehlo(_)
                | Command::Helo(_)
                | Command::Lhlo(_)
                | Command::Data(_)
                | Command::Auth(..)
                | Command::Xclient(_)
        );
        if !ends_group || !behind {
            return true;
        }
        self.early = true;
        if !self.settings.early_pipelining {
            self.turn_out("bad-sequence");
        }
        self.settings.early_pipelining
    }

    pub(super) fn may_stand(&mut self, command: &Command) -> bool {
        let (extended, greeted) = (self.greeted == Greeted::Ehlo, self.greeted != Greeted::No);
        let no_transaction = self.transaction.is_none();
        let (some, refused, chunks, binary) = self
            .transaction
            .as_ref()
            .map_or((false, false, false, false), |it| (it.taken > 0, it.refused, it.chunks, it.binary));
        let first = |message: bool| match () {
            () if no_transaction => Some("mail-first"),
            () if some || !message => None,
            () if refused => Some("no-valid-recipients"),
            () => Some("rcpt-first"),
        };
        let refusal = match command {
            Command::Quit(_) => None,
            _ if self.turned_away => Some("bad-sequence"),
            Command::Auth(..) => (!extended || self.authenticated || !no_transaction).then_some("bad-sequence"),
            Command::Starttls(_) => (!extended || self.tls).then_some("bad-sequence"),
            Command::Mail(..) => (!greeted || !no_transaction).then_some("bad-sequence"),
            // RFC 3030 2: once BDAT has begun, only BDAT goes on.
            Command::Rcpt(..) | Command::Data(_) if chunks => Some("bad-sequence"),
            Command::Rcpt(..) => first(false),
            // RFC 3030 3.
            Command::Data(_) if binary => Some("bad-sequence"),
            Command::Data(_) => first(true),
            // It is an extension: HELO offers none.
            Command::Bdat(_) if !extended => Some("bad-sequence"),
            Command::Bdat(_) => first(true),
            Command::Xclient(_) => (!no_transaction).then_some("bad-sequence"),
            _ => None,
        };
        let Some(id) = refusal else { return true };
        self.refuse(id);
        // A refused chunk comes all the same.
        if let Command::Bdat(arguments) = command
            && let Ok((size, _)) = arguments::bdat(arguments)
        {
            self.waste(size);
        }
        false
    }

    pub(super) fn waste(&mut self, size: usize) {
        if size > 0 && self.awaits != Awaits::Nothing {
            self.awaits = Awaits::Waste(size);
            self.block = 0;
        }
    }

    /// Commands that move nothing are counted; past the limit each is an error besides.
    pub(super) fn may_idle(&mut self, command: &Command) -> bool {
        let moves = matches!(
            command,
            Command::Mail(..)
                | Command::Rcpt(..)
                | Command::Data(_)
                | Command::Bdat(_)
                | Command::Auth(..)
                | Command::Starttls(_)
                | Command::Quit(_)
        );
        moves || self.count_idle()
    }

    pub(super) fn count_idle(&mut self) -> bool {
        self.idle += 1;
        self.idle <= self.settings.idle_commands || self.count_error()
    }

    pub(super) fn carry_out(&mut self, command: &Command, behind: bool) -> Result<(), Wrong> {
        let offers_utf8 = self.in_force().has(Extensions::SMTPUTF8);
        match command {
            Command::Ehlo(name) | Command::Lhlo(name) => {
                arguments::hello(name)?;
                self.hello(name, Greeted::Ehlo);
            }
            Command::Helo(name) => {
                arguments::hello(name)?;
                self.hello(name, Greeted::Helo);
            }
            Command::Mail(path, parameters) => {
                let mail = arguments::mail(path, parameters, self.in_force())?;
                self.mail(mail);
            }
            Command::Rcpt(path, parameters) => {
                let utf8 = self.transaction.as_ref().is_some_and(|transaction| transaction.utf8);
                let shown = arguments::rcpt(path, parameters, utf8, self.in_force())?;
                self.rcpt(shown);
            }
            Command::Data(junk) => {
                arguments::text(junk, false)?;
                match self.ask("data".into()) {
                    Verdict::No(said) => self.obey_idle(said),
                    _ => {
                        self.say("start-mail-input");
                        self.awaits = Awaits::Message;
                        self.block = 0;
                    }
                }
            }
            Command::Bdat(text) => return self.bdat(text),
            Command::Rset(junk) => {
                arguments::text(junk, false)?;
                self.say("buffer-cleared");
                self.abort(vec![Abort::Reset]);
            }
            Command::Noop(text) => {
                arguments::text(text, true)?;
                self.say("ok");
            }
            Command::Quit(junk) => {
                arguments::text(junk, false)?;
                self.say("good-bye");
                self.close(Abort::Closed);
            }
            Command::Vrfy(text) => {
                let (what, _) = arguments::query(text, offers_utf8)?;
                if self.settings.vrfy != Vrfy::Answer {
                    self.say("cannot-vrfy");
                    return Ok(());
                }
                match self.ask(format!("verify {what}")) {
                    Verdict::Yes => self.put(Self::own(250, (1, 5), Some(what))),
                    Verdict::Otherwise => self.say("cannot-vrfy"),
                    Verdict::Forward => self.put(Self::row("will-forward", "<x@y>", None)),
                    Verdict::No(said) => self.obey(said),
                }
            }
            Command::Expn(text) => {
                let (what, _) = arguments::query(text, offers_utf8)?;
                match self.ask(format!("expand {what}")) {
                    Verdict::Yes | Verdict::Forward => self.put(Self::own(250, (1, 5), None)),
                    // An empty list.
                    Verdict::Otherwise => self.say("cannot-vrfy"),
                    Verdict::No(said) => self.obey(said),
                }
            }
            Command::Help(topic) => {
                arguments::text(topic, true)?;
                match self.ask(format!("help {topic}")) {
                    Verdict::Yes | Verdict::Forward if self.settings.help => {
                        self.put(Self::row("help", HELP_URL, None))
                    }
                    Verdict::Yes | Verdict::Forward => self.say("command-not-implemented"),
                    Verdict::Otherwise => self.put(Self::own(214, (0, 0), Some("Help"))),
                    Verdict::No(said) => self.obey(said),
                }
            }
            Command::Auth(mechanism, initial, third) => return self.auth(mechanism, initial.as_ref(), *third),
            Command::Starttls(junk) => {
                arguments::text(junk, false)?;
                // RFC 3207 4.2: what came behind it is not read.
                self.early |= behind;
                self.put(Self::own(220, (0, 0), None));
                self.abort(vec![Abort::Reset]);
                self.events.push(Event::StartTls);
                self.awaits = Awaits::Handshake;
            }
            Command::Etrn(node) => {
                arguments::etrn(node)?;
                match self.ask(format!("etrn {}", node.trim_start_matches(['@', '#']))) {
                    Verdict::No(said) => self.obey(said),
                    _ => self.put(Self::own(250, (0, 0), None)),
                }
            }
            Command::Xclient(text) => {
                arguments::attributes(text)?;
                match self.ask(format!("xclient {text}")) {
                    Verdict::No(said) => self.obey(said),
                    _ => {
                        // The session starts over, greeting and all.
                        (self.greeted, self.authenticated) = (Greeted::No, false);
                        self.awaits = Awaits::Greeting;
                        self.greet(behind);
                    }
                }
            }
            Command::Xforward(text) => {
                arguments::attributes(text)?;
                match self.ask(format!("xforward {text}")) {
                    Verdict::No(said) => self.obey(said),
                    _ => self.say("ok"),
                }
            }
            Command::Turn | Command::Unknown(_) | Command::Http | Command::ClientHello => unreachable!(),
        }
        Ok(())
    }

    pub(super) fn hello(&mut self, name: &str, greeted: Greeted) {
        match self.ask(format!("hello {name}")) {
            Verdict::No(said) => self.obey(said),
            _ => {
                self.greeted = greeted;
                let keywords = (greeted == Greeted::Ehlo).then(|| self.keywords());
                self.put(Said { id: None, code: 250, enhanced: None, text: Some(HOSTNAME.into()), keywords });
                // RFC 5321 4.1.4: as if RSET had been said.
                self.abort(vec![Abort::Reset]);
            }
        }
    }

    /// What EHLO tells, each line.
    pub(super) fn keywords(&self) -> Vec<String> {
        let settings = self.settings;
        let with = |keyword: &str, value: &str| format!("{keyword} {value}").trim_end().to_owned();
        let number = |number: u32| if number == 0 { String::new() } else { number.to_string() };
        let told: [(Extensions, String); 15] = [
            (Extensions::PIPELINING, "PIPELINING".into()),
            (Extensions::SIZE, format!("SIZE {}", settings.message_size)),
            (Extensions::EIGHTBITMIME, "8BITMIME".into()),
            (Extensions::SMTPUTF8, "SMTPUTF8".into()),
            (Extensions::ENHANCEDSTATUSCODES, "ENHANCEDSTATUSCODES".into()),
            (Extensions::CHUNKING, "CHUNKING".into()),
            (Extensions::BINARYMIME, "BINARYMIME".into()),
            (Extensions::DSN, "DSN".into()),
            (Extensions::ETRN, "ETRN".into()),
            (Extensions::LIMITS, format!("LIMITS RCPTMAX={} MAILMAX={}", settings.recipients, settings.transactions)),
            (Extensions::DELIVERBY, with("DELIVERBY", &number(settings.shortest_by))),
            (Extensions::FUTURERELEASE, format!("FUTURERELEASE {}", settings.longest_hold)),
            (Extensions::MT_PRIORITY, with("MT-PRIORITY", settings.priority_profile)),
            (Extensions::NO_SOLICITING, with("NO-SOLICITING", settings.solicitations)),
            (Extensions::REQUIRETLS, "REQUIRETLS".into()),
        ];
        let in_force = self.in_force();
        let mut keywords: Vec<String> = told.into_iter().filter(|one| in_force.has(one.0)).map(|one| one.1).collect();
        if settings.starttls && !self.tls {
            keywords.push("STARTTLS".into());
        }
        let usable: Vec<&str> =
            settings.mechanisms.iter().filter(|one| self.objection(**one).is_none()).map(|one| one.name()).collect();
        if !usable.is_empty() {
            keywords.push(format!("AUTH {}", usable.join(" ")));
        }
        if settings.trusted {
            keywords.push("XCLIENT NAME ADDR PORT PROTO HELO LOGIN DESTADDR DESTPORT".into());
            keywords.push("XFORWARD NAME ADDR PORT PROTO HELO IDENT SOURCE".into());
        }
        keywords.sort();
        keywords
    }
}
