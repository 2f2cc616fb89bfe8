//! What the arithmetic of a tick costs: codecs, the jitter buffer, noise suppression, mixing.

use std::hint::black_box;
use std::path::Path;

use audio_codec::Encoder as _;
use audio_codec::g722::{G722Decoder, G722Encoder};
use confab_benches::speech;
use confab_core::audio::denoise::Denoiser;
use confab_core::audio::g711::Law;
use confab_core::audio::jitter::JitterBuffer;
use confab_core::audio::limit::Limiter;
use confab_core::audio::rate::Rate;
use confab_core::audio::rtp::Packet;
use confab_core::audio::select::{Candidate, select};
use confab_core::audio::{Frame, SILENCE, TICK_SAMPLES, g711, g722, level, mix};
use confab_dtmf::inband::{Detector, Origin};
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use nnnoiseless::DenoiseState;
use opus::{Application, Bitrate, Channels};

fn tone(number: usize) -> Frame {
    let step = (300.0 + 97.0 * number as f32) / 8_000.0 * std::f32::consts::TAU;
    std::array::from_fn(|n| (8_000.0 * (n as f32 * step).sin()) as i16)
}

fn codecs(criterion: &mut Criterion) {
    let samples = tone(0);
    for law in [Law::Mu, Law::A] {
        let mut codes = [0; TICK_SAMPLES];
        criterion.bench_with_input(
            BenchmarkId::new("encode", format!("{law:?}")),
            &law,
            |b, &law| {
                b.iter(|| g711::encode(law, black_box(&samples), &mut codes));
            },
        );
        let mut back = SILENCE;
        criterion.bench_with_input(
            BenchmarkId::new("decode", format!("{law:?}")),
            &law,
            |b, &law| {
                b.iter(|| g711::decode(law, black_box(&codes), &mut back));
            },
        );
    }
}

/// A tick of speech in G.722 by us and by the library that tests hold it against, and in Opus as
/// confab sends it; of what is a tone only, all are quicker.
fn fuller_codecs(criterion: &mut Criterion) {
    let prompts = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../bridge/prompts"));
    let speech = speech::load(prompts, &["en"], 16, Rate::Narrow).expect("the prompts are there");
    // At the wrong rate it is a higher voice.
    let wide: Vec<&[i16]> = speech.samples.chunks_exact(320).collect();
    let mut octets = [0; 160];
    let mut payloads = Vec::new();
    let mut encoder = g722::Encoder::default();
    for tick in &wide {
        encoder.encode(tick, &mut octets);
        payloads.push(octets);
    }
    let mut turn = (0..wide.len()).cycle();
    let mut next = move || turn.next().expect("it never ends");
    criterion.bench_function("g722 encode", |b| {
        b.iter(|| encoder.encode(black_box(wide[next()]), &mut octets));
    });
    let mut library = G722Encoder::new();
    criterion.bench_function("g722 encode, audio-codec", |b| {
        b.iter(|| library.encode_into(black_box(wide[next()]), &mut octets));
    });
    let (mut decoder, mut sound) = (g722::Decoder::default(), [0; 320]);
    criterion.bench_function("g722 decode", |b| {
        b.iter(|| decoder.decode(black_box(&payloads[next()]), &mut sound));
    });
    let mut library = G722Decoder::new();
    criterion.bench_function("g722 decode, audio-codec", |b| {
        b.iter(|| library.decode_frame_into(black_box(&payloads[next()]), &mut sound));
    });
    let full: Vec<&[i16]> = speech.samples.chunks_exact(960).collect();
    let mut encoder = opus::Encoder::new(48_000, Channels::Mono, Application::Voip)
        .expect("libopus has memory for one");
    encoder
        .set_bitrate(Bitrate::Bits(32_000))
        .expect("it is a bit rate");
    encoder.set_complexity(5).expect("it is a complexity");
    let mut packet = [0; 1_275];
    let mut at = 0;
    criterion.bench_function("opus encode", |b| {
        b.iter(|| {
            at = (at + 1) % full.len();
            encoder.encode(black_box(full[at]), &mut packet)
        });
    });
    criterion.bench_function("opus make an encoder", |b| {
        b.iter(|| opus::Encoder::new(48_000, Channels::Mono, Application::Voip));
    });
    criterion.bench_function("opus make a decoder", |b| {
        b.iter(|| opus::Decoder::new(48_000, Channels::Mono));
    });
    criterion.bench_function("opus reset an encoder", |b| {
        b.iter(|| encoder.reset_state())
    });
}

/// A packet in and a tick out, on a clean line and on one that loses every tenth packet.
fn jitter(criterion: &mut Criterion) {
    let mut codes = [0; TICK_SAMPLES];
    g711::encode(Law::Mu, &tone(0), &mut codes);
    for (name, lost_every) in [("clean", u32::MAX), ("lossy", 10)] {
        let mut buffer = JitterBuffer::new(Law::Mu);
        let mut number = 0u32;
        criterion.bench_function(&format!("jitter put and take, {name}"), |b| {
            b.iter(|| {
                number = number.wrapping_add(1);
                if !number.is_multiple_of(lost_every) {
                    let packet = Packet {
                        payload_type: 0,
                        marker: false,
                        sequence: number as u16,
                        timestamp: number.wrapping_mul(160),
                        ssrc: 1,
                        payload: black_box(&codes),
                    };
                    buffer.put(&packet);
                }
                let mut frame = SILENCE;
                buffer.take(&mut frame);
                frame
            });
        });
    }
}

