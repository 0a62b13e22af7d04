//! The caller of a session: it does what each step says, and notes what happens in the model's terms.

use std::collections::VecDeque;

use ehlo::{
    Body, ByMode, Config, Credentials, Hold, Instant, Mail, Peer, Rcpt, Reply, Request, Ret, Session, Step, Tls,
};

use crate::decision::{Answer, Decision};
use crate::model::Event;

pub struct Caller<'c, const LINE: usize> {
    pub session: Session<'c, LINE, 1024>,
    decisions: VecDeque<Decision>,
    /// The next decision was left pending once already.
    deferred: bool,
    write: usize,
    pub now: u64,
    pub said: Vec<u8>,
    pub events: Vec<Event>,
    /// Content of the message that is coming in.
    content: Vec<u8>,
    pub deadline: Option<u64>,
    pub closed: bool,
}

impl<'c, const LINE: usize> Caller<'c, LINE> {
    pub fn new(config: &'c Config<'c>, peer: Peer, decisions: &[Decision], write: usize, now: u64) -> Self {
        Self {
            session: Session::new(config, peer),
            decisions: decisions.iter().copied().collect(),
            deferred: false,
            write,
            now,
            said: Vec::new(),
            events: Vec::new(),
            content: Vec::new(),
            deadline: None,
            closed: false,
        }
    }

    /// Gives the session input, and goes on until it wants more.
    pub fn feed(&mut self, mut input: &[u8]) {
        while !self.closed {
            self.deadline = None;
            match self.session.advance(Instant::from_millis(self.now), &mut input) {
                Step::Recv { deadline } => {
                    assert!(input.is_empty() && self.session.output().is_empty());
                    let connecting = self.session.phase() == ehlo::Phase::Connect;
                    if !connecting || deadline.as_millis() > self.now {
                        self.deadline = Some(deadline.as_millis());
                        return;
                    }
                }
                Step::Send => {
                    let output = self.session.output();
                    let written = output.len().min(self.write);
                    self.said.extend(&output[..written]);
                    self.session.consume_output(written);
                }
                Step::Request => self.decide(),
                Step::Content(octets) => self.content.extend(octets),
                Step::Aborted(reason) => {
                    self.content.clear();
                    self.events.push(Event::Aborted(vec![reason]));
                }
                Step::StartTls => {
                    self.note(Event::StartTls);
                    return;
                }
                Step::Closed => {
                    self.note(Event::Closed);
                    self.closed = true;
                }
            }
        }
    }

    fn note(&mut self, event: Event) {
        if self.events.last() != Some(&event) {
            self.events.push(event);
        }
    }

    pub fn handshake(&mut self, done: bool) {
        let due = if done { self.session.tls_started(Tls::default()) } else { self.session.tls_failed() };
        due.expect("a handshake is due");
        self.feed(b"");
    }

    fn decide(&mut self) {
        let request = self.session.request().expect("a request");
        let decision = self.decisions.front().copied().unwrap_or(Decision::ACCEPT);
        if !self.deferred {
            if let Request::Message(message) = &request
                && message.recipient.unwrap_or(0) == 0
            {
                assert_eq!(message.size, self.content.len() as u64);
                self.events.push(Event::Content(std::mem::take(&mut self.content)));
            }
            self.events.push(Event::Asked(describe(&request)));
            if let Some(delay) = decision.delay {
                self.deferred = true;
                self.now += u64::from(delay);
                return defer(request);
            }
        }
        self.deferred = false;
        self.decisions.pop_front();
        answer(request, decision.answer);
    }
}

/// Does the same with every request.
macro_rules! each {
    ($request:expr, $one:ident => $does:expr) => {
        match $request {
            Request::Connect($one) => $does,
            Request::Hello($one) => $does,
            Request::Auth($one) => $does,
            Request::Mail($one) => $does,
            Request::Rcpt($one) => $does,
            Request::Data($one) => $does,
            Request::Message($one) => $does,
            Request::Verify($one) => $does,
            Request::Expand($one) => $does,
            Request::Help($one) => $does,
            Request::Etrn($one) => $does,
            Request::Xclient($one) => $does,
            Request::Xforward($one) => $does,
            other => panic!("a new request: {other:?}"),
        }
    };
}

fn defer(request: Request<'_>) {
    each!(request, one => one.answer.defer());
}

fn answer(request: Request<'_>, answer: Answer) {
    match answer {
        Answer::Drop => drop(request),
        Answer::Refuse((code, (subject, detail), text)) => {
            let reply = Reply::new(code, text).enhanced(subject, detail);
            each!(request, one => one.answer.refuse(&reply));
        }
        Answer::Forward => match request {
            Request::Rcpt(request) => request.answer.will_forward("<x@y>"),
            Request::Verify(request) => request.answer.will_forward("<x@y>"),
            request => accept(request, false),
        },
        Answer::Accept | Answer::Otherwise => accept(request, answer == Answer::Otherwise),
    }
}

