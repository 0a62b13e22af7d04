//! A session: every step and every answer.

use core::hint::black_box;

use ehlo::{
    Config, Credentials, EarlyTalk, Extensions, Instant, Mechanism, Millis, Peer, Reply, Request, Session, Step,
};

/// As an appliance would have it; its values are the compiler's to guess.
static CONFIG: Config<'static> = Config::new("probe.example.net")
    .mechanisms(&[Mechanism::Plain, Mechanism::Login])
    .extensions(Extensions::ALL)
    .early_talk(EarlyTalk::Refuse(Millis::ZERO));

/// Does away with a value in a way that the compiler cannot see through.
pub fn hide<T>(value: T) {
    black_box(value);
}

pub fn run(mut input: &[u8]) {
    let mut session = black_box(Session::<512, 1024>::new(black_box(&CONFIG), Peer::PLAIN));
    loop {
        match session.advance(Instant::from_millis(black_box(0)), &mut input) {
            Step::Recv { deadline } => {
                black_box(deadline);
                input = black_box(input);
            }
            Step::Send => {
                let written = black_box(session.output()).len();
                session.consume_output(black_box(written));
            }
            Step::Request => {
                if let Some(request) = session.request() {
                    answer(request);
                }
            }
            Step::Content(octets) => hide(octets),
            Step::Aborted(why) => hide(why),
            Step::StartTls => {
                let _ = session.tls_started(black_box(ehlo::Tls::default()));
                let _ = session.tls_failed();
            }
            Step::Closed => break,
        }
        match black_box(0) {
            0 => session.eof(),
            1 => session.shutdown(),
            _ => {}
        }
        black_box((session.phase(), session.is_tls(), session.is_authenticated(), session.is_extended()));
        black_box((session.talked_early(), session.errors()));
    }
}

fn text() -> &'static str {
    black_box("text")
}

fn answer(request: Request<'_>) {
    let reply = black_box(Reply::new(550, text()).enhanced(7, 1));
    match request {
        Request::Connect(ask) => ask.answer.accept(),
        Request::Hello(ask) => {
            black_box(ask.command.name);
            ask.answer.accept();
        }
        Request::Auth(ask) => match ask.credentials {
            Credentials::Password { user, password, .. } => {
                black_box((user, password.expose()));
                if black_box(true) { ask.answer.accept() } else { ask.answer.refuse(&Reply::auth_failed()) }
            }
            other => more(other, ask.answer),
        },
        Request::Mail(ask) => {
            black_box(ask.command.reverse_path.as_str());
            black_box(&ask.command);
            if black_box(true) { ask.answer.accept() } else { ask.answer.refuse(&reply) }
        }
        Request::Rcpt(ask) => {
            let address = black_box(ask.command.forward_path.as_str());
            black_box(&ask.command);
            match black_box(0) {
                0 => ask.answer.accept(),
                1 => ask.answer.duplicate(),
                2 => ask.answer.will_forward(text()),
                3 => ask.answer.refuse(&Reply::invalid_user(address)),
                _ => ask.answer.defer(),
            }
        }
        Request::Data(ask) => ask.answer.accept(),
        Request::Message(ask) => {
            black_box((ask.size, ask.recipient));
            match black_box(0) {
                0 => ask.answer.accept(),
                1 => ask.answer.accept_as(text()),
                2 => ask.answer.refuse(&Reply::message_too_big()),
                _ => drop(ask),
            }
        }
        other => rare(other),
    }
}

/// What an appliance has no use for.
#[cfg(not(feature = "all"))]
fn rare(request: Request<'_>) {
    drop(request);
}

#[cfg(not(feature = "all"))]
fn more(_: Credentials<'_>, answer: ehlo::AuthAnswer<'_>) {
    answer.refuse(&Reply::auth_failed());
}

#[cfg(feature = "all")]
fn rare(request: Request<'_>) {
    match request {
        Request::Verify(ask) => {
            black_box(ask.command.what);
            match black_box(0) {
                0 => ask.answer.accept(text()),
                1 => ask.answer.will_forward(text()),
                _ => ask.answer.ambiguous(),
            }
        }
        Request::Expand(ask) => {
            black_box(ask.command.what);
            ask.answer.accept(black_box([text(), text()]).into_iter());
        }
        Request::Help(ask) => {
            black_box(ask.topic);
            if black_box(true) { ask.answer.accept() } else { ask.answer.accept_with(text()) }
        }
        Request::Etrn(ask) => {
            black_box(ask.command);
            ask.answer.accept();
        }
        Request::Xclient(ask) => {
            for one in ask.command.iter() {
                black_box(one.name);
                one.value.decoded().for_each(hide);
            }
            ask.answer.accept();
        }
        Request::Xforward(ask) => {
            ask.command.iter().for_each(hide);
            ask.answer.accept();
        }
        other => drop(other),
    }
}

#[cfg(feature = "all")]
fn more(credentials: Credentials<'_>, answer: ehlo::AuthAnswer<'_>) {
    use ehlo::{ScramKeys, ServerSignature};

    match credentials {
        Credentials::CramMd5(cram) => {
            black_box(cram.user);
            if cram.matches(text().as_bytes()) { answer.accept() } else { drop(answer) }
        }
        Credentials::ScramUser { user, .. } => {
            black_box(user);
            answer.salt(text().as_bytes(), black_box(4096));
        }
        Credentials::ScramProof(proof) => {
            let key = black_box([0; 32]);
            let keys = ScramKeys { salt: text().as_bytes(), iterations: 4096, stored_key: &key, server_key: &key };
            match proof.verify(&keys) {
                Some(signature) => answer.signature(black_box(&signature)),
                None => drop(answer),
            }
            black_box(proof.octets());
            proof.auth_message(text().as_bytes(), black_box(1)).for_each(hide);
            hide(ServerSignature::new(proof.hash, text().as_bytes()));
        }
        other => {
            black_box((other, other.mechanism()));
            answer.accept();
        }
    }
}
