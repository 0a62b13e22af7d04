//! Explains the bounces in files, a line a reply: `cargo run -p ehlo-explain --example files -- bounces/*.eml`.

use ehlo_explain::{Lang, explain_octets};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    for path in env::args().skip(1) {
        let found = explain_octets(&fs::read(&path)?);
        if found.is_empty() {
            println!("{path}: no reply");
        }
        for finding in found {
            let codes =
                (finding.code.map(|code| code.to_string()), finding.enhanced.map(|enhanced| enhanced.to_string()));
            let codes = [codes.0, codes.1].into_iter().flatten().collect::<Vec<_>>().join(" ");
            println!("{path}: {} [{codes}] {} ({})", finding.class, finding.meaning(Lang::En), finding.source);
        }
    }
    Ok(())
}
