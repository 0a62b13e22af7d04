//! Connections that stay where they are, and what each takes of the server's memory.

use std::time::Duration;

use serde_json::json;
use tokio::time::sleep;

use crate::process::{Process, Usage};
use crate::wire::Wire;
use crate::{Args, Plan, plan};

/// How often the server's memory is looked at until it stays the same.
const LOOK: Duration = Duration::from_millis(200);

/// Opens `idle` connections that have said EHLO, and `half` that are within a message.
pub(crate) async fn run(args: Args, idle: usize, half: usize, server: Option<Process>) -> Result<(), String> {
    let server = server.ok_or("--idle and --half want --pid")?;
    let before = settled(server).await?;
    let plan = plan(args);
    let mut open = Vec::with_capacity(idle + half);
    for number in 0..idle + half {
        let wire = if number < idle { Wire::open(&plan).await } else { within(&plan).await };
        open.push(wire.map_err(|error| format!("connection {number}: {error}"))?);
    }
    let after = settled(server).await?;
    let (more, most) = (after.resident.saturating_sub(before.resident), after.peak.saturating_sub(before.resident));
    let [each, each_at_most] = [more, most].map(|octets| octets / (idle + half).max(1) as u64);
    if plan.args.json {
        println!(
            "{}",
            json!({ "idle": idle, "half": half, "resident": after.resident, "each": each, "peak_each": each_at_most })
        );
    } else {
        let resident = after.resident as f64 / 1048576.0;
        println!("{idle} idle connections, {half} within a message: {resident:.1} MiB resident");
        println!("{each} octets a connection, {each_at_most} by the most that was resident");
    }
    drop(open);
    Ok(())
}

/// A connection in the middle of a message.
async fn within(plan: &Plan) -> std::io::Result<Wire> {
    let mut wire = Wire::open(plan).await?;
    for line in
        [format!("MAIL FROM:<{}>\r\n", plan.args.from), format!("RCPT TO:<{}>\r\n", plan.args.to.replace('%', "0"))]
    {
        wire.send(line.as_bytes()).await?;
        wire.replies(1, b'2').await?;
    }
    wire.send(b"DATA\r\n").await?;
    wire.replies(1, b'3').await?;
    wire.send(&plan.message.octets).await?;
    Ok(wire)
}

/// The server's usage once its memory stays the same.
async fn settled(server: Process) -> Result<Usage, String> {
    let mut last = server.usage()?;
    loop {
        sleep(LOOK).await;
        let now = server.usage()?;
        if now.resident == last.resident {
            return Ok(now);
        }
        last = now;
    }
}
