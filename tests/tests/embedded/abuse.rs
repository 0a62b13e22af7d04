//! Clients that stall, drip, break off, say too much, or do not listen; and what a slow server may do to a patient one.

use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use ehlo_embedded::ehlo::{Abort, Config, Millis};
use ehlo_tests::Result;
use ehlo_tests::client::{Client, Heard};
use ehlo_tests::trials::trial;
use libtest_mimic::Trial;

use crate::site::{Site, Stack, Turn};

const MAIL: &str = "MAIL FROM:<alice@example.com>";
const RCPT: &str = "RCPT TO:<bob@example.net>";

/// Much to send for a short command.
const HELP: &str = "https://www.example.net/a/path/that/goes/on/and/on/and/on/and/on/and/on/and/on/and/on/and/on/and/on/and/on/and/on/\
    and/on/and/on/and/on/and/on/and/on/and/on/and/on/and/on/and/on/and/on/and/on/and/on/and/on/and/on/and/on/and/on/and/on/and/on/and/on/";

pub(crate) fn trials(stack_name: &str, stack: Stack) -> Vec<Trial> {
    let on = |name: &str, site: fn(Stack) -> Site, check: fn(Turn<'_>) -> Result<()>| {
        trial(format!("{stack_name}::{name}"), move || check(site(stack).turn()))
    };
    let usual = |stack| Site::start(&stack, config());
    let slow = |stack| Site::slow(&stack, config(), Duration::from_millis(1500));
    vec![
        on("a_client_that_stalls_is_told_so", usual, stalls),
        on("a_client_that_drips_is_told_so", usual, drips),
        on("a_reset_in_mid_data_ends_the_transaction", usual, resets),
        on("an_end_in_mid_data_ends_the_transaction", usual, ends),
        on("all_that_is_pipelined_is_answered", usual, pipelined),
        on("too_much_mail_data_are_refused", usual, too_big),
        on("a_client_that_does_not_read_is_given_up", usual, deaf),
        on("time_that_the_handler_takes_is_not_the_clients", slow, patient),
        on("what_is_said_while_the_handler_thinks_is_not_lost", slow, said_meanwhile),
        on("the_server_may_end_it_in_order", usual, stopped),
        on("several_clients_are_served_at_once", usual, several),
    ]
}

/// A second for a command, and for mail data.
fn config() -> Config<'static> {
    let second = Millis::from_secs(1);
    Config::new("mx.example.net")
        .message_size(10_000)
        .command_timeout(second)
        .data_timeout(second)
        .idle_commands(u16::MAX)
        .help_url(HELP)
}

/// A client within a transaction of the server.
fn begun(site: &Turn<'_>) -> Result<Client> {
    let mut client = Client::connect(site.address)?;
    client.greet()?;
    client.expect(250, MAIL)?;
    client.expect(250, RCPT)?;
    Ok(client)
}

/// The client hears that its time is up, about a second after `since`.
fn timed_out(mut client: Client, since: Instant, mut site: Turn<'_>) -> Result<()> {
    match client.hear(Duration::from_secs(10))? {
        Heard::Reply(reply) if reply.code == 451 => client.expect_close()?,
        other => return Err(format!("expected 451, got {other:?}")),
    }
    let took = since.elapsed();
    if took < Duration::from_millis(900) || took > Duration::from_secs(4) {
        return Err(format!("it took {took:?}"));
    }
    site.aborted(&[Abort::Timeout])
}

fn stalls(site: Turn<'_>) -> Result<()> {
    let mut client = begun(&site)?;
    let since = Instant::now();
    client.send(b"DAT");
    timed_out(client, since, site)
}

fn drips(mut site: Turn<'_>) -> Result<()> {
    let mut client = begun(&site)?;
    let since = Instant::now();
    for _ in 0..60 {
        client.send(b"N");
        if client.hear(Duration::from_millis(50))? != Heard::Silence {
            break;
        }
    }
    // What it heard was the reply to time-out: that is what it must have been.
    let took = since.elapsed();
    if took < Duration::from_millis(900) || took > Duration::from_millis(2500) {
        return Err(format!("it took {took:?}"));
    }
    site.aborted(&[Abort::Timeout])
}

fn resets(mut site: Turn<'_>) -> Result<()> {
    for _ in 0..20 {
        let mut client = begun(&site)?;
        client.send(b"DATA\r\n");
        client.await_unread()?;
        client.send(b"Subject: half a mess");
        // With the 354 unread this is a reset.
        drop(client);
    }
    site.aborted(&[Abort::Eof; 20])?;
    begun(&site).map(drop)
}

fn ends(mut site: Turn<'_>) -> Result<()> {
    let mut client = begun(&site)?;
    client.expect(354, "DATA")?;
    client.send(b"half a mess");
    // Nothing is left unread, so this is an end and no reset.
    drop(client);
    site.aborted(&[Abort::Eof])
}

