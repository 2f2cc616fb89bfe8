//! The 2xx answers to INVITEs of ours that were acknowledged, for as long as they may be repeated:
//! a repeated one gets its ACK again, and another telephone that answers the same call (a fork) is
//! acknowledged and hung up on (RFC 3261, 13.2.2.4). Knows no call; calls may be long over.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rsipstack::sip::{HeadersExt, Method, Request, Response, StatusCodeKind};
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::call::{Dialog, Placed, bye, deliver};
use crate::counters::Count;
use crate::defence::lock;
use crate::exchange::{Line, seq_of};
use crate::house::House;
use crate::registry::{call_id, from_tag};
use crate::tuning::FORKS_MAX;

/// Names an INVITE of ours.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct InviteKey {
    call_id: String,
    local_tag: String,
    seq: u32,
}

impl InviteKey {
    fn of(request: &Request) -> Self {
        Self {
            call_id: call_id(request),
            local_tag: from_tag(request),
            seq: seq_of(request),
        }
    }

    /// The INVITE that a 2xx answers; `None` for any other response.
    fn answered_by(response: &Response) -> Option<Self> {
        let cseq = response.cseq_header().ok()?;
        if response.status_code.kind() != StatusCodeKind::Successful
            || cseq.method().ok()? != Method::Invite
        {
            return None;
        }
        Some(Self {
            call_id: response.call_id_header().ok()?.value().to_owned(),
            local_tag: response.from_header().ok()?.tag().ok()??.value().to_owned(),
            seq: cseq.seq().ok()?,
        })
    }
}

/// The tag of To; empty when it has none.
pub(crate) fn to_tag(response: &Response) -> String {
    let tag = response
        .to_header()
        .ok()
        .and_then(|to| to.tag().ok().flatten());
    tag.map(|tag| tag.value().to_owned()).unwrap_or_default()
}

/// One acknowledged INVITE.
struct Kept {
    until: Instant,
    /// the ACK of each telephone that answered, by its tag
    acks: HashMap<String, Sent>,
    /// how the call was placed; `None` of a re-INVITE, which cannot fork
    placed: Option<Arc<Placed>>,
}

/// An ACK and the way it goes.
#[derive(Clone)]
struct Sent {
    ack: Request,
    line: Line,
    hop: Option<String>,
}

/// A 2xx that no transaction waits for.
pub(crate) struct Stray(InviteKey, Response);

/// The table. Its entries go away after `keep`.
pub(crate) struct Accepted {
    keep: Duration,
    kept: Mutex<HashMap<InviteKey, Kept>>,
    strays: mpsc::Sender<Stray>,
}

impl Accepted {
    pub fn new(keep: Duration, strays: mpsc::Sender<Stray>) -> Self {
        Self {
            keep,
            kept: Mutex::default(),
            strays,
        }
    }

    /// Takes a response away that answers an INVITE acknowledged before; gives others back. Never
    /// waits: a stray that finds the queue full is repeated by its sender.
    pub fn catch(&self, response: Response) -> Option<Response> {
        let known =
            InviteKey::answered_by(&response).filter(|key| lock(&self.kept).contains_key(key));
        match known {
            None => Some(response),
            Some(key) => {
                let _ = self.strays.try_send(Stray(key, response));
                None
            }
        }
    }

    /// Remembers `ack` for the 2xx to `invite` that made or confirmed `dialog`.
    fn keep(&self, invite: &Request, dialog: &Dialog, ack: Request, placed: Option<Arc<Placed>>) {
        let now = Instant::now();
        let mut kept = lock(&self.kept);
        let entry = kept.entry(InviteKey::of(invite)).or_insert_with(|| Kept {
            until: now + self.keep,
            acks: HashMap::new(),
            placed,
        });
        let sent = Sent {
            ack,
            line: dialog.line.clone(),
            hop: dialog.hop(),
        };
        entry.acks.insert(dialog.key.remote_tag.clone(), sent);
    }

    /// Forgets what can no longer be repeated, and with it the connections held for it.
    fn purge(&self) {
        let now = Instant::now();
        lock(&self.kept).retain(|_, kept| kept.until > now);
    }

    fn find(&self, stray: &Stray) -> Found {
        let kept = lock(&self.kept);
        let Some(kept) = kept.get(&stray.0) else {
            return Found::Nothing;
        };
        match (kept.acks.get(&to_tag(&stray.1)), &kept.placed) {
            (Some(sent), _) => Found::Again(Box::new(sent.clone())),
            (None, Some(placed)) if kept.acks.len() < FORKS_MAX => Found::Fork(placed.clone()),
            _ => Found::Nothing,
        }
    }
}

enum Found {
    Again(Box<Sent>),
    Fork(Arc<Placed>),
    Nothing,
}

impl House {
    /// Sends `ack` for the 2xx to a re-INVITE in `dialog`, now and whenever the 2xx is repeated.
    pub fn acknowledge(self: &Arc<Self>, invite: &Request, dialog: &Dialog, ack: Request) {
        self.acknowledge_placed(invite, dialog, ack, None);
    }

    /// The same for an INVITE that placed a call and may be answered by several telephones.
    pub fn acknowledge_placed(
        self: &Arc<Self>,
        invite: &Request,
        dialog: &Dialog,
        ack: Request,
        placed: Option<Arc<Placed>>,
    ) {
        self.ways.accepted.keep(invite, dialog, ack.clone(), placed);
        self.tasks.spawn(deliver(
            self.clone(),
            dialog.line.clone(),
            dialog.hop(),
            ack,
        ));
    }
}

/// Answers strays until stopped.
pub(crate) async fn serve(
    house: Arc<House>,
    mut strays: mpsc::Receiver<Stray>,
    stop: CancellationToken,
) {
    loop {
        let stray = tokio::select! {
            () = stop.cancelled() => return,
            stray = strays.recv() => stray,
            () = tokio::time::sleep(house.ways.accepted.keep) => {
                house.ways.accepted.purge();
                continue;
            }
        };
        let Some(stray) = stray else { return };
        house.ways.accepted.purge();
        match house.ways.accepted.find(&stray) {
            Found::Again(sent) => {
                let Sent { ack, line, hop } = *sent;
                house.tasks.spawn(deliver(house.clone(), line, hop, ack));
            }
            Found::Fork(placed) => {
                house.counters.add(Count::Forked);
                let mut dialog = Dialog::placed(&placed, &stray.1);
                let ack = dialog.ack(&placed.request);
                house.acknowledge(&placed.request, &dialog, ack);
                bye(&house, &mut dialog);
            }
            Found::Nothing => {}
        }
    }
}
