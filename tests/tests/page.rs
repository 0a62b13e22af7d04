//! The page in a real browser: headless Chromium, driven by playwright-core (`interop/page.js`).
//!
//! Without them the trial is ignored, and says so; where `EHLO_REQUIRE_TOOLS` is set, it fails. With `EHLO_SCREENSHOT` the picture of the
//! page goes there. The one in the handbook, `crates/ehlod/book/src/page.png`, is of a server with ten minutes of mail behind it.

use std::path::{Path, PathBuf};
use std::process::Command;

use ehlo_tests::Result;
use ehlo_tests::client::Client;
use ehlo_tests::server::Server;
use ehlo_tests::trials::{run, trial};
use ehlo_tests::world::World;

const CHROMIUM: &str = "/usr/bin/chromium";

fn main() -> ! {
    let clients = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/clients");
    let there = Path::new(CHROMIUM).exists() && clients.join("browser/node_modules/playwright-core").exists();
    let required = std::env::var_os("EHLO_REQUIRE_TOOLS").is_some_and(|value| value == "1");
    if !there && !required {
        eprintln!("!!!! CHROMIUM OR PLAYWRIGHT-CORE IS NOT INSTALLED: nobody has looked at the page");
    }
    let trials =
        vec![trial("somebody looks at the page", move || look(&clients)).with_ignored_flag(!there && !required)];
    run(trials)
}

fn look(clients: &Path) -> Result<()> {
    let world = World::tls().with("metrics", "address = \"127.0.0.1:0\"").with("metrics", "page = true");
    let (server, at) = Server::start_told(world.with("limits", "errors = 100").home())?;
    let _open = happen(&server)?;
    let picture = std::env::var_os("EHLO_SCREENSHOT").map(PathBuf::from);
    let picture = picture.unwrap_or_else(|| server.home().path().join("page.png"));
    let output = Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("interop/page.js"))
        .args([at.to_string(), server.address().port().to_string()])
        .arg(&picture)
        .env("EHLO_CLIENTS", clients)
        .env("EHLO_CHROMIUM", CHROMIUM)
        .output()
        .map_err(|error| format!("running page.js: {error}"))?;
    if !output.status.success() {
        let said = [output.stdout, output.stderr].concat();
        return Err(format!("{}\n{}\nlog:\n{}", output.status, String::from_utf8_lossy(&said), server.home().log()));
    }
    // A picture of something: an empty page is a few kilobytes.
    let size = std::fs::metadata(&picture).map_err(|error| error.to_string())?.len();
    if size > 20_000 { Ok(()) } else { Err(format!("the picture has only {size} octets")) }
}

/// Mail, refusals, and sessions that stay open: some of each that there is to see.
fn happen(server: &Server) -> Result<Vec<Client>> {
    let mail = b"From: <a@example.org>\r\nSubject: hello\r\n\r\nIt works.\r\n";
    let mut client = server.connect()?;
    client.greet()?;
    for to in ["alice@example.net", "bob@example.net", "carol@example.net"] {
        client.deliver("news@example.org", &[to], mail)?;
    }
    for (from, to, code) in [
        ("\"<img src=x onerror=alert(1)>\"@example.org", "nobody@example.net", 550),
        ("news@example.org", "\"<script>alert(2)</script>\"@example.net", 550),
        ("offers@shop.example", "dave@example.net", 550),
        ("offers@shop.example", "erin@example.com", 554),
        ("", "frank@example.net", 550),
    ] {
        client.expect(250, &format!("MAIL FROM:<{from}>"))?;
        client.expect(code, &format!("RCPT TO:<{to}>"))?;
        client.expect(250, "RSET")?;
    }
    client.expect(500, "NONSENSE")?;
    let mut secure = server.connect()?;
    secure.greet()?;
    secure.expect(220, "STARTTLS")?;
    let mut secure = secure.start_tls()?;
    secure.expect(250, "EHLO mail.example.org")?;
    secure.deliver("board@example.org", &["bob@example.net"], mail)?;
    let mut silent = server.connect()?;
    silent.reply()?;
    let mut sending = server.connect()?;
    sending.greet()?;
    sending.expect(250, "MAIL FROM:<big@example.org>")?;
    sending.expect(250, "RCPT TO:<bob@example.net>")?;
    sending.expect(354, "DATA")?;
    sending.send(b"Subject: slow\r\n\r\nand slow");
    Ok(vec![client, secure, silent, sending])
}
