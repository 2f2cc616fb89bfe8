//! The portal with a lively house but without telephones: real rooms of the core, callers who come,
//! talk and raise hands by themselves, somebody at the door, and a past to look at. For working on
//! the pages. A number that is called from a page rings; one that ends in 0 is busy.
//!
//! `cargo run -p confab-portal --example demo [ADDRESS]`, then log in as `anna@example.com` or
//! `ada@example.com` (administrator) with the password `demo demo 1`. Everything is in a temporary
//! folder and gone afterwards.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use confab_core::access::{CallType, Country};
use confab_core::command::{Actor, Command, CommandRefusal, LectureMode};
use confab_core::effect::{Audience, Effect};
use confab_core::event::{DialFailure, EndReason, Role};
use confab_core::ids::{ConferenceId, DialId, DialNumber, LegId, RoomNumber};
use confab_core::room::{DialNews, Input, Joining, RecorderReport, Room};
use confab_core::settings::{Announce, Language, RoomSettings};
use confab_core::time::Time;
use confab_dtmf::layout::KeypadCommand;
use confab_portal::{House, Portal, PortalCommand, PromptDesk, PromptLine, PromptPlace, router};
use confab_store::{AccessNumber, LedgerEntry, Store};
use tokio::sync::{mpsc, watch};

const PASSWORD: &str = "demo demo 1";
const DAY_MS: i64 = 24 * 60 * 60 * 1_000;
/// Room, conference that is live in it.
const LIVE: [(&str, &str); 2] = [("1000", "live-1000"), ("1200", "live-1200")];
const CALLERS: [(&str, &str, Role); 8] = [
    ("Anna Berger", "+4930111", Role::Host),
    ("", "+33140205050", Role::Guest),
    ("Émile Zola", "+33140205051", Role::Guest),
    ("Grace O'Malley", "+35315551234", Role::Guest),
    (
        "Heinrich von Ofterdingen-Hardenberg",
        "+493641234567",
        Role::Guest,
    ),
    ("Kim", "1042", Role::Guest),
    ("", "", Role::Guest),
    ("Zoë & Sons <Ltd>", "+442079460000", Role::Guest),
];

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let address = std::env::args()
        .nth(1)
        .unwrap_or_else(|| "127.0.0.1:8088".into());
    let dir = tempfile::tempdir()?;
    let store = Store::open(&format!("sqlite:{}", dir.path().join("demo.db").display())).await?;
    fill(&store, dir.path()).await?;
    let guesses = HashMap::from([(number(LIVE[0].0), (23, Time(now_ms().unsigned_abs())))]);
    let guessed = watch::Sender::new(Arc::new(guesses));
    let (house, seen) = watch::channel(Arc::new(House::new()));
    // As many as the pages of one person can send at once; when full a page waits its second.
    let (commands, inlet) = mpsc::channel(16);
    tokio::spawn(live(house, inlet));
    let portal = Portal {
        prompts: Arc::new(Welcome),
        store,
        house: seen,
        guesses: guessed.subscribe(),
        commands,
        recordings_dir: dir.path().to_owned(),
    };
    let listener = tokio::net::TcpListener::bind(&address).await?;
    println!(
        "http://{}  anna@example.com  {PASSWORD}",
        listener.local_addr()?
    );
    let service = router(portal).into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, service).await?;
    Ok(())
}

/// One prompt that cannot be changed: the demo has no sounds.
#[derive(Debug)]
struct Welcome;

impl PromptDesk for Welcome {
    fn lines(&self, _: Language) -> Vec<PromptLine> {
        vec![PromptLine {
            key: "welcome".into(),
            text: "Welcome to Confab.".into(),
            own: false,
        }]
    }

    fn music_is_own(&self) -> bool {
        false
    }

    fn file(&self, _: &PromptPlace) -> Option<(&'static str, Vec<u8>)> {
        None
    }

    fn replace(&self, _: &PromptPlace, _: Vec<u8>) -> Result<(), String> {
        Err("The demo has no sounds.".into())
    }

    fn restore(&self, _: &PromptPlace) -> Result<(), String> {
        Ok(())
    }
}

fn now_ms() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| since.as_millis() as i64)
}

