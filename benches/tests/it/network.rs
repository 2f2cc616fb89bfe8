//! `network` on a quarter of a minute of speech: the core's jitter buffer against bounds of its own
//! and against NetEq, by the figures that need no PESQ; losses only with the fuller codecs. Every
//! run gives the same figures.

use crate::figures::Figures;

/// Network; the most that may be spoilt, in per cent; the longest mean delay, in milliseconds.
const BOUNDS: &[(&str, f64, f64)] = &[
    ("clean", 0.0, 0.0),
    ("loss-1", 2.5, 1.0),
    ("loss-3", 4.0, 1.0),
    ("loss-5", 6.5, 1.0),
    ("loss-10", 15.0, 3.0),
    ("bursts-1", 1.5, 1.0),
    ("bursts-3", 3.5, 1.0),
    ("bursts-5", 4.0, 1.0),
    ("bursts-10", 5.5, 1.0),
    ("jitter-5", 0.0, 0.0),
    ("jitter-20", 0.0, 20.0),
    ("jitter-50", 0.0, 70.0),
    ("jitter-100", 0.0, 102.0),
    ("jitter-200", 0.5, 210.0),
    ("jitter-stops", 0.0, 90.0),
    ("reorder", 2.0, 42.0),
    ("wifi-sleeps", 1.5, 165.0),
    ("wifi-bumps", 2.5, 270.0),
    ("packets-10", 0.5, 32.0),
    ("packets-30", 0.0, 40.0),
    ("packets-40", 0.0, 21.0),
    ("packets-60", 0.0, 21.0),
    ("drift+300", 0.0, 5.0),
    ("drift-300", 0.6, 12.0),
    ("bad", 4.0, 88.0),
];

#[test]
fn speech_comes_through_bad_networks() {
    let figures = Figures::measure(env!("CARGO_BIN_EXE_network"), &[]);
    for &(network, most_spoilt, most_delay_ms) in BOUNDS {
        let spoilt = figures.of(network, "confab", "spoilt_percent");
        let delay_ms = figures.of(network, "confab", "delay_mean_ms");
        assert!(spoilt <= most_spoilt, "{network}: {spoilt} % spoilt");
        assert!(delay_ms <= most_delay_ms, "{network}: {delay_ms} ms");
        // Bumps as long as our buffer may be deep are played whole by a deeper one.
        let beside = figures.of(network, "neteq", "spoilt_percent");
        assert!(
            spoilt <= beside || network == "wifi-bumps",
            "{network}: {spoilt} % spoilt, NetEq {beside} %"
        );
        let (whole, of_it) = (
            figures.of(network, "confab", "whole_percent"),
            figures.of(network, "neteq", "whole_percent"),
        );
        assert!(
            whole >= of_it || network == "wifi-bumps",
            "{network}: {whole} % came whole, of NetEq {of_it} %"
        );
    }
    // The measure sees what is known to be there.
    let plain = |figure| figures.of("clean", "fixed-60", figure);
    assert_eq!(plain("delay_mean_ms"), 60.0);
    assert_eq!(plain("spoilt_percent"), 0.0);
    let of_losses = figures.of("loss-10", "fixed-60", "spoilt_percent");
    assert!((8.0..20.0).contains(&of_losses), "{of_losses} %");
}

/// How much is spoilt, and how much of what was said is not there at all, in per cent at most.
struct Losses {
    network: &'static str,
    spoilt: f64,
    holes: f64,
}

const fn losses(network: &'static str, spoilt: f64, holes: f64) -> Losses {
    Losses {
        network,
        spoilt,
        holes,
    }
}

impl Losses {
    fn check(&self, figures: &Figures) {
        let network = self.network;
        let spoilt = figures.of(network, "confab", "spoilt_percent");
        assert!(spoilt <= self.spoilt, "{network}: {spoilt} % spoilt");
        let holes = figures.of(network, "confab", "holes_percent");
        assert!(holes <= self.holes, "{network}: holes in {holes} %");
    }
}

#[test]
fn lost_packets_of_g722_are_concealed() {
    let asked = ["--codec", "g722", "--only", "loss"];
    let figures = Figures::measure(env!("CARGO_BIN_EXE_network"), &asked);
    for losses in [
        losses("loss-1", 4.0, 0.6),
        losses("loss-3", 6.0, 1.0),
        losses("loss-5", 8.5, 1.8),
        losses("loss-10", 20.0, 3.2),
    ] {
        losses.check(&figures);
        let delay_ms = figures.of(losses.network, "confab", "delay_mean_ms");
        assert!(delay_ms <= 2.0, "{}: {delay_ms} ms", losses.network);
    }
}

#[test]
fn lost_packets_of_opus_are_concealed_or_made_of_the_next() {
    let bin = env!("CARGO_BIN_EXE_network");
    let alone = Figures::measure(bin, &["--codec", "opus", "--only", "loss"]);
    let repeated = Figures::measure(bin, &["--codec", "opus", "--fec", "10", "--only", "loss"]);
    for (alone_bounds, repeated_bounds) in [
        (losses("loss-1", 4.0, 1.5), losses("loss-1", 1.5, 1.6)),
        (losses("loss-3", 5.5, 1.8), losses("loss-3", 2.5, 1.5)),
        (losses("loss-5", 6.5, 1.8), losses("loss-5", 3.0, 1.0)),
        (losses("loss-10", 17.0, 3.8), losses("loss-10", 5.0, 1.3)),
    ] {
        alone_bounds.check(&alone);
        repeated_bounds.check(&repeated);
        let network = alone_bounds.network;
        let of = |figures: &Figures, figure| figures.of(network, "confab", figure);
        let share = of(&repeated, "recovered") / of(&repeated, "lost");
        assert!(share >= 0.6, "{network}: {share} of the lost recovered");
        assert_eq!(of(&alone, "recovered"), 0.0, "{network}");
        // A packet more is held, and no more than that.
        let delay_ms = of(&repeated, "delay_mean_ms");
        assert!(
            (15.0..=21.0).contains(&delay_ms),
            "{network}: {delay_ms} ms"
        );
        assert!(of(&alone, "delay_mean_ms") <= 1.0, "{network}");
    }
}
