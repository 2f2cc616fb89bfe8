//! The jitter buffer of one line: packets in as they come, 20 ms of sound out at every tick.
//!
//! ```text
//!   put:   slot by sequence number; delay against the quickest packets -> depth wanted
//!   take:  next packet | a gap that later packets prove -> concealed | nothing there -> concealed,
//!          and played late when it comes, so the depth grows by itself | 200 ms dry -> idle
//!          too deep or too shallow -> a pitch period is taken out or put in, in pauses first
//! ```
//!
//! Depth starts at nothing: a packet is played in the tick it came in. Knows no socket and no
//! clock: one `take` is one tick.

mod delay;
mod fifo;
mod ring;

use super::conceal::Concealer;
use super::level::Power;
use super::rtp::Packet;
use super::stream::Codec;
use super::{Frame, TICK_SAMPLES, g711, stretch};
use delay::DelayMeter;
use fifo::Fifo;
use ring::{Ring, Slot};

/// What became of a packet that was put.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Put {
    /// It waits for its tick.
    Kept,
    /// It had come before.
    Duplicate,
    /// Its time is over.
    Late,
    /// It belongs to another stream, or is far from the last; believed when the next one agrees.
    Suspect,
    /// The sender has begun anew: everything before is forgotten.
    Restarted,
    /// Longer than any packet time that is spoken.
    TooLong,
}

/// Where the sound of a tick came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// At least partly from packets.
    Sound,
    /// All made up.
    Concealed,
    /// Nobody is sending: exact silence.
    Idle,
}

/// Counts since the line was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct JitterStats {
    /// packets that never came in time
    pub lost: u64,
    /// packets that came after their time
    pub late: u64,
    /// packets that came twice
    pub duplicates: u64,
    /// ticks for which nothing was there while the sender was sending
    pub underruns: u64,
    /// times the sender began anew
    pub restarts: u64,
    /// times a stretch of sound was taken out to lower the depth
    pub shortened: u64,
    /// times a stretch was put in to raise it
    pub lengthened: u64,
}

/// See the module.
#[derive(Debug)]
pub struct JitterBuffer {
    codec: Codec,
    ring: Ring,
    fifo: Fifo,
    concealer: Concealer,
    delay: DelayMeter,
    stats: JitterStats,
    phase: Phase,
    ssrc: u32,
    /// highest sequence number seen, extended
    highest: i64,
    /// the packet that is to be played next, extended
    next: i64,
    /// timestamp of the sample after the last one decoded
    play_ts: u32,
    /// samples made up in place of packets that may still come
    owed: usize,
    /// how early a packet of no delay comes, in samples: the depth there is
    margin: i32,
    /// stream and sequence number that would confirm a restart
    suspect: Option<(u32, u16)>,
    /// samples taken since the beginning: the clock
    taken_ts: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// No packet has ever come.
    Fresh,
    /// Packets are expected at every tick.
    Playing,
    /// The sender pauses.
    Idle,
}

impl JitterBuffer {
    /// An empty buffer for a line of this codec.
    pub fn new(codec: Codec) -> Self {
        Self {
            codec,
            ring: Ring::default(),
            fifo: Fifo::default(),
            concealer: Concealer::default(),
            delay: DelayMeter::default(),
            stats: JitterStats::default(),
            phase: Phase::Fresh,
            ssrc: 0,
            highest: 0,
            next: 0,
            play_ts: 0,
            owed: 0,
            margin: 0,
            suspect: None,
            taken_ts: 0,
        }
    }

    /// Starts over, with another codec perhaps; what was counted stays.
    pub fn reset(&mut self, codec: Codec) {
        self.codec = codec;
        self.phase = Phase::Fresh;
        self.ring.clear();
        self.fifo.clear();
        self.delay = DelayMeter::default();
        self.suspect = None;
    }

    /// What has been counted.
    pub fn stats(&self) -> JitterStats {
        self.stats
    }

    /// Samples between a prompt packet's arrival and its being played, beyond its own tick.
    pub fn depth(&self) -> usize {
        self.margin.max(0) as usize
    }

