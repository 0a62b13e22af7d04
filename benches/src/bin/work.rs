//! Does one piece of work so many times, for a program that counts instructions: `work NAME TIMES`. Run with two numbers of times, the
//! difference is the work alone.

use std::process::ExitCode;

use ehlo_benches::peers::{Content, ours};
use ehlo_benches::{PIECE, ignore, input};

const MIB: usize = 1 << 20;

/// What is counted; [`work`] knows each of them.
const NAMES: [&str; 7] = ["command", "answer", "session", "text", "base64", "dots", "header"];

fn work(name: &str, times: usize) -> bool {
    match name {
        // RSET lets MAIL come again.
        "command" => {
            let mut session = ours::connected(false);
            let before = b"EHLO client.example.com\r\n";
            ours::drive(&mut session, before, &mut ignore, &mut ignore);
            let one = b"MAIL FROM:<alice@example.com> SIZE=2048 BODY=8BITMIME\r\nRSET\r\n";
            for _ in 0..times {
                ours::drive(&mut session, one, &mut ignore, &mut ignore);
            }
        }
        // Ten commands of a new session.
        "answer" => {
            for _ in 0..times {
                ours::session(input::COMMANDS.as_bytes(), true, ignore, ignore);
            }
        }
        "session" => {
            for _ in 0..times {
                ours::session(input::WHOLE_SESSION, false, ignore, ignore);
            }
        }
        "text" => data(ours::Data::in_body(ignore), &input::text(MIB), times),
        "base64" => data(ours::Data::in_body(ignore), &input::base64(MIB), times),
        "dots" => data(ours::Data::in_body(ignore), &input::dots(MIB), times),
        "header" => data(ours::Data::in_header(ignore), &input::text(MIB), times),
        _ => return false,
    }
    true
}

/// The same lines again and again, of one message that has no end.
fn data(mut taker: impl Content, lines: &[u8], times: usize) {
    for _ in 0..times {
        taker.take(lines.chunks(PIECE));
    }
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let done = match &arguments[..] {
        [list] if list == "list" => {
            println!("{}", NAMES.join("\n"));
            true
        }
        [name, times] => times.parse().is_ok_and(|times| work(name, times)),
        _ => false,
    };
    if done {
        ExitCode::SUCCESS
    } else {
        eprintln!("usage: work list | work NAME TIMES");
        ExitCode::FAILURE
    }
}
