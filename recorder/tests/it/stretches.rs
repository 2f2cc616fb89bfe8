//! Sound that goes in is in the file, in its place and length, over stops, starts and cuts.

use std::fs;

use confab_recorder::{Config, FRAME_BYTES, FRAME_MS, Report, frames};

use crate::sound::{decode, ms, onset_ms, part, pitch, tone};
use crate::{House, await_bytes, id, near};

/// A tone recorded at `rate_hz` is in the file: its length, its begin, its pitch, nothing else.
fn check(rate_hz: u32, tone_hz: f64, length_ms: u64) {
    let house = House::new();
    let (duration_ms, bytes) = house.record("tone", rate_hz, &tone(tone_hz, rate_hz, length_ms));
    near(duration_ms, length_ms);
    let path = house.path("tone");
    let file = fs::read(&path).unwrap();
    assert_eq!(bytes, file.len() as u64);
    assert_eq!(frames::walk(&file).duration_ms(), duration_ms);
    assert_eq!(frames::walk(&file).whole_bytes, bytes);
    let heard = decode(&path);
    near(ms(&heard), length_ms);
    near(onset_ms(&heard), 0);
    let middle = part(&heard, 150, length_ms - 50);
    let loud = pitch(middle, tone_hz);
    assert!((6_500.0..=9_500.0).contains(&loud), "{loud}");
    assert!(pitch(middle, tone_hz * 1.37) < 200.0);
    let last = part(&heard, length_ms - 60, length_ms - 20);
    assert!(pitch(last, tone_hz) > 4_000.0, "the end is there");
}

#[test]
fn tones_at_every_rate() {
    check(8_000, 440.0, 2_000);
    check(8_000, 3_000.0, 3_217);
    check(16_000, 1_000.0, 2_000);
    check(48_000, 697.0, 1_500);
    check(8_000, 1_336.0, 300);
}

#[test]
fn stop_and_start_make_one_file() {
    let house = House::new();
    let pitches = [400.0, 900.0, 1_600.0];
    for (n, tone_hz) in pitches.into_iter().enumerate() {
        let (duration_ms, _) = house.record("one", 8_000, &tone(tone_hz, 8_000, 1_000));
        let so_far_ms = 1_000 * (n as u64 + 1);
        assert!(
            duration_ms.abs_diff(so_far_ms) <= 70 * (n as u64 + 1),
            "{duration_ms}"
        );
    }
    let heard = decode(&house.path("one"));
    for (n, tone_hz) in pitches.into_iter().enumerate() {
        let begin_ms = n as u64 * 1_050;
        let middle = part(&heard, begin_ms + 200, begin_ms + 900);
        for other_hz in pitches {
            let loud = pitch(middle, other_hz);
            assert_eq!(loud > 6_500.0, other_hz == tone_hz, "{n} {other_hz} {loud}");
        }
    }
}

#[test]
fn a_sound_longer_than_any_buffer() {
    let house = House::new();
    let mut tap = house.open("long", 8_000);
    let pitches = [400.0, 1_000.0, 1_900.0];
    for second in 0..24 {
        tap.push(&tone(pitches[second % 3], 8_000, 1_000));
        let written_ms = 1_000 * (second as u64).saturating_sub(2);
        await_bytes(
            &house.path("long"),
            written_ms / FRAME_MS * FRAME_BYTES as u64,
        );
    }
    drop(tap);
    near(house.stopped("long").0, 24_000);
    let heard = decode(&house.path("long"));
    for second in 0..24 {
        let begin_ms = 1_000 * second as u64;
        let middle = part(&heard, begin_ms + 150, begin_ms + 950);
        assert!(pitch(middle, pitches[second % 3]) > 6_500.0, "{second}");
    }
}

#[test]
fn a_start_before_the_stop_is_seen_waits_for_it() {
    let house = House::new();
    let mut first = house.open("one", 8_000);
    let mut second = house.open("one", 8_000);
    second.push(&tone(900.0, 8_000, 1_000));
    first.push(&tone(400.0, 8_000, 1_000));
    drop(second);
    await_bytes(&house.path("one"), 20 * FRAME_BYTES as u64);
    drop(first);
    near(house.stopped("one").0, 1_000);
    near(house.stopped("one").0, 2_050);
    let heard = decode(&house.path("one"));
    assert!(pitch(part(&heard, 200, 900), 400.0) > 6_500.0);
    assert!(pitch(part(&heard, 1_250, 1_950), 900.0) > 6_500.0);
}

#[test]
fn it_can_be_played_while_it_runs() {
    let house = House::new();
    let mut tap = house.open("live", 8_000);
    tap.push(&tone(500.0, 8_000, 3_000));
    await_bytes(&house.path("live"), 2_800 / FRAME_MS * FRAME_BYTES as u64);
    let heard = decode(&house.path("live"));
    assert!(pitch(part(&heard, 200, 2_700), 500.0) > 6_500.0);
    drop(tap);
    near(house.stopped("live").0, 3_000);
}

