//! What comes in from one caller: datagrams to sound and keys. Knows no room and no mix.

mod doze;

use std::net::SocketAddr;

use confab_core::audio::g711::Law;
use confab_core::audio::jitter::{JitterBuffer, Taken};
use confab_core::audio::rate::Rate;
use confab_core::audio::rtcp::{self, Item, ReportBlock};
use confab_core::audio::rtp::{HEADER_LEN, Packet};
use confab_core::audio::stream::{Direction, Load, Stream};
use confab_dtmf::Key;
use confab_dtmf::inband::{Detector, Origin};

use super::aside::Over;
use super::heard::Heard;
use super::keypad::Keypad;
use super::latch::Latch;
use super::life::Life;
use super::narrow::Narrow;
use super::received::Received;
use super::shard::Now;
use super::sieve::Needless;
use super::srtp::{Inlet, Opener};
use super::still::Stillness;

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
    /// what is like the last packets need not be decoded
    dozes: bool,
    stillness: Stillness,
    /// since it is listened to it has said nothing
    has_said_nothing: bool,
    keypad: Keypad,
    tones: Detector,
    /// of a line that has a higher rate
    narrow: Narrow,
    received: Received,
    life: Life,
    /// number of the last packet of sound
    sequence: u16,
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
            dozes: false,
            stillness: Stillness::default(),
            has_said_nothing: true,
            keypad: Keypad::new(),
            tones: Detector::default(),
            narrow: Narrow::new(),
            received: Received::default(),
            life: Life::default(),
            sequence: 0,
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
        self.wake();
        self.stillness.forget();
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
        self.narrow.break_off();
        // A session timer asks for what is agreed already, of a gateway whose keys are known.
        let whose = |stream: &Stream| (stream.remote, stream.codec, stream.event_payload_type);
        let same = self.stream().map(whose) == Some(whose(&stream));
        self.keypad.set_stream(&stream, same);
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
            Rate::Wide | Rate::Full => self.narrow.frame(),
        }
    }

    /// This tick at 8 kHz, when it came at a higher rate.
    pub(super) fn narrowed(&self) -> Option<&[i16]> {
        (self.rate() != Rate::Narrow).then_some(self.narrow.frame())
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
        let length = plain.map_or(0, <[u8]>::len);
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
            Some(Load::Event) => {
                self.jitter.put_silent(&packet);
                // What came with it is still to be played, as far behind as the buffer is deep.
                let behind = self.jitter.depth().div_ceil(self.rate.tick()) as u64;
                let (pressed, let_go) = self.keypad.packet(&packet, behind, now);
                Datagram::Event { pressed, let_go }
            }
            Some(Load::Sound) => {
                // The filter knows only the shortest header, and nothing behind the payload.
                let is_short = length == HEADER_LEN + packet.payload.len();
                let goes_on = self.stillness.goes_on(stream.codec, &packet, is_short);
                if !held {
                    self.wake_unless(goes_on);
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
                self.wake();
                self.stillness.forget();
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
        wanted || self.keypad.may_be_tones(self.stream())
    }

    /// Whether anybody wants its sound.
    pub(super) fn set_wanted(&mut self, wanted: bool) {
        let listens = self.would_listen(wanted);
        self.dozes &= listens;
        self.has_said_nothing |= !listens;
        if !self.dozes && (listens || !self.rests) {
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

    /// Once a second: of a sound that comes without a pause what is not listened to, or is always
    /// the same silence, so that most of it need not come.
    pub(super) fn needless(&mut self) -> Option<Needless> {
        let sound = self.received.steady()?;
        let stream = self.stream().filter(|_| !self.jitter.listens())?;
        let is_sound = stream.load_of(sound) == Some(Load::Sound);
        match self.dozes {
            _ if !is_sound || is_held(stream) => None,
            true if self.inlet.is_sealed() => None,
            true => {
                let still = self.stillness.still();
                still.map(|still| Needless::Still(sound, still))
            }
            false => Some(Needless::Sound(sound)),
        }
    }

    /// The sound of this tick: silence while the line is held, a key is down or nobody listens, and
    /// without what may be the tone of a key.
    pub(super) fn take(&mut self, frame: &mut [i16], now: &Now) -> Heard {
        if !self.is_expected() {
            frame.fill(0);
            self.narrow.silence();
            self.tones.pause();
            return Heard::NOTHING;
        }
        let mut taken = self.jitter.take(frame);
        if taken == Taken::Sound && self.is_still(frame) {
            self.doze(frame);
            taken = Taken::Idle;
        }
        if !self.jitter.listens() && !self.dozes {
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
                    key_is_down: self.keypad.is_down(now),
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
                self.narrow.make(frame, rate);
                let found = self.tones.hear(self.narrow.frame(), origin);
                if found.tone != 0 {
                    frame.fill(0);
                    self.narrow.silence();
                }
                found
            }
        };
        if found.key.is_some() {
            self.keypad.has_sent_tone();
        }
        let by_event = self.keypad.is_down(now);
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

    /// Nothing is being said: there is no key in it.
    fn rest(&mut self, frame: &[i16], taken: Taken) {
        self.tones.pause();
        match self.rate() {
            Rate::Narrow => {}
            rate if taken == Taken::Noise => self.narrow.make(frame, rate),
            Rate::Wide | Rate::Full => self.narrow.rest(),
        }
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
        self.keypad.move_to(left, now);
        if let Some((_, latch)) = &mut self.agreed {
            latch.move_to(left.tick, now.tick);
        }
        self.inlet.move_to(left.tick, now.tick);
    }
}

/// Only a line that speaks and listens is in the conversation: what one on hold sends is the
/// music of its own exchange.
fn is_held(stream: &Stream) -> bool {
    stream.direction != Direction::SendRecv || stream.remote.ip().is_unspecified()
}
