//! What comes in from one caller: datagrams to sound and keys. Knows no room and no mix.

use std::net::SocketAddr;

use confab_core::audio::g711::Law;
use confab_core::audio::jitter::{JitterBuffer, Taken};
use confab_core::audio::rate::{LONGEST_TICK, Rate};
use confab_core::audio::resample::{LONGEST_PAST, PAST, convert};
use confab_core::audio::rtcp::{self, Item, ReportBlock};
use confab_core::audio::rtp::Packet;
use confab_core::audio::stream::{Direction, Load, Stream};
use confab_core::audio::{Frame, NARROW_HZ, SILENCE};
use confab_dtmf::Key;
use confab_dtmf::event::{EventPayload, EventReceiver};
use confab_dtmf::inband::{Detector, Origin};

use super::aside::Over;
use super::heard::Heard;
use super::latch::Latch;
use super::life::Life;
use super::received::Received;
use super::shard::Now;
use super::srtp::{Inlet, Opener};

/// The receiving half of a line.
#[derive(Debug)]
pub(super) struct Inbound {
    /// none until media starts
    agreed: Option<(Stream, Latch)>,
    inlet: Inlet,
    jitter: Box<JitterBuffer>,
    /// that of the buffer
    rate: Rate,
    /// a tick was taken while nobody listened, and nothing is left of what was said before
    rests: bool,
    events: EventReceiver,
    /// SSRC of the key packets so far; some phones send them beside, not within, their audio
    events_from: Option<u32>,
    /// a key has come by event since media last changed
    has_sent_event: bool,
    /// a key has come as a tone
    has_sent_tone: bool,
    tones: Detector,
    /// of a line that has a higher rate: this tick at 8 kHz, and the end of the last as it came
    narrow: Frame,
    past: [i16; LONGEST_PAST],
    received: Received,
    life: Life,
    /// number of the last packet of sound
    sequence: u16,
    /// tick until which a key is taken to be down
    key_until: u64,
    lost_told: u64,
}

/// What a datagram was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Datagram {
    /// The very packet of sound that was to come next.
    Next,
    /// Other sound, or comfort noise.
    Taken,
    /// Of a key press: its first packet, the first that says it is over, both or neither.
    Event {
        pressed: Option<Key>,
        let_go: Option<Key>,
    },
    /// No RTP, from a stranger, sealed by another key, or of another kind than agreed.
    Rejected,
}

impl Inbound {
    pub(super) fn new() -> Self {
        Self {
            agreed: None,
            inlet: Inlet::default(),
            jitter: Box::new(JitterBuffer::new(Law::Mu)),
            rate: Rate::Narrow,
            rests: false,
            events: EventReceiver::new(NARROW_HZ),
            events_from: None,
            has_sent_event: false,
            has_sent_tone: false,
            tones: Detector::default(),
            narrow: SILENCE,
            past: [0; LONGEST_PAST],
            received: Received::default(),
            life: Life::default(),
            sequence: 0,
            key_until: 0,
            lost_told: 0,
        }
    }

    /// Media starts or changes. What is needed no more goes to `over`, to be freed.
    pub(super) fn set_stream(
        &mut self,
        stream: Stream,
        gear: Option<Box<JitterBuffer>>,
        now: &Now,
        over: impl FnOnce(Over),
    ) {
        let codec_before = self.jitter.codec();
        match gear {
            Some(fresh) if stream.codec != codec_before => {
                let before = std::mem::replace(&mut self.jitter, fresh);
                self.jitter.count_on(&before);
                over(Over::Jitter(before));
            }
            unused => {
                if let Some(unused) = unused {
                    over(Over::Jitter(unused));
                } else if let Some(law) = stream.codec.law()
                    && stream.codec != codec_before
                {
                    over(Over::Speech(self.jitter.reset_to(law)));
                }
            }
        }
        self.rate = self.jitter.rate();
        self.rests = false;
        self.past.fill(0);
        // A session timer asks for what is agreed already, of a gateway whose keys are known.
        let whose = |stream: &Stream| (stream.remote, stream.codec, stream.event_payload_type);
        self.has_sent_event &= self.stream().map(whose) == Some(whose(&stream));
        self.events = EventReceiver::new(stream.event_clock_hz);
        match &mut self.agreed {
            Some((before, latch)) => {
                latch.renegotiate(stream.remote, now.tick);
                if is_held(before) != is_held(&stream) {
                    self.jitter.reset();
                }
                *before = stream;
            }
            None => self.agreed = Some((stream, Latch::new(stream.remote))),
        }
        // A line that comes back from hold has all its time again.
        self.life.renew(now);
    }

