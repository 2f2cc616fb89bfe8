//! One room's tick: who is heard, the sum, and what each line gets of it.
//! Decides nothing about who may speak or hear; that is told.

use confab_core::audio::SILENCE;
use confab_core::audio::announce::Announcer;
use confab_core::audio::limit::Limiter;
use confab_core::audio::mix::{self, Dip};
use confab_core::audio::rate::{LONGEST_TICK, Rate};
use confab_core::audio::select::{Candidate, select};
use confab_recorder::Tap;

use super::aside::Aside;
use super::common::{Maker, OpusStream, Whose};
use super::counters::add;
use super::ear::RoomSound;
use super::encoded::Encoded;
use super::line::{HOUSEKEEPING_TICKS, Line};
use super::shard::Tools;
use super::{RoomKey, Sound};

/// A room with its members, by their places in the shard's table.
#[derive(Debug)]
pub(super) struct Room {
    pub(super) key: RoomKey,
    pub(super) members: Vec<usize>,
    pub(super) mix: Mix,
}

impl Room {
    pub(super) fn new(key: RoomKey, maker: &Maker) -> Self {
        Self {
            key,
            members: Vec::with_capacity(USUAL_MEMBERS),
            mix: Mix {
                shared: Encoded::common(Whose::Room(key), maker),
                ..Mix::default()
            },
        }
    }
}

/// The sound of a room.
#[derive(Debug)]
pub(super) struct Mix {
    candidates: Vec<Candidate>,
    is_lobby: bool,
    /// the best of those who are in it
    rate: Rate,
    /// what that was found to be in this tick
    wanted: Rate,
    /// the rate is another one since this tick
    changed: bool,
    total: Box<[i32; LONGEST_TICK]>,
    /// the same for those who all hear the same, when it is not quite the same
    dipped: Box<[i32; LONGEST_TICK]>,
    limiter: Limiter,
    shared: Encoded,
    announcer: Announcer,
    /// what it says in this tick
    announced: Box<[i32; LONGEST_TICK]>,
    tap: Option<Tap>,
    #[cfg(test)]
    pub(super) bug: bool,
}

impl Default for Mix {
    fn default() -> Self {
        Self {
            candidates: Vec::with_capacity(USUAL_MEMBERS),
            is_lobby: false,
            rate: Rate::Narrow,
            wanted: Rate::Narrow,
            changed: false,
            total: Box::new([0; LONGEST_TICK]),
            dipped: Box::new([0; LONGEST_TICK]),
            limiter: Limiter::default(),
            shared: Encoded::default(),
            announcer: Announcer::default(),
            announced: Box::new([0; LONGEST_TICK]),
            tap: None,
            #[cfg(test)]
            bug: false,
        }
    }
}

impl Mix {
    /// For lines that are in no room, one after the other: nothing is mixed, so any rate will do.
    pub(super) fn lobby() -> Self {
        Self {
            is_lobby: true,
            ..Self::default()
        }
    }

    /// Runs a tick for these lines.
    pub(super) fn tick(
        &mut self,
        members: &[usize],
        lines: &mut [Option<Box<Line>>],
        tools: &mut Tools,
    ) {
        self.listen(members, lines, tools);
        #[cfg(test)]
        assert!(!self.bug, "a bug that a test asked for");
        self.sum(members, lines);
        let (rate, dip) = (self.rate, self.dip());
        let place = self.announcer.head();
        self.announce();
        let total = &mut self.total[..rate.tick()];
        let before = self.limiter.clone();
        let shared = self.shared.renew(rate);
        if dip == Dip::None {
            self.limiter.process(total, shared);
        } else {
            let dipped = &mut self.dipped[..rate.tick()];
            dipped.copy_from_slice(total);
            dip.apply(dipped);
            self.limiter.process(dipped, shared);
        }
        self.record(tools);
        let mut sound = RoomSound {
            total: &self.total[..rate.tick()],
            rate,
            dip,
            shared: &mut self.shared,
            limiter: &before,
            announced: &self.announced[..rate.tick()],
            place,
            announcer: &self.announcer,
        };
        let mut needed = u64::MAX;
        for &place in members {
            let Some(line) = &mut lines[place] else {
                continue;
            };
            line.speak(&mut sound, tools);
            needed = needed.min(line.needs().unwrap_or(u64::MAX));
            if (tools.now.tick + place as u64).is_multiple_of(HOUSEKEEPING_TICKS) {
                line.housekeep(tools);
            }
        }
        self.announcer.forget_before(needed, |sounds| {
            let _ = tools.aside.push(Aside::Sounds(sounds));
        });
        self.change_rate();
    }

