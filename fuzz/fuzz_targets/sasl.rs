//! Exchanges of every mechanism, with an application that knows one user, and a client that may know the password too.
//!
//! The first octet of the input chooses what the server can do, the second how the octets are cut. The rest are lines, parted by
//! 0xFF. A line that begins an exchange names the mechanism by its first octet; what follows is the initial response, if there is
//! anything. The further ones are responses, by their first octet:
//!
//! | | |
//! | --- | --- |
//! | `f` `p` `e` | the right first response, the right second one, an empty one |
//! | `r` | what follows, as it stands |
//! | `m` | the right response, in which the octets that follow have been put over its own from the place that the first of them says |
//! | other | the line, in base64 |
#![no_main]

#[path = "../../crates/ehlo/tests/common/mod.rs"]
mod common;

use std::cell::{Cell, RefCell};

use common::{Client, accept, base64, codes};
use ehlo::{
    AuthRequest, Config, Credentials, EarlyTalk, Mechanism, Peer, Reply, Request, ScramHash, ScramKeys, Tls, Tolerance,
};
use hmac::digest::Digest;
use hmac::digest::core_api::BlockSizeUser;
use hmac::{Mac, SimpleHmac};
use libfuzzer_sys::fuzz_target;
use md5::Md5;
use sha1::Sha1;
use sha2::Sha256;

static CONFIG: Config<'static> = Config::new("mx.example.net")
    .mechanisms(Mechanism::ALL)
    .early_talk(EarlyTalk::Allow)
    .early_pipelining(Tolerance::Allow)
    .errors(u16::MAX)
    .auth_failures(u16::MAX);

const PASSWORD: &[u8] = b"pencil";
const TOKEN: &[u8] = b"mF_9.B5f-4.1JqM";
const SALT: &[u8] = b"W22ZaJ0SNY7soEsUEjb6gQ";
const EXPORTER: [u8; 32] = [7; 32];
const END_POINT: &[u8] = &[9; 32];

fn hmac<D: Digest + BlockSizeUser>(key: &[u8], message: &[u8]) -> Vec<u8> {
    let mut mac = <SimpleHmac<D> as Mac>::new_from_slice(key).expect("a key of any length");
    mac.update(message);
    mac.finalize().into_bytes().to_vec()
}

/// What a client proves, and what the server keeps: ClientProof, StoredKey, ServerKey (RFC 5802 3), of one iteration.
fn scram_by<D: Digest + BlockSizeUser>(message: &[u8]) -> [Vec<u8>; 3] {
    let salted = hmac::<D>(PASSWORD, &[SALT, &[0, 0, 0, 1]].concat());
    let client_key = hmac::<D>(&salted, b"Client Key");
    let stored_key = D::digest(&client_key).to_vec();
    let signature = hmac::<D>(&stored_key, message);
    let proof = client_key.iter().zip(&signature).map(|(key, signature)| key ^ signature).collect();
    [proof, stored_key, hmac::<D>(&salted, b"Server Key")]
}

fn scram(hash: ScramHash, message: &[u8]) -> [Vec<u8>; 3] {
    match hash {
        ScramHash::Sha1 => scram_by::<Sha1>(message),
        ScramHash::Sha256 => scram_by::<Sha256>(message),
    }
}

/// Base64, strictly: what is right is what encoding gives again.
fn decode(text: &[u8]) -> Option<Vec<u8>> {
    let place = |letter: &u8| {
        b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".iter().position(|one| one == letter)
    };
    let digits = text.iter().take_while(|letter| **letter != b'=').map(place).collect::<Option<Vec<usize>>>()?;
    let bits: Vec<bool> = digits.iter().flat_map(|digit| (0..6).rev().map(move |at| digit >> at & 1 == 1)).collect();
    let octets: Vec<u8> =
        bits.chunks_exact(8).map(|bits| bits.iter().fold(0, |octet, bit| octet << 1 | u8::from(*bit))).collect();
    (base64(&octets).as_bytes() == text).then_some(octets)
}

/// What the client has said in this exchange, decoded.
#[derive(Default)]
struct Heard {
    messages: Vec<Vec<u8>>,
    /// The challenges.
    challenges: Vec<Vec<u8>>,
}

