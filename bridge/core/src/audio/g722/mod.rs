//! G.722 at 64 kbit/s (ITU-T G.722): two samples at 16 kHz to an octet. Knows no packets.
//!
//! Our own, because what an encoder or a decoder has learned can be compared and copied here: an
//! encoder that is where another one is need not do the same work again, and so all who hear the
//! same are served by one, to the bit as if each had its own.

mod band;
mod quiet;
mod tables;

pub use quiet::Quiet;

use super::decode;
use super::stream::Codec;
use band::{Band, Guess, Kind, PART, Told, Window, saturate};
use tables::{FOUR_BITS, LOWER_GROWTH, QMF, SIX_BITS, STEPS, TWO_BITS, UPPER_GROWTH, UPPER_STEP};

/// What the coders of both bands have learned, and the past of the filter between them and the
/// sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Bands {
    lower: Band,
    upper: Band,
    guess: Guess,
    /// what every other tap of the filter sees, and what the ones between see; the oldest first
    past: [[i16; PAST]; 2],
}

impl Default for Bands {
    fn default() -> Self {
        Self {
            lower: Band::new(32),
            upper: Band::new(8),
            guess: Guess::default(),
            past: [[0; PAST]; 2],
        }
    }
}

impl Bands {
    /// What the filter sees: room for a tick behind its past.
    fn windows(&self) -> [[i16; PAST + PART]; 2] {
        let mut windows = [[0; PAST + PART]; 2];
        for (window, past) in windows.iter_mut().zip(&self.past) {
            window[..PAST].copy_from_slice(past);
        }
        windows
    }

    /// So many pairs of samples are over.
    fn keep(&mut self, windows: &[[i16; PAST + PART]; 2], pairs: usize) {
        for (past, window) in self.past.iter_mut().zip(windows) {
            past.copy_from_slice(&window[pairs..pairs + PAST]);
        }
    }

    /// Learns at most [`PART`] octets; tells the number of each, and its sample of both bands.
    #[inline(always)]
    fn learn(&mut self, octets: &[u8], mut tell: impl FnMut(usize, i32, i32)) {
        let mut told = Told::NOTHING;
        let mut fine = [0; PART];
        let codes = octets.iter().map(|&octet| usize::from(octet & 63) >> 2);
        self.lower
            .learn_all(&LOWER, codes, (&mut told, 0), |at, step| {
                let code = usize::from(octets[at] & 63);
                fine[at] = ((step * i32::from(SIX_BITS[code])) >> 15) as i16;
            });
        let codes = octets.iter().map(|&octet| usize::from(octet >> 6));
        self.upper
            .learn_all(&UPPER, codes, (&mut told, 1), |_, _| {});
        for (at, &fine) in fine[..octets.len()].iter().enumerate() {
            let (difference, guess) = (&told.differences[at], &self.guess.sample);
            let lower = guess[0].saturating_add(fine).clamp(-16_384, 16_383);
            let upper = guess[1]
                .saturating_add(difference[1])
                .clamp(-16_384, 16_383);
            self.guess.advance(difference, &told.by_zeros[at]);
            tell(at, lower.into(), upper.into());
        }
    }
}

const LOWER: Kind = Kind {
    coarse: &FOUR_BITS,
    growth: &LOWER_GROWTH,
    most_log_step: 18_432,
    shift: 8,
};
const UPPER: Kind = Kind {
    coarse: &TWO_BITS,
    growth: &UPPER_GROWTH,
    most_log_step: 22_528,
    shift: 10,
};

/// Encodes one stream. Two encoders that are equal make the same of the same sound, for ever.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Encoder(Bands);

impl Encoder {
    /// Encodes sound at 16 kHz into half as many octets; a last odd sample is left out.
    pub fn encode(&mut self, sound: &[i16], out: &mut [u8]) {
        let mut bands = self.0;
        for (sound, out) in sound.chunks(2 * PART).zip(out.chunks_mut(PART)) {
            let mut windows = bands.windows();
            let mut lower_window = Window::new(&bands.lower);
            let mut upper_window = Window::new(&bands.upper);
            let pairs = sound.len() / 2;
            for (at, pair) in sound.chunks_exact(2).enumerate() {
                windows[0][PAST + at] = pair[0];
                windows[1][PAST + at] = pair[1];
            }
            for (at, out) in out.iter_mut().take(pairs).enumerate() {
                // Figure 4: the sum of both halves is the lower band, their difference the upper.
                let one = filter(&windows[0][at..], &TAPS);
                let other = filter(&windows[1][at..], &TAPS_BACK);
                let guess = bands.guess.sample.map(i32::from);
                let lower = quantise_lower(&bands.lower, ((other + one) >> 14) - guess[0]);
                let upper = quantise_upper(&bands.upper, ((other - one) >> 14) - guess[1]);
                let (code, two) = (usize::from(lower >> 2), usize::from(upper));
                let low = bands.lower.learn(&LOWER, code, &mut lower_window, at);
                let high = bands.upper.learn(&UPPER, two, &mut upper_window, at);
                let difference = [low.0, high.0, 0, 0, 0, 0, 0, 0];
                let by_zeros = [low.1, high.1, 0, 0, 0, 0, 0, 0];
                bands.guess.advance(&difference, &by_zeros);
                *out = upper << 6 | lower;
            }
            bands.lower.keep(&lower_window, pairs);
            bands.upper.keep(&upper_window, pairs);
            bands.keep(&windows, pairs);
        }
        self.0 = bands;
    }