#[test]
fn a_cut_at_any_byte_costs_a_frame_and_is_healed_by_the_next_stretch() {
    let house = House::new();
    house.record("cut", 8_000, &tone(700.0, 8_000, 2_000));
    let path = house.path("cut");
    let whole = fs::read(&path).unwrap();
    for cut in [1, 3, 4, 100, 215, 216, 217, 4_000] {
        fs::write(&path, &whole[..whole.len() - cut]).unwrap();
        let lost_ms = (cut as u64).div_ceil(FRAME_BYTES as u64) * FRAME_MS;
        let kept_ms = whole.len() as u64 / FRAME_BYTES as u64 * FRAME_MS - lost_ms;
        let (duration_ms, bytes) = house.record("cut", 8_000, &tone(1_500.0, 8_000, 500));
        near(duration_ms, kept_ms + 500);
        assert_eq!(bytes % FRAME_BYTES as u64, 0);
        let heard = decode(&path);
        assert!(pitch(part(&heard, 200, kept_ms - 50), 700.0) > 6_500.0);
        assert!(pitch(part(&heard, kept_ms + 100, kept_ms + 450), 1_500.0) > 6_000.0);
    }
}

#[test]
fn a_cut_file_plays_without_being_healed() {
    let house = House::new();
    house.record("cut", 8_000, &tone(700.0, 8_000, 2_000));
    let whole = fs::read(house.path("cut")).unwrap();
    for kept in [whole.len() / 2, whole.len() - 1, 10 * FRAME_BYTES + 4] {
        let walked = frames::walk(&whole[..kept]);
        assert_eq!(walked.frames, (kept / FRAME_BYTES) as u64);
        let path = house.path("part");
        fs::write(&path, &whole[..walked.whole_bytes as usize]).unwrap();
        let heard = decode(&path);
        assert!(pitch(part(&heard, 150, walked.duration_ms()), 700.0) > 6_500.0);
    }
}

#[test]
fn twenty_at_once() {
    let house = House::new();
    let name = |n: usize| format!("n{n}");
    let tone_hz = |n: usize| 300.0 + 150.0 * n as f64;
    let mut taps: Vec<_> = (0..20).map(|n| house.open(&name(n), 8_000)).collect();
    let tones: Vec<_> = (0..20).map(|n| tone(tone_hz(n), 8_000, 2_000)).collect();
    for block in 0..100 {
        for (tap, tone) in taps.iter_mut().zip(&tones) {
            assert_eq!(tap.push(&tone[block * 160..][..160]), 0);
        }
    }
    drop(taps);
    for _ in 0..20 {
        match house.report() {
            Report::Stopped { duration_ms, .. } => near(duration_ms, 2_000),
            other => panic!("{other:?}"),
        }
    }
    for n in [0, 7, 19] {
        let heard = decode(&house.path(&name(n)));
        let middle = part(&heard, 150, 1_950);
        let expected = 300.0..4_000.0;
        assert!(expected.contains(&tone_hz(n)));
        assert!(pitch(middle, tone_hz(n)) > 6_000.0, "{n}");
        assert!(pitch(middle, tone_hz((n + 1) % 20)) < 200.0);
    }
    assert_eq!(house.recorder.stats().samples_lost, 0);
}

#[test]
fn a_full_file_ends_its_stretch_and_refuses_the_next() {
    let limit_ms = 3_000;
    let house = House::with(Config { limit_ms });
    house.record("full", 8_000, &tone(500.0, 8_000, 1_000));
    let mut tap = house.open("full", 8_000);
    tap.push(&tone(800.0, 8_000, 4_500));
    let (duration_ms, _) = house.stopped("full");
    assert!(
        (limit_ms - FRAME_MS..=limit_ms).contains(&duration_ms),
        "{duration_ms}"
    );
    assert_eq!(house.report(), Report::Full(id("full")));
    let before = fs::read(house.path("full")).unwrap();
    tap.push(&tone(800.0, 8_000, 300));
    drop(tap);
    drop(house.open("full", 8_000));
    assert_eq!(house.stopped("full").0, duration_ms);
    assert_eq!(house.report(), Report::Full(id("full")));
    assert_eq!(fs::read(house.path("full")).unwrap(), before);
    let heard = decode(&house.path("full"));
    assert!(pitch(part(&heard, 1_250, 2_900), 800.0) > 6_500.0);
}

#[test]
fn what_the_ring_could_not_take_is_silence_of_the_same_length() {
    let house = House::new();
    let mut tap = house.open("late", 8_000);
    // More than the ring holds, faster than any writer: part of it is lost.
    let lost = tap.push(&tone(500.0, 8_000, 8_000));
    assert!(lost > 0);
    drop(tap);
    near(house.stopped("late").0, 8_000);
    let heard = decode(&house.path("late"));
    near(ms(&heard), 8_000);
    let lost_ms = lost as u64 / 8;
    let silent = part(&heard, 8_000 - lost_ms + 200, 8_000);
    assert!(silent.iter().all(|s| s.abs() < 50));
    assert_eq!(house.recorder.stats().samples_lost, lost as u64);
}
