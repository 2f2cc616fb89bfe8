//! The detector against the limits of ITU-T Q.24: every key, at every place against the grid of
//! frames.

mod tape;

use tape::{KEYPAD, Tape, Tones, a_law, cut, keys, mu_law, peak};

/// Where a press may begin against the frames: steps of 0.7 ms over 20 ms.
fn starts() -> impl Iterator<Item = f64> {
    (0..29).map(|step| f64::from(step) * 0.7)
}

/// Every key with these tones, beginning anywhere: all are found once, in order.
fn check_found(name: &str, tones: Tones, change: impl Fn(Tape, u64) -> Tape) {
    let mut missed = Vec::new();
    for (seed, start) in starts().enumerate() {
        let tape = Tape::silence(30.0 + start).press(KEYPAD, tones).rest(60.0);
        let heard = change(tape, seed as u64 + 1).keys();
        if heard != KEYPAD {
            missed.push(format!("{start:.1} ms: {heard}"));
        }
    }
    assert!(
        missed.is_empty(),
        "{name}, {tones:?}:\n{}",
        missed.join("\n")
    );
}

/// No key is found, wherever they begin.
fn check_refused(name: &str, tones: Tones, change: impl Fn(Tape, u64) -> Tape) {
    for (seed, start) in starts().enumerate() {
        let tape = Tape::silence(30.0 + start).press(KEYPAD, tones).rest(60.0);
        let heard = change(tape, seed as u64 + 1).keys();
        assert_eq!(heard, "", "{name} at {start:.1} ms, {tones:?}");
    }
}

fn as_it_is(tape: Tape, _: u64) -> Tape {
    tape
}

#[test]
fn levels() {
    for dbm0 in [0.0, -3.0, -6.0, -10.0, -15.0, -20.0, -25.0, -30.0, -35.0] {
        check_found("level", Tones::at(dbm0, dbm0), as_it_is);
    }
    check_refused("level", Tones::at(-55.0, -55.0), as_it_is);
}

#[test]
fn twist() {
    for (row, column) in [
        (-8.0, -16.0),
        (-16.0, -8.0 - 4.0),
        (-3.0, -11.0),
        (-9.0, -5.0),
        (-17.0, -25.0),
        (-25.0, -21.0),
    ] {
        check_found("twist", Tones::at(row, column), as_it_is);
    }
    for (row, column) in [(-5.0, -20.0), (-20.0, -5.0), (-60.0, -10.0), (-10.0, -60.0)] {
        check_refused("twist", Tones::at(row, column), as_it_is);
    }
}

#[test]
fn frequencies() {
    for off in [-1.8, -1.5, -1.0, 1.0, 1.5, 1.8] {
        check_found("both", Tones::off_by(off, off), as_it_is);
        check_found("apart", Tones::off_by(off, -off), as_it_is);
        check_found("row", Tones::off_by(off, 0.0), as_it_is);
        check_found("column", Tones::off_by(0.0, off), as_it_is);
    }
    for off in [-3.5, 3.5] {
        for on_ms in [50.0, 500.0] {
            let tones = Tones {
                on_ms,
                ..Tones::off_by(off, 0.0)
            };
            check_refused("row", tones, as_it_is);
            let tones = Tones {
                on_ms,
                ..Tones::off_by(0.0, off)
            };
            check_refused("column", tones, as_it_is);
        }
    }
}

#[test]
fn lengths() {
    for on_ms in [37.0, 40.0, 45.0, 60.0, 100.0, 1_000.0] {
        check_found("length", Tones::lasting(on_ms, 50.0), as_it_is);
    }
    for on_ms in [5.0, 10.0, 15.0, 20.0, 23.0, 24.0, 25.0] {
        check_refused("length", Tones::lasting(on_ms, 50.0), as_it_is);
    }
}

#[test]
fn pauses() {
    for off_ms in [30.0, 35.0, 40.0] {
        for start in starts() {
            let twice = Tape::silence(30.0 + start)
                .press("5555", Tones::lasting(40.0, off_ms))
                .rest(60.0);
            assert_eq!(twice.keys(), "5555", "{off_ms} ms at {start:.1} ms");
        }
    }
    for off_ms in [1.0, 5.0, 10.0, 15.0] {
        for start in starts() {
            let once = Tape::silence(30.0 + start)
                .press("55", Tones::lasting(45.0, off_ms))
                .rest(60.0);
            assert_eq!(once.keys(), "5", "{off_ms} ms at {start:.1} ms");
        }
    }
}

#[test]
fn ten_keys_a_second_and_faster() {
    check_found("ten a second", Tones::lasting(50.0, 50.0), as_it_is);
    check_found("Q.24's fastest", Tones::lasting(46.5, 46.5), as_it_is);
    check_found("machines", Tones::lasting(40.0, 40.0), as_it_is);
}

