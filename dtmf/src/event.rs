//! Keys inside RTP: the telephone-event payload of RFC 4733, and a receiver that makes one [`Key`]
//! of the many packets of one press.
//!
//! A press is told at its first packet that arrives, whichever of them that is:
//!
//! ```text
//! ms      0    20    40    60    80   100
//! event   5     5     5     5E    5E    5E     E: end bit
//! ts      T     T     T     T     T     T      one press, one RTP timestamp
//! dur   160   320   480   640   640   640
//!         ^ Key 5        any of the others may be lost, doubled or late
//! ```
//!
//! Phones that leave the timestamp as it is from one press to the next are understood by the order
//! of sequence numbers: after the end of a press nothing that was sent later belongs to it.
//!
//! Knows no socket and no clock: RTP timestamps are the only time here.

use crate::Key;

/// One telephone-event payload (RFC 4733, 2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventPayload {
    /// event code; 0 to 15 are keys
    pub event: u8,
    /// the key has been let go
    pub end: bool,
    /// loudness of the tone it stands for: 0 to 63, in -dBm0
    pub volume: u8,
    /// for how long the key has been down, in units of the RTP clock
    pub duration: u16,
}

impl EventPayload {
    /// Reads a payload; none when it is shorter than four bytes. What follows them is ignored.
    pub fn parse(payload: &[u8]) -> Option<Self> {
        let [event, flags, high, low, ..] = *payload else {
            return None;
        };
        Some(Self {
            event,
            end: flags & 0x80 != 0,
            volume: flags & 0x3f,
            duration: u16::from_be_bytes([high, low]),
        })
    }

    /// The four bytes to send; the reserved bit is zero.
    pub fn to_bytes(self) -> [u8; 4] {
        let [high, low] = self.duration.to_be_bytes();
        let flags = u8::from(self.end) << 7 | self.volume.min(63);
        [self.event, flags, high, low]
    }
}

impl Key {
    /// The key of an event code (RFC 4733, 3.2); none for events that are no keys.
    pub fn from_event(event: u8) -> Option<Self> {
        match event {
            0..=9 => Some(Key::Digit(event)),
            10 => Some(Key::Star),
            11 => Some(Key::Pound),
            12..=15 => Some(Key::Letter(event - 12)),
            _ => None,
        }
    }

    /// Its event code.
    pub fn event(self) -> u8 {
        match self {
            Key::Digit(digit) => digit.min(9),
            Key::Star => 10,
            Key::Pound => 11,
            Key::Letter(letter) => 12 + letter.min(3),
        }
    }
}

/// Makes keys of the telephone-event packets of one RTP stream.
#[derive(Clone, Debug)]
pub struct EventReceiver {
    newest: Option<Press>,
    shortest_gap: u32,
    memory: u32,
}

#[derive(Clone, Copy, Debug)]
struct Press {
    timestamp: u32,
    /// highest sequence number of its packets
    sequence: u16,
    event: u8,
    duration: u16,
    ended: bool,
}

impl EventReceiver {
    /// A receiver for a stream with this RTP clock, in Hz (`telephone-event/8000`: 8000).
    pub fn new(clock_hz: u32) -> Self {
        Self {
            newest: None,
            shortest_gap: clock_hz / 1_000 * SHORTEST_REPEAT_MS,
            memory: clock_hz.saturating_mul(MEMORY_S),
        }
    }

    /// Whether the newest press goes on: no packet has said that it is over.
    pub fn is_down(&self) -> bool {
        self.newest.is_some_and(|press| !press.ended)
    }

    /// Takes one packet: its RTP sequence number, timestamp, marker bit and payload. A key comes
    /// out exactly once a press. Anything that is not a telephone-event payload is ignored.
    pub fn packet(
        &mut self,
        sequence: u16,
        timestamp: u32,
        marker: bool,
        payload: &[u8],
    ) -> Option<Key> {
        let payload = EventPayload::parse(payload)?;
        let now = Press {
            timestamp,
            sequence,
            event: payload.event,
            duration: payload.duration,
            ended: payload.end,
        };
        match &mut self.newest {
            Some(newest) if is_stale(newest, &now, self.memory) => None,
            Some(newest) if is_same_press(newest, &now, marker, self.shortest_gap) => {
                newest.take(&now);
                None
            }
            _ => {
                self.newest = Some(now);
                Key::from_event(payload.event)
            }
        }
    }
}

impl Press {
    /// Takes note of another packet of the same press.
    fn take(&mut self, now: &Self) {
        if self.timestamp == now.timestamp {
            self.duration = self.duration.max(now.duration);
        } else {
            (self.timestamp, self.duration) = (now.timestamp, now.duration);
        }
        if is_later(self, now) {
            self.sequence = now.sequence;
        }
        self.ended |= now.ended;
    }
}

