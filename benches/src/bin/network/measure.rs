//! What became of the speech, found by listening alone, so that every player is measured alike:
//! where in the original is what is heard now, and is it whole? Looked for at 8 kHz, and of what is
//! fuller, found at its own rate.

use std::ops::RangeInclusive;

use confab_benches::speech::convert;
use confab_core::audio::rate::Rate;

/// A stretch that is looked for: 40 ms.
const STRETCH: usize = 320;
/// As far back as it is looked for: 600 ms.
const FARTHEST: usize = 4_800;
/// What a sender with a fast clock says is heard before its time on this clock by less than this.
const AHEAD: usize = STRETCH;
/// As far as the lag may go within a stretch without being searched for everywhere: 15 ms.
const NEAR: usize = 120;
/// This much like the original is heard as whole.
const WHOLE: f32 = 0.9;
/// Alike enough that it need not be looked for elsewhere.
const CERTAIN: f32 = 0.98;
/// Mean square of what counts as speech: -45 dBov.
const AUDIBLE: f32 = 34_000.0;

/// A stretch that may be a hole: 10 ms.
const HOLE: usize = 80;
/// In a hole there is less than this of the power that ought to be heard.
const LEFT: f32 = 0.1;

/// What one player made of one network.
#[derive(Clone, Copy, Debug, Default)]
pub struct Heard {
    /// beyond that of a packet which is played in the tick it comes in
    pub delay_mean_ms: f64,
    /// nineteen of twenty stretches are heard sooner
    pub delay_p95_ms: f64,
    /// standard deviation of the delay
    pub delay_varies_ms: f64,
    /// speech heard that resembles nothing that was said, per cent
    pub spoilt_percent: f64,
    /// sum of all changes of the delay, per minute: what was cut out, put in or skipped
    pub moved_ms_per_min: f64,
    /// stretches of speech that were heard whole, of those said, per cent
    pub whole_percent: f64,
    /// speech that is missing where it would be heard at the median delay, per cent
    pub holes_percent: f64,
}

/// Sound at its own rate, and at 8 kHz.
struct Sound {
    own: Vec<f32>,
    narrow: Vec<f32>,
    /// so many times 8 kHz
    scale: usize,
}

impl Sound {
    fn new(samples: &[i16], rate: Rate) -> Self {
        let float = |samples: &[i16]| samples.iter().map(|&s| f32::from(s)).collect();
        Self {
            own: float(samples),
            narrow: float(&convert(samples, rate, Rate::Narrow)),
            scale: rate.scale(),
        }
    }
}

/// Compares what was heard with what was said. `stretch` is the length of a sample's time on the
/// sender's clock in samples of the receiver's.
pub fn compare(said: &[i16], heard: &[i16], rate: Rate, stretch: f64) -> Heard {
    let ahead = if stretch < 1.0 { AHEAD } else { 0 };
    let heard = [vec![0; ahead * rate.scale()], heard.to_vec()].concat();
    let (said, heard) = (Sound::new(said, rate), Sound::new(&heard, rate));
    let audible = |samples: &[f32]| energy(samples) > AUDIBLE * STRETCH as f32;
    let spoken = said
        .narrow
        .chunks_exact(STRETCH)
        .filter(|s| audible(s))
        .count();
    let (mut lags_ms, mut moved, mut loud, mut near) = (Vec::new(), 0.0, 0, None);
    for (n, piece) in heard.narrow.chunks_exact(STRETCH).enumerate() {
        if !audible(piece) {
            continue;
        }
        loud += 1;
        let at = n * STRETCH;
        let heard_at = at as f64 - ahead as f64;
        let (lag, likeness) = still_there(&said, &heard, at, near).unwrap_or_else(|| {
            let coarse = find(&said.narrow, piece, at, near.map(|lag: f64| lag as usize));
            refine(&said, &heard, at, coarse)
        });
        if likeness < WHOLE {
            continue;
        }
        let lag_ms = (heard_at - (at as f64 - lag) * stretch) / 8.0;
        if let Some(before) = lags_ms.last() {
            let step: f64 = lag_ms - before;
            moved += if step.abs() > 1.0 { step.abs() } else { 0.0 };
        }
        near = Some(lag);
        lags_ms.push(lag_ms);
    }
    let whole = lags_ms.len();
    let mean = lags_ms.iter().sum::<f64>() / whole.max(1) as f64;
    let square = |lag: &f64| (lag - mean).powi(2);
    let variance = lags_ms.iter().map(square).sum::<f64>() / whole.max(1) as f64;
    lags_ms.sort_by(f64::total_cmp);
    let median = lags_ms.get(whole / 2).copied().unwrap_or_default();
    Heard {
        delay_mean_ms: mean,
        delay_p95_ms: lags_ms.get(whole * 19 / 20).copied().unwrap_or(f64::NAN),
        delay_varies_ms: variance.sqrt(),
        spoilt_percent: 100.0 * (loud - whole) as f64 / loud.max(1) as f64,
        moved_ms_per_min: moved / (said.narrow.len() as f64 / 8_000.0 / 60.0),
        whole_percent: (100.0 * whole as f64 / spoken.max(1) as f64).min(100.0),
        holes_percent: holes_percent(&said.narrow, &heard.narrow, ahead + (median * 8.0) as usize),
    }
}

