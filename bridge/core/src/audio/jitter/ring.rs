//! The slots in which packets wait, found by sequence number. Decides nothing.

/// How many packets can wait: 320 ms of the shortest there are.
pub(super) const SLOTS: usize = 32;

/// One waiting packet.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slot {
    /// extended; negative when the slot is free
    sequence: i64,
    pub(super) timestamp: u32,
    /// how far everything had been written when it came
    at: u32,
    length: u16,
    /// of sound; none in a packet that only marks that one of its number has come, or tells how
    /// the pause that begins with it sounds
    pub(super) samples: u16,
}

impl Slot {
    const FREE: Slot = Slot {
        sequence: -1,
        timestamp: 0,
        at: 0,
        length: 0,
        samples: 0,
    };

    /// It has no sound.
    pub(super) fn is_silent(&self) -> bool {
        self.samples == 0
    }

    /// It tells how the pause that begins with it sounds.
    pub(super) fn is_noise(&self) -> bool {
        self.samples == 0 && self.length > 0
    }
}

/// What is in a packet.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Content<'a> {
    pub(super) payload: &'a [u8],
    pub(super) samples: u16,
}

/// Payloads lie behind each other in one piece of memory that is written round and round, so that
/// a line needs room for the sound that can wait and not for the longest packet in every slot. A
/// packet whose bytes have been written over is lost.
#[derive(Debug)]
pub(super) struct Ring {
    slots: [Slot; SLOTS],
    pub(super) octets: Box<[u8]>,
    /// how far everything was written, all rounds together
    written: u32,
    longest: usize,
}

impl Ring {
    /// For payloads of at most `longest` octets, of which as many can wait as there is room for: a
    /// power of two.
    pub(super) fn new(longest: usize, octets: Box<[u8]>) -> Self {
        let fits = octets.len().is_power_of_two() && longest <= octets.len();
        debug_assert!(octets.is_empty() || fits);
        Self {
            slots: [Slot::FREE; SLOTS],
            octets,
            written: 0,
            longest,
        }
    }

    /// The longest payload there is room for.
    pub(super) fn longest(&self) -> usize {
        self.longest
    }

    /// Stores a packet, over whatever older one is in its slot; false when it is there already.
    pub(super) fn put(&mut self, sequence: i64, timestamp: u32, content: Content<'_>) -> bool {
        if self.get(sequence).is_some() {
            return false;
        }
        let length = content.payload.len().min(self.longest);
        let at = self.room_for(length);
        self.slots[index(sequence)] = Slot {
            sequence,
            timestamp,
            at,
            length: length as u16,
            samples: content.samples,
        };
        self.payload_at(at, length)
            .copy_from_slice(&content.payload[..length]);
        true
    }

    /// Where the next payload goes: it is not broken at the end of the memory.
    fn room_for(&mut self, length: usize) -> u32 {
        let left = self.octets.len() - self.written as usize % self.octets.len();
        if left < length {
            self.written = self.written.wrapping_add(left as u32);
        }
        let at = self.written;
        self.written = at.wrapping_add(length as u32);
        at
    }

    fn payload_at(&mut self, at: u32, length: usize) -> &mut [u8] {
        let from = at as usize % self.octets.len();
        &mut self.octets[from..from + length]
    }

    /// A packet that has been taken, to be decoded before the next one is put.
    pub(super) fn payload(&self, sequence: i64) -> &[u8] {
        let slot = &self.slots[index(sequence)];
        let from = slot.at as usize % self.octets.len();
        &self.octets[from..from + usize::from(slot.length)]
    }

    pub(super) fn get(&self, sequence: i64) -> Option<&Slot> {
        let slot = &self.slots[index(sequence)];
        (slot.sequence == sequence && self.is_whole(slot)).then_some(slot)
    }

    /// Frees the slot of a packet; its content can be read until the next `put`.
    pub(super) fn take(&mut self, sequence: i64) -> Option<Slot> {
        let slot = *self.get(sequence)?;
        self.slots[index(sequence)].sequence = -1;
        Some(slot)
    }

    /// Nothing has been written over it.
    fn is_whole(&self, slot: &Slot) -> bool {
        self.written.wrapping_sub(slot.at) as usize <= self.octets.len()
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

#[cfg(test)]
mod tests {
    use super::*;

    fn put(ring: &mut Ring, sequence: i64, payload: &[u8]) -> bool {
        let content = Content {
            payload,
            samples: 160,
        };
        ring.put(sequence, 0, content)
    }

    #[test]
    fn what_is_written_over_is_gone_and_what_is_not_is_whole() {
        let mut ring = Ring::new(30, Box::new([0; 64]));
        // payloads of 30 octets leave 4 at the end of each round
        for sequence in 0..100 {
            assert!(put(&mut ring, sequence, &[sequence as u8; 30]));
            assert!(!put(&mut ring, sequence, &[0; 30]), "{sequence} came twice");
            let newest_two = sequence.max(1) - 1..=sequence;
            for old in 0..=sequence {
                let there = ring.get(old).is_some();
                assert!(there || !newest_two.contains(&old), "{old} of {sequence}");
                if there {
                    assert_eq!(ring.payload(old), [old as u8; 30], "{old} of {sequence}");
                }
            }
        }
    }

    #[test]
    fn the_count_of_what_was_written_may_go_round() {
        let mut ring = Ring::new(30, Box::new([0; 64]));
        ring.written = u32::MAX - 70;
        for sequence in 0..10 {
            assert!(put(&mut ring, sequence, &[sequence as u8; 30]));
            assert_eq!(ring.take(sequence).unwrap().samples, 160);
            assert_eq!(ring.payload(sequence), [sequence as u8; 30]);
            assert!(ring.take(sequence).is_none());
        }
    }
}
