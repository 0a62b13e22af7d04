//! What is remembered, as `ehlod state` shows it and asks for it.

use super::{Kind, Record};
use serde::{Deserialize, Serialize};

/// One thing that is remembered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// What it is remembered for.
    pub kind: Kind,
    /// Of whom, or of what: a client's network, a sender, a recipient; for the greylist all three.
    pub name: String,
    /// When it was first seen, or last counted, in milliseconds since 1970.
    pub since: u64,
    /// When it is forgotten, likewise.
    pub expires: u64,
    /// For the greylist: whether it has been let pass.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub passed: Option<bool>,
    /// For rates and failures: how many are counted, of which some may have leaked away since.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<f64>,
}

impl Entry {
    /// An entry of a kind, from its record as a store has it.
    pub(super) fn new(kind: Kind, name: &str, record: Record, count: f64) -> Self {
        Self {
            kind,
            name: name.to_owned(),
            since: record.since,
            expires: record.expires,
            passed: (kind == Kind::Triple).then_some(record.level > 0),
            count: kind.is_counted().then_some(count),
        }
    }
}

/// Which entries are meant.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Query {
    /// Of these kinds.
    pub kinds: Vec<Kind>,
    /// By exactly these names; all where there are none.
    pub names: Vec<String>,
    /// Only those whose name has this in it.
    pub containing: Option<String>,
}

impl Query {
    pub(super) fn fits(&self, name: &str) -> bool {
        self.containing.as_ref().is_none_or(|part| name.contains(part.as_str()))
    }
}

/// What `ehlod state` asks of a store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ask {
    /// To show entries.
    List(Query),
    /// To forget them.
    Clear(Query),
}

/// What is done with each entry that is found; false where that is enough.
pub type Each<'e> = &'e mut dyn FnMut(Entry) -> bool;
