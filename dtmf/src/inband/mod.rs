//! Keys as tones in the sound itself: a detector by the limits of ITU-T Q.24, and which part of
//! the sound is tone, so that nobody needs to hear it. Knows no call; time is counted in hops of
//! five milliseconds.
//!
//! ```text
//!   each hop ---- the last 10 ms are two tones and nothing else --> suspected: not to be heard
//!        `------- the last 20 ms are a key's two tones -----------> another place in the run
//!   run of 4 ---> Key, down
//!   down -------- a tone 9 dB weaker for three hops --------------> up
//! ```
//!
//! The two tones must be as strong as twist allows, on their frequencies, the same ones all along,
//! and must explain nearly all of the sound. Speech has two such tones for a moment now and then,
//! but not for 30 ms. Music has them for long, but seldom do both set in together and at once.

mod fit;
mod onset;
mod rest;
mod tones;

use crate::Key;
use fit::{Blocks, Fit, Pair, amplitudes, energy, fit, halves};
use onset::Past;
use rest::Rest;
pub use tones::HOP_SAMPLES;
use tones::{Hop, Meter, joined};

/// Where a stretch of sound came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The line.
    Line,
    /// It was made up in place of lost packets: a key is not let go meanwhile.
    MadeUp,
}

/// What was found in a stretch of sound.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// A key that is surely down since a few hops.
    pub key: Option<Key>,
    /// The hops that are tone, surely or by suspicion: bit 0 is the first of the stretch.
    pub tone: u32,
    /// A key was surely down in some of it.
    pub is_down: bool,
    /// Sound has set in after quiet, so late that it cannot be told from a tone yet.
    pub begins_late: bool,
}

/// Listens to one line.
#[derive(Clone, Debug)]
pub struct Detector {
    meter: Meter,
    /// the last hops, the newest at the end
    hops: [Hop; WINDOW_HOPS],
    /// how what is heard now began
    past: Past,
    run: Option<Run>,
    down: Option<Down>,
    /// how much of the line is let through, of `OPEN`
    gain: u8,
    rest: Rest,
}

/// Places in a row at which the same pair was found.
#[derive(Clone, Copy, Debug)]
struct Run {
    pair: Pair,
    length: u32,
    last: Fit,
    /// how many of the last places, in a row, held nothing but the tones
    clean: u32,
}

/// A key that is down.
#[derive(Clone, Copy, Debug)]
struct Down {
    pair: Pair,
    /// the strongest that row and column were
    row: f32,
    column: f32,
    /// hops in a row without it
    gone: u32,
}

impl Default for Detector {
    fn default() -> Self {
        Self {
            meter: Meter::default(),
            hops: [Hop::default(); WINDOW_HOPS],
            past: Past::default(),
            run: None,
            down: None,
            gain: OPEN,
            rest: Rest::default(),
        }
    }
}

impl Detector {
    /// Takes the next stretch of sound, of whole hops, at most 32; what does not fill a hop is
    /// left out. At most one key begins in 20 ms.
    pub fn hear(&mut self, samples: &[i16], origin: Origin) -> Found {
        let mut found = Found::default();
        if self.rest.goes_on(samples, self.down.is_some()) {
            self.run = None;
            return found;
        }
        self.catch_up();
        let (hops, _) = samples.as_chunks::<HOP_SAMPLES>();
        for (number, samples) in hops.iter().take(MOST_HOPS).enumerate() {
            self.hops.rotate_left(1);
            self.hops[WINDOW_HOPS - 1] = self.meter.measure(samples);
            self.past.push(&self.hops[WINDOW_HOPS - 1]);
            let since = self.suspected();
            found.key = self.judge(origin).or(found.key);
            found.is_down |= self.down.is_some();
            let tone = since.max(usize::from(self.down.is_some()));
            for back in 0..tone.min(number + 1) {
                found.tone |= 1 << (number - back);
            }
        }
        let [quiet, still, previous, newest] = self.hops.map(|hop| hop.energy_with_low);
        found.begins_late = newest > QUIETEST_HOP && previous + newest > ONSET * (quiet + still);
        found
    }

