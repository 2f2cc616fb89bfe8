//! All callers, driven by one thread. A step is 2 ms long and serves a tenth of them, so that
//! packets are spread over the 20 ms as those of real callers are.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use crate::Plan;
use crate::call::{Burst, Call, Part, Room};
use crate::intake::Intake;
use crate::phone::{Change, Phone};
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

/// Number of the first room; the others follow.
pub const FIRST_ROOM: usize = 1_001;

/// The callers.
#[derive(Debug)]
pub struct Crowd {
    calls: Vec<Call>,
    rooms: Vec<Room>,
    room_size: usize,
    signalling: Option<Signalling>,
    sounds: Sounds,
    intake: Intake,
    tally: Tally,
    begun: Instant,
    step: u64,
}

/// Phones, one per call, over one socket.
#[derive(Debug)]
struct Signalling {
    socket: UdpSocket,
    phones: Vec<Phone>,
    run: u32,
}

impl Crowd {
    /// Callers who will dial rooms of a confab that listens at `sip`.
    pub fn for_rooms(plan: &Plan, sip: SocketAddr) -> Result<Self> {
        let mut crowd = Self::new(plan)?;
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        socket.connect(sip)?;
        socket.set_nonblocking(true)?;
        let local = socket.local_addr()?;
        let run = std::process::id();
        let phones = crowd.calls.iter().enumerate().map(|(call, media)| {
            let room = (FIRST_ROOM + call / plan.room_size).to_string();
            let ids = Ids {
                local,
                remote: sip,
                room,
                run,
                call,
            };
            Ok(Phone::new(ids, media.port()?))
        });
        let phones = phones.collect::<Result<_>>()?;
        crowd.signalling = Some(Signalling {
            socket,
            phones,
            run,
        });
        Ok(crowd)
    }

    /// Callers who send to these ports at once, with no signalling.
    pub fn for_ports(plan: &Plan, ports: &[u16]) -> Result<Self> {
        ensure!(ports.len() == plan.calls, "a port for each call");
        let mut crowd = Self::new(plan)?;
        for (call, port) in crowd.calls.iter_mut().zip(ports) {
            call.start((Ipv4Addr::LOCALHOST, *port).into(), false)?;
        }
        Ok(crowd)
    }

    fn new(plan: &Plan) -> Result<Self> {
        let talkers = plan.talkers;
        let calls = (0..plan.calls).map(|number| {
            let part = match number % plan.room_size {
                seat if seat < talkers => Part::Talker(seat as u64),
                _ => Part::Listener,
            };
            Call::new(number, part)
        });
        let rooms = (0..plan.rooms()).map(|room| {
            let seats = plan.room_size.min(plan.calls - room * plan.room_size);
            Room {
                talkers: talkers as u64,
                listeners: seats.saturating_sub(talkers) as u64,
                burst: Burst::default(),
            }
        });
        Ok(Self {
            calls: calls
                .collect::<Result<_>>()
                .context("cannot open sockets")?,
            rooms: rooms.collect(),
            room_size: plan.room_size,
            signalling: None,
            sounds: Sounds::new(),
            intake: Intake::new(),
            tally: Tally::default(),
            begun: Instant::now(),
            step: 0,
        })
    }

    /// Places all calls and waits until every one is answered.
    pub fn dial(&mut self, calls_per_s: u32) -> Result<()> {
        let begun = Instant::now();
        let mut dialled = 0;
        let all = self.calls.len();
        let deadline = begun + ANSWER_WITHIN + Duration::from_secs(1) * (all as u32) / calls_per_s;
        while !self.phones().iter().all(Phone::is_up) {
            let now = self.step()?;
            let due = (now.duration_since(begun).as_secs_f64() * f64::from(calls_per_s)) as usize;
            if let Some(signalling) = &mut self.signalling {
                while dialled < due.min(all) {
                    let Signalling { phones, socket, .. } = signalling;
                    phones[dialled].dial(now, |text| send(socket, text));
                    dialled += 1;
                }
            }
            let over = self.phones().iter().any(|phone| phone.is_over().is_some());
            if over || now > deadline {
                bail!("not every call came up: {}", self.states());
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
            up == self.phones().len(),
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
                &mut self.intake,
                &mut self.rooms[number / self.room_size],
                &mut self.tally,
            );
        }
        self.step += 1;
        Ok(now)
    }

    fn signal(&mut self, now: Instant) -> Result<()> {
        let Some(Signalling {
            socket,
            phones,
            run,
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
            let change = phones[call].take(&message, |text| send(socket, text));
            if let Change::Answered(media) = change {
                self.calls[call].start(media, true)?;
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
