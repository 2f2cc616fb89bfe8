//! Playing what waits in the buffer: the next packet, what is missing before it, and the cuts that
//! bring the depth to what is wanted. Takes no packets in.

use super::super::level::Power;
use super::super::rate::Rate;
use super::super::stretch;
use super::ring::Slot;
use super::{DEEPEST, JUMP, JitterBuffer, LONGEST_PACKET, Phase};

impl JitterBuffer {
    /// Begins to play when a packet is there, after as much silence as the depth wanted asks for.
    pub(super) fn wake(&mut self) -> bool {
        while self.ring.get(self.next).is_none_or(Slot::is_silent) {
            self.hear_of_pause();
            if self.next >= self.highest {
                return false;
            }
            self.next += 1;
        }
        let Some(slot) = self.ring.get(self.next) else {
            return false;
        };
        let behind = self.delay.behind(
            self.taken_ts.wrapping_sub(self.rate.tick() as u32),
            slot.timestamp,
        );
        let missing = (self.wanted() - behind).clamp(0, self.at_rate(DEEPEST));
        self.play_ts = slot.timestamp;
        self.owed = 0;
        self.lost_last = false;
        self.margin = missing + behind;
        self.lead = missing as usize;
        self.phase = Phase::Playing;
        true
    }

    /// Moves one packet's sound into the fifo, or no more than a packet's length of what is missing
    /// before it; of the silence before a word a tick, as the word may still begin earlier.
    pub(super) fn pull(&mut self) -> Pulled {
        if self.lead > 0 {
            let count = self.lead.min(self.rate.tick());
            self.lead -= count;
            self.fill_pause(count);
            return Pulled::Sound;
        }
        let Some(&slot) = self.ring.get(self.next) else {
            if self.highest < self.next {
                return Pulled::Dry;
            }
            self.stats.lost += 1;
            self.pass();
            self.lost_last = true;
            return Pulled::Skipped;
        };
        let gap = slot.timestamp.wrapping_sub(self.play_ts) as i32;
        let is_gap = !slot.is_silent() && (1..=self.at_rate(DEEPEST)).contains(&gap);
        if is_gap && self.fill_gap(gap as usize, slot) {
            return Pulled::Sound;
        }
        self.ring.take(self.next);
        self.pass();
        let payload = self.ring.payload(self.next - 1);
        if slot.is_silent() {
            if slot.is_noise() {
                self.noise.told(payload);
                self.pausing = true;
            }
            return Pulled::Skipped;
        }
        self.lost_last = false;
        self.pausing = false;
        let samples = self.fifo.push(usize::from(slot.samples));
        self.speech.decode(payload, samples);
        if self.rate < Rate::Full {
            self.concealer.real(samples);
        }
        self.play_ts = slot.timestamp.wrapping_add(u32::from(slot.samples));
        self.owed = 0;
        Pulled::Sound
    }

    /// The next packet is played, or given up.
    fn pass(&mut self) {
        self.next += 1;
        self.open = self.next;
    }

    /// Fills what is missing before the packet that is due: made up, and then what the packet
    /// repeats of it. No more than a packet's length at once; false when nothing is missing.
    fn fill_gap(&mut self, gap: usize, slot: Slot) -> bool {
        let length = usize::from(slot.samples);
        let payload = self.ring.payload(self.next);
        let repeated = self.lost_last
            && !self.pausing
            && gap >= length
            && self.speech.repeats_the_last(payload);
        let mut missing = gap.saturating_sub(self.owed);
        if repeated {
            // What was made up in the meantime is followed by what was said: so the depth grows
            // that the next loss needs.
            self.repeats_ticks = REPEATS_TICKS;
            self.repeats_len = slot.samples.into();
            if missing < length && self.margin < self.repeats_len {
                self.margin += (length - missing) as i32;
                missing = length;
            }
        }
        let recovered = if repeated && missing >= length {
            length
        } else {
            0
        };
        let made_up = (missing - recovered).min(self.longest());
        self.owed = 0;
        if made_up > 0 {
            self.play_ts = slot.timestamp.wrapping_sub((missing - made_up) as u32);
            if self.pausing {
                self.fill_pause(made_up);
            } else {
                self.make_up(made_up);
            }
            return true;
        }
        self.play_ts = slot.timestamp;
        if recovered > 0 {
            self.stats.recovered += 1;
            let payload = self.ring.payload(self.next);
            self.speech.recover(payload, self.fifo.push(recovered));
        }
        recovered > 0
    }

