//! What the core offers beside the session: addresses, settings, replies, names.

use core::fmt::{self, Write};
use core::hint::black_box;

use crate::session::hide;
use ehlo::{
    AddressError, ApiMisuse, CATALOGUE, Config, Domain, EarlyTalk, Enhanced, Extensions, Instant, LineEndings, Mailbox,
    Mechanism, Millis, Mode, Peer, Phase, Reply, Session, Tls, Tolerance, UnknownMechanism, Vrfy, Xtext,
};

/// A writer that may fail.
struct Sink;

impl Write for Sink {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        black_box(text);
        black_box(Ok(()))
    }
}

fn show(what: &dyn fmt::Display) {
    let _ = black_box(write!(Sink, "{what}"));
}

pub fn run(input: &[u8]) {
    let text = core::str::from_utf8(black_box(input)).unwrap_or_default();
    addresses(text);
    replies(text);
    settings(text);
    show(&black_box(AddressError));
    show(&black_box(ApiMisuse));
    show(&black_box(UnknownMechanism));
}

fn addresses(text: &str) {
    if let Ok(mailbox) = Mailbox::parse(text) {
        black_box((mailbox.as_str(), mailbox.local_part(), mailbox.domain_str(), mailbox.domain()));
        mailbox.unquoted().for_each(hide);
        show(&mailbox);
    }
    hide(Domain::parse(text));
    if let Some(xtext) = Xtext::parse(text) {
        black_box(xtext.encoded());
        xtext.decoded().for_each(hide);
    }
}

fn replies(text: &str) {
    let reply = black_box(Reply::new(black_box(550), text).enhanced(black_box(7), 1).with_code(black_box(451)));
    black_box((reply.code(), reply.is_positive(), reply.is_permanent(), reply.enhanced_code()));
    show(&black_box(Enhanced { class: 5, subject: 7, detail: 1 }));
    for row in CATALOGUE {
        black_box((row.id, row.code, row.enhanced, row.text, row.stages));
        row.stages.iter().for_each(|stage| hide(stage.name()));
    }
    black_box(Reply::greylisted(text, black_box(5)));
}

fn settings(text: &str) {
    let config = Config::new(text)
        .mode(black_box(Mode::Lmtp))
        .extensions(black_box(Extensions::ALL).without(black_box(Extensions::DSN)).with(Extensions::SIZE))
        .mechanisms(black_box(Mechanism::ALL))
        .auth_minimum(black_box(Mechanism::ScramSha1))
        .tls_server_end_point(text.as_bytes())
        .help_url(text)
        .starttls(black_box(true))
        .require_auth(black_box(true))
        .plaintext_auth(black_box(true))
        .line_endings(black_box(LineEndings::Lenient))
        .early_talk(black_box(EarlyTalk::Allow))
        .early_pipelining(black_box(Tolerance::Allow))
        .vrfy(black_box(Vrfy::Answer))
        .expn(black_box(true))
        .message_size(black_box(1))
        .command_timeout(black_box(Millis::from_mins(1)))
        .data_timeout(black_box(Millis::from_secs(1)))
        .session_timeout(black_box(Millis::from_millis(1)));
    let peer = Peer::tls(black_box(Tls::default())).lenient().trusted().nonce(black_box([0; 18]));
    let mut session = Session::<4096, 2048>::new(black_box(&config), black_box(peer));
    let mut input = black_box(text.as_bytes());
    hide(session.advance(black_box(Instant::from_millis(1)), &mut input));
    black_box((config.wants_nonce(), black_box(Phase::Rcpt).in_transaction()));
    let instant = black_box(Instant::from_millis(7));
    black_box((instant.as_millis(), instant.after(black_box(Millis::ZERO)), instant.millis_from(black_box(instant))));
    if let Ok(mechanism) = text.parse::<Mechanism>() {
        show(&mechanism);
        black_box((mechanism.name(), mechanism.shows_password(), mechanism.binds_channel(), mechanism.needs_nonce()));
        black_box((mechanism.is_weaker_than(Mechanism::Plain), mechanism.scram().map(ehlo::ScramHash::octets)));
    }
}
