//! The line that spoils it: tells by its sound alone that a line echoes, howls, hums, is noisy all
//! the time or plays music. Knows one line, what came from it and what it was sent; decides
//! nothing.
//!
//! | | what tells it |
//! |---|---|
//! | echo | how loud it was and how loud it is are alike, at one delay again and again (`echo`) |
//! | howl | one tone, louder and louder (`tones`) |
//! | hum | a spectrum that stays as it is for two seconds (`tones`) |
//! | music | ten seconds without a pause, changing less in spectrum than speech (`blocks`) |
//! | noise | ten seconds without a quiet moment, or whose spectrum is only restless (`blocks`) |
//!
//! A fault that has been found stays until the line has been heard for fifteen seconds without it.
//! Only what passes the line's gate is looked at; most of the time, that is nothing.

mod blocks;
mod echo;
mod spectrum;
mod tones;

use crate::fault::Fault;

use super::gate::State;
use super::level::Power;

use blocks::Blocks;
use echo::{Echo, Verdict};
use spectrum::Spectrum;
use tones::Tones;

/// How loud the two halves of a tick are.
pub type Halves = [Power; 2];

/// The halves of a tick of any rate.
pub fn halves(frame: &[i16]) -> Halves {
    let (first, second) = frame.split_at(frame.len() / 2);
    [Power::of(first), Power::of(second)]
}

/// The power of the whole of it.
pub fn mean([first, second]: &Halves) -> Power {
    Power((first.0 + second.0) / 2.0)
}

/// Watches one line.
#[derive(Clone, Debug)]
pub struct Watch {
    echo: Echo,
    spectrum: Spectrum,
    tones: Tones,
    blocks: Blocks,
    fault: Option<Fault>,
    /// half seconds in which the line was heard without it
    clean: u32,
}

impl Default for Watch {
    fn default() -> Self {
        Self::new()
    }
}

impl Watch {
    /// For a line of which nothing is known. Prepares tables when it is the first.
    pub fn new() -> Self {
        Self {
            echo: Echo::new(),
            spectrum: Spectrum::new(),
            tones: Tones::default(),
            blocks: Blocks::default(),
            fault: None,
            clean: 0,
        }
    }

    /// What is wrong with the line, if anything.
    pub fn fault(&self) -> Option<Fault> {
        self.fault
    }

    /// What the line was sent in this tick, in two parts; to be told in every tick, before what
    /// comes in the next.
    pub fn sent(&mut self, halves: &Halves) {
        self.echo.sent(halves);
    }

    /// What came in this tick, at 8 kHz and in two parts, what the gate made of it, and how loud
    /// that takes the line's own noise to be.
    pub fn came(&mut self, frame: &[i16], halves: &Halves, state: State, noise: Power) {
        let heard = state == State::Open;
        match self.echo.came(halves, heard, noise.0) {
            Verdict::Echo => self.found(Fault::Echo),
            Verdict::Clean if self.fault == Some(Fault::Echo) => self.heard_clean(1),
            Verdict::Clean | Verdict::Perhaps | Verdict::Nothing => {}
        }
        let power = mean(halves);
        if heard {
            if let Some(look) = self.spectrum.hear(frame) {
                if let Some(fault) = self.tones.look(&look, power) {
                    self.found(fault);
                }
                self.blocks.look(&look);
            }
        } else {
            self.spectrum.pause();
            self.tones.pause();
        }
        if self.blocks.tick(power, heard) {
            if self.fault != Some(Fault::Echo) && self.blocks.was_heard() {
                self.heard_clean(2);
            }
            if let Some(fault) = self.blocks.judge() {
                self.found(fault);
            }
        }
    }

    /// The line begins anew: it was not heard for a while, and may have been mended.
    pub fn forget(&mut self) {
        self.echo.forget();
        self.tones.pause();
        self.spectrum.pause();
        self.blocks = Blocks::default();
        self.fault = None;
        self.clean = 0;
    }

    /// What is worse takes the place of what is not as bad.
    fn found(&mut self, fault: Fault) {
        if self.fault <= Some(fault) {
            self.fault = Some(fault);
            self.clean = 0;
        }
    }

    fn heard_clean(&mut self, half_seconds: u32) {
        self.clean += half_seconds;
        if self.clean >= CLEAN {
            self.fault = None;
            self.clean = 0;
        }
    }
}

/// 15 s.
const CLEAN: u32 = 30;

#[cfg(test)]
mod tests;
