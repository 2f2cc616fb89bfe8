//! The jitter buffer as an oracle hears it: hours of tone, of drift and of silence in simulated
//! time, with a phase that may not break and a depth that may not grow.

use confab_core::audio::TICK_SAMPLES;
use confab_core::audio::g711::{self, Law};
use confab_core::audio::jitter::{JitterBuffer, Taken};
use confab_core::audio::rtp::Packet;

/// Nine periods a tick, and no whole number of samples each: only the phase can hide a cut.
const TONE_HZ: usize = 450;
const AMPLITUDE: f64 = 8_000.0;
const TICKS_PER_S: u64 = 50;
const TICKS_PER_HOUR: u64 = 3_600 * TICKS_PER_S;

/// What a caller says in a second that is said over and over, as mu-law.
struct Caller(Vec<u8>);

impl Caller {
    fn saying(sound: impl Fn(usize) -> f64) -> Self {
        let samples: Vec<i16> = (0..8_000).map(|n| sound(n) as i16).collect();
        let mut codes = vec![0; samples.len()];
        g711::encode(Law::Mu, &samples, &mut codes);
        Self(codes)
    }

    fn humming() -> Self {
        Self::saying(|n| AMPLITUDE * (n as f64 * step()).sin())
    }

    /// Half a second of tone, half a second of nothing.
    fn talking() -> Self {
        Self::saying(|n| {
            let loud = if n < 4_000 { AMPLITUDE } else { 0.0 };
            loud * (n as f64 * step()).sin()
        })
    }

    fn put(&self, buffer: &mut JitterBuffer, number: u64) {
        let from = number as usize % 50 * TICK_SAMPLES;
        buffer.put(&Packet {
            payload_type: 0,
            marker: false,
            sequence: number as u16,
            timestamp: (number as u32).wrapping_mul(TICK_SAMPLES as u32),
            ssrc: 7,
            payload: &self.0[from..from + TICK_SAMPLES],
        });
    }
}

fn step() -> f64 {
    TONE_HZ as f64 / 8_000.0 * std::f64::consts::TAU
}

/// The same dice every time (xorshift).
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// Packets between a caller and a buffer.
struct Line {
    caller: Caller,
    buffer: JitterBuffer,
    dice: Dice,
    /// how much too fast the caller's clock is
    drift: f64,
    /// packets are up to this late, in their order
    jitter_ms: f64,
    now_ms: f64,
    sent: u64,
    arrival_ms: f64,
}

impl Line {
    fn new(caller: Caller) -> Self {
        Self {
            caller,
            buffer: JitterBuffer::new(Law::Mu),
            dice: Dice(0x1234_5678_9ABC_DEF1),
            drift: 0.0,
            jitter_ms: 0.0,
            now_ms: 10.0,
            sent: 0,
            arrival_ms: 0.0,
        }
    }

    fn tick(&mut self) -> ([i16; TICK_SAMPLES], Taken) {
        while self.arrival_ms <= self.now_ms {
            self.caller.put(&mut self.buffer, self.sent);
            self.sent += 1;
            let sent_ms = self.sent as f64 * 20.0 * (1.0 - self.drift);
            let late_ms = self.dice.roll() * self.jitter_ms;
            self.arrival_ms = self.arrival_ms.max(sent_ms + late_ms);
        }
        self.now_ms += 20.0;
        let mut frame = [0; TICK_SAMPLES];
        let taken = self.buffer.take(&mut frame);
        (frame, taken)
    }

    fn run(&mut self, ticks: u64) {
        for _ in 0..ticks {
            self.tick();
        }
    }

    fn depth_ms(&self) -> usize {
        self.buffer.depth() / 8
    }
}

/// Follows a tone with an oscillator in quadrature.
struct Phase {
    table: Vec<(f32, f32)>,
    at: usize,
    last: Option<f32>,
}

impl Phase {
    fn new() -> Self {
        let point = |n: usize| {
            let angle = n as f64 * step();
            (angle.cos() as f32, angle.sin() as f32)
        };
        Self {
            table: (0..8_000).map(point).collect(),
            at: 0,
            last: None,
        }
    }

