//! The man pages and the shells' completions, made of the definition of the command line. They lie in `packaging/`, for those who build
//! packages; `EHLO_RECORD=1 cargo test -p ehlod --test pages` writes them anew.

use clap::CommandFactory as _;
use clap_complete::Shell;
use ehlod::cli::Cli;
use std::fs;
use std::path::{Path, PathBuf};

/// What stands behind the options in `ehlod(1)`.
const MORE: &str = include_str!("../packaging/man/more.roff");

#[test]
fn are_as_the_command_line_is() {
    let packaging = Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging");
    let record = std::env::var_os("EHLO_RECORD").is_some_and(|value| value == "1");
    for (name, text) in man().into_iter().chain(completions()) {
        let path = packaging.join(name);
        if record {
            fs::write(&path, &text).unwrap();
        }
        let lies = fs::read_to_string(&path).unwrap_or_default();
        let how = "EHLO_RECORD=1 cargo test -p ehlod --test pages";
        assert!(lies == text, "{} is not of this command line: {how}", path.display());
    }
}

/// A page for the program, and one for each command.
fn man() -> Vec<(PathBuf, String)> {
    // Help is an option of each command; there is no page for it.
    let mut command = Cli::command().disable_help_subcommand(true);
    command.build();
    let page = |command: &clap::Command| {
        let mut text = Vec::new();
        clap_mangen::Man::new(command.clone()).render(&mut text).unwrap();
        let name = command.get_display_name().unwrap_or_else(|| command.get_name());
        (PathBuf::from(format!("man/{name}.1")), String::from_utf8(text).unwrap())
    };
    let shown = |command: &&clap::Command| !command.is_hide_set();
    let commands: Vec<_> = command.get_subcommands().filter(shown).collect();
    let further = commands.iter().flat_map(|command| command.get_subcommands().filter(shown));
    let mut pages: Vec<_> = commands.iter().copied().chain(further).map(page).collect();
    let (name, text) = page(&command);
    pages.push((name, text + MORE));
    pages
}

fn completions() -> Vec<(PathBuf, String)> {
    let made = |(shell, name): (Shell, &str)| {
        let mut text = Vec::new();
        clap_complete::generate(shell, &mut Cli::command(), "ehlod", &mut text);
        (PathBuf::from(format!("completions/{name}")), String::from_utf8(text).unwrap())
    };
    [(Shell::Bash, "ehlod.bash"), (Shell::Zsh, "_ehlod"), (Shell::Fish, "ehlod.fish")].into_iter().map(made).collect()
}