    /// Measures the last of what was not worth it while it lasted: a tone that begins now has
    /// begun after that.
    fn catch_up(&mut self) {
        let Some(kept) = self.rest.end() else { return };
        self.meter.clear();
        self.past.clear();
        let (hops, _) = kept.as_chunks::<HOP_SAMPLES>();
        for (place, samples) in self.hops.iter_mut().zip(hops) {
            *place = self.meter.measure(samples);
            self.past.push(place);
        }
    }

    /// Takes note of a pause: nothing to hear.
    pub fn pause(&mut self) {
        if self.rest.pause() || self.hops[WINDOW_HOPS - 1].energy > 0.0 {
            self.meter.clear();
            self.hops = [Hop::default(); WINDOW_HOPS];
            self.past.clear();
        }
        self.run = None;
        self.down = None;
    }

    /// Silences what was found to be tone, with soft edges.
    pub fn cut(&mut self, samples: &mut [i16], found: Found) {
        if found.tone == 0 && self.gain == OPEN {
            return;
        }
        for (number, hop) in samples.chunks_mut(HOP_SAMPLES).enumerate() {
            let tone = number < MOST_HOPS && found.tone & 1 << number != 0;
            for sample in hop {
                self.gain = if tone {
                    self.gain.saturating_sub(CLOSING)
                } else {
                    (self.gain + OPENING).min(OPEN)
                };
                *sample = (i32::from(*sample) * i32::from(self.gain) / i32::from(OPEN)) as i16;
            }
        }
    }

    /// How many of the last hops seem to be tone. What may be its very beginning is taken with it.
    fn suspected(&self) -> usize {
        let [_, before, previous, newest] = &self.hops;
        let whole = 2 + usize::from(before.energy_with_low < newest.energy_with_low);
        if newest.energy < QUIETEST_HOP {
            return 0;
        }
        // A tone that sets in after quiet can be told within a hop.
        if newest.energy > ONSET * before.energy_with_low {
            let pair = Pair::strongest(&[*newest]);
            let tones = amplitudes(newest, pair, Blocks::Short);
            let twist = tones[0].norm() / tones[1].norm().max(f32::MIN_POSITIVE);
            let explained = energy(tones, pair, Blocks::Short);
            if SUSPECT_TWIST.contains(&twist) && explained > PURE_ONSET * newest.energy_with_low {
                return whole;
            }
        }
        let pair = Pair::strongest(&[joined(previous, newest)]);
        let fit = fit(previous, newest, pair, Blocks::Short);
        let is_suspect = fit.purity > PURE_SUSPECT
            && fit.low < LOW_SUSPECT
            && SUSPECT_TWIST.contains(&fit.twist())
            && fit.off(pair) < SUSPECT_OFF;
        if is_suspect { whole } else { 0 }
    }

    /// Moves on by a hop; a key that has just become sure comes out.
    fn judge(&mut self, origin: Origin) -> Option<Key> {
        let [first, second] = halves(&self.hops);
        self.look_whether_let_go(&first, &second, origin);
        if first.energy + second.energy < QUIETEST_HOP * WINDOW_HOPS as f32 {
            self.run = None;
            return None;
        }
        let pair = Pair::strongest(&[first, second]);
        let now = fit(&first, &second, pair, Blocks::Long);
        if !is_key(&now, pair) {
            self.run = None;
            return None;
        }
        let before = self
            .run
            .filter(|run| run.pair == pair && is_same(&run.last, &now));
        let run = Run {
            pair,
            length: before.map_or(0, |run| run.length) + 1,
            last: now,
            clean: if is_clean(&now) {
                before.map_or(0, |run| run.clean) + 1
            } else {
                0
            },
        };
        self.run = Some(run);
        if let Some(down) = self.down.as_mut().filter(|down| down.pair == pair) {
            down.row = down.row.max(now.row.power);
            down.column = down.column.max(now.column.power);
            return None;
        }
        if run.length < SURE_RUN || run.clean < SURE_CLEAN {
            return None;
        }
        let [row, column] = [now.row.power, now.column.power];
        if !self.past.has_onset(pair, row, column) {
            return None;
        }
        self.down = Some(Down {
            pair,
            row,
            column,
            gone: 0,
        });
        Some(pair.key())
    }

