//! Keys pressed in a room, with their times, to the commands of a [`Layout`].
//!
//! A key that begins a command starts it, in the middle of another as well: who mistypes just
//! begins again. Keys that mean nothing come out as one [`KeypadCommand::Unknown`] a run, so that
//! somebody who keys a whole number is told once. Pure: times are handed in.

use std::sync::Arc;

use crate::Key;
use crate::layout::{KeypadCommand, Layout};

/// Collects the keys of one leg.
#[derive(Clone, Debug)]
pub struct Collector {
    layout: Arc<Layout>,
    keys: String,
    /// the newest key, while a command is unfinished
    since_ms: Option<u64>,
    /// the newest key that meant nothing
    stray_ms: Option<u64>,
}

impl Collector {
    /// A collector for this layout.
    pub fn new(layout: Arc<Layout>) -> Self {
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
            self.reset();
            self.keys.push(key.as_char());
        }
        if !self.layout.begins(&self.keys) {
            return self.stray(now_ms);
        }
        self.stray_ms = None;
        let command = self.layout.command(&self.keys);
        if command.is_some() {
            self.reset();
        } else {
            self.since_ms = Some(now_ms);
        }
        command
    }

    /// When [`Collector::expire`] is wanted, in milliseconds; none while nothing is unfinished.
    pub fn deadline(&self) -> Option<u64> {
        self.since_ms
            .map(|since_ms| since_ms.saturating_add(INTER_KEY_MS))
    }

    /// Gives up a command that was left unfinished, once its time is up: the keys mean nothing.
    pub fn expire(&mut self, now_ms: u64) -> Option<KeypadCommand> {
        if self.deadline()? > now_ms {
            return None;
        }
        self.reset();
        Some(KeypadCommand::Unknown)
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
    use crate::layout::Layouts;

    /// Another service's keys, of several lengths.
    fn elsewhere() -> Arc<Layout> {
        let lines = [
            ("0", "menu"),
            ("*1", "toggle_mute"),
            ("*213", "toggle_lock"),
            ("##", "toggle_hand"),
        ];
        Arc::new(Layout::parse("elsewhere", lines).unwrap())
    }

    fn openvoice(script: &str, commands: &str) {
        check(&Layout::openvoice(), script, commands);
    }

    /// Plays keys written as `*2`, with pauses written as `(ms)`; keys are 100 ms apart. The
    /// commands come as their words.
    fn check(layout: &Arc<Layout>, script: &str, commands: &str) {
        let mut collector = Collector::new(Arc::clone(layout));
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
        for layout in Layouts::shipped().iter().chain([&elsewhere()]) {
            for entry in layout.entries() {
                check(layout, &entry.keys, entry.command.word());
            }
        }
    }

    #[test]
    fn commands_follow_each_other() {
        openvoice("*2*2#3", "toggle_mute toggle_mute roll_call");
        openvoice("*(3899)2", "toggle_mute");
    }

    #[test]
    fn a_pause_gives_up_an_unfinished_command() {
        openvoice("*(4000)", "unknown");
        openvoice("*(4000)2", "unknown unknown");
        openvoice("*(4000)*2", "unknown toggle_mute");
        openvoice("*(3999)", "");
    }

    #[test]
    fn late_keys_begin_anew_even_when_nobody_expired() {
        let mut collector = Collector::new(Layout::openvoice());
        assert_eq!(collector.key(0, Key::Star), None);
        assert_eq!(collector.key(9_000, Key::Star), None);
        assert_eq!(
            collector.key(9_100, Key::Digit(2)),
            Some(KeypadCommand::ToggleMute)
        );
    }

    #[test]
    fn who_mistypes_begins_again() {
        openvoice("**2", "toggle_mute");
        openvoice("#*2", "toggle_mute");
        openvoice("*#3", "roll_call");
    }

    #[test]
    fn strays_are_told_once_a_run() {
        openvoice("5", "unknown");
        openvoice("#9", "unknown");
        openvoice("4711", "unknown");
        openvoice("4(2500)7", "unknown unknown");
        openvoice("4711*2", "unknown toggle_mute");
        openvoice("4*27", "unknown toggle_mute unknown");
    }

    #[test]
    fn commands_of_any_length() {
        check(&elsewhere(), "*213", "toggle_lock");
        check(&elsewhere(), "*21(4000)", "unknown");
        check(&elsewhere(), "*21*1", "toggle_mute");
        check(&elsewhere(), "0##*1", "menu toggle_hand toggle_mute");
    }
}
