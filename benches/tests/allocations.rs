//! How often a warm server allocates in a session.

use allocation_counter::measure;
use ehlo_benches::input::{WHOLE_SESSION, bare_cr, base64, cut_line_ends, dots, message, text, without};
use ehlo_benches::peers::{Content, Scratch, mailin, ours};
use ehlo_benches::{PIECE, sasl};

#[test]
fn a_session_never_allocates() {
    let (commands, _) = without(&[]);
    let sessions = [(WHOLE_SESSION.to_vec(), false), (commands, true), (sasl::login(), true), (sasl::scram(), true)];
    for (session, auth) in sessions {
        let run = |replies: &mut usize| ours::session(&session, auth, |octets| *replies += octets.len(), |_| {});
        // The first time the harness makes its keys.
        run(&mut 0);
        let mut replies = 0;
        let counted = measure(|| run(&mut replies));
        assert_eq!(counted.count_total, 0);
        assert!(replies > 200, "{replies}");
    }
}

#[test]
fn the_counter_counts() {
    let session = || mailin::session(WHOLE_SESSION, false, &mut Scratch::default(), |_| {}, |_| {});
    assert!(measure(session).count_total > 10);
}

#[test]
fn mail_data_never_allocate() {
    for data in [text(1 << 20), base64(1 << 20), dots(1 << 20), cut_line_ends(1 << 20), bare_cr(1 << 20)] {
        let message = message(data);
        for piece in [PIECE, 1] {
            let mut content = 0;
            let mut data = ours::Data::in_body(|octets| content += octets.len());
            let counted = measure(|| assert!(data.take(message.chunks(piece))));
            assert_eq!(counted.count_total, 0);
            assert!(content > 0);
        }
    }
}