    fn look_whether_let_go(&mut self, first: &Hop, second: &Hop, origin: Origin) {
        let Some(down) = &mut self.down else { return };
        let still = fit(first, second, down.pair, Blocks::Long);
        let is_there = still.row.power > GONE * down.row && still.column.power > GONE * down.column;
        if is_there || origin == Origin::MadeUp {
            down.gone = 0;
            return;
        }
        down.gone += 1;
        if down.gone == GONE_HOPS {
            self.down = None;
        }
    }
}

/// Whether a stretch of 20 ms is as a key's two tones have to be.
fn is_key(fit: &Fit, pair: Pair) -> bool {
    fit.steady > PURE
        && TWIST.contains(&fit.twist())
        && fit.off(pair) < OFF
        && fit.low < LOW
        && fit.weaker() > QUIETEST
}

/// Whether there is hardly anything beside the tones.
fn is_clean(fit: &Fit) -> bool {
    fit.steady > CLEAN && fit.low < LOW_CLEAN
}

/// Whether two neighbouring stretches hold the same tones: a key's do not glide.
fn is_same(before: &Fit, now: &Fit) -> bool {
    let close = |a: f32, b: f32| (a - b).abs() < GLIDE_HZ;
    close(before.row.off_hz, now.row.off_hz) && close(before.column.off_hz, now.column.off_hz)
}

/// A key is sought in 20 ms of sound ...
const WINDOW_HOPS: usize = 4;
/// ... and is sure when it was found at so many places 5 ms apart: 32 ms of tone are always
/// enough, 26 ms never.
const SURE_RUN: u32 = 4;
const SURE_CLEAN: u32 = 3;
/// A gap in a tone does not end it before it is so long that this many windows in a row lack most
/// of the tone: 15 ms never do, 30 ms always.
const GONE_HOPS: u32 = 3;
/// Bits in `Found::tone`.
const MOST_HOPS: usize = 32;

// Powers are mean squares of 16-bit samples: a sine at 0 dBm0 has 2.6e8.

/// -38 dBm0, of the weaker tone.
const QUIETEST: f32 = 4.1e4;
/// Energy of a hop in which both tones could be that loud.
const QUIETEST_HOP: f32 = QUIETEST * HOP_SAMPLES as f32;
/// Row over column, in power. Q.24 asks for -4 to +8 dB; phones and lines add to that.
const TWIST: std::ops::Range<f32> = 0.25..10.0;
/// As a share of the frequency: Q.24 asks for 1.5 % and 2 Hz, at most 1.8 %, and wants 3.5 %
/// refused.
const OFF: f32 = 0.021;
/// How far a tone may seem to move within 5 ms.
const GLIDE_HZ: f32 = 6.0;
/// What the tones must explain of each window, and of the best one of a run.
const PURE: f32 = 0.8;
const CLEAN: f32 = 0.94;
/// What lies below the keypad (a dial tone, a voice), against the tones.
const LOW: f32 = 2.4;
const LOW_CLEAN: f32 = 1.2;
/// A tone is gone when it is 9 dB weaker than it was.
const GONE: f32 = 0.125;

/// What is cut before a key is sure: two tones and nothing else, for 10 ms, or for 5 ms after
/// quiet. A little wider than a key has to be, since so short a stretch is measured less well.
const SUSPECT_TWIST: std::ops::Range<f32> = 0.1..16.0;
const SUSPECT_OFF: f32 = 0.035;
const PURE_SUSPECT: f32 = 0.85;
const LOW_SUSPECT: f32 = 0.3;
/// Sound that sets in is 12 dB stronger than what was before.
const ONSET: f32 = 16.0;
const PURE_ONSET: f32 = 0.92;

/// Full gain: the edges of what is cut are ramps of 1 ms at the beginning and 2 ms at the end.
const OPEN: u8 = 16;
const CLOSING: u8 = 2;
const OPENING: u8 = 1;