    /// What is heard of a tick of octets by whoever decodes what this one made before.
    pub fn foresee(&self, octets: &[u8], heard: &mut Foreseen) {
        let mut bands = self.0;
        bands.learn(octets, |at, lower, upper| {
            heard.0[at] = [lower as i16, upper as i16];
        });
    }

    /// Goes where whoever decodes what this one made goes when it is given a tick of another one's
    /// `octets` instead. That one heard the same, is `other` after them, and `heard` is what is
    /// heard of them. Does nothing, and is false, when the change would be heard: then what this
    /// one makes itself must be sent. Decoders that are given the same octets are equal within half
    /// a second.
    pub fn follow(&mut self, octets: &[u8], heard: &Foreseen, other: &Self) -> bool {
        let mut bands = self.0;
        let (mut apart, mut peak) = (0, 0);
        bands.learn(octets, |at, lower, upper| {
            let [should_lower, should_upper] = heard.0[at].map(i32::from);
            apart = apart.max((lower - should_lower).abs() + (upper - should_upper).abs());
            peak = peak.max(should_lower.abs());
        });
        if apart > UNHEARD + peak / UNHEARD_RATIO {
            return false;
        }
        bands.past = other.0.past;
        self.0 = bands;
        true
    }
}

/// A tick of both bands as it is heard.
#[derive(Clone, Debug)]
pub struct Foreseen([[i16; 2]; PART]);

impl Default for Foreseen {
    fn default() -> Self {
        Self([[0; 2]; PART])
    }
}

/// Block QUANTL.
#[inline(always)]
fn quantise_lower(band: &Band, error: i32) -> u8 {
    let error = saturate(error);
    let size = error ^ (error >> 31);
    let mut above = 0;
    for end in STEPS {
        above += u8::from(size >= (i32::from(end) * band.step) >> 12);
    }
    // Codes count down from the largest step, of both signs; the two least below zero stand apart.
    match (error < 0, above) {
        (false, _) => 61 - above,
        (true, 0 | 1) => 63 - above,
        (true, _) => 33 - above,
    }
}

/// Block QUANTH.
#[inline(always)]
fn quantise_upper(band: &Band, error: i32) -> u8 {
    let error = saturate(error);
    let size = error ^ (error >> 31);
    let large = size >= (UPPER_STEP * band.step) >> 12;
    match (error < 0, large) {
        (true, true) => 0,
        (true, false) => 1,
        (false, true) => 2,
        (false, false) => 3,
    }
}

/// Decodes one stream.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decoder(Bands);

impl Decoder {
    /// Decodes octets into twice as many samples at 16 kHz.
    pub fn decode(&mut self, octets: &[u8], out: &mut [i16]) {
        let mut bands = self.0;
        for (octets, out) in octets.chunks(PART).zip(out.chunks_mut(2 * PART)) {
            let mut windows = bands.windows();
            bands.learn(octets, |at, lower, upper| {
                windows[0][PAST + at] = saturate(lower + upper) as i16;
                windows[1][PAST + at] = saturate(lower - upper) as i16;
            });
            for (at, pair) in out.chunks_exact_mut(2).enumerate() {
                let one = filter(&windows[1][at..], &TAPS_BACK);
                let other = filter(&windows[0][at..], &TAPS);
                pair[0] = saturate(one >> 11) as i16;
                pair[1] = saturate(other >> 11) as i16;
            }
            bands.keep(&windows, octets.len());
        }
        self.0 = bands;
    }
}

impl decode::Decoder for Decoder {
    fn codec(&self) -> Codec {
        Codec::G722
    }

    fn samples_in(&self, payload: &[u8]) -> Option<usize> {
        Some(2 * payload.len())
    }

    fn decode(&mut self, payload: &[u8], out: &mut [i16]) {
        Decoder::decode(self, payload, out);
    }

    fn restart(&mut self) {
        *self = Self::default();
    }
}

/// Half of the filter, which sees every other sample.
#[inline(always)]
fn filter(window: &[i16], taps: &[i16; 12]) -> i32 {
    let mut sum = 0;
    for (&sample, &tap) in window[..12].iter().zip(taps) {
        sum += i32::from(sample) * i32::from(tap);
    }
    sum
}

const TAPS: [i16; 12] = QMF;
const TAPS_BACK: [i16; 12] = {
    let mut back = [0; 12];
    let mut at = 0;
    while at < 12 {
        back[at] = QMF[11 - at];
        at += 1;
    }
    back
};
/// Samples that a half of the filter sees before the newest.
const PAST: usize = 11;
/// An error that nobody hears: 60 dB below the loudest there is ...
const UNHEARD: i32 = 32;
/// ... or 30 dB below what is heard meanwhile, which is what the codec itself errs by.
const UNHEARD_RATIO: i32 = 32;

#[cfg(test)]
mod tests;
