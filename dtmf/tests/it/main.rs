//! Rules about keys that hold for any packets, bodies, keys and times.
#![allow(clippy::unwrap_used)]

mod inband;

use confab_dtmf::Key;
use confab_dtmf::collector::Collector;
use confab_dtmf::event::{EventPayload, EventReceiver};
use confab_dtmf::info::key_of_info;
use confab_dtmf::layout::Layout;
use confab_dtmf::merge::{Merger, Source};
use proptest::prelude::*;

/// One press on the wire: its event code and the packets of it that arrive, as indexes, each with
/// how many presses later it comes at most; the network may double and swap them.
#[derive(Clone, Debug)]
struct Press {
    event: u8,
    packets: u32,
    arrive: Vec<(usize, f64)>,
    pause_ms: u32,
}

fn press() -> impl Strategy<Value = Press> {
    (0..16_u8, 2..20_u32, 40..2_000_u32).prop_flat_map(|(event, packets, pause_ms)| {
        let sent = packets as usize + 2;
        proptest::collection::vec((0..sent, 0.0..2.0), 1..12).prop_map(move |arrive| Press {
            event,
            packets,
            arrive,
            pause_ms,
        })
    })
}

/// A packet that arrives: when, counted in presses, and what it is.
type Arrival = (f64, u16, u32, bool, [u8; 4]);

/// The packets of all presses in the order they arrive: the first of each press in the order they
/// were keyed, all others whenever they like after it.
fn arrivals(presses: &[Press], start: u32) -> Vec<Arrival> {
    let (mut timestamp, mut sequence) = (start, start as u16);
    let mut arrivals = Vec::new();
    for (number, press) in presses.iter().enumerate() {
        for (place, &(index, late)) in press.arrive.iter().enumerate() {
            let index = index as u32;
            let sent = EventPayload {
                event: press.event,
                end: index + 1 >= press.packets,
                volume: 10,
                duration: (160 * (index + 1).min(press.packets)) as u16,
            };
            let at = number as f64 + if place == 0 { 0.0 } else { late };
            let sequence = sequence.wrapping_add(index as u16);
            arrivals.push((at, sequence, timestamp, index == 0, sent.to_bytes()));
        }
        sequence = sequence.wrapping_add(press.packets as u16 + 2);
        timestamp = timestamp.wrapping_add(160 * press.packets + 8 * press.pause_ms);
    }
    arrivals.sort_by(|a, b| a.0.total_cmp(&b.0));
    arrivals
}

fn key() -> impl Strategy<Value = Key> {
    (0..16_u8).prop_map(|event| Key::from_event(event).unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// As long as one packet of a press arrives, it is one key.
    #[test]
    fn a_press_is_a_key(
        start in any::<u32>(),
        presses in proptest::collection::vec(press(), 1..20),
    ) {
        let mut receiver = EventReceiver::new(8_000);
        let told: Vec<Key> = arrivals(&presses, start)
            .into_iter()
            .filter_map(|(_, sequence, timestamp, marker, payload)| {
                receiver.packet(sequence, timestamp, marker, &payload)
            })
            .collect();
        let pressed: Vec<Key> =
            presses.iter().map(|press| Key::from_event(press.event).unwrap()).collect();
        prop_assert_eq!(told, pressed);
    }

    /// A stranger's bytes do no harm.
    #[test]
    fn any_bytes(
        packets in proptest::collection::vec(
            (
                any::<u16>(),
                any::<u32>(),
                any::<bool>(),
                proptest::collection::vec(any::<u8>(), 0..8),
            ),
            0..40,
        ),
        content_type in ".{0,30}",
        body in proptest::collection::vec(any::<u8>(), 0..300),
    ) {
        let mut receiver = EventReceiver::new(8_000);
        for (sequence, timestamp, marker, payload) in packets {
            receiver.packet(sequence, timestamp, marker, &payload);
        }
        key_of_info(&content_type, &body);
        key_of_info("application/dtmf-relay", &body);
        key_of_info("application/dtmf", &body);
    }

    /// Whatever was keyed before, after a pause each command is understood; and nothing stays
    /// unfinished past its deadline.
    #[test]
    fn commands_after_a_pause(
        before in proptest::collection::vec((0..6_000_u64, key()), 0..30),
        wanted in 0..Layout::openvoice().entries().len(),
    ) {
        let layout = Layout::openvoice();
        let mut collector = Collector::new(layout.clone());
        let mut now_ms = 0;
        for (later_ms, key) in before {
            now_ms += later_ms;
            collector.key(now_ms, key);
            prop_assert!(collector.deadline().is_none_or(|deadline_ms| deadline_ms > now_ms));
        }
        now_ms += 4_000;
        collector.expire(now_ms);
        prop_assert_eq!(collector.deadline(), None);
        let entry = &layout.entries()[wanted];
        let keys = entry.keys.chars().map(|c| Key::from_char(c).unwrap());
        let told: Vec<_> = keys.filter_map(|key| collector.key(now_ms, key)).collect();
        prop_assert_eq!(told, [entry.command]);
    }

    /// A phone that sends each press all three ways, the copies some time later and INFO only when
    /// the key is let go, presses once, however long.
    #[test]
    fn all_ways_count_once(
        lag_ms in 0..2_000_u64,
        tone_ms in 0..400_u64,
        presses in proptest::collection::vec((50..9_000_u64, 50..2_000_u64, key()), 1..20),
    ) {
        let mut arrivals = Vec::new();
        let mut now_ms = 0;
        for (held_ms, pause_ms, key) in &presses {
            arrivals.push((now_ms, *key, Some(Source::Event)));
            arrivals.push((now_ms + tone_ms, *key, Some(Source::InBand)));
            now_ms += held_ms;
            arrivals.push((now_ms, *key, None));
            arrivals.push((now_ms + lag_ms, *key, Some(Source::Info)));
            now_ms += pause_ms;
        }
        arrivals.sort_by_key(|(at_ms, ..)| *at_ms);
        let mut merger = Merger::new();
        let mut counted = 0;
        for (at_ms, key, source) in arrivals {
            match source {
                Some(source) => counted += usize::from(merger.accept(at_ms, key, source, 0)),
                None => merger.let_go(at_ms, key),
            }
        }
        prop_assert_eq!(counted, presses.len());
    }
}
