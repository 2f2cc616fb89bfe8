//! All callers, driven by one thread. A step is 2 ms long and serves a tenth of them, so that
//! packets are spread over the 20 ms as those of real callers are.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use crate::call::{Call, Firsts, Part, Room, now_ns};
use crate::confab::{GUEST_KEYS, HOST_KEYS};
use crate::ear::Ear;
use crate::guard::{Guard, Sealing};
use crate::intake::{Intake, Nanos};
use crate::outbox::Outbox;
use crate::phone::{Change, Phone};
use crate::plan::Plan;
use crate::setups::SetUps;
use crate::sip::{Ids, Message};
use crate::sound::Sounds;
use crate::tally::Tally;

/// Steps in a tick of 20 ms.
const STEPS: u64 = 10;

const STEP: Duration = Duration::from_millis(2);

/// Waking so much after a step was due is counted.
const OWN_LATE: Duration = Duration::from_millis(5);

/// Longest time from the last dialling to the last answer, and from the last BYE to its answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(20);

/// Time in which a host whose PIN was right comes into the room.
const PIN_TOLD: Duration = Duration::from_secs(3);

/// Lecture mode, keyed by a host.
const LECTURE_KEYS: &str = "*8";

/// The callers.
#[derive(Debug)]
pub struct Crowd {
    calls: Vec<Call>,
    rooms: Vec<Room>,
    room_size: usize,
    signalling: Option<Signalling>,
    sounds: Sounds,
    intake: Intake,
    outbox: Outbox,
    tally: Tally,
    begun: Instant,
    step: u64,
    /// calls that came up
    up: usize,
}

/// Phones, one per call, over one socket.
#[derive(Debug)]
struct Signalling {
    socket: UdpSocket,
    phones: Vec<Phone>,
    /// when each was dialled, by the clock of the packets; 0 when it has not been
    dialled_ns: Vec<Nanos>,
    run: u32,
}

impl Crowd {
    /// Callers who will dial the rooms that `room_of` gives for the number of a call, of a confab
    /// that listens at `sip`.
    pub fn for_rooms(
        plan: &Plan,
        sip: SocketAddr,
        room_of: impl Fn(usize) -> String,
    ) -> Result<Self> {
        let mut crowd = Self::new(plan)?;
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        socket.connect(sip)?;
        socket.set_nonblocking(true)?;
        let local = socket.local_addr()?;
        // Two crowds of one process have ports of their own.
        let run = std::process::id() << 16 | u32::from(local.port());
        let phones = crowd.calls.iter().enumerate().map(|(call, media)| {
            let ids = Ids {
                local,
                remote: sip,
                room: room_of(call),
                run,
                call,
                codec: plan.codec,
                key: plan.srtp.map(Sealing::key),
            };
            Ok(Phone::new(ids, media.port()?))
        });
        let phones = phones.collect::<Result<_>>()?;
        crowd.signalling = Some(Signalling {
            socket,
            phones,
            dialled_ns: vec![0; plan.calls],
            run,
        });
        Ok(crowd)
    }

    /// Callers who send to these ports at once, with no signalling.
    pub fn for_ports(plan: &Plan, ports: &[u16]) -> Result<Self> {
        ensure!(ports.len() == plan.calls, "a port for each call");
        let mut crowd = Self::new(plan)?;
        for (call, port) in crowd.calls.iter_mut().zip(ports) {
            let guard = Guard::padded(plan.srtp);
            call.start((Ipv4Addr::LOCALHOST, *port).into(), guard, "")?;
        }
        crowd.up = plan.calls;
        crowd.count_ears(|_| true);
        Ok(crowd)
    }

