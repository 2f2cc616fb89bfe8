//! What to tell somebody who listens to the live page: who came and went, hands, the door, calls
//! out, and what holds for all. Says what has changed between two states, and nothing twice.

use std::collections::HashMap;

use confab_core::command::LectureMode;
use confab_core::snapshot::{RecordingState, RoomSnapshot};

use super::view::{display_name, knock_name};
use crate::words;

/// Sentences for what has changed.
pub(super) fn news(before: &RoomSnapshot, now: &RoomSnapshot) -> Vec<String> {
    let mut said = vec![];
    callers(before, now, &mut said);
    door(before, now, &mut said);
    calls_out(before, now, &mut said);
    switches(before, now, &mut said);
    said
}

fn callers(before: &RoomSnapshot, now: &RoomSnapshot, said: &mut Vec<String>) {
    let mut gone: HashMap<_, _> = before.legs.iter().map(|leg| (leg.leg, leg)).collect();
    for leg in &now.legs {
        let Some(old) = gone.remove(&leg.leg) else {
            said.push(format!("{} joined.", display_name(leg)));
            continue;
        };
        let name = display_name(leg);
        match (old.hand, leg.hand) {
            (was, Some(hand)) if hand.open && was.is_none_or(|was| !was.open) => {
                said.push(format!("{name} may speak."));
            }
            (None, Some(hand)) => {
                said.push(format!("{name} raised a hand, number {}.", hand.place));
            }
            _ => {}
        }
        if let Some(fault) = leg.fault.filter(|fault| old.fault != Some(*fault)) {
            said.push(format!("{name}: {}", words::fault(fault).1));
        }
    }
    for leg in before.legs.iter().filter(|leg| gone.contains_key(&leg.leg)) {
        said.push(format!("{} left.", display_name(leg)));
    }
}

fn door(before: &RoomSnapshot, now: &RoomSnapshot, said: &mut Vec<String>) {
    for knock in &now.knocks {
        if before.knocks.iter().any(|old| old.leg == knock.leg) {
            continue;
        }
        let name = knock_name(knock);
        said.push(if knock.dialled {
            format!("{name} has answered and waits at the door.")
        } else {
            format!("{name} knocks at the locked room.")
        });
    }
    if before.locked != now.locked {
        said.push(
            if now.locked {
                "The room is locked."
            } else {
                "The room is open."
            }
            .to_owned(),
        );
    }
}

fn calls_out(before: &RoomSnapshot, now: &RoomSnapshot, said: &mut Vec<String>) {
    for dial in &now.dials {
        let number = dial.number.as_str();
        match before.dials.iter().find(|old| old.dial == dial.dial) {
            None => said.push(format!("Calling {number}.")),
            Some(old) if dial.ringing && !old.ringing => {
                said.push(format!("It rings at {number}."));
            }
            Some(_) => {}
        }
    }
    if let Some(over) = &now.dial_over
        && now.dial_over != before.dial_over
    {
        said.push(format!("{} {}.", over.number, words::dial_end(over.end)));
    }
}

fn switches(before: &RoomSnapshot, now: &RoomSnapshot, said: &mut Vec<String>) {
    let records = |room: &RoomSnapshot| matches!(room.recording, RecordingState::On { .. });
    if records(before) != records(now) {
        let text = if records(now) {
            "The recording has started."
        } else {
            "The recording has stopped."
        };
        said.push(text.to_owned());
    }
    if before.lecture != now.lecture {
        let text = match now.lecture {
            LectureMode::Open => "Lecture mode has ended.",
            LectureMode::Relaxed => "Guests are muted and may unmute themselves.",
            LectureMode::Strict => "Guests are muted by the host.",
        };
        said.push(text.to_owned());
    }
}
