//! The switchboard's loop: takes what comes, one thing after the other, and lets out what is due.

use std::time::Duration;

use confab_core::command::{Actor, Command};
use confab_core::event::EndReason;
use confab_core::ids::LegId;
use confab_core::menu::MenuInput;
use confab_core::room::Input;
use confab_core::time::Time;
use confab_portal::PortalCommand;
use confab_sip::SipCommand;
use tokio::sync::mpsc::error::TrySendError;

use super::{Found, Inlets, Parts, Sleeper, Switchboard};
use crate::media::FromShard;

/// Pages are told of changes at most this often.
const PUBLISH_EVERY_MS: u64 = 100;
/// At the end of the program, rooms have this long to say goodbye.
const GOODBYE: Duration = Duration::from_secs(6);
/// And then the SIP side this long to hang up whoever is left.
const SHUTDOWN: Duration = Duration::from_secs(3);
/// How soon a full SIP queue is tried again.
const OUTBOX_RETRY_MS: u64 = 5;

/// What came.
enum Came {
    Sip(confab_sip::SipEvent),
    Shard(FromShard),
    Recorder(confab_recorder::Report),
    Portal(PortalCommand),
    Found(Found),
    Stop,
    Time,
}

/// How far the end of the program has come.
#[derive(Clone, Copy)]
enum End {
    NotYet,
    Goodbyes(tokio::time::Instant),
    HangingUp(tokio::time::Instant),
}

impl End {
    fn has_begun(self) -> bool {
        !matches!(self, End::NotYet)
    }

    fn next(self) -> Option<tokio::time::Instant> {
        match self {
            End::NotYet => None,
            End::Goodbyes(at) | End::HangingUp(at) => Some(at),
        }
    }
}

fn far_off() -> tokio::time::Instant {
    tokio::time::Instant::now() + Duration::from_secs(3600)
}

impl Switchboard {
    /// Runs until it is told to stop, has hung up every call and let go of every room.
    pub async fn run(parts: Parts, mut inlets: Inlets) {
        let (mut switchboard, mut found) = Switchboard::new(parts);
        let mut end = End::NotYet;
        while !(end.has_begun() && switchboard.legs.is_empty()) {
            let wake_at = switchboard
                .next_wake()
                .min(end.next().unwrap_or_else(far_off));
            let came = tokio::select! {
                biased;
                () = inlets.stop.cancelled(), if !end.has_begun() => Came::Stop,
                Some(event) = inlets.sip.recv() => Came::Sip(event),
                Some(report) = inlets.media.recv() => Came::Shard(report),
                Some(answer) = found.recv() => Came::Found(answer),
                Some(report) = inlets.recorder.recv() => Came::Recorder(report),
                Some(command) = inlets.portal.recv() => Came::Portal(command),
                () = tokio::time::sleep_until(wake_at) => Came::Time,
            };
            let now = tokio::time::Instant::now();
            if let Came::Stop = came {
                end = End::Goodbyes(now + GOODBYE);
                switchboard.say_goodbye();
            } else {
                switchboard.take(came);
            }
            switchboard.wake_sleepers();
            match end {
                End::Goodbyes(until) if until <= now => {
                    end = End::HangingUp(now + SHUTDOWN);
                    switchboard.hang_up_everybody();
                }
                End::HangingUp(until) if until <= now => break,
                _ => {}
            }
            switchboard.flush().await;
        }
        switchboard.flush().await;
        switchboard.let_recordings_end(&mut inlets).await;
    }

    fn take(&mut self, came: Came) {
        match came {
            Came::Sip(event) => self.sip_event(event),
            Came::Shard(report) => self.shard_report(report),
            Came::Recorder(report) => self.recorder_report(report),
            Came::Portal(command) => self.portal_command(command),
            Came::Found(found) => self.found(found),
            Came::Stop | Came::Time => {}
        }
    }

    fn shard_report(&mut self, report: FromShard) {
        match report {
            FromShard::Key(leg, key, source) => self.key(leg, key, source, 0),
            FromShard::KeyLetGo(leg, key) => self.key_let_go(leg, key),
            FromShard::Talking(leg, talking) => {
                let room = self.legs.get(&leg).and_then(|entry| entry.room().cloned());
                if let Some(number) = room {
                    let _ = self.room_input(&number, Input::Talking { leg, talking });
                }
            }
            FromShard::Fault(leg, fault) => {
                let room = self.legs.get(&leg).and_then(|entry| entry.room().cloned());
                if let Some(number) = room {
                    let _ = self.room_input(&number, Input::Fault { leg, fault });
                }
            }
            FromShard::Silent(leg, silent) => self.line_is_silent(leg, silent),
            FromShard::Played(leg, play) => self.played(leg, play),
            FromShard::Stranger { leg, from, named } => {
                tracing::warn!(
                    %leg, %from, %named,
                    "sound comes from another address than the SDP named; it is not believed"
                );
            }
            FromShard::Unopened(leg) => {
                tracing::warn!(%leg, "sound comes that the agreed SRTP key does not open");
            }
            FromShard::LineDead(leg) => {
                tracing::info!(%leg, "the line is dead");
                self.hang_up(leg, EndReason::LineDead);
            }
            FromShard::NameTaken(leg, sound) => {
                let said = !sound.is_empty();
                if let Some(entry) = self.legs.get_mut(&leg) {
                    entry.spoken_name = said.then_some(sound);
                }
                self.menu_input(leg, MenuInput::NameRecorded(said));
            }
            FromShard::Released(line) => self.released(line),
            FromShard::RoomBroken(key, legs) => self.room_broken(key, legs),
        }
    }

