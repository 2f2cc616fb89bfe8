//! What the room looks like from outside.

use crate::snapshot::{Dial, Knock, LegSnapshot, RoomSnapshot, Standing};

use super::Room;
use super::people::Person;

impl Room {
    /// What it looks like now. Callers on the way out are no longer in it.
    pub fn snapshot(&self) -> RoomSnapshot {
        RoomSnapshot {
            number: self.number.clone(),
            conference: self.conference.clone(),
            seq: self.seq,
            since: self.since,
            legs: self
                .people
                .iter()
                .map(|person| self.look_of(person))
                .collect(),
            lecture: self.lecture,
            locked: self.door.locked,
            knocks: self
                .door
                .knocks
                .iter()
                .map(|knock| Knock {
                    leg: knock.joining.leg,
                    name: knock.joining.name.clone(),
                    number: knock.joining.number.clone(),
                    at: knock.since,
                    dialled: knock.is_dialled(),
                })
                .collect(),
            dials: self
                .dials
                .iter()
                .map(|known| Dial {
                    dial: known.dial,
                    number: known.number.clone(),
                    at: known.since,
                    ringing: known.ringing,
                })
                .collect(),
            dial_over: self.dial_over.clone(),
            dial_out: self.settings.dial_out,
            hold_music: self.settings.hold_music,
            recording: self.recording.state(),
            chimes: self.chimes,
            continues: self.continues,
            billing_code: self.billing_code.clone(),
            ends_at: self
                .ending
                .map(|ending| ending.ends_at)
                .into_iter()
                .chain(self.alone.and_then(|alone| alone.ends_at))
                .min(),
            asked_alone: self
                .alone
                .filter(|alone| alone.ends_at.is_some())
                .map(|alone| alone.leg),
        }
    }

    fn look_of(&self, person: &Person) -> LegSnapshot {
        LegSnapshot {
            leg: person.leg,
            role: person.role,
            name: person.name.clone(),
            number: person.number.clone(),
            since: person.since,
            talking: person.talking && person.told.speak,
            mute: self.mute_state(person),
            fault: person.fault,
            denoised: person.denoised,
            hand: self.hands.get(person.leg),
            standing: match (person.proving.is_some(), self.begun) {
                (true, _) => Standing::KeyingCode,
                (false, false) => Standing::Waiting,
                (false, true) => Standing::Inside,
            },
        }
    }
}
