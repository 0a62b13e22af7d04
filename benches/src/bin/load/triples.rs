//! A greylist, or what else a server remembers of recipients, filled and asked.
//!
//! Recipients are named in groups, since a client may (RFC 2920), so that it is the store that takes the time.

use std::io;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use crate::wire::Wire;
use crate::{Args, Plan, plan};

/// Recipients in a group.
const GROUP: u64 = 50;

/// So many are asked for again at the most.
const AGAIN: u64 = 100_000;

/// Names new recipients, then some of them again.
pub(crate) async fn run(args: Args, triples: u64) -> Result<(), String> {
    let numbers = args.first..args.first + triples;
    let again = numbers.end - triples.min(AGAIN)..numbers.end;
    let plan = plan(args);
    for (what, numbers) in [("new", numbers), ("known", again)] {
        let (begin, count) = (Instant::now(), numbers.end - numbers.start);
        let next = Arc::new(AtomicU64::new(numbers.start));
        let clients = (0..plan.args.clients)
            .map(|_| tokio::spawn(name(Arc::clone(&plan), Arc::clone(&next), numbers.clone())))
            .collect::<Vec<_>>();
        for client in clients {
            client.await.map_err(|error| error.to_string())?.map_err(|error| error.to_string())?;
        }
        let seconds = begin.elapsed().as_secs_f64();
        let each = seconds * 1e3 * plan.args.clients as f64 / count as f64;
        println!(
            "{count} {what} recipients in {seconds:.1} s: {:.0} a second, {each:.3} ms each",
            count as f64 / seconds
        );
    }
    Ok(())
}

/// Names recipients until there are no more.
async fn name(plan: Arc<Plan>, next: Arc<AtomicU64>, numbers: Range<u64>) -> io::Result<()> {
    let mut wire = Wire::open(&plan).await?;
    wire.send(format!("MAIL FROM:<{}>\r\n", plan.args.from).as_bytes()).await?;
    wire.replies(1, b'2').await?;
    loop {
        let first = next.fetch_add(GROUP, Ordering::Relaxed);
        let group = first..(first + GROUP).min(numbers.end);
        if group.is_empty() {
            return wire.quit().await;
        }
        let lines: String = group.clone().map(|number| format!("RCPT TO:<{}>\r\n", recipient(&plan, number))).collect();
        wire.send(lines.as_bytes()).await?;
        for _ in group {
            // Put off, or taken: it has been looked up.
            wire.reply_of(b"24").await?;
        }
    }
}

/// A recipient with a number, in no order: as their names are in life.
fn recipient(plan: &Plan, number: u64) -> String {
    let mixed = number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let (_, domain) = plan.args.to.rsplit_once('@').unwrap_or_default();
    format!("user{mixed:x}@{domain}")
}