fn number(digits: &str) -> RoomNumber {
    RoomNumber::parse(digits).expect("the demo's rooms have three to twelve digits")
}

// --- The live rooms ---

struct Stage {
    rooms: HashMap<RoomNumber, Room>,
    /// what becomes of calls out, and at which beat
    calls: Vec<(u64, RoomNumber, DialId, DialNews)>,
    beat: u64,
    house: watch::Sender<Arc<House>>,
}

impl Stage {
    fn give(&mut self, room: &RoomNumber, input: Input) -> Result<(), CommandRefusal> {
        let Some(stage) = self.rooms.get_mut(room) else {
            return Err(CommandRefusal::NoConference);
        };
        let now = Time(now_ms().unsigned_abs());
        let mut effects = vec![];
        let answer = stage.handle(now, input, &mut effects);
        for effect in effects {
            let follows = match effect {
                Effect::Dial { dial, number, .. } => {
                    let outcome = if number.as_str().ends_with('0') {
                        DialNews::Failed(DialFailure::Busy)
                    } else {
                        DialNews::Answered(LegId(100 + dial.0))
                    };
                    for (beats, news) in [(3, DialNews::Ringing), (9, outcome)] {
                        let at = self.beat + beats;
                        self.calls.push((at, room.clone(), dial, news));
                    }
                    continue;
                }
                Effect::StartRecording => Input::Recording(RecorderReport::Started),
                Effect::Hangup { leg, reason } => Input::Leave { leg, reason },
                Effect::Play {
                    to: Audience::Leg(leg),
                    play,
                    ..
                } => Input::Played { leg, play },
                Effect::Close => {
                    self.rooms.remove(room);
                    break;
                }
                _ => continue,
            };
            let _spoken = self.give(room, follows);
        }
        answer
    }

    fn publish(&self) {
        let mut house = House::clone(&self.house.borrow());
        house.retain(|number, _| self.rooms.contains_key(number));
        for (number, room) in &self.rooms {
            let now = room.snapshot();
            if house.get(number).is_none_or(|shown| **shown != now) {
                house.insert(number.clone(), Arc::new(now));
            }
        }
        self.house.send_replace(Arc::new(house));
    }
}

async fn live(house: watch::Sender<Arc<House>>, mut commands: mpsc::Receiver<PortalCommand>) {
    let mut stage = Stage {
        rooms: HashMap::new(),
        calls: vec![],
        beat: 0,
        house,
    };
    let began = Time((now_ms() - 754_000).unsigned_abs());
    for (room, conference) in LIVE {
        let settings = RoomSettings {
            guests_may_start: room != LIVE[0].0,
            security_code: room == LIVE[0].0,
            dial_out: true,
            ..RoomSettings::default()
        };
        let conference = ConferenceId(conference.to_owned());
        let stands = Room::new(number(room), conference, settings, began);
        stage.rooms.insert(number(room), stands);
    }
    let main = number(LIVE[0].0);
    for place in 0..5 {
        join(&mut stage, &main, place);
    }
    join(&mut stage, &number(LIVE[1].0), 5);
    host_works(&mut stage, &main);
    let mut ticks = tokio::time::interval(Duration::from_millis(700));
    loop {
        stage.publish();
        tokio::select! {
            asked = commands.recv() => {
                let Some(PortalCommand { room, by, command, reply }) = asked else { return };
                let command = Input::Command { by: Actor::Portal(by), command };
                // The page may have given up waiting.
                let _gone = reply.send(stage.give(&room, command));
            }
            _ = ticks.tick() => {
                stage.beat += 1;
                act(&mut stage, &main);
            }
        }
    }
}

fn join(stage: &mut Stage, room: &RoomNumber, place: usize) {
    let (name, number, role) = CALLERS[place % CALLERS.len()];
    let joining = Joining {
        leg: LegId(place as u64 + 1),
        role,
        name: name.to_owned(),
        number: number.to_owned(),
        spoken_name: false,
        billing_code: None,
        answered: Time(now_ms().unsigned_abs()),
        // the last of the first ones has still to key it
        code: place != 4,
    };
    let _spoken = stage.give(room, Input::Join(joining));
}

