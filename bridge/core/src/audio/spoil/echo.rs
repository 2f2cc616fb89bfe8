//! Echo: what a line is sent comes back from it, later and quieter. Compares how loud it was with
//! how loud it is, twice a tick, over delays of 40 to 520 ms.
//!
//! The two are logarithms of power without their slow part, so that neither a gain nor an automatic
//! one on the way matters, and what is left are the onsets of sounds. Three seconds of them are
//! compared at two delays a tick, so every delay has its turn twice a second. A delay that fits is
//! an echo when it is the same one again and again.

use super::Halves;

/// The comparison of one line.
#[derive(Clone, Debug)]
pub(super) struct Echo {
    came: Track<CAME>,
    sent: Track<SENT>,
    /// ticks of the last three seconds in which there was something in both
    busy: Busy,
    lag: usize,
    best: (f32, usize),
    streak: Streak,
}

/// Whether a round of all delays found one that fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// There was too little to compare, or the round goes on.
    Nothing,
    /// None fits.
    Clean,
    /// One fits, but it is not sure yet.
    Perhaps,
    /// An echo.
    Echo,
}

impl Echo {
    pub(super) fn new() -> Self {
        Self {
            came: Track::new(),
            sent: Track::new(),
            busy: Busy::default(),
            lag: FIRST_LAG,
            best: (0.0, 0),
            streak: Streak::default(),
        }
    }

    /// What the line was sent in this tick; to be told before what comes in the next.
    pub(super) fn sent(&mut self, halves: &Halves) {
        self.sent.push(halves, QUIETEST);
    }

    /// What came, and whether it is heard; `noise` is the line's own.
    pub(super) fn came(&mut self, halves: &Halves, heard: bool, noise: f32) -> Verdict {
        self.came.push(halves, QUIETEST.max(noise * NOISE_RATIO));
        self.busy.push(heard, self.sent.is_loud);
        if !self.busy.is_enough() {
            self.start_round();
            return Verdict::Nothing;
        }
        let came = self.came.last(0);
        let energy = product(came, came);
        for lag in self.lag..self.lag + LAGS_A_TICK {
            let sent = self.sent.last(lag);
            let scale = energy * product(sent, sent);
            let fits = product(came, sent) / scale.sqrt().max(1.0);
            if fits > self.best.0 {
                self.best = (fits, lag);
            }
        }
        self.lag += LAGS_A_TICK;
        if self.lag < FIRST_LAG + LAGS {
            return Verdict::Nothing;
        }
        let (fits, lag) = self.best;
        self.start_round();
        self.streak.round(fits, lag)
    }

    /// What came before says nothing any more.
    pub(super) fn forget(&mut self) {
        self.busy = Busy::default();
        self.streak = Streak::default();
        self.start_round();
    }

    fn start_round(&mut self) {
        self.lag = FIRST_LAG;
        self.best = (0.0, 0);
    }
}

/// How often the same delay has fitted.
#[derive(Clone, Copy, Debug, Default)]
struct Streak {
    lag: usize,
    rounds: u32,
}

impl Streak {
    fn round(&mut self, fits: f32, lag: usize) -> Verdict {
        if fits < FITS {
            self.rounds = self.rounds.saturating_sub(1);
            return Verdict::Clean;
        }
        if lag.abs_diff(self.lag) <= SAME_LAG {
            // Somebody talks too, or the way has become a little longer.
            self.rounds = (self.rounds + 1).min(2 * SURE_ROUNDS);
        } else if self.rounds > 1 {
            self.rounds -= 2;
            return Verdict::Clean;
        } else {
            self.rounds = 1;
        }
        self.lag = lag;
        if self.rounds < SURE_ROUNDS {
            Verdict::Perhaps
        } else {
            Verdict::Echo
        }
    }
}

/// Ticks in which there was something to compare.
#[derive(Clone, Debug, Default)]
struct Busy {
    /// newest in the lowest bit
    heard: u128,
    loud: u128,
}

impl Busy {
    fn push(&mut self, heard: bool, loud: bool) {
        self.heard = self.heard << 1 | u128::from(heard);
        self.loud = self.loud << 1 | u128::from(loud);
    }

    fn is_enough(&self) -> bool {
        self.heard.count_ones() >= BUSY_TICKS && self.loud.count_ones() >= BUSY_TICKS
    }
}

/// The last so many halves of a tick, without their slow part.
#[derive(Clone, Debug)]
struct Track<const N: usize> {
    /// everything twice, so that any stretch lies in one piece
    values: [[i16; N]; 2],
    at: usize,
    slow: i32,
    is_loud: bool,
}

impl<const N: usize> Track<N> {
    fn new() -> Self {
        Self {
            values: [[0; N]; 2],
            at: 0,
            slow: level(QUIETEST) * SLOW,
            is_loud: false,
        }
    }

    fn push(&mut self, halves: &Halves, least: f32) {
        self.is_loud = halves.iter().any(|power| power.0 > LOUD);
        for power in halves {
            let level = level(power.0.max(least));
            self.slow += level - self.slow / SLOW;
            let fast = (level - self.slow / SLOW).clamp(-MOST, MOST) as i16;
            for copy in &mut self.values {
                copy[self.at] = fast;
            }
            self.at = (self.at + 1) % N;
        }
    }

    /// Those that are compared, as they were `lag` ago.
    fn last(&self, lag: usize) -> &[i16] {
        let end = self.at + N - lag;
        &self.values.as_flattened()[end - WINDOW..end]
    }
}

/// Some 0.05 dB a step: the bits of a float are the logarithm of what it stands for, with straight
/// lines between the powers of two.
fn level(power: f32) -> i32 {
    (power.to_bits() >> 17) as i32
}

fn product(a: &[i16], b: &[i16]) -> f32 {
    let pairs = a.iter().zip(b);
    let sum: i32 = pairs.map(|(&a, &b)| i32::from(a) * i32::from(b)).sum();
    sum as f32
}

// Lags and lengths in halves of a tick, 10 ms. What comes is compared with what was sent until the
// tick before, so a lag of 0 is a delay of 20 ms.

/// Three seconds.
const WINDOW: usize = 300;
/// 40 ms: less than that is heard as the room the caller is in, and no call is as quick.
const FIRST_LAG: usize = 2;
const LAGS: usize = 48;
const LAGS_A_TICK: usize = 2;
const CAME: usize = WINDOW;
const SENT: usize = WINDOW + FIRST_LAG + LAGS;
const SAME_LAG: usize = 1;
/// Of 1: how alike the two must be.
const FITS: f32 = 0.5;
/// Rounds of half a second.
const SURE_ROUNDS: u32 = 10;
/// Half a second of the last two and a half.
const BUSY_TICKS: u32 = 25;
/// -55 dBov: what is quieter is all the same.
const QUIETEST: f32 = 3.2e-6;
/// 3 dB.
const NOISE_RATIO: f32 = 2.0;
/// -40 dBov.
const LOUD: f32 = 1e-4;
/// 160 ms.
const SLOW: i32 = 16;
/// 50 dB.
const MOST: i32 = 1_000;
