//! The host's portal: live room, usage, recordings, billing codes, settings.
//! Holds no room: it reads snapshots and sends commands.
#![forbid(unsafe_code)]

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware;
use axum::routing::{get, post};
use confab_core::command::{Command, CommandRefusal};
use confab_core::ids::RoomNumber;
use confab_core::snapshot::RoomSnapshot;
use confab_core::time::Time;
use confab_store::Store;
use tokio::sync::{mpsc, oneshot, watch};

mod account;
mod api;
mod app;
mod assets;
mod audio;
mod billing;
mod chart;
mod csv;
mod door;
mod frame;
pub mod keypad;
mod live;
mod login;
mod order;
mod period;
mod prompts;
mod recordings;
mod settings;
mod shield;
mod throttle;
mod trouble;
mod usage;
mod visitor;
mod when;
mod words;

pub use prompts::{PromptDesk, PromptLine, PromptPlace, UPLOAD_BYTES_MAX};

/// Every room in use. A room's `Arc` changes exactly when something in it has changed.
pub type House = HashMap<RoomNumber, Arc<RoomSnapshot>>;

/// Rooms at which wrong PINs or codes were keyed: how many within an hour, and when the last count
/// was. What is older than an hour is no news.
pub type Guesses = HashMap<RoomNumber, (u32, Time)>;

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
    /// rooms that are being guessed at
    pub guesses: watch::Receiver<Arc<Guesses>>,
    /// commands to rooms; bounded, a page waits at most a second
    pub commands: mpsc::Sender<PortalCommand>,
    /// where the MP3 files are
    pub recordings_dir: PathBuf,
    /// what callers hear, to be listened to and replaced
    pub prompts: Arc<dyn PromptDesk>,
}

/// What the pages only tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hints {
    /// days a recording is kept, to show how many are left
    pub keep_days: u32,
    /// host, or host:port, that callers reach by SIP (`sip:1000@HOST`); none: the host of the
    /// page's own address
    pub sip_host: Option<String>,
}

impl Default for Hints {
    fn default() -> Self {
        Self {
            keep_days: 365,
            sip_host: None,
        }
    }
}

/// A form or a command is never larger; a larger body is refused with 413.
const BODY_BYTES_MAX: usize = 64 * 1024;

/// All pages of the portal, with the usual [`Hints`]. `/health` and `/metrics` are not among them.
pub fn router(portal: Portal) -> Router {
    router_with(portal, Hints::default())
}

/// All pages of the portal.
///
/// Serve it with `into_make_service_with_connect_info::<SocketAddr>()`, so that failed logins are
/// counted by address; without it every client counts as one.
pub fn router_with(portal: Portal, hints: Hints) -> Router {
    let app = Arc::new(app::App::new(portal, hints));
    Router::new()
        .merge(people())
        .merge(rooms())
        .merge(records())
        .merge(sounds())
        .merge(api::routes())
        .fallback(trouble::not_found)
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(middleware::from_fn(shield::same_site_only))
        .layer(middleware::from_fn(trouble::in_our_design))
        .layer(shield::compression())
        .layer(middleware::map_response(shield::headers))
        .with_state(app)
}

/// Who is there: login, logout, account; and what needs nobody.
fn people() -> Router<Arc<app::App>> {
    Router::new()
        .route("/", get(live::rooms::start))
        .route("/login", get(login::page).post(login::log_in))
        .route("/logout", post(login::log_out))
        .route("/account", get(account::page))
        .route("/account/password", post(account::change_password))
        .route("/assets/{name}", get(assets::serve))
}

/// Rooms: live and their settings.
fn rooms() -> Router<Arc<app::App>> {
    Router::new()
        .route("/rooms", get(live::rooms::page))
        .route("/rooms/events", get(live::rooms::events))
        .route("/rooms/{room}", get(live::page))
        .route("/rooms/{room}/events", get(live::stream::events))
        .route("/rooms/{room}/commands", post(live::command))
        .route(
            "/rooms/{room}/settings",
            get(settings::page).post(settings::save),
        )
        .route("/rooms/{room}/pin", post(settings::change_pin))
        .route("/rooms/{room}/code", post(settings::change_code))
}

/// What callers hear. Only here a body may be large.
fn sounds() -> Router<Arc<app::App>> {
    // A form has some bytes around its file.
    let upload = DefaultBodyLimit::max(UPLOAD_BYTES_MAX + BODY_BYTES_MAX);
    Router::new()
        .route("/prompts", get(prompts::page))
        .route(
            "/prompts/{shelf}/{key}",
            post(prompts::replace).layer(upload),
        )
        .route("/prompts/{shelf}/{key}/default", post(prompts::restore))
        .route("/prompts/{shelf}/{key}/sound", get(prompts::sound))
}

/// What was: usage, recordings, billing codes.
fn records() -> Router<Arc<app::App>> {
    Router::new()
        .route("/usage", get(usage::list))
        .route("/usage/conferences.csv", get(usage::list_csv))
        .route("/usage/{conference}", get(usage::one))
        .route("/usage/{conference}/callers.csv", get(usage::one_csv))
        .route("/usage/{conference}/billing-code", post(usage::bill))
        .route("/recordings", get(recordings::list))
        .route("/recordings/{recording}/audio", get(audio::play))
        .route("/recordings/{recording}/download", get(audio::download))
        .route("/recordings/{recording}/title", post(recordings::title))
        .route("/recordings/{recording}/hold", post(recordings::hold))
        .route("/recordings/{recording}/delete", post(recordings::delete))
        .route("/billing", get(billing::page).post(billing::put))
        .route("/billing/remove", post(billing::remove))
        .route("/billing/default", post(billing::set_default))
        .route("/billing/codes.csv", get(billing::csv))
}
