//! The jitter buffer of one line: packets in as they come, 20 ms of sound out at every tick.
//!
//! ```text
//!   put:   slot by sequence number; delay against the quickest packets -> depth wanted
//!   take:  next packet | a gap that later packets prove -> concealed | nothing there -> concealed,
//!          and played late when it comes, so the depth grows by itself | 300 ms dry -> idle
//!          too deep or too shallow -> a pitch period is taken out or put in, in pauses first
//! ```
//!
//! Depth starts at nothing: a packet is played in the tick it came in. A packet that is lost is
//! made of the one after it where that repeats it (Opus), for which a packet more of depth is held
//! as long as packets are being lost. A sender that tells of its pauses (RFC 3389) is believed: no
//! sound is made up then, but noise as loud as it says. Everything counts in samples of the line's
//! own rate; timestamps are made to. Knows no socket and no clock: one `take` is one tick.

mod delay;
mod fifo;
mod listen;
mod ring;
mod take;

use super::comfort::ComfortNoise;
use super::conceal::Concealer;
use super::decode::Speech;
use super::g711::Law;
use super::rate::Rate;
use super::rtp::Packet;
use super::stock::Stock;
use super::stream::Codec;
use delay::DelayMeter;
use fifo::Fifo;
use ring::{Content, Ring};
use take::Pulled;

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
    /// Longer than any packet time that is spoken, or none of the codec's.
    Unfit,
    /// The line is not listened to.
    Unheard,
}

/// Where the sound of a tick came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// At least partly from packets.
    Sound,
    /// All made up.
    Concealed,
    /// The sender pauses and has said how that sounds.
    Noise,
    /// Nobody is sending: exact silence.
    Idle,
}

