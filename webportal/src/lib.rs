//! The host's portal: live room, usage, recordings, billing codes, settings.
//! Holds no room: it reads snapshots and sends commands.
#![forbid(unsafe_code)]

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use confab_core::command::{Command, CommandRefusal};
use confab_core::ids::RoomNumber;
use confab_core::snapshot::RoomSnapshot;
use confab_store::Store;
use tokio::sync::{mpsc, oneshot, watch};

/// Every room in use. A room's `Arc` changes exactly when something in it has changed.
pub type House = HashMap<RoomNumber, Arc<RoomSnapshot>>;

/// A command from a page, with the way back for its answer.
#[derive(Debug)]
pub struct PortalCommand {
    /// which room
    pub room: RoomNumber,
    /// the user's e-mail address, for the log
    pub by: String,
    /// what
    pub command: Command,
    /// the answer
    pub reply: oneshot::Sender<Result<(), CommandRefusal>>,
}

/// What the portal needs from the house.
#[derive(Clone, Debug)]
pub struct Portal {
    /// everything kept
    pub store: Store,
    /// the rooms in use, newest state
    pub house: watch::Receiver<Arc<House>>,
    /// commands to rooms; bounded, a page waits at most a second
    pub commands: mpsc::Sender<PortalCommand>,
    /// where the MP3 files are
    pub recordings_dir: PathBuf,
}

/// All pages of the portal. `/health` and `/metrics` are not among them.
pub fn router(_portal: Portal) -> axum::Router {
    axum::Router::new()
}