/// Whether the packet was sent after all that are known of the newest press.
fn is_later(newest: &Press, now: &Press) -> bool {
    (now.sequence.wrapping_sub(newest.sequence) as i16) > 0
}

/// A packet of a press before the newest one: told already, or too late to be told, since digits in
/// the wrong order are worse than a missing one. Farther back than the memory the sender has begun
/// a new clock instead.
fn is_stale(newest: &Press, now: &Press, memory: u32) -> bool {
    let age = newest.timestamp.wrapping_sub(now.timestamp);
    age != 0 && age <= memory && !is_later(newest, now)
        // a press that was told before one of the same timestamp
        || age == 0 && now.event != newest.event && !is_later(newest, now)
}

fn is_same_press(newest: &Press, now: &Press, marker: bool, shortest_gap: u32) -> bool {
    if now.event != newest.event {
        return false;
    }
    let ahead = now.timestamp.wrapping_sub(newest.timestamp);
    if ahead == 0 {
        let begins_anew = newest.ended && !now.ended || marker && now.duration < newest.duration;
        return !(is_later(newest, now) && begins_anew);
    }
    // No press can begin while the one before it is still down. What seems to is a further
    // segment of a key held for longer than the field can say (RFC 4733, 2.5.1.3), or comes
    // from a gateway that moves the timestamp on with each packet of a press.
    let still_down = ahead <= u32::from(newest.duration).max(shortest_gap);
    !marker && still_down
}

/// Nobody, and no dialler (ITU-T Q.24: 40 ms of tone, 40 ms of pause), begins the same key twice
/// within this time.
const SHORTEST_REPEAT_MS: u32 = 50;

/// A packet may come this late and still be known as an old one.
const MEMORY_S: u32 = 5;

#[cfg(test)]
mod tests {
    use super::*;

    /// One packet as `event timestamp duration [M] [E] [#sequence]`; without a number of its own it
    /// was sent in the place it comes in.
    fn feed(receiver: &mut EventReceiver, place: usize, packet: &str) -> Option<Key> {
        let words: Vec<&str> = packet.split_whitespace().collect();
        let payload = EventPayload {
            event: Key::from_char(words[0].chars().next().unwrap())
                .unwrap()
                .event(),
            end: words.contains(&"E"),
            volume: 10,
            duration: words[2].parse().unwrap(),
        };
        let timestamp = words[1].parse().unwrap();
        let own = words.iter().find_map(|word| word.strip_prefix('#'));
        let sequence = own.map_or(65_530u16.wrapping_add(place as u16), |number| {
            65_530u16.wrapping_add(number.parse().unwrap())
        });
        receiver.packet(
            sequence,
            timestamp,
            words.contains(&"M"),
            &payload.to_bytes(),
        )
    }

    fn check(packets: &[&str], keys: &str) {
        let mut receiver = EventReceiver::new(8_000);
        let told: String = packets
            .iter()
            .enumerate()
            .filter_map(|(place, packet)| feed(&mut receiver, place, packet))
            .map(Key::as_char)
            .collect();
        assert_eq!(told, keys, "{packets:?}");
    }

    #[test]
    fn one_key_a_press() {
        check(
            &[
                "5 1000 160 M",
                "5 1000 320",
                "5 1000 480 E",
                "5 1000 480 E",
                "5 1000 480 E",
            ],
            "5",
        );
        check(
            &[
                "1 1000 160 M",
                "1 1000 320 E",
                "2 2000 160 M",
                "2 2000 320 E",
            ],
            "12",
        );
        check(
            &[
                "1 1000 160 M",
                "1 1000 320 E",
                "1 2000 160 M",
                "1 2000 320 E",
            ],
            "11",
        );
    }

    #[test]
    fn a_press_goes_on_until_a_packet_of_it_says_that_it_is_over() {
        let mut receiver = EventReceiver::new(8_000);
        assert!(!receiver.is_down());
        for (place, (packet, is_down)) in [
            ("5 1000 160 M", true),
            ("5 1000 20000", true),
            ("5 1000 20160 E", false),
            ("5 1000 20160 E", false),
            ("5 1000 320 #1", false),
            ("6 30000 160 M", true),
            ("5 1000 20160 E #3", true),
            ("7 35000 160 M E", false),
        ]
        .into_iter()
        .enumerate()
        {
            feed(&mut receiver, place, packet);
            assert_eq!(receiver.is_down(), is_down, "{packet}");
        }
    }

    #[test]
    fn any_packet_may_be_lost() {
        check(&["5 1000 480 E"], "5");
        check(&["5 1000 320"], "5");
        check(&["5 1000 160 M", "5 2600 160 M"], "55");
        check(&["5 1000 160 M", "5 2600 480 E"], "55");
        check(&["1 1000 160 M", "2 2600 320"], "12");
    }

