//! One caller's end of the media: its sockets, what comes in, what goes out, what it alone hears.
//! Is moved whole between shards; knows no other line.

use std::net::SocketAddr;
use std::sync::atomic::AtomicU64;

use confab_core::audio::gate::{Gate, State};
use confab_core::audio::jitter::Taken;
use confab_core::audio::level::Power;
use confab_core::audio::limit::Limiter;
use confab_core::audio::mix::{self, Fader};
use confab_core::audio::play::Player;
use confab_core::audio::preroll::Preroll;
use confab_core::audio::stream::{Direction, Stream};
use confab_core::audio::{Frame, SILENCE, TICK_SAMPLES};
use confab_core::effect::{Hear, Voice};
use confab_core::ids::{LegId, PlayId};
use confab_dtmf::merge::Source;

use super::FromShard;
use super::aside::Aside;
use super::counters::add;
use super::inbound::{Datagram, Heard, Inbound};
use super::name::NameTake;
use super::outbound::{Encoded, Outbound};
use super::ports::PortPair;
use super::shard::{Now, Tools};
use super::sys::More;
use super::wire::Wire;
use super::{RoomKey, Sound};

/// One caller's end of the media: sockets, jitter buffer, codec state. Moves whole between shards.
#[derive(Debug)]
pub struct Line {
    leg: LegId,
    ports: PortPair,
    wire: Wire,
    /// the last tick brought one packet, the one that was to come
    steady: bool,
    inbound: Inbound,
    outbound: Outbound,
    pub(super) room: Option<RoomKey>,
    voice: Voice,
    /// what the line says in this tick, and then its part in the mix
    frame: Frame,
    power: Power,
    gate: Gate,
    preroll: Preroll,
    talking_told: bool,
    /// it was in the mix a tick ago
    pub(super) mixed: bool,
    /// `frame` is in the sum of this tick
    pub(super) in_sum: bool,
    player: Player<PlayId>,
    fader: Fader,
    /// limits what only this line hears
    limiter: Limiter,
    /// it heard something of its own a tick ago
    apart: bool,
    name: Option<NameTake>,
    /// when it left another shard
    left: Option<Now>,
}

/// What a line hears of a room, in one tick.
#[derive(Debug)]
pub(super) struct RoomSound<'a> {
    /// everybody who is mixed, and what is played to the room
    pub(super) total: &'a [i32; TICK_SAMPLES],
    /// the same, limited, for those who are not in it
    pub(super) shared: &'a mut Encoded,
    /// the limiter of the shared sound as it was before this tick
    pub(super) limiter: &'a Limiter,
}

impl Line {
    pub(super) fn new(leg: LegId, ports: PortPair, random: u128) -> Box<Self> {
        Box::new(Self {
            leg,
            ports,
            wire: Wire::default(),
            steady: false,
            inbound: Inbound::new(),
            outbound: Outbound::new(random),
            room: None,
            voice: MUTE,
            frame: SILENCE,
            power: Power::SILENT,
            gate: Gate::default(),
            preroll: Preroll::default(),
            talking_told: false,
            mixed: false,
            in_sum: false,
            player: Player::default(),
            fader: Fader::default(),
            limiter: Limiter::default(),
            apart: false,
            name: None,
            left: None,
        })
    }

    /// The leg it belongs to.
    pub fn leg(&self) -> LegId {
        self.leg
    }

    /// The address to name in SDP; RTCP is one port above.
    pub fn local_rtp(&self) -> SocketAddr {
        self.ports.local
    }

    /// Comes to a shard, or to another one.
    pub(super) fn adopted(&mut self, now: &Now) {
        if let Some(left) = self.left.take() {
            self.inbound.move_to(&left, now);
            self.outbound.move_to(&left, now);
        }
    }

    /// Leaves a shard and whatever room it was in.
    pub(super) fn released(&mut self, now: &Now) {
        self.leave_room();
        self.left = Some(*now);
    }

    pub(super) fn leave_room(&mut self) {
        self.room = None;
        self.voice = MUTE;
        self.mixed = false;
        self.in_sum = false;
        self.talking_told = false;
        self.gate.shut();
        self.preroll.forget();
    }

    pub(super) fn set_voice(&mut self, voice: Voice) {
        self.voice = voice;
    }

    pub(super) fn set_stream(&mut self, stream: Stream, now: &Now) {
        self.inbound.set_stream(stream, now);
        self.wire.follow(&self.ports.rtp, self.inbound.locked());
        self.outbound.pause();
    }

    /// How loud this tick is.
    pub(super) fn power(&self) -> Power {
        self.power
    }