    /// Takes a packet of sound.
    pub fn put(&mut self, packet: &Packet<'_>) -> Put {
        if packet.payload.len() > ring::LONGEST_PAYLOAD {
            return Put::TooLong;
        }
        let put = self.store(packet, packet.payload);
        if put != Put::Duplicate && put != Put::Suspect {
            let behind = self.delay.observe(self.taken_ts, packet.timestamp);
            if self.phase == Phase::Playing {
                let gap = packet.timestamp.wrapping_sub(self.play_ts) as i32;
                let filled = (self.owed as i32).min(gap.max(0));
                let slack = gap.saturating_add(self.fifo.len() as i32 - filled);
                // Another clock says nothing about the depth.
                if gap.unsigned_abs() <= JUMP as u32 {
                    self.margin = slack.saturating_add(behind);
                }
            }
        }
        put
    }

    /// Takes note of a packet of the same stream that carries no sound (a key), so that it does
    /// not count as lost.
    pub fn put_silent(&mut self, packet: &Packet<'_>) -> Put {
        self.store(packet, &[])
    }

    fn store(&mut self, packet: &Packet<'_>, payload: &[u8]) -> Put {
        if self.phase == Phase::Fresh {
            self.start(packet);
            self.ring.put(self.highest, packet.timestamp, payload);
            return Put::Kept;
        }
        let ahead = packet.sequence.wrapping_sub(self.highest as u16) as i16;
        if packet.ssrc != self.ssrc || ahead.unsigned_abs() > LARGEST_JUMP {
            let confirmed = self.suspect == Some((packet.ssrc, packet.sequence));
            self.suspect = Some((packet.ssrc, packet.sequence.wrapping_add(1)));
            if !confirmed {
                return Put::Suspect;
            }
            self.restart(packet, payload);
            return Put::Restarted;
        }
        self.suspect = None;
        let sequence = self.highest + i64::from(ahead);
        if sequence < self.next {
            self.stats.late += 1;
            return Put::Late;
        }
        if sequence - self.next >= ring::SLOTS as i64 {
            self.restart(packet, payload);
            return Put::Restarted;
        }
        if !self.ring.put(sequence, packet.timestamp, payload) {
            self.stats.duplicates += 1;
            return Put::Duplicate;
        }
        self.highest = self.highest.max(sequence);
        Put::Kept
    }

    fn start(&mut self, packet: &Packet<'_>) {
        self.phase = Phase::Idle;
        self.ssrc = packet.ssrc;
        // Far from zero, so that packets before the first have numbers too.
        self.highest = SEQUENCE_BASE + i64::from(packet.sequence);
        self.next = self.highest;
        self.suspect = None;
    }

    fn restart(&mut self, packet: &Packet<'_>, payload: &[u8]) {
        self.stats.restarts += 1;
        self.ring.clear();
        self.delay = DelayMeter::default();
        self.start(packet);
        self.ring.put(self.highest, packet.timestamp, payload);
    }

    /// Gives the sound of the next tick.
    pub fn take(&mut self, out: &mut Frame) -> Taken {
        self.taken_ts = self.taken_ts.wrapping_add(TICK_SAMPLES as u32);
        if self.phase != Phase::Playing && !self.wake() {
            out.fill(0);
            return Taken::Idle;
        }
        self.bound_depth();
        let mut real = self.fifo.len() > 0;
        while self.fifo.len() < TICK_SAMPLES {
            match self.pull() {
                Pulled::Sound => real = true,
                Pulled::Skipped => {}
                Pulled::Dry => {
                    self.underrun();
                    break;
                }
            }
        }
        if real {
            self.adapt();
        }
        self.fifo.pop(out);
        if real { Taken::Sound } else { Taken::Concealed }
    }

    /// Begins to play when a packet is there, after as much silence as the depth wanted asks for.
    fn wake(&mut self) -> bool {
        while self.ring.get(self.next).is_none_or(Slot::is_silent) {
            if self.next >= self.highest {
                return false;
            }
            self.next += 1;
        }
        let Some(slot) = self.ring.get(self.next) else {
            return false;
        };
        let behind = self.delay.behind(
            self.taken_ts.wrapping_sub(TICK_SAMPLES as u32),
            slot.timestamp,
        );
        let missing = (self.delay.wanted() - behind).clamp(0, DEEPEST);
        self.play_ts = slot.timestamp;
        self.owed = 0;
        self.margin = missing + behind;
        self.fifo.push_silence(missing as usize);
        self.phase = Phase::Playing;
        true
    }

