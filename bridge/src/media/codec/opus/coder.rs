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
use crate::media::shard::Now;

/// A tick at 8 kHz, behind the end of the one before.
pub(in crate::media) type Told = [i16; PAST + TICK_SAMPLES];

/// See the module.
#[derive(Debug)]
pub(in crate::media) struct Coder {
    pub(in crate::media) own: Encoder,
    wishes: OpusWishes,
    /// the common stream that it sends
    pub(in crate::media) follows: Option<StreamId>,
    /// ticks in which it was sent next to nothing by itself, until now
    pub(in crate::media) quiet_ticks: u32,
    /// ticks in which that was nothing at all, until now
    silent_ticks: u32,
    /// the last tick in which it encoded for itself what others hear as well, and how many were
    /// before that
    beside: (u64, u32),
    /// a story begins with this tick
    begins: bool,
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
            beside: (0, 0),
            begins: false,
            story: Some(Story::begin(wishes)),
            told: None,
        }
    }

    /// It goes on by itself; what waits for a full packet is forgotten.
    pub(in crate::media) fn pause(&mut self) {
        self.part();
        self.own.clear();
        self.quiet_ticks = 0;
        self.silent_ticks = 0;
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
    }

    /// Takes note of a tick of its own, before that is encoded.
    pub(in crate::media) fn attend(&mut self, is_quiet: bool, is_silent: bool) {
        let count = |ticks: u32, goes_on| if goes_on { ticks.saturating_add(1) } else { 0 };
        self.quiet_ticks = count(self.quiet_ticks, is_quiet);
        let was_silent = self.hears_nothing();
        self.silent_ticks = count(self.silent_ticks, is_silent);
        // A story ends when it has been silent for a while, and another begins when that ends.
        self.begins = match was_silent {
            true => !is_silent,
            false => self.hears_nothing(),
        };
    }

    /// In this tick it hears what others hear; whether it has done so for a while.
    pub(in crate::media) fn goes_beside(&mut self, now: &Now) -> bool {
        let (tick, count) = self.beside;
        let count = if now.follows(tick) {
            count.saturating_add(1)
        } else {
            0
        };
        self.beside = (now.tick, count);
        count >= BESIDE_TICKS
    }

    /// It has been sent nothing at all for a while.
    pub(in crate::media) fn hears_nothing(&self) -> bool {
        self.silent_ticks >= PAUSE_TICKS
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

    /// The story with this tick, if it is known how it began.
    fn story_of(&mut self, sound: &[i16]) -> Option<Story> {
        if self.begins {
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

/// 100 ms: what was heard before has died away.
const BESIDE_TICKS: u32 = 5;

#[cfg(test)]
mod tests {
    use confab_core::audio::decode::Decoder as _;
    use confab_core::audio::level::Power;

    use super::super::decoder::Decoder;
    use super::*;

    /// Syllables, five a second.
    fn voice(tick: usize, hz: f64) -> [i16; 960] {
        std::array::from_fn(|n| {
            let at = (tick * 960 + n) as f64 / 48_000.0 * std::f64::consts::TAU;
            let voice = (at * hz).sin() + 0.4 * (at * 5.3 * hz).sin();
            let hiss = 0.2 * (at * 9_731.0).sin() * (at * 1_270.0).sin();
            ((voice + hiss) * (at * 2.5).sin().powi(2) * 9_000.0) as i16
        })
    }

    /// What is heard of this sound, packet by packet.
    fn heard(encoder: &mut Encoder, decoder: &mut Decoder, sound: &[i16; 960]) -> [i16; 960] {
        let (mut packet, mut heard) = ([0; 1_275], [0; 960]);
        encoder.push(sound);
        let length = encoder.pop(&mut packet).unwrap();
        decoder.decode(&packet[..length], &mut heard);
        heard
    }

    /// Who has heard nothing, or has heard it by his own encoder for so many ticks, comes to a
    /// voice at this tick, in which it is soft. Beside who has heard it all along: how loud the
    /// loudest of half a second is, and what is wrong behind the first fifth of a second, in dB;
    /// none where it is loud.
    fn coming_to_it(from: usize, alone: usize, hz: f64) -> Option<(f64, f64)> {
        let loudness = |tick| Power::of(&voice(tick, hz)).0;
        let loudest = (0..from).map(loudness).fold(0.0, f32::max);
        if loudness(from) > loudest / 10.0 {
            return None;
        }
        let encoder = || Encoder::new(&Arc::default(), &OpusWishes::default(), 20);
        let (mut said, mut before) = (encoder(), encoder());
        let [mut there, mut comes] = [0, 1].map(|_| Decoder::new().unwrap());
        for tick in 0..from {
            heard(&mut said, &mut there, &voice(tick, hz));
            let is_heard = tick + alone >= from;
            let sound = if is_heard { voice(tick, hz) } else { [0; 960] };
            heard(&mut before, &mut comes, &sound);
        }
        let (mut peaks, mut power, mut error) = ([0; 2], 0.0, 0.0);
        for tick in from..from + 25 {
            let mut packet = [0; 1_275];
            said.push(&voice(tick, hz));
            let length = said.pop(&mut packet).unwrap();
            let mut both = [[0; 960]; 2];
            there.decode(&packet[..length], &mut both[0]);
            comes.decode(&packet[..length], &mut both[1]);
            for (peak, sound) in peaks.iter_mut().zip(&both) {
                *peak = sound
                    .iter()
                    .fold(*peak, |peak, s| s.unsigned_abs().max(peak));
            }
            for (&all, &late) in both[0].iter().zip(&both[1]).filter(|_| tick >= from + 10) {
                power += f64::from(all).powi(2);
                error += (f64::from(all) - f64::from(late)).powi(2);
            }
        }
        let loud = f64::from(peaks[1]) / f64::from(peaks[0]);
        Some((loud, 10.0 * (f64::max(error, 1.0) / power).log10()))
    }

    #[test]
    fn who_hears_it_already_or_nothing_may_come_to_a_voice_where_it_is_soft() {
        let mut count = 0;
        for (from, alone) in (8..80).flat_map(|from| [0, 1, 5, 20].map(|alone| (from, alone))) {
            for hz in [120.0, 190.0, 310.0] {
                if let Some((loud, wrong)) = coming_to_it(from, alone, hz) {
                    assert!(loud < 1.2, "{from}, {alone}, {hz}: {loud}");
                    assert!(wrong < -20.0, "{from}, {alone}, {hz}: {wrong}");
                    count += 1;
                }
            }
        }
        assert!(count > 100, "{count}");
    }
}
