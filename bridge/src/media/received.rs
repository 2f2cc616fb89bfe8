//! How much has come of what a peer sends, also while the system lets only some of it through.
//! Counts; plays nothing and drops nothing.

use confab_core::audio::rtcp::{Reception, ReportBlock};
use confab_core::audio::rtp::Packet;

use super::shard::Now;
use super::sieve;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Received {
    reception: Reception,
    thinned: Thinned,
    /// packets of sound in this second, and the payload type of the last
    sounds: u32,
    sound_type: u8,
    /// packets that did not come while nobody listened
    missed: u64,
    /// number of the last packet that came then
    unheard: u16,
}

/// How much of the sound comes through.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Thinned {
    #[default]
    No,
    /// One packet of [`sieve::ONE_OF`].
    Yes,
    /// All from now on, but until that is seen what comes stands for others.
    NoMore,
}

impl Received {
    /// Takes note of a packet; whether it is one of `sound`, and `heard`.
    pub(super) fn packet(&mut self, packet: &Packet<'_>, arrival: u32, sound: bool, heard: bool) {
        let one_of = match self.thinned {
            Thinned::No => 1,
            Thinned::Yes | Thinned::NoMore => sieve::ONE_OF,
        };
        if self.thinned == Thinned::NoMore && sound && sieve::drops(packet) {
            self.thinned = Thinned::No;
        }
        let missing = self.reception.packet(packet, arrival, one_of);
        if !heard {
            self.unheard = packet.sequence;
        }
        // One that was overtaken may come when somebody listens again.
        let behind = self.unheard.wrapping_sub(packet.sequence);
        if !heard || missing < 0 && behind < RECENT {
            self.missed = self.missed.saturating_add_signed(missing.into());
        }
        if sound {
            self.sounds += 1;
            self.sound_type = packet.payload_type;
        }
    }

    /// Whether the system lets only some of the sound through from now on.
    pub(super) fn set_thinned(&mut self, thinned: bool) {
        self.thinned = match (self.thinned, thinned) {
            (_, true) => Thinned::Yes,
            (Thinned::Yes, false) => Thinned::NoMore,
            (before, false) => before,
        };
    }

    /// Whether what comes stands for what does not.
    pub(super) fn is_thinned(&self) -> bool {
        self.thinned != Thinned::No
    }

    /// Once a second: the payload type of sound that has come without a pause, as far as can be
    /// seen.
    pub(super) fn steady(&mut self) -> Option<u8> {
        let least = match self.thinned {
            Thinned::Yes => 1,
            Thinned::No | Thinned::NoMore => STEADY_SOUNDS,
        };
        (std::mem::take(&mut self.sounds) >= least).then_some(self.sound_type)
    }

    /// Packets that did not come while nobody listened.
    pub(super) fn missed(&self) -> u64 {
        self.missed
    }

    /// Takes note of a sender report that has come.
    pub(super) fn sender_report(&mut self, ssrc: u32, ntp: u64, now: &Now) {
        self.reception.sender_report(ssrc, ntp, now.ntp_middle());
    }

    /// What is to be told of the peer's stream.
    pub(super) fn report(&mut self, now: &Now) -> Option<ReportBlock> {
        self.reception.report(now.ntp_middle())
    }
}

/// In a second; there are 16 of 60 ms.
const STEADY_SOUNDS: u32 = 12;
/// So many packets before the last that nobody heard are those that it may have overtaken.
const RECENT: u16 = 100;