    /// Moves one packet's sound into the fifo, what is missing before it included.
    fn pull(&mut self) -> Pulled {
        let Some(slot) = self.ring.take(self.next) else {
            if self.highest < self.next {
                return Pulled::Dry;
            }
            self.stats.lost += 1;
            self.next += 1;
            return Pulled::Skipped;
        };
        self.next += 1;
        if slot.is_silent() {
            return Pulled::Skipped;
        }
        let gap = slot.timestamp.wrapping_sub(self.play_ts) as i32;
        if (1..=DEEPEST).contains(&gap) {
            let missing = (gap as usize).saturating_sub(self.owed);
            self.concealer.fill(self.fifo.push(missing));
        }
        let samples = self.fifo.push(slot.payload().len());
        let law = self.codec.law().expect("only G.711 is negotiated");
        g711::decode(law, slot.payload(), samples);
        self.concealer.real(samples);
        self.play_ts = slot.timestamp.wrapping_add(samples.len() as u32);
        self.owed = 0;
        Pulled::Sound
    }

    /// Nothing is there: makes up what the tick lacks, and gives up after a while.
    fn underrun(&mut self) {
        let lacking = TICK_SAMPLES - self.fifo.len();
        self.concealer.fill(self.fifo.push(lacking));
        if self.owed == 0 {
            self.stats.underruns += 1;
        }
        self.owed += lacking;
        if self.owed as i32 > DEEPEST {
            self.phase = Phase::Idle;
        }
    }

    /// Throws away the oldest packets when more is waiting than the buffer may hold.
    fn bound_depth(&mut self) {
        let Some(newest) = self.ring.get(self.highest) else {
            return;
        };
        let length = newest.payload().len() as i32;
        let stock = self.fifo.len() as i32 - self.owed as i32;
        let mut waiting =
            (newest.timestamp.wrapping_sub(self.play_ts) as i32).saturating_add(stock);
        if !(DEEPEST..JUMP).contains(&waiting) {
            return;
        }
        let (kept, before) = (self.delay.wanted() + length, self.play_ts);
        while waiting > kept && self.next < self.highest {
            match self.ring.take(self.next) {
                None => self.stats.lost += 1,
                Some(slot) if slot.is_silent() => {}
                Some(slot) => {
                    waiting -= slot.payload().len() as i32;
                    self.play_ts = slot.timestamp.wrapping_add(slot.payload().len() as u32);
                    self.stats.late += 1;
                }
            }
            self.next += 1;
        }
        let skipped = self.play_ts.wrapping_sub(before) as i32;
        if skipped > 0 {
            self.margin -= skipped - self.owed as i32;
            self.owed = 0;
        }
    }

    /// Brings the depth nearer to what is wanted by a pitch period.
    fn adapt(&mut self) {
        let excess = self.margin - self.delay.wanted();
        if (-TOO_SHALLOW..TOO_DEEP).contains(&excess) {
            return;
        }
        let pause = Power::of(self.fifo.samples()).dbov() < PAUSE_DBOV;
        if excess >= TOO_DEEP && (pause || excess >= FAR_TOO_DEEP) {
            while self.fifo.len() < stretch::NEEDED + TICK_SAMPLES {
                if self.ring.get(self.next).is_none_or(Slot::is_silent)
                    || self.pull() != Pulled::Sound
                {
                    return;
                }
            }
            let removed = self.fifo.shorten();
            self.margin -= removed as i32;
            self.stats.shortened += 1;
        } else if excess < -TOO_SHALLOW && pause {
            let added = self.fifo.lengthen();
            self.margin += added as i32;
            self.stats.lengthened += u64::from(added > 0);
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pulled {
    Sound,
    Skipped,
    Dry,
}

// In samples at 8 kHz.

/// 200 ms: the buffer never waits longer, and a gap longer than this is a jump of the clock.
const DEEPEST: i32 = 1_600;
/// A second: timestamps this far off belong to another clock.
const JUMP: i32 = 8_000;
/// A tick more than is wanted is worth a cut in a pause ...
const TOO_DEEP: i32 = 160;
/// ... and three ticks more a cut in speech.
const FAR_TOO_DEEP: i32 = 480;
/// Half a tick too little is worth a longer pause; an underrun would do the same, but audibly.
const TOO_SHALLOW: i32 = 79;
/// Below this a pause can be stretched without anybody noticing.
const PAUSE_DBOV: f32 = -45.0;
/// Sequence numbers further apart than this are a restart (RFC 3550, A.1, but tighter).
const LARGEST_JUMP: u16 = 500;
const SEQUENCE_BASE: i64 = 1 << 32;

#[cfg(test)]
mod tests;
