//! What one line is sent in Opus: by an encoder of its own, or without one where it is known
//! already. Sends nothing.

use std::sync::Arc;

use confab_core::audio::TICK_SAMPLES;
use confab_core::audio::rate::{LONGEST_TICK, Rate};
use confab_core::audio::resample::{PAST, convert};
use confab_core::audio::stream::OpusWishes;

use super::repertoire::{Repertoire, Story};
use super::{Encoder, RESTS_AFTER_PACKETS, Spares};
use crate::media::common::{PAUSE_TICKS, StreamId};

/// A tick at 8 kHz, behind the end of the one before.
pub(in crate::media) type Told = [i16; PAST + TICK_SAMPLES];

/// See the module.
#[derive(Debug)]
pub(in crate::media) struct Coder {
    pub(in crate::media) own: Encoder,
    wishes: OpusWishes,
    /// the common stream that it sends
    pub(in crate::media) follows: Option<StreamId>,
    /// ticks in which it was sent next to nothing, until now
    pub(in crate::media) quiet_ticks: u32,
    /// ticks in which it was told nothing at all, until now
    silent_ticks: u32,
    /// what it was told since it was silent, while that is known
    story: Option<Story>,
    /// the end of that, when it came without its encoder
    told: Option<Told>,
}

impl Coder {
    /// For what a peer wishes, and packets of so many milliseconds.
    pub(in crate::media) fn new(spares: &Arc<Spares>, wishes: &OpusWishes, packet_ms: u8) -> Self {
        Self {
            own: Encoder::new(spares, wishes, packet_ms),
            wishes: *wishes,
            follows: None,
            quiet_ticks: 0,
            silent_ticks: 0,
            story: Some(Story::begin(wishes)),
            told: None,
        }
    }

    /// It goes on by itself; what waits for a full packet is forgotten.
    pub(in crate::media) fn pause(&mut self) {
        self.part();
        self.own.clear();
        self.quiet_ticks = 0;
    }

    /// It is sent something of its own from now on.
    pub(in crate::media) fn part(&mut self) {
        if self.follows.take().is_some() {
            self.own.restart();
            self.lose_the_thread();
        }
    }

    /// What it is sent now is not what anybody else is.
    fn lose_the_thread(&mut self) {
        self.story = None;
        self.told = None;
        self.silent_ticks = 0;
    }

    /// The packet of a tick, and its length: encoded only when nobody has been told just this
    /// before. For packets of a tick, and peers to whom silence is sent.
    pub(in crate::media) fn tell(
        &mut self,
        sound: &Told,
        repertoire: &mut Repertoire,
        tick: u64,
        out: &mut [u8],
    ) -> usize {
        let now = &sound[PAST..];
        let story = self.story_of(now);
        let Some(story) = story else {
            return self.encode(sound, out);
        };
        if self.silent_ticks <= PAUSE_TICKS + RESTS_AFTER_PACKETS {
            self.story = Some(story);
        }
        if let Some(length) = repertoire.find(story, tick, out) {
            self.own.rest();
            self.told = Some(*sound);
            return length;
        }
        let length = self.encode(sound, out);
        if length > 0 {
            repertoire.keep(story, tick, &out[..length]);
        }
        length
    }

    /// The story with this tick, if it is known how it began. It begins anew when it has been
    /// silent for a while, and once more when that ends.
    fn story_of(&mut self, sound: &[i16]) -> Option<Story> {
        let was_silent = self.silent_ticks >= PAUSE_TICKS;
        let is_silent = sound.iter().all(|&sample| sample == 0);
        self.silent_ticks = match is_silent {
            true => self.silent_ticks.saturating_add(1),
            false => 0,
        };
        let begins = if was_silent {
            !is_silent
        } else {
            self.silent_ticks == PAUSE_TICKS
        };
        if begins {
            self.own.rest();
            self.told = None;
            self.story = Some(Story::begin(&self.wishes));
        }
        self.story.map(|story| story.and(sound))
    }

    fn encode(&mut self, sound: &Told, out: &mut [u8]) -> usize {
        self.catch_up();
        self.own.push(&full(sound));
        self.own.pop(out).unwrap_or(0)
    }

    /// Takes a tick of what only this line hears, at 48 kHz.
    pub(in crate::media) fn push(&mut self, sound: &[i16; LONGEST_TICK]) {
        self.catch_up();
        self.lose_the_thread();
        self.own.push(sound);
    }

    /// An encoder that was not needed for a while begins with what the listener has heard last.
    fn catch_up(&mut self) {
        if self.own.is_lent() {
            self.own.restart();
            if let Some(told) = self.told.take() {
                self.own.hear(&full(&told));
            }
        }
    }
}

fn full(sound: &Told) -> [i16; LONGEST_TICK] {
    let mut full = [0; LONGEST_TICK];
    convert(sound, Rate::Narrow, Rate::Full, &mut full);
    full
}
