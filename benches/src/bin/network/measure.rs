//! What became of the speech, found by listening alone, so that every player is measured alike:
//! where in the original is what is heard now, and is it whole?

/// A stretch that is looked for: 40 ms.
const STRETCH: usize = 320;
/// As far back as it is looked for: 600 ms.
const FARTHEST: usize = 4_800;
/// As far as the lag may go within a stretch without being searched for everywhere: 15 ms.
const NEAR: usize = 120;
/// This much like the original is heard as whole.
const WHOLE: f32 = 0.9;
/// Alike enough that it need not be looked for elsewhere.
const CERTAIN: f32 = 0.98;
/// Mean square of what counts as speech: -45 dBov.
const AUDIBLE: f32 = 34_000.0;

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
}

/// Compares what was heard with what was said. `stretch` is the length of a sample's time on the
/// sender's clock in samples of the receiver's.
pub fn compare(said: &[i16], heard: &[i16], stretch: f64) -> Heard {
    let said: Vec<f32> = said.iter().map(|&s| f32::from(s)).collect();
    let heard: Vec<f32> = heard.iter().map(|&s| f32::from(s)).collect();
    let audible = |samples: &[f32]| energy(samples) > AUDIBLE * STRETCH as f32;
    let spoken = said.chunks_exact(STRETCH).filter(|s| audible(s)).count();
    let (mut lags_ms, mut moved, mut loud, mut near) = (Vec::new(), 0.0, 0, None);
    for (n, piece) in heard.chunks_exact(STRETCH).enumerate() {
        if !audible(piece) {
            continue;
        }
        loud += 1;
        let at = n * STRETCH;
        let found = find(&said, piece, at, near);
        if found.1 < WHOLE {
            continue;
        }
        let lag_ms = (at as f64 - (at as f64 - found.0 as f64) * stretch) / 8.0;
        if let Some(before) = lags_ms.last() {
            let step: f64 = lag_ms - before;
            moved += if step.abs() > 1.0 { step.abs() } else { 0.0 };
        }
        near = Some(found.0);
        lags_ms.push(lag_ms);
    }
    let whole = lags_ms.len();
    let mean = lags_ms.iter().sum::<f64>() / whole.max(1) as f64;
    let square = |lag: &f64| (lag - mean).powi(2);
    let variance = lags_ms.iter().map(square).sum::<f64>() / whole.max(1) as f64;
    lags_ms.sort_by(f64::total_cmp);
    Heard {
        delay_mean_ms: mean,
        delay_p95_ms: lags_ms.get(whole * 19 / 20).copied().unwrap_or(f64::NAN),
        delay_varies_ms: variance.sqrt(),
        spoilt_percent: 100.0 * (loud - whole) as f64 / loud.max(1) as f64,
        moved_ms_per_min: moved / (said.len() as f64 / 8_000.0 / 60.0),
        whole_percent: (100.0 * whole as f64 / spoken.max(1) as f64).min(100.0),
    }
}

/// The lag at which `piece`, heard at `at`, resembles what was said most, and how much it does.
fn find(said: &[f32], piece: &[f32], at: usize, near: Option<usize>) -> (usize, f32) {
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
    let best = |lags: std::ops::Range<usize>| {
        lags.map(|lag| (lag, likeness(lag)))
            .max_by(|a, b| a.1.total_cmp(&b.1))
            .unwrap_or((0, 0.0))
    };
    if let Some(near) = near {
        let found = best(near.saturating_sub(NEAR)..near + NEAR);
        if found.1 > CERTAIN {
            return found;
        }
    }
    best(0..FARTHEST)
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
