//! Decoded samples that wait for their tick, and the two cuts that change how many there are.

use super::super::TICK_SAMPLES;
use super::super::rate::Rate;
use super::super::stretch;

#[derive(Debug)]
pub(super) struct Fifo {
    pub(super) samples: Box<[i16]>,
    length: usize,
    rate: Rate,
}

impl Fifo {
    /// For as much as there is room for, of [`room`] at least.
    pub(super) fn new(rate: Rate, samples: Box<[i16]>) -> Self {
        debug_assert!(samples.is_empty() || samples.len() >= room(rate));
        Self {
            samples,
            length: 0,
            rate,
        }
    }

    /// Empties it; it holds samples of another rate from now on, of no higher one than before.
    pub(super) fn reset(&mut self, rate: Rate) {
        self.length = 0;
        self.rate = rate;
    }

    pub(super) fn len(&self) -> usize {
        self.length
    }

    pub(super) fn samples(&self) -> &[i16] {
        &self.samples[..self.length]
    }

    /// Room for `count` samples at the end, to be written; less when it would not fit.
    pub(super) fn push(&mut self, count: usize) -> &mut [i16] {
        let from = self.length;
        debug_assert!(from + count <= self.samples.len());
        self.length = (from + count).min(self.samples.len());
        &mut self.samples[from..self.length]
    }

    /// Takes the oldest tick out; what lacks is silence.
    pub(super) fn pop(&mut self, out: &mut [i16]) {
        let count = self.length.min(out.len());
        out[..count].copy_from_slice(&self.samples[..count]);
        out[count..].fill(0);
        self.samples.copy_within(count..self.length, 0);
        self.length -= count;
    }

    /// Takes a pitch period of `most` samples at most out of the oldest sound; returns its length.
    pub(super) fn shorten(&mut self, most: usize) -> usize {
        let removed = stretch::shorten_by(&mut self.samples[..self.length], most, self.rate);
        self.length -= removed;
        removed
    }

    /// Puts a pitch period into the oldest sound; returns its length.
    pub(super) fn lengthen(&mut self) -> usize {
        let tick = self.rate.tick();
        if self.length < stretch::needed(self.rate).min(tick)
            || self.length + tick > self.samples.len()
        {
            return 0;
        }
        let room = self.length + tick;
        let added = stretch::lengthen(&mut self.samples[..room], self.length, self.rate);
        self.length += added;
        added
    }
}

/// Samples that there is to be room for.
pub(super) const fn room(rate: Rate) -> usize {
    ROOM * rate.scale()
}

/// In samples at 8 kHz: the longest packet, and what waits already when that comes, so that nothing
/// is ever cut off by it. What the depth is made of waits as packets.
const ROOM: usize = super::LONGEST_PACKET + LONGEST_WAITING;
/// A tick and the longest cut, and as much again by which a pause may be lengthened.
const LONGEST_WAITING: usize = 2 * (TICK_SAMPLES + stretch::longest_cut(Rate::Narrow));
