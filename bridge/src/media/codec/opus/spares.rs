//! Encoders and decoders of libopus that no line needs just now: those of lines that are sent what
//! others are, and of lines that may not speak, with what their jitter buffers need. Together they
//! are 70 kB, so a line has them only while it needs them.
//!
//! A media thread gives and takes without waiting. That there are neither too few nor too many is
//! seen to elsewhere, by [`Spares::tend`]. When none is left, an encoder is made in the tick, or
//! its line would hear a gap, and a decoder for who begins to speak after a silence. Else a decoder
//! is made for the next tick, as it takes twice as long and nobody misses the first tick of a line
//! that has only just been allowed to speak.

mod lent;

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};

use confab_core::audio::jitter::stock_of;
use confab_core::audio::rate::Rate;
use confab_core::audio::stock::Stock;
use crossbeam_queue::ArrayQueue;

use super::Works;
use super::decoder::Decoder;
pub(in crate::media) use lent::Lent;

/// See the module.
#[derive(Debug)]
pub(in crate::media) struct Spares {
    encoders: ArrayQueue<Works>,
    decoders: ArrayQueue<(Decoder, Stock)>,
    /// lines that looked for a decoder when there was none, since they were tended
    missed: AtomicUsize,
    /// there has been a line of Opus
    needed: AtomicBool,
    /// somebody was asked to tend them, and has not done so yet
    asked: AtomicBool,
}

impl Default for Spares {
    fn default() -> Self {
        Self {
            encoders: ArrayQueue::new(MOST_GIVEN),
            decoders: ArrayQueue::new(MOST_GIVEN),
            missed: AtomicUsize::new(0),
            needed: AtomicBool::new(false),
            asked: AtomicBool::new(false),
        }
    }
}

impl Spares {
    /// There is a line of Opus from now on.
    pub(super) fn are_needed(&self) {
        self.needed.store(true, Relaxed);
    }

    /// A spare encoder that has encoded nothing, with settings of whoever had it before; made now
    /// when none is left. None when libopus has no memory.
    pub(super) fn works(&self) -> Option<Works> {
        match self.encoders.pop() {
            Some(mut works) => works.encoder.reset_state().is_ok().then_some(works),
            None => Works::new(),
        }
    }

    /// Takes an encoder that is not needed now, unless there are too many already.
    pub(super) fn take_works(&self, place: &mut Option<Works>) {
        if let Some(works) = place.take() {
            *place = self.encoders.push(works).err();
        }
    }

    /// How many encoders and decoders there are.
    #[cfg(test)]
    pub(in crate::media) fn count(&self) -> (usize, usize) {
        (self.encoders.len(), self.decoders.len())
    }

    /// Asks for [`tend`](Self::tend) where there are too few or too many, once until it is done;
    /// `ask` says whether it was heard, else it is asked again next time.
    pub(in crate::media) fn look_after(&self, ask: impl FnOnce() -> bool) {
        let unfit = |there: usize| !(FEWEST..=MOST).contains(&there);
        let wanting = unfit(self.encoders.len()) || unfit(self.decoders.len());
        // It is noted before it is asked: it may be done before `ask` returns.
        if wanting && self.needed.load(Relaxed) && !self.asked.swap(true, Relaxed) && !ask() {
            self.asked.store(false, Relaxed);
        }
    }

    /// Makes what is lacking and frees what is too much, where there is time for it.
    pub(in crate::media) fn tend(&self) {
        tend(&self.encoders, ENOUGH, Works::new);
        let missed = self.missed.swap(0, Relaxed);
        tend(&self.decoders, ENOUGH + missed, || {
            Some((Decoder::new()?, stock_of(Rate::Full)))
        });
        self.asked.store(false, Relaxed);
    }
}

fn tend<T>(spares: &ArrayQueue<T>, enough: usize, make: impl Fn() -> Option<T>) {
    while spares.len() > enough {
        drop(spares.pop());
    }
    while spares.len() < enough {
        let made = make().map(|spare| spares.push(spare));
        if !matches!(made, Some(Ok(()))) {
            return;
        }
    }
}

/// Fewer are too few, more are too many, and so many are made of either: the usual need of a tick.
const FEWEST: usize = 4;
const ENOUGH: usize = 8;
const MOST: usize = 16;
/// As many as are muted in one tick; of more, each line keeps its own.
const MOST_GIVEN: usize = 1_024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_never_few_or_many_for_long() {
        let spares = Spares::default();
        let is_asked = |heard| {
            let mut asked = false;
            spares.look_after(|| {
                asked = true;
                heard
            });
            asked
        };
        assert!(!is_asked(true), "nobody speaks Opus");
        spares.are_needed();
        let mut lines: Vec<_> = (0..40).map(|_| Works::new()).collect();
        assert!(is_asked(false) && is_asked(true), "again when not heard");
        assert!(!is_asked(true), "once");
        spares.tend();
        assert_eq!(spares.count(), (8, 8));
        assert!(!is_asked(true));
        lines.iter_mut().for_each(|line| spares.take_works(line));
        assert_eq!(spares.count(), (48, 8));
        assert!(is_asked(true));
        spares.tend();
        assert_eq!(spares.count(), (8, 8));
        let lent: Vec<_> = (0..5).map(|_| spares.works()).collect();
        assert_eq!((lent.len(), spares.count()), (5, (3, 8)));
        assert!(is_asked(true));
    }

    /// Who is asked may have done it before he has said that he heard.
    #[test]
    fn they_are_tended_again_however_quickly_it_was_done() {
        let spares = Spares::default();
        spares.are_needed();
        let mut line = Works::new();
        spares.look_after(|| {
            spares.tend();
            true
        });
        (0..5).for_each(|_| drop(spares.works()));
        spares.take_works(&mut line);
        spares.look_after(|| {
            spares.tend();
            true
        });
        assert_eq!(spares.count(), (4, 8), "four are not too few");
        drop(spares.works());
        spares.look_after(|| {
            spares.tend();
            true
        });
        assert_eq!(spares.count(), (8, 8));
    }
}
