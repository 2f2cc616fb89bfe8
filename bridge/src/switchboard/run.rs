//! The switchboard's loop: takes what comes, one thing after the other, and lets out what is due.

use std::sync::Arc;
use std::time::Duration;

use confab_core::command::Actor;
use confab_core::event::EndReason;
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
/// At the end of the program, calls have this long to be hung up.
const SHUTDOWN: Duration = Duration::from_secs(5);
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
    Nothing,
}

impl Switchboard {
    /// Runs until it is told to stop, has hung up every call and let go of every room.
    pub async fn run(parts: Parts, mut inlets: Inlets) {
        let (mut switchboard, mut found) = Switchboard::new(parts);
        let mut give_up_at = None;
        loop {
            let wake_at = switchboard.next_wake(give_up_at);
            let came = tokio::select! {
                biased;
                () = inlets.stop.cancelled(), if give_up_at.is_none() => Came::Stop,
                event = inlets.sip.recv() => event.map_or(Came::Nothing, Came::Sip),
                report = inlets.media.recv() => report.map_or(Came::Nothing, Came::Shard),
                answer = found.recv() => answer.map_or(Came::Nothing, Came::Found),
                Some(report) = inlets.recorder.recv() => Came::Recorder(report),
                Some(command) = inlets.portal.recv() => Came::Portal(command),
                () = tokio::time::sleep_until(wake_at) => Came::Time,
            };
            if let Came::Stop = came {
                give_up_at = Some(tokio::time::Instant::now() + SHUTDOWN);
                switchboard.shut_down();
            } else {
                switchboard.take(came);
            }
            switchboard.wake_sleepers();
            switchboard.flush().await;
            let over = give_up_at.is_some_and(|at| at <= tokio::time::Instant::now());
            if over || (give_up_at.is_some() && switchboard.legs.is_empty()) {
                break;
            }
        }
        switchboard.let_recordings_end(&mut inlets).await;
    }

    fn take(&mut self, came: Came) {
        match came {
            Came::Sip(event) => self.sip_event(event),
            Came::Shard(report) => self.shard_report(report),
            Came::Recorder(report) => self.recorder_report(report),
            Came::Portal(command) => self.portal_command(command),
            Came::Found(found) => self.found(found),
            Came::Stop | Came::Time | Came::Nothing => {}
        }
    }

    fn shard_report(&mut self, report: FromShard) {
        match report {
            FromShard::Key(leg, key) => self.key(leg, key, confab_dtmf::merge::Source::Event),
            FromShard::Talking(leg, talking) => {
                let room = self.legs.get(&leg).and_then(|entry| entry.room().cloned());
                if let Some(number) = room {
                    let _ = self.room_input(&number, Input::Talking { leg, talking });
                }
            }
            FromShard::Played(leg, play) => self.played(leg, play),
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
        tracing::info!(%room, by, command = ?std::mem::discriminant(&command), "portal command");
        let by = Actor::Portal(by);
        let answer = self.room_input(&room, Input::Command { by, command });
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

    fn next_wake(&self, give_up_at: Option<tokio::time::Instant>) -> tokio::time::Instant {
        let timer = self.timers.first().map(|(at, _)| *at);
        let publish = self
            .house_changed
            .then(|| Time(self.published.0.saturating_add(PUBLISH_EVERY_MS)));
        let outbox = (!self.to_sip.is_empty()).then(|| Time(self.now().0 + OUTBOX_RETRY_MS));
        let idle = Time(self.now().0 + 60_000);
        let soonest = [timer, publish, outbox]
            .into_iter()
            .flatten()
            .min()
            .unwrap_or(idle)
            .min(idle);
        let at = tokio::time::Instant::from_std(self.parts.clock.instant(soonest));
        give_up_at.map_or(at, |give_up| give_up.min(at))
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
        if self.house_changed && now.0 >= self.published.0.saturating_add(PUBLISH_EVERY_MS) {
            self.published = now;
            self.house_changed = false;
            self.parts.house.send_replace(Arc::new(self.house.clone()));
        }
        self.parts
            .vitals
            .set_calls(self.legs.len(), self.rooms.len());
    }

    fn shut_down(&mut self) {
        self.draining = true;
        self.parts.vitals.set_draining();
        self.to_sip.push_back(SipCommand::Drain);
        let legs: Vec<_> = self.legs.keys().copied().collect();
        tracing::info!(calls = legs.len(), "stopping");
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
