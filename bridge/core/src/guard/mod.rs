//! Doors that cannot be guessed: who may go on trying room numbers, PINs and security codes.
//!
//! Every attempt asks for a [`Ticket`] before it is checked and says afterwards what came of it. An
//! attempt over budget is not honoured: it is wrong, whatever was keyed, and nobody is told so.
//!
//! | budget | of whom | what is refused when it is empty |
//! |---|---|---|
//! | line | caller number at an address | everything of this line |
//! | number | caller number, from anywhere | PINs and codes |
//! | source | IPv4 address, IPv6 /48 | PINs and codes; room numbers of lines that were wrong |
//! | trunk | IPv4 /24, IPv6 /32 | the same |
//! | pair | a source at one room | PINs, codes of that room |
//! | room | one room | PINs, codes of that room |
//! | house | everybody | PINs and codes; room numbers of lines that were wrong |
//!
//! All but the first are shared with strangers, so two kinds of caller pass them by: a line that
//! has given this room's right PIN before, and a source from which nothing wrong was keyed at this
//! room in thirty days. So nobody's guesses keep out an owner who calls from the usual telephone,
//! or from an address the guesses do not come from. Rooms, PINs and codes have budgets of their
//! own, so that wrong numbers of guests do not use up what hosts have.
//!
//! The source is where the INVITE came from. It cannot be forged: who does not get our answer there
//! cannot acknowledge it. The caller's number can, so it alone never opens nor closes anything.
//!
//! Knows no digits, no clock and no database. Everything is bounded and forgotten by a restart.

mod alarm;
mod bucket;
mod limits;
mod memory;
mod table;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::ids::RoomNumber;
use crate::time::Time;

pub use alarm::Alarm;
pub use bucket::Limit;
pub use limits::{KindLimits, Limits};

use alarm::Counts;
use bucket::Bucket;
use memory::Memory;
use table::Table;

/// A caller's number at the address the call came from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Line {
    source: IpAddr,
    number: String,
}

impl Line {
    /// `address` as the INVITE came from it, `number` as the network gave it, or empty.
    pub fn new(address: IpAddr, number: &str) -> Self {
        Self {
            source: first_of(address, 32, 48),
            number: number.chars().take(NUMBER_CHARS_MAX).collect(),
        }
    }

    fn trunk(&self) -> IpAddr {
        first_of(self.source, 24, 32)
    }
}

/// What is tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attempt {
    /// A room number.
    Room,
    /// The PIN of this room.
    Pin(RoomNumber),
    /// The security code of this room's conference.
    Code(RoomNumber),
}

impl Attempt {
    /// The word for it in logs and metrics.
    pub fn word(&self) -> &'static str {
        match self {
            Attempt::Room => "room",
            Attempt::Pin(_) => "pin",
            Attempt::Code(_) => "code",
        }
    }
}

/// What came of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was right.
    Right,
    /// It was wrong.
    Wrong,
    /// Nobody could tell: the database was away. It counts as neither.
    Unknown,
}

/// One attempt on its way; [`Guard::settle`] takes it back with its outcome.
#[derive(Debug, PartialEq, Eq)]
#[must_use]
pub struct Ticket {
    line: Line,
    attempt: Attempt,
    honoured: bool,
    /// nothing wrong had come from this source before
    was_clean: bool,
    took: Vec<Purse>,
}

impl Ticket {
    /// False: the attempt is wrong, whatever was keyed.
    pub fn is_honoured(&self) -> bool {
        self.honoured
    }

    /// What is tried.
    pub fn attempt(&self) -> &Attempt {
        &self.attempt
    }
}

/// A budget that an attempt took from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Purse {
    Line,
    Number,
    Source,
    Trunk,
    Pair,
    Room,
    House,
}

/// The budgets of one kind of attempt.
#[derive(Debug)]
struct Kind {
    numbers: Table<String>,
    sources: Table<IpAddr>,
    trunks: Table<IpAddr>,
    pairs: Table<(IpAddr, RoomNumber)>,
    rooms: Table<RoomNumber>,
    house_limit: Limit,
    house: Bucket,
    /// sources that were wrong at a room, and those whose attempt is on its way
    wrong: Memory<(IpAddr, RoomNumber)>,
}

/// Every budget. One for the whole house.
#[derive(Debug)]
pub struct Guard {
    lines: Table<Line>,
    rooms: Kind,
    pins: Kind,
    codes: Kind,
    /// lines that have given the right PIN of a room
    proven: Memory<(Line, RoomNumber)>,
    counts: Counts,
}

impl Guard {
    /// With every budget full.
    pub fn new(limits: &Limits) -> Self {
        Self {
            lines: Table::new(limits.line, NAMES_MAX),
            rooms: Kind::new(&limits.rooms),
            pins: Kind::new(&limits.pins),
            codes: Kind::new(&limits.codes),
            proven: Memory::new(limits::PROVEN_FOR, NAMES_MAX),
            counts: Counts::default(),
        }
    }