    #[test]
    fn repeated_and_reordered_packets_make_no_key() {
        check(
            &[
                "5 1000 320 #1",
                "5 1000 160 M #0",
                "5 1000 480 E #2",
                "5 1000 160 M #0",
                "5 1000 320 #1",
            ],
            "5",
        );
        check(
            &[
                "1 1000 160 M #0",
                "2 2600 160 M #3",
                "1 1000 480 E #2",
                "2 2600 320 E #4",
            ],
            "12",
        );
        check(
            &["2 2600 160 M #5", "1 1000 480 E #3", "1 1000 480 E #4"],
            "2",
        );
    }

    #[test]
    fn timestamps_wrap_and_clocks_start_anew() {
        check(
            &[
                "1 4294967200 160 M",
                "1 4294967200 320 E",
                "2 1000 160 M",
                "2 1000 320 E",
            ],
            "12",
        );
        check(
            &[
                "1 3000000000 160 M",
                "1 3000000000 320 E",
                "1 17 160 M",
                "1 17 320 E",
            ],
            "11",
        );
    }

    #[test]
    fn a_key_held_for_ever_is_one_press() {
        check(
            &[
                "5 1000 160 M",
                "5 1000 65535",
                "5 66535 160",
                "5 66535 65535",
                "5 132070 9 E",
            ],
            "5",
        );
        check(&["5 1000 65535 M", "5 66535 160 M"], "55");
    }

    #[test]
    fn a_gateway_that_moves_the_timestamp_presses_once() {
        check(
            &[
                "5 1000 0 M",
                "5 1160 160",
                "5 1320 320",
                "5 1480 480 E",
                "5 1640 480 E",
            ],
            "5",
        );
        check(
            &[
                "5 1000 0 M",
                "5 1160 160",
                "5 1320 320 E",
                "5 2600 0 M",
                "5 2760 160",
            ],
            "55",
        );
    }

    #[test]
    fn a_phone_that_keeps_its_timestamp_presses_as_often_as_it_does() {
        check(
            &[
                "5 1000 160 M",
                "5 1000 320 E",
                "5 1000 320 E",
                "5 1000 160 M",
                "5 1000 320 E",
            ],
            "55",
        );
        check(&["5 1000 160 M", "5 1000 320 E", "5 1000 160"], "55");
        check(&["5 1000 320", "5 1000 160 M"], "55");
        check(&["5 1000 320 E", "6 1000 160 M", "6 1000 320 E"], "56");
        check(
            &[
                "5 1000 320 E #1",
                "6 1000 160 M #3",
                "5 1000 320 E #2",
                "6 1000 320 E #4",
            ],
            "56",
        );
    }

    #[test]
    fn a_phone_that_marks_every_packet_presses_once() {
        check(&["5 1000 160 M", "5 1000 320 M", "5 1000 480 M E"], "5");
    }

    #[test]
    fn quick_presses_of_one_key() {
        // 40 ms of tone, 40 ms of pause, and of each only one packet arrives
        for (first, second) in [
            ("5 1000 160 M", "5 1640 320 E"),
            ("5 1000 320 E", "5 1640 160 M"),
            ("5 1000 320 E", "5 1640 320 E"),
            ("5 1000 160 M", "5 1640 160 M"),
        ] {
            check(&[first, second], "55");
        }
        check(
            &[
                "5 4294966976 160 M",
                "5 4294966976 320 E",
                "5 320 160 M",
                "5 320 320 E",
            ],
            "55",
        );
    }

    #[test]
    fn what_is_no_key_is_no_key() {
        let mut receiver = EventReceiver::new(8_000);
        assert_eq!(receiver.packet(1, 1, true, &[]), None);
        assert_eq!(receiver.packet(2, 1, true, &[5, 0, 0]), None);
        assert_eq!(
            receiver.packet(3, 1, true, &[16, 0, 0, 160]),
            None,
            "a hook flash"
        );
        assert_eq!(
            receiver.packet(4, 900, true, &[5, 0, 0, 160, 7, 7]),
            Some(Key::Digit(5))
        );
    }

    #[test]
    fn payloads_survive_the_wire() {
        for end in [false, true] {
            let payload = EventPayload {
                event: 11,
                end,
                volume: 63,
                duration: 0x1234,
            };
            assert_eq!(EventPayload::parse(&payload.to_bytes()), Some(payload));
        }
        assert_eq!(
            EventPayload::parse(&[11, 0xff, 0, 1]).map(|p| p.volume),
            Some(63)
        );
        for event in 0..16 {
            assert_eq!(Key::from_event(event).map(Key::event), Some(event));
        }
    }
}