    /// The peer's packets are sealed by another key from now on, or no more. Returns what is needed
    /// no more.
    pub(super) fn set_opener(
        &mut self,
        opener: Option<Box<Opener>>,
        now: &Now,
    ) -> Option<Box<Opener>> {
        self.inlet.change(opener, now.tick)
    }

    /// Once: nothing that comes is sealed by the agreed key.
    pub(super) fn opens_nothing(&mut self) -> bool {
        self.inlet.opens_nothing()
    }

    /// The rate of its sound.
    pub(super) fn rate(&self) -> Rate {
        self.rate
    }

    /// This tick at 8 kHz, as it came: without what the line did not send.
    pub(super) fn narrow<'a>(&'a self, frame: &'a [i16]) -> &'a [i16] {
        match self.rate() {
            Rate::Narrow => frame,
            Rate::Wide | Rate::Full => &self.narrow,
        }
    }

    /// This tick at 8 kHz, when it came at a higher rate.
    pub(super) fn narrowed(&self) -> Option<&[i16]> {
        (self.rate() != Rate::Narrow).then_some(&self.narrow)
    }

    pub(super) fn stream(&self) -> Option<&Stream> {
        self.agreed.as_ref().map(|(stream, _)| stream)
    }

    /// Sound is to come: media has begun, and the line is not held.
    fn is_expected(&self) -> bool {
        self.stream().is_some_and(|stream| !is_held(stream))
    }

    /// Where RTP goes, if anywhere.
    pub(super) fn target(&self) -> Option<SocketAddr> {
        self.agreed.as_ref().and_then(|(_, latch)| latch.target())
    }

    /// The only source that is believed, when that is settled.
    pub(super) fn locked(&self) -> Option<SocketAddr> {
        self.agreed.as_ref().and_then(|(_, latch)| latch.locked())
    }

    /// Once: who sends and is not believed, while nobody is, and whom the SDP names.
    pub(super) fn stranger(&mut self) -> Option<(SocketAddr, SocketAddr)> {
        self.agreed.as_mut().and_then(|(_, latch)| latch.stranger())
    }

    /// Where RTCP goes: one port above RTP when that had to be learned.
    pub(super) fn control_target(&self) -> Option<SocketAddr> {
        let (stream, latch) = self.agreed.as_ref()?;
        let target = latch.target()?;
        if target == stream.remote && stream.remote_rtcp.port() != 0 {
            return Some(stream.remote_rtcp);
        }
        Some(SocketAddr::new(target.ip(), target.port().checked_add(1)?))
    }

    /// Takes a datagram from the RTP socket.
    pub(super) fn datagram(&mut self, bytes: &mut [u8], from: SocketAddr, now: &Now) -> Datagram {
        let Some((stream, latch)) = &mut self.agreed else {
            return Datagram::Rejected;
        };
        let sealed = self.inlet.is_sealed();
        if sealed && !latch.may_be_peer(from) {
            return Datagram::Rejected;
        }
        let opened = self.inlet.rtp(bytes, now.tick);
        let plain = opened.and_then(|length| bytes.get(..length));
        let Some(Ok(packet)) = plain.map(Packet::parse) else {
            // A phone that says nothing may still show that it is there, and how is its own
            // choice: empty datagrams, STUN, reports on this port (RFC 6263, 4). One whose packets
            // cannot be opened is there as well.
            if latch.is_peer(from) {
                self.life.sign(now);
            }
            return Datagram::Rejected;
        };
        let admitted = match sealed {
            false => latch.admits(from, &packet, now.tick),
            true => latch.admits_proved(from, now.tick),
        };
        if !admitted {
            return Datagram::Rejected;
        }
        let (load, held) = (stream.load_of(packet.payload_type), is_held(stream));
        let arrival = now.clock(stream.codec.clock_hz());
        self.life.packet(self.received.is_thinned(), now);
        let (sound, heard) = (load == Some(Load::Sound), held || self.jitter.listens());
        self.received.packet(&packet, arrival, sound, heard);
        match load {
            Some(Load::Event) => self.event(&packet, now),
            Some(Load::Sound) => {
                if !held {
                    self.jitter.put(&packet);
                }
                let before = std::mem::replace(&mut self.sequence, packet.sequence);
                if packet.sequence == before.wrapping_add(1) {
                    Datagram::Next
                } else {
                    Datagram::Taken
                }
            }
            Some(Load::Noise) => {
                self.jitter.put_noise(&packet);
                self.life.pauses();
                Datagram::Taken
            }
            None => {
                self.jitter.put_silent(&packet);
                Datagram::Rejected
            }
        }
    }

