//! A room with lines around it that do what effects say, and the rules that hold at every moment.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use confab_core::command::{Command, CommandRefusal, LectureMode};
use confab_core::effect::{Audience, Effect, Hear, Voice};
use confab_core::event::{EndReason, Fact, Role};
use confab_core::fault::Fault;
use confab_core::ids::{ConferenceId, DialId, LegId, PlayId, RoomNumber};
use confab_core::prompt::{Clip, Prompt};
use confab_core::room::{DialNews, Input, Room};
use confab_core::settings::RoomSettings;
use confab_core::snapshot::{MuteState, Standing};
use confab_core::time::Time;
use confab_dtmf::layout::KeypadCommand;

/// A caller's end.
#[derive(Debug)]
pub struct Line {
    pub voice: Voice,
    /// plays that have not been heard to their end
    pub queue: Vec<PlayId>,
    pub hung_up: Option<EndReason>,
    /// is being asked for the security code
    pub asked: bool,
    /// prompts that came of the newest input, to it alone or to the room
    heard: Vec<Prompt>,
    /// as the facts tell it
    muted: bool,
    denoised: bool,
    inside: bool,
}

impl Line {
    fn new() -> Self {
        Self {
            voice: Voice::NONE,
            queue: Vec::new(),
            hung_up: None,
            asked: false,
            heard: Vec::new(),
            muted: false,
            denoised: false,
            inside: false,
        }
    }
}

#[derive(Debug)]
pub struct World {
    pub room: Room,
    pub now: Time,
    pub lines: BTreeMap<LegId, Line>,
    /// of the newest input
    pub effects: Vec<Effect>,
    pub closed: bool,
    /// calls out that have been asked for and are not over
    pub dials: BTreeSet<DialId>,
    pub music: bool,
    facts: u64,
    /// the newest input has changed the mode
    changed_mode: bool,
    pub joined: bool,
}

impl World {
    pub fn new(settings: RoomSettings) -> Self {
        let number = RoomNumber::parse("1000").unwrap();
        let now = Time(1_700_000_000_000);
        let music = settings.hold_music;
        Self {
            room: Room::new(number, ConferenceId("c".to_owned()), settings, now),
            now,
            lines: BTreeMap::new(),
            effects: Vec::new(),
            closed: false,
            dials: BTreeSet::new(),
            music,
            facts: 0,
            changed_mode: false,
            joined: false,
        }
    }

    pub fn input(&mut self, input: Input) -> Result<(), CommandRefusal> {
        self.lines.values_mut().for_each(|line| line.heard.clear());
        if let Input::Join(joining) = &input {
            self.joined = true;
            self.lines.entry(joining.leg).or_insert_with(Line::new);
        }
        if let Input::Dialled { dial, news } = &input {
            match news {
                DialNews::Answered(leg) => {
                    self.dials.remove(dial);
                    self.lines.entry(*leg).or_insert_with(Line::new);
                }
                DialNews::Failed(_) => {
                    self.dials.remove(dial);
                }
                DialNews::Ringing => {}
            }
        }
        if let Input::Leave { leg, .. } = &input {
            self.lines.remove(leg);
        }
        if let Input::Played { leg, play } = &input
            && let Some(line) = self.lines.get_mut(leg)
        {
            line.queue.retain(|queued| queued != play);
        }
        let woken = input == Input::Wake;
        let alone = matches!(
            &input,
            Input::Command { .. } | Input::Join(_) | Input::KeyPressed(_)
        );
        let refusable = matches!(&input, Input::Command { .. });
        let opens = may_open(&input);
        let speakers = self.guests_who_speak();
        let before = self.room.snapshot();
        let mut effects = Vec::new();
        let answer = self.room.handle(self.now, input, &mut effects);
        assert!(!self.closed || effects.iter().all(|e| matches!(e, Effect::Hangup { .. })));
        if answer.is_err() {
            assert!(refusable);
            assert_eq!(before, self.room.snapshot(), "a refusal changes nothing");
            assert_eq!(effects, [], "a refusal does nothing");
        }
        self.changed_mode = false;
        for effect in &effects {
            self.apply(effect);
        }
        self.effects.extend(effects);
        self.check_the_lecture(opens, &speakers);
        if woken {
            assert!(
                self.room.next_deadline().is_none_or(|at| at > self.now),
                "a deadline passed"
            );
        }
        self.check();
        if alone {
            self.check_nothing_twice();
        }
        answer
    }

    fn guests_who_speak(&self) -> BTreeSet<LegId> {
        let look = self.room.snapshot();
        let guests = look.legs.iter().filter(|leg| leg.role == Role::Guest);
        let speak = |leg: &LegId| self.lines.get(leg).is_some_and(|line| line.voice.speak);
        guests.map(|leg| leg.leg).filter(speak).collect()
    }

    /// "All guests are muted" is true when it is said, and stays so for each of them until
    /// something was done to open the line.
    fn check_the_lecture(&self, opens: bool, before: &BTreeSet<LegId>) {
        let lecture = self.room.snapshot().lecture;
        let speakers = self.guests_who_speak();
        let changed = self.changed_mode;
        if lecture != LectureMode::Open && changed {
            assert!(speakers.is_empty(), "{speakers:?} speak in {lecture:?}");
        }
        if lecture != LectureMode::Open && !opens {
            assert!(speakers.is_subset(before), "who opened {speakers:?}?");
        }
    }

