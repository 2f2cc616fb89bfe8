//! Trouble made of speech: what such a line sends, and what it was sent. The same in every run.

use confab_core::fault::Fault;

/// Stretches of speech of which each trouble is made, for each voice.
pub const TAKES: usize = 4;
/// A minute.
const LENGTH: usize = 60 * SECOND;
const SECOND: usize = 8_000;

/// A kind of trouble.
#[derive(Clone, Copy, Debug)]
pub enum Trouble {
    /// What is sent comes back so late and so much quieter, out of a room that adds to it.
    Echo { ms: usize, db: f32, own: bool },
    /// Mains.
    Hum { hz: f32 },
    /// Noise under a voice, or alone.
    Noise { dbov: f32, voice: bool },
    /// A tone that grows.
    Howl { db_per_s: f32 },
}

const fn echo(ms: usize, db: f32, own: bool) -> Trouble {
    Trouble::Echo { ms, db, own }
}

/// Everything that is played.
pub const TROUBLES: &[Trouble] = &[
    echo(60, -6.0, false),
    echo(150, -6.0, false),
    echo(150, -18.0, false),
    echo(150, -30.0, false),
    echo(333, -18.0, false),
    echo(480, -18.0, false),
    echo(150, -6.0, true),
    echo(333, -18.0, true),
    Trouble::Hum { hz: 50.0 },
    Trouble::Hum { hz: 60.0 },
    Trouble::Howl { db_per_s: 10.0 },
    Trouble::Howl { db_per_s: 40.0 },
    Trouble::Noise {
        dbov: -28.0,
        voice: false,
    },
    Trouble::Noise {
        dbov: -40.0,
        voice: true,
    },
    Trouble::Noise {
        dbov: -44.0,
        voice: true,
    },
];

/// What such a line sends, and what it is sent.
#[derive(Debug)]
pub struct Line {
    pub came: Vec<i16>,
    pub sent: Vec<i16>,
}

impl Trouble {
    /// What it should be taken for.
    pub fn fault(self) -> Fault {
        match self {
            Self::Echo { .. } => Fault::Echo,
            Self::Hum { .. } => Fault::Hum,
            Self::Noise { .. } => Fault::Noise,
            Self::Howl { .. } => Fault::Howl,
        }
    }

    /// How it is called.
    pub fn name(self) -> String {
        match self {
            Self::Echo { ms, db, own } => {
                let own = if own {
                    ", the line's own voice a third of the time"
                } else {
                    ""
                };
                format!("echo, {ms} ms, {db} dB{own}")
            }
            Self::Hum { hz } => format!("hum of {hz} Hz in the pauses of a voice"),
            Self::Noise { dbov, voice: true } => format!("noise at {dbov} dBov under a voice"),
            Self::Noise { dbov, .. } => format!("noise at {dbov} dBov"),
            Self::Howl { db_per_s } => format!("howl, {db_per_s} dB a second louder"),
        }
    }

    /// Makes it; none when there is no more speech.
    pub fn line(self, voice: &[i16], own: &[i16], take: usize) -> Option<Line> {
        let stretch = take * LENGTH..(take + 1) * LENGTH;
        let (sent, own) = (voice.get(stretch.clone())?, own.get(stretch)?);
        let hiss = noise(-65.0);
        let quiet = vec![0; LENGTH];
        Some(match self {
            Self::Echo { ms, db, own: talks } => {
                let echo = back(sent, ms, db);
                let own = if talks { thirds(own) } else { quiet };
                Line {
                    came: sum(&[&echo, &own, &hiss]),
                    sent: sent.to_vec(),
                }
            }
            Self::Hum { hz } => Line {
                came: sum(&[&hum(hz), &thirds(own), &hiss]),
                sent: quiet,
            },
            Self::Noise { dbov, voice } => Line {
                came: sum(&[&noise(dbov), if voice { own } else { &quiet }]),
                sent: quiet.clone(),
            },
            Self::Howl { db_per_s } => Line {
                came: sum(&[&howl(db_per_s), &hiss]),
                sent: quiet,
            },
        })
    }
}

fn sample(value: f32) -> i16 {
    value.clamp(-32_768.0, 32_767.0) as i16
}

fn sum(sounds: &[&[i16]]) -> Vec<i16> {
    let at = |n: usize| sounds.iter().map(|sound| f32::from(sound[n])).sum();
    (0..LENGTH).map(|n| sample(at(n))).collect()
}

/// Five seconds of fifteen.
fn thirds(sound: &[i16]) -> Vec<i16> {
    let on = |n: usize| n / SECOND % 15 < 5;
    let samples = sound.iter().enumerate();
    samples.map(|(n, &s)| if on(n) { s } else { 0 }).collect()
}

/// An echo with the reverberation of a room: four ways more, each longer and weaker.
fn back(sound: &[i16], ms: usize, db: f32) -> Vec<i16> {
    let factor = 10f32.powf(db / 20.0);
    let ways = [(0, 0.7), (7, 0.4), (16, -0.35), (29, 0.3), (52, 0.2)];
    let at = |n: usize| {
        let way = |&(more_ms, part): &(usize, f32)| {
            let from = n.checked_sub((ms + more_ms) * SECOND / 1_000);
            from.map_or(0.0, |from| f32::from(sound[from]) * part)
        };
        ways.iter().map(way).sum::<f32>() * factor
    };
    (0..LENGTH).map(|n| sample(at(n))).collect()
}

fn noise(dbov: f32) -> Vec<i16> {
    let peak = 32_768.0 * 3f32.sqrt() * 10f32.powf(dbov / 20.0);
    let mut seed = 9u32;
    let mut next = || {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (seed >> 8) as f32 / (1 << 23) as f32 - 1.0
    };
    (0..LENGTH).map(|_| sample(peak * next())).collect()
}

fn sine(n: usize, hz: f32) -> f32 {
    (n as f32 / SECOND as f32 * hz * std::f32::consts::TAU).sin()
}

/// At -24 dBov, with the harmonics that a telephone lets through.
fn hum(hz: f32) -> Vec<i16> {
    let at = |n: usize| {
        (3..10)
            .map(|k| sine(n, hz * k as f32) / k as f32)
            .sum::<f32>()
    };
    (0..LENGTH).map(|n| sample(4_700.0 * at(n))).collect()
}

fn howl(db_per_s: f32) -> Vec<i16> {
    let at = |n: usize| {
        let grown = 10f32.powf(db_per_s * n as f32 / SECOND as f32 / 20.0);
        (300.0 * grown).min(20_000.0) * sine(n, 1_370.0)
    };
    (0..LENGTH).map(|n| sample(at(n))).collect()
}