    fn event(&mut self, packet: &Packet<'_>, now: &Now) -> Datagram {
        self.jitter.put_silent(packet);
        // A new source counts its timestamps anew (RFC 3550, 5.1): older ones are not stale.
        if self.events_from.replace(packet.ssrc) != Some(packet.ssrc) {
            let clock_hz = self.stream().map_or(NARROW_HZ, |s| s.event_clock_hz);
            self.events = EventReceiver::new(clock_hz);
        }
        let payload = EventPayload::parse(packet.payload);
        let ended = payload.is_some_and(|payload| payload.end);
        let tail = if ended {
            KEY_TAIL_TICKS
        } else {
            KEY_PAUSE_TICKS
        };
        // What came with the key is still to be played, as far behind as the buffer is deep.
        let behind = self.jitter.depth().div_ceil(self.rate().tick()) as u64;
        self.key_until = now.tick + tail + behind;
        self.has_sent_event |= key_of(payload).is_some();
        let was_down = self.events.is_down();
        let pressed = self.events.packet(
            packet.sequence,
            packet.timestamp,
            packet.marker,
            packet.payload,
        );
        let is_over = (was_down || pressed.is_some()) && !self.events.is_down();
        let let_go = key_of(payload).filter(|_| is_over);
        Datagram::Event { pressed, let_go }
    }

    /// Takes a datagram from the RTCP socket; false when it is no RTCP or from a stranger.
    pub(super) fn control(&mut self, bytes: &mut [u8], from: SocketAddr, now: &Now) -> bool {
        let Some((_, latch)) = &self.agreed else {
            return false;
        };
        // Who has the key is the peer, from wherever.
        if !self.inlet.is_sealed() && !latch.admits_control(from) {
            return false;
        }
        let length = self.inlet.rtcp(bytes);
        let Some(plain) = length.and_then(|length| bytes.get(..length)) else {
            return false;
        };
        let received = &mut self.received;
        let read = rtcp::read(plain, |item| {
            if let Item::Sender { ssrc, info } = item {
                received.sender_report(ssrc, info.ntp, now);
            }
        });
        if read.is_ok() {
            self.life.sign(now);
        }
        read.is_ok()
    }

    /// Whether it is listened to when its sound is `wanted` or not; where keys may come as tones it
    /// always is.
    pub(super) fn would_listen(&self, wanted: bool) -> bool {
        wanted || self.keys_may_be_tones()
    }

    /// Whether anybody wants its sound.
    pub(super) fn set_wanted(&mut self, wanted: bool) {
        let listens = self.would_listen(wanted);
        if listens || !self.rests {
            self.jitter.set_listening(listens);
        }
        self.rests &= !listens;
    }

    /// Nobody listens, and nothing is left of what was said before: no tick need be taken.
    pub(super) fn rests(&self) -> bool {
        self.rests
    }

    /// The next tick is taken, even if nobody listens.
    pub(super) fn stir(&mut self) {
        self.rests = false;
    }

    /// Whether the system lets only some of its packets of sound through from now on.
    pub(super) fn set_thinned(&mut self, thinned: bool) {
        self.received.set_thinned(thinned);
    }

    /// Once a second: the payload type of a sound that comes without a pause and is not listened
    /// to, so that most of it need not come.
    pub(super) fn needless(&mut self) -> Option<u8> {
        let sound = self.received.steady()?;
        let stream = self.stream().filter(|_| !self.jitter.listens())?;
        let is_sound = stream.load_of(sound) == Some(Load::Sound);
        (is_sound && !is_held(stream)).then_some(sound)
    }

