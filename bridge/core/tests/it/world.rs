//! A room with lines around it that do what effects say, and the rules that hold at every moment.

use std::collections::BTreeMap;

use confab_core::command::{Command, CommandRefusal, LectureMode};
use confab_core::effect::{Audience, Effect, Hear, Voice};
use confab_core::event::{EndReason, Fact, Role};
use confab_core::ids::{ConferenceId, LegId, PlayId, RoomNumber};
use confab_core::room::{Input, Room};
use confab_core::settings::RoomSettings;
use confab_core::snapshot::MuteState;
use confab_core::time::Time;

/// A caller's end.
#[derive(Debug)]
pub struct Line {
    pub voice: Voice,
    /// plays that have not been heard to their end
    pub queue: Vec<PlayId>,
    pub hung_up: Option<EndReason>,
    /// as the facts tell it
    muted: bool,
    inside: bool,
}

#[derive(Debug)]
pub struct World {
    pub room: Room,
    pub now: Time,
    pub lines: BTreeMap<LegId, Line>,
    /// of the newest input
    pub effects: Vec<Effect>,
    pub closed: bool,
    facts: u64,
    joined: bool,
}

impl World {
    pub fn new(settings: RoomSettings) -> Self {
        let number = RoomNumber::parse("1000").unwrap();
        let now = Time(1_700_000_000_000);
        Self {
            room: Room::new(number, ConferenceId("c".to_owned()), settings, now),
            now,
            lines: BTreeMap::new(),
            effects: Vec::new(),
            closed: false,
            facts: 0,
            joined: false,
        }
    }

    pub fn input(&mut self, input: Input) -> Result<(), CommandRefusal> {
        if let Input::Join(joining) = &input {
            self.joined = true;
            self.lines.entry(joining.leg).or_insert(Line {
                voice: Voice {
                    speak: false,
                    hear: Hear::Nothing,
                },
                queue: Vec::new(),
                hung_up: None,
                muted: false,
                inside: false,
            });
        }
        if let Input::Leave { leg, .. } = &input {
            self.lines.remove(leg);
        }
        let woken = input == Input::Wake;
        let refusable = matches!(&input, Input::Command { .. });
        let before = self.room.snapshot();
        let mut effects = Vec::new();
        let answer = self.room.handle(self.now, input, &mut effects);
        assert!(!self.closed || effects.iter().all(|e| matches!(e, Effect::Hangup { .. })));
        if answer.is_err() {
            assert!(refusable);
            assert_eq!(before, self.room.snapshot(), "a refusal changes nothing");
            assert_eq!(effects, [], "a refusal does nothing");
        }
        for effect in &effects {
            self.apply(effect);
        }
        self.effects.extend(effects);
        if woken {
            assert!(
                self.room.next_deadline().is_none_or(|at| at > self.now),
                "a deadline passed"
            );
        }
        self.check();
        answer
    }

    pub fn command(
        &mut self,
        by: confab_core::command::Actor,
        command: Command,
    ) -> Result<(), CommandRefusal> {
        self.input(Input::Command { by, command })
    }

    /// Lets time pass, waking the room whenever it wants.
    pub fn pass(&mut self, ms: u64) {
        let until = Time(self.now.0 + ms);
        while let Some(at) = self.room.next_deadline().filter(|at| *at <= until) {
            self.now = at;
            let _ = self.input(Input::Wake);
        }
        self.now = until;
    }

    /// A line hears everything that was queued for it, and is gone when it was hung up.
    pub fn hear_out(&mut self, leg: LegId) {
        let Some(line) = self.lines.get_mut(&leg) else {
            return;
        };
        for play in std::mem::take(&mut line.queue) {
            let _ = self.input(Input::Played { leg, play });
        }
        if let Some(reason) = self.lines.get(&leg).and_then(|line| line.hung_up) {
            let _ = self.input(Input::Leave { leg, reason });
        }
    }

