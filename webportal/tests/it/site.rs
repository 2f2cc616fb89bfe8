//! A portal on a database of its own, with three users and something to see; and a browser that
//! needs no network.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, Request, StatusCode, header};
use axum::response::Response;
use confab_core::command::LectureMode;
use confab_core::event::Role;
use confab_core::ids::{ConferenceId, LegId, RoomNumber};
use confab_core::settings::RoomSettings;
use confab_core::snapshot::{LegSnapshot, MuteState, RecordingState, RoomSnapshot, Standing};
use confab_core::time::Time;
use confab_portal::{Guesses, House, Portal, PortalCommand, router};
use confab_store::{LedgerEntry, Store};
use tempfile::TempDir;
use tokio::sync::{mpsc, watch};
use tower::ServiceExt;

pub const PASSWORD: &str = "correct horse 1";
/// Anna's conference, Bert's conference.
pub const ANNAS: &str = "01900000-0000-7000-8000-00000000000a";
pub const BERTS: &str = "01900000-0000-7000-8000-00000000000b";
pub const ANNAS_SOUND: &str = "01900000-0000-7000-8000-0000000000aa";
pub const BERTS_SOUND: &str = "01900000-0000-7000-8000-0000000000bb";

/// Bounds every wait for an event.
pub const DEADLINE: Duration = Duration::from_secs(20);

pub struct Site {
    pub router: Router,
    pub store: Store,
    pub house: watch::Sender<Arc<House>>,
    pub guesses: watch::Sender<Arc<Guesses>>,
    pub commands: mpsc::Receiver<PortalCommand>,
    pub dir: TempDir,
    pub desk: Arc<crate::prompts::Desk>,
}

pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub bytes: Bytes,
}

impl Answer {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.bytes).unwrap()
    }

    /// Holds when the page says all of this.
    #[track_caller]
    pub fn says(&self, texts: &[&str]) -> &Self {
        let text = self.text();
        for wanted in texts {
            assert!(text.contains(wanted), "{wanted:?} is not in:\n{text}");
        }
        self
    }
}

impl Site {
    /// Anna has room 1000, Bert has room 2000, Ada is administrator; each room had a conference
    /// with a recording an hour ago.
    pub async fn open() -> Self {
        let dir = TempDir::new().unwrap();
        let url = format!("sqlite:{}", dir.path().join("confab.db").display());
        let store = Store::open(&url).await.unwrap();
        for (email, name, admin) in [
            ("anna@example.com", "Anna", false),
            ("bert@example.com", "Bert", false),
            ("ada@example.com", "Ada", true),
        ] {
            store.add_user(email, name, PASSWORD, admin).await.unwrap();
        }
        let began_ms = now_ms() - 3_600_000;
        for (number, email, conference, sound) in [
            ("1000", "anna@example.com", ANNAS, ANNAS_SOUND),
            ("2000", "bert@example.com", BERTS, BERTS_SOUND),
        ] {
            let settings = RoomSettings::default();
            store
                .add_room(&room(number), email, "4711", &settings)
                .await
                .unwrap();
            let entries = past_conference(number, conference, sound, began_ms);
            store.write_ledger(&entries).await.unwrap();
            let sound_bytes: Vec<u8> = (0..=255).cycle().take(1_000).collect();
            std::fs::write(dir.path().join(format!("{sound}.mp3")), sound_bytes).unwrap();
        }
        let (house, seen) = watch::channel(Arc::new(House::new()));
        let (guesses, guesses_seen) = watch::channel(Arc::new(Guesses::new()));
        let (sender, commands) = mpsc::channel(8);
        let desk = Arc::new(crate::prompts::Desk::default());
        let portal = Portal {
            prompts: desk.clone(),
            store: store.clone(),
            house: seen,
            guesses: guesses_seen,
            commands: sender,
            recordings_dir: dir.path().to_owned(),
        };
        Self {
            router: router(portal),
            store,
            house,
            guesses,
            commands,
            dir,
            desk,
        }
    }

    pub fn publish(&self, rooms: Vec<RoomSnapshot>) {
        let house: House = rooms
            .into_iter()
            .map(|room| (room.number.clone(), Arc::new(room)))
            .collect();
        self.house.send_replace(Arc::new(house));
    }

