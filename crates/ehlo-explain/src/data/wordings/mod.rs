//! What servers and providers write, and what it comes down to. Sources are public pages of those who write it.

mod anyone;
mod chinese;
mod providers;
mod reasons;
mod servers;

use super::Note;

/// Wordings of one source that come down to the same.
pub(crate) struct Said {
    /// Where it is written up.
    pub(crate) source: &'static str,
    /// The classes of reply that may hold it, by first digit.
    pub(crate) when: &'static str,
    /// The wordings, which may stand anywhere in a reply.
    pub(crate) wordings: &'static [&'static str],
    /// What they come down to.
    pub(crate) note: &'static Note,
}

const fn said(
    source: &'static str,
    when: &'static str,
    wordings: &'static [&'static str],
    note: &'static Note,
) -> Said {
    Said { source, when, wordings, note }
}

/// Every table. Where two hold a wording of the same length, the first says what it means.
pub(crate) const SAID: [&[Said]; 4] = [providers::SAID, chinese::SAID, servers::SAID, anyone::SAID];