    /// Takes what an attempt at a PIN or a code costs before it is checked, so that many at once do
    /// not all pass. A room number costs something only when it is wrong, or a rush of honest
    /// callers would use up a budget while a slow database looks their room up.
    pub fn ask(&mut self, now: Time, line: &Line, attempt: Attempt) -> Ticket {
        let honoured = self.lines.has(line, now) && self.may_pass(now, line, &attempt);
        let was_clean = honoured && self.kind(&attempt).mark(now, line, &attempt);
        let took = if honoured && attempt != Attempt::Room {
            self.take(now, line, &attempt)
        } else {
            Vec::new()
        };
        Ticket {
            line: line.clone(),
            attempt,
            honoured,
            was_clean,
            took,
        }
    }

    /// Says what came of an attempt; the alarms it raises.
    pub fn settle(&mut self, now: Time, mut ticket: Ticket, outcome: Outcome) -> Vec<Alarm> {
        match outcome {
            // Not honoured: whoever looked need not have, and learns nothing.
            _ if !ticket.honoured => self.count(now, &ticket),
            Outcome::Wrong => {
                if ticket.attempt == Attempt::Room {
                    ticket.took = self.take(now, &ticket.line, &ticket.attempt);
                }
                self.kind(&ticket.attempt).note_wrong(now, &ticket);
                let mut alarms = self.count(now, &ticket);
                alarms.extend(self.run_out(now, &ticket));
                alarms
            }
            Outcome::Right => {
                self.put_back(now, &ticket);
                self.remember(now, &ticket);
                Vec::new()
            }
            Outcome::Unknown => {
                self.put_back(now, &ticket);
                Vec::new()
            }
        }
    }

    /// This line has got into a room: those who mistype on a line or a trunk that many honest
    /// callers share are made up for by those who do not.
    pub fn entered(&mut self, now: Time, line: &Line) {
        self.lines.give_back(line, now);
        self.rooms.sources.give_back(&line.source, now);
        self.rooms.trunks.give_back(&line.trunk(), now);
    }

    /// Wrong PINs and codes that were keyed at a room within the last hour.
    pub fn wrong_of(&self, room: &RoomNumber, now: Time) -> u32 {
        self.counts.of(room, now)
    }

    fn may_pass(&self, now: Time, line: &Line, attempt: &Attempt) -> bool {
        match attempt {
            Attempt::Room => self.lines.is_full(line, now) || self.rooms.has_for_room(line, now),
            Attempt::Pin(room) => {
                self.proven.knows(&(line.clone(), room.clone()), now)
                    || self.pins.is_clean(line, room, now)
                    || self.pins.has(line, room, now)
            }
            Attempt::Code(room) => {
                self.codes.is_clean(line, room, now) || self.codes.has(line, room, now)
            }
        }
    }

    fn kind(&mut self, attempt: &Attempt) -> &mut Kind {
        match attempt {
            Attempt::Room => &mut self.rooms,
            Attempt::Pin(_) => &mut self.pins,
            Attempt::Code(_) => &mut self.codes,
        }
    }

    fn take(&mut self, now: Time, line: &Line, attempt: &Attempt) -> Vec<Purse> {
        let own = self.lines.take(line, now);
        let mut took = self.kind(attempt).take(now, line, attempt);
        took.extend(own.then_some(Purse::Line));
        took
    }

    fn put_back(&mut self, now: Time, ticket: &Ticket) {
        if ticket.took.contains(&Purse::Line) {
            self.lines.give_back(&ticket.line, now);
        }
        self.kind(&ticket.attempt).put_back(now, ticket);
    }

    /// What a right entry earns.
    fn remember(&mut self, now: Time, ticket: &Ticket) {
        match &ticket.attempt {
            Attempt::Room => {}
            Attempt::Pin(room) => self.proven.note((ticket.line.clone(), room.clone()), now),
            // A guest who knows the code makes up for one who has mistyped it.
            Attempt::Code(room) => {
                let pair = (ticket.line.source, room.clone());
                self.codes.pairs.give_back(&pair, now);
                self.codes.rooms.give_back(room, now);
                self.codes.sources.give_back(&ticket.line.source, now);
                self.codes.trunks.give_back(&ticket.line.trunk(), now);
            }
        }
    }

    fn count(&mut self, now: Time, ticket: &Ticket) -> Vec<Alarm> {
        let (Attempt::Pin(room) | Attempt::Code(room)) = &ticket.attempt else {
            return Vec::new();
        };
        let room = room.clone();
        let wrong = self.counts.wrong(&room, now);
        wrong
            .map(|wrong| Alarm::Room { room, wrong })
            .into_iter()
            .collect()
    }

