//! Which calls there are, by leg, by dialog and by the INVITE that made them. Owns the tables, not
//! the calls.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use confab_core::ids::LegId;
use rsipstack::sip::{HeadersExt, Request};
use tokio::sync::mpsc;

use crate::call::{Desk, Input};
use crate::defence::lock;
use crate::exchange::seq_of;

/// Names a dialog, seen from us (RFC 3261, 12).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct DialogKey {
    pub call_id: String,
    pub local_tag: String,
    pub remote_tag: String,
}

impl DialogKey {
    /// The dialog that a request claims to be in; `None` when its To has no tag.
    pub fn claimed_by(request: &Request) -> Option<Self> {
        let local_tag = request.to_header().ok()?.tag().ok()??.value().to_owned();
        Some(Self {
            call_id: call_id(request),
            local_tag,
            remote_tag: from_tag(request),
        })
    }
}

/// What two copies of one INVITE share that came on two ways (RFC 3261, 8.2.2.2).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct MergeKey {
    call_id: String,
    remote_tag: String,
    seq: u32,
}

impl MergeKey {
    pub fn of(request: &Request) -> Self {
        let (call_id, remote_tag) = (call_id(request), from_tag(request));
        Self {
            call_id,
            remote_tag,
            seq: seq_of(request),
        }
    }
}

/// Call-ID of a request; the door lets none without pass.
pub(crate) fn call_id(request: &Request) -> String {
    request
        .call_id_header()
        .map(|id| id.value().to_owned())
        .unwrap_or_default()
}

/// The tag of From; the door lets none without pass.
pub(crate) fn from_tag(request: &Request) -> String {
    let tag = request
        .from_header()
        .ok()
        .and_then(|from| from.tag().ok().flatten());
    tag.map(|tag| tag.value().to_owned()).unwrap_or_default()
}

/// The ways to reach one call.
#[derive(Clone)]
pub(crate) struct Entry {
    pub desk: Arc<Desk>,
    pub inbox: mpsc::Sender<Input>,
    /// `None` as long as nobody has answered a call of ours
    pub dialog: Option<DialogKey>,
    /// `None` of a call of ours
    pub merge: Option<MergeKey>,
}

#[derive(Default)]
struct Tables {
    legs: HashMap<LegId, Entry>,
    dialogs: HashMap<DialogKey, LegId>,
    merges: HashMap<MergeKey, LegId>,
}

/// All calls.
#[derive(Default)]
pub(crate) struct Registry {
    tables: Mutex<Tables>,
}

impl Registry {
    /// Enters a call, unless the same INVITE or leg is here already.
    pub fn enter(&self, leg: LegId, entry: Entry) -> bool {
        let mut tables = lock(&self.tables);
        let merged = |merge: &MergeKey| tables.merges.contains_key(merge);
        if tables.legs.contains_key(&leg) || entry.merge.as_ref().is_some_and(merged) {
            return false;
        }
        let Entry { dialog, merge, .. } = &entry;
        tables.dialogs.extend(dialog.clone().map(|key| (key, leg)));
        tables.merges.extend(merge.clone().map(|key| (key, leg)));
        tables.legs.insert(leg, entry);
        true
    }

    /// From now on requests in this dialog reach the call of ours that was answered.
    pub fn join(&self, leg: LegId, key: &DialogKey) {
        let mut tables = lock(&self.tables);
        if let Some(entry) = tables.legs.get_mut(&leg) {
            entry.dialog = Some(key.clone());
            tables.dialogs.insert(key.clone(), leg);
        }
    }

    /// Takes a call out of all tables.
    pub fn remove(&self, leg: LegId) {
        let mut tables = lock(&self.tables);
        if let Some(entry) = tables.legs.remove(&leg) {
            entry.dialog.map(|key| tables.dialogs.remove(&key));
            entry.merge.map(|key| tables.merges.remove(&key));
        }
    }

    /// Whether the same INVITE is here already.
    pub fn has_merge(&self, key: &MergeKey) -> bool {
        lock(&self.tables).merges.contains_key(key)
    }

    /// The call of this leg.
    pub fn leg(&self, leg: LegId) -> Option<Entry> {
        lock(&self.tables).legs.get(&leg).cloned()
    }

    /// The call of this dialog.
    pub fn dialog(&self, key: &DialogKey) -> Option<Entry> {
        let tables = lock(&self.tables);
        tables.legs.get(tables.dialogs.get(key)?).cloned()
    }

    /// Every call.
    pub fn all(&self) -> Vec<(LegId, Entry)> {
        let tables = lock(&self.tables);
        tables
            .legs
            .iter()
            .map(|(leg, entry)| (*leg, entry.clone()))
            .collect()
    }

    /// Sizes of the tables: legs, dialogs, merge keys.
    pub fn sizes(&self) -> [usize; 3] {
        let tables = lock(&self.tables);
        [tables.legs.len(), tables.dialogs.len(), tables.merges.len()]
    }
}
