//! The live page's stream of changes (server-sent events): the whole room at connect, then only
//! the parts that changed. Holds the last state it sent; a slow reader gets the newest state, not
//! every state.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::header;
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse, Response};
use confab_core::ids::{LegId, RoomNumber};
use confab_core::snapshot::RoomSnapshot;
use confab_store::StoreError;
use serde::Serialize;
use tokio::sync::{OwnedSemaphorePermit, mpsc, watch};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};
use tokio_stream::wrappers::ReceiverStream;

use super::news::news;
use super::row::Row;
use super::view::{self, Sight};
use crate::House;
use crate::app::{App, now_ms};
use crate::trouble::Trouble;
use crate::visitor::Visitor;
use crate::when::Zone;

/// A heartbeat; the page takes the connection for lost after two and a half of them.
const BEAT: Duration = Duration::from_secs(4);
/// The least time between two states of a page, so that a lively room of 500 does not keep a core
/// busy with rendering. Well under the second that a change may take.
const STATES_APART: Duration = Duration::from_millis(150);
/// How often it is looked whether the session still holds.
const SESSION_CHECK: Duration = Duration::from_secs(30);
/// Events between this task and the connection. When full the task waits and then sends the state
/// that is newest by then.
const EVENTS_MAX: usize = 2;

/// GET /rooms/{room}/events
pub(crate) async fn events(
    visitor: Visitor,
    State(app): State<Arc<App>>,
    Path(number): Path<String>,
) -> Result<Response, Trouble> {
    let room = app.room_of(&visitor.user, &number).await?;
    let screen = Screen {
        room: room.number,
        zone: visitor.zone.clone(),
        shown: Shown::Nothing,
        guesses: String::new(),
    };
    open(app, visitor, screen)
}

/// What a stream shows: fed with each new state of the house.
pub(crate) trait Show: Send + 'static {
    /// The event that brings the page up to date; none when it is.
    fn update(&mut self, house: &House) -> Option<Event>;

    /// The same for what is told of the room whether or not anybody is in it.
    fn warn(&mut self, _app: &App) -> Option<Event> {
        None
    }
}

/// Starts a stream that feeds `show`.
pub(crate) fn open(app: Arc<App>, visitor: Visitor, show: impl Show) -> Result<Response, Trouble> {
    let permit = Arc::clone(&app.live_pages).try_acquire_owned();
    let permit = permit.map_err(|_| Trouble::TooManyPages)?;
    let (events, stream) = mpsc::channel(EVENTS_MAX);
    tokio::spawn(feed(app, visitor, show, events, permit));
    let headers = [
        (header::CACHE_CONTROL, "no-store"),
        (X_ACCEL_BUFFERING, "no"),
    ];
    Ok((headers, Sse::new(ReceiverStream::new(stream))).into_response())
}

/// Tells nginx, the usual proxy, not to hold the stream back.
const X_ACCEL_BUFFERING: header::HeaderName = header::HeaderName::from_static("x-accel-buffering");

type Events = mpsc::Sender<Result<Event, Infallible>>;

async fn feed(
    app: Arc<App>,
    visitor: Visitor,
    mut show: impl Show,
    events: Events,
    _permit: OwnedSemaphorePermit,
) {
    let mut house = app.portal.house.clone();
    let mut guesses = app.portal.guesses.clone();
    let mut beat = ticking(BEAT);
    let mut check = ticking(SESSION_CHECK);
    let mut next_state = Instant::now();
    loop {
        guesses.mark_unchanged();
        let changes = [newest(&mut house, &mut show), show.warn(&app)];
        for event in changes.into_iter().flatten() {
            if events.send(Ok(event)).await.is_err() {
                return;
            }
            next_state = Instant::now() + STATES_APART;
        }
        let goes_on = loop {
            tokio::select! {
                changed = house.changed() => break changed.is_ok(),
                changed = guesses.changed() => break changed.is_ok(),
                () = events.closed() => break false,
                _ = beat.tick() => {
                    let event = Event::default().event("beat").data(now_ms().to_string());
                    if events.send(Ok(event)).await.is_err() {
                        break false;
                    }
                }
                _ = check.tick() => {
                    if !still_logged_in(&app, &visitor).await {
                        let _gone = events.send(Ok(Event::default().event("out").data("-"))).await;
                        break false;
                    }
                    // What was guessed an hour ago is no longer told.
                    break true;
                }
            }
        };
        if !goes_on {
            return;
        }
        sleep_until(next_state).await;
    }
}

fn newest(house: &mut watch::Receiver<Arc<House>>, show: &mut impl Show) -> Option<Event> {
    let now = Arc::clone(&house.borrow_and_update());
    show.update(&now)
}