fn pipelined(mut site: Turn<'_>) -> Result<()> {
    let count = 40;
    let message = "Subject: one of many\r\n\r\n.\r\n".to_owned() + &"0123456789abcde\r\n".repeat(100);
    let mut client = Client::connect(site.address)?;
    client.greet()?;
    // After DATA a client has to wait, so this is done by BDAT (RFC 3030).
    let size = message.len();
    let one = format!("{MAIL}\r\n{RCPT}\r\nRCPT TO:<nobody@example.net>\r\nBDAT {size} LAST\r\n{message}");
    client.send((one.repeat(count) + "QUIT\r\n").as_bytes());
    for _ in 0..count {
        for code in [250, 250, 550, 250] {
            match client.reply()? {
                reply if reply.code == code => {}
                reply => return Err(format!("expected {code}, got {reply}")),
            }
        }
    }
    if client.reply()?.code != 221 {
        return Err("expected 221".into());
    }
    client.expect_close()?;
    site.delivered(&vec![message.as_bytes(); count])
}

fn too_big(mut site: Turn<'_>) -> Result<()> {
    let mut client = Client::connect(site.address)?;
    client.greet()?;
    client.expect(552, &format!("{MAIL} SIZE=10001"))?;
    let reply =
        client.deliver("alice@example.com", &["bob@example.net"], "0123456789abcde\r\n".repeat(4000).as_bytes())?;
    if reply.code != 552 {
        return Err(format!("expected 552, got {reply}"));
    }
    client.expect(250, "NOOP")?;
    site.aborted(&[Abort::TooBig])
}

fn deaf(mut site: Turn<'_>) -> Result<()> {
    let mut client = begun(&site)?;
    // The buffers of both hosts take some megabytes of replies; then nothing goes on, and the server gives up.
    client.send("HELP\r\n".repeat(60_000).as_bytes());
    let since = Instant::now();
    while site.service.events().stalled == 0 {
        if since.elapsed() > Duration::from_secs(90) {
            return Err("the server waits for a client that does not read".into());
        }
        thread::sleep(Duration::from_millis(20));
    }
    site.aborted(&[Abort::Eof])
}

fn patient(mut site: Turn<'_>) -> Result<()> {
    let mut client = Client::connect(site.address)?;
    client.greet()?;
    client.expect(250, MAIL)?;
    for _ in 0..2 {
        client.expect(550, "RCPT TO:<nobody@example.net>")?;
    }
    client.expect(250, RCPT)?;
    client.expect(354, "DATA")?;
    client.send(b"slowly\r\n.\r\n");
    if client.reply()?.code != 250 {
        return Err("expected 250".into());
    }
    site.delivered(&[b"slowly\r\n"])
}

fn said_meanwhile(mut site: Turn<'_>) -> Result<()> {
    let mut client = Client::connect(site.address)?;
    client.greet()?;
    client.send(format!("{MAIL}\r\n{RCPT}\r\n").as_bytes());
    thread::sleep(Duration::from_millis(300));
    client.send(b"BDAT 7 LAST\r\nearly\r\nQUIT\r\n");
    for code in [250, 250, 250, 221] {
        match client.reply()? {
            reply if reply.code == code => {}
            reply => return Err(format!("expected {code}, got {reply}")),
        }
    }
    site.delivered(&[b"early\r\n"])
}

fn stopped(mut site: Turn<'_>) -> Result<()> {
    let mut client = begun(&site)?;
    site.service.stop.store(true, Ordering::Relaxed);
    match client.reply()? {
        reply if reply.code == 421 => client.expect_close()?,
        reply => return Err(format!("expected 421, got {reply}")),
    }
    site.aborted(&[Abort::Shutdown])
}

fn several(mut site: Turn<'_>) -> Result<()> {
    let address = site.address;
    let message =
        |client: usize, number: usize| format!("Subject: {client} {number}\r\n\r\n{}", "text\r\n".repeat(number));
    let clients: Vec<_> = (0..3)
        .map(|client| {
            thread::spawn(move || {
                (0..30).try_for_each(|number| {
                    let mut session = Client::connect(address)?;
                    session.greet()?;
                    let content = message(client, number);
                    let reply = session.deliver("alice@example.com", &["bob@example.net"], content.as_bytes())?;
                    if reply.code != 250 {
                        return Err(format!("{reply}"));
                    }
                    session.expect(221, "QUIT")?;
                    session.expect_close()
                })
            })
        })
        .collect();
    for client in clients {
        client.join().map_err(|_| "a client panicked")??;
    }
    let all: Vec<_> = (0..3).flat_map(|client| (0..30).map(move |number| message(client, number))).collect();
    site.delivered(&all.iter().map(String::as_bytes).collect::<Vec<_>>())
}
