//! The recording as the room sees it: wanted, running, told to everybody. Knows no file.

use crate::command::CommandRefusal;
use crate::effect::Effect;
use crate::event::Fact;
use crate::prompt::{Clip, Prompt};
use crate::snapshot::RecordingState;
use crate::time::Time;

use super::people::Person;
use super::{RecorderReport, Room};

/// What the room knows of its recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Recording {
    Off,
    /// Asked for; the recorder has not answered.
    Starting,
    On {
        since: Time,
    },
}

impl Recording {
    pub fn state(self) -> RecordingState {
        match self {
            Recording::Off | Recording::Starting => RecordingState::Off,
            Recording::On { since } => RecordingState::On { since },
        }
    }

    pub fn is_on(self) -> bool {
        matches!(self, Recording::On { .. })
    }
}

impl Room {
    pub(super) fn set_recording(&mut self, on: bool) -> Result<(), CommandRefusal> {
        match (on, self.recording) {
            (true, Recording::Off) if !self.begun => return Err(CommandRefusal::CannotRecord),
            (true, Recording::Off) => self.start_recording(),
            (false, Recording::On { .. }) => {
                self.stop_recording();
                self.tell_room(vec![Clip::Prompt(Prompt::RecordingStopped)]);
            }
            (false, Recording::Starting) => self.stop_recording(),
            (true, Recording::Starting | Recording::On { .. }) | (false, Recording::Off) => {}
        }
        Ok(())
    }

    pub(super) fn start_recording(&mut self) {
        self.recording = Recording::Starting;
        self.effects.push(Effect::StartRecording);
    }

    /// Stops it without a word.
    pub(super) fn stop_recording(&mut self) {
        let was = std::mem::replace(&mut self.recording, Recording::Off);
        if was != Recording::Off {
            self.effects.push(Effect::StopRecording);
        }
        if was.is_on() {
            self.emit(Fact::RecordingStopped);
        }
    }

    pub(super) fn recorder_reports(&mut self, report: RecorderReport) {
        match (report, self.recording) {
            (RecorderReport::Started, Recording::Starting) => self.recording_runs(),
            (RecorderReport::Failed | RecorderReport::Full, Recording::Starting) => {
                self.recording = Recording::Off;
                for leg in self.people.legs_where(|person| person.is_host()) {
                    self.say(leg, &[Prompt::RecordingFailed]);
                }
            }
            (RecorderReport::Failed, Recording::On { .. }) => {
                self.recording_broke_off(Prompt::RecordingStopped);
            }
            (RecorderReport::Full, Recording::On { .. }) => {
                self.recording_broke_off(Prompt::RecordingFull);
            }
            // An answer to what is no longer wanted.
            (_, Recording::Off) | (RecorderReport::Started, Recording::On { .. }) => {}
        }
    }

    fn recording_runs(&mut self) {
        self.recording = Recording::On { since: self.now };
        self.emit(Fact::RecordingStarted);
        self.tell_room(vec![Clip::Prompt(Prompt::RecordingStarted)]);
        for leg in self.people.legs_where(Person::is_inside) {
            self.emit(Fact::RecordingNotice { leg });
        }
    }

    fn recording_broke_off(&mut self, prompt: Prompt) {
        self.recording = Recording::Off;
        self.emit(Fact::RecordingStopped);
        self.tell_room(vec![Clip::Prompt(prompt)]);
    }
}
