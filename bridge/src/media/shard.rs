//! A shard: the lines and rooms of one media thread, and what happens to them in a tick.
//! Has no clock and no thread of its own.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::mpsc::{Receiver, TryRecvError, sync_channel};
use std::time::{SystemTime, UNIX_EPOCH};

use confab_core::audio::rate::{LONGEST_TICK, Rate};
use confab_core::audio::{TICK_MS, resample};
use confab_core::ids::LegId;

use super::aside::{Aside, Over, Pusher};
use super::codec::{Repertoire, Spares};
use super::common::{Made, Maker, Whose};
use super::counters::{Counted, Counters, add};
use super::encoded::Encoded;
use super::kit::Kit;
use super::line::Line;
use super::order::Order;
use super::outbox::Outbox;
use super::report::Reports;
use super::room::{Mix, Room};
use super::sys::Inbox;
use super::{FromShard, RoomKey, Sound, ToShard};

/// The moment of a tick.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Now {
    /// number of the tick; skipped ones count
    pub(super) tick: u64,
    /// ticks that were skipped before this one, because the machine was too busy
    pub(super) skipped: u64,
    /// the time of day as NTP has it: seconds since 1900 in the upper half
    pub(super) ntp: u64,
}

impl Now {
    /// The moment of a tick, by the system's clock.
    pub(super) fn at(tick: u64, skipped: u64) -> Self {
        // A clock before 1970 is wrong anyway; reports then bear a time that means nothing.
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        let seconds = since.as_secs() + SECONDS_1900_TO_1970;
        let fraction = (u64::from(since.subsec_nanos()) << 32) / 1_000_000_000;
        Self {
            tick,
            skipped,
            ntp: seconds << 32 | fraction,
        }
    }

    /// The clock of timestamps.
    pub(super) fn clock(&self, hz: u32) -> u32 {
        (self.tick as u32).wrapping_mul(hz / 1_000 * TICK_MS)
    }

    /// It is the next after this one, but for those that were skipped.
    pub(super) fn follows(&self, tick: u64) -> bool {
        tick + self.skipped + 1 == self.tick
    }

    /// In 65,536ths of a second, as RTCP counts.
    pub(super) fn ntp_middle(&self) -> u32 {
        (self.ntp >> 16) as u32
    }
}

/// What the lines of a shard share.
#[derive(Debug)]
pub(super) struct Tools {
    pub(super) now: Now,
    pub(super) inbox: Inbox,
    pub(super) outbox: Outbox,
    pub(super) reports: Reports,
    pub(super) aside: Pusher,
    pub(super) maker: Maker,
    spares: Arc<Spares>,
    made: Receiver<Made>,
    pub(super) counters: Arc<Counters>,
    /// of this tick
    pub(super) counted: Counted,
    pub(super) dead_ticks: u64,
    /// the system drops most of a sound that nobody hears
    pub(super) drops_unheard: bool,
    /// this tick of the hold music
    pub(super) music: Encoded,
    pub(super) silence: Encoded,
    /// what was said before in Opus
    pub(super) repertoire: Repertoire,
    /// what one line alone hears, while it is made and sent
    pub(super) own: Encoded,
    /// that before it is limited
    pub(super) heard: Box<[i32]>,
    /// no sound at all
    pub(super) nothing: Sound,
}

impl Tools {
    pub(super) fn new(
        reports: Reports,
        aside: Pusher,
        spares: Arc<Spares>,
        counters: Arc<Counters>,
        dead_line_ms: u32,
    ) -> Self {
        resample::prepare();
        let (back, made) = sync_channel(MOST_MADE);
        let maker = Maker {
            aside: aside.clone(),
            back,
        };
        Self {
            now: Now::default(),
            inbox: Inbox::default(),
            outbox: Outbox::default(),
            reports,
            aside,
            music: Encoded::common(Whose::Music, &maker),
            maker,
            spares,
            made,
            counters,
            counted: Counted::default(),
            dead_ticks: u64::from(dead_line_ms.div_ceil(TICK_MS)),
            drops_unheard: false,
            silence: Encoded::default(),
            repertoire: Repertoire::default(),
            own: Encoded::default(),
            heard: vec![0; LONGEST_TICK].into_boxed_slice(),
            nothing: Sound::from([]),
        }
    }
}