    /// How far the phase of this tick is from that of the last, in radians, and the level.
    fn step(&mut self, frame: &[i16]) -> (f32, f32) {
        let (mut real, mut imaginary) = (0.0, 0.0);
        for &sample in frame {
            let (cos, sin) = self.table[self.at];
            real += f32::from(sample) * cos;
            imaginary += f32::from(sample) * sin;
            self.at = (self.at + 1) % self.table.len();
        }
        let phase = real.atan2(imaginary);
        let turned = phase - self.last.unwrap_or(phase);
        self.last = Some(phase);
        let level = 2.0 * real.hypot(imaginary) / frame.len() as f32;
        let whole = (turned / std::f32::consts::TAU).round() * std::f32::consts::TAU;
        (turned - whole, level)
    }
}

/// The largest part of the sound that a steady tone would not have at that place.
fn roughest(frame: &[i16], before: &mut [i16; 2]) -> f64 {
    let turn = 2.0 * step().cos();
    let mut worst = 0.0f64;
    for &sample in frame {
        let expected = turn * f64::from(before[1]) - f64::from(before[0]);
        worst = worst.max((f64::from(sample) - expected).abs());
        *before = [before[1], sample];
    }
    worst
}

#[test]
fn an_hour_of_tone_has_no_break_in_its_phase() {
    for jitter_ms in [0.0, 8.0, 60.0] {
        let mut line = Line::new(Caller::humming());
        line.jitter_ms = jitter_ms;
        // The depth is found in the first seconds, and not given up in the hour.
        line.run(20 * TICKS_PER_S);
        let (mut phase, found) = (Phase::new(), line.buffer.stats());
        for tick in 0..TICKS_PER_HOUR {
            let (turned, level) = phase.step(&line.tick().0);
            assert!(
                turned.abs() < 0.05 && (7_500.0..8_500.0).contains(&level),
                "jitter {jitter_ms} ms, tick {tick}: turned by {turned}, level {level}"
            );
        }
        let stats = line.buffer.stats();
        assert_eq!((stats.lost, stats.late), (found.lost, found.late));
    }
}

#[test]
fn a_break_of_the_phase_would_be_seen() {
    let mut phase = Phase::new();
    let tone: Vec<i16> = (0..3 * TICK_SAMPLES)
        .map(|n| (AMPLITUDE * (n as f64 * step()).sin()) as i16)
        .collect();
    assert!(phase.step(&tone[..TICK_SAMPLES]).0 == 0.0);
    assert!(phase.step(&tone[TICK_SAMPLES..2 * TICK_SAMPLES]).0.abs() < 0.01);
    let skipped = &tone[2 * TICK_SAMPLES - 3..][..TICK_SAMPLES];
    assert!(phase.step(skipped).0.abs() > 0.5);
    let (mut before, mut clean) = ([0; 2], tone.clone());
    roughest(&tone[..TICK_SAMPLES], &mut before);
    assert!(roughest(&tone[TICK_SAMPLES..], &mut before) < 10.0);
    clean[TICK_SAMPLES + 50] += 2_000;
    let mut before = [tone[TICK_SAMPLES - 2], tone[TICK_SAMPLES - 1]];
    assert!(roughest(&clean[TICK_SAMPLES..], &mut before) > 1_900.0);
}

