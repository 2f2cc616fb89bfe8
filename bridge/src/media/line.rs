//! One caller's end of the media: its sockets, what comes in, what goes out, what it alone hears.
//! Is moved whole between shards; knows no other line.

mod agreed;

use std::net::SocketAddr;
use std::sync::atomic::AtomicU64;

use confab_core::audio::denoise::Denoiser;
use confab_core::audio::level::Power;
use confab_core::audio::mix;
use confab_core::audio::rate::{LONGEST_TICK, Rate};
use confab_core::effect::{Hear, Voice};
use confab_core::fault::Fault;
use confab_core::ids::{LegId, PlayId};
use confab_dtmf::merge::Source;

use super::FromShard;
use super::aside::Aside;
use super::codec::Coder;
use super::counters::add;
use super::ear::{Ear, RoomSound};
use super::heard::Heard;
use super::inbound::{Datagram, Inbound};
use super::name::NameTake;
use super::outbound::{Outbound, may_send};
use super::ports::PortPair;
use super::report::Reports;
use super::said::{NOTHING, Said};
use super::shard::{Now, Tools};
use super::sieve::Needless;
use super::sys::More;
use super::wider::Wider;
use super::wire::{Way, Wire};
use super::{RoomKey, Sound};

/// One caller's end of the media: sockets, jitter buffer, codec state. Moves whole between shards.
#[derive(Debug)]
pub struct Line {
    leg: LegId,
    ports: PortPair,
    wire: Wire,
    /// nothing comes of it in this tick, and nothing did for long
    pub(super) rests: bool,
    /// the last tick brought one packet, the one that was to come
    steady: bool,
    inbound: Inbound,
    outbound: Outbound,
    coder: Coder,
    pub(super) room: Option<RoomKey>,
    voice: Voice,
    /// what the line says in this tick, at its own rate, and then its part in the mix at the room's
    frame: Box<[i16; LONGEST_TICK]>,
    wider: Wider,
    pub(super) said: Said,
    talking_told: bool,
    fault_told: Option<Fault>,
    /// it was in the mix a tick ago
    pub(super) mixed: bool,
    /// `frame` is in the sum of this tick
    pub(super) in_sum: bool,
    ear: Ear,
    name: Option<NameTake>,
    /// when it left another shard
    left: Option<Now>,
}

