//! Keys pressed in a room, with their times, to the commands of a [`Layout`].
//!
//! A key that begins a command starts it, in the middle of another as well: who mistypes just
//! begins again. Keys that mean nothing come out as one [`KeypadCommand::Unknown`] a run, so that
//! somebody who keys a whole number is told once. Pure: times are handed in.

use crate::Key;
use crate::layout::{KeypadCommand, Layout};

/// Collects the keys of one leg.
#[derive(Clone, Debug)]
pub struct Collector {
    layout: &'static Layout,
    keys: String,
    /// the newest key, while a command is unfinished
    since_ms: Option<u64>,
    /// the newest key that meant nothing
    stray_ms: Option<u64>,
}

impl Collector {
    /// A collector for this layout.
    pub fn new(layout: &'static Layout) -> Self {
        Self {
            layout,
            keys: String::new(),
            since_ms: None,
            stray_ms: None,
        }
    }

    /// Takes a key pressed at `now_ms`; gives the command that it completes.
    pub fn key(&mut self, now_ms: u64, key: Key) -> Option<KeypadCommand> {
        let in_time = self
            .deadline()
            .is_none_or(|deadline_ms| now_ms < deadline_ms);
        self.keys.push(key.as_char());
        if !in_time || !self.layout.begins(&self.keys) {
            self.keys.pop();
            let complete = self.layout.command(&self.keys);
            self.reset();
            self.keys.push(key.as_char());
            if complete.is_some() {
                self.since_ms = Some(now_ms);
                return complete;
            }
        }
        if !self.layout.begins(&self.keys) {
            return self.stray(now_ms);
        }
        self.stray_ms = None;
        if self.layout.goes_on(&self.keys) {
            self.since_ms = Some(now_ms);
            return None;
        }
        let command = self.layout.command(&self.keys);
        self.reset();
        command
    }

    /// When [`Collector::expire`] is wanted, in milliseconds; none while nothing is unfinished.
    pub fn deadline(&self) -> Option<u64> {
        self.since_ms
            .map(|since_ms| since_ms.saturating_add(INTER_KEY_MS))
    }

    /// Ends a command that was left unfinished, once its time is up: what was keyed is a command as
    /// it stands, or unknown.
    pub fn expire(&mut self, now_ms: u64) -> Option<KeypadCommand> {
        if self.deadline()? > now_ms {
            return None;
        }
        let command = self
            .layout
            .command(&self.keys)
            .unwrap_or(KeypadCommand::Unknown);
        self.reset();
        Some(command)
    }

    fn stray(&mut self, now_ms: u64) -> Option<KeypadCommand> {
        self.reset();
        let run = self
            .stray_ms
            .is_some_and(|at_ms| now_ms.saturating_sub(at_ms) < STRAY_RUN_MS);
        self.stray_ms = Some(now_ms);
        (!run).then_some(KeypadCommand::Unknown)
    }

    fn reset(&mut self) {
        self.keys.clear();
        self.since_ms = None;
    }
}

/// An unfinished command is given up this long after its last key.
const INTER_KEY_MS: u64 = 4_000;

/// Keys that mean nothing belong to one run while they follow each other within this time.
const STRAY_RUN_MS: u64 = 2_000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::{Entry, OPENVOICE};

    /// Another service's keys, one command of which begins another.
    static NESTED: Layout = Layout {
        name: "nested",
        entries: &[
            Entry {
                keys: "0",
                command: KeypadCommand::Menu,
            },
            Entry {
                keys: "*1",
                command: KeypadCommand::ToggleMute,
            },
            Entry {
                keys: "*13",
                command: KeypadCommand::ToggleLock,
            },
        ],
    };

    /// Plays keys written as `*2`, with pauses written as `(ms)`; keys are 100 ms apart. The
    /// commands come as their words.
    fn check(layout: &'static Layout, script: &str, commands: &str) {
        let mut collector = Collector::new(layout);
        let mut now_ms = 0;
        let mut told = Vec::new();
        let mut rest = script;
        while let Some(c) = rest.chars().next() {
            if let Some((pause, after)) = rest.strip_prefix('(').and_then(|s| s.split_once(')')) {
                now_ms += pause.parse::<u64>().unwrap();
                if collector
                    .deadline()
                    .is_some_and(|deadline_ms| deadline_ms <= now_ms)
                {
                    told.extend(collector.expire(now_ms));
                    assert_eq!(collector.deadline(), None);
                }
                rest = after;
                continue;
            }
            now_ms += 100;
            told.extend(collector.key(now_ms, Key::from_char(c).unwrap()));
            rest = &rest[1..];
        }
        let told: Vec<&str> = told.iter().map(|command| command.word()).collect();
        assert_eq!(told.join(" "), commands, "{script}");
    }

    #[test]
    fn every_entry_is_its_command() {
        for entry in OPENVOICE.entries {
            check(&OPENVOICE, entry.keys, entry.command.word());
        }
    }

    #[test]
    fn commands_follow_each_other() {
        check(&OPENVOICE, "*2*2#3", "toggle_mute toggle_mute roll_call");
        check(&OPENVOICE, "*(3899)2", "toggle_mute");
    }

    #[test]
    fn a_pause_gives_up_an_unfinished_command() {
        check(&OPENVOICE, "*(4000)", "unknown");
        check(&OPENVOICE, "*(4000)2", "unknown unknown");
        check(&OPENVOICE, "*(4000)*2", "unknown toggle_mute");
        check(&OPENVOICE, "*(3999)", "");
    }

    #[test]
    fn late_keys_begin_anew_even_when_nobody_expired() {
        let mut collector = Collector::new(&OPENVOICE);
        assert_eq!(collector.key(0, Key::Star), None);
        assert_eq!(collector.key(9_000, Key::Star), None);
        assert_eq!(
            collector.key(9_100, Key::Digit(2)),
            Some(KeypadCommand::ToggleMute)
        );
    }

    #[test]
    fn who_mistypes_begins_again() {
        check(&OPENVOICE, "**2", "toggle_mute");
        check(&OPENVOICE, "#*2", "toggle_mute");
        check(&OPENVOICE, "*#3", "roll_call");
    }

    #[test]
    fn strays_are_told_once_a_run() {
        check(&OPENVOICE, "5", "unknown");
        check(&OPENVOICE, "*4", "unknown");
        check(&OPENVOICE, "4711", "unknown");
        check(&OPENVOICE, "4(2500)7", "unknown unknown");
        check(&OPENVOICE, "4711*2", "unknown toggle_mute");
        check(&OPENVOICE, "4*27", "unknown toggle_mute unknown");
    }

    #[test]
    fn one_command_may_begin_another() {
        check(&NESTED, "*13", "toggle_lock");
        check(&NESTED, "*1(4000)", "toggle_mute");
        check(&NESTED, "*1*13", "toggle_mute toggle_lock");
        check(&NESTED, "0*1(4000)", "menu toggle_mute");
    }
}
