//! What every handler shares. Owns the limits of the whole portal; no page and no room.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use confab_core::ids::RoomNumber;
use confab_core::snapshot::{RecordingState, RoomSnapshot};
use confab_store::{RoomRow, User};
use tokio::sync::Semaphore;

use crate::door::Door;
use crate::prompts;
use crate::trouble::Trouble;
use crate::{Hints, Portal};

/// Live pages open at once. When all are taken another one is told to come back later (503); its
/// page still works, without changing by itself.
const LIVE_PAGES_MAX: usize = 2_000;

/// A room was guessed at within this time.
const GUESSES_SHOWN_MS: u64 = 60 * 60 * 1_000;

/// The portal and its limits.
pub(crate) struct App {
    pub(crate) portal: Portal,
    pub(crate) hints: Hints,
    pub(crate) door: Door,
    pub(crate) live_pages: Arc<Semaphore>,
    pub(crate) prompt_uploads: Semaphore,
}

impl App {
    pub(crate) fn new(portal: Portal, hints: Hints) -> Self {
        Self {
            portal,
            hints,
            door: Door::default(),
            live_pages: Arc::new(Semaphore::new(LIVE_PAGES_MAX)),
            prompt_uploads: Semaphore::new(prompts::UPLOADS_MAX),
        }
    }

    /// The newest state of a room; none when nobody is in it.
    pub(crate) fn snapshot(&self, room: &RoomNumber) -> Option<Arc<RoomSnapshot>> {
        self.portal.house.borrow().get(room).cloned()
    }

    /// Wrong PINs and codes that were keyed at a room within the last hour, when they are so many
    /// that somebody seems to guess.
    pub(crate) fn guesses(&self, room: &RoomNumber) -> Option<u32> {
        let now_ms = u64::try_from(now_ms()).unwrap_or(0);
        let (wrong, at) = *self.portal.guesses.borrow().get(room)?;
        (now_ms.saturating_sub(at.0) < GUESSES_SHOWN_MS).then_some(wrong)
    }

    /// The rooms this user may see: their own, or all of them for an administrator.
    pub(crate) async fn rooms_of(&self, user: &User) -> Result<Vec<RoomRow>, Trouble> {
        let owner = (!user.admin).then_some(user.id.as_str());
        Ok(self.portal.store.rooms(owner).await?)
    }

    /// A room this user may see. Somebody else's room is not found, like one that does not exist.
    pub(crate) async fn room_of(&self, user: &User, number: &str) -> Result<RoomRow, Trouble> {
        let room = self
            .portal
            .store
            .room(number)
            .await?
            .ok_or(Trouble::NotFound)?;
        if user.admin || room.owner == user.id {
            Ok(room)
        } else {
            Err(Trouble::NotFound)
        }
    }

    /// Conferences that are being held now, and whether each is being recorded at this moment.
    pub(crate) fn running(&self) -> HashMap<String, bool> {
        let house = self.portal.house.borrow();
        let state = |room: &Arc<RoomSnapshot>| {
            (
                room.conference.0.clone(),
                matches!(room.recording, RecordingState::On { .. }),
            )
        };
        house.values().map(state).collect()
    }
}

/// Wall clock, ms since the epoch.
pub(crate) fn now_ms() -> i64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
