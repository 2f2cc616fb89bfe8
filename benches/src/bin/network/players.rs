//! Who plays the packets: the core's jitter buffer, and what it is compared with.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Result;
use confab_core::audio::TICK_SAMPLES;
use confab_core::audio::conceal::Concealer;
use confab_core::audio::g711::Law as CoreLaw;
use confab_core::audio::jitter::JitterBuffer;
use confab_core::audio::rate::Rate;
use confab_core::audio::rtp::Packet;
use neteq::codec::AudioDecoder;
use neteq::{AudioPacket, NetEq, NetEqConfig, RtpHeader};
use sipp_scenarios::sound::g711::Law;

/// Takes packets of mu-law as they arrive, gives sound.
pub trait Player {
    /// A packet of so many milliseconds has arrived.
    fn put(&mut self, packet: &Packet<'_>, packet_ms: u32);
    /// The next sound: a tick of it, or half of one.
    fn take(&mut self, out: &mut Vec<i16>);
    /// How often it is asked.
    fn period_ms(&self) -> u32 {
        20
    }
}

/// Confab's own.
pub struct Confab(JitterBuffer);

impl Default for Confab {
    fn default() -> Self {
        Self(JitterBuffer::new(CoreLaw::Mu))
    }
}

impl Player for Confab {
    fn put(&mut self, packet: &Packet<'_>, _: u32) {
        self.0.put(packet);
    }

    fn take(&mut self, out: &mut Vec<i16>) {
        let mut frame = [0; TICK_SAMPLES];
        self.0.take(&mut frame);
        out.extend(frame);
    }
}

/// How a fixed buffer hides what is missing.
enum Filling {
    /// plays the last packet once more, at half, then nothing
    Repetition,
    /// as the core does
    Core(Box<Concealer>),
}

/// A buffer of fixed depth: a packet is played when its time has come, or never.
pub struct Fixed {
    depth: i64,
    /// sample that is to be played next; counted from the first packet
    next: Option<i64>,
    first: u32,
    waiting: BTreeMap<i64, i16>,
    last: Vec<i16>,
    missing: usize,
    filling: Filling,
}

impl Fixed {
    /// As simple phones have it: 60 ms after the first packet, then repetition.
    pub fn plain() -> Self {
        Self::new(60, Filling::Repetition)
    }

    /// With the core's concealment, and a depth that somebody chose who knew what was to come.
    pub fn foreseeing(depth_ms: u32) -> Self {
        Self {
            next: Some(-i64::from(depth_ms) * 8),
            ..Self::new(
                depth_ms,
                Filling::Core(Box::new(Concealer::new(Rate::Narrow))),
            )
        }
    }

    fn new(depth_ms: u32, filling: Filling) -> Self {
        Self {
            depth: i64::from(depth_ms) * 8,
            next: None,
            first: 0,
            waiting: BTreeMap::new(),
            last: vec![0; TICK_SAMPLES],
            missing: 0,
            filling,
        }
    }

    fn fill(&mut self, gap: &mut [i16]) {
        match &mut self.filling {
            Filling::Core(concealer) => concealer.fill(gap),
            Filling::Repetition => {
                for sample in gap {
                    let repeated = self.last.get(self.missing).copied().unwrap_or(0);
                    *sample = repeated / 2;
                    self.missing += 1;
                }
            }
        }
    }

    fn real(&mut self, samples: &mut [i16]) {
        self.missing = 0;
        self.last.drain(..samples.len());
        self.last.extend_from_slice(samples);
        if let Filling::Core(concealer) = &mut self.filling {
            concealer.real(samples);
        }
    }
}

impl Player for Fixed {
    fn put(&mut self, packet: &Packet<'_>, _: u32) {
        if self.next.is_none() {
            self.first = packet.timestamp;
            self.next = Some(-self.depth);
        }
        let from = i64::from(packet.timestamp.wrapping_sub(self.first) as i32);
        for (at, &code) in (from..).zip(packet.payload) {
            if Some(at) >= self.next {
                self.waiting.insert(at, Law::Mu.decode(code));
            }
        }
    }

    fn take(&mut self, out: &mut Vec<i16>) {
        let Some(next) = self.next else {
            out.extend([0; TICK_SAMPLES]);
            return;
        };
        let here: Vec<Option<i16>> = (next..next + TICK_SAMPLES as i64)
            .map(|at| self.waiting.remove(&at))
            .collect();
        for run in here.chunk_by(|a, b| a.is_some() == b.is_some()) {
            let mut samples: Vec<i16> = run.iter().map(|s| s.unwrap_or(0)).collect();
            if run[0].is_some() {
                self.real(&mut samples);
            } else {
                self.fill(&mut samples);
            }
            out.extend(samples);
        }
        self.next = Some(next + TICK_SAMPLES as i64);
    }
}

/// The crate `neteq`, as it is when nobody changes its settings.
pub struct Partner {
    neteq: NetEq,
    now_ms: u64,
}

struct MuLaw;

impl AudioDecoder for MuLaw {
    fn sample_rate(&self) -> u32 {
        8_000
    }

    fn channels(&self) -> u8 {
        1
    }

    fn decode(&mut self, encoded: &[u8]) -> neteq::Result<Vec<f32>> {
        let sample = |&code: &u8| f32::from(Law::Mu.decode(code)) / 32_768.0;
        Ok(encoded.iter().map(sample).collect())
    }
}

impl Partner {
    /// # Errors
    /// When the crate refuses its own defaults.
    pub fn new() -> Result<Self> {
        web_time::set(Duration::ZERO);
        let mut neteq = NetEq::new(NetEqConfig {
            sample_rate: 8_000,
            ..NetEqConfig::default()
        })?;
        neteq.register_decoder(0, Box::new(MuLaw));
        Ok(Self { neteq, now_ms: 0 })
    }
}

impl Player for Partner {
    fn put(&mut self, packet: &Packet<'_>, packet_ms: u32) {
        let header = RtpHeader::new(packet.sequence, packet.timestamp, packet.ssrc, 0, false);
        let packet = AudioPacket::new(header, packet.payload.to_vec(), 8_000, 1, packet_ms);
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