/// Counts since the line was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct JitterStats {
    /// packets that never came in time
    pub lost: u64,
    /// of those, made of the packet after them
    pub recovered: u64,
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
    speech: Speech,
    /// what comes is kept
    listens: bool,
    /// it is kept for the decoder only
    dozes: bool,
    rate: Rate,
    ring: Ring,
    fifo: Fifo,
    concealer: Concealer,
    delay: DelayMeter,
    noise: ComfortNoise,
    stats: JitterStats,
    phase: Phase,
    /// the sender has told that it pauses
    pausing: bool,
    ssrc: u32,
    /// highest sequence number seen, extended
    highest: i64,
    /// the packet that is to be played next, extended
    next: i64,
    /// the first that may still be played: one that was overtaken at the start of a word
    open: i64,
    /// timestamp of the sample after the last one decoded
    play_ts: u32,
    /// samples of silence still to come before the next packet, for the depth wanted
    lead: usize,
    /// samples made up in place of packets that may still come
    owed: usize,
    /// the packet before the one to be played next is lost
    lost_last: bool,
    /// ticks for which packets that repeat each other are waited for, and their length
    repeats_ticks: u32,
    repeats_len: i32,
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
    pub fn new(speech: impl Into<Speech>) -> Self {
        let speech = speech.into();
        let stock = stock_of(speech.rate());
        Self {
            listens: true,
            ..Self::unheard_with(speech, stock)
        }
    }

    /// One of a line that nobody listens to yet, and whose decoder is lent: as after
    /// [`set_listening`](Self::set_listening) to false.
    pub fn unheard(speech: Speech) -> Self {
        Self::unheard_with(speech, Stock::new(0, 0))
    }

    fn unheard_with(speech: Speech, stock: Stock) -> Self {
        let rate = speech.rate();
        let longest = match rate {
            Rate::Full => LONGEST_OPUS,
            Rate::Narrow | Rate::Wide => LONGEST_PAYLOAD,
        };
        Self {
            speech,
            listens: false,
            dozes: false,
            rate,
            ring: Ring::new(longest, stock.octets),
            fifo: Fifo::new(rate, stock.samples),
            concealer: Concealer::new(rate),
            delay: DelayMeter::new(rate),
            noise: ComfortNoise::new(0),
            stats: JitterStats::default(),
            phase: Phase::Fresh,
            pausing: false,
            ssrc: 0,
            highest: 0,
            next: 0,
            open: 0,
            play_ts: 0,
            lead: 0,
            owed: 0,
            lost_last: false,
            repeats_ticks: 0,
            repeats_len: 0,
            margin: 0,
            suspect: None,
            taken_ts: 0,
        }
    }

    /// Starts over; what was counted stays.
    pub fn reset(&mut self) {
        self.empty();
        self.delay = DelayMeter::new(self.rate);
    }

    /// Forgets what came, but not what that taught of the network.
    fn empty(&mut self) {
        self.phase = Phase::Fresh;
        self.pausing = false;
        self.lead = 0;
        self.ring.clear();
        self.fifo.reset(self.rate);
        self.concealer.restart(self.rate);
        self.suspect = None;
    }

    /// Starts over with G.711, for which every buffer is long enough; gives the decoder back that
    /// is needed no more. Allocates where what the buffer needs is lent, and there is none.
    pub fn reset_to(&mut self, law: Law) -> Speech {
        if !self.has_stock() {
            let stock = self.speech.stock();
            self.set_stock(stock.unwrap_or_else(|| stock_of(Rate::Narrow)));
        }
        let before = std::mem::replace(&mut self.speech, law.into());
        self.rate = self.speech.rate();
        self.reset();
        before
    }

    /// Goes on counting where another buffer of the same line has ended.
    pub fn count_on(&mut self, before: &Self) {
        self.stats = before.stats;
    }

    /// The rate of the sound that comes out.
    pub fn rate(&self) -> Rate {
        self.rate
    }

    /// The codec that goes in.
    pub fn codec(&self) -> Codec {
        self.speech.codec()
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
        let samples = self.speech.samples_in(packet.payload).unwrap_or(0);
        if packet.payload.len() > self.ring.longest() || !self.is_speakable(samples) {
            return Put::Unfit;
        }
        if self.speech.pauses(packet.payload) {
            return self.put_pause(packet, &NO_NOISE);
        }
        let content = Content {
            payload: packet.payload,
            samples: samples as u16,
        };
        let packet = &self.in_samples(packet);
        let put = self.store(packet, content);
        if matches!(put, Put::Kept | Put::Late | Put::Restarted) {
            let behind = self.delay.observe(self.taken_ts, packet.timestamp);
            if self.phase == Phase::Playing {
                let gap = packet.timestamp.wrapping_sub(self.play_ts) as i32;
                let filled = (self.owed as i32).min(gap.max(0));
                let stock = (self.lead + self.fifo.len()) as i32;
                let slack = gap.saturating_add(stock - filled);
                // Another clock says nothing about the depth.
                if gap.unsigned_abs() <= self.at_rate(JUMP) as u32 {
                    self.margin = slack.saturating_add(behind);
                }
            }
        }
        put
    }

    /// Takes note of a packet of the same stream that carries no sound (a key), so that it does
    /// not count as lost.
    pub fn put_silent(&mut self, packet: &Packet<'_>) -> Put {
        let packet = &self.in_samples(packet);
        self.store(packet, Content::default())
    }

    /// Takes a packet of comfort noise: the sender pauses from here on, and sounds like this.
    pub fn put_noise(&mut self, packet: &Packet<'_>) -> Put {
        self.put_pause(packet, packet.payload.get(..1).unwrap_or(&NO_NOISE))
    }

    fn put_pause(&mut self, packet: &Packet<'_>, level: &[u8]) -> Put {
        let packet = &self.in_samples(packet);
        let content = Content {
            payload: level,
            samples: 0,
        };
        self.store(packet, content)
    }

    /// A packet whose timestamp counts samples: two for each of G.722's clock.
    fn in_samples<'a>(&self, packet: &Packet<'a>) -> Packet<'a> {
        let codec = self.speech.codec();
        let ratio = codec.audio_hz() / codec.clock_hz();
        Packet {
            timestamp: packet.timestamp.wrapping_mul(ratio),
            ..*packet
        }
    }

    fn is_speakable(&self, samples: usize) -> bool {
        (1..=LONGEST_PACKET * self.rate.scale()).contains(&samples)
    }

    /// A number of samples at 8 kHz, in ours.
    fn at_rate(&self, narrow: i32) -> i32 {
        narrow * self.rate.scale() as i32
    }

    /// The depth that is worth having.
    fn wanted(&self) -> i32 {
        match self.repeats_ticks {
            0 => self.delay.wanted(),
            _ => self.delay.wanted().max(self.repeats_len),
        }
    }

    fn store(&mut self, packet: &Packet<'_>, content: Content<'_>) -> Put {
        if !self.listens {
            if self.dozes && self.has_stock() && content.samples > 0 {
                self.ring.put(self.next, packet.timestamp, content);
                self.next += 1;
            }
            return Put::Unheard;
        }
        if self.phase == Phase::Fresh {
            self.start(packet);
            self.ring.put(self.highest, packet.timestamp, content);
            return Put::Kept;
        }
        let ahead = packet.sequence.wrapping_sub(self.highest as u16) as i16;
        if packet.ssrc != self.ssrc || ahead.unsigned_abs() > LARGEST_JUMP {
            let confirmed = self.suspect == Some((packet.ssrc, packet.sequence));
            self.suspect = Some((packet.ssrc, packet.sequence.wrapping_add(1)));
            if !confirmed {
                return Put::Suspect;
            }
            self.restart(packet, content);
            return Put::Restarted;
        }
        self.suspect = None;
        let sequence = self.highest + i64::from(ahead);
        if sequence < self.next && !self.begins_earlier(sequence, packet, content) {
            self.stats.late += 1;
            return Put::Late;
        }
        if sequence - self.next >= ring::SLOTS as i64 {
            self.restart(packet, content);
            return Put::Restarted;
        }
        if !self.ring.put(sequence, packet.timestamp, content) {
            self.stats.duplicates += 1;
            return Put::Duplicate;
        }
        self.highest = self.highest.max(sequence);
        Put::Kept
    }

    /// Whether a packet begins a word of which nothing has been played: then it is the next one.
    fn begins_earlier(&mut self, sequence: i64, packet: &Packet<'_>, content: Content<'_>) -> bool {
        let before = self.play_ts.wrapping_sub(packet.timestamp) as i32;
        let plays = self.phase == Phase::Playing;
        let fits = !plays || (0..=self.lead as i32).contains(&before);
        let open = self.open.max(self.next - MOST_OVERTAKEN);
        if sequence < open || content.samples == 0 || !fits {
            return false;
        }
        if plays {
            self.lead -= before as usize;
            self.play_ts = packet.timestamp;
        }
        self.next = sequence;
        true
    }

    fn start(&mut self, packet: &Packet<'_>) {
        self.phase = Phase::Idle;
        self.pausing = false;
        self.lead = 0;
        self.noise = ComfortNoise::new(packet.ssrc);
        self.ssrc = packet.ssrc;
        // Far from zero, so that packets before the first have numbers too.
        self.highest = SEQUENCE_BASE + i64::from(packet.sequence);
        self.next = self.highest;
        self.open = self.next - MOST_OVERTAKEN;
        self.suspect = None;
    }

    fn restart(&mut self, packet: &Packet<'_>, content: Content<'_>) {
        self.stats.restarts += 1;
        self.ring.clear();
        self.delay.clear();
        self.start(packet);
        self.ring.put(self.highest, packet.timestamp, content);
    }

    /// Gives the sound of the next tick, at the line's rate.
    pub fn take(&mut self, out: &mut [i16]) -> Taken {
        let tick = self.rate.tick();
        self.taken_ts = self.taken_ts.wrapping_add(tick as u32);
        self.repeats_ticks = self.repeats_ticks.saturating_sub(1);
        if self.phase != Phase::Playing && !self.wake() {
            if self.pausing {
                self.noise.fill(out);
                return Taken::Noise;
            }
            out.fill(0);
            return Taken::Idle;
        }
        self.bound_depth();
        let mut real = self.fifo.len() > 0;
        while self.fifo.len() < tick {
            match self.pull() {
                Pulled::Sound => real = true,
                Pulled::Skipped => {}
                Pulled::Dry if self.pausing => {
                    self.rest();
                    break;
                }
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
        match (real, self.pausing) {
            (true, _) => Taken::Sound,
            (false, true) => Taken::Noise,
            (false, false) => Taken::Concealed,
        }
    }
}

/// What a buffer of this rate needs while it listens.
pub fn stock_of(rate: Rate) -> Stock {
    let octets = match rate {
        Rate::Full => MOST_OPUS,
        Rate::Narrow | Rate::Wide => MOST_PAYLOADS,
    };
    Stock::new(octets, fifo::room(rate))
}

/// Of G.711 and G.722: 60 ms.
const LONGEST_PAYLOAD: usize = 480;
/// Of those codecs, both 64 kbit/s: half a second. The buffer is never deeper than 300 ms, and what
/// more comes at once than this is too old to be played.
const MOST_PAYLOADS: usize = 4_096;
/// 60 ms at 160 kbit/s, or 20 ms at 480; a packet that fills a network's frame has no more.
const LONGEST_OPUS: usize = 1_200;
/// A second at the 64 kbit/s that we ask for at most, and a third at the three times as much of a
/// phone that does not heed it.
const MOST_OPUS: usize = 8_192;

// In samples at 8 kHz.

/// 60 ms.
const LONGEST_PACKET: usize = 480;
/// 300 ms: the buffer never waits longer, and a gap longer than this is a jump of the clock.
const DEEPEST: i32 = 2_400;
/// A second: timestamps this far off belong to another clock.
const JUMP: i32 = 8_000;
/// Sequence numbers further apart than this are a restart (RFC 3550, A.1, but tighter).
const LARGEST_JUMP: u16 = 500;
/// A pause of which nothing was said is silent (RFC 3389, 3.1: the least level).
const NO_NOISE: [u8; 1] = [127];
/// So many packets are overtaken by one at most.
const MOST_OVERTAKEN: i64 = 4;
const SEQUENCE_BASE: i64 = 1 << 32;

#[cfg(test)]
mod tests;