fn holes_percent(said: &[f32], heard: &[f32], lag: usize) -> f64 {
    let heard = heard.get(lag..).unwrap_or_default();
    let pairs = said.chunks_exact(HOLE).zip(heard.chunks_exact(HOLE));
    let powers = pairs.map(|(said, heard)| (energy(said), energy(heard)));
    let spoken: Vec<_> = powers
        .filter(|&(said, _)| said > AUDIBLE * HOLE as f32)
        .collect();
    let holes = spoken.iter().filter(|&&(said, heard)| heard < LEFT * said);
    100.0 * holes.count() as f64 / spoken.len().max(1) as f64
}

/// Of sound that is fuller than at 8 kHz: it is heard whole at the lag of what was found last.
fn still_there(said: &Sound, heard: &Sound, at: usize, near: Option<f64>) -> Option<(f64, f32)> {
    let found = refine(said, heard, at, (near? as usize, 0.0));
    (found.1 >= WHOLE).then_some(found)
}

/// What was found, at the sound's own rate: a lag between two samples at 8 kHz is hardly like
/// either. The lag is in samples at 8 kHz.
fn refine(said: &Sound, heard: &Sound, at: usize, coarse: (usize, f32)) -> (f64, f32) {
    let scale = said.scale;
    if scale == 1 {
        return (coarse.0 as f64, coarse.1);
    }
    let at = at * scale;
    let piece = &heard.own[at..at + STRETCH * scale];
    let near = coarse.0 * scale;
    let (lag, likeness) = best(
        &said.own,
        piece,
        at,
        near.saturating_sub(scale)..=near + scale,
    );
    (lag as f64 / scale as f64, likeness)
}

/// The lag at which `piece`, heard at `at`, resembles what was said most, and how much it does.
fn find(said: &[f32], piece: &[f32], at: usize, near: Option<usize>) -> (usize, f32) {
    if let Some(near) = near {
        let lags = near.saturating_sub(NEAR)..=near + NEAR - 1;
        let found = best(said, piece, at, lags);
        if found.1 > CERTAIN {
            return found;
        }
    }
    best(said, piece, at, 0..=FARTHEST - 1)
}

/// The best of these lags, and the likeness.
fn best(said: &[f32], piece: &[f32], at: usize, lags: RangeInclusive<usize>) -> (usize, f32) {
    let power = energy(piece);
    let likeness = |lag: usize| {
        let Some(from) = at.checked_sub(lag) else {
            return 0.0;
        };
        let Some(original) = said.get(from..from + piece.len()) else {
            return 0.0;
        };
        dot(piece, original) / (power * energy(original)).sqrt().max(1.0)
    };
    lags.map(|lag| (lag, likeness(lag)))
        .max_by(|a, b| a.1.total_cmp(&b.1))
        .unwrap_or((0, 0.0))
}

fn energy(samples: &[f32]) -> f32 {
    dot(samples, samples)
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0f32; 8];
    for (a, b) in a.chunks_exact(8).zip(b.chunks_exact(8)) {
        for n in 0..8 {
            sums[n] += a[n] * b[n];
        }
    }
    sums.iter().sum()
}