    pub(super) fn play(&mut self, play: PlayId, sounds: Vec<Sound>, tools: &mut Tools) {
        if let Err(refused) = self.player.push(play, sounds) {
            let _ = tools.aside.push(Aside::Sounds(refused.sounds));
            tools.reports.tell(FromShard::Played(self.leg, play));
        }
    }

    pub(super) fn stop_play(&mut self, tools: &mut Tools) {
        self.player.clear(|over| {
            let _ = tools.aside.push(Aside::Sounds(over.sounds));
        });
    }

    pub(super) fn take_name(&mut self, room: Vec<i16>, tools: &mut Tools) {
        self.stop_name(tools);
        self.name = Some(NameTake::new(room));
    }

    pub(super) fn stop_name(&mut self, tools: &mut Tools) {
        let Some(name) = self.name.take() else { return };
        let name = Aside::Name(self.leg, name.into_samples());
        if tools.aside.push(name).is_err() {
            tools
                .reports
                .tell(FromShard::NameTaken(self.leg, tools.nothing.clone()));
        }
    }

    /// Reads what has come and makes the sound of this tick of it; true when it wants to be in
    /// the mix.
    pub(super) fn listen(&mut self, tools: &mut Tools) -> bool {
        let (leg, now) = (self.leg, tools.now);
        let (mut seen, mut rejected) = (0, 0);
        let (inbound, reports) = (&mut self.inbound, &mut tools.reports);
        // A line that had one packet, and that the right one, in the tick before has one in this.
        // What came early with it is in time in the next tick; what stays is found soon.
        let thorough = !self.steady || (now.tick + leg.0).is_multiple_of(THOROUGH_TICKS);
        let mut other = 0;
        let read = |bytes: &[u8], from: SocketAddr| {
            seen += 1;
            match inbound.datagram(bytes, from, &now) {
                Datagram::Next if !thorough => return More::CanWait,
                Datagram::Next => return More::MayWait,
                Datagram::Taken => {}
                Datagram::Key(key) => {
                    reports.tell(FromShard::Key(leg, key, Source::Event));
                }
                Datagram::Rejected => rejected += 1,
            }
            other += 1;
            More::MayWait
        };
        self.wire.read(&self.ports.rtp, &mut tools.inbox, read);
        self.steady = seen == 1 && other == 0;
        self.wire.follow(&self.ports.rtp, self.inbound.locked());
        tools.counted.seen += seen;
        tools.counted.rejected += rejected;
        let heard = self.inbound.take(&mut self.frame, &now);
        if let Some(key) = heard.key {
            tools.reports.tell(FromShard::Key(leg, key, Source::InBand));
        }
        if let Some(name) = &mut self.name
            && name.push(&self.frame)
        {
            self.stop_name(tools);
        }
        self.judge(heard, tools)
    }

    fn judge(&mut self, heard: Heard, tools: &mut Tools) -> bool {
        self.in_sum = false;
        if !self.voice.speak || self.room.is_none() || heard.key_is_down {
            self.power = Power::SILENT;
            self.gate.shut();
            self.preroll.forget();
        } else {
            self.power = match heard.taken {
                Taken::Idle => Power::SILENT,
                _ => Power::of(&self.frame),
            };
            let before = self.gate.state();
            // What may be a key says nothing about voice and noise, and can wait a tick.
            let after = if heard.may_be_key {
                before
            } else {
                self.gate.hear(self.power)
            };
            match (before, after) {
                (State::Closed, State::Closed) => self.preroll.keep(&self.frame),
                (State::Closed, _) => {
                    self.preroll.begin(&mut self.frame, self.gate.noise());
                }
                _ => self.preroll.follow(&mut self.frame),
            }
        }
        let talking = self.gate.state() == State::Open;
        if talking != self.talking_told
            && self.room.is_some()
            && tools
                .reports
                .tell_if_free(FromShard::Talking(self.leg, talking))
        {
            self.talking_told = talking;
        }
        self.gate.state() != State::Closed
    }

    /// Puts the line into the sum, or takes it out gently when it was in a tick ago.
    pub(super) fn add_to(&mut self, total: &mut [i32; TICK_SAMPLES], chosen: bool) {
        if !chosen && !self.mixed {
            return;
        }
        match (self.mixed, chosen) {
            (false, true) => mix::fade_in(&mut self.frame),
            (true, false) => mix::fade_out(&mut self.frame),
            _ => {}
        }
        mix::add(total, &self.frame);
        self.in_sum = true;
        self.mixed = chosen;
    }

