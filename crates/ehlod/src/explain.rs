//! `ehlod explain`.

use clap::{Args, ValueEnum};
use ehlo_explain::{Finding, Lang, MOST_OCTETS, explain_octets};
use serde::Serialize;
use std::env;
use std::io::{self, Read as _, Write};
use std::process::ExitCode;

/// What `ehlod explain` is given.
#[derive(Clone, Debug, Args)]
pub struct ExplainArgs {
    /// The language to explain in; without it that of the locale (LC_ALL, LC_MESSAGES, LANG)
    #[arg(long, value_enum)]
    pub lang: Option<Language>,
    /// As a JSON array, an object a reply
    #[arg(long)]
    pub json: bool,
    /// A reply, a line of a bounce or a log, or a whole bounce; `-` or nothing reads it from standard input
    #[arg(value_name = "TEXT", allow_hyphen_values = true)]
    pub text: Vec<String>,
}

/// A language to explain in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Language {
    /// English
    En,
    /// Chinese
    Zh,
}

/// A reply as programs want it. The values of `class`, `act` and `retry` are the same in every language.
#[derive(Serialize)]
struct Explained<'f> {
    reply: &'f str,
    code: Option<u16>,
    enhanced: Option<String>,
    id: Option<&'static str>,
    class: &'static str,
    fault: &'static str,
    act: &'static str,
    retry: &'static str,
    meaning: &'static str,
    remedy: &'static str,
    source: &'static str,
}

impl<'f> Explained<'f> {
    fn new(finding: &'f Finding, lang: Lang) -> Self {
        Self {
            reply: &finding.reply,
            code: finding.code,
            enhanced: finding.enhanced.map(|enhanced| enhanced.to_string()),
            id: finding.id,
            class: finding.class.name(),
            fault: finding.fault.name(),
            act: finding.act.name(),
            retry: finding.retry.name(),
            meaning: finding.meaning(lang),
            remedy: finding.remedy(lang),
            source: finding.source,
        }
    }
}

/// Explains what it is given.
#[must_use]
pub fn run(args: &ExplainArgs) -> ExitCode {
    let octets = match &args.text[..] {
        [] => read(),
        [one] if one == "-" => read(),
        words => Ok(words.join(" ").into_bytes()),
    };
    let octets = match octets {
        Ok(octets) => octets,
        Err(error) => {
            let _ = writeln!(io::stderr(), "ehlod explain: {error}");
            return ExitCode::FAILURE;
        }
    };
    let lang = args.lang.map_or_else(|| lang_of(|name| env::var(name).ok()), Lang::from);
    let findings = explain_octets(&octets);
    match print(&mut io::stdout().lock(), &findings, lang, args.json) {
        // A reader that has seen enough, such as `head`, is no failure.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            let _ = writeln!(io::stderr(), "ehlod explain: {error}");
            ExitCode::FAILURE
        }
        _ if findings.is_empty() => {
            let _ = writeln!(io::stderr(), "ehlod explain: {}", nothing(lang));
            ExitCode::FAILURE
        }
        _ => ExitCode::SUCCESS,
    }
}

/// No more than is looked at.
fn read() -> io::Result<Vec<u8>> {
    let mut octets = Vec::new();
    io::stdin().lock().take(MOST_OCTETS as u64).read_to_end(&mut octets)?;
    Ok(octets)
}

impl From<Language> for Lang {
    fn from(language: Language) -> Self {
        match language {
            Language::En => Self::En,
            Language::Zh => Self::Zh,
        }
    }
}

/// The language of the locale: of the first of its variables that is set and not empty, as POSIX has it.
fn lang_of(variable: impl Fn(&str) -> Option<String>) -> Lang {
    let locale = ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().filter_map(variable).find(|value| !value.is_empty());
    locale.map_or(Lang::En, |locale| Lang::of_locale(&locale))
}

fn nothing(lang: Lang) -> &'static str {
    match lang {
        Lang::En => "there is no reply in it that could be explained",
        Lang::Zh => "未找到可以解释的应答",
    }
}

fn print(out: &mut impl Write, findings: &[Finding], lang: Lang, json: bool) -> io::Result<()> {
    if json {
        let explained: Vec<_> = findings.iter().map(|finding| Explained::new(finding, lang)).collect();
        serde_json::to_writer_pretty(&mut *out, &explained)?;
        return writeln!(out);
    }
    let [class, meaning, fault, act, retry, remedy, source] = match lang {
        Lang::En => ["class:  ", "meaning:", "fault:  ", "to act: ", "retry:  ", "remedy: ", "source: "],
        Lang::Zh => ["类别:", "含义:", "责任方:", "处理方:", "重试:", "办法:", "来源:"],
    };
    for (at, finding) in findings.iter().enumerate() {
        if at > 0 {
            writeln!(out)?;
        }
        writeln!(out, "{}", finding.reply)?;
        for (name, value) in [
            (class, finding.class.text(lang)),
            (meaning, finding.meaning(lang)),
            (fault, finding.fault.text(lang)),
            (act, finding.act.text(lang)),
            (retry, finding.retry.text(lang)),
            (remedy, finding.remedy(lang)),
            (source, finding.source),
        ] {
            writeln!(out, "    {name} {value}")?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn languages_of_locales() {
        let lang = |set: &[(&str, &str)]| {
            lang_of(|name| set.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned()))
        };
        assert_eq!(lang(&[]), Lang::En);
        assert_eq!(lang(&[("LANG", "zh_CN.UTF-8")]), Lang::Zh);
        assert_eq!(lang(&[("LANG", "zh_CN.UTF-8"), ("LC_ALL", "C")]), Lang::En);
        assert_eq!(lang(&[("LANG", "en_GB"), ("LC_MESSAGES", "zh_TW"), ("LC_ALL", "")]), Lang::Zh);
    }

    #[test]
    fn both_forms() {
        let findings = ehlo_explain::explain("550 5.1.1 invalid user - bob@example.net");
        let (mut text, mut json) = (Vec::new(), Vec::new());
        print(&mut text, &findings, Lang::En, false).unwrap();
        print(&mut json, &findings, Lang::Zh, true).unwrap();
        let text = String::from_utf8(text).unwrap();
        assert!(
            text.starts_with("550 5.1.1 invalid user - bob@example.net\n    class:   permanent failure\n"),
            "{text}"
        );
        let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
        let [reply] = json.as_array().unwrap().as_slice() else { panic!("{json}") };
        let keys: Vec<_> = reply.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(keys.len(), 11, "{keys:?}");
        assert_eq!(reply["id"], "invalid-user");
        assert_eq!((&reply["code"], &reply["enhanced"]), (&550.into(), &"5.1.1".into()));
        assert_eq!(
            (&reply["class"], &reply["fault"], &reply["act"], &reply["retry"]),
            (&"permanent".into(), &"sender".into(), &"sender".into(), &"no".into())
        );
        assert!(reply["meaning"].as_str().unwrap().contains("没有该用户"));
    }
}
