//! When somebody is to be told that a room is being guessed at: counts of the last hour, and alarms
//! that come less and less often the longer it goes on.

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::ids::RoomNumber;
use crate::time::Time;

/// Something the operator and the host are told. Holds no digits that were keyed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Alarm {
    /// This many wrong PINs and codes were keyed at a room within the last hour.
    Room {
        /// which
        room: RoomNumber,
        /// how many
        wrong: u32,
    },
    /// The budget of an address, or of a whole network, has run out.
    Source {
        /// the address, or the network's first one
        source: IpAddr,
    },
    /// The budget of the whole house has run out.
    House,
}

const SLOTS: usize = 6;
const SLOT_MS: u64 = 10 * 60 * 1_000;
/// Wrong entries of an hour that raise the first alarm; each further one needs four times as many.
const FIRST_ALARM: u32 = 5;
/// Rooms counted at once. The rooms of a house are few beside it; a stranger can name others by
/// dialling them, and then the one that was quiet for longest is forgotten.
const ROOMS_MAX: usize = 10_000;

#[derive(Clone, Copy, Debug)]
struct Hour {
    slots: [u32; SLOTS],
    newest: u64,
    next_alarm: u32,
}

impl Hour {
    fn settle(&mut self, now: Time) {
        let slot = now.0 / SLOT_MS;
        for passed in 1..=(slot.saturating_sub(self.newest)).min(SLOTS as u64) {
            self.slots[((self.newest + passed) % SLOTS as u64) as usize] = 0;
        }
        self.newest = self.newest.max(slot);
        if self.sum() == 0 {
            self.next_alarm = FIRST_ALARM;
        }
    }

    fn sum(&self) -> u32 {
        self.slots.iter().fold(0, |sum, n| sum.saturating_add(*n))
    }
}

/// Wrong entries by room.
#[derive(Debug, Default)]
pub(super) struct Counts(BTreeMap<RoomNumber, Hour>);

impl Counts {
    /// Counts one; the count, when it is worth an alarm.
    pub fn wrong(&mut self, room: &RoomNumber, now: Time) -> Option<u32> {
        if self.0.len() >= ROOMS_MAX && !self.0.contains_key(room) {
            let oldest = self.0.iter().min_by_key(|(_, hour)| hour.newest);
            if let Some(oldest) = oldest.map(|(room, _)| room.clone()) {
                self.0.remove(&oldest);
            }
        }
        let hour = self.0.entry(room.clone()).or_insert(Hour {
            slots: [0; SLOTS],
            newest: now.0 / SLOT_MS,
            next_alarm: FIRST_ALARM,
        });
        hour.settle(now);
        let slot = &mut hour.slots[(hour.newest % SLOTS as u64) as usize];
        *slot = slot.saturating_add(1);
        let sum = hour.sum();
        (sum >= hour.next_alarm).then(|| {
            hour.next_alarm = hour.next_alarm.saturating_mul(4);
            sum
        })
    }

    /// The count of the last hour, to ten minutes.
    pub fn of(&self, room: &RoomNumber, now: Time) -> u32 {
        self.0.get(room).copied().map_or(0, |mut hour| {
            hour.settle(now);
            hour.sum()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alarms_come_at_five_twenty_eighty() {
        let room = RoomNumber::parse("1000").unwrap();
        let mut counts = Counts::default();
        let alarms: Vec<u32> = (0..100)
            .filter_map(|_| counts.wrong(&room, Time(0)))
            .collect();
        assert_eq!(alarms, [5, 20, 80]);
        assert_eq!(counts.of(&room, Time(SLOT_MS * 5)), 100);
        assert_eq!(counts.of(&room, Time(SLOT_MS * 6)), 0);
        let later = Time(SLOT_MS * 100);
        let alarms: Vec<u32> = (0..5).filter_map(|_| counts.wrong(&room, later)).collect();
        assert_eq!(alarms, [5]);
    }

    #[test]
    fn made_up_rooms_cost_no_memory() {
        let mut counts = Counts::default();
        for n in 0..ROOMS_MAX + 50 {
            let room = RoomNumber::parse(&format!("{n:06}")).unwrap();
            counts.wrong(&room, Time(n as u64 * SLOT_MS / 1_000));
        }
        assert_eq!(counts.0.len(), ROOMS_MAX);
    }
}