/// The right response, as far as the exchange has come.
fn right(mechanism: Mechanism, heard: &Heard) -> Vec<u8> {
    let challenge = heard.challenges.last().map(Vec::as_slice).unwrap_or_default();
    let binds = mechanism.binds_channel();
    match (mechanism, heard.messages.len()) {
        (Mechanism::Plain, _) => [b"\0user\0", PASSWORD].concat(),
        (Mechanism::Login, 0) => b"user".to_vec(),
        (Mechanism::Login, _) => PASSWORD.to_vec(),
        (Mechanism::CramMd5, _) => {
            let digest =
                hmac::<Md5>(PASSWORD, challenge).iter().map(|octet| format!("{octet:02x}")).collect::<String>();
            format!("user {digest}").into_bytes()
        }
        (Mechanism::Xoauth2, _) => [b"user=user\x01auth=Bearer ", TOKEN, b"\x01\x01"].concat(),
        (Mechanism::OauthBearer, _) => [b"n,a=user,\x01auth=Bearer ", TOKEN, b"\x01\x01"].concat(),
        (Mechanism::External, _) => Vec::new(),
        (Mechanism::Anonymous, _) => b"trace".to_vec(),
        (_, 0) if binds => b"p=tls-exporter,,n=user,r=fyko".to_vec(),
        (_, 0) => b"n,,n=user,r=fyko".to_vec(),
        (_, 1) => {
            let first = &heard.messages[0];
            // The header ends with the second comma.
            let header =
                first.iter().enumerate().filter(|(_, octet)| **octet == b',').nth(1).map_or(0, |(at, _)| at + 1);
            let (header, bare) = first.split_at(header);
            let bound: &[u8] = match () {
                () if header.starts_with(b"p=tls-exporter,") => &EXPORTER,
                () if header.starts_with(b"p=tls-server-end-point,") => END_POINT,
                () => b"",
            };
            let nonce = challenge.split(|octet| *octet == b',').next().unwrap_or_default();
            let last = [b"c=", base64(&[header, bound].concat()).as_bytes(), b",", nonce].concat();
            let message = [bare, b",", challenge, b",", &last].concat();
            let [proof, ..] = scram(mechanism.scram().expect("SCRAM"), &message);
            [&last[..], b",p=", base64(&proof).as_bytes()].concat()
        }
        _ => Vec::new(),
    }
}

/// The application: it knows `user`. What it is shown must be what was said. Whether it let somebody in.
fn decide(auth: AuthRequest<'_>, heard: &Heard) -> bool {
    let said = |at: usize| heard.messages.get(at).map(Vec::as_slice).unwrap_or_default();
    let text = |name: &str| name.replace('=', "=3D").replace(',', "=2C");
    let within = |whole: &[u8], part: &[u8]| part.is_empty() || whole.windows(part.len()).any(|window| window == part);
    let good = match auth.credentials {
        Credentials::Password { mechanism, authorization, user, password, .. } => {
            let password = password.expose();
            if mechanism == Mechanism::Plain {
                let whole = [authorization.as_bytes(), user.as_bytes(), password].join(&0);
                assert_eq!(said(0), whole);
            } else {
                assert_eq!((said(0), said(1), authorization), (user.as_bytes(), password, ""));
            }
            user == "user" && password == PASSWORD
        }
        Credentials::CramMd5(cram) => {
            assert_eq!(said(0), [cram.user.as_bytes(), b" ", cram.digest()].concat());
            assert!(cram.challenge().eq(heard.challenges[0].iter().copied()));
            cram.user == "user" && cram.matches(PASSWORD)
        }
        Credentials::ScramUser { user, authorization, .. } => {
            assert!(within(said(0), format!(",n={},r=", text(user)).as_bytes()));
            assert!(authorization.is_empty() || within(said(0), format!("a={},", text(authorization)).as_bytes()));
            auth.answer.salt(SALT, 1);
            return false;
        }
        Credentials::ScramProof(proof) => {
            let message: Vec<u8> = proof.auth_message(SALT, 1).collect();
            let [expected, stored_key, server_key] = scram(proof.hash, &message);
            let keys = ScramKeys { salt: SALT, iterations: 1, stored_key: &stored_key, server_key: &server_key };
            let signature = proof.verify(&keys);
            assert_eq!(signature.is_some(), proof.octets() == expected);
            let Some(signature) = signature.filter(|_| proof.user == "user") else {
                auth.answer.refuse(&Reply::auth_failed());
                return false;
            };
            auth.answer.signature(&signature);
            return false;
        }
        Credentials::Proven { user, mechanism, .. } => {
            assert_eq!(user, "user");
            // Both nonces are there, and the binding.
            let nonce = heard.challenges[heard.challenges.len() - 2].split(|octet| *octet == b',').next();
            assert!(within(said(1), nonce.expect("a nonce")));
            assert!(!mechanism.binds_channel() || said(0).starts_with(b"p=tls-"));
            true
        }
        Credentials::Bearer { user, token, host, .. } => {
            let token = token.expose();
            assert!(within(said(0), token) && within(said(0), host.as_bytes()));
            assert!(within(said(0), text(user).as_bytes()) || within(said(0), user.as_bytes()));
            token == TOKEN
        }
        Credentials::External { authorization } => {
            assert_eq!(said(0), authorization.as_bytes());
            true
        }
        Credentials::Anonymous { trace } => {
            assert_eq!(said(0), trace.as_bytes());
            true
        }
        other => panic!("new credentials: {other:?}"),
    };
    if good {
        auth.answer.accept();
    } else {
        auth.answer.refuse(&Reply::auth_failed());
    }
    good
}