    /// The sound of this tick: silence while the line is held, a key is down or nobody listens, and
    /// without what may be the tone of a key.
    pub(super) fn take(&mut self, frame: &mut [i16], now: &Now) -> Heard {
        if !self.is_expected() {
            frame.fill(0);
            self.narrow = SILENCE;
            self.tones.pause();
            return Heard::NOTHING;
        }
        let taken = self.jitter.take(frame);
        if !self.jitter.listens() {
            self.rest(frame, Taken::Idle);
            self.rests = true;
            return Heard::NOTHING;
        }
        let origin = match taken {
            Taken::Sound => Origin::Line,
            Taken::Concealed => Origin::MadeUp,
            Taken::Noise | Taken::Idle => {
                self.rest(frame, taken);
                return Heard {
                    taken,
                    key_is_down: now.tick < self.key_until,
                    ..Heard::NOTHING
                };
            }
        };
        let found = match self.rate() {
            Rate::Narrow => {
                let found = self.tones.hear(frame, origin);
                self.tones.cut(frame, found);
                found
            }
            rate => {
                self.make_narrow(frame, rate);
                let found = self.tones.hear(&self.narrow, origin);
                if found.tone != 0 {
                    frame.fill(0);
                    self.narrow = SILENCE;
                }
                found
            }
        };
        self.has_sent_tone |= found.key.is_some();
        let by_event = now.tick < self.key_until;
        if by_event {
            frame.fill(0);
        }
        Heard {
            taken,
            key: found.key,
            key_is_down: by_event || found.is_down,
            may_be_key: found.tone != 0 || found.begins_late,
        }
    }

    /// G.711 is cheap to listen to, and a gateway is not to be believed that keys come by events
    /// before one has, nor when one has come as a tone.
    fn keys_may_be_tones(&self) -> bool {
        let by_events = |s: &Stream| s.codec.law().is_none() && s.event_payload_type.is_some();
        self.has_sent_tone || !self.has_sent_event && !self.stream().is_some_and(by_events)
    }

    /// Nothing is being said: there is no key in it.
    fn rest(&mut self, frame: &[i16], taken: Taken) {
        self.tones.pause();
        match self.rate() {
            Rate::Narrow => {}
            rate if taken == Taken::Noise => self.make_narrow(frame, rate),
            Rate::Wide | Rate::Full => {
                self.narrow = SILENCE;
                self.past.fill(0);
            }
        }
    }

    fn make_narrow(&mut self, frame: &[i16], rate: Rate) {
        if frame.iter().all(|sample| sample.unsigned_abs() <= FAINT) {
            self.narrow = SILENCE;
        } else {
            let mut sound = [0; LONGEST_PAST + LONGEST_TICK];
            let end = LONGEST_PAST + rate.tick();
            sound[..LONGEST_PAST].copy_from_slice(&self.past);
            sound[LONGEST_PAST..end].copy_from_slice(frame);
            convert(&sound[..end], rate, Rate::Narrow, &mut self.narrow);
        }
        let past = PAST * rate.scale();
        self.past[LONGEST_PAST - past..].copy_from_slice(&frame[frame.len() - past..]);
    }

    /// Whether nothing has come for seconds, when that is news.
    pub(super) fn turns_silent(&mut self, now: &Now) -> Option<bool> {
        self.life.turns_silent(self.is_expected(), now)
    }

    /// Whether, for the first time, nothing has come for so long that the line must be dead.
    /// A held line owes us nothing.
    pub(super) fn has_died(&mut self, dead_ticks: u64, now: &Now) -> bool {
        self.life.has_died(self.is_expected(), dead_ticks, now)
    }

    /// What is to be told of the peer's stream.
    pub(super) fn report(&mut self, now: &Now) -> Option<ReportBlock> {
        self.received.report(now)
    }

    /// Packets lost or late since this was last asked.
    pub(super) fn take_lost(&mut self) -> u64 {
        let stats = self.jitter.stats();
        let lost = stats.lost + stats.late + self.received.missed();
        let fresh = lost.saturating_sub(self.lost_told);
        self.lost_told += fresh;
        fresh
    }

    /// A line that moves to another shard meets another count of ticks.
    pub(super) fn move_to(&mut self, left: &Now, now: &Now) {
        self.life.move_to(now);
        self.key_until = now.tick + self.key_until.saturating_sub(left.tick);
        if let Some((_, latch)) = &mut self.agreed {
            latch.move_to(left.tick, now.tick);
        }
        self.inlet.move_to(left.tick, now.tick);
    }
}

fn key_of(payload: Option<EventPayload>) -> Option<Key> {
    payload.and_then(|payload| Key::from_event(payload.event))
}

/// Only a line that speaks and listens is in the conversation: what one on hold sends is the
/// music of its own exchange.
fn is_held(stream: &Stream) -> bool {
    stream.direction != Direction::SendRecv || stream.remote.ip().is_unspecified()
}

/// A peak 66 dB down: G.722 makes a little noise of nothing, and no key is so soft.
const FAINT: u16 = 16;
/// Between two packets of a key that is down: phones send one every 20 to 50 ms.
const KEY_PAUSE_TICKS: u64 = 5;
/// After a key: the tail of its tone that a gateway may have let through.
const KEY_TAIL_TICKS: u64 = 2;
