//! Recordings: between the room that wants one, the shard that has the sound and the MP3 writer.

use confab_core::ids::RoomNumber;
use confab_core::room::{Input, RecorderReport};
use confab_recorder::{RecordingId, Report};
use confab_store::LedgerEntry;
use uuid::Uuid;

use super::Switchboard;
use crate::clock::ms;
use crate::media::ToShard;

/// Rate of the sound that a room gives to its recording.
const ROOM_RATE_HZ: u32 = 8_000;

/// The recording of a conference: one file, however often it is stopped and started.
pub(super) struct Recording {
    /// UUIDv7; the file is `ID.mp3`
    pub id: String,
}

impl Switchboard {
    /// Starts the recording of a room, or starts it again; returns what to tell the room.
    pub(super) fn start_recording(&mut self, number: &RoomNumber) -> Input {
        let failed = Input::Recording(RecorderReport::Failed);
        let Some(live) = self.rooms.get(number) else {
            return failed;
        };
        let (id, new) = match &live.recording {
            Some(recording) => (recording.id.clone(), false),
            None => (Uuid::now_v7().to_string(), true),
        };
        let path = self.parts.recordings_dir.join(format!("{id}.mp3"));
        let tap = match self
            .parts
            .recorder
            .open(RecordingId(id.clone()), path, ROOM_RATE_HZ)
        {
            Ok(tap) => tap,
            Err(e) => {
                tracing::error!(room = %number, error = %e, "a recording could not be started");
                return failed;
            }
        };
        self.shard(live.shard, ToShard::Record(live.key, tap));
        if new {
            self.to_ledger.push_back(LedgerEntry::RecordingStarted {
                recording: id.clone(),
                conference: live.conference.0.clone(),
                at_ms: ms(self.now()),
            });
        }
        if let Some(live) = self.rooms.get_mut(number) {
            live.recording = Some(Recording { id });
        }
        Input::Recording(RecorderReport::Started)
    }

    pub(super) fn stop_recording(&mut self, number: &RoomNumber) {
        if let Some(live) = self.rooms.get(number) {
            self.shard(live.shard, ToShard::StopRecord(live.key));
        }
    }

    pub(super) fn recorder_report(&mut self, report: Report) {
        match report {
            Report::Stopped {
                id,
                duration_ms,
                bytes,
            } => {
                self.to_ledger.push_back(LedgerEntry::RecordingStopped {
                    recording: id.0,
                    at_ms: ms(self.now()),
                    duration_ms: i64::try_from(duration_ms).unwrap_or(i64::MAX),
                    bytes: i64::try_from(bytes).unwrap_or(i64::MAX),
                });
            }
            Report::Full(id) => self.end_recording(&id, RecorderReport::Full),
            Report::Failed { id, why } => {
                tracing::error!(recording = id.0, why, "a recording has failed");
                self.end_recording(&id, RecorderReport::Failed);
            }
        }
    }

    /// The file takes no more; the next start makes a new one.
    pub(super) fn end_recording(&mut self, id: &RecordingId, report: RecorderReport) {
        let of = |live: &super::LiveRoom| live.recording.as_ref().is_some_and(|r| r.id == id.0);
        let number = self
            .rooms
            .iter()
            .find(|(_, live)| of(live))
            .map(|(number, _)| number.clone());
        let Some(number) = number else { return };
        self.stop_recording(&number);
        if let Some(live) = self.rooms.get_mut(&number) {
            live.recording = None;
        }
        let _ = self.room_input(&number, Input::Recording(report));
    }
}