    fn new(plan: &Plan) -> Result<Self> {
        let calls = (0..plan.calls).map(|number| Call::new(number, plan.part(number), plan.codec));
        let mut calls: Vec<Call> = calls
            .collect::<Result<_>>()
            .context("cannot open sockets")?;
        let listeners = calls.iter_mut().filter(|call| call.part().turn.is_none());
        for call in listeners.step_by(plan.listeners_per_ear()) {
            call.lend(Ear::new(plan.codec, plan.is_noise_heard())?);
        }
        let room = Room {
            talkers: plan.turns() as u64,
            ..Room::default()
        };
        Ok(Self {
            calls,
            rooms: vec![room; plan.rooms()],
            room_size: plan.room_size,
            signalling: None,
            sounds: Sounds::new(plan.codec, plan.manner, room.talkers.max(1))?,
            intake: Intake::new(),
            outbox: Outbox::with_ring().unwrap_or_default(),
            tally: Tally::default(),
            begun: Instant::now(),
            step: 0,
            up: 0,
        })
    }

    /// Who of those that are `up` will hear the bursts of each room.
    fn count_ears(&mut self, up: impl Fn(usize) -> bool) {
        for (number, room) in self.rooms.iter_mut().enumerate() {
            let calls = self.calls.iter().enumerate();
            let seats = calls.skip(number * self.room_size).take(self.room_size);
            let ears = seats.filter(|(call, media)| media.has_ear() && up(*call));
            room.listeners = ears.count() as u64;
        }
    }

    /// Places the calls of those who play such a part, and waits until every one is answered or
    /// refused.
    pub fn dial(&mut self, calls_per_s: u32, who: impl Fn(Part) -> bool) -> Result<()> {
        let parts = self.calls.iter().map(Call::part).enumerate();
        let theirs: Vec<usize> = parts
            .filter(|(_, part)| who(*part))
            .map(|(n, _)| n)
            .collect();
        let begun = Instant::now();
        let all_s = f64::from(theirs.len() as u32) / f64::from(calls_per_s);
        let deadline = begun + ANSWER_WITHIN + Duration::from_secs_f64(all_s);
        let mut waiting = theirs.iter().enumerate().peekable();
        while !theirs.iter().all(|&call| self.phones()[call].is_decided()) {
            let now = self.step()?;
            if now > deadline {
                break;
            }
            let due = (now.duration_since(begun).as_secs_f64() * f64::from(calls_per_s)) as usize;
            if let Some(signalling) = &mut self.signalling {
                while let Some((_, &call)) = waiting.next_if(|(place, _)| *place < due) {
                    signalling.dialled_ns[call] = now_ns();
                    let phone = &mut signalling.phones[call];
                    phone.dial(Instant::now(), |text| send(&signalling.socket, text));
                }
            }
        }
        let up: Vec<bool> = self.phones().iter().map(Phone::is_up).collect();
        self.up = up.iter().filter(|&&up| up).count();
        ensure!(self.up > 0, "no call came up: {}", self.states());
        self.count_ears(|call| up[call]);
        Ok(())
    }

    /// Every host begins a lecture, once those who have been dialled are in the room.
    pub fn begin_lectures(&mut self) -> Result<()> {
        while self.calls.iter().any(Call::is_keying) {
            self.step()?;
        }
        self.run(PIN_TOLD)?;
        for call in 0..self.calls.len() {
            if self.calls[call].part().host {
                let up = self.phones().get(call).is_some_and(Phone::is_up);
                ensure!(up, "a host did not come up: {}", self.states());
                self.calls[call].press(LECTURE_KEYS);
            }
        }
        Ok(())
    }

    /// Keeps everybody talking and listening for so long, and says how long it was in fact.
    pub fn run(&mut self, length: Duration) -> Result<Duration> {
        let begun = Instant::now();
        while begun.elapsed() < length {
            self.step()?;
        }
        let up = self.phones().iter().filter(|phone| phone.is_up()).count();
        ensure!(
            self.phones().is_empty() || up == self.up,
            "calls have ended by themselves: {}",
            self.states()
        );
        Ok(begun.elapsed())
    }

