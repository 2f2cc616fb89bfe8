//! Keys as RFC 4733 events, and the text tests write them in.

/// One press.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key {
    /// event code: 0 to 9, 10 for star, 11 for pound, 12 to 15 for A to D
    pub event: u8,
    /// how long it is held
    pub hold_ms: u32,
}

/// How long a key is held: what a quick finger does.
pub const HOLD_MS: u32 = 80;

/// The rest between two keys.
pub const REST_MS: u32 = 60;

/// Keys from text such as `1000#` or `*2`; anything else in it, such as blanks, is skipped.
pub fn keys(text: &str) -> Vec<Key> {
    let event = |c: char| match c {
        '0'..='9' => Some(c as u8 - b'0'),
        '*' => Some(10),
        '#' => Some(11),
        'A'..='D' => Some(c as u8 - b'A' + 12),
        _ => None,
    };
    text.chars()
        .filter_map(event)
        .map(|event| Key {
            event,
            hold_ms: HOLD_MS,
        })
        .collect()
}

/// The payloads of one key in order, a packet time apart (RFC 4733, 2.5.1): the event grows from
/// packet to packet, by a clock of `clock_hz`, and its end is told three times.
pub fn sequence(key: Key, packet_ms: u32, clock_hz: u32) -> Vec<[u8; 4]> {
    const END: u8 = 0x80;
    const LOUDNESS: u8 = 10;
    let steps = key.hold_ms.div_ceil(packet_ms).max(2);
    let payload = |step: u32, end: u8| {
        let duration = step * packet_ms * (clock_hz / 1_000);
        let [high, low] = (duration as u16).to_be_bytes();
        [key.event, end | LOUDNESS, high, low]
    };
    let mut payloads: Vec<[u8; 4]> = (1..steps).map(|step| payload(step, 0)).collect();
    payloads.extend([payload(steps, END); 3]);
    payloads
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_to_events() {
        let events: Vec<u8> = keys("10 *#D").iter().map(|k| k.event).collect();
        assert_eq!(events, [1, 0, 10, 11, 15]);
    }

    #[test]
    fn a_key_grows_and_ends_three_times() {
        let sent = sequence(
            Key {
                event: 5,
                hold_ms: 80,
            },
            20,
            8_000,
        );
        let expected = [
            [5, 10, 0, 160],
            [5, 10, 1, 64],
            [5, 10, 1, 224],
            [5, 0x8a, 2, 128],
            [5, 0x8a, 2, 128],
            [5, 0x8a, 2, 128],
        ];
        assert_eq!(sent, expected);
        assert_eq!(
            sequence(
                Key {
                    event: 5,
                    hold_ms: 80
                },
                60,
                8_000
            )
            .len(),
            4
        );
    }
}
