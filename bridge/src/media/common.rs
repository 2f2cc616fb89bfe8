//! What is encoded once for all who hear the same sound, for the codecs that remember: G.722 and
//! Opus. G.711 remembers nothing and is [`Encoded`](super::encoded::Encoded)'s own.
//!
//! A line has an encoder for what it alone hears. When it hears again what all hear, its decoder
//! on the other side is not where those of the others are, so it comes over to the common stream in
//! a pause of the sound, when nobody can hear that.
//!
//! An encoder of Opus is made away from the media thread, when the first line wants it; until it is
//! there, each uses its own.

use std::sync::Arc;
use std::sync::mpsc::SyncSender;

use confab_core::audio::TICK_MS;
use confab_core::audio::g722;
use confab_core::audio::level::Power;
use confab_core::audio::rate::{LONGEST_TICK, Rate};
use confab_core::audio::rtp::HEADER_LEN;
use confab_core::audio::spoil;
use confab_core::audio::stream::OpusWishes;

use super::RoomKey;
use super::aside::{Aside, Over, Pusher};
use super::codec::{G722Coder, OpusCoder, OpusEncoder, Spares, are_alike};
use super::encoded::PACKET_LEN;
use super::outbound::LONGEST_PACKET;
use super::pcm::Pcm;
use super::shard::Now;

/// Whose sound it is that several hear.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Whose {
    Room(RoomKey),
    /// the hold music
    Music,
}

/// Names a common stream of Opus, never another one after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct StreamId(pub(super) u64);

/// How an encoder is asked for, and the way back.
#[derive(Clone, Debug)]
pub(super) struct Maker {
    pub(super) aside: Pusher,
    pub(super) back: SyncSender<Made>,
}

/// An encoder as it was asked for.
#[derive(Debug)]
pub(super) struct Made {
    pub(super) whose: Whose,
    pub(super) stream: Box<OpusStream>,
}

/// The streams of one sound.
#[derive(Debug)]
pub(super) struct Common {
    whose: Whose,
    maker: Maker,
    /// tick in which the sound was last looked at
    tick: u64,
    quiet_ticks: u32,
    /// how loud it was lately
    loudest: Power,
    /// it is much softer in this tick
    is_soft: bool,
    g722: G722Stream,
    opus: [Option<Box<OpusStream>>; MOST_STREAMS],
    /// those that have been asked for, and when
    asked: [Option<(OpusWishes, u64)>; MOST_STREAMS],
}

#[derive(Debug)]
struct G722Stream {
    /// the tick it has encoded last
    tick: u64,
    /// before that and after
    before: g722::Encoder,
    after: g722::Encoder,
    wide: [i16; Rate::Wide.tick()],
    packet: [u8; PACKET_LEN],
    /// what is heard of the packet, once that has been asked for
    foreseen: g722::Foreseen,
    is_foreseen: bool,
}

/// A common stream of Opus: packets of a tick, for those who wish for the same.
#[derive(Debug)]
pub(super) struct OpusStream {
    id: StreamId,
    wishes: OpusWishes,
    encoder: OpusEncoder,
    /// the tick it has encoded last
    tick: u64,
    /// the sound of that tick, and of the one before
    sound: [[i16; LONGEST_TICK]; 2],
    packet: [u8; LONGEST_PACKET],
    /// of what is in it, without the header; 0: nothing is sent in this tick
    length: usize,
}

impl Common {
    pub(super) fn new(whose: Whose, maker: Maker) -> Self {
        Self {
            whose,
            maker,
            tick: 0,
            quiet_ticks: 0,
            loudest: Power::SILENT,
            is_soft: true,
            g722: G722Stream {
                tick: 0,
                before: g722::Encoder::default(),
                after: g722::Encoder::default(),
                wide: [0; Rate::Wide.tick()],
                packet: [0; PACKET_LEN],
                foreseen: g722::Foreseen::default(),
                is_foreseen: false,
            },
            opus: [const { None }; MOST_STREAMS],
            asked: [None; MOST_STREAMS],
        }
    }

    /// Takes a stream that was asked for, unless it is there already or there are too many.
    pub(super) fn take(&mut self, stream: &mut Option<Box<OpusStream>>) {
        let Some(wishes) = stream.as_ref().map(|stream| stream.wishes) else {
            return;
        };
        let mut there = self.opus.iter().flatten();
        if there.any(|there| are_alike(&there.wishes, &wishes)) {
            return;
        }
        if let Some(place) = self.opus.iter_mut().find(|place| place.is_none()) {
            *place = stream.take();
        }
    }

    /// The sound is over; what was made for it is freed where there is time.
    pub(super) fn close(&mut self) {
        for at in 0..MOST_STREAMS {
            if let Some(stream) = self.opus[at].take() {
                let _ = self.maker.aside.push(Aside::Gear(Over::Stream(stream)));
            }
        }
    }

    fn ask(&mut self, wishes: &OpusWishes, tick: u64) {
        let places = &mut self.asked;
        let alike = |(asked, _): &(OpusWishes, u64)| are_alike(asked, wishes);
        let place = places
            .iter()
            .position(|place| place.as_ref().is_some_and(alike));
        let place = place.or_else(|| places.iter().position(|place| place.is_none()));
        let Some(place) = place else { return };
        // What was asked for and has not come may have been lost.
        if places[place].is_some_and(|(_, at)| tick < at + ASK_AGAIN_TICKS) {
            return;
        }
        places[place] = Some((*wishes, tick));
        let (whose, back) = (self.whose, self.maker.back.clone());
        let _ = self.maker.aside.push(Aside::Want(whose, *wishes, back));
    }