/// A tick of the key detector: on silence, on a voice-like sum of tones, on a key that is down.
fn keys(criterion: &mut Criterion) {
    let sum = |parts: &[(f32, f32)]| -> Frame {
        std::array::from_fn(|n| {
            let sample = |&(hz, peak): &(f32, f32)| {
                peak * (n as f32 * hz / 8_000.0 * std::f32::consts::TAU).sin()
            };
            parts.iter().map(sample).sum::<f32>() as i16
        })
    };
    for (name, frame) in [
        ("silence", SILENCE),
        (
            "a voice",
            sum(&[(150.0, 4_000.0), (750.0, 3_000.0), (1_250.0, 2_000.0)]),
        ),
        ("a key", sum(&[(750.0, 6_000.0), (1_350.0, 6_000.0)])),
    ] {
        let mut detector = Detector::default();
        criterion.bench_function(&format!("key detector, {name}"), |b| {
            b.iter(|| detector.hear(black_box(&frame), Origin::Line));
        });
    }
}

/// A tick of the noise suppressor at each rate, and of RNNoise, which has one rate only; without
/// the resampling that would bring a narrow line there.
fn noise(criterion: &mut Criterion) {
    let mut seed = 1u32;
    let mut roll = || {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (seed >> 20) as i16 - 2_048
    };
    let sound: Vec<i16> = (0..50 * Rate::Full.tick()).map(|_| roll()).collect();
    for rate in [Rate::Narrow, Rate::Wide, Rate::Full] {
        let mut denoiser = Denoiser::new(rate);
        let mut ticks = sound.chunks_exact(rate.tick()).cycle();
        let mut frame = vec![0; rate.tick()];
        criterion.bench_function(&format!("noise suppression, {rate:?}"), |b| {
            b.iter(|| {
                frame.copy_from_slice(ticks.next().expect("it goes round"));
                denoiser.clean(black_box(&mut frame), true);
            });
        });
    }
    let mut state = DenoiseState::new();
    let full: Vec<f32> = sound.iter().map(|&sample| f32::from(sample)).collect();
    let mut halves = full.chunks_exact(DenoiseState::FRAME_SIZE).cycle();
    let mut out = [0.0; DenoiseState::FRAME_SIZE];
    criterion.bench_function("noise suppression, RNNoise at 48 kHz", |b| {
        b.iter(|| {
            for _ in 0..2 {
                let half = halves.next().expect("it goes round");
                state.process_frame(black_box(&mut out), half);
            }
        });
    });
}

/// All a room computes in a tick: levels of all, choice, sum, what each talker hears, what all
/// others hear, encoded.
fn rooms(criterion: &mut Criterion) {
    for legs in [20, 500] {
        for talkers in [2, 3, 8] {
            let mut room = Room::new(legs, talkers);
            let name = format!("{legs} legs, {talkers} talk");
            criterion.bench_function(&format!("room tick, {name}"), |b| b.iter(|| room.tick()));
        }
    }
}

struct Room {
    frames: Vec<Frame>,
    candidates: Vec<Candidate>,
    limiters: Vec<Limiter>,
    shared: Limiter,
}

impl Room {
    fn new(legs: usize, talkers: usize) -> Self {
        let frame = |leg| if leg < talkers { tone(leg) } else { SILENCE };
        Self {
            frames: (0..legs).map(frame).collect(),
            candidates: Vec::with_capacity(legs),
            limiters: vec![Limiter::default(); legs],
            shared: Limiter::default(),
        }
    }

    fn tick(&mut self) -> [u8; TICK_SAMPLES] {
        self.candidates.clear();
        for (id, frame) in self.frames.iter().enumerate() {
            let power = level::Power::of(black_box(frame));
            if power > level::Power::SILENT {
                self.candidates.push(Candidate {
                    id,
                    power,
                    was_mixed: true,
                });
            }
        }
        let chosen = select(&mut self.candidates);
        let mut total = [0; TICK_SAMPLES];
        for candidate in &self.candidates[..chosen] {
            mix::add(&mut total, &self.frames[candidate.id]);
        }
        let (mut heard, mut out, mut codes) = ([0; TICK_SAMPLES], SILENCE, [0; TICK_SAMPLES]);
        for candidate in &self.candidates[..chosen] {
            mix::minus(&total, &self.frames[candidate.id], &mut heard);
            self.limiters[candidate.id].process(&heard, &mut out);
            g711::encode(Law::Mu, &out, &mut codes);
            black_box(&codes);
        }
        self.shared.process(&total, &mut out);
        g711::encode(Law::Mu, &out, &mut codes);
        codes
    }
}

/// A tick of it, and what is decoded at once when a word ends it.
fn silence_of_g722(criterion: &mut Criterion) {
    let mut silence = vec![[0; 160]; 75];
    let mut silent = g722::Encoder::default();
    for octets in &mut silence {
        silent.encode(&[0; 320], octets);
    }
    let (mut decoder, mut sound) = (g722::Decoder::default(), [0; 320]);
    let (mut quiet, half_a_second) = (g722::Quiet::default(), &silence[50..]);
    criterion.bench_function("g722 quiet", |b| {
        b.iter(|| quiet.goes_on(black_box(&half_a_second[0])));
    });
    criterion.bench_function("g722 decode, half a second of silence", |b| {
        b.iter(|| {
            for octets in half_a_second {
                decoder.decode(black_box(octets), &mut sound);
            }
        });
    });
}

criterion_group!(
    benches,
    codecs,
    silence_of_g722,
    fuller_codecs,
    jitter,
    keys,
    noise,
    rooms
);
criterion_main!(benches);