fn accept(request: Request<'_>, otherwise: bool) {
    match request {
        Request::Connect(request) => request.answer.accept(),
        Request::Hello(request) => request.answer.accept(),
        Request::Auth(request) => request.answer.accept(),
        Request::Mail(request) => request.answer.accept(),
        Request::Rcpt(request) if otherwise => request.answer.duplicate(),
        Request::Rcpt(request) => request.answer.accept(),
        Request::Data(request) => request.answer.accept(),
        Request::Message(request) if otherwise => request.answer.accept_as("Ok queued as 1"),
        Request::Message(request) => request.answer.accept(),
        Request::Verify(request) if otherwise => request.answer.ambiguous(),
        Request::Verify(request) => request.answer.accept(request.command.what),
        Request::Expand(request) if otherwise => request.answer.accept([].into_iter()),
        Request::Expand(request) => request.answer.accept(["<a@b>", "<c@d>"].into_iter()),
        Request::Help(request) if otherwise => request.answer.accept_with("Help"),
        Request::Help(request) => request.answer.accept(),
        Request::Etrn(request) => request.answer.accept(),
        Request::Xclient(request) => request.answer.accept(),
        Request::Xforward(request) => request.answer.accept(),
        other => panic!("a new request: {other:?}"),
    }
}

fn describe(request: &Request<'_>) -> String {
    match request {
        Request::Connect(_) => "connect".into(),
        Request::Hello(request) => format!("hello {}", request.command.name),
        Request::Auth(request) => match request.credentials {
            Credentials::Password { mechanism, authorization, user, password, .. } => {
                format!("auth {mechanism} {authorization}/{user}/{}", String::from_utf8_lossy(password.expose()))
            }
            #[cfg(feature = "mechanisms")]
            Credentials::Anonymous { trace } => format!("auth ANONYMOUS {trace}"),
            other => panic!("other credentials: {other:?}"),
        },
        Request::Mail(request) => mail(&request.command),
        Request::Rcpt(request) => rcpt(&request.command),
        Request::Data(_) => "data".into(),
        Request::Message(request) => match request.recipient {
            Some(recipient) => format!("message {} for {recipient}", request.size),
            None => format!("message {}", request.size),
        },
        Request::Verify(request) => format!("verify {}", request.command.what),
        Request::Expand(request) => format!("expand {}", request.command.what),
        Request::Help(request) => format!("help {}", request.topic),
        Request::Etrn(request) => format!("etrn {}", request.command.node),
        Request::Xclient(request) => format!("xclient {}", attributes(&request.command)),
        Request::Xforward(request) => format!("xforward {}", attributes(&request.command)),
        other => panic!("a new request: {other:?}"),
    }
}

fn attributes(attributes: &ehlo::Attributes<'_>) -> String {
    let all = attributes.iter().map(|one| format!("{}={}", one.name, one.value.encoded()));
    all.collect::<Vec<_>>().join(" ")
}

/// A command with its parameters in the order of their names.
fn shown(verb: &str, path: &str, parameters: Vec<Option<String>>) -> String {
    let parameters: Vec<String> = parameters.into_iter().flatten().collect();
    format!("{verb} <{path}> {}", parameters.join(" ")).trim_end().into()
}

fn mail(mail: &Mail<'_>) -> String {
    let body = mail.body.map(|body| match body {
        Body::SevenBit => "BODY=7BIT".into(),
        Body::EightBitMime => "BODY=8BITMIME".into(),
        Body::BinaryMime => "BODY=BINARYMIME".into(),
        other => panic!("another body: {other:?}"),
    });
    let by = mail.deliver_by.map(|by| {
        let mode = if by.mode == ByMode::Return { "R" } else { "N" };
        format!("BY={};{mode}{}", by.seconds, if by.trace { "T" } else { "" })
    });
    let hold = mail.hold.map(|hold| match hold {
        Hold::For(seconds) => format!("HOLDFOR={seconds}"),
        Hold::Until(time) => format!("HOLDUNTIL={time}"),
    });
    let ret = mail.ret.map(|ret| if ret == Ret::Full { "RET=FULL".into() } else { "RET=HDRS".into() });
    let parameters = vec![
        mail.auth.map(|auth| format!("AUTH={}", auth.encoded())),
        body,
        by,
        mail.envid.map(|envid| format!("ENVID={}", envid.encoded())),
        hold,
        mail.priority.map(|priority| format!("MT-PRIORITY={priority}")),
        mail.require_tls.then(|| "REQUIRETLS".into()),
        ret,
        mail.size.map(|size| format!("SIZE={size}")),
        mail.smtputf8.then(|| "SMTPUTF8".into()),
        mail.solicit.map(|solicit| format!("SOLICIT={solicit}")),
    ];
    shown("mail", mail.reverse_path.as_str(), parameters)
}

fn rcpt(rcpt: &Rcpt<'_>) -> String {
    let notify = rcpt.notify.map(|notify| {
        let all = [(notify.success, "SUCCESS"), (notify.failure, "FAILURE"), (notify.delay, "DELAY")];
        let some: Vec<&str> = all.into_iter().filter(|one| one.0).map(|one| one.1).collect();
        format!("NOTIFY={}", if some.is_empty() { "NEVER".into() } else { some.join(",") })
    });
    let orcpt = rcpt.orcpt.map(|orcpt| format!("ORCPT={};{}", orcpt.address_type, orcpt.address.encoded()));
    shown("rcpt", rcpt.forward_path.as_str(), vec![notify, orcpt])
}
