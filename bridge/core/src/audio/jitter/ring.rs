//! The slots in which packets wait, found by sequence number. Decides nothing.

/// How many packets can wait: 320 ms of the shortest there are.
pub(super) const SLOTS: usize = 32;

/// One waiting packet.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slot {
    /// extended; negative when the slot is free
    sequence: i64,
    pub(super) timestamp: u32,
    length: u16,
    /// of sound; none in a packet that only marks that one of its number has come
    pub(super) samples: u16,
}

impl Slot {
    const FREE: Slot = Slot {
        sequence: -1,
        timestamp: 0,
        length: 0,
        samples: 0,
    };

    /// It only marks that a packet of its number has come.
    pub(super) fn is_silent(&self) -> bool {
        self.samples == 0
    }
}

/// What is in a packet.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Content<'a> {
    pub(super) payload: &'a [u8],
    pub(super) samples: u16,
}

#[derive(Debug)]
pub(super) struct Ring {
    slots: [Slot; SLOTS],
    /// the payloads, slot by slot
    bytes: Box<[u8]>,
}

impl Ring {
    /// For payloads of at most this length.
    pub(super) fn new(longest: usize) -> Self {
        Self {
            slots: [Slot::FREE; SLOTS],
            bytes: vec![0; SLOTS * longest].into_boxed_slice(),
        }
    }

    /// The longest payload there is room for.
    pub(super) fn longest(&self) -> usize {
        self.bytes.len() / SLOTS
    }

    /// Stores a packet, over whatever older one is in its slot; false when it is there already.
    pub(super) fn put(&mut self, sequence: i64, timestamp: u32, content: Content<'_>) -> bool {
        let longest = self.longest();
        let slot = &mut self.slots[index(sequence)];
        if slot.sequence == sequence {
            return false;
        }
        let length = content.payload.len().min(longest);
        *slot = Slot {
            sequence,
            timestamp,
            length: length as u16,
            samples: content.samples,
        };
        let from = index(sequence) * longest;
        self.bytes[from..from + length].copy_from_slice(&content.payload[..length]);
        true
    }

    /// A packet that has been taken, to be decoded before the next one is put.
    pub(super) fn payload(&self, sequence: i64) -> &[u8] {
        let from = index(sequence) * self.longest();
        let length = usize::from(self.slots[index(sequence)].length);
        &self.bytes[from..from + length]
    }

    pub(super) fn get(&self, sequence: i64) -> Option<&Slot> {
        let slot = &self.slots[index(sequence)];
        (slot.sequence == sequence).then_some(slot)
    }

    /// Frees the slot of a packet; its content can be read until the next `put`.
    pub(super) fn take(&mut self, sequence: i64) -> Option<Slot> {
        let slot = &mut self.slots[index(sequence)];
        if slot.sequence != sequence {
            return None;
        }
        slot.sequence = -1;
        Some(*slot)
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
