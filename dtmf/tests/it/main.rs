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

/// One press on the wire: its event code and the packets of it that arrive, as indexes; the
/// network may double and swap them.
#[derive(Clone, Debug)]
struct Press {
    event: u8,
    packets: u32,
    arrive: Vec<usize>,
    pause_ms: u32,
}

fn press() -> impl Strategy<Value = Press> {
    (0..16_u8, 2..20_u32, 80..2_000_u32).prop_flat_map(|(event, packets, pause_ms)| {
        let sent = packets as usize + 2;
        proptest::collection::vec(0..sent, 1..12).prop_map(move |arrive| Press {
            event,
            packets,
            arrive,
            pause_ms,
        })
    })
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
        let mut timestamp = start;
        let mut told = Vec::new();
        for press in &presses {
            for &index in &press.arrive {
                let index = index as u32;
                let sent = EventPayload {
                    event: press.event,
                    end: index + 1 >= press.packets,
                    volume: 10,
                    duration: (160 * (index + 1).min(press.packets)) as u16,
                };
                told.extend(receiver.packet(timestamp, index == 0, &sent.to_bytes()));
            }
            timestamp = timestamp.wrapping_add(160 * press.packets + 8 * press.pause_ms);
        }
        let pressed: Vec<Key> =
            presses.iter().map(|press| Key::from_event(press.event).unwrap()).collect();
        prop_assert_eq!(told, pressed);
    }

    /// A stranger's bytes do no harm.
    #[test]
    fn any_bytes(
        packets in proptest::collection::vec(
            (any::<u32>(), any::<bool>(), proptest::collection::vec(any::<u8>(), 0..8)), 0..40),
        content_type in ".{0,30}",
        body in proptest::collection::vec(any::<u8>(), 0..300),
    ) {
        let mut receiver = EventReceiver::new(8_000);
        for (timestamp, marker, payload) in packets {
            receiver.packet(timestamp, marker, &payload);
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

    /// A phone that sends each press both ways, the second copy some time later, presses once.
    #[test]
    fn both_ways_count_once(
        lag_ms in 0..2_000_u64,
        presses in proptest::collection::vec((100..3_000_u64, key()), 1..20),
    ) {
        let mut arrivals = Vec::new();
        let mut now_ms = 0;
        for (later_ms, key) in &presses {
            now_ms += later_ms;
            arrivals.push((now_ms, *key, Source::Event));
            arrivals.push((now_ms + lag_ms, *key, Source::Info));
        }
        arrivals.sort_by_key(|(at_ms, ..)| *at_ms);
        let mut merger = Merger::new();
        let counted =
            arrivals.iter().filter(|(at_ms, key, source)| merger.accept(*at_ms, *key, *source));
        prop_assert_eq!(counted.count(), presses.len());
    }
}
