//! Noises made beside speech, each so loud by comparison. The same in every run.

/// What makes a noise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// nothing does
    Nothing,
    /// all frequencies alike
    White,
    /// low ones for the most part, and a motor's hum
    Fan,
    /// eight people, other parts of the speech
    Babble,
}

/// A noise.
#[derive(Clone, Copy, Debug)]
pub struct Noise {
    pub source: Source,
    /// how much louder speech is, while somebody speaks
    pub speech_db: u8,
}

impl Noise {
    /// How it is called in tables and files.
    pub fn name(self) -> String {
        let source = match self.source {
            Source::Nothing => return "none".to_owned(),
            Source::White => "white",
            Source::Fan => "fan",
            Source::Babble => "babble",
        };
        format!("{source}-{}", self.speech_db)
    }
}

const fn noise(source: Source, speech_db: u8) -> Noise {
    Noise { source, speech_db }
}

/// Every noise of docs/sound.md.
pub const NOISES: &[Noise] = &[
    noise(Source::Nothing, 0),
    noise(Source::White, 0),
    noise(Source::White, 5),
    noise(Source::White, 10),
    noise(Source::White, 20),
    noise(Source::Fan, 0),
    noise(Source::Fan, 5),
    noise(Source::Fan, 10),
    noise(Source::Fan, 20),
    noise(Source::Babble, 0),
    noise(Source::Babble, 5),
    noise(Source::Babble, 10),
    noise(Source::Babble, 20),
];

/// Speech under a noise.
pub fn mixed(said: &[i16], noise: Noise) -> Vec<i16> {
    if noise.source == Source::Nothing {
        return said.to_vec();
    }
    let sound = made(said, noise.source);
    let loud = (spoken_power(said) / power(&sound)).sqrt();
    let factor = loud * 10f64.powf(-f64::from(noise.speech_db) / 20.0);
    let pairs = said.iter().zip(&sound);
    pairs
        .map(|(&said, &noise)| (f64::from(said) + factor * noise).round() as i16)
        .collect()
}

fn made(said: &[i16], source: Source) -> Vec<f64> {
    let mut seed = 0x9E37_79B9_7F4A_7C15_u64;
    let mut roll = move || {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        (seed >> 11) as f64 / (1u64 << 53) as f64 * 2.0 - 1.0
    };
    let samples = 0..said.len();
    match source {
        Source::Nothing => vec![0.0; said.len()],
        Source::White => samples.map(|_| roll()).collect(),
        Source::Fan => {
            let (mut low, mut lower) = (0.0, 0.0);
            let motor = [(100.0, 0.10), (200.0, 0.06), (300.0, 0.03)];
            samples
                .map(|n| {
                    let new = roll();
                    low += (new - low) * 0.15;
                    lower += (new - lower) * 0.02;
                    let turn = n as f64 / 8_000.0 * std::f64::consts::TAU;
                    let hum = motor.map(|(hz, loud)| (turn * hz).sin() * loud);
                    low + 4.0 * lower + hum.iter().sum::<f64>()
                })
                .collect()
        }
        Source::Babble => samples
            .map(|n| {
                let other = |k: usize| f64::from(said[(n + k * said.len() / 9) % said.len()]);
                (1..9).map(other).sum()
            })
            .collect(),
    }
}

fn power(sound: &[f64]) -> f64 {
    sound.iter().map(|sample| sample * sample).sum::<f64>() / sound.len() as f64
}

/// Mean over the ticks in which somebody speaks: those over -55 dBov.
fn spoken_power(said: &[i16]) -> f64 {
    let tick = |tick: &[i16]| {
        let squares = tick.iter().map(|&s| f64::from(s) * f64::from(s));
        squares.sum::<f64>() / tick.len() as f64
    };
    let powers = said.chunks_exact(160).map(tick);
    let spoken: Vec<f64> = powers.filter(|&power| power > 3_000.0).collect();
    spoken.iter().sum::<f64>() / spoken.len().max(1) as f64
}
