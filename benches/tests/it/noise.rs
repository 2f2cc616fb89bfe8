//! `noise` on a quarter of a minute of speech: the core's suppressor against bounds of its own, by
//! the figures that need no PESQ. Every run gives the same figures.

use crate::figures::Figures;

/// Noise; the least by which speech stands out more than before, and the most that the noise in the
/// pauses is of what came, both in decibels.
const BOUNDS: &[(&str, f64, f64)] = &[
    ("white-0", 6.5, -14.0),
    ("white-5", 5.8, -14.0),
    ("white-10", 5.0, -14.0),
    ("white-20", 2.6, -14.0),
    ("fan-0", 5.3, -12.0),
    ("fan-5", 4.7, -12.0),
    ("fan-10", 4.5, -12.0),
    ("fan-20", 4.0, -12.0),
    // other voices are no noise to it
    ("babble-0", 2.8, -5.0),
    ("babble-5", 1.9, -5.0),
    ("babble-10", 1.5, -5.0),
    ("babble-20", 1.0, -5.0),
];

#[test]
fn speech_stands_out_of_noise() {
    let figures = Figures::measure(env!("CARGO_BIN_EXE_noise"), &[]);
    let of = |noise: &str, cleaner: &str, figure: &str| figures.of(noise, cleaner, figure);
    for &(noise, gains_db, pauses_db) in BOUNDS {
        let figure = |cleaner: &str| of(noise, cleaner, "speech_over_rest_db");
        let gained = figure("confab") - figure("as-it-came");
        assert!(gained >= gains_db, "{noise}: {gained} dB gained");
        let left = of(noise, "confab", "pauses_db");
        assert!(left <= pauses_db, "{noise}: {left} dB left in pauses");
    }
    let untouched = of("none", "confab", "speech_over_rest_db");
    assert!(untouched > 28.0, "speech alone: {untouched} dB");
    // The measure sees what is known to be there.
    let told = of("white-10", "as-it-came", "speech_over_rest_db");
    assert!((8.0..12.0).contains(&told), "{told} dB");
}
