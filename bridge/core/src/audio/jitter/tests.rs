//! Seeded networks without a clock: what a caller sends, what the network makes of it, and what
//! comes out of the buffer.

use proptest::prelude::*;

use super::*;
use crate::audio::level::Power;
use crate::audio::{TICK_SAMPLES, g711};

mod depth;
mod doze;
mod held;
mod loss;
mod noise;

use held::{CODECS, RECOVERED, REPEATS, buffer_of, buffer_that_is_given};

/// A caller who hums, seen through a network.
#[derive(Clone, Copy)]
struct Network {
    packet_ms: u32,
    /// every packet is up to this late
    jitter_ms: f64,
    /// this share is lost
    loss: f64,
    /// this share comes twice
    doubled: f64,
    /// the sender's clock is this much too fast
    drift_ppm: f64,
    /// it hums for a second and is silent for a second
    pauses: bool,
}

const CLEAN: Network = Network {
    packet_ms: 20,
    jitter_ms: 0.0,
    loss: 0.0,
    doubled: 0.0,
    drift_ppm: 0.0,
    pauses: false,
};

/// A generator good enough for a network (xorshift).
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }
}

const TONE_HZ: f64 = 400.0;

fn hum(sample: u32, pauses: bool) -> i16 {
    if pauses && (sample / 8_000) % 2 == 1 {
        return 0;
    }
    let angle = f64::from(sample) * TONE_HZ / 8_000.0 * std::f64::consts::TAU;
    (8_000.0 * angle.sin()) as i16
}

/// The codes of a packet.
fn codes(from: u32, len: usize, pauses: bool) -> Vec<u8> {
    let samples: Vec<i16> = (0..len as u32).map(|n| hum(from + n, pauses)).collect();
    let mut codes = vec![0; len];
    g711::encode(Law::Mu, &samples, &mut codes);
    codes
}

/// What came out, and how.
struct Heard {
    sound: Vec<i16>,
    buffer: JitterBuffer,
    deepest: usize,
}

impl Heard {
    /// The least share of the tone in the sound's power, over stretches of 100 ms after `from`.
    fn purity(&self, from: usize) -> f64 {
        self.purities(from).into_iter().fold(1.0, f64::min)
    }

    fn purities(&self, from: usize) -> Vec<f64> {
        let scale = self.buffer.rate().scale();
        self.sound[from * scale..]
            .chunks_exact(800 * scale)
            .map(|stretch| tone_share(stretch, scale))
            .collect()
    }

    /// What the greatest depth was, in samples at 8 kHz.
    fn deepest(&self) -> usize {
        self.deepest / self.buffer.rate().scale()
    }

    fn mean_purity(&self, from: usize) -> f64 {
        let stretches = self.purities(from);
        stretches.iter().sum::<f64>() / stretches.len() as f64
    }
}

fn tone_share(samples: &[i16], scale: usize) -> f64 {
    let (mut cos, mut sin, mut power) = (0.0, 0.0, 0.0);
    for (n, &sample) in samples.iter().enumerate() {
        let angle = n as f64 / scale as f64 * TONE_HZ / 8_000.0 * std::f64::consts::TAU;
        cos += f64::from(sample) * angle.cos();
        sin += f64::from(sample) * angle.sin();
        power += f64::from(sample) * f64::from(sample);
    }
    2.0 * (cos * cos + sin * sin) / samples.len() as f64 / power.max(1.0)
}