    /// The shared budgets of which this attempt took the last.
    fn run_out(&mut self, now: Time, ticket: &Ticket) -> Vec<Alarm> {
        let (source, trunk) = (ticket.line.source, ticket.line.trunk());
        let took = |purse: Purse| ticket.took.contains(&purse);
        let kind = self.kind(&ticket.attempt);
        let mut alarms = Vec::new();
        if took(Purse::Source) && !kind.sources.has(&source, now) {
            alarms.push(Alarm::Source { source });
        }
        if took(Purse::Trunk) && !kind.trunks.has(&trunk, now) {
            alarms.push(Alarm::Source { source: trunk });
        }
        if took(Purse::House) && !kind.house.has(&kind.house_limit, now) {
            alarms.push(Alarm::House);
        }
        alarms
    }
}

impl Kind {
    fn new(limits: &KindLimits) -> Self {
        Self {
            numbers: Table::new(limits.number, NAMES_MAX),
            sources: Table::new(limits.source, NAMES_MAX),
            trunks: Table::new(limits.trunk, NAMES_MAX),
            pairs: Table::new(limits.pair, NAMES_MAX),
            rooms: Table::new(limits.room, NAMES_MAX),
            house_limit: limits.house,
            house: Bucket::default(),
            wrong: Memory::new(limits::WRONG_FOR, NAMES_MAX),
        }
    }

    fn is_clean(&self, line: &Line, room: &RoomNumber, now: Time) -> bool {
        !self.wrong.knows(&(line.source, room.clone()), now)
    }

    fn has_for_room(&self, line: &Line, now: Time) -> bool {
        self.sources.has(&line.source, now)
            && self.trunks.has(&line.trunk(), now)
            && self.house.has(&self.house_limit, now)
    }

    fn has(&self, line: &Line, room: &RoomNumber, now: Time) -> bool {
        self.has_for_room(line, now)
            && self.numbers.has(&line.number, now)
            && self.pairs.has(&(line.source, room.clone()), now)
            && self.rooms.has(room, now)
    }

    /// Notes that the source was wrong at a room; true if it was not before. Noted when an attempt
    /// begins, so that a source is clean for one attempt at a time.
    fn mark(&mut self, now: Time, line: &Line, attempt: &Attempt) -> bool {
        let (Attempt::Pin(room) | Attempt::Code(room)) = attempt else {
            return false;
        };
        let was_clean = self.is_clean(line, room, now);
        if was_clean {
            self.wrong.note((line.source, room.clone()), now);
        }
        was_clean
    }

    fn note_wrong(&mut self, now: Time, ticket: &Ticket) {
        if let Attempt::Pin(room) | Attempt::Code(room) = &ticket.attempt {
            self.wrong.note((ticket.line.source, room.clone()), now);
        }
    }

    /// Takes from every budget that has something.
    fn take(&mut self, now: Time, line: &Line, attempt: &Attempt) -> Vec<Purse> {
        let mut took = Vec::new();
        let mut note = |took_it: bool, purse: Purse| took.extend(took_it.then_some(purse));
        note(self.sources.take(&line.source, now), Purse::Source);
        note(self.trunks.take(&line.trunk(), now), Purse::Trunk);
        note(self.house.take(&self.house_limit, now), Purse::House);
        if let Attempt::Pin(room) | Attempt::Code(room) = attempt {
            let pair = (line.source, room.clone());
            // Who withholds the number is nobody in particular.
            let named = !line.number.is_empty() && self.numbers.take(&line.number, now);
            note(named, Purse::Number);
            note(self.pairs.take(&pair, now), Purse::Pair);
            note(self.rooms.take(room, now), Purse::Room);
        }
        took
    }

    fn put_back(&mut self, now: Time, ticket: &Ticket) {
        let line = &ticket.line;
        if let (true, Attempt::Pin(room) | Attempt::Code(room)) =
            (ticket.was_clean, &ticket.attempt)
        {
            self.wrong.forget(&(line.source, room.clone()));
        }
        for purse in &ticket.took {
            match (purse, &ticket.attempt) {
                (Purse::Number, _) => self.numbers.give_back(&line.number, now),
                (Purse::Source, _) => self.sources.give_back(&line.source, now),
                (Purse::Trunk, _) => self.trunks.give_back(&line.trunk(), now),
                (Purse::House, _) => self.house.give_back(&self.house_limit, now),
                (Purse::Pair, Attempt::Pin(room) | Attempt::Code(room)) => {
                    self.pairs.give_back(&(line.source, room.clone()), now);
                }
                (Purse::Room, Attempt::Pin(room) | Attempt::Code(room)) => {
                    self.rooms.give_back(room, now);
                }
                (Purse::Line | Purse::Pair | Purse::Room, _) => {}
            }
        }
    }
}

/// The first address of the network `address` is in, of so many bits in IPv4 and in IPv6.
fn first_of(address: IpAddr, bits_v4: u32, bits_v6: u32) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(v4) => Ipv4Addr::from_bits(v4.to_bits() & (u32::MAX << (32 - bits_v4))).into(),
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() & (u128::MAX << (128 - bits_v6))).into(),
    }
}

/// Callers, addresses and rooms remembered in each table.
const NAMES_MAX: usize = 50_000;

/// Longer ones are cut: they name nobody.
const NUMBER_CHARS_MAX: usize = 64;
