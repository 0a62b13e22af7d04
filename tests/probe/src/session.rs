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
#[cfg(feature = "all")]
pub fn hide<T>(value: T) {
    black_box(value);
}

/// What an appliance does with octets and texts: calls something of its own.
#[inline(never)]
fn take(octets: &[u8]) {
    black_box(octets);
}

/// What an appliance decides by: something of its own.
#[inline(never)]
fn chance() -> u32 {
    black_box(0)
}

pub fn run(mut input: &[u8]) {
    let mut session = Session::<512, 1024>::new(black_box(&CONFIG), Peer::PLAIN);
    loop {
        match session.advance(Instant::from_millis(chance().into()), &mut input) {
            Step::Recv { deadline } => {
                if deadline.as_millis() == u64::from(chance()) {
                    session.eof();
                }
                input = black_box(&[0; 64]);
            }
            Step::Send => {
                take(session.output());
                session.consume_output(chance() as usize);
            }
            Step::Request => {
                if let Some(request) = session.request() {
                    answer(request);
                }
            }
            Step::Content(octets) => take(octets),
            Step::Aborted(_) => take(&[]),
            Step::StartTls => handshake(&mut session),
            Step::Closed => break,
        }
        if chance() == 1 {
            session.shutdown();
        }
        #[cfg(feature = "all")]
        {
            black_box((session.phase(), session.is_tls(), session.is_authenticated(), session.is_extended()));
            black_box((session.talked_early(), session.errors()));
        }
    }
}

/// An appliance that has no TLS offers none.
fn handshake(session: &mut Session<'_, 512, 1024>) {
    #[cfg(feature = "all")]
    let _ = session.tls_started(black_box(ehlo::Tls::default()));
    let _ = session.tls_failed();
}

fn text() -> &'static str {
    black_box("text")
}

fn answer(request: Request<'_>) {
    match request {
        Request::Connect(ask) => ask.answer.accept(),
        Request::Hello(ask) => {
            take(ask.command.name.as_bytes());
            ask.answer.accept();
        }
        Request::Auth(ask) => match ask.credentials {
            Credentials::Password { user, password, .. } => {
                take(user.as_bytes());
                take(password.expose());
                if chance() == 0 { ask.answer.accept() } else { ask.answer.refuse(&Reply::auth_failed()) }
            }
            other => more(other, ask.answer),
        },
        Request::Mail(ask) => {
            take(ask.command.reverse_path.as_str().as_bytes());
            #[cfg(feature = "all")]
            black_box(&ask.command);
            if chance() == 0 { ask.answer.accept() } else { ask.answer.refuse(&Reply::new(550, text()).enhanced(7, 1)) }
        }
        Request::Rcpt(ask) => {
            let address = ask.command.forward_path.as_str();
            take(address.as_bytes());
            #[cfg(feature = "all")]
            match chance() {
                3 => return ask.answer.duplicate(),
                4 => return ask.answer.will_forward(black_box(&ask.command).forward_path.as_str()),
                5 => return ask.answer.defer(),
                _ => {}
            }
            if chance() == 0 { ask.answer.accept() } else { ask.answer.refuse(&Reply::invalid_user(address)) }
        }
        Request::Data(ask) => ask.answer.accept(),
        Request::Message(ask) => {
            #[cfg(feature = "all")]
            match black_box((ask.size, ask.recipient)) {
                (0, _) => return ask.answer.accept_as(text()),
                (1, _) => return drop(ask),
                _ => {}
            }
            if chance() == 0 { ask.answer.accept() } else { ask.answer.refuse(&Reply::out_of_memory()) }
        }
        #[cfg(feature = "all")]
        other => rare(other),
        // An appliance has no use for the others, which are refused by being dropped.
        #[cfg(not(feature = "all"))]
        _ => {}
    }
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