/// See the module.
#[derive(Debug)]
pub(super) struct Shard {
    orders: Receiver<Order>,
    lines: Vec<Option<Box<Line>>>,
    places: HashMap<LegId, usize>,
    vacant: Vec<usize>,
    rooms: Vec<Room>,
    /// lines that are in no room
    lobby: Vec<usize>,
    lobby_mix: Mix,
    music: Sound,
    music_at: usize,
    tools: Tools,
}

/// Whether there will be another tick.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shift {
    /// There will.
    GoesOn,
    /// Nobody can send commands any more.
    Over,
}

impl Shard {
    pub(super) fn new(orders: Receiver<Order>, music: Sound, tools: Tools) -> Self {
        Self {
            orders,
            lines: Vec::with_capacity(USUAL_LINES),
            places: HashMap::with_capacity(USUAL_LINES),
            vacant: Vec::with_capacity(USUAL_LINES),
            rooms: Vec::with_capacity(USUAL_LINES),
            lobby: Vec::with_capacity(USUAL_LINES),
            lobby_mix: Mix::lobby(),
            music,
            music_at: 0,
            tools,
        }
    }

    /// Runs a tick.
    pub(super) fn tick(&mut self, now: Now) -> Shift {
        self.tools.now = now;
        self.tools.reports.flush();
        self.take_made();
        let shift = self.take_orders();
        self.turn_music();
        self.tick_rooms();
        self.tick_lobby();
        self.tools.outbox.flush();
        let aside = &self.tools.aside;
        self.tools
            .spares
            .look_after(|| aside.push(Aside::Spares).is_ok());
        self.tools.counters.take(&mut self.tools.counted);
        let dropped = self.tools.reports.take_dropped();
        add(&self.tools.counters.reports_dropped, dropped);
        self.tools
            .counters
            .lines
            .store(self.places.len() as u64, Relaxed);
        add(&self.tools.counters.ticks, 1);
        shift
    }

    fn take_orders(&mut self) -> Shift {
        // As many as came before the tick and a few more, so that a switchboard that never stops
        // cannot hold it up.
        for _ in 0..MOST_ORDERS {
            match self.orders.try_recv() {
                Ok(order) => self.obey(order),
                Err(TryRecvError::Empty) => return Shift::GoesOn,
                Err(TryRecvError::Disconnected) => {
                    self.close_all();
                    return Shift::Over;
                }
            }
        }
        Shift::GoesOn
    }

    fn take_made(&mut self) {
        while let Ok(Made { whose, stream }) = self.tools.made.try_recv() {
            let mut left = Some(stream);
            match whose {
                Whose::Music => self.tools.music.take(&mut left),
                Whose::Room(key) => self.with_mix(key, |mix, _| mix.take(&mut left)),
            }
            let _ = left.map(|left| self.tools.aside.push(Aside::Gear(Over::Stream(left))));
        }
    }

