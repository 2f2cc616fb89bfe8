//! One room's tick: who is heard, the sum, and what each line gets of it.
//! Decides nothing about who may speak or hear; that is told.

use confab_core::audio::TICK_SAMPLES;
use confab_core::audio::limit::Limiter;
use confab_core::audio::play::Player;
use confab_core::audio::select::{Candidate, select};
use confab_recorder::Tap;

use super::aside::Aside;
use super::counters::add;
use super::line::{HOUSEKEEPING_TICKS, Line, RoomSound};
use super::outbound::Encoded;
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
    pub(super) fn new(key: RoomKey) -> Self {
        Self {
            key,
            members: Vec::with_capacity(USUAL_MEMBERS),
            mix: Mix::default(),
        }
    }
}

/// The sound of a room.
#[derive(Debug)]
pub(super) struct Mix {
    candidates: Vec<Candidate>,
    total: [i32; TICK_SAMPLES],
    limiter: Limiter,
    shared: Encoded,
    player: Player<()>,
    tap: Option<Tap>,
    #[cfg(test)]
    pub(super) bug: bool,
}

impl Default for Mix {
    fn default() -> Self {
        Self {
            candidates: Vec::with_capacity(USUAL_MEMBERS),
            total: [0; TICK_SAMPLES],
            limiter: Limiter::default(),
            shared: Encoded::default(),
            player: Player::default(),
            tap: None,
            #[cfg(test)]
            bug: false,
        }
    }
}

impl Mix {
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
        self.player.add_to(&mut self.total, |over| {
            let _ = tools.aside.push(Aside::Sounds(over.sounds));
        });
        let before = self.limiter.clone();
        self.limiter.process(&self.total, self.shared.renew());
        self.record(tools);
        let mut sound = RoomSound {
            total: &self.total,
            shared: &mut self.shared,
            limiter: &before,
        };
        for &place in members {
            let Some(line) = &mut lines[place] else {
                continue;
            };
            line.speak(&mut sound, tools);
            if (tools.now.tick + place as u64).is_multiple_of(HOUSEKEEPING_TICKS) {
                line.housekeep(tools);
            }
        }
    }

    fn listen(&mut self, members: &[usize], lines: &mut [Option<Box<Line>>], tools: &mut Tools) {
        self.candidates.clear();
        for &place in members {
            let Some(line) = &mut lines[place] else {
                continue;
            };
            if line.listen(tools) {
                let candidate = Candidate {
                    id: place,
                    power: line.power(),
                    was_mixed: line.mixed,
                };
                self.candidates.push(candidate);
            }
        }
    }

    fn sum(&mut self, members: &[usize], lines: &mut [Option<Box<Line>>]) {
        self.total = [0; TICK_SAMPLES];
        let chosen = select(&mut self.candidates);
        for candidate in &self.candidates[..chosen] {
            if let Some(line) = &mut lines[candidate.id] {
                line.add_to(&mut self.total, true);
            }
        }
        for &place in members {
            if let Some(line) = lines[place]
                .as_mut()
                .filter(|line| line.mixed && !line.in_sum)
            {
                line.add_to(&mut self.total, false);
            }
        }
    }

    /// Silence is recorded too, and the ticks that were skipped, so that the file is as long as
    /// the clock says.
    fn record(&mut self, tools: &Tools) {
        let Some(tap) = &mut self.tap else { return };
        let mut unrecorded = 0;
        for _ in 0..tools.now.skipped {
            unrecorded += tap.push(&[0; TICK_SAMPLES]);
        }
        unrecorded += tap.push(self.shared.frame());
        add(&tools.counters.samples_unrecorded, unrecorded as u64);
    }

    pub(super) fn play(&mut self, sounds: Vec<Sound>, tools: &Tools) {
        if let Err(refused) = self.player.push((), sounds) {
            let _ = tools.aside.push(Aside::Sounds(refused.sounds));
        }
    }

    /// Gives the sound to `tap` from now on, and to nobody when there is none.
    pub(super) fn record_to(&mut self, tap: Option<Tap>, tools: &Tools) {
        if let Some(old) = std::mem::replace(&mut self.tap, tap) {
            let _ = tools.aside.push(Aside::Tap(old));
        }
    }

    pub(super) fn close(&mut self, tools: &Tools) {
        self.record_to(None, tools);
        self.player.clear(|over| {
            let _ = tools.aside.push(Aside::Sounds(over.sounds));
        });
    }
}

/// Rooms larger than this grow their lists when the lines enter, never within a tick.
const USUAL_MEMBERS: usize = 64;
