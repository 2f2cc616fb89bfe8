//! Lines that spoil it, made, and lines that do not.

use super::super::gate::Gate;
use super::super::{NARROW_HZ, TICK_SAMPLES};
use super::*;

const SECOND: usize = NARROW_HZ as usize;

/// The same dice for every run (xorshift).
struct Dice(u32);

impl Dice {
    /// -1 to 1
    fn roll(&mut self) -> f32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0 as i32 as f32 / 2_147_483_648.0
    }
}

fn sample(value: f32) -> i16 {
    value.clamp(-32_768.0, 32_767.0) as i16
}

fn made(seconds: usize, at: impl FnMut(usize) -> f32) -> Vec<i16> {
    (0..seconds * SECOND).map(at).map(sample).collect()
}

fn noise(seconds: usize, peak: f32) -> Vec<i16> {
    let mut dice = Dice(77);
    made(seconds, |_| peak * dice.roll())
}

fn sine(n: usize, hz: f32) -> f32 {
    (n as f32 / SECOND as f32 * hz * std::f32::consts::TAU).sin()
}

/// Syllables of odd lengths and loudness, voiced and not, with pauses.
fn speech(seconds: usize, seed: u32) -> Vec<i16> {
    let mut dice = Dice(seed);
    let (mut left, mut whole, mut loud, mut hz) = (0, 1, 0.0, 120.0);
    let mut noise = Dice(seed ^ 0x5555);
    made(seconds, |n| {
        if left == 0 {
            whole = (600.0 + 500.0 * dice.roll()) as usize;
            left = whole;
            loud = if dice.roll() > -0.4 {
                4_000.0 + 3_500.0 * dice.roll()
            } else {
                0.0
            };
            hz = if dice.roll() > -0.3 {
                150.0 + 60.0 * dice.roll()
            } else {
                0.0
            };
        }
        let shape = left as f32 / whole as f32;
        left -= 1;
        let sound = if hz > 0.0 {
            let glide = hz * (1.0 + 0.2 * shape);
            (1..12).map(|k| sine(n, glide * k as f32) / k as f32).sum()
        } else {
            noise.roll()
        };
        loud * (shape * std::f32::consts::PI).sin() * sound * 0.7
    })
}

/// Chords that change every half second and never stop.
fn music(seconds: usize) -> Vec<i16> {
    let mut dice = Dice(3);
    let mut hz = [220.0f32; 4];
    made(seconds, |n| {
        if n % (SECOND / 2) == 0 {
            for hz in &mut hz {
                *hz = 220.0 * 2f32.powf(((dice.roll() + 1.0) * 12.0).round() / 12.0);
            }
        }
        let since = (n % (SECOND / 2)) as f32 / SECOND as f32;
        let chord: f32 = hz.iter().map(|&hz| sine(n, hz)).sum();
        2_500.0 * chord * (0.4 + 0.6 * (-4.0 * since).exp())
    })
}

/// What comes back of some sound, so late and so much quieter, from a line with noise of its own.
fn back(sound: &[i16], ms: usize, db: f32) -> Vec<i16> {
    let (late, quiet) = (ms * SECOND / 1_000, 10f32.powf(db / 20.0));
    let mut dice = Dice(5);
    (0..sound.len())
        .map(|n| {
            let echo = n.checked_sub(late).map_or(0, |n| sound[n]);
            sample(f32::from(echo) * quiet + 20.0 * dice.roll())
        })
        .collect()
}

fn mixed(a: &[i16], b: &[i16]) -> Vec<i16> {
    let pairs = a.iter().zip(b);
    pairs.map(|(&a, &b)| a.saturating_add(b)).collect()
}

/// A line under watch.
#[derive(Default)]
struct Line {
    gate: Gate,
    watch: Watch,
}

impl Line {
    /// Plays what comes and what is sent meanwhile; gives what was found, each with its second.
    fn play(&mut self, came: &[i16], sent: &[i16]) -> Vec<(usize, Option<Fault>)> {
        let mut found = Vec::new();
        let silence = [0; TICK_SAMPLES];
        for (tick, frame) in came.chunks_exact(TICK_SAMPLES).enumerate() {
            let before = self.watch.fault();
            let halves = halves(frame);
            let state = self.gate.hear(mean(&halves));
            self.watch.came(frame, &halves, state, self.gate.noise());
            let from = tick * TICK_SAMPLES;
            let sent = sent.get(from..from + TICK_SAMPLES).unwrap_or(&silence);
            self.watch.sent(&super::halves(sent));
            if self.watch.fault() != before {
                found.push((tick / 50, self.watch.fault()));
            }
        }
        found
    }
}

fn check(came: &[i16], sent: &[i16], within: std::ops::Range<usize>, fault: Fault) {
    let found = Line::default().play(came, sent);
    let first = found.first().copied().unwrap_or_default();
    assert_eq!(first.1, Some(fault), "{found:?}");
    assert!(within.contains(&first.0), "{found:?}");
}

