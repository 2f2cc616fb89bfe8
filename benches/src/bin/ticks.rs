//! `ticks`: the arithmetic of a room of G.711, tick after tick, with no clock and no socket, so
//! that its instructions can be counted (`benches/instructions.sh`).
//!
//! Puts the core's pieces together as a media thread does: a packet of each line through its jitter
//! buffer, the key detector, the gate and the watch; the loudest into the sum; one sound encoded
//! for all who listen, and one for each who is mixed. The program's own loop is not in it.
#![forbid(unsafe_code)]

use std::hint::black_box;

use anyhow::{Context, Result};
use clap::{Parser, value_parser};
use confab_core::audio::g711::{self, Law};
use confab_core::audio::gain::Gain;
use confab_core::audio::gate::{Gate, State};
use confab_core::audio::jitter::JitterBuffer;
use confab_core::audio::level::Power;
use confab_core::audio::limit::Limiter;
use confab_core::audio::preroll::Preroll;
use confab_core::audio::rtp::Packet;
use confab_core::audio::select::{Candidate, select};
use confab_core::audio::spoil::{self, Watch};
use confab_core::audio::{Frame, SILENCE, TICK_SAMPLES, mix};
use confab_dtmf::inband::{Detector, Origin};

/// Size of an RTP header without extensions.
const HEADER_BYTES: usize = 12;

/// A talker's syllables and pauses, and how loud a syllable is.
const SYLLABLE_TICKS: u32 = 8;
const PAUSE_TICKS: u32 = 5;
const PEAK: f32 = 3_000.0;

/// Run the ticks of one room and say what came of them.
#[derive(Debug, Parser)]
struct Args {
    /// Lines that send silence
    #[arg(long, default_value_t = 490, value_parser = value_parser!(u32).range(0..=5_000))]
    listeners: u32,
    /// Lines that speak all the time
    #[arg(long, default_value_t = 10, value_parser = value_parser!(u32).range(0..=5_000))]
    talkers: u32,
    /// Ticks of 20 ms
    #[arg(long, default_value_t = 100)]
    ticks: u32,
}

fn main() -> Result<()> {
    let args = Args::parse();
    let mut room = Room::new(args.talkers as usize, args.listeners as usize);
    let mut mixed = 0;
    for tick in 0..args.ticks {
        mixed += room.tick(tick)?;
    }
    let line_ticks = u64::from(args.ticks) * u64::from(args.listeners + args.talkers);
    println!("{line_ticks} line-ticks, {mixed} voices mixed");
    Ok(())
}

/// One caller's half of the work.
struct Line {
    packet: [u8; HEADER_BYTES + TICK_SAMPLES],
    jitter: JitterBuffer,
    keys: Detector,
    gate: Gate,
    watch: Watch,
    preroll: Preroll,
    gain: Gain,
    limiter: Limiter,
    frame: Frame,
    mixed: bool,
}

impl Line {
    fn new() -> Self {
        Self {
            packet: [0xff; HEADER_BYTES + TICK_SAMPLES],
            jitter: JitterBuffer::new(Law::Mu),
            keys: Detector::default(),
            gate: Gate::default(),
            watch: Watch::new(),
            preroll: Preroll::default(),
            gain: Gain::default(),
            limiter: Limiter::default(),
            frame: SILENCE,
            mixed: false,
        }
    }

    /// Writes what its caller sends in a tick.
    fn send(&mut self, tick: u32, payload: Option<&[u8; TICK_SAMPLES]>) {
        let (header, sound) = self.packet.split_at_mut(HEADER_BYTES);
        header[..2].copy_from_slice(&[0x80, 0]);
        header[2..4].copy_from_slice(&(tick as u16).to_be_bytes());
        let timestamp = tick.wrapping_mul(TICK_SAMPLES as u32);
        header[4..8].copy_from_slice(&timestamp.to_be_bytes());
        header[8..12].copy_from_slice(&[0, 0, 0, 1]);
        match payload {
            Some(payload) => sound.copy_from_slice(payload),
            None => sound.fill(0xff),
        }
    }