fn ticking(every: Duration) -> tokio::time::Interval {
    let mut ticks = interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

/// A page stays open while the database is away, but not after a logout.
async fn still_logged_in(app: &App, visitor: &Visitor) -> bool {
    let Some(token) = &visitor.token else {
        return true;
    };
    match app.portal.store.session_user(token, now_ms()).await {
        Ok(user) => user.is_some(),
        Err(StoreError::Database(_)) => true,
        Err(_) => false,
    }
}

/// One open page of one room.
struct Screen {
    room: RoomNumber,
    zone: Zone,
    shown: Shown,
    /// the warning of guesses that the page has
    guesses: String,
}

/// What the page has.
enum Shown {
    Nothing,
    Empty,
    Room {
        snapshot: Arc<RoomSnapshot>,
        head: String,
        panel: String,
    },
}

/// The data of an event `whole`.
#[derive(Serialize)]
struct WholeData<'a> {
    now_ms: i64,
    html: &'a str,
}

/// The data of an event `parts`: what changed, by element id.
#[derive(Default, Serialize)]
struct PartsData {
    now_ms: i64,
    parts: HashMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    order: Option<Vec<String>>,
    say: Vec<String>,
}

impl Show for Screen {
    fn update(&mut self, house: &House) -> Option<Event> {
        let now = house.get(&self.room);
        match (&self.shown, now) {
            (Shown::Empty, None) => None,
            (_, None) => {
                self.shown = Shown::Empty;
                event(
                    "whole",
                    &WholeData {
                        now_ms: now_ms(),
                        html: "",
                    },
                )
            }
            (Shown::Room { snapshot, .. }, Some(now)) if Arc::ptr_eq(snapshot, now) => None,
            (Shown::Room { snapshot, .. }, Some(now)) if snapshot.conference == now.conference => {
                self.changes(&Arc::clone(now))
            }
            (_, Some(now)) => self.all(&Arc::clone(now)),
        }
    }

    fn warn(&mut self, app: &App) -> Option<Event> {
        let html = view::guesses(&self.room, app.guesses(&self.room)).ok()?;
        if html == self.guesses {
            return None;
        }
        self.guesses.clone_from(&html);
        let data = PartsData {
            now_ms: now_ms(),
            parts: HashMap::from([("guesses".to_owned(), html)]),
            ..PartsData::default()
        };
        event("parts", &data)
    }
}

impl Screen {
    fn all(&mut self, now: &Arc<RoomSnapshot>) -> Option<Event> {
        let sight = self.sight();
        let (head, panel) = (
            view::head(&sight, now).ok()?,
            view::panel(&sight, now).ok()?,
        );
        let html = view::whole(&sight, Some(now)).ok()?;
        self.shown = Shown::Room {
            snapshot: Arc::clone(now),
            head,
            panel,
        };
        event(
            "whole",
            &WholeData {
                now_ms: now_ms(),
                html: &html,
            },
        )
    }

    /// What is not the same as before. Nothing is made of callers who are: a room has hundreds, and
    /// what happens is about one of them.
    fn changes(&mut self, now: &Arc<RoomSnapshot>) -> Option<Event> {
        let Shown::Room {
            snapshot: before,
            head: had_head,
            panel: had_panel,
        } = &self.shown
        else {
            return None;
        };
        let sight = self.sight();
        let (head, panel) = (
            view::head(&sight, now).ok()?,
            view::panel(&sight, now).ok()?,
        );
        let mut data = PartsData {
            now_ms: now_ms(),
            say: news(before, now),
            ..PartsData::default()
        };
        for (id, had, html) in [("head", had_head, &head), ("panel", had_panel, &panel)] {
            if had != html {
                data.parts.insert(id.to_owned(), html.clone());
            }
        }
        let were: HashMap<_, _> = before.legs.iter().map(|leg| (leg.leg, leg)).collect();
        let alike = Row::are_alike(before, now);
        for leg in &now.legs {
            if !alike || were.get(&leg.leg) != Some(&leg) {
                let (id, html) = view::row(&sight, now, leg).ok()?;
                data.parts.insert(id, html);
            }
        }
        let legs = |room: &RoomSnapshot| room.legs.iter().map(|leg| leg.leg).collect::<Vec<_>>();
        let order = legs(now);
        if order != legs(before) {
            data.order = Some(order.iter().map(LegId::to_string).collect());
        }
        self.shown = Shown::Room {
            snapshot: Arc::clone(now),
            head,
            panel,
        };
        let same = data.parts.is_empty() && data.order.is_none() && data.say.is_empty();
        if same { None } else { event("parts", &data) }
    }

    fn sight(&self) -> Sight<'_> {
        Sight {
            room: &self.room,
            now_ms: 0,
            zone: &self.zone,
        }
    }
}

pub(crate) fn event(name: &str, data: &impl Serialize) -> Option<Event> {
    Event::default().event(name).json_data(data).ok()
}
