//! What one caller alone hears: prompts over a quieter room, and the room without themselves. A
//! prompt and an announcement to the room are never heard at once: what began first is heard to its
//! end, and the other after it. Sends nothing.

use confab_core::audio::announce::{Announcer, Place};
use confab_core::audio::limit::Limiter;
use confab_core::audio::mix::{self, Dip, Fader};
use confab_core::audio::play::Player;
use confab_core::audio::rate::Rate;
use confab_core::audio::resample::LONGEST_PAST;
use confab_core::effect::Hear;
use confab_core::ids::{LegId, PlayId};

use super::aside::Aside;
use super::encoded::Encoded;
use super::shard::Tools;
use super::{FromShard, Sound};

/// What a line hears of a room, in one tick.
#[derive(Debug)]
pub(super) struct RoomSound<'a> {
    /// everybody who is mixed, and what is played to the room
    pub(super) total: &'a [i32],
    pub(super) rate: Rate,
    pub(super) dip: Dip,
    /// the same, limited, for those who are not in it
    pub(super) shared: &'a mut Encoded,
    /// the limiter of the shared sound as it was before this tick
    pub(super) limiter: &'a Limiter,
    /// what of the total is played to the room, and where that was before this tick
    pub(super) announced: &'a [i32],
    pub(super) place: Place,
    pub(super) announcer: &'a Announcer,
}

/// The hearing half of a line.
#[derive(Debug)]
pub(super) struct Ear {
    player: Player<PlayId>,
    /// a prompt is heard, and not only waiting
    prompted: bool,
    /// where it is in the room's announcements, while that is not where the room is
    behind: Option<Place>,
    fader: Fader,
    /// limits what only this line hears
    limiter: Limiter,
    /// it heard something of its own a tick ago
    apart: bool,
    /// the end of that
    own_past: [i16; LONGEST_PAST],
}

impl Default for Ear {
    fn default() -> Self {
        Self {
            player: Player::default(),
            prompted: false,
            behind: None,
            fader: Fader::default(),
            limiter: Limiter::default(),
            apart: false,
            own_past: [0; LONGEST_PAST],
        }
    }
}

impl Ear {
    pub(super) fn play(
        &mut self,
        (leg, play): (LegId, PlayId),
        sounds: Vec<Sound>,
        tools: &mut Tools,
    ) {
        if let Err(refused) = self.player.push(play, sounds) {
            let _ = tools.aside.push(Aside::Sounds(refused.sounds));
            tools.reports.tell(FromShard::Played(leg, play));
        }
    }

    pub(super) fn stop(&mut self, tools: &mut Tools) {
        self.player.clear(|over| {
            let _ = tools.aside.push(Aside::Sounds(over.sounds));
        });
    }

    /// What is said in the next room has nothing to do with this one.
    pub(super) fn leave_room(&mut self) {
        self.behind = None;
    }

    /// The first announcement that it may still have to hear by itself.
    pub(super) fn needs(&self) -> Option<u64> {
        self.behind.map(|place| place.piece())
    }

    /// Whether it hears something else than the others in this tick; `speaks` tells that it is in
    /// the sum.
    pub(super) fn hears_apart(&mut self, hear: Hear, speaks: bool, room: &RoomSound<'_>) -> bool {
        self.attend(hear, room);
        let apart = self.prompted || self.behind.is_some() || !self.fader.is_unity() || speaks;
        if !apart {
            self.apart = false;
        }
        apart
    }

    /// Chooses between a prompt and what is said to the room.
    fn attend(&mut self, hear: Hear, room: &RoomSound<'_>) {
        let waits = self.player.is_playing();
        if hear != Hear::Room {
            self.behind = None;
            self.prompted = waits;
            return;
        }
        let place = self.behind.unwrap_or(room.place);
        self.prompted = waits && (self.prompted || !place.is_amid());
        if self.prompted && self.behind.is_none() {
            self.behind = Some(place.back());
        }
    }

    /// Makes what only this line hears: the room without its `own` voice, under a prompt perhaps.
    pub(super) fn mix(
        &mut self,
        (leg, hear): (LegId, Hear),
        own: Option<&[i16]>,
        room: &RoomSound<'_>,
        tools: &mut Tools,
    ) {
        // What is not the room's is narrow.
        let rate = match hear {
            Hear::Room => room.rate,
            Hear::Music | Hear::Nothing => Rate::Narrow,
        };
        // Kept by the shard, as it is long.
        let mut memory = std::mem::take(&mut tools.heard);
        let heard = &mut memory[..rate.tick()];
        match (hear, own) {
            (Hear::Room, Some(own)) => mix::minus(room.total, own, heard),
            (Hear::Room, None) => heard.copy_from_slice(room.total),
            (Hear::Music | Hear::Nothing, _) => heard.fill(0),
        }
        if hear == Hear::Music {
            mix::add(heard, tools.music.frame());
        }
        if self.behind.is_some() {
            mix::take_out(heard, room.announced);
        }
        self.follow(hear, rate, room);
        self.apart = true;
        if self.prompted || !self.fader.is_unity() {
            self.fader.apply(heard, self.prompted);
        }
        if self.prompted {
            self.add_prompts(leg, heard, rate, tools);
        } else if let Some(place) = &mut self.behind {
            room.announcer.repeat(place, heard, rate);
            if room.announcer.is_caught_up(place) {
                self.behind = None;
            }
        }
        if hear == Hear::Room {
            room.dip.apply(heard);
        }
        let own = tools.own.renew_after(&self.own_past, rate);
        self.limiter.process(heard, own);
        tools.own.end_to(&mut self.own_past);
        tools.heard = memory;
    }

    /// Goes on from what was heard a tick ago.
    fn follow(&mut self, hear: Hear, rate: Rate, room: &RoomSound<'_>) {
        if !self.apart {
            // What is still in the limiter was heard as part of the shared sound: it goes on here.
            match hear {
                Hear::Room => {
                    self.limiter.clone_from(room.limiter);
                    room.shared.past_to(&mut self.own_past);
                }
                Hear::Music | Hear::Nothing => {
                    self.limiter = Limiter::default();
                    self.own_past.fill(0);
                }
            }
        }
        if self.limiter.rate() != rate {
            self.limiter = Limiter::new(rate);
            self.own_past.fill(0);
        }
    }

    /// Nothing is sent, and whoever waits for the end of a prompt must not wait for ever.
    pub(super) fn play_unheard(&mut self, leg: LegId, tools: &mut Tools) {
        self.behind = None;
        self.prompted = self.player.is_playing();
        if self.prompted {
            self.add_prompts(leg, &mut [0; Rate::Narrow.tick()], Rate::Narrow, tools);
        }
    }

    fn add_prompts(&mut self, leg: LegId, heard: &mut [i32], rate: Rate, tools: &mut Tools) {
        let (reports, aside) = (&mut tools.reports, &tools.aside);
        self.player.add_tick_to(heard, rate, |over| {
            let _ = aside.push(Aside::Sounds(over.sounds));
            reports.tell(FromShard::Played(leg, over.name));
        });
    }
}