    /// Hears the packet; how loud it is when its gate is open.
    fn listen(&mut self) -> Result<Option<Power>> {
        let packet = Packet::parse(black_box(&self.packet)).ok();
        self.jitter.put(&packet.context("our own packet is RTP")?);
        self.jitter.take(&mut self.frame);
        let found = self.keys.hear(&self.frame, Origin::Line);
        self.keys.cut(&mut self.frame, found);
        let halves = spoil::halves(&self.frame);
        let power = spoil::mean(&halves);
        let before = self.gate.state();
        let after = self.gate.hear(power);
        let noise = self.gate.noise();
        self.watch.came(&self.frame, &halves, after, noise);
        match (before, after) {
            (State::Closed, State::Closed) => self.preroll.keep(&self.frame),
            (State::Closed, _) => self.preroll.begin(&mut self.frame, noise),
            _ => self.preroll.follow(&mut self.frame),
        }
        if after == State::Closed {
            return Ok(None);
        }
        let talks = after == State::Open;
        self.gain.follow(power);
        self.gain.apply(&mut self.frame, power, noise, talks);
        Ok(Some(power))
    }
}

struct Room {
    lines: Vec<Line>,
    talkers: usize,
    words: Vec<[u8; TICK_SAMPLES]>,
    candidates: Vec<Candidate>,
    limiter: Limiter,
}

impl Room {
    fn new(talkers: usize, listeners: usize) -> Self {
        let lines = talkers + listeners;
        Self {
            lines: (0..lines).map(|_| Line::new()).collect(),
            talkers,
            words: words(),
            candidates: Vec::with_capacity(lines),
            limiter: Limiter::default(),
        }
    }

    /// One tick; how many are in the sum.
    fn tick(&mut self, tick: u32) -> Result<usize> {
        self.candidates.clear();
        for (id, line) in self.lines.iter_mut().enumerate() {
            let word = (tick as usize + 5 * id) % self.words.len();
            line.send(tick, (id < self.talkers).then_some(&self.words[word]));
            let was_mixed = std::mem::take(&mut line.mixed);
            if let Some(power) = line.listen()? {
                self.candidates.push(Candidate {
                    id,
                    power,
                    was_mixed,
                });
            }
        }
        let chosen = select(&mut self.candidates);
        let mut total = [0; TICK_SAMPLES];
        for candidate in &self.candidates[..chosen] {
            let line = &mut self.lines[candidate.id];
            line.mixed = true;
            mix::add(&mut total, &line.frame);
        }
        let (mut out, mut codes) = (SILENCE, [0; TICK_SAMPLES]);
        self.limiter.process(&total, &mut out);
        g711::encode(Law::Mu, &out, &mut codes);
        let all = spoil::halves(&out);
        for line in &mut self.lines {
            let mut sent = all;
            if line.mixed {
                let mut heard = [0; TICK_SAMPLES];
                mix::minus(&total, &line.frame, &mut heard);
                line.limiter.process(&heard, &mut out);
                g711::encode(Law::Mu, &out, &mut codes);
                sent = spoil::halves(&out);
            }
            line.watch.sent(&sent);
            black_box(&codes);
        }
        Ok(chosen)
    }
}

/// What talkers say over and over: a voice-like chord that glides, in syllables.
fn words() -> Vec<[u8; TICK_SAMPLES]> {
    let word = |tick: u32| {
        let into = tick % (SYLLABLE_TICKS + PAUSE_TICKS);
        let peak = if into < SYLLABLE_TICKS { PEAK } else { 0.0 };
        let frame: Frame = std::array::from_fn(|n| {
            let at = (tick as usize * TICK_SAMPLES + n) as f32 / 8_000.0;
            let pitch = 120.0 + 30.0 * (at * 3.0).sin();
            let wave = |times: f32| (at * pitch * times * std::f32::consts::TAU).sin() / times;
            (peak * (wave(1.0) + wave(4.0) + wave(9.0))) as i16
        });
        let mut codes = [0; TICK_SAMPLES];
        g711::encode(Law::Mu, &frame, &mut codes);
        codes
    };
    (0..10 * (SYLLABLE_TICKS + PAUSE_TICKS)).map(word).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mixed(talkers: usize, listeners: usize) -> usize {
        let mut room = Room::new(talkers, listeners);
        (0..100)
            .map(|tick| room.tick(tick).unwrap())
            .last()
            .unwrap()
    }

    /// Who speaks is mixed, the loudest eight of them, and silence is not.
    #[test]
    fn the_right_ones_are_mixed() {
        assert_eq!(mixed(0, 20), 0);
        assert_eq!(mixed(3, 20), 3);
        assert_eq!(mixed(30, 20), 8);
    }
}
