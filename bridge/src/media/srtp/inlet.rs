//! What of a line's packets can be read: all of them, those that its key opens, or both for a
//! moment after encryption was given up. Knows no source.

use super::Opener;

/// See the module.
#[derive(Debug, Default)]
pub(in crate::media) struct Inlet {
    state: State,
    /// packets in a row that the key has not opened
    unopened: u32,
    unopened_told: bool,
}

#[derive(Debug, Default)]
enum State {
    #[default]
    Plain,
    Sealed(Box<Opener>),
    /// plain, but what was sealed may come until this tick
    Left(Box<Opener>, u64),
}

impl Inlet {
    /// Nothing plain is taken.
    pub(in crate::media) fn is_sealed(&self) -> bool {
        matches!(self.state, State::Sealed(_))
    }

    /// Packets are sealed by another key from this tick on, or no more. Returns what is needed no
    /// more.
    pub(in crate::media) fn change(
        &mut self,
        opener: Option<Box<Opener>>,
        tick: u64,
    ) -> Option<Box<Opener>> {
        self.unopened = 0;
        let until = tick + FORMER_TICKS;
        let (state, over) = match (std::mem::take(&mut self.state), opener) {
            (State::Plain, None) => (State::Plain, None),
            (State::Plain, Some(opener)) => (State::Sealed(opener), None),
            (State::Sealed(former) | State::Left(former, _), Some(mut opener)) => {
                let over = opener.follow(former, until);
                (State::Sealed(opener), over)
            }
            (State::Sealed(former), None) => (State::Left(former, until), None),
            (left @ State::Left(..), None) => (left, None),
        };
        self.state = state;
        over
    }

    /// Opens an RTP packet if that is needed; returns how long it is then. None: it is not from who
    /// has the key, it came before, or it is far too late.
    pub(in crate::media) fn rtp(&mut self, packet: &mut [u8], tick: u64) -> Option<usize> {
        match &mut self.state {
            State::Sealed(opener) => {
                let opened = opener.rtp(packet, tick);
                self.unopened = match opened {
                    Some(_) => 0,
                    None => self.unopened.saturating_add(1),
                };
                opened
            }
            State::Left(opener, until) if tick < *until => {
                let mut sealed = [0; super::LONGEST];
                let sealed = sealed.get_mut(..packet.len())?;
                sealed.copy_from_slice(packet);
                let opened = opener.rtp(sealed, tick);
                if opened.is_some() {
                    packet.copy_from_slice(sealed);
                }
                opened.or(Some(packet.len()))
            }
            State::Plain | State::Left(..) => Some(packet.len()),
        }
    }

    /// As [`rtp`](Self::rtp), for RTCP.
    pub(in crate::media) fn rtcp(&mut self, packet: &mut [u8]) -> Option<usize> {
        match &mut self.state {
            State::Sealed(opener) => opener.rtcp(packet),
            State::Plain | State::Left(..) => Some(packet.len()),
        }
    }

    /// Once: the key opens nothing of what has come for long.
    pub(in crate::media) fn opens_nothing(&mut self) -> bool {
        let is_news = self.unopened >= UNOPENED_PACKETS && !self.unopened_told;
        self.unopened_told |= is_news;
        is_news
    }

    /// Goes to a shard with another count of ticks.
    pub(in crate::media) fn move_to(&mut self, left: u64, tick: u64) {
        match &mut self.state {
            State::Plain => {}
            State::Sealed(opener) => opener.move_to(left, tick),
            State::Left(_, until) => *until = tick + until.saturating_sub(left),
        }
    }
}

/// A second in which packets by the key of before are still on their way.
const FORMER_TICKS: u64 = 50;
/// A second of sound, in the usual packets: no stray ones.
const UNOPENED_PACKETS: u32 = 50;