#[test]
fn speech_is_not_taken_for_anything() {
    for seed in 1..6 {
        let (one, other) = (speech(240, seed), speech(240, seed + 50));
        assert_eq!(Line::default().play(&one, &[]), [], "seed {seed}");
        assert_eq!(Line::default().play(&one, &other), [], "seed {seed}");
    }
}

#[test]
fn an_echo_is_found_at_any_delay_and_loudness() {
    let said = speech(40, 9);
    for ms in [45, 120, 333, 500] {
        for db in [-3.0, -15.0, -25.0] {
            check(&back(&said, ms, db), &said, 4..12, Fault::Echo);
        }
    }
}

#[test]
fn an_echo_under_the_callers_own_words_is_found() {
    let said = speech(90, 9);
    let mut own = speech(90, 31);
    // ten seconds of listening, five of speaking
    for (n, second) in own.chunks_mut(SECOND).enumerate() {
        if n % 15 < 10 {
            second.fill(0);
        }
    }
    let came = mixed(&back(&said, 180, -12.0), &own);
    check(&came, &said, 4..20, Fault::Echo);
}

#[test]
fn what_comes_back_before_it_was_sent_is_no_echo() {
    let said = speech(60, 9);
    let later = back(&said, 200, 0.0);
    // two who sit in one room: the one hears the other through the air, and then by telephone
    let found = Line::default().play(&said, &later);
    assert_eq!(found, []);
}

#[test]
fn hum_is_found_in_two_seconds() {
    for mains in [50.0, 60.0] {
        let hum = made(6, |n| {
            let parts = (2..9).map(|k| sine(n, mains * k as f32) / k as f32);
            3_000.0 * parts.sum::<f32>()
        });
        check(&hum, &[], 2..4, Fault::Hum);
    }
    let tone = made(6, |n| 3_000.0 * sine(n, 1_004.0));
    check(&tone, &[], 2..4, Fault::Hum);
}

#[test]
fn tones_of_a_second_are_none() {
    let tones = made(30, |n| {
        let on = n % (4 * SECOND) < SECOND;
        if on { 4_000.0 * sine(n, 425.0) } else { 0.0 }
    });
    assert_eq!(Line::default().play(&tones, &[]), []);
}

#[test]
fn howling_is_found_while_it_grows() {
    for db_per_second in [12.0, 30.0] {
        let howl = made(5, |n| {
            let seconds = n as f32 / SECOND as f32;
            let loud = 400.0 * 10f32.powf(db_per_second * seconds / 20.0);
            loud.min(20_000.0) * sine(n, 1_234.0)
        });
        check(&howl, &[], 0..2, Fault::Howl);
    }
}

#[test]
fn noise_is_found_whether_it_keeps_the_gate_open_or_lies_under_a_voice() {
    check(&noise(20, 2_000.0), &[], 9..12, Fault::Noise);
    let voice = mixed(&noise(30, 400.0), &speech(30, 4));
    check(&voice, &[], 9..20, Fault::Noise);
    let quiet = mixed(&noise(120, 100.0), &speech(120, 4));
    assert_eq!(Line::default().play(&quiet, &[]), []);
}

#[test]
fn music_is_found() {
    check(&music(20), &[], 9..12, Fault::Music);
}

#[test]
fn a_fault_stays_until_the_line_was_heard_without_it_for_a_while() {
    let mut line = Line::default();
    line.play(&music(20), &[]);
    line.play(&vec![0; 300 * SECOND], &[]);
    assert_eq!(
        line.watch.fault(),
        Some(Fault::Music),
        "silence says nothing"
    );
    let found = line.play(&speech(60, 2), &[]);
    assert!(matches!(found[..], [(14..30, None)]), "{found:?}");
    line.play(&music(20), &[]);
    line.watch.forget();
    assert_eq!(line.watch.fault(), None);
}

#[test]
fn an_echo_that_is_gone_is_gone_from_the_judgement_too() {
    let mut line = Line::default();
    let (said, own) = (speech(40, 9), speech(90, 12));
    line.play(&back(&said, 150, -10.0), &said);
    assert_eq!(line.watch.fault(), Some(Fault::Echo));
    let found = line.play(&own, &speech(90, 13));
    assert!(matches!(found[..], [(14..40, None)]), "{found:?}");
}

#[test]
fn what_is_worse_takes_the_place() {
    let mut line = Line::default();
    line.play(&noise(20, 2_000.0), &[]);
    let said = speech(40, 9);
    let came = mixed(&back(&said, 150, -3.0), &noise(40, 300.0));
    line.play(&came, &said);
    assert_eq!(line.watch.fault(), Some(Fault::Echo));
}
