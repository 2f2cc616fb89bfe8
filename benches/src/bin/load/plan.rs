//! What is to be measured: the crowd, and who does what in it.

use std::path::PathBuf;
use std::time::Duration;

use crate::call::Part;
use crate::codec::Codec;
use crate::guard::Sealing;
use crate::sound::{Manner, TURNS_MAX};

/// The most callers that confab lets into one room.
pub const ALL_SIT_IN_ONE: u32 = 2_000;

/// Listeners with an ear for bursts when what they hear must be decoded or opened.
const EARS_THAT_DECODE: usize = 20;

/// When a lecture begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Lecture {
    /// As soon as its host is there: the others come into it.
    Early,
    /// When all have come and have settled, as callers of an open room.
    Late,
}

impl Lecture {
    pub fn name(self) -> &'static str {
        match self {
            Self::Early => "early",
            Self::Late => "late",
        }
    }
}

/// What is to be measured.
#[derive(Clone, Debug)]
pub struct Plan {
    pub confab: PathBuf,
    pub calls: usize,
    pub room_size: usize,
    pub talkers: usize,
    pub all_noisy: bool,
    pub lecture: Option<Lecture>,
    pub codec: Codec,
    /// how packets are sealed, if they are
    pub srtp: Option<Sealing>,
    /// what is sent while nobody speaks
    pub manner: Manner,
    pub idle_rooms: Option<u32>,
    pub length: Duration,
    pub settle: Duration,
    pub setup_rate: u32,
    pub media_threads: Option<u32>,
    pub json: bool,
}

impl Plan {
    pub fn rooms(&self) -> usize {
        self.calls.div_ceil(self.room_size)
    }

    /// Talkers of a room who take turns with bursts.
    pub fn turns(&self) -> usize {
        self.talkers.min(TURNS_MAX)
    }

    /// What a caller does.
    pub fn part(&self, call: usize) -> Part {
        let seat = call % self.room_size;
        let host = self.lecture.is_some() && seat == 0;
        Part {
            turn: (seat < self.turns()).then_some(seat as u64),
            noisy: !host && (self.all_noisy || (self.turns()..self.talkers).contains(&seat)),
            host,
        }
    }

    /// Whether listeners hear others beside a burst. Guests of a lecture are muted.
    pub fn is_noise_heard(&self) -> bool {
        self.lecture.is_none() && (self.all_noisy || self.talkers > self.turns())
    }

    /// Of how many listeners one has an ear for bursts.
    pub fn listeners_per_ear(&self) -> usize {
        let listening = (0..self.calls).filter(|&call| self.part(call).turn.is_none());
        match (self.codec, self.srtp) {
            (Codec::Pcmu, None) => 1,
            _ => listening.count().div_ceil(EARS_THAT_DECODE).max(1),
        }
    }

    /// The smallest crowd of this kind.
    pub fn tiny(self) -> Self {
        let (calls, room_size, talkers) = match (self.lecture, self.talkers > TURNS_MAX) {
            (Some(_), _) => (6, 6, 1),
            (None, true) => (12, 12, TURNS_MAX + 4),
            (None, false) => (6, 3, 2),
        };
        Self {
            calls,
            room_size,
            talkers,
            idle_rooms: self.idle_rooms.map(|rooms| rooms.min(1_000)),
            length: Duration::from_secs(1),
            settle: self.settle.min(Duration::from_secs(1)),
            ..self
        }
    }

    /// In words.
    pub fn title(&self) -> String {
        let who = match (self.lecture, self.talkers - self.turns()) {
            (Some(Lecture::Early), _) => "a lecture".to_owned(),
            (Some(Lecture::Late), _) => "a lecture that begins late".to_owned(),
            (None, 0) => format!("{} talking by turns", self.turns()),
            (None, more) => format!("{} talking by turns, {more} at once", self.turns()),
        };
        let noise = if self.all_noisy { ", all noisy" } else { "" };
        let sealed = self.srtp.map(|sealing| format!(", {}", sealing.name()));
        format!(
            "{} calls in {} room(s) of {}, {who}{noise}, {} s, {}{}{}{}",
            self.calls,
            self.rooms(),
            self.room_size,
            self.length.as_secs(),
            self.codec.name(),
            sealed.unwrap_or_default(),
            if self.manner.dtx { ", DTX" } else { "" },
            if self.manner.open_line {
                ", open lines"
            } else {
                ""
            },
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::Args;
    use clap::Parser;

    fn plan(args: &str) -> Plan {
        Args::parse_from(format!("load {args}").split(' ')).plan()
    }

    /// Who takes turns, who is noisy and how many have an ear; and the same of the first seats.
    fn check(args: &str, expected: (usize, usize, usize), seats: &str) {
        let plan = plan(args);
        let parts: Vec<Part> = (0..plan.calls).map(|call| plan.part(call)).collect();
        let count = |is: fn(&Part) -> bool| parts.iter().filter(|part| is(part)).count();
        let (turns, noisy) = (count(|part| part.turn.is_some()), count(|part| part.noisy));
        let ears = (plan.calls - turns) / plan.listeners_per_ear();
        assert_eq!((turns, noisy, ears), expected, "{args}");
        let letters = parts.iter().map(|part| match part {
            Part { host: true, .. } => 'h',
            Part { turn: Some(_), .. } => 't',
            Part { noisy: true, .. } => 'n',
            _ => '-',
        });
        let letters: String = letters.take(seats.len()).collect();
        assert_eq!(letters, seats, "{args}");
    }

    #[test]
    fn crowds() {
        check("--calls 500", (50, 0, 450), "tt------------------tt");
        let noisy = "--calls 500 --room-size 500 --talkers 50";
        check(noisy, (5, 45, 495), "tttttnnn");
        check(
            "--calls 40 --all-noisy",
            (4, 40, 36),
            "ttnnnnnnnnnnnnnnnnnntt",
        );
        check("--calls 2000 --lecture", (1, 0, 1_999), "h---");
        check("--calls 100 --lecture --all-noisy", (1, 99, 99), "hnnn");
        check("--calls 500 --codec opus", (50, 0, 19), "tt--");
        check("--calls 500 --srtp gcm", (50, 0, 19), "tt--");
        check("--tiny --talkers 50", (5, 4, 7), "tttttnnnn---");
    }

    #[test]
    fn rooms() {
        let check = |args: &str, rooms: usize, noise: bool| {
            let plan = plan(args);
            assert_eq!(
                (plan.rooms(), plan.is_noise_heard()),
                (rooms, noise),
                "{args}"
            );
        };
        check("--calls 500", 25, false);
        check("--calls 2000 --lecture", 1, false);
        check("--calls 4000 --lecture", 2, false);
        check("--calls 4000 --lecture --all-noisy", 2, false);
        check("--calls 500 --room-size 250 --talkers 6", 2, true);
        check("--tiny --lecture", 1, false);
    }
}
