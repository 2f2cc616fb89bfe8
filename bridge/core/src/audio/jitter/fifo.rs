//! Decoded samples that wait for their tick, and the two cuts that change how many there are.

use super::super::{Frame, TICK_SAMPLES, stretch};

#[derive(Debug)]
pub(super) struct Fifo {
    samples: Box<[i16]>,
    length: usize,
}

impl Default for Fifo {
    fn default() -> Self {
        Self {
            samples: vec![0; ROOM].into_boxed_slice(),
            length: 0,
        }
    }
}

impl Fifo {
    pub(super) fn len(&self) -> usize {
        self.length
    }

    pub(super) fn samples(&self) -> &[i16] {
        &self.samples[..self.length]
    }

    pub(super) fn clear(&mut self) {
        self.length = 0;
    }

    /// Room for `count` samples at the end, to be written; less when it would not fit.
    pub(super) fn push(&mut self, count: usize) -> &mut [i16] {
        let from = self.length;
        self.length = (from + count).min(ROOM);
        &mut self.samples[from..self.length]
    }

    pub(super) fn push_silence(&mut self, count: usize) {
        self.push(count).fill(0);
    }

    /// Takes the oldest tick out; what lacks is silence.
    pub(super) fn pop(&mut self, out: &mut Frame) {
        let count = self.length.min(TICK_SAMPLES);
        out[..count].copy_from_slice(&self.samples[..count]);
        out[count..].fill(0);
        self.samples.copy_within(count..self.length, 0);
        self.length -= count;
    }

    /// Takes a pitch period out of the oldest sound; returns its length.
    pub(super) fn shorten(&mut self) -> usize {
        let removed = stretch::shorten(&mut self.samples[..self.length]);
        self.length -= removed;
        removed
    }

    /// Puts a pitch period into the oldest sound; returns its length.
    pub(super) fn lengthen(&mut self) -> usize {
        if self.length < stretch::NEEDED.min(TICK_SAMPLES) || self.length + TICK_SAMPLES > ROOM {
            return 0;
        }
        let room = self.length + TICK_SAMPLES;
        let added = stretch::lengthen(&mut self.samples[..room], self.length);
        self.length += added;
        added
    }
}

/// The deepest buffer, the longest packet and a stretch: nothing is ever cut off by it.
const ROOM: usize = 4_096;