    fn portal_command(&mut self, asked: PortalCommand) {
        let PortalCommand {
            room,
            by,
            command,
            reply,
        } = asked;
        tracing::info!(%room, by, %command, "portal command");
        let by = Actor::Portal(by);
        let answer = self.room_input(&room, Input::Command { by, command });
        if let Err(refusal) = &answer {
            tracing::info!(%room, %refusal, "the portal command was refused");
        }
        // the page may have given up waiting
        let _ = reply.send(answer);
    }

    fn wake_sleepers(&mut self) {
        let now = self.now();
        while let Some((at, sleeper)) = self.timers.first().cloned() {
            if at > now {
                break;
            }
            self.arm(sleeper.clone(), None);
            match sleeper {
                Sleeper::Leg(leg) => self.wake_leg(leg),
                Sleeper::Room(number) => {
                    let _ = self.room_input(&number, Input::Wake);
                }
            }
        }
    }

    fn next_wake(&self) -> tokio::time::Instant {
        let timer = self.timers.first().map(|(at, _)| *at);
        let publish = (!self.to_show.is_empty())
            .then(|| Time(self.published.0.saturating_add(PUBLISH_EVERY_MS)));
        let outbox = (!self.to_sip.is_empty()).then(|| Time(self.now().0 + OUTBOX_RETRY_MS));
        let soonest = [timer, publish, outbox].into_iter().flatten().min();
        soonest.map_or_else(far_off, |at| {
            tokio::time::Instant::from_std(self.parts.clock.instant(at))
        })
    }

    /// Lets out what waits for the SIP side, the ledger and the portal.
    async fn flush(&mut self) {
        while let Some(command) = self.to_sip.pop_front() {
            match self.parts.sip.try_send(command) {
                Ok(()) => {}
                Err(TrySendError::Full(command)) => {
                    self.to_sip.push_front(command);
                    break;
                }
                Err(TrySendError::Closed(_)) => tracing::error!("the SIP side has ended"),
            }
        }
        while let Some(entry) = self.to_ledger.pop_front() {
            self.parts.ledger.write(entry).await;
        }
        let now = self.now();
        let due = now.0 >= self.published.0.saturating_add(PUBLISH_EVERY_MS);
        if due && !self.to_show.is_empty() {
            self.published = now;
            self.publish();
        }
        self.parts
            .vitals
            .set_calls(self.legs.len(), self.rooms.len());
    }

    /// Takes no more calls; whoever is in a room hears that it ends, the others are hung up.
    fn say_goodbye(&mut self) {
        self.draining = true;
        self.parts.vitals.set_draining();
        self.to_sip.push_back(SipCommand::Drain);
        tracing::info!(calls = self.legs.len(), "stopping");
        let in_no_room = |leg: &LegId| self.legs[leg].room().is_none();
        let outside: Vec<_> = self.legs.keys().copied().filter(in_no_room).collect();
        for entry in self.legs.values_mut() {
            entry.ending = Some(entry.ending.unwrap_or(EndReason::Shutdown));
        }
        let rooms: Vec<_> = self.rooms.keys().cloned().collect();
        for number in rooms {
            let (by, command) = (Actor::House, Command::End);
            // a room that is ending already has nothing to add
            let _ = self.room_input(&number, Input::Command { by, command });
        }
        for leg in outside {
            self.hang_up(leg, EndReason::Shutdown);
        }
    }

    fn hang_up_everybody(&mut self) {
        let legs: Vec<_> = self.legs.keys().copied().collect();
        for leg in legs {
            self.hang_up(leg, EndReason::Shutdown);
        }
    }

    /// Rooms that are still there lose their sound now; their files close before the ledger does.
    async fn let_recordings_end(&mut self, inlets: &mut Inlets) {
        let numbers: Vec<_> = self.rooms.keys().cloned().collect();
        for number in numbers {
            self.stop_recording(&number);
        }
        let quiet = Duration::from_millis(400);
        while let Ok(Some(report)) = tokio::time::timeout(quiet, inlets.recorder.recv()).await {
            self.recorder_report(report);
        }
        self.flush().await;
    }
}
