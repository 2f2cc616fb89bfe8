//! The frame before a word: a line whose gate opens is heard from a tick earlier on.
//!
//! A gate knows that somebody has begun to speak when the sound stands out of the line's noise,
//! and the first breath of a word does not. So the frame before that one is kept, and played first
//! when there is something to hear in it. What that costs in delay, a tick, is given back at once:
//! a period of the voice is taken out in each of the next ticks, until less than the shortest
//! period is left. Knows no gate; judges nothing.

use super::level::Power;
use super::rate::{LONGEST_TICK, Rate};
use super::stretch;

/// What one line holds back.
#[derive(Clone, Debug)]
pub struct Preroll {
    /// the newest frame while the line is not heard; its first `behind` samples are still to be
    /// heard while it is
    kept: Box<[i16]>,
    behind: usize,
    rate: Rate,
}

impl Default for Preroll {
    fn default() -> Self {
        Self::new(Rate::Narrow)
    }
}

impl Preroll {
    /// For a line whose frames have this rate, or a lower one.
    pub fn new(rate: Rate) -> Self {
        Self {
            kept: vec![0; rate.tick()].into_boxed_slice(),
            behind: 0,
            rate,
        }
    }

    /// The line is not heard: this frame may be the one before a word.
    pub fn keep(&mut self, frame: &[i16]) {
        self.kept[..frame.len()].copy_from_slice(frame);
        self.behind = 0;
    }

    /// What was said must not be heard later: the line was not allowed to speak.
    pub fn forget(&mut self) {
        self.kept[..self.rate.tick()].fill(0);
        self.behind = 0;
    }

    /// The line's frames have this rate from now on, which is no higher than the first.
    pub fn set_rate(&mut self, rate: Rate) {
        debug_assert!(rate.tick() <= self.kept.len());
        self.rate = rate;
        self.kept.fill(0);
        self.behind = 0;
    }

    /// The line is heard from this frame on: gives the kept one in its place, when there is
    /// something in it that `noise`, the line's own, does not hide.
    pub fn begin(&mut self, frame: &mut [i16], noise: Power) {
        let audible = |stretch: &[i16]| Power::of(stretch).0 > noise.0 * AUDIBLE_RATIO;
        let kept = &mut self.kept[..self.rate.tick()];
        if kept.chunks(kept.len() / STRETCHES).any(audible) {
            kept.swap_with_slice(frame);
            self.behind = kept.len();
        }
    }

    /// The line is still heard: takes the next frame, gives the one that is due.
    pub fn follow(&mut self, frame: &mut [i16]) {
        if self.behind == 0 {
            return;
        }
        let mut samples = [0; 2 * LONGEST_TICK];
        let tick = frame.len();
        let length = self.behind + tick;
        samples[..self.behind].copy_from_slice(&self.kept[..self.behind]);
        samples[self.behind..length].copy_from_slice(frame);
        self.behind -= stretch::shorten_by(&mut samples[..length], self.behind, self.rate);
        frame.copy_from_slice(&samples[..tick]);
        let rest = &samples[tick..][..self.behind];
        self.kept[..self.behind].copy_from_slice(rest);
    }

    /// How much later than it came the line is heard now, in samples.
    pub fn behind(&self) -> usize {
        self.behind
    }
}

/// 5 ms: the start of a word may be in the last of a frame.
const STRETCHES: usize = 4;
/// 3 dB: the power of so short a stretch of steady noise varies by one.
const AUDIBLE_RATIO: f32 = 2.0;

#[cfg(test)]
mod tests {
    use super::super::{Frame, TICK_SAMPLES};
    use super::*;

    const NOISE: Power = Power(1e-7);

    /// Frame `n` of a voice of `hz`.
    fn voice(n: usize, hz: f32) -> Frame {
        std::array::from_fn(|i| {
            let at = (n * TICK_SAMPLES + i) as f32 / 8_000.0;
            (8_000.0 * (at * hz * std::f32::consts::TAU).sin()) as i16
        })
    }

    #[test]
    fn the_frame_before_is_heard_first() {
        let mut preroll = Preroll::default();
        preroll.keep(&[100; TICK_SAMPLES]);
        preroll.keep(&[200; TICK_SAMPLES]);
        let mut frame = [300; TICK_SAMPLES];
        preroll.begin(&mut frame, NOISE);
        assert_eq!(frame, [200; TICK_SAMPLES]);
        let mut next = [300; TICK_SAMPLES];
        preroll.follow(&mut next);
        assert_eq!(next, [300; TICK_SAMPLES]);
    }

    #[test]
    fn noise_before_a_word_is_not_worth_the_delay() {
        let mut preroll = Preroll::default();
        preroll.keep(&[8; TICK_SAMPLES]);
        let mut frame = [300; TICK_SAMPLES];
        preroll.begin(&mut frame, Power::of(&[7; TICK_SAMPLES]));
        assert_eq!((frame, preroll.behind()), ([300; TICK_SAMPLES], 0));
        let mut last_breath = [8; TICK_SAMPLES];
        last_breath[TICK_SAMPLES - TICK_SAMPLES / STRETCHES..].fill(30);
        preroll.keep(&last_breath);
        preroll.begin(&mut frame, Power::of(&[7; TICK_SAMPLES]));
        assert_eq!((frame, preroll.behind()), (last_breath, TICK_SAMPLES));
    }

    #[test]
    fn the_delay_is_given_back_within_the_first_syllable() {
        for hz in [80.0, 110.0, 150.0, 200.0, 260.0] {
            let mut preroll = Preroll::default();
            preroll.keep(&voice(0, hz));
            let mut heard = Vec::new();
            for n in 1..10 {
                let mut frame = voice(n, hz);
                if n == 1 {
                    preroll.begin(&mut frame, NOISE);
                } else {
                    preroll.follow(&mut frame);
                }
                heard.extend(frame);
            }
            assert!(preroll.behind() < 40, "{hz} Hz: {}", preroll.behind());
            let step = |pair: &[i16]| (i32::from(pair[1]) - i32::from(pair[0])).abs();
            let steepest = (8_000.0 * hz * std::f32::consts::TAU / 8_000.0) as i32;
            let jump = heard.windows(2).map(step).max().unwrap();
            assert!(jump < steepest * 3 / 2, "{hz} Hz: a click of {jump}");
        }
    }

    #[test]
    fn what_was_forgotten_is_not_heard() {
        let mut preroll = Preroll::default();
        preroll.keep(&[700; TICK_SAMPLES]);
        preroll.forget();
        let mut frame = [900; TICK_SAMPLES];
        preroll.begin(&mut frame, NOISE);
        assert_eq!(frame, [900; TICK_SAMPLES]);
    }
}
