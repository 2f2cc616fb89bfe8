//! The end that comes by itself: after the last host has left.
//!
//! ```text
//! last host leaves, may not go on:  "ends in one minute" -------- 1 min --------> end
//! last host leaves, may go on:      "has left" --- the minutes set, less one ---> "ends in one
//!                                                                  minute" -1 min-> end
//! a host comes: "is back", and nothing ends
//! ```

use std::time::Duration;

use crate::event::{ConferenceEnd, Fact};
use crate::prompt::{Clip, Prompt};
use crate::time::Time;

use super::Room;

/// The conference will end, unless a host comes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ending {
    pub ends_at: Time,
    /// "ends in one minute" is still to be said, at this time
    warn_at: Option<Time>,
}

impl Ending {
    pub fn next_deadline(&self) -> Time {
        self.warn_at.unwrap_or(self.ends_at)
    }
}

impl Room {
    /// Starts the countdown; gives what the room is to hear.
    pub(super) fn last_host_left(&mut self) -> Prompt {
        let ends_at = self.now + self.time_without_host();
        let warn_at = Time(ends_at.0.saturating_sub(WARNING.as_millis() as u64));
        let soon = warn_at <= self.now;
        self.ending = Some(Ending {
            ends_at,
            warn_at: (!soon).then_some(warn_at),
        });
        if soon {
            Prompt::HostLeftEndsSoon
        } else {
            Prompt::HostLeftGoesOn
        }
    }

    /// For this conference, whatever the room's setting; when the host has left already, the time
    /// counts anew from now.
    pub(super) fn set_continue(&mut self, on: bool) {
        if self.continues == on {
            return;
        }
        self.continues = on;
        self.emit(Fact::ContinueChanged(on));
        if self.ending.is_some() {
            let prompt = self.last_host_left();
            self.tell_room(vec![Clip::Prompt(prompt)]);
        }
    }

    /// Puts off the end that was announced. Without a host it goes on from now as long as a room
    /// that may go on.
    pub(super) fn go_on(&mut self) {
        if let Some(alone) = self.alone
            && self.shows_life(alone.leg)
        {
            self.tell_it_goes_on(alone.leg);
        }
        if self.ending.is_none() {
            return;
        }
        if !self.continues {
            return self.set_continue(true);
        }
        let prompt = self.last_host_left();
        self.tell_room(vec![Clip::Prompt(prompt)]);
    }

    /// The last minute has begun, and everybody has been told.
    pub(super) fn ends_soon(&self) -> bool {
        self.ending.is_some_and(|ending| ending.warn_at.is_none())
    }

    pub(super) fn come_to_the_end(&mut self) {
        let Some(ending) = &mut self.ending else {
            return;
        };
        if ending.ends_at <= self.now {
            return self.end(ConferenceEnd::HostLeft);
        }
        if ending
            .warn_at
            .take_if(|warn_at| *warn_at <= self.now)
            .is_some()
        {
            self.tell_room(vec![Clip::Prompt(Prompt::HostLeftEndsSoon)]);
        }
    }

    pub(super) fn set_chimes(&mut self, on: bool) {
        if self.chimes != on {
            self.chimes = on;
            self.emit(Fact::ChimesChanged(on));
        }
    }

    fn time_without_host(&self) -> Duration {
        match self.settings.continue_after_host {
            _ if !self.continues => WARNING,
            Duration::ZERO => CONTINUE_DEFAULT,
            chosen => chosen,
        }
    }
}

/// How long before the end it is told.
const WARNING: Duration = Duration::from_secs(60);

/// How long the conference goes on when a host asks for it in a room that is set not to.
const CONTINUE_DEFAULT: Duration = Duration::from_secs(60 * 60);