/// A hand is open, another waits; the room is locked, and somebody knocks; one number was called
/// and is at the door, another rings.
fn host_works(stage: &mut Stage, room: &RoomNumber) {
    let key = |leg| Input::Command {
        by: Actor::Leg(LegId(leg)),
        command: Command::Keypad(KeypadCommand::ToggleHand),
    };
    let portal = |command| Input::Command {
        by: Actor::Portal("anna@example.com".into()),
        command,
    };
    let calls = |digits| DialNumber::parse(digits).map(Command::DialOut);
    let commands = [
        Some(Command::SetLecture(LectureMode::Strict)),
        Some(Command::NextHand),
        Some(Command::SetLocked(true)),
        calls("+498912345"),
        calls("+33140205060"),
    ];
    let commands = commands.into_iter().flatten().map(portal);
    for input in [key(2), key(4)].into_iter().chain(commands) {
        let _spoken = stage.give(room, input);
    }
    // these two wait until somebody does something
    stage.calls.clear();
    for (dial, news) in [(1, DialNews::Answered(LegId(101))), (2, DialNews::Ringing)] {
        let dial = DialId(dial);
        let _spoken = stage.give(room, Input::Dialled { dial, news });
    }
    join(stage, room, 7);
}

/// What the callers do by themselves.
fn act(stage: &mut Stage, room: &RoomNumber) {
    let beat = stage.beat;
    let key = |leg, key| Input::Command {
        by: Actor::Leg(LegId(leg)),
        command: Command::Keypad(key),
    };
    let talking = |leg: u64, talking| Input::Talking {
        leg: LegId(leg),
        talking,
    };
    let inputs = match beat {
        2 => vec![
            key(4, KeypadCommand::ToggleMute),
            key(3, KeypadCommand::ToggleHand),
        ],
        3 => vec![key(5, KeypadCommand::ToggleHand)],
        _ => vec![],
    };
    let lively = [
        talking(1 + beat % 3, beat.is_multiple_of(2)),
        talking(1, !beat.is_multiple_of(5)),
    ];
    for input in inputs.into_iter().chain(lively) {
        let _spoken = stage.give(room, input);
    }
    let due = stage.calls.extract_if(.., |(at, ..)| *at <= beat);
    for (_, room, dial, news) in due.collect::<Vec<_>>() {
        let _spoken = stage.give(&room, Input::Dialled { dial, news });
    }
    // The last three come and go, so that a lock is knocked at.
    let late = 5 + (beat / 12 % 3) as usize;
    match beat % 24 {
        8 => join(stage, room, late),
        20 => {
            let leave = Input::Leave {
                leg: LegId(6 + beat % 3),
                reason: EndReason::CallerHungUp,
            };
            let _spoken = stage.give(room, leave);
        }
        _ => {}
    }
}

// --- The past ---

async fn fill(store: &Store, dir: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let anna = store
        .add_user("anna@example.com", "Anna Berger", PASSWORD, false)
        .await?;
    store
        .add_user("ada@example.com", "Ada Admin", PASSWORD, true)
        .await?;
    for (digits, code) in [("1000", Some("4711")), ("1200", None), ("1500", None)] {
        let settings = RoomSettings {
            announce: Announce::Chime,
            billing_code: code.map(str::to_owned),
            ..RoomSettings::default()
        };
        store
            .add_room(&number(digits), &anna.email, "24680", &settings)
            .await?;
    }
    for (digits, room) in [("0800100200", None), ("0800100201", Some(number("1500")))] {
        let access = AccessNumber {
            number: digits.into(),
            language: Language::En,
            room,
            call_type: CallType::TollFree,
            country: Country::parse("DE"),
        };
        store.put_access_number(&access).await?;
    }
    for (code, name) in [
        ("4711", "Perfume project"),
        ("1001", "Sales"),
        ("1002", "Research & development"),
    ] {
        store.put_billing_code(&anna.id, code, name).await?;
    }
    let now = now_ms();
    let mut entries = vec![];
    for day in 0..60 {
        if day % 7 != 5 && day % 7 != 6 {
            entries.extend(past_conference(day, now - day * DAY_MS - 7_000_000));
        }
    }
    for (room, conference) in LIVE {
        entries.push(LedgerEntry::ConferenceStarted {
            conference: conference.into(),
            room: room.into(),
            at_ms: now - 754_000,
            billing_code: None,
        });
    }
    store.write_ledger(&entries).await?;
    record(store, dir, now).await
}