    /// Adds what is said to the room, and keeps it by itself for those who hear it later.
    fn announce(&mut self) {
        let announced = &mut self.announced[..self.rate.tick()];
        announced.fill(0);
        self.announcer.say(announced, self.rate);
        mix::put_in(&mut self.total[..], announced);
    }

    /// A room changes its rate between two ticks in which it is silent, so that nothing clicks.
    fn dip(&self) -> Dip {
        match (self.wanted != self.rate, self.changed) {
            (true, _) => Dip::Out,
            (false, true) => Dip::In,
            (false, false) => Dip::None,
        }
    }

    fn change_rate(&mut self) {
        self.changed = self.wanted != self.rate;
        if self.changed {
            self.rate = self.wanted;
            self.limiter = Limiter::new(self.rate);
        }
    }

    fn listen(&mut self, members: &[usize], lines: &mut [Option<Box<Line>>], tools: &mut Tools) {
        self.candidates.clear();
        let mut wanted = Rate::Narrow;
        for &place in members {
            let Some(line) = &mut lines[place] else {
                continue;
            };
            wanted = wanted.max(line.rate());
            if line.listen(self.rate, tools) {
                let candidate = Candidate {
                    id: place,
                    power: line.power(),
                    was_mixed: line.mixed,
                };
                self.candidates.push(candidate);
            }
        }
        if !self.is_lobby {
            self.wanted = wanted;
        }
    }

    fn sum(&mut self, members: &[usize], lines: &mut [Option<Box<Line>>]) {
        let total = &mut self.total[..self.rate.tick()];
        total.fill(0);
        let chosen = select(&mut self.candidates);
        for candidate in &self.candidates[..chosen] {
            if let Some(line) = &mut lines[candidate.id] {
                line.add_to(total, true);
            }
        }
        for &place in members {
            if let Some(line) = lines[place]
                .as_mut()
                .filter(|line| line.mixed && !line.in_sum)
            {
                line.add_to(total, false);
            }
        }
    }

    /// Silence is recorded too, and the ticks that were skipped, so that the file is as long as
    /// the clock says.
    fn record(&mut self, tools: &Tools) {
        let Some(tap) = &mut self.tap else { return };
        let mut unrecorded = 0;
        for _ in 0..tools.now.skipped {
            unrecorded += tap.push(&SILENCE);
        }
        unrecorded += tap.push(self.shared.narrow());
        add(&tools.counters.samples_unrecorded, unrecorded as u64);
    }

    pub(super) fn play(&mut self, sounds: Vec<Sound>, tools: &Tools) {
        if let Some(over) = self.announcer.push(sounds) {
            let _ = tools.aside.push(Aside::Sounds(over));
        }
    }

    /// Gives the sound to `tap` from now on, and to nobody when there is none.
    pub(super) fn record_to(&mut self, tap: Option<Tap>, tools: &Tools) {
        if let Some(old) = std::mem::replace(&mut self.tap, tap) {
            let _ = tools.aside.push(Aside::Tap(old));
        }
    }

    /// Takes a stream for all who hear the same, unless it is of no use.
    pub(super) fn take(&mut self, stream: &mut Option<Box<OpusStream>>) {
        self.shared.take(stream);
    }

    pub(super) fn close(&mut self, tools: &Tools) {
        self.shared.close();
        self.record_to(None, tools);
        self.announcer.clear(|sounds| {
            let _ = tools.aside.push(Aside::Sounds(sounds));
        });
    }
}

/// Rooms larger than this grow their lists when the lines enter, never within a tick.
const USUAL_MEMBERS: usize = 64;
