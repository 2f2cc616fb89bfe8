//! Who is talking: a gate over one line's level. Knows one line and no mix.
//!
//! ```text
//!   Closed --above the noise-> Onset --clearly a voice-> Open --quiet for the hold time-> Closed
//!                              Onset --80 ms without a voice--> Closed
//! ```
//!
//! It lets sound through from the very frame that stands out of the line's own noise by a little
//! ([`Onset`](State::Onset)), long before it is sure that this is a voice, and shuts again soon
//! when it was not. What comes before that cannot be told from noise yet; the
//! [`Preroll`](super::preroll::Preroll) makes it good, so that no word's start is cut.

use super::level::Power;

/// What the gate makes of a line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum State {
    /// Nothing but noise: not in the mix.
    #[default]
    Closed,
    /// It may be the start of a word: in the mix, not yet shown as talking.
    Onset,
    /// Talking.
    Open,
}

/// The gate of one line.
#[derive(Clone, Debug)]
pub struct Gate {
    state: State,
    /// ticks until it shuts
    hold_ticks: u32,
    /// the line's noise
    floor: f32,
}

impl Default for Gate {
    fn default() -> Self {
        Self {
            state: State::Closed,
            hold_ticks: 0,
            floor: LEAST_FLOOR,
        }
    }
}

impl Gate {
    /// Judges the next frame by its power.
    pub fn hear(&mut self, power: Power) -> State {
        let floor = self.floor;
        self.track_floor(power.0);
        if power.0 > floor * VOICE_RATIO && power.0 > QUIETEST_VOICE {
            self.state = State::Open;
            self.hold_ticks = HOLD_TICKS;
        } else if power.0 > floor * ONSET_RATIO && power.0 > QUIETEST_ONSET {
            if self.state == State::Closed {
                self.state = State::Onset;
                self.hold_ticks = ONSET_TICKS;
            } else if self.state == State::Open {
                // The end of a word is quieter than its start and belongs to it all the same.
                self.hold_ticks = HOLD_TICKS;
            } else {
                self.count_down();
                if self.state == State::Closed {
                    // It was no voice, so it is this line's noise.
                    self.floor = power.0.clamp(LEAST_FLOOR, MOST_FLOOR);
                }
            }
        } else {
            self.count_down();
        }
        self.state
    }

    /// The line itself says that nobody speaks, and this is how its noise sounds.
    pub fn pause(&mut self, noise: Power) -> State {
        self.floor = noise.0.clamp(LEAST_FLOOR, MOST_FLOOR);
        self.count_down();
        self.state
    }

    /// How loud it takes the line's own noise to be.
    pub fn noise(&self) -> Power {
        Power(self.floor)
    }

    /// What it made of the last frame.
    pub fn state(&self) -> State {
        self.state
    }

    /// Shuts at once, for a line that may not speak.
    pub fn shut(&mut self) {
        self.state = State::Closed;
        self.hold_ticks = 0;
    }

    fn count_down(&mut self) {
        self.hold_ticks = self.hold_ticks.saturating_sub(1);
        if self.hold_ticks == 0 {
            self.state = State::Closed;
        }
    }

    /// The floor falls at once and rises slowly, and no higher than a noise may be: a steady tone
    /// that is louder stays a voice for ever.
    fn track_floor(&mut self, power: f32) {
        self.floor = if power < self.floor {
            power
        } else {
            self.floor * FLOOR_RISE
        };
        self.floor = self.floor.clamp(LEAST_FLOOR, MOST_FLOOR);
    }
}

/// -70 and -40 dBov: the quietest and the loudest that a line's noise is taken to be.
const LEAST_FLOOR: f32 = 1e-7;
const MOST_FLOOR: f32 = 1e-4;
/// 3 dB a second.
const FLOOR_RISE: f32 = 1.013_9;
/// 9 dB over the noise is a voice, when it is over -48 dBov too.
const VOICE_RATIO: f32 = 8.0;
const QUIETEST_VOICE: f32 = 1.6e-5;
/// 4 dB over the noise may be the start of one, when it is over -60 dBov too. The level of twenty
/// milliseconds of steady noise varies by half a decibel, so noise alone does not reach it.
const ONSET_RATIO: f32 = 2.5;
const QUIETEST_ONSET: f32 = 1e-6;
/// 80 ms.
const ONSET_TICKS: u32 = 4;
/// 400 ms: pauses between words.
const HOLD_TICKS: u32 = 20;

#[cfg(test)]
mod tests {
    use super::*;

    /// Levels in dBov, as many frames of each, and the state after the last.
    fn check(script: &[(f32, u32)], expected: State) {
        let mut gate = Gate::default();
        for &(dbov, ticks) in script {
            for _ in 0..ticks {
                gate.hear(Power::from_dbov(dbov));
            }
        }
        assert_eq!(gate.state(), expected, "{script:?}");
    }

    #[test]
    fn voices_open_it_and_noise_does_not() {
        check(&[(-120.0, 50)], State::Closed);
        check(&[(-120.0, 50), (-30.0, 1)], State::Open);
        check(&[(-55.0, 500)], State::Closed);
        check(&[(-55.0, 500), (-50.0, 1)], State::Onset);
        check(&[(-55.0, 500), (-50.0, 6)], State::Closed);
        check(&[(-55.0, 500), (-50.0, 2), (-40.0, 1)], State::Open);
    }

    #[test]
    fn it_stays_open_between_words() {
        check(&[(-30.0, 10), (-70.0, 19)], State::Open);
        check(&[(-30.0, 10), (-70.0, 20)], State::Closed);
    }

    #[test]
    fn a_pause_that_is_told_shuts_it_however_loud_its_noise_is() {
        let mut gate = Gate::default();
        gate.hear(Power::from_dbov(-20.0));
        let states = (0..HOLD_TICKS).map(|_| gate.pause(Power::from_dbov(-42.0)));
        let states: Vec<State> = states.collect();
        assert_eq!(states[..19], [State::Open; 19]);
        assert_eq!(states[19], State::Closed);
        assert_eq!(gate.hear(Power::from_dbov(-41.0)), State::Closed);
        assert_eq!(gate.hear(Power::from_dbov(-25.0)), State::Open);
    }

    #[test]
    fn a_steady_tone_is_never_taken_for_noise() {
        check(&[(-24.0, 50 * 600)], State::Open);
    }

    #[test]
    fn a_noisy_line_is_shut_out_in_the_end_and_its_voice_is_not() {
        check(&[(-120.0, 10), (-45.0, 50 * 20)], State::Closed);
        check(&[(-120.0, 10), (-45.0, 50 * 20), (-28.0, 1)], State::Open);
    }

    #[test]
    fn the_first_frame_of_a_soft_onset_is_let_through() {
        let mut gate = Gate::default();
        for _ in 0..200 {
            gate.hear(Power::from_dbov(-65.0));
        }
        let states: Vec<State> = [-58.0, -52.0, -46.0, -40.0]
            .map(|dbov| gate.hear(Power::from_dbov(dbov)))
            .into();
        assert_eq!(
            states,
            [State::Onset, State::Onset, State::Open, State::Open]
        );
    }
}