    /// A cookie of this user.
    pub async fn log_in(&self, email: &str) -> String {
        let form = format!("email={email}&password={}", PASSWORD.replace(' ', "+"));
        let answer = self.post("", "/login", &form).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text());
        answer
            .header("set-cookie")
            .split(';')
            .next()
            .unwrap()
            .to_owned()
    }

    pub async fn get(&self, cookie: &str, path: &str) -> Answer {
        self.ask(Request::get(path).header(header::COOKIE, cookie), "")
            .await
    }

    pub async fn post(&self, cookie: &str, path: &str, form: &str) -> Answer {
        let request = Request::post(path)
            .header(header::COOKIE, cookie)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        self.ask(request, form).await
    }

    pub async fn ask(&self, request: axum::http::request::Builder, body: &str) -> Answer {
        self.ask_with(request, body.to_owned().into_bytes()).await
    }

    pub async fn ask_with(&self, request: axum::http::request::Builder, body: Vec<u8>) -> Answer {
        let response = self.send_bytes(request, body).await;
        let status = response.status();
        let headers = response.headers().clone();
        let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        Answer {
            status,
            headers,
            bytes,
        }
    }

    pub async fn send(&self, request: axum::http::request::Builder, body: &str) -> Response {
        self.send_bytes(request, body.to_owned().into_bytes()).await
    }

    async fn send_bytes(&self, request: axum::http::request::Builder, body: Vec<u8>) -> Response {
        let peer = SocketAddr::from(([127, 0, 0, 1], 4711));
        let request = request.extension(ConnectInfo(peer));
        let request = request.body(Body::from(body)).unwrap();
        self.router.clone().oneshot(request).await.unwrap()
    }
}

pub fn room(number: &str) -> RoomNumber {
    RoomNumber::parse(number).unwrap()
}

pub fn now_ms() -> i64 {
    let since = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    i64::try_from(since.as_millis()).unwrap()
}

/// Ten minutes with a host and a guest whose name would be a script.
fn past_conference(
    number: &str,
    conference: &str,
    recording: &str,
    at_ms: i64,
) -> Vec<LedgerEntry> {
    let mut entries = vec![LedgerEntry::ConferenceStarted {
        conference: conference.into(),
        room: number.into(),
        at_ms,
        billing_code: Some("4242".into()),
    }];
    let callers = [
        ("Hana", "+4930111", true, ("tollfree", "DE")),
        ("<script>alert(1)</script>", "+4930222", false, ("voip", "")),
    ];
    for (place, (name, caller_number, host, (call_type, country))) in
        callers.into_iter().enumerate()
    {
        let call = format!("call-{number}-{place}");
        entries.extend([
            LedgerEntry::CallStarted {
                call: call.clone(),
                at_ms,
                caller_number: caller_number.into(),
                caller_name: name.into(),
                dialled: number.into(),
            },
            LedgerEntry::CallTyped {
                call: call.clone(),
                call_type: call_type.into(),
                country: country.into(),
            },
            LedgerEntry::CallJoined {
                call: call.clone(),
                conference: conference.into(),
                at_ms,
                host,
            },
            LedgerEntry::CallEnded {
                call,
                at_ms: at_ms + 600_000,
                reason: "caller_hung_up".into(),
            },
        ]);
    }
    entries.extend([
        LedgerEntry::RecordingStarted {
            recording: recording.into(),
            conference: conference.into(),
            at_ms,
        },
        LedgerEntry::RecordingStopped {
            recording: recording.into(),
            at_ms: at_ms + 300_000,
            duration_ms: 300_000,
            bytes: 1_000,
        },
        LedgerEntry::ConferenceEnded {
            conference: conference.into(),
            at_ms: at_ms + 600_000,
            reason: "nobody_left".into(),
        },
    ]);
    entries
}

/// A room with these callers: id, name.
pub fn snapshot(number: &str, callers: &[(u64, &str)]) -> RoomSnapshot {
    let leg = |(leg, name): &(u64, &str)| LegSnapshot {
        leg: LegId(*leg),
        role: Role::Guest,
        name: (*name).to_owned(),
        number: format!("+4930{leg}"),
        since: Time(now_ms().unsigned_abs()),
        talking: false,
        mute: MuteState::Open,
        fault: None,
        denoised: false,
        hand: None,
        standing: Standing::Inside,
    };
    RoomSnapshot {
        number: room(number),
        conference: ConferenceId(format!("live-{number}")),
        seq: 1,
        since: Time(now_ms().unsigned_abs()),
        legs: callers.iter().map(leg).collect(),
        lecture: LectureMode::Open,
        locked: false,
        knocks: vec![],
        dials: vec![],
        dial_over: None,
        dial_out: false,
        hold_music: true,
        recording: RecordingState::Off,
        chimes: true,
        continues: true,
        billing_code: None,
        ends_at: None,
        asked_alone: None,
    }
}

/// The parameters of a redirect.
pub fn query_of(location: &str) -> HashMap<String, String> {
    let (_, query) = location.split_once('?').unwrap_or_default();
    let query = query.split('#').next().unwrap_or_default();
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect()
}