    /// The most that is moved at once, in samples.
    fn longest(&self) -> usize {
        LONGEST_PACKET * self.rate.scale()
    }

    /// The sender has told, by the packet that is due, that it pauses.
    fn hear_of_pause(&mut self) {
        if self.ring.get(self.next).is_some_and(Slot::is_noise) {
            self.noise.told(self.ring.payload(self.next));
            self.pausing = true;
        }
    }

    fn fill_pause(&mut self, missing: usize) {
        let samples = self.fifo.push(missing);
        if self.pausing {
            self.noise.fill(samples);
        } else {
            samples.fill(0);
        }
    }

    /// All that was said has been played, and the sender has told that it pauses.
    pub(super) fn rest(&mut self) {
        self.fill_pause(self.rate.tick() - self.fifo.len());
        self.phase = Phase::Idle;
    }

    /// Nothing is there: makes up what the tick lacks, and gives up after a while.
    pub(super) fn underrun(&mut self) {
        let lacking = self.rate.tick() - self.fifo.len();
        self.make_up(lacking);
        if self.owed == 0 {
            self.stats.underruns += 1;
        }
        self.owed += lacking;
        if self.owed as i32 > self.at_rate(DEEPEST) {
            self.phase = Phase::Idle;
        }
    }

    /// Fills a gap by what the codec knows, or by what any sound is like.
    fn make_up(&mut self, lacking: usize) {
        let samples = self.fifo.push(lacking);
        if !samples.is_empty() && !self.speech.conceal(samples) {
            self.concealer.fill(samples);
        }
    }

    /// Throws away the oldest packets when more is waiting than the buffer may hold.
    pub(super) fn bound_depth(&mut self) {
        let Some(newest) = self.ring.get(self.highest) else {
            return;
        };
        let length = i32::from(newest.samples);
        let stock = (self.lead + self.fifo.len()) as i32 - self.owed as i32;
        let mut waiting =
            (newest.timestamp.wrapping_sub(self.play_ts) as i32).saturating_add(stock);
        if !(self.at_rate(DEEPEST)..self.at_rate(JUMP)).contains(&waiting) {
            return;
        }
        let (kept, before) = (self.wanted() + length, self.play_ts);
        while waiting > kept && self.next < self.highest {
            match self.ring.take(self.next) {
                None => self.stats.lost += 1,
                Some(slot) if slot.is_silent() => {}
                Some(slot) => {
                    let end = slot.timestamp.wrapping_add(u32::from(slot.samples));
                    waiting -= end.wrapping_sub(self.play_ts) as i32;
                    self.play_ts = end;
                    self.stats.late += 1;
                }
            }
            self.pass();
        }
        let skipped = self.play_ts.wrapping_sub(before) as i32;
        if skipped > 0 {
            self.margin -= skipped - self.owed as i32;
            self.owed = 0;
        }
    }

    /// Brings the depth nearer to what is wanted by a pitch period.
    pub(super) fn adapt(&mut self) {
        let excess = self.margin - self.wanted();
        let (too_shallow, too_deep) = (self.at_rate(TOO_SHALLOW), self.at_rate(TOO_DEEP));
        if (-too_shallow..too_deep).contains(&excess) {
            return;
        }
        let pause = Power::of(self.fifo.samples()).dbov() < PAUSE_DBOV;
        if excess >= too_deep && (pause || excess >= self.at_rate(FAR_TOO_DEEP)) {
            while self.fifo.len() < stretch::longest_cut(self.rate) + self.rate.tick() {
                if self.ring.get(self.next).is_none_or(Slot::is_silent)
                    || self.pull() != Pulled::Sound
                {
                    return;
                }
            }
            let removed = self.fifo.shorten(excess as usize);
            self.margin -= removed as i32;
            self.stats.shortened += 1;
        } else if excess < -too_shallow && pause {
            let added = self.fifo.lengthen();
            self.margin += added as i32;
            self.stats.lengthened += u64::from(added > 0);
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pulled {
    Sound,
    Skipped,
    Dry,
}

/// Some five seconds after the last packet that was recovered.
const REPEATS_TICKS: u32 = 250;

// In samples at 8 kHz.

/// Half a tick more than is wanted is worth a cut in a pause ...
const TOO_DEEP: i32 = 80;
/// ... and three ticks more a cut in speech.
const FAR_TOO_DEEP: i32 = 480;
/// Half a tick too little is worth a longer pause; an underrun would do the same, but audibly.
const TOO_SHALLOW: i32 = 79;
/// Below this a pause can be stretched without anybody noticing.
const PAUSE_DBOV: f32 = -45.0;
