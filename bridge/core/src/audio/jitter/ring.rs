//! The slots in which packets wait, found by sequence number. Decides nothing.

/// How many packets can wait: 320 ms of the shortest there are.
pub(super) const SLOTS: usize = 32;

/// 60 ms of G.711.
pub(super) const LONGEST_PAYLOAD: usize = 480;

/// One waiting packet.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slot {
    /// extended; negative when the slot is free
    sequence: i64,
    pub(super) timestamp: u32,
    length: u16,
    bytes: [u8; LONGEST_PAYLOAD],
}

impl Slot {
    const FREE: Slot = Slot {
        sequence: -1,
        timestamp: 0,
        length: 0,
        bytes: [0; LONGEST_PAYLOAD],
    };

    pub(super) fn payload(&self) -> &[u8] {
        &self.bytes[..usize::from(self.length)]
    }

    /// It only marks that a packet of its number has come.
    pub(super) fn is_silent(&self) -> bool {
        self.length == 0
    }
}

#[derive(Debug)]
pub(super) struct Ring {
    slots: Box<[Slot]>,
}

impl Default for Ring {
    fn default() -> Self {
        Self {
            slots: vec![Slot::FREE; SLOTS].into_boxed_slice(),
        }
    }
}

impl Ring {
    /// Stores a packet, over whatever older one is in its slot; false when it is there already.
    pub(super) fn put(&mut self, sequence: i64, timestamp: u32, payload: &[u8]) -> bool {
        let slot = &mut self.slots[index(sequence)];
        if slot.sequence == sequence {
            return false;
        }
        let length = payload.len().min(LONGEST_PAYLOAD);
        slot.sequence = sequence;
        slot.timestamp = timestamp;
        slot.length = length as u16;
        slot.bytes[..length].copy_from_slice(&payload[..length]);
        true
    }

    pub(super) fn get(&self, sequence: i64) -> Option<&Slot> {
        let slot = &self.slots[index(sequence)];
        (slot.sequence == sequence).then_some(slot)
    }

    /// Frees the slot of a packet; its content can be read until the next `put`.
    pub(super) fn take(&mut self, sequence: i64) -> Option<&Slot> {
        let slot = &mut self.slots[index(sequence)];
        if slot.sequence != sequence {
            return None;
        }
        slot.sequence = -1;
        Some(slot)
    }

    pub(super) fn clear(&mut self) {
        for slot in &mut self.slots {
            slot.sequence = -1;
        }
    }
}

fn index(sequence: i64) -> usize {
    sequence as usize % SLOTS
}
