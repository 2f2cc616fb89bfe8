//! Who plays the packets: the core's jitter buffer, and what it is compared with.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use anyhow::Result;
use confab_benches::codec::Codec;
use confab_core::audio::conceal::Concealer;
use confab_core::audio::decode::Decoder;
use confab_core::audio::jitter::{JitterBuffer, JitterStats};
use confab_core::audio::rate::Rate;
use confab_core::audio::rtp::Packet;
use neteq::codec::AudioDecoder;
use neteq::{AudioPacket, NetEq, NetEqConfig, RtpHeader};

use super::codec::{decoder, samples_per_step, speech};

/// Takes packets as they arrive, gives sound.
pub trait Player {
    /// A packet of so many milliseconds has arrived.
    fn put(&mut self, packet: &Packet<'_>, packet_ms: u32);
    /// The next sound: a tick of it, or half of one.
    fn take(&mut self, out: &mut Vec<i16>);
    /// How often it is asked.
    fn period_ms(&self) -> u32 {
        20
    }
    /// What it has counted, if it counts as the core does.
    fn stats(&self) -> Option<JitterStats> {
        None
    }
}

/// Confab's own.
pub struct Confab(JitterBuffer);

impl Confab {
    /// # Errors
    /// When libopus has no memory.
    pub fn new(codec: Codec) -> Result<Self> {
        Ok(Self(JitterBuffer::new(speech(codec)?)))
    }
}

impl Player for Confab {
    fn put(&mut self, packet: &Packet<'_>, _: u32) {
        self.0.put(packet);
    }

    fn take(&mut self, out: &mut Vec<i16>) {
        let mut frame = vec![0; self.0.rate().tick()];
        self.0.take(&mut frame);
        out.extend(frame);
    }

    fn stats(&self) -> Option<JitterStats> {
        Some(self.0.stats())
    }
}

/// How a fixed buffer hides what is missing.
enum Filling {
    /// plays the last 20 ms once more, at half, then nothing
    Repetition,
    /// as the core does
    Core(Box<Concealer>),
    /// as the decoder does
    Decoder,
}

/// A buffer of fixed depth: a packet is played when its time has come, or never.
pub struct Fixed {
    depth: i64,
    rate: Rate,
    samples_per_step: i64,
    decoder: Box<dyn Decoder>,
    /// sample that is to be decoded or made up next; counted from the first packet
    next: Option<i64>,
    first: u32,
    /// payloads by their first samples
    waiting: BTreeMap<i64, Vec<u8>>,
    /// what has been decoded before its tick
    decoded: VecDeque<i16>,
    last: Vec<i16>,
    missing: usize,
    filling: Filling,
}

impl Fixed {
    /// As simple phones have it: 60 ms after the first packet, then repetition, or what libopus
    /// makes up.
    ///
    /// # Errors
    /// When libopus has no memory.
    pub fn plain(codec: Codec) -> Result<Self> {
        let filling = match codec {
            Codec::Pcmu | Codec::G722 => Filling::Repetition,
            Codec::Opus => Filling::Decoder,
        };
        Self::new(codec, 60, filling)
    }

    /// With the concealment that the core has for the codec, and a depth that somebody chose who
    /// knew what was to come.
    ///
    /// # Errors
    /// When libopus has no memory.
    pub fn foreseeing(codec: Codec, depth_ms: u32) -> Result<Self> {
        let filling = match codec {
            Codec::Pcmu | Codec::G722 => Filling::Core(Box::new(Concealer::new(codec.rate()))),
            Codec::Opus => Filling::Decoder,
        };
        let mut player = Self::new(codec, depth_ms, filling)?;
        player.next = Some(-player.depth);
        Ok(player)
    }

    fn new(codec: Codec, depth_ms: u32, filling: Filling) -> Result<Self> {
        let rate = codec.rate();
        Ok(Self {
            depth: i64::from(depth_ms) * i64::from(rate.hz()) / 1_000,
            rate,
            samples_per_step: samples_per_step(codec).into(),
            decoder: decoder(codec)?,
            next: None,
            first: 0,
            waiting: BTreeMap::new(),
            decoded: VecDeque::new(),
            last: vec![0; rate.tick()],
            missing: 0,
            filling,
        })
    }

    /// Decodes the packet that `next` is in; false when it has not come.
    fn decode(&mut self, next: i64) -> bool {
        while let Some((&from, payload)) = self.waiting.first_key_value() {
            if from > next {
                return false;
            }
            let mut samples = vec![0; self.decoder.samples_in(payload).unwrap_or(0)];
            let over = (next - from) as usize;
            if over < samples.len() {
                self.decoder.decode(payload, &mut samples);
                self.real(&mut samples[over..]);
                self.waiting.pop_first();
                return true;
            }
            self.waiting.pop_first();
        }
        false
    }