    /// Sends what the line hears in this tick.
    pub(super) fn speak(&mut self, room: &mut RoomSound<'_>, tools: &mut Tools) {
        // Prompts for a line whose media has not begun wait for it.
        let Some(stream) = self.inbound.stream() else {
            return;
        };
        let Some(target) = self.inbound.target().filter(|_| may_send(stream)) else {
            // On hold they go on unheard: whoever waits for their end must not wait for ever.
            self.play_unheard(tools);
            return;
        };
        let own_sound = self.player.is_playing()
            || !self.fader.is_unity()
            || self.in_sum && self.voice.hear == Hear::Room;
        let now = tools.now;
        let sound = if own_sound {
            self.mix_own(room, tools);
            &mut tools.own
        } else {
            match self.voice.hear {
                Hear::Room => &mut *room.shared,
                Hear::Music => &mut tools.music,
                Hear::Nothing => &mut tools.silence,
            }
        };
        self.apart = own_sound;
        if let Some(stream) = self.inbound.stream() {
            let way = (&self.wire, &self.ports.rtp);
            tools.counted.sent += self.outbound.send(way, target, stream, sound, &now);
        }
    }

    /// Makes what only this line hears: the room without itself, under a prompt perhaps.
    fn mix_own(&mut self, room: &RoomSound<'_>, tools: &mut Tools) {
        let mut heard = [0; TICK_SAMPLES];
        match self.voice.hear {
            Hear::Room if self.in_sum => mix::minus(room.total, &self.frame, &mut heard),
            Hear::Room => heard = *room.total,
            Hear::Music => mix::add(&mut heard, tools.music.frame()),
            Hear::Nothing => {}
        }
        if !self.apart {
            // What is still in the limiter was heard as part of the shared sound: it goes on here.
            match self.voice.hear {
                Hear::Room => self.limiter.clone_from(room.limiter),
                Hear::Music | Hear::Nothing => self.limiter = Limiter::default(),
            }
        }
        let prompted = self.player.is_playing();
        if prompted || !self.fader.is_unity() {
            self.fader.apply(&mut heard, prompted);
        }
        self.add_prompts(&mut heard, tools);
        self.limiter.process(&heard, tools.own.renew());
    }

    fn play_unheard(&mut self, tools: &mut Tools) {
        self.outbound.pause();
        if self.player.is_playing() {
            self.add_prompts(&mut [0; TICK_SAMPLES], tools);
        }
    }

    fn add_prompts(&mut self, heard: &mut [i32; TICK_SAMPLES], tools: &mut Tools) {
        let (leg, reports, aside) = (self.leg, &mut tools.reports, &tools.aside);
        self.player.add_to(heard, |over| {
            let _ = aside.push(Aside::Sounds(over.sounds));
            reports.tell(FromShard::Played(leg, over.name));
        });
    }

    /// Once a second: reads RTCP, reports, and looks whether the line still lives.
    pub(super) fn housekeep(&mut self, tools: &mut Tools) {
        let now = tools.now;
        let (inbound, mut rejected) = (&mut self.inbound, 0);
        tools.inbox.read(&self.ports.rtcp, None, |bytes, from| {
            rejected += u64::from(!inbound.control(bytes, from, &now));
            More::MayWait
        });
        add(&tools.counters.packets_rejected, rejected);
        add(&tools.counters.packets_lost, self.inbound.take_lost());
        if self.inbound.has_died(tools.dead_ticks, &now) {
            tools.reports.tell(FromShard::LineDead(self.leg));
        }
        if (now.tick / HOUSEKEEPING_TICKS).is_multiple_of(REPORT_EVERY) {
            self.report(false, &now);
        }
    }

    /// Says goodbye to the peer.
    pub(super) fn say_goodbye(&mut self, now: &Now) {
        self.report(true, now);
    }

    fn report(&mut self, goodbye: bool, now: &Now) {
        if let Some(to) = self.inbound.control_target() {
            let block = self.inbound.report(now);
            self.outbound
                .report(&self.ports.rtcp, to, block, goodbye, now);
        }
    }

    /// What this line has counted and not told yet.
    pub(super) fn settle(&mut self, lost: &AtomicU64) {
        add(lost, self.inbound.take_lost());
    }
}

/// RFC 3264, 8.4: on hold nothing is sent, in the new style or the old.
fn may_send(stream: &Stream) -> bool {
    matches!(stream.direction, Direction::SendRecv | Direction::SendOnly)
}

const MUTE: Voice = Voice {
    speak: false,
    hear: Hear::Nothing,
};

/// A socket is emptied at least so often, whatever is expected in it.
const THOROUGH_TICKS: u64 = 8;
/// A second, in ticks.
pub(super) const HOUSEKEEPING_TICKS: u64 = 50;
/// RFC 3550, 6.2: five seconds, the shortest interval it recommends.
const REPORT_EVERY: u64 = 5;