/// Runs a network for so many ticks, feeding `buffer`; the first packet is number `first`.
fn feed(network: Network, ticks: u32, first: u32, buffer: JitterBuffer) -> Heard {
    let mut dice = Dice(0x1234_5678_9ABC_DEF1);
    let mut heard = Heard {
        sound: Vec::new(),
        buffer,
        deepest: 0,
    };
    let length = network.packet_ms * 8;
    let packet_time_ms = f64::from(network.packet_ms) * (1.0 - network.drift_ppm * 1e-6);
    // Arrival times and numbers of packets that are under way.
    let mut under_way: Vec<(f64, u32)> = Vec::new();
    let mut sent = 0;
    for tick in 0..ticks {
        let now_ms = f64::from(tick) * 20.0 + 7.0;
        while f64::from(sent) * packet_time_ms <= now_ms {
            let arrival = f64::from(sent) * packet_time_ms + dice.roll() * network.jitter_ms;
            if dice.roll() >= network.loss {
                under_way.push((arrival, sent));
            }
            if dice.roll() < network.doubled {
                under_way.push((arrival + 1.0, sent));
            }
            sent += 1;
        }
        under_way.sort_by(|a, b| a.0.total_cmp(&b.0));
        let come = under_way
            .iter()
            .take_while(|(arrival, _)| *arrival <= now_ms)
            .count();
        for (_, number) in under_way.drain(..come) {
            let number = first + number;
            let payload = codes(number * length, length as usize, network.pauses);
            let timestamp = number * length * (heard.buffer.codec().clock_hz() / 8_000);
            heard
                .buffer
                .put(&packet(number as u16, timestamp, &payload));
        }
        let mut frame = vec![0; heard.buffer.rate().tick()];
        heard.buffer.take(&mut frame);
        heard.deepest = heard.deepest.max(heard.buffer.depth());
        heard.sound.extend(frame);
    }
    heard
}

fn run(network: Network, ticks: u32) -> Heard {
    run_with(Codec::Pcmu, network, ticks)
}

fn run_with(codec: Codec, network: Network, ticks: u32) -> Heard {
    feed(network, ticks, 0, buffer_of(codec))
}

fn packet(sequence: u16, timestamp: u32, payload: &[u8]) -> Packet<'_> {
    Packet {
        payload_type: 0,
        marker: false,
        sequence,
        timestamp,
        ssrc: 1,
        payload,
    }
}

#[test]
fn on_a_clean_line_every_sample_comes_out_in_its_own_tick() {
    let heard = run(CLEAN, 500);
    for (n, &sample) in heard.sound.iter().enumerate() {
        let (mut code, mut expected) = ([0; 1], [0; 1]);
        g711::encode(Law::Mu, &[hum(n as u32, false)], &mut code);
        g711::decode(Law::Mu, &code, &mut expected);
        assert_eq!(sample, expected[0], "sample {n}");
    }
    assert_eq!(heard.buffer.stats(), JitterStats::default());
    assert_eq!(heard.deepest, 0);
}

#[test]
fn every_packet_time_is_played_without_gaps() {
    for (packet_ms, codec) in [10, 20, 30, 40, 50, 60]
        .into_iter()
        .flat_map(|ms| CODECS.map(|codec| (ms, codec)))
    {
        let heard = run_with(codec, Network { packet_ms, ..CLEAN }, 1_000);
        let stats = heard.buffer.stats();
        let what = format!("{packet_ms} ms of {codec:?}");
        assert!(stats.underruns <= 2 && stats.lost == 0, "{what}: {stats:?}");
        assert!(
            heard.purity(8_000) > 0.96,
            "{what}: {}",
            heard.purity(8_000)
        );
        assert!(heard.deepest() <= 400, "{what}: {}", heard.deepest());
    }
}

#[test]
fn losses_are_hidden() {
    let heard = run(
        Network {
            loss: 0.05,
            ..CLEAN
        },
        3_000,
    );
    let stats = heard.buffer.stats();
    assert!((100..200).contains(&stats.lost), "{stats:?}");
    assert!(
        heard.mean_purity(1_600) > 0.97,
        "{}",
        heard.mean_purity(1_600)
    );
    assert!(heard.deepest <= 160, "{}", heard.deepest);
}

#[test]
fn doubled_packets_change_nothing() {
    let heard = run(
        Network {
            doubled: 0.3,
            ..CLEAN
        },
        500,
    );
    assert!(heard.purity(0) > 0.98);
    let stats = heard.buffer.stats();
    assert!(
        stats.duplicates + stats.late > 100 && stats.lost == 0,
        "{stats:?}"
    );
}