    fn real(&mut self, samples: &mut [i16]) {
        if let Filling::Core(concealer) = &mut self.filling {
            concealer.real(samples);
        }
        self.missing = 0;
        self.last.extend_from_slice(samples);
        self.last.drain(..samples.len());
        self.decoded.extend(&*samples);
    }

    fn fill(&mut self, length: usize) {
        let mut gap = vec![0; length];
        match &mut self.filling {
            Filling::Core(concealer) => concealer.fill(&mut gap),
            Filling::Decoder => {
                self.decoder.conceal(&mut gap);
            }
            Filling::Repetition => {
                for sample in &mut gap {
                    let repeated = self.last.get(self.missing).copied().unwrap_or(0);
                    *sample = repeated / 2;
                    self.missing += 1;
                }
            }
        }
        self.decoded.extend(gap);
    }
}

impl Player for Fixed {
    fn put(&mut self, packet: &Packet<'_>, _: u32) {
        if self.next.is_none() {
            self.first = packet.timestamp;
            self.next = Some(-self.depth);
        }
        let steps = i64::from(packet.timestamp.wrapping_sub(self.first) as i32);
        self.waiting
            .insert(steps * self.samples_per_step, packet.payload.to_vec());
    }

    fn take(&mut self, out: &mut Vec<i16>) {
        let tick = self.rate.tick();
        let Some(mut next) = self.next else {
            out.resize(out.len() + tick, 0);
            return;
        };
        while self.decoded.len() < tick {
            let had = self.decoded.len();
            if !self.decode(next) {
                let until = self.waiting.first_key_value().map(|(&from, _)| from - next);
                let lacking = (tick - had) as i64;
                self.fill(until.unwrap_or(lacking).min(lacking) as usize);
            }
            next += (self.decoded.len() - had) as i64;
        }
        out.extend(self.decoded.drain(..tick));
        self.next = Some(next);
    }
}

/// The crate `neteq`, as it is when nobody changes its settings.
pub struct Partner {
    neteq: NetEq,
    codec: Codec,
    now_ms: u64,
}

/// A decoder as the crate wishes for it.
struct Floating(Box<dyn Decoder>);

impl AudioDecoder for Floating {
    fn sample_rate(&self) -> u32 {
        self.0.codec().audio_hz()
    }

    fn channels(&self) -> u8 {
        1
    }

    fn decode(&mut self, encoded: &[u8]) -> neteq::Result<Vec<f32>> {
        let mut sound = vec![0; self.0.samples_in(encoded).unwrap_or(0)];
        self.0.decode(encoded, &mut sound);
        let sample = |&sample: &i16| f32::from(sample) / 32_768.0;
        Ok(sound.iter().map(sample).collect())
    }
}

impl Partner {
    /// # Errors
    /// When the crate refuses its own defaults.
    pub fn new(codec: Codec) -> Result<Self> {
        web_time::set(Duration::ZERO);
        let mut neteq = NetEq::new(NetEqConfig {
            sample_rate: codec.rate().hz(),
            ..NetEqConfig::default()
        })?;
        neteq.register_decoder(0, Box::new(Floating(decoder(codec)?)));
        Ok(Self {
            neteq,
            codec,
            now_ms: 0,
        })
    }
}

impl Player for Partner {
    fn put(&mut self, packet: &Packet<'_>, packet_ms: u32) {
        // It takes every codec's timestamps for samples.
        let timestamp = packet.timestamp.wrapping_mul(samples_per_step(self.codec));
        let header = RtpHeader::new(packet.sequence, timestamp, packet.ssrc, 0, false);
        let hz = self.codec.rate().hz();
        let packet = AudioPacket::new(header, packet.payload.to_vec(), hz, 1, packet_ms);
        self.neteq
            .insert_packet(packet)
            .expect("it refuses no packet of the rate it was made for");
    }

    fn take(&mut self, out: &mut Vec<i16>) {
        let frame = self.neteq.get_audio().expect("it always has some sound");
        let sample = |s: &f32| (s * 32_768.0).clamp(-32_768.0, 32_767.0) as i16;
        out.extend(frame.samples.iter().map(sample));
        self.now_ms += 10;
        web_time::set(Duration::from_millis(self.now_ms));
    }

    fn period_ms(&self) -> u32 {
        10
    }
}
