//! Tones that a voice does not have: one that stays as it is for seconds, one that grows.

use crate::fault::Fault;

use super::super::level::Power;
use super::spectrum::Look;

/// What has been sounding.
#[derive(Clone, Debug, Default)]
pub(super) struct Tones {
    /// looks at an unchanged spectrum in a row
    steady: u32,
    /// looks in a row at one tone, its place, and how loud it was at first
    alone: u32,
    place: usize,
    first_dbov: f32,
}

impl Tones {
    /// The line is not heard.
    pub(super) fn pause(&mut self) {
        self.steady = 0;
        self.alone = 0;
    }

    /// Takes the next look.
    pub(super) fn look(&mut self, look: &Look, power: Power) -> Option<Fault> {
        let dbov = power.dbov();
        if look.tone < ALONE || look.place < LOWEST_HOWL {
            self.alone = 0;
        } else if self.alone > 0 && look.place.abs_diff(self.place) <= 1 {
            self.alone += 1;
        } else {
            self.alone = 1;
            self.first_dbov = dbov;
        }
        self.place = look.place;
        self.steady = if look.change < UNCHANGED {
            self.steady + 1
        } else {
            0
        };
        if self.alone >= HOWL_LOOKS && dbov - self.first_dbov > HOWL_RISES_DB {
            Some(Fault::Howl)
        } else {
            (self.steady >= HUM_LOOKS).then_some(Fault::Hum)
        }
    }
}

/// Share of one tone in the whole.
const ALONE: f32 = 0.8;
/// 280 Hz, in steps of the spectrum: hum is lower than howling.
const LOWEST_HOWL: usize = 9;
/// 0.6 s.
const HOWL_LOOKS: u32 = 6;
const HOWL_RISES_DB: f32 = 8.0;
/// Of what two looks can differ.
const UNCHANGED: f32 = 0.12;
/// Two seconds.
const HUM_LOOKS: u32 = 20;