#[test]
fn jitter_and_reordering_get_the_depth_they_need_and_no_more() {
    for (jitter_ms, codec) in [15.0, 40.0, 80.0, 120.0]
        .into_iter()
        .flat_map(|ms| CODECS.map(|codec| (ms, codec)))
    {
        let heard = run_with(
            codec,
            Network {
                jitter_ms,
                pauses: true,
                ..CLEAN
            },
            3_000,
        );
        let before = heard.buffer.stats();
        let after = feed(
            Network {
                jitter_ms,
                pauses: true,
                ..CLEAN
            },
            1_500,
            3_000,
            heard.buffer,
        );
        let stats = after.buffer.stats();
        let bad = stats.late + stats.underruns - before.late - before.underruns;
        assert!(
            bad <= 45,
            "{jitter_ms} ms, {codec:?}: {bad} bad ticks of 1,500"
        );
        let depth_ms = after.deepest() as f64 / 8.0;
        assert!(
            depth_ms <= jitter_ms + 45.0,
            "{jitter_ms} ms, {codec:?}: depth {depth_ms} ms"
        );
    }
}

#[test]
fn depth_shrinks_in_pauses_when_the_line_gets_better() {
    let bad = run(
        Network {
            jitter_ms: 100.0,
            pauses: true,
            ..CLEAN
        },
        1_000,
    );
    assert!(bad.buffer.depth() >= 480, "{}", bad.buffer.depth());
    let good = feed(
        Network {
            pauses: true,
            ..CLEAN
        },
        3_000,
        1_000,
        bad.buffer,
    );
    assert!(good.buffer.depth() <= 160, "{}", good.buffer.depth());
    assert!(good.buffer.stats().shortened > 0);
}

#[test]
fn drifting_clocks_do_no_harm_in_an_hour() {
    for drift_ppm in [300.0, -300.0] {
        for (codec, pauses) in [
            (Codec::Pcmu, true),
            (Codec::Pcmu, false),
            (Codec::G722, true),
        ] {
            let heard = run_with(
                codec,
                Network {
                    drift_ppm,
                    pauses,
                    jitter_ms: 2.0,
                    ..CLEAN
                },
                180_000,
            );
            let stats = heard.buffer.stats();
            // 300 ppm of an hour are 54 packets; each may cost one correction.
            assert!(
                stats.underruns + stats.late < 300,
                "{drift_ppm} {pauses}: {stats:?}"
            );
            assert!(
                heard.deepest() <= 720,
                "{drift_ppm} {pauses}: {}",
                heard.deepest()
            );
            assert!(
                pauses || heard.mean_purity(8_000) > 0.99,
                "{}",
                heard.mean_purity(8_000)
            );
        }
    }
}

#[test]
fn a_frozen_network_does_not_leave_its_delay_behind() {
    let mut heard = run(CLEAN, 200);
    // Half a second nothing, then all of it at once.
    for _ in 0..25 {
        heard.buffer.take(&mut [0; TICK_SAMPLES]);
    }
    for number in 200..225 {
        let payload = codes(number * 160, 160, false);
        heard
            .buffer
            .put(&packet(number as u16, number * 160, &payload));
    }
    let after = feed(CLEAN, 200, 225, heard.buffer);
    assert!(after.deepest <= DEEPEST as usize + 160, "{}", after.deepest);
    assert!(after.purity(4_000) > 0.9, "{}", after.purity(4_000));
}

#[test]
fn a_sender_that_begins_anew_is_followed() {
    let check = |what: &str, ssrc: u32, sequence: u16, timestamp: u32| {
        let mut buffer = run(CLEAN, 100).buffer;
        let mut loud_ticks = 0;
        for n in 0..20 {
            let payload = codes(n * 160, 160, false);
            let sequence = sequence.wrapping_add(n as u16);
            let timestamp = timestamp.wrapping_add(n * 160);
            buffer.put(&Packet {
                ssrc,
                ..packet(sequence, timestamp, &payload)
            });
            let mut frame = [0; TICK_SAMPLES];
            buffer.take(&mut frame);
            loud_ticks += u32::from(Power::of(&frame).dbov() > -20.0);
        }
        assert!(loud_ticks >= 18, "{what}: {loud_ticks} of 20");
        assert!(buffer.depth() <= 320, "{what}: {}", buffer.depth());
    };
    check("goes on", 1, 100, 16_000);
    check("another stream", 2, 100, 16_000);
    check("another stream, all new", 2, 40_000, 77);
    check("sequence restarted", 1, 30_000, 16_000);
    check("sequence restarted behind", 1, 65_000, 16_000);
    check("timestamps jump ahead", 1, 100, 16_000_000);
    check("timestamps jump back", 1, 100, 5);
}