    /// One thing that happened is told to each once. Many may come in at once when the room is
    /// unlocked.
    fn check_nothing_twice(&self) {
        for (leg, line) in &self.lines {
            let mut told = HashSet::new();
            for prompt in &line.heard {
                let once = !matches!(
                    prompt,
                    Prompt::Digit(_) | Prompt::HasJoined | Prompt::CallerJoined
                );
                assert!(
                    told.insert(*prompt) || !once,
                    "{leg} hears {prompt:?} twice: {:?}",
                    line.heard
                );
            }
        }
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
            Effect::SetDenoised { leg, denoised } => {
                let line = self.lines.get_mut(leg).unwrap();
                assert_ne!(line.denoised, *denoised, "it is set only when it changes");
                line.denoised = *denoised;
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
                line.heard.extend(prompts(clips));
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
                for line in self.lines.values_mut().filter(|line| heard(line)) {
                    line.heard.extend(prompts(clips));
                }
            }
            Effect::StopPlay { leg } => {
                let line = self
                    .lines
                    .get_mut(leg)
                    .expect("only who is there is stopped");
                line.queue.clear();
                line.heard.clear();
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
                line.asked = false;
            }
            Effect::Emit(fact) => self.fact(fact),
            Effect::Close => {
                assert!(!self.closed, "it closes once");
                self.closed = true;
            }
            Effect::StartRecording | Effect::StopRecording => {}
            Effect::AskCode { leg } => {
                let line = self.lines.get_mut(leg).expect("only who is there is asked");
                assert_eq!(
                    line.voice,
                    Voice::NONE,
                    "the room is not heard behind the question"
                );
                assert!(line.queue.is_empty(), "nor what was said before");
                assert!(!line.asked, "nobody is asked twice");
                line.asked = true;
            }
            Effect::Dial { dial, .. } => {
                assert!(self.dials.insert(*dial), "each call has a name of its own");
                assert!(self.dials.len() <= 5, "calls out are bounded");
            }
            Effect::HangUpDial { dial } => {
                assert!(self.dials.remove(dial), "only what is called is given up");
            }
            Effect::KeepName { leg, .. } => assert!(self.lines.contains_key(leg)),
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
            Fact::RecordingNotice { leg } => {
                assert!(!self.lines[leg].asked, "who is asked has heard of nothing");
            }
            Fact::LectureChanged(_) => self.changed_mode = true,
            Fact::CodeProved { leg } => self.lines.get_mut(leg).unwrap().asked = false,
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
            assert_eq!(line.denoised, leg.denoised, "the line is as it is shown");
            let heard = leg.mute == MuteState::Open;
            let voice = if line.asked {
                assert_eq!(leg.standing, Standing::KeyingCode);
                Voice::NONE
            } else if leg.standing == Standing::Waiting {
                self.waiting_voice()
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
            let way_on = line.voice.hear != Hear::Nothing || leaving;
            assert!(
                way_on || self.room.next_deadline().is_some(),
                "{leg} hears nothing, and nothing will come of it"
            );
            if knocks {
                assert_eq!(line.voice, self.waiting_voice());
            }
        }
        let dials: BTreeSet<DialId> = look.dials.iter().map(|dial| dial.dial).collect();
        assert_eq!(dials, self.dials, "what is called is shown");
        let keys = |leg: &LegId| self.room.takes_keys(*leg);
        let pending = !look.knocks.is_empty()
            || !look.dials.is_empty()
            || look.ends_at.is_some()
            || self.lines.values().any(|line| line.asked)
            || self.lines.keys().any(keys);
        assert!(
            !pending || self.room.next_deadline().is_some(),
            "what is pending comes to an end"
        );
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

    fn waiting_voice(&self) -> Voice {
        Voice {
            speak: false,
            hear: if self.music {
                Hear::Music
            } else {
                Hear::Nothing
            },
        }
    }
}

/// Whether guests may be heard after this input who were not before it, in a lecture.
fn may_open(input: &Input) -> bool {
    match input {
        // somebody comes back who had been given the word
        Input::Join(_) | Input::CodeRight(_) => true,
        Input::Command { command, .. } => matches!(
            command,
            Command::SetHandOpen { open: true, .. }
                | Command::SetMute { muted: false, .. }
                | Command::NextHand
                | Command::OpenAll
                | Command::Admit(_)
                | Command::SetLocked(false)
                | Command::Keypad(
                    KeypadCommand::ToggleMute
                        | KeypadCommand::NextHand
                        | KeypadCommand::MuteAll
                        | KeypadCommand::Admit
                        | KeypadCommand::ToggleLock
                )
        ),
        _ => false,
    }
}

fn prompts(clips: &[Clip]) -> impl Iterator<Item = Prompt> {
    clips.iter().filter_map(|clip| match clip {
        Clip::Prompt(prompt) => Some(*prompt),
        _ => None,
    })
}

/// The fault of this word; a story that names none is wrong.
pub fn fault_called(word: &str) -> Option<Fault> {
    let fault = Fault::ALL.into_iter().find(|fault| fault.word() == word);
    assert!(fault.is_some(), "no line spoils it by {word}");
    fault
}

/// A refusal as stories say it.
pub fn refusal_words(refusal: CommandRefusal) -> &'static str {
    match refusal {
        CommandRefusal::NoSuchLeg => "no such leg",
        CommandRefusal::HostsOnly => "hosts only",
        CommandRefusal::MutedByHost => "muted by host",
        CommandRefusal::CannotRecord => "cannot record",
        CommandRefusal::NoConference => "no conference",
        CommandRefusal::LectureHolds => "lecture holds",
        CommandRefusal::NoHand => "no hand",
        CommandRefusal::DialNotAllowed => "dial not allowed",
        CommandRefusal::TooManyDials => "too many dials",
        CommandRefusal::RoomFull => "room full",
    }
}