    /// Ends all calls and waits for the answers.
    pub fn hang_up(&mut self) -> Result<()> {
        let deadline = Instant::now() + ANSWER_WITHIN;
        for call in 0..self.calls.len() {
            let now = self.step()?;
            self.calls[call].stop();
            if let Some(Signalling { phones, socket, .. }) = &mut self.signalling {
                phones[call].hang_up(now, |text| send(socket, text));
            }
        }
        while self.phones().iter().any(|phone| phone.is_over().is_none()) {
            ensure!(
                self.step()? < deadline,
                "not every call could be ended: {}",
                self.states()
            );
        }
        Ok(())
    }

    /// Calls that came up.
    pub fn up(&self) -> usize {
        self.up
    }

    /// How the calls came up.
    pub fn set_ups(&self) -> SetUps {
        SetUps::of(self.phones().iter().map(Phone::set_up))
    }

    /// What each call heard first, and when it was dialled.
    pub fn firsts(&self) -> impl Iterator<Item = (Nanos, Firsts)> {
        let dialled_ns = self.signalling.iter().flat_map(|all| &all.dialled_ns);
        dialled_ns.copied().zip(self.calls.iter().map(Call::firsts))
    }

    /// What has been counted so far.
    pub fn tally(&self) -> Tally {
        self.tally.clone()
    }

    /// Waits for the next step and does it.
    fn step(&mut self) -> Result<Instant> {
        let due = self.begun + STEP * u32::try_from(self.step)?;
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        let now = Instant::now();
        self.tally.own_late += u64::from(now > due + OWN_LATE);
        self.signal(now)?;
        let (tick, group) = (self.step / STEPS, (self.step % STEPS) as usize);
        let calls = self.calls.iter_mut().enumerate();
        for (number, call) in calls.skip(group).step_by(STEPS as usize) {
            call.tick(
                tick,
                &self.sounds,
                (&mut self.intake, &mut self.outbox),
                &mut self.rooms[number / self.room_size],
                &mut self.tally,
            );
        }
        self.outbox.flush();
        self.step += 1;
        Ok(now)
    }

    fn signal(&mut self, now: Instant) -> Result<()> {
        let Some(Signalling {
            socket,
            phones,
            run,
            ..
        }) = &mut self.signalling
        else {
            return Ok(());
        };
        let mut buffer = [0; 8_192];
        while let Ok(length) = socket.recv(&mut buffer) {
            let Some(message) = Message::parse(&buffer[..length]) else {
                continue;
            };
            let Some(call) = message.call(*run).filter(|&call| call < phones.len()) else {
                continue;
            };
            let change = phones[call].take(Instant::now(), &message, |text| send(socket, text));
            if let Change::Answered(media, sealed) = change {
                let guard = match sealed {
                    Some((ours, theirs)) => Guard::agreed(&ours, &theirs)?,
                    None => Guard::Plain,
                };
                let keys = match self.calls[call].part().host {
                    true => HOST_KEYS,
                    false => GUEST_KEYS,
                };
                self.calls[call].start(media, guard, keys)?;
            }
        }
        // A tenth of them a step is often enough for waits of half a second.
        let group = (self.step % STEPS) as usize;
        for phone in phones.iter_mut().skip(group).step_by(STEPS as usize) {
            phone.tick(now, |text| send(socket, text));
        }
        Ok(())
    }

    fn phones(&self) -> &[Phone] {
        self.signalling.as_ref().map_or(&[], |s| &s.phones)
    }

    /// How many calls are in which state, for an error message.
    fn states(&self) -> String {
        let mut counts = BTreeMap::new();
        for phone in self.phones() {
            let state = match phone.is_over() {
                Some(why) => why,
                None if phone.is_up() => "up",
                None => "waiting for an answer",
            };
            *counts.entry(state).or_insert(0) += 1;
        }
        let words = counts
            .iter()
            .map(|(state, count)| format!("{count} {state}"));
        words.collect::<Vec<_>>().join(", ")
    }
}

/// What is lost is sent again in its time.
fn send(socket: &UdpSocket, text: &str) {
    let _ = socket.send(text.as_bytes());
}
