//! One of the two bands of G.722: the predictor and the size of a step, which encoder and decoder
//! keep alike by the codes alone (ITU-T G.722, 6.2.1 and 6.2.2). Knows no samples of sound.
//!
//! What is learned of a code does not depend on what was guessed, only on the codes before it. So
//! who has many codes at once learns them in passes, each over all of them: in the order of the
//! standard every step would wait for the one before.

use super::tables::POWERS;

/// In what the two bands differ.
#[derive(Debug)]
pub(super) struct Kind {
    /// what a code means, as far as both sides learn from it
    pub(super) coarse: &'static [i16],
    /// how it changes the size of a step
    pub(super) growth: &'static [i16],
    pub(super) most_log_step: i32,
    pub(super) shift: i32,
}

/// What one side has learned of a band from the codes alone.
///
/// Two that are equal go on alike for ever, whatever codes both are given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Band {
    /// the size of a step
    pub(super) step: i32,
    /// its logarithm
    log_step: i32,
    /// the last differences, the oldest first
    differences: [i16; ZEROS],
    /// the last is for the newest difference; the first ones are never used
    zeros: [i16; LANES],
}

/// One number for each band, the lower first. A processor reckons with eight at once.
pub(super) type Pair = [i16; LANES];

/// What is guessed of both bands, side by side: each waits for its own last guess only.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Guess {
    /// the next samples, as far as they can be told
    pub(super) sample: Pair,
    /// the part of that which the zeros tell
    by_zeros: Pair,
    poles: [Pair; 2],
    /// the samples before
    before: Pair,
    /// the last two differences without what the poles tell
    partial: [Pair; 2],
}

impl Guess {
    /// What the poles learn of the differences, and the next guess: blocks RECONS, PARREC, UPPOL2,
    /// UPPOL1, FILTEP and PREDIC.
    #[inline(always)]
    pub(super) fn advance(&mut self, difference: &Pair, by_zeros: &Pair) {
        for lane in 0..LANES {
            let sample = self.sample[lane].saturating_add(difference[lane]);
            let partial = self.by_zeros[lane].saturating_add(difference[lane]);
            // All ones where the signs differ.
            let unlike = (partial ^ self.partial[0][lane]) >> 15;
            let unlike_second = (partial ^ self.partial[1][lane]) >> 15;
            let [first, second] = [self.poles[0][lane], self.poles[1][lane]];
            let twice = first.saturating_add(first);
            let towards = twice.saturating_add(twice);
            let towards = (towards & unlike) | (0_i16.saturating_sub(towards) & !unlike);
            let second = (towards >> 7) + signed(128, unlike_second) + second - part::<7>(second);
            let second = second.clamp(-12_288, 12_288);
            let first = signed(192, unlike) + first - part::<8>(first);
            let most = 15_360 - second;
            let first = first.min(most).max(-most);
            let by_first = times(sample.saturating_add(sample), first);
            let before = self.before[lane];
            let by_second = times(before.saturating_add(before), second);
            let by_poles = by_first.saturating_add(by_second);
            self.partial[1][lane] = self.partial[0][lane];
            self.partial[0][lane] = partial;
            self.poles[0][lane] = first;
            self.poles[1][lane] = second;
            self.before[lane] = sample;
            self.by_zeros[lane] = by_zeros[lane];
            self.sample[lane] = by_poles.saturating_add(by_zeros[lane]);
        }
    }
}

/// The size, or that negated where `unlike` is all ones.
#[inline(always)]
fn signed(size: i16, unlike: i16) -> i16 {
    (size ^ unlike) - unlike
}

/// One of two to the `SHIFT` parts, rounded up: what is left is rounded down.
#[inline(always)]
fn part<const SHIFT: u32>(whole: i16) -> i16 {
    let rest = whole & ((1 << SHIFT) - 1);
    (whole >> SHIFT) - (rest.wrapping_neg() >> 15)
}

/// The product of two fractions.
#[inline(always)]
fn times(one: i16, other: i16) -> i16 {
    ((i32::from(one) * i32::from(other)) >> 15) as i16
}

/// Differences of a tick behind those before them, and twice as much of each.
#[derive(Debug)]
pub(super) struct Window {
    differences: [i16; LANES + PART],
    twice: [i16; LANES + PART],
}

/// What a tick of codes tells by itself, for each of them, of both bands.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) differences: [Pair; PART],
    /// the part of the next guess that the zeros make
    pub(super) by_zeros: [Pair; PART],
}

impl Told {
    pub(super) const NOTHING: Self = Self {
        differences: [[0; LANES]; PART],
        by_zeros: [[0; LANES]; PART],
    };
}

impl Window {
    pub(super) fn new(band: &Band) -> Self {
        let mut new = Self {
            differences: [0; LANES + PART],
            twice: [0; LANES + PART],
        };
        for (at, &difference) in (LANES - ZEROS..).zip(&band.differences) {
            new.set(at, difference);
        }
        new
    }

    #[inline(always)]
    fn set(&mut self, at: usize, difference: i16) {
        self.differences[at] = difference;
        self.twice[at] = difference.saturating_add(difference);
    }