fn past_conference(day: i64, at_ms: i64) -> Vec<LedgerEntry> {
    let conference = format!("past-{day:03}");
    let length_ms = 60_000 * (9 + day * 37 % 70);
    let codes = ["4711", "1001", "1002"];
    let mut entries = vec![LedgerEntry::ConferenceStarted {
        conference: conference.clone(),
        room: if day % 3 == 0 { "1200" } else { "1000" }.into(),
        at_ms,
        billing_code: (day % 4 > 0).then(|| codes[day as usize % 3].to_owned()),
    }];
    let reasons = ["caller_hung_up", "conference_ended", "dropped", "line_dead"];
    for place in 0..(3 + day as usize % 6) {
        let (name, caller_number, role) = CALLERS[place % CALLERS.len()];
        let call = format!("call-{day}-{place}");
        let joined_ms = at_ms + 20_000 * place as i64;
        entries.extend([
            LedgerEntry::CallStarted {
                call: call.clone(),
                at_ms: joined_ms - 9_000,
                caller_number: caller_number.into(),
                caller_name: name.into(),
                dialled: "0800100200".into(),
            },
            LedgerEntry::CallTyped {
                call: call.clone(),
                call_type: ["tollfree", "toll", "voip"][place % 3].into(),
                country: ["DE", "FR", ""][place % 3].into(),
            },
            LedgerEntry::CallJoined {
                call: call.clone(),
                conference: conference.clone(),
                at_ms: joined_ms,
                host: role == Role::Host,
            },
            LedgerEntry::CallEnded {
                call,
                at_ms: at_ms + length_ms - 3_000 * (place as i64 % 3),
                reason: reasons[place % reasons.len()].into(),
            },
        ]);
    }
    entries.push(LedgerEntry::ConferenceEnded {
        conference,
        at_ms: at_ms + length_ms,
        reason: if day % 2 == 0 {
            "ended_by_host"
        } else {
            "nobody_left"
        }
        .into(),
    });
    entries
}

async fn record(store: &Store, dir: &Path, now: i64) -> Result<(), Box<dyn std::error::Error>> {
    let sounds = [
        (
            "sound-a",
            "past-001",
            "Kick-off with the customer",
            95,
            false,
        ),
        ("sound-b", "past-002", "", 1_640, false),
        (
            "sound-c",
            "past-008",
            "Interview, cleared by legal",
            600,
            true,
        ),
        ("sound-d", "past-015", "Test", 12, false),
        ("sound-e", "live-1000", "", 30, false),
    ];
    for (id, conference, title, seconds, held) in sounds {
        let sound = silence(seconds);
        let bytes = sound.len() as i64;
        tokio::fs::write(dir.join(format!("{id}.mp3")), sound).await?;
        let day: i64 = conference.strip_prefix("past-").map_or(Ok(0), str::parse)?;
        let at_ms = now - day * DAY_MS - 6_900_000;
        let duration_ms = seconds as i64 * 1_000;
        store
            .write_ledger(&[
                LedgerEntry::RecordingStarted {
                    recording: id.into(),
                    conference: conference.into(),
                    at_ms,
                },
                LedgerEntry::RecordingStopped {
                    recording: id.into(),
                    at_ms: at_ms + duration_ms,
                    duration_ms,
                    bytes,
                },
            ])
            .await?;
        store.title_recording(id, title).await?;
        store.hold_recording(id, held).await?;
    }
    store
        .mark_recording_deleted("sound-d", now - DAY_MS, "host")
        .await?;
    Ok(())
}

/// An MP3 that lasts so long and says nothing: frames of 1,152 samples at 44.1 kHz, 128 kbit/s,
/// whose side information is all zero.
fn silence(seconds: usize) -> Vec<u8> {
    let mut frame = vec![0_u8; 417];
    frame[..4].copy_from_slice(&[0xff, 0xfb, 0x90, 0xc4]);
    frame.repeat(seconds * 44_100 / 1_152)
}
