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

/// What one side has learned of a band.
///
/// Two that are equal go on alike for ever, whatever codes both are given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Band {
    /// the next sample, as far as it can be told
    pub(super) guess: i32,
    /// the part of that which the zeros tell
    by_zeros: i32,
    /// the size of a step
    pub(super) step: i32,
    /// its logarithm
    log_step: i32,
    /// the last differences, the oldest first
    differences: [i16; ZEROS],
    /// the last is for the newest difference; the first ones are never used
    zeros: [i16; LANES],
    poles: [i32; 2],
    /// the sample before
    sample: i32,
    /// the last two differences without what the poles tell
    partial: [i32; 2],
}

/// Differences of a tick behind those before them, and twice as much of each.
#[derive(Debug)]
pub(super) struct Window {
    differences: [i16; LANES + PART],
    twice: [i16; LANES + PART],
}

/// What a tick of codes tells by itself, for each of them.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) differences: [i32; PART],
    /// the part of the next guess that the zeros make
    pub(super) by_zeros: [i32; PART],
}

impl Told {
    pub(super) const NOTHING: Self = Self {
        differences: [0; PART],
        by_zeros: [0; PART],
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
            guess: 0,
            by_zeros: 0,
            step,
            log_step: 0,
            differences: [0; ZEROS],
            zeros: [0; LANES],
            poles: [0; 2],
            sample: 0,
            partial: [0; 2],
        }
    }

    /// Learns a tick of codes, at most [`PART`], as far as nothing is guessed: what is left for
    /// [`move_guess`](Self::move_guess) is in `told`. Calls `each` with the number of a code and
    /// the size of a step before it.
    #[inline(always)]
    pub(super) fn learn_all(
        &mut self,
        kind: &Kind,
        codes: impl ExactSizeIterator<Item = usize>,
        told: &mut Told,
        mut each: impl FnMut(usize, i32),
    ) {
        let length = codes.len();
        let mut window = Window::new(self);
        for (at, code) in codes.enumerate() {
            each(at, self.step);
            let difference = self.difference(kind, code);
            told.differences[at] = difference;
            window.set(LANES + at, difference as i16);
            self.resize(kind, code);
        }
        for (at, by_zeros) in told.by_zeros[..length].iter_mut().enumerate() {
            self.move_zeros(&window, at, window.differences[LANES + at]);
            *by_zeros = saturate(self.sum_zeros(&window, at + 1));
        }
        self.keep(&window, length);
    }

    /// Learns the code number `at` of a tick.
    #[inline(always)]
    pub(super) fn learn(&mut self, kind: &Kind, code: usize, window: &mut Window, at: usize) {
        let difference = self.difference(kind, code) as i16;
        self.resize(kind, code);
        self.move_zeros(window, at, difference);
        // What has only just been written is read back slowly: so the newest is added by itself.
        let others = self.sum_zeros(window, at + 1);
        window.set(LANES + at, difference);
        let twice = i32::from(difference.saturating_add(difference));
        let newest = (twice * i32::from(self.zeros[LANES - 1])) >> 15;
        self.move_guess(difference.into(), saturate(others + newest));
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
        let log_step = ((self.log_step * 127) >> 7) + i32::from(kind.growth[code]);
        self.log_step = log_step.clamp(0, kind.most_log_step);
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
            let unlike = (before[lane] ^ difference) >> 15;
            let towards = ((size ^ unlike) - unlike) & USED[lane];
            let zero = zeros[lane];
            // 255 of 256 parts, rounded down.
            let lost = (zero >> 8) + i16::from(zero & 255 != 0);
            zeros[lane] = (zero - lost).saturating_add(towards);
        }
    }

    /// Block FILTEZ, with the differences before number `at`.
    #[inline(always)]
    fn sum_zeros(&self, window: &Window, at: usize) -> i32 {
        let twice = Window::before(&window.twice, at);
        let mut sum = 0;
        for lane in 0..LANES {
            sum += (i32::from(twice[lane]) * i32::from(self.zeros[lane])) >> 15;
        }
        sum
    }

    /// What the poles learn of a difference, and the next guess: blocks RECONS, PARREC, FILTEP and
    /// PREDIC.
    #[inline(always)]
    pub(super) fn move_guess(&mut self, difference: i32, by_zeros: i32) {
        let sample = saturate(self.guess + difference);
        let partial = saturate(self.by_zeros + difference);
        self.move_poles(partial);
        let by_poles = saturate(
            ((saturate(2 * sample) * self.poles[0]) >> 15)
                + ((saturate(2 * self.sample) * self.poles[1]) >> 15),
        );
        self.sample = sample;
        self.partial = [partial, self.partial[0]];
        self.by_zeros = by_zeros;
        self.guess = saturate(by_poles + by_zeros);
    }

    /// Blocks UPPOL2 and UPPOL1.
    #[inline(always)]
    fn move_poles(&mut self, partial: i32) {
        let [first, second] = self.poles;
        // All ones when the signs differ.
        let unlike = (partial ^ self.partial[0]) >> 31;
        let unlike_second = (partial ^ self.partial[1]) >> 31;
        let signed = |size: i32, unlike: i32| (size ^ unlike) - unlike;
        let towards = signed(-saturate(4 * first), unlike).min(32_767);
        let second = (towards >> 7) + signed(128, unlike_second) + ((second * 32_512) >> 15);
        let second = second.clamp(-12_288, 12_288);
        let first = saturate(signed(192, unlike) + ((first * 32_640) >> 15));
        let most = 15_360 - second;
        self.poles = [first.clamp(-most, most), second];
    }
}

#[inline(always)]
pub(super) fn saturate(wide: i32) -> i32 {
    let narrow = i32::from(wide as i16);
    if narrow == wide { wide } else { (wide >> 31) ^ 32_767 }
}

/// Codes that are learned in one go: a tick.
pub(super) const PART: usize = 160;
const ZEROS: usize = 6;
/// What a processor reckons at once.
const LANES: usize = 8;
const USED: [i16; LANES] = [0, 0, -1, -1, -1, -1, -1, -1];
