//! How often a session allocates. It is counted here, where nothing is timed.

use std::fmt::Write;

use allocation_counter::measure;
use ehlo_benches::ignore;
use ehlo_benches::input::WHOLE_SESSION;
use ehlo_benches::peers::{Scratch, mailin, mailrs, ours, smtp_message, smtp_proto};

/// A table: how often, and how many octets.
pub(crate) fn section() -> String {
    let mut text = String::from(
        "## Allocations\n\nIn one whole session as above, by a server that has had one before, so that its buffers are there.\n\n\
         | | allocations | octets |\n| --- | ---: | ---: |\n",
    );
    let mut scratch = Scratch::default();
    let mut count = |name: &str, session: &mut dyn FnMut(&mut Scratch)| {
        session(&mut scratch);
        let counted = measure(|| session(&mut scratch));
        let _ = writeln!(text, "| {name} | {} | {} |", counted.count_total, counted.bytes_total);
    };
    count("ehlo", &mut |_| ours::session(WHOLE_SESSION, false, ignore, ignore));
    count("smtp-proto", &mut |scratch| smtp_proto::session(WHOLE_SESSION, false, scratch, ignore, ignore));
    count("smtp-message", &mut |scratch| smtp_message::session(WHOLE_SESSION, scratch, ignore, ignore));
    count("mailin", &mut |scratch| mailin::session(WHOLE_SESSION, false, scratch, ignore, ignore));
    count("mailrs", &mut |scratch| mailrs::session(WHOLE_SESSION, false, scratch, ignore, ignore));
    text
}