    /// The last eight before number `at` of the tick.
    #[inline(always)]
    fn before(samples: &[i16; LANES + PART], at: usize) -> &[i16; LANES] {
        samples[at..]
            .first_chunk()
            .expect("a tick's numbers are below its length")
    }
}

impl Band {
    /// With the least step of its band (6.2.1.2).
    pub(super) const fn new(step: i32) -> Self {
        Self {
            step,
            log_step: 0,
            differences: [0; ZEROS],
            zeros: [0; LANES],
        }
    }

    /// Learns a tick of codes, at most [`PART`], as far as nothing is guessed: what is left for
    /// [`Guess::advance`] is in `told`, in the place of the band. Calls `each` with the number of a
    /// code and the size of a step before it.
    #[inline(always)]
    pub(super) fn learn_all(
        &mut self,
        kind: &Kind,
        codes: impl ExactSizeIterator<Item = usize>,
        (told, lane): (&mut Told, usize),
        mut each: impl FnMut(usize, i32),
    ) {
        let length = codes.len();
        let mut window = Window::new(self);
        for (at, code) in codes.enumerate() {
            each(at, self.step);
            let difference = self.difference(kind, code);
            told.differences[at][lane] = difference as i16;
            window.set(LANES + at, difference as i16);
            self.resize(kind, code);
        }
        for (at, by_zeros) in told.by_zeros[..length].iter_mut().enumerate() {
            self.move_zeros(&window, at, window.differences[LANES + at]);
            by_zeros[lane] = saturate(self.sum_zeros(&window, at + 1)) as i16;
        }
        self.keep(&window, length);
    }

    /// Learns the code number `at` of a tick; gives the difference it stands for, and the part of
    /// the next guess that the zeros make.
    #[inline(always)]
    pub(super) fn learn(
        &mut self,
        kind: &Kind,
        code: usize,
        window: &mut Window,
        at: usize,
    ) -> (i16, i16) {
        let difference = self.difference(kind, code) as i16;
        self.resize(kind, code);
        self.move_zeros(window, at, difference);
        // What has only just been written is read back slowly: so the newest is added by itself.
        let others = self.sum_zeros(window, at + 1);
        window.set(LANES + at, difference);
        let twice = i32::from(difference.saturating_add(difference));
        let newest = (twice * i32::from(self.zeros[LANES - 1])) >> 15;
        (difference, saturate(others + newest) as i16)
    }

    /// A tick of so many codes is over.
    pub(super) fn keep(&mut self, window: &Window, length: usize) {
        let end = LANES + length;
        self.differences
            .copy_from_slice(&window.differences[end - ZEROS..end]);
    }

    /// Blocks INVQAL and INVQAH.
    #[inline(always)]
    fn difference(&self, kind: &Kind, code: usize) -> i32 {
        (self.step * i32::from(kind.coarse[code])) >> 15
    }

    /// Blocks LOGSCL and SCALEL, LOGSCH and SCALEH.
    #[inline(always)]
    fn resize(&mut self, kind: &Kind, code: usize) {
        self.log_step = log_step_after(kind, self.log_step, code);
        let power = i32::from(POWERS[(self.log_step >> 6) as usize & 31]);
        let down = kind.shift - (self.log_step >> 11);
        // Never more than two upwards.
        self.step = ((power << 4) >> (down + 4)) << 2;
    }

    /// Block UPZERO: each goes a step up when the difference has the sign of the one it is for.
    #[inline(always)]
    fn move_zeros(&mut self, window: &Window, at: usize, difference: i16) {
        let size = if difference == 0 { 0 } else { 128 };
        let before = Window::before(&window.differences, at);
        let zeros = &mut self.zeros;
        for lane in 0..LANES {
            let towards = signed(size, (before[lane] ^ difference) >> 15) & USED[lane];
            let zero = zeros[lane];
            zeros[lane] = (zero - part::<8>(zero)).saturating_add(towards);
        }
    }

    /// Block FILTEZ, with the differences before number `at`.
    #[inline(always)]
    fn sum_zeros(&self, window: &Window, at: usize) -> i32 {
        let twice = Window::before(&window.twice, at);
        let parts = twice.iter().zip(&self.zeros);
        parts
            .map(|(&twice, &zero)| (i32::from(twice) * i32::from(zero)) >> 15)
            .sum()
    }
}

/// The logarithm of a step's size after a code (blocks LOGSCL and LOGSCH).
#[inline(always)]
pub(super) fn log_step_after(kind: &Kind, log_step: i32, code: usize) -> i32 {
    let log_step = ((log_step * 127) >> 7) + i32::from(kind.growth[code]);
    log_step.clamp(0, kind.most_log_step)
}

#[inline(always)]
pub(super) fn saturate(wide: i32) -> i32 {
    let narrow = i32::from(wide as i16);
    if narrow == wide {
        wide
    } else {
        (wide >> 31) ^ 32_767
    }
}

/// Codes that are learned in one go: a tick.
pub(super) const PART: usize = 160;
const ZEROS: usize = 6;
/// What a processor reckons at once.
const LANES: usize = 8;
const USED: [i16; LANES] = [0, 0, -1, -1, -1, -1, -1, -1];
