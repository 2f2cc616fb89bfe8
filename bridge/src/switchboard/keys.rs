//! Keys: by whatever way they come, each press counts once and goes to the menu or to the room.

use confab_core::command::{Actor, Command};
use confab_core::event::EndReason;
use confab_core::ids::LegId;
use confab_core::menu::MenuInput;
use confab_core::room::Input;
use confab_dtmf::Key;
use confab_dtmf::layout::KeypadCommand;
use confab_dtmf::merge::Source;

use super::Switchboard;
use super::leg::Stage;
use super::live::LiveRoom;

impl Switchboard {
    /// A press; `held_ms` ago when it is told only now that it is let go.
    pub(super) fn key(&mut self, leg: LegId, key: Key, source: Source, held_ms: u32) {
        let now = self.now();
        let Some(entry) = self.legs.get_mut(&leg) else {
            return;
        };
        if !entry.merger.accept(now.0, key, source, held_ms) {
            return;
        }
        match &entry.stage {
            Stage::Menu(_) | Stage::Proving(..) => self.menu_input(leg, MenuInput::Key(key)),
            Stage::InRoom(number) => {
                let number = number.clone();
                let takes_keys = |live: &LiveRoom| live.room.takes_keys(leg);
                if self.rooms.get(&number).is_some_and(takes_keys) {
                    let _ = self.room_input(&number, Input::Key { leg, key });
                    return;
                }
                let command = entry.collector.key(now.0, key);
                let _ = self.room_input(&number, Input::KeyPressed(leg));
                if let Some(command) = command {
                    self.keypad_command(leg, command);
                }
                self.arm_leg(leg);
            }
            Stage::Arriving | Stage::Called(..) | Stage::Entering(_) | Stage::Leaving => {}
        }
    }

    /// A press that came as an event has ended: its INFO may come only now.
    pub(super) fn key_let_go(&mut self, leg: LegId, key: Key) {
        let now = self.now();
        if let Some(entry) = self.legs.get_mut(&leg) {
            entry.merger.let_go(now.0, key);
        }
    }

    fn keypad_command(&mut self, leg: LegId, command: KeypadCommand) {
        let Some(Stage::InRoom(number)) = self.legs.get(&leg).map(|entry| &entry.stage) else {
            return;
        };
        let (by, command) = (Actor::Leg(leg), Command::Keypad(command));
        // refusals to the keypad are spoken by the room itself
        let _ = self.room_input(&number.clone(), Input::Command { by, command });
    }

    /// A leg's timer: the menu's, the keypad's, or the end of a goodbye.
    pub(super) fn wake_leg(&mut self, leg: LegId) {
        let now = self.now();
        let Some(entry) = self.legs.get_mut(&leg) else {
            return;
        };
        if entry.ends_at.is_some_and(|at| at <= now) {
            let reason = entry.ending.unwrap_or(EndReason::MenuTimeout);
            return self.hang_up(leg, reason);
        }
        match &entry.stage {
            Stage::Menu(_) | Stage::Proving(..) => self.menu_input(leg, MenuInput::Wake),
            Stage::InRoom(_) => {
                if let Some(command) = entry.collector.expire(now.0) {
                    self.keypad_command(leg, command);
                }
            }
            Stage::Arriving | Stage::Called(..) | Stage::Entering(_) | Stage::Leaving => {}
        }
        self.arm_leg(leg);
    }
}