/// A response as it is sent, and whether it is the right one.
fn response(line: &[u8], mechanism: Mechanism, heard: &Heard) -> (Vec<u8>, bool) {
    let encoded = |octets: &[u8]| base64(octets).into_bytes();
    let clean = |octets: &[u8]| octets.iter().copied().filter(|octet| !matches!(octet, b'\r' | b'\n')).collect();
    match line {
        [b'f' | b'p' | b'e'] => (encoded(&right(mechanism, heard)), true),
        [b'r', raw @ ..] => (clean(raw), false),
        [b'm', place, over @ ..] => {
            let mut octets = right(mechanism, heard);
            octets.iter_mut().skip(usize::from(*place)).zip(over).for_each(|(octet, over)| *octet = *over);
            (encoded(&octets), false)
        }
        octets => (encoded(octets), false),
    }
}

/// `exporter`: the client can bind to the channel by that.
fn play<const LINE: usize>(config: &Config<'_>, peer: Peer, exporter: bool, cut: usize, input: &[u8]) {
    let heard = RefCell::new(Heard::default());
    let granted = Cell::new(0);
    let mut client = Client::<LINE, 1024>::new(config, peer, |request| match request {
        Request::Auth(auth) => granted.set(granted.get() + usize::from(decide(auth, &heard.borrow()))),
        request => accept(request),
    });
    client.connect();
    let hello = client.feed(b"EHLO x\r\n");
    let offered: Vec<&str> =
        hello.lines().filter_map(|line| line[4..].strip_prefix("AUTH ")).flat_map(|names| names.split(' ')).collect();
    let mut lines = input.split(|octet| *octet == 0xff);
    while let Some(line) = lines.next() {
        let Some((choice, initial)) = line.split_first() else { continue };
        if client.closed {
            break;
        }
        let mechanism = Mechanism::ALL[usize::from(*choice) % Mechanism::ALL.len()];
        heard.take();
        let was_authenticated = client.session.is_authenticated();
        let mut all_right = mechanism != Mechanism::CramMd5 || initial.is_empty();
        all_right &= !mechanism.binds_channel() || exporter;
        let mut sent = format!("AUTH {mechanism}").into_bytes();
        if !initial.is_empty() {
            let (mut response, right) = response(initial, mechanism, &heard.borrow());
            // White space at the end of a command is not part of it.
            response.truncate(response.trim_ascii_end().len());
            all_right &= right;
            // An empty one (RFC 4954 4); of octets as they stand, none.
            let none = initial[0] == b'r' && response.is_empty();
            sent.extend(if none {
                Vec::new()
            } else if response.is_empty() {
                b" =".to_vec()
            } else {
                [b" ", &response[..]].concat()
            });
            let decoded = if response == b"=" { Some(Vec::new()) } else { decode(&response).filter(|_| !none) };
            heard.borrow_mut().messages.extend(decoded);
        }
        let code = loop {
            let before = client.said.len();
            sent.extend(b"\r\n");
            client.feed_cut(&sent, std::iter::repeat_n(cut, sent.len() / cut));
            let said = std::str::from_utf8(&client.said[before..]).expect("replies are text").to_owned();
            let Some(challenge) = said.strip_prefix("334 ") else { break codes(&said) };
            let challenge = decode(challenge.trim_end().as_bytes()).expect("a challenge is base64");
            heard.borrow_mut().challenges.push(challenge);
            let (response, right) =
                lines.next().map_or((b"*".to_vec(), false), |line| response(line, mechanism, &heard.borrow()));
            all_right &= right;
            heard.borrow_mut().messages.extend(decode(&response));
            sent = response;
        };
        assert_eq!(code.split(' ').count(), 1, "{code}");
        assert_eq!(code == "235", !was_authenticated && client.session.is_authenticated());
        assert_eq!(granted.get(), usize::from(client.session.is_authenticated()));
        if was_authenticated {
            assert!(["503", "500"].contains(&code.as_str()), "{code}");
        } else if !offered.contains(&mechanism.name()) {
            assert!(["504", "538", "501", "500"].contains(&code.as_str()), "{code}");
        } else if all_right && sent.len() + 100 < LINE {
            assert_eq!(code, "235", "{mechanism}");
        }
    }
}

fuzz_target!(|input: &[u8]| {
    let [choice, cut, input @ ..] = input else { return };
    let bit = |bit: u8| choice >> bit & 1 == 1;
    let peer = if bit(0) {
        Peer::tls(Tls { client_certificate: bit(1), exporter: bit(2).then_some(EXPORTER) })
    } else {
        Peer::PLAIN
    };
    let peer = if bit(3) { peer } else { peer.nonce([0x55; 18]) };
    let config = if bit(4) { CONFIG.tls_server_end_point(END_POINT) } else { CONFIG };
    let config = config.plaintext_auth(bit(5));
    let config = if bit(6) { config.auth_failures(1) } else { config };
    let cut = usize::from(*cut).max(1);
    if bit(7) {
        play::<512>(&config, peer, bit(2), cut, input)
    } else {
        play::<4096>(&config, peer, bit(2), cut, input)
    }
});
