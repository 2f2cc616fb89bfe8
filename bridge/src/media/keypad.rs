//! One line's keys: by which way they come, and whether one is down. Hears no tone itself.

use confab_core::audio::NARROW_HZ;
use confab_core::audio::rtp::Packet;
use confab_core::audio::stream::{Codec, Stream};
use confab_dtmf::Key;
use confab_dtmf::event::{EventPayload, EventReceiver};

use super::shard::Now;

/// See the module.
#[derive(Debug)]
pub(super) struct Keypad {
    events: EventReceiver,
    clock_hz: u32,
    /// SSRC of the key packets so far; some phones send them beside, not within, their audio
    events_from: Option<u32>,
    /// a key has come by event since media last changed
    has_sent_event: bool,
    /// a key has come as a tone
    has_sent_tone: bool,
    /// tick until which a key is taken to be down
    until: u64,
}

impl Keypad {
    pub(super) fn new() -> Self {
        Self {
            events: EventReceiver::new(NARROW_HZ),
            clock_hz: NARROW_HZ,
            events_from: None,
            has_sent_event: false,
            has_sent_tone: false,
            until: 0,
        }
    }

    /// Media starts or changes: it comes from the `same` place in the same way, or not.
    pub(super) fn set_stream(&mut self, stream: &Stream, same: bool) {
        self.has_sent_event &= same;
        self.clock_hz = stream.event_clock_hz;
        self.events = EventReceiver::new(self.clock_hz);
    }

    /// Takes a packet of a key, beside which sound of `behind` ticks is still to be played: a key
    /// when this is its first, and when this is the first that says that it is over.
    pub(super) fn packet(
        &mut self,
        packet: &Packet<'_>,
        behind: u64,
        now: &Now,
    ) -> (Option<Key>, Option<Key>) {
        // A new source counts its timestamps anew (RFC 3550, 5.1): older ones are not stale.
        if self.events_from.replace(packet.ssrc) != Some(packet.ssrc) {
            self.events = EventReceiver::new(self.clock_hz);
        }
        let payload = EventPayload::parse(packet.payload);
        let ended = payload.is_some_and(|payload| payload.end);
        let tail = if ended { TAIL_TICKS } else { PAUSE_TICKS };
        self.until = now.tick + tail + behind;
        self.has_sent_event |= key_of(payload).is_some();
        let was_down = self.events.is_down();
        let pressed = self.events.packet(
            packet.sequence,
            packet.timestamp,
            packet.marker,
            packet.payload,
        );
        let is_over = (was_down || pressed.is_some()) && !self.events.is_down();
        (pressed, key_of(payload).filter(|_| is_over))
    }

    /// A key has come as a tone.
    pub(super) fn has_sent_tone(&mut self) {
        self.has_sent_tone = true;
    }

    /// A key is taken to be down, by what its events tell.
    pub(super) fn is_down(&self, now: &Now) -> bool {
        now.tick < self.until
    }

    /// A gateway, which speaks G.711 or G.722, is not to be believed that keys come by events
    /// before one has, nor is anybody when one has come as a tone.
    pub(super) fn may_be_tones(&self, stream: Option<&Stream>) -> bool {
        let by_events = |s: &Stream| s.codec == Codec::Opus && s.event_payload_type.is_some();
        self.has_sent_tone || !self.has_sent_event && !stream.is_some_and(by_events)
    }

    /// Its line goes to a shard with another count of ticks.
    pub(super) fn move_to(&mut self, left: &Now, now: &Now) {
        self.until = now.tick + self.until.saturating_sub(left.tick);
    }
}

fn key_of(payload: Option<EventPayload>) -> Option<Key> {
    payload.and_then(|payload| Key::from_event(payload.event))
}

/// Between two packets of a key that is down: phones send one every 20 to 50 ms.
const PAUSE_TICKS: u64 = 5;
/// After a key: the tail of its tone that a gateway may have let through.
const TAIL_TICKS: u64 = 2;