    fn listen(&mut self, sound: &mut Pcm, now: &Now) {
        if self.tick != now.tick {
            self.quiet_ticks = match sound.is_quiet() {
                true if now.follows(self.tick) => self.quiet_ticks + 1,
                true => 1,
                false => 0,
            };
            self.tick = now.tick;
            let power = spoil::mean(&sound.halves());
            self.loudest = Power(f32::max(self.loudest.0 * FORGETS, power.0));
            self.is_soft = power.0 <= self.loudest.0 * SOFT;
        }
    }

    /// A tick of the sound in G.722, and room for a header: into `alone` when it is only this
    /// line's own.
    pub(super) fn g722<'a>(
        &'a mut self,
        sound: &mut Pcm,
        line: &mut G722Coder,
        now: &Now,
        alone: &'a mut [u8; PACKET_LEN],
    ) -> &'a mut [u8; PACKET_LEN] {
        self.listen(sound, now);
        let stream = &mut self.g722;
        if stream.tick != now.tick {
            stream.encode(sound, &line.own, now);
        }
        if line.own == stream.before {
            line.own.clone_from(&stream.after);
            return &mut stream.packet;
        }
        let may_follow = line.follows || self.quiet_ticks >= PAUSE_TICKS;
        line.follows = may_follow && stream.is_followed_by(&mut line.own);
        if line.follows {
            return &mut stream.packet;
        }
        line.own.encode(&stream.wide, &mut alone[HEADER_LEN..]);
        alone
    }

    /// A packet of this tick in Opus, with room for a header, and the length of what is in it; none
    /// when the line must encode for itself.
    pub(super) fn opus(
        &mut self,
        sound: &mut Pcm,
        line: &mut OpusCoder,
        wishes: &OpusWishes,
        now: &Now,
    ) -> Option<(&mut [u8; LONGEST_PACKET], usize)> {
        self.listen(sound, now);
        let place = self.opus.iter().position(|place| {
            let stream = place.as_deref();
            stream.is_some_and(|stream| are_alike(&stream.wishes, wishes))
        });
        let Some(place) = place else {
            self.ask(wishes, now.tick);
            return None;
        };
        let stream = self.opus[place].as_deref_mut()?;
        if line.follows != Some(stream.id) {
            // Who hears loud sound, this or another, would hear the change; who has heard this for
            // a while, or nothing at all, does not where it is softer just now than it was.
            let quiet = self.quiet_ticks > 0 && line.quiet_ticks >= PAUSE_TICKS;
            let beside = line.goes_beside(now);
            if !quiet && !(self.is_soft && (beside || line.hears_nothing())) {
                return None;
            }
            line.pause();
            line.follows = Some(stream.id);
        }
        line.own.rest();
        if stream.tick != now.tick {
            stream.encode(sound, now);
        }
        Some((&mut stream.packet, stream.length))
    }

    /// A line encodes for itself from this tick on. Its decoder has heard this until the tick
    /// before, so its encoder begins with that, which costs another packet's time once.
    pub(super) fn part(&self, line: &mut OpusCoder, now: &Now) {
        let Some(id) = line.follows else { return };
        line.part();
        let stream = self.opus.iter().flatten().find(|stream| stream.id == id);
        if let Some(heard) = stream.and_then(|stream| stream.heard_before(now)) {
            line.own.hear(heard);
        }
    }
}

impl G722Stream {
    fn encode(&mut self, sound: &Pcm, first: &g722::Encoder, now: &Now) {
        // Nobody has heard it for a while: the first who does is where it begins.
        if !now.follows(self.tick) {
            self.after.clone_from(first);
        }
        self.tick = now.tick;
        self.is_foreseen = false;
        self.before.clone_from(&self.after);
        sound.at(Rate::Wide, &mut self.wide);
        self.after
            .encode(&self.wide, &mut self.packet[HEADER_LEN..]);
    }

    fn is_followed_by(&mut self, own: &mut g722::Encoder) -> bool {
        let octets = &self.packet[HEADER_LEN..];
        if !self.is_foreseen {
            self.before.foresee(octets, &mut self.foreseen);
            self.is_foreseen = true;
        }
        own.follow(octets, &self.foreseen, &self.after)
    }
}

impl OpusStream {
    /// Packets of a tick.
    pub(super) fn new(id: StreamId, wishes: OpusWishes, spares: &Arc<Spares>) -> Box<Self> {
        Box::new(Self {
            id,
            wishes,
            encoder: OpusEncoder::new(spares, &wishes, TICK_MS as u8),
            tick: 0,
            sound: [[0; LONGEST_TICK]; 2],
            packet: [0; LONGEST_PACKET],
            length: 0,
        })
    }

    /// What was encoded in the tick before this one.
    fn heard_before(&self, now: &Now) -> Option<&[i16; LONGEST_TICK]> {
        match self.tick == now.tick {
            true => Some(&self.sound[1]),
            false => now.follows(self.tick).then_some(&self.sound[0]),
        }
    }

    fn encode(&mut self, sound: &Pcm, now: &Now) {
        if !now.follows(self.tick) {
            self.encoder.restart();
        }
        self.tick = now.tick;
        self.sound.swap(0, 1);
        sound.at(Rate::Full, &mut self.sound[0]);
        self.encoder.push(&self.sound[0]);
        self.length = self
            .encoder
            .pop(&mut self.packet[HEADER_LEN..])
            .unwrap_or(0);
    }
}

/// 60 ms: what was said has died away in the encoders.
pub(super) const PAUSE_TICKS: u32 = 3;
/// In a tick: half of it in a second.
const FORGETS: f32 = 0.986;
/// 10 dB.
const SOFT: f32 = 0.1;
/// Ten seconds.
const ASK_AGAIN_TICKS: u64 = 500;
/// Streams of Opus for one sound: phones of so many kinds. Those of others encode for themselves.
const MOST_STREAMS: usize = 4;