/// A day with a clock that is off by 300 ppm: 26 s too much or too little.
fn a_day_of_drift(drift: f64) {
    let mut line = Line::new(Caller::humming());
    line.drift = drift;
    line.jitter_ms = 2.0;
    line.run(10);
    let (mut before, mut deepest_ms) = ([0; 2], [0; 24]);
    line.tick().0[TICK_SAMPLES - 2..]
        .iter()
        .zip(&mut before)
        .for_each(|(last, before)| *before = *last);
    for hour_ms in &mut deepest_ms {
        for tick in 0..TICKS_PER_HOUR {
            let (frame, taken) = line.tick();
            let rough = roughest(&frame, &mut before);
            assert!(rough < 1_500.0, "tick {tick}: a click of {rough}");
            assert_ne!(taken, Taken::Idle);
            *hour_ms = line.depth_ms().max(*hour_ms);
        }
    }
    let stats = line.buffer.stats();
    assert_eq!((stats.lost, stats.late, stats.restarts), (0, 0, 0));
    // 26 s are 1,296 ticks, and each costs one correction.
    assert!(stats.underruns <= 1_400, "{stats:?}");
    assert!(
        deepest_ms.iter().all(|&ms| ms <= 80) && deepest_ms[23] <= deepest_ms[0] + 10,
        "{deepest_ms:?} ms"
    );
}

#[test]
fn a_day_with_a_fast_clock() {
    a_day_of_drift(300e-6);
}

#[test]
fn a_day_with_a_slow_clock() {
    a_day_of_drift(-300e-6);
}

#[test]
fn jitter_that_stops_is_forgotten_within_seconds() {
    for jitter_ms in [40.0, 100.0, 200.0] {
        let mut line = Line::new(Caller::talking());
        line.jitter_ms = jitter_ms;
        line.run(30 * TICKS_PER_S);
        assert!(line.depth_ms() + 30 > jitter_ms as usize, "{jitter_ms} ms");
        line.jitter_ms = 0.0;
        line.run(8 * TICKS_PER_S);
        assert!(
            line.depth_ms() <= 20,
            "after {jitter_ms} ms still {} ms deep",
            line.depth_ms()
        );
    }
}

#[test]
fn a_rough_start_is_not_paid_for_during_the_call() {
    let mut line = Line::new(Caller::talking());
    line.jitter_ms = 60.0;
    line.run(TICKS_PER_S);
    line.jitter_ms = 3.0;
    line.run(8 * TICKS_PER_S);
    assert!(line.depth_ms() <= 20, "still {} ms deep", line.depth_ms());
}

#[test]
fn silence_stays_silence() {
    let mut line = Line::new(Caller::saying(|_| 0.0));
    line.jitter_ms = 150.0;
    for tick in 0..60 * TICKS_PER_S {
        // A burst of losses now and then.
        if tick % 90 < 5 {
            line.sent += 1;
        }
        assert_eq!(line.tick().0, [0; TICK_SAMPLES], "tick {tick}");
    }
    assert!(line.buffer.stats().lost > 0);
}

#[test]
fn pauses_in_which_nothing_is_sent_cost_nothing() {
    let caller = Caller::humming();
    let mut buffer = JitterBuffer::new(Law::Mu);
    let (mut frame, mut expected) = ([0; TICK_SAMPLES], [0; TICK_SAMPLES]);
    // Numbers go on by one, time goes on by the pause.
    let (mut number, mut timestamp) = (0u16, 0u32);
    for spurt in 0..200 {
        for n in 0..40 {
            let payload = &caller.0[n * TICK_SAMPLES..(n + 1) * TICK_SAMPLES];
            g711::decode(Law::Mu, payload, &mut expected);
            buffer.put(&Packet {
                payload_type: 0,
                marker: n == 0,
                sequence: number,
                timestamp,
                ssrc: 7,
                payload,
            });
            number = number.wrapping_add(1);
            timestamp = timestamp.wrapping_add(TICK_SAMPLES as u32);
            assert_eq!(buffer.take(&mut frame), Taken::Sound);
            assert_eq!(frame, expected, "spurt {spurt}, packet {n}");
        }
        for _ in 0..25 + spurt {
            timestamp = timestamp.wrapping_add(TICK_SAMPLES as u32);
            buffer.take(&mut frame);
        }
        assert_eq!(frame, [0; TICK_SAMPLES], "after spurt {spurt}");
    }
    let stats = buffer.stats();
    assert_eq!((stats.lost, stats.late, stats.restarts), (0, 0, 0));
    assert_eq!(buffer.depth(), 0);
}