    fn obey(&mut self, order: Order) {
        let now = self.tools.now;
        match order {
            Order::TakeName(leg, _, room) => {
                self.with(leg, |line, tools| line.take_name(room, tools))
            }
            Order::Do(ToShard::TakeName(leg, limit_ms)) => {
                let room = super::name::room_for(limit_ms);
                self.with(leg, |line, tools| line.take_name(room, tools));
            }
            Order::Do(ToShard::Adopt(line)) => self.adopt(line),
            Order::Do(ToShard::Release(leg)) => {
                if let Some(mut line) = self.remove(leg) {
                    line.released(&now);
                    self.tools.reports.tell(FromShard::Released(line));
                }
            }
            Order::Do(ToShard::Close(leg)) => {
                if let Some(line) = self.remove(leg) {
                    self.close_line(line);
                }
            }
            Order::SetStream(leg, stream, kit) => {
                self.with(leg, |line, tools| line.set_stream(stream, kit, tools));
            }
            Order::Do(ToShard::SetStream(leg, stream)) => {
                let kit = Kit::for_stream(&stream, &self.tools.spares);
                self.with(leg, |line, tools| line.set_stream(stream, kit, tools));
            }
            Order::Do(ToShard::Enter(leg, key)) => self.enter(leg, key),
            Order::Do(ToShard::SetVoice(leg, voice)) => {
                self.with(leg, |line, _| line.set_voice(voice));
            }
            Order::Do(ToShard::SetLevelled(leg, levelled)) => {
                self.with(leg, |line, _| line.said.set_levelled(levelled));
            }
            Order::SetDenoised(leg, denoiser) => {
                self.with(leg, |line, tools| line.set_denoised(denoiser, tools));
            }
            Order::Do(ToShard::SetDenoised(leg, on)) => {
                self.obey(Order::SetDenoised(leg, on.then(Box::default)));
            }
            Order::Do(ToShard::SetWatched(leg, watched)) => {
                self.with(leg, |line, _| line.said.set_watched(watched));
            }
            Order::Do(ToShard::PlayToLeg(leg, play, sounds)) => {
                self.with(leg, |line, tools| line.play(play, sounds, tools));
            }
            Order::Do(ToShard::StopPlay(leg)) => self.with(leg, Line::stop_play),
            Order::Do(ToShard::StopName(leg)) => self.with(leg, Line::stop_name),
            Order::Do(ToShard::PlayToRoom(key, sounds)) => {
                self.with_mix(key, |mix, tools| mix.play(sounds, tools));
            }
            Order::Do(ToShard::Record(key, tap)) => {
                self.with_mix(key, |mix, tools| mix.record_to(Some(tap), tools));
            }
            Order::Do(ToShard::StopRecord(key)) => {
                self.with_mix(key, |mix, tools| mix.record_to(None, tools));
            }
            Order::Do(ToShard::CloseRoom(key)) => self.close_room(key),
            Order::Do(ToShard::SetMusic(music)) => {
                self.music_at = 0;
                let old = std::mem::replace(&mut self.music, music);
                let _ = self.tools.aside.push(Aside::Music(old));
            }
        }
    }

    fn with(&mut self, leg: LegId, act: impl FnOnce(&mut Line, &mut Tools)) {
        let place = self.places.get(&leg);
        if let Some(line) = place.and_then(|&place| self.lines[place].as_deref_mut()) {
            act(line, &mut self.tools);
        }
    }

    fn with_mix(&mut self, key: RoomKey, act: impl FnOnce(&mut Mix, &Tools)) {
        if let Some(room) = self.rooms.iter_mut().find(|room| room.key == key) {
            act(&mut room.mix, &self.tools);
        }
    }

    fn adopt(&mut self, mut line: Box<Line>) {
        line.adopted(&self.tools.now);
        let leg = line.leg();
        if let Some(before) = self.remove(leg) {
            self.close_line(before);
        }
        let place = self.vacant.pop().unwrap_or_else(|| {
            self.lines.push(None);
            self.lines.len() - 1
        });
        self.lines[place] = Some(line);
        self.places.insert(leg, place);
        self.lobby.push(place);
    }

    /// Takes a line out of its room and of the shard.
    fn remove(&mut self, leg: LegId) -> Option<Box<Line>> {
        let place = self.places.remove(&leg)?;
        let line = self.lines[place].take()?;
        self.vacant.push(place);
        let list = match line.room {
            Some(key) => self
                .rooms
                .iter_mut()
                .find(|room| room.key == key)
                .map(|r| &mut r.members),
            None => Some(&mut self.lobby),
        };
        if let Some(list) = list {
            list.retain(|&member| member != place);
        }
        Some(line)
    }

    fn close_line(&mut self, mut line: Box<Line>) {
        line.say_goodbye(&self.tools.now);
        line.settle(&self.tools.counters.packets_lost);
        let _ = self.tools.aside.push(Aside::Line(line));
    }