#[test]
fn a_stray_packet_of_another_stream_is_not_believed() {
    let mut buffer = run(CLEAN, 100).buffer;
    let stray = Packet {
        ssrc: 99,
        ..packet(7, 7, &[0; 160])
    };
    assert_eq!(buffer.put(&stray), Put::Suspect);
    let after = feed(CLEAN, 100, 100, buffer);
    assert!(after.purity(0) > 0.98);
    assert_eq!(after.buffer.stats().restarts, 0);
}

#[test]
fn a_sender_that_suppresses_silence_is_not_cut() {
    let mut buffer = run(CLEAN, 100).buffer;
    let mut frame = [0; TICK_SAMPLES];
    for tick in 0..100 {
        let taken = buffer.take(&mut frame);
        assert_eq!(taken == Taken::Idle, tick > 15, "tick {tick}");
    }
    assert_eq!(frame, [0; TICK_SAMPLES]);
    let payload = codes(200 * 160, 160, false);
    buffer.put(&Packet {
        marker: true,
        ..packet(100, 200 * 160, &payload)
    });
    assert_eq!(buffer.take(&mut frame), Taken::Sound);
    assert!(
        Power::of(&frame[..80]).dbov() > -20.0,
        "the first sample counts"
    );
}

#[test]
fn packets_of_keys_are_not_missed() {
    let mut buffer = run(CLEAN, 100).buffer;
    let mut frame = [0; TICK_SAMPLES];
    for n in 100..110 {
        assert_eq!(
            buffer.put_silent(&packet(n, 16_000, &[5, 0, 0, 160])),
            Put::Kept
        );
        buffer.take(&mut frame);
    }
    let after = feed(CLEAN, 50, 110, buffer);
    assert_eq!(after.buffer.stats().lost, 0);
    assert!(after.purity(800) > 0.98);
}

#[test]
fn what_is_too_long_is_refused() {
    let mut buffer = JitterBuffer::new(Law::A);
    assert_eq!(buffer.put(&packet(1, 0, &[0; 481])), Put::Unfit);
}

proptest! {
    /// Any packets in any order: no panic, and a bounded depth.
    #[test]
    fn anything_may_come(
        steps in prop::collection::vec(
            (0..8u32, any::<u16>(), prop_oneof![0..2_000u32, any::<u32>()], 0..3u32, 0..481usize),
            1..200,
        ),
        codec in prop::sample::select(CODECS.to_vec()),
        at_once in any::<bool>(),
    ) {
        let mut buffer = buffer_that_is_given(codec, at_once);
        let mut frame = vec![0; buffer.rate().tick()];
        let (mut sequence, mut timestamp) = (0u16, 0u32);
        for (kind, number, jump, ssrc, length) in steps {
            sequence = if kind == 3 { number } else { sequence.wrapping_add(number % 4) };
            timestamp = timestamp.wrapping_add(jump);
            let payload = vec![0x12; length];
            let next = Packet { ssrc, ..packet(sequence, timestamp, &payload) };
            match kind {
                2 => drop(buffer.put_silent(&next)),
                4 => drop(buffer.put_noise(&next)),
                5 if number % 8 == 0 => buffer.reset(),
                _ => drop(buffer.put(&next)),
            }
            match kind {
                6 => buffer.set_listening(number % 2 == 0),
                7 if number % 4 == 0 => buffer.doze(),
                _ => {}
            }
            if kind > 0 {
                buffer.take(&mut frame);
            }
            // A tick, the longest cut, and a packet of 60 ms; nothing was cut off either.
            prop_assert!(buffer.fifo.len() <= 760 * codec.rate().scale());
        }
    }
}