#[test]
fn noise() {
    // against the weaker tone
    for (row, column) in [
        (-10.0, -10.0),
        (-10.0, -18.0),
        (-14.0, -10.0),
        (-25.0, -25.0),
    ] {
        let noise = f64::min(row, column) - 15.0;
        for on_ms in [40.0, 50.0] {
            let tones = Tones {
                on_ms,
                ..Tones::at(row, column)
            };
            check_found("S/N 15 dB", tones, |tape, seed| {
                tape.with_noise(noise, seed)
            });
        }
    }
    for off in [-1.5, 1.5] {
        let tones = Tones {
            on_ms: 40.0,
            ..Tones::off_by(off, -off)
        };
        check_found("S/N 15 dB", tones, |tape, seed| {
            tape.with_noise(-27.0, seed)
        });
    }
}

#[test]
fn noise_alone_is_no_key() {
    for seed in 0..20 {
        let tape = Tape::silence(10_000.0).with_noise(-10.0 - seed as f64, seed);
        assert_eq!(tape.keys(), "");
    }
}

#[test]
fn dial_tone_and_echo() {
    for (a, b) in [(350.0, 440.0), (400.0, 425.0), (400.0, 450.0)] {
        check_found("dial tone", Tones::at(-15.0, -15.0), |tape, _| {
            tape.with_tone(a, -18.0).with_tone(b, -18.0)
        });
    }
    for ms in [1.0, 5.0, 10.0, 20.0] {
        check_found("echo", Tones::lasting(50.0, 50.0), |tape, _| {
            tape.with_echo(ms, -10.0)
        });
    }
}

#[test]
fn through_g711() {
    for tones in [
        Tones::lasting(40.0, 40.0),
        Tones::at(0.0, 0.0),
        Tones::at(-30.0, -30.0),
        Tones::at(-10.0, -18.0),
        Tones::off_by(1.5, -1.5),
    ] {
        for start in starts() {
            let tape = Tape::silence(30.0 + start).press(KEYPAD, tones).rest(60.0);
            let samples = tape.with_noise(-60.0, 7).samples();
            assert_eq!(keys(&mu_law(&samples)), KEYPAD, "mu-law {tones:?} {start}");
            assert_eq!(keys(&a_law(&samples)), KEYPAD, "A-law {tones:?} {start}");
        }
    }
}

#[test]
fn what_is_left_of_a_tone() {
    let mut worst = 0.0;
    let mut all = 0.0;
    for start in starts() {
        let samples = Tape::silence(30.0 + start)
            .press(KEYPAD, Tones::lasting(80.0, 60.0))
            .rest(60.0)
            .samples();
        let (left, keys) = cut(&samples);
        assert_eq!(keys, KEYPAD);
        let energy = |s: &[i16]| s.iter().map(|&s| f64::from(s).powi(2)).sum::<f64>();
        let db = 10.0 * (energy(&left) / energy(&samples)).log10();
        all += energy(&left) / energy(&samples);
        println!(
            "{start:.1} ms {db:.1} dB peak {} of {:.0}",
            left.iter().map(|s| s.unsigned_abs()).max().unwrap(),
            2.0 * peak(-12.0)
        );
        worst = f64::max(worst, db + 100.0);
    }
    println!("worst {worst}, mean {:.1}", 10.0 * (all / 29.0).log10());
}

/// A chord of three pure tones, of which one ends: what is left are a key's two, and no press.
#[test]
fn what_is_left_of_a_chord_is_no_key() {
    for third_hz in [550.0, 1_050.0, 1_900.0] {
        for start in starts() {
            let key = Tape::silence(30.0).press("6", Tones::lasting(400.0 + start, 0.0));
            let mut third = Tape::silence(30.0 + 200.0 + start);
            third = third.with_tone(third_hz, -9.0);
            let mut chord = key.rest(60.0);
            for (sample, more) in chord.sound.iter_mut().zip(&third.sound) {
                *sample += more;
            }
            assert_eq!(chord.keys(), "", "{third_hz} Hz at {start:.1} ms");
        }
    }
}

/// Two tones that begin one after the other are a melody.
#[test]
fn tones_that_begin_apart_are_no_key() {
    let one = Tones {
        row_dbm0: -90.0,
        ..Tones::lasting(400.0, 60.0)
    };
    let other = Tones {
        column_dbm0: -90.0,
        ..Tones::lasting(340.0, 60.0)
    };
    for start in starts() {
        let mut melody = Tape::silence(30.0).press("6", one);
        let later = Tape::silence(90.0 + start).press("6", other);
        for (sample, more) in melody.sound.iter_mut().zip(&later.sound) {
            *sample += more;
        }
        assert_eq!(melody.keys(), "", "{start:.1} ms");
    }
}