impl Line {
    pub(super) fn new(leg: LegId, ports: PortPair, random: u128) -> Box<Self> {
        Box::new(Self {
            leg,
            ports,
            wire: Wire::default(),
            rests: false,
            steady: false,
            inbound: Inbound::new(),
            outbound: Outbound::new(random),
            coder: Coder::None,
            room: None,
            voice: Voice::NONE,
            frame: Box::new([0; LONGEST_TICK]),
            wider: Wider::default(),
            said: Said::new(),
            talking_told: false,
            fault_told: None,
            mixed: false,
            in_sum: false,
            ear: Ear::default(),
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
        self.voice = Voice::NONE;
        self.mixed = false;
        self.in_sum = false;
        self.talking_told = false;
        self.fault_told = None;
        self.said.shut();
        self.said.forget_faults();
        self.said.leave_noise();
        self.ear.leave_room();
    }

    pub(super) fn set_voice(&mut self, voice: Voice) {
        if voice.speak && !self.voice.speak {
            self.said.forget_faults();
        }
        self.voice = voice;
    }

    /// Its steady noise is suppressed by this from now on, or no longer.
    pub(super) fn set_denoised(&mut self, by: Option<Box<Denoiser>>, tools: &mut Tools) {
        let unused = match by {
            Some(denoiser) => self.said.suppress_noise(denoiser, self.inbound.rate()),
            None => {
                self.said.leave_noise();
                // It ends, and is given back, in a tick.
                self.inbound.stir();
                None
            }
        };
        let _ = unused.map(|unused| tools.aside.push(Aside::Denoiser(unused)));
    }

    fn pause(&mut self) {
        self.outbound.pause();
        match &mut self.coder {
            Coder::None => {}
            Coder::G722(coder) => coder.follows = false,
            Coder::Opus(coder) => coder.pause(),
        }
    }

    /// The rate of what it says.
    pub(super) fn rate(&self) -> Rate {
        self.inbound.rate()
    }

    /// How loud this tick is.
    pub(super) fn power(&self) -> Power {
        self.said.power()
    }

    pub(super) fn play(&mut self, play: PlayId, sounds: Vec<Sound>, tools: &mut Tools) {
        self.ear.play((self.leg, play), sounds, tools);
    }

    pub(super) fn stop_play(&mut self, tools: &mut Tools) {
        self.ear.stop(tools);
    }

    /// The first announcement that it may still have to hear by itself.
    pub(super) fn needs(&self) -> Option<u64> {
        self.ear.needs()
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
    pub(super) fn listen(&mut self, room: Rate, tools: &mut Tools) -> bool {
        let (leg, now) = (self.leg, tools.now);
        // In the menus all is said by keys, and who is faded out is still heard.
        let wanted = self.voice.speak || self.mixed || self.room.is_none() || self.name.is_some();
        let thinned = self.wire.thinned();
        if matches!(thinned, Some(Needless::Sound(_))) && self.inbound.would_listen(wanted) {
            // What waits there is one of those that nobody heard.
            self.read(tools);
            self.thin(None);
        }
        self.inbound.set_wanted(wanted);
        if self.wire.is_due(&now, leg.0) {
            self.read(tools);
        }
        if matches!(thinned, Some(Needless::Still(..))) && !self.inbound.dozes() {
            self.thin(None);
        }
        let is_idle = !self.mixed && self.name.is_none() && self.said.is_idle();
        self.rests = self.inbound.rests() || self.inbound.dozes() && is_idle;
        if self.rests {
            self.in_sum = false;
            if self.talking_told || self.fault_told.is_some() {
                self.tell(&mut tools.reports);
            }
            return false;
        }
        let rate = self.rate();
        let heard = self.inbound.take(&mut self.frame[..rate.tick()], &now);
        if let Some(key) = heard.key {
            tools.reports.tell(FromShard::Key(leg, key, Source::InBand));
        }
        if let Some(name) = &mut self.name
            && name.push(self.inbound.narrow(&self.frame[..rate.tick()]))
        {
            self.stop_name(tools);
        }
        let wants = self.judge(heard, tools);
        self.bring_to(room, wants) && wants
    }

    /// Takes what has come.
    fn read(&mut self, tools: &mut Tools) {
        let (leg, now) = (self.leg, tools.now);
        let (mut seen, mut rejected, mut other) = (0, 0, 0);
        let (inbound, reports) = (&mut self.inbound, &mut tools.reports);
        // A line that had one packet, and that the right one, in the tick before has one in this.
        // What came early with it is in time in the next tick; what stays is found soon.
        let thorough = !self.steady || (now.tick + leg.0).is_multiple_of(THOROUGH_TICKS);
        let read = |bytes: &mut [u8], from: SocketAddr| {
            seen += 1;
            match inbound.datagram(bytes, from, &now) {
                Datagram::Next if !thorough => return More::CanWait,
                Datagram::Next => return More::MayWait,
                Datagram::Taken => {}
                Datagram::Event { pressed, let_go } => {
                    if let Some(key) = pressed {
                        reports.tell(FromShard::Key(leg, key, Source::Event));
                    }
                    if let Some(key) = let_go {
                        reports.tell(FromShard::KeyLetGo(leg, key));
                    }
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
    }

    /// Most of these packets need not come, or all must.
    fn thin(&mut self, needless: Option<Needless>) {
        self.wire.thin(&self.ports.rtp, needless);
        self.inbound.set_thinned(self.wire.thinned().is_some());
    }

    /// Makes its part of the mix of what it says; false for the one tick in which a room has not
    /// come up to a fuller line yet.
    fn bring_to(&mut self, room: Rate, wants: bool) -> bool {
        let rate = self.rate();
        if rate >= room {
            return rate == room;
        }
        self.wider
            .bring(&mut self.frame, (rate, room), wants || self.mixed);
        true
    }

    fn judge(&mut self, heard: Heard, tools: &mut Tools) -> bool {
        self.in_sum = false;
        let frame = &mut self.frame[..self.inbound.rate().tick()];
        if !self.voice.speak || self.room.is_none() {
            self.said.shut();
        } else if heard.key_is_down {
            self.said.silence();
        } else {
            self.said.judge(frame, self.inbound.narrowed(), heard);
        }
        if let Some(unused) = self.said.take_idle_denoiser() {
            let _ = tools.aside.push(Aside::Denoiser(unused));
        }
        // What is faded out goes on as loud as it was.
        if self.said.is_heard() || self.mixed {
            self.said.level(frame, heard);
        }
        if self.room.is_some() {
            self.tell(&mut tools.reports);
        }
        self.said.is_heard()
    }

    fn tell(&mut self, reports: &mut Reports) {
        let (leg, talking, fault) = (self.leg, self.said.is_talking(), self.said.fault());
        if talking != self.talking_told && reports.tell_if_free(FromShard::Talking(leg, talking)) {
            self.talking_told = talking;
        }
        if fault != self.fault_told && reports.tell_if_free(FromShard::Fault(leg, fault)) {
            self.fault_told = fault;
        }
    }

    /// Puts the line into the sum, or takes it out gently when it was in a tick ago.
    pub(super) fn add_to(&mut self, total: &mut [i32], chosen: bool) {
        if !chosen && !self.mixed {
            return;
        }
        let frame = &mut self.frame[..total.len()];
        match (self.mixed, chosen) {
            (false, true) => mix::fade_in(frame),
            (true, false) => mix::fade_out(frame),
            _ => {}
        }
        mix::add(total, frame);
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
            self.pause();
            self.ear.play_unheard(self.leg, tools);
            self.said.sent(|| NOTHING);
            return;
        };
        let (hear, now) = (self.voice.hear, tools.now);
        let own = (self.in_sum && hear == Hear::Room).then_some(&self.frame[..]);
        let apart = self.ear.hears_apart(hear, own.is_some(), room);
        if apart {
            self.ear.mix((self.leg, hear), own, room, tools);
        }
        let mut sound = match hear {
            Hear::Room => &mut *room.shared,
            Hear::Music => &mut tools.music,
            Hear::Nothing => &mut tools.silence,
        };
        if apart {
            sound.part(&mut self.coder, &now);
            sound = &mut tools.own;
        }
        // What the line is sent says something only beside what comes from it.
        if self.voice.speak && !self.rests {
            self.said.sent(|| sound.halves());
        }
        let mut way = Way {
            wire: &self.wire,
            socket: &self.ports.rtp,
            outbox: &mut tools.outbox,
        };
        tools.counted.sent += self.outbound.send(
            &mut way,
            target,
            stream,
            (sound, &mut self.coder),
            &mut tools.repertoire,
            &now,
        );
    }

    /// Once a second: reads RTCP, reports, and looks whether the line still lives.
    pub(super) fn housekeep(&mut self, tools: &mut Tools) {
        let (leg, now) = (self.leg, tools.now);
        let needless = self.inbound.needless();
        // In the menus a key comes any moment, and is not to wait.
        let thins = tools.drops_unheard && self.room.is_some();
        self.thin(needless.filter(|_| thins));
        let (inbound, mut rejected) = (&mut self.inbound, 0);
        tools.inbox.read(&self.ports.rtcp, None, |bytes, from| {
            rejected += u64::from(!inbound.control(bytes, from, &now));
            More::MayWait
        });
        add(&tools.counters.packets_rejected, rejected);
        add(&tools.counters.packets_lost, self.inbound.take_lost());
        if let Some(silent) = self.inbound.turns_silent(&now) {
            tools.reports.tell(FromShard::Silent(self.leg, silent));
        }
        if let Some((from, named)) = self.inbound.stranger() {
            tools.reports.tell(FromShard::Stranger { leg, from, named });
        }
        if self.inbound.opens_nothing() {
            tools.reports.tell(FromShard::Unopened(self.leg));
        }
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
            self.outbound
                .report(&self.ports.rtcp, to, self.inbound.report(now), goodbye, now);
        }
    }

    /// What this line has counted and not told yet.
    pub(super) fn settle(&mut self, lost: &AtomicU64) {
        add(lost, self.inbound.take_lost());
    }
}

/// A socket is emptied at least so often, whatever is expected in it.
const THOROUGH_TICKS: u64 = 8;
/// A second, in ticks.
pub(super) const HOUSEKEEPING_TICKS: u64 = 50;
/// RFC 3550, 6.2: five seconds, the shortest interval it recommends.
const REPORT_EVERY: u64 = 5;