    fn apply(&mut self, effect: &Effect) {
        match effect {
            Effect::SetVoice { leg, voice } => {
                let line = self
                    .lines
                    .get_mut(leg)
                    .expect("only lines there are are set");
                assert_ne!(
                    line.voice, *voice,
                    "a line is set only when something changed"
                );
                line.voice = *voice;
            }
            Effect::Play {
                to: Audience::Leg(leg),
                play,
                clips,
            } => {
                assert!(!clips.is_empty());
                let line = self
                    .lines
                    .get_mut(leg)
                    .expect("only who is there is spoken to");
                assert_eq!(line.hung_up, None, "nothing is said after the goodbye");
                line.queue.push(*play);
                assert!(line.queue.len() <= 6, "nobody is talked at for ever");
            }
            Effect::Play {
                to: Audience::Room,
                clips,
                ..
            } => {
                assert!(!clips.is_empty());
                let heard = |line: &Line| line.voice.hear == Hear::Room;
                assert!(
                    self.lines.values().any(heard),
                    "the room is told only when it has ears"
                );
            }
            Effect::StopPlay { leg } => {
                self.lines
                    .get_mut(leg)
                    .expect("only who is there is stopped")
                    .queue
                    .clear();
            }
            Effect::Hangup { leg, reason } => {
                let line = self
                    .lines
                    .get_mut(leg)
                    .expect("only who is there is hung up");
                assert!(
                    line.hung_up.is_none() || self.closed,
                    "nobody is hung up twice"
                );
                line.hung_up = Some(*reason);
            }
            Effect::Emit(fact) => self.fact(fact),
            Effect::Close => {
                assert!(!self.closed, "it closes once");
                self.closed = true;
            }
            Effect::StartRecording | Effect::StopRecording => {}
        }
    }

    fn fact(&mut self, fact: &Fact) {
        self.facts += 1;
        match fact {
            Fact::LegJoined { leg, .. } => self.lines.get_mut(leg).unwrap().inside = true,
            Fact::MuteChanged { leg, muted } => {
                let line = self.lines.get_mut(leg).unwrap();
                assert_ne!(line.muted, *muted, "a fact is a change");
                line.muted = *muted;
            }
            _ => {}
        }
    }

    /// What holds at every moment.
    fn check(&self) {
        let look = self.room.snapshot();
        assert_eq!(look.seq, self.facts, "every fact is counted");
        for leg in &look.legs {
            let line = &self.lines[&leg.leg];
            assert!(
                line.inside && line.hung_up.is_none(),
                "who is shown is in the room"
            );
            let heard = leg.mute == MuteState::Open;
            let voice = if leg.waiting {
                Voice {
                    speak: false,
                    hear: Hear::Music,
                }
            } else {
                assert_eq!(line.muted, !heard, "the facts tell who is muted");
                Voice {
                    speak: heard,
                    hear: Hear::Room,
                }
            };
            assert_eq!(line.voice, voice, "the line is as the room says");
            let open_hand = leg.hand.is_some_and(|hand| hand.open);
            match (leg.role, look.lecture) {
                (Role::Host, _) => assert_ne!(leg.mute, MuteState::MutedByHost),
                (Role::Guest, LectureMode::Strict) => {
                    assert!(open_hand || leg.mute == MuteState::MutedByHost);
                }
                (Role::Guest, _) => assert_ne!(leg.mute, MuteState::MutedByHost),
            }
            assert!(
                line.voice.speak || !leg.talking,
                "who is muted does not talk"
            );
        }
        for (leg, line) in &self.lines {
            let inside = look.legs.iter().any(|look| look.leg == *leg);
            let knocks = look.knocks.iter().any(|knock| knock.leg == *leg);
            let leaving = line.hung_up.is_some();
            assert_eq!(
                u8::from(inside) + u8::from(knocks) + u8::from(leaving),
                1,
                "{leg} is in exactly one place"
            );
            assert!(
                inside || !line.voice.speak,
                "only who is in the room speaks"
            );
        }
        let mut places: Vec<u32> = look
            .legs
            .iter()
            .filter_map(|leg| leg.hand)
            .map(|hand| hand.place)
            .collect();
        places.sort_unstable();
        assert!(
            places.iter().copied().eq(1..=places.len() as u32),
            "hands are a queue"
        );
        let empty = self.joined && self.lines.is_empty();
        assert!(self.closed || !empty, "an empty room is closed");
    }
}