    fn enter(&mut self, leg: LegId, key: RoomKey) {
        let Some(&place) = self.places.get(&leg) else {
            return;
        };
        let Some(line) = &mut self.lines[place] else {
            return;
        };
        if line.room == Some(key) {
            return;
        }
        let before = line.room;
        line.leave_room();
        line.room = Some(key);
        let list = match before {
            Some(old) => self
                .rooms
                .iter_mut()
                .find(|room| room.key == old)
                .map(|r| &mut r.members),
            None => Some(&mut self.lobby),
        };
        if let Some(list) = list {
            list.retain(|&member| member != place);
        }
        match self.rooms.iter_mut().find(|room| room.key == key) {
            Some(room) => room.members.push(place),
            None => {
                let mut room = Room::new(key, &self.tools.maker);
                room.members.push(place);
                self.rooms.push(room);
            }
        }
    }

    /// Lines that are still in it wait in the lobby, unheard, to be closed or moved.
    fn close_room(&mut self, key: RoomKey) {
        let Some(at) = self.rooms.iter().position(|room| room.key == key) else {
            return;
        };
        let mut room = self.rooms.swap_remove(at);
        for &place in &room.members {
            if let Some(line) = &mut self.lines[place] {
                line.leave_room();
                self.lobby.push(place);
            }
        }
        room.mix.close(&self.tools);
    }

    fn close_all(&mut self) {
        for place in 0..self.lines.len() {
            if let Some(line) = self.lines[place].take() {
                self.close_line(line);
            }
        }
        self.places.clear();
        self.lobby.clear();
        for mut room in self.rooms.drain(..) {
            room.mix.close(&self.tools);
        }
    }

    /// The music goes on at one place for all who wait, heard or not.
    fn turn_music(&mut self) {
        let frame = self.tools.music.renew(Rate::Narrow);
        if self.music.is_empty() {
            return;
        }
        for sample in frame.iter_mut() {
            *sample = self.music[self.music_at];
            self.music_at += 1;
            if self.music_at == self.music.len() {
                self.music_at = 0;
            }
        }
    }

    fn tick_rooms(&mut self) {
        let mut at = 0;
        while at < self.rooms.len() {
            let (room, lines, tools) = (&mut self.rooms[at], &mut self.lines, &mut self.tools);
            // Nothing of a broken room is used again but the sockets, which are closed.
            let run = AssertUnwindSafe(|| room.mix.tick(&room.members, lines, tools));
            if catch_unwind(run).is_ok() {
                at += 1;
            } else {
                self.bury_room(at);
            }
        }
    }

    fn bury_room(&mut self, at: usize) {
        self.tools.outbox.flush();
        let mut room = self.rooms.swap_remove(at);
        let mut legs = Vec::with_capacity(room.members.len());
        for place in room.members.drain(..) {
            if let Some(line) = self.lines[place].take() {
                legs.push(line.leg());
                self.places.remove(&line.leg());
                self.vacant.push(place);
                let _ = self.tools.aside.push(Aside::Line(line));
            }
        }
        room.mix.close(&self.tools);
        self.tools
            .reports
            .tell(FromShard::RoomBroken(room.key, legs));
    }

    /// Lines in no room have nothing in common, so each has its tick alone.
    fn tick_lobby(&mut self) {
        let mut at = 0;
        while at < self.lobby.len() {
            let (mix, lines, tools) = (&mut self.lobby_mix, &mut self.lines, &mut self.tools);
            let alone = &self.lobby[at..=at];
            if catch_unwind(AssertUnwindSafe(|| mix.tick(alone, lines, tools))).is_ok() {
                at += 1;
                continue;
            }
            self.tools.outbox.flush();
            let place = self.lobby.swap_remove(at);
            if let Some(line) = self.lines[place].take() {
                self.places.remove(&line.leg());
                self.vacant.push(place);
                self.tools.reports.tell(FromShard::LineDead(line.leg()));
                let _ = self.tools.aside.push(Aside::Line(line));
            }
        }
    }
}

/// Lists of a shard are made this long, so that they hardly ever grow.
const USUAL_LINES: usize = 1_024;
/// Commands obeyed in one tick; the rest waits for the next.
const MOST_ORDERS: usize = 1_024;
/// Encoders that wait for a shard; more than rooms that begin in one tick.
const MOST_MADE: usize = 256;
const SECONDS_1900_TO_1970: u64 = 2_208_988_800;

#[cfg(test)]
mod tests;
