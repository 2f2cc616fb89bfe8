//! What is said to a whole room, one thing after the other, and the place of an ear that heard
//! something else when it was said. Knows no prompts: sounds are samples.

use std::collections::VecDeque;
use std::sync::Arc;

use super::TICK_SAMPLES;
use super::rate::{LONGEST_TICK, Rate};
use super::resample::{PAST, convert};

/// The sounds of one announcement, one after the other.
type Piece = Vec<Arc<[i16]>>;

/// How far somebody has listened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// which announcement comes next, counted since the room began
    piece: u64,
    /// which sound of it, and which sample of that
    sound: usize,
    sample: usize,
    /// the end of the last tick, when it was played at a higher rate
    past: [i16; PAST],
}

impl Place {
    const fn start_of(piece: u64) -> Self {
        Self {
            piece,
            sound: 0,
            sample: 0,
            past: [0; PAST],
        }
    }

    /// Whether an announcement has been heard in part.
    pub fn is_amid(&self) -> bool {
        self.sound > 0 || self.sample > 0
    }

    /// Where the announcement began, to hear it once more.
    pub fn back(&self) -> Self {
        Self::start_of(self.piece)
    }

    /// Which announcement comes next; earlier ones are not needed for this ear.
    pub fn piece(&self) -> u64 {
        self.piece
    }
}

/// The announcements of a room. One begins with a tick, so that ears can turn to something else in
/// between. What is no longer needed is handed back, so that whoever owns the thread decides where
/// it is freed.
#[derive(Debug)]
pub struct Announcer {
    pieces: VecDeque<Piece>,
    /// the number of the first of them
    first: u64,
    /// what the room hears next
    head: Place,
}

impl Default for Announcer {
    fn default() -> Self {
        Self {
            pieces: VecDeque::with_capacity(MOST_PIECES),
            first: 0,
            head: Place::start_of(0),
        }
    }
}

impl Announcer {
    /// Queues an announcement. What is to be freed for it is handed back: one that only ears far
    /// behind have not heard, or this one itself when too many wait.
    pub fn push(&mut self, sounds: Piece) -> Option<Piece> {
        let mut over = None;
        if self.pieces.len() == MOST_PIECES {
            if self.first == self.head.piece {
                return Some(sounds);
            }
            over = self.drop_first();
        }
        self.pieces.push_back(sounds);
        over
    }

    /// What the room hears next.
    pub fn head(&self) -> Place {
        self.head
    }

    /// Adds the room's next tick to a mix.
    pub fn say(&mut self, mix: &mut [i32], rate: Rate) {
        let mut head = self.head;
        self.repeat(&mut head, mix, rate);
        self.head = head;
    }

    /// Adds the next tick of an ear that is at this place, and moves it on.
    pub fn repeat(&self, place: &mut Place, mix: &mut [i32], rate: Rate) {
        if place.piece < self.first {
            *place = Place::start_of(self.first);
        }
        let mut narrow = [0; TICK_SAMPLES];
        self.read(place, &mut narrow);
        if rate == Rate::Narrow {
            place.past = [0; PAST];
            super::mix::add(mix, &narrow);
            return;
        }
        let mut sound = [0; PAST + TICK_SAMPLES];
        sound[..PAST].copy_from_slice(&place.past);
        sound[PAST..].copy_from_slice(&narrow);
        place.past.copy_from_slice(&sound[TICK_SAMPLES..]);
        if sound.iter().any(|&sample| sample != 0) {
            let mut fuller = [0; LONGEST_TICK];
            convert(&sound, Rate::Narrow, rate, &mut fuller[..rate.tick()]);
            super::mix::add(mix, &fuller[..rate.tick()]);
        }
    }

    /// The samples up to the end of the tick or of the announcement.
    fn read(&self, place: &mut Place, tick: &mut [i16]) {
        let Some(piece) = self.pieces.get((place.piece - self.first) as usize) else {
            return;
        };
        let mut at = 0;
        while let Some(sound) = piece.get(place.sound) {
            if at == tick.len() && place.sample < sound.len() {
                return;
            }
            let left = &sound[place.sample..];
            let count = left.len().min(tick.len() - at);
            tick[at..at + count].copy_from_slice(&left[..count]);
            at += count;
            place.sample += count;
            if place.sample == sound.len() {
                place.sound += 1;
                place.sample = 0;
            }
        }
        let past = place.past;
        *place = Place {
            past,
            ..Place::start_of(place.piece + 1)
        };
    }

    /// Whether there is nothing that this ear has not heard.
    pub fn is_caught_up(&self, place: &Place) -> bool {
        place.piece >= self.end() && place.past == [0; PAST]
    }

    /// Hands back what neither the room nor any ear is still to hear; `oldest` is the first that an
    /// ear needs.
    pub fn forget_before(&mut self, oldest: u64, mut over: impl FnMut(Piece)) {
        while self.first < oldest.min(self.head.piece)
            && let Some(piece) = self.drop_first()
        {
            over(piece);
        }
    }

    /// Hands everything back.
    pub fn clear(&mut self, mut over: impl FnMut(Piece)) {
        self.head = Place::start_of(self.end());
        while let Some(piece) = self.drop_first() {
            over(piece);
        }
    }

    fn end(&self) -> u64 {
        self.first + self.pieces.len() as u64
    }

    fn drop_first(&mut self) -> Option<Piece> {
        let piece = self.pieces.pop_front();
        self.first += u64::from(piece.is_some());
        piece
    }
}

/// A minute of announcements and more; what comes beyond is given back unplayed.
const MOST_PIECES: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    const TICK: usize = TICK_SAMPLES;

    fn piece(value: i16, len: usize) -> Piece {
        vec![vec![value; len].into()]
    }

    /// The first and the last sample of a tick.
    fn ends(hear: impl FnOnce(&mut [i32])) -> (i32, i32) {
        let mut mix = [0; TICK];
        hear(&mut mix);
        (mix[0], mix[TICK - 1])
    }

    fn said(announcer: &mut Announcer) -> (i32, i32) {
        ends(|mix| announcer.say(mix, Rate::Narrow))
    }

    fn repeated(announcer: &Announcer, place: &mut Place) -> (i32, i32) {
        ends(|mix| announcer.repeat(place, mix, Rate::Narrow))
    }

    #[test]
    fn each_begins_with_a_tick() {
        let mut announcer = Announcer::default();
        assert!(announcer.push(piece(1, TICK + 1)).is_none());
        assert!(announcer.push(vec![]).is_none());
        let two = [piece(2, TICK - 1), piece(3, 1)].concat();
        assert!(announcer.push(two).is_none());
        assert!(!announcer.head().is_amid());
        assert_eq!(said(&mut announcer), (1, 1));
        assert!(announcer.head().is_amid());
        assert_eq!(said(&mut announcer), (1, 0));
        assert!(!announcer.head().is_amid());
        assert_eq!(said(&mut announcer), (0, 0));
        assert_eq!(said(&mut announcer), (2, 3));
        assert_eq!(said(&mut announcer), (0, 0));
    }

    #[test]
    fn an_ear_that_was_elsewhere_hears_all_of_it_later() {
        let mut announcer = Announcer::default();
        let mut place = announcer.head();
        assert!(announcer.is_caught_up(&place));
        announcer.push(piece(1, TICK));
        announcer.push(piece(2, 2 * TICK));
        for _ in 0..3 {
            said(&mut announcer);
        }
        let mut over = Vec::new();
        announcer.forget_before(place.piece(), |piece| over.push(piece));
        assert!(over.is_empty() && !announcer.is_caught_up(&place));
        assert_eq!(repeated(&announcer, &mut place), (1, 1));
        assert!(!place.is_amid());
        assert_eq!(repeated(&announcer, &mut place), (2, 2));
        assert!(place.is_amid());
        assert_eq!(repeated(&announcer, &mut place.back()), (2, 2));
        announcer.forget_before(place.piece(), |piece| over.push(piece));
        assert_eq!(over, [piece(1, TICK)]);
        assert_eq!(repeated(&announcer, &mut place), (2, 2));
        assert!(announcer.is_caught_up(&place));
        announcer.forget_before(u64::MAX, |piece| over.push(piece));
        assert_eq!(over.len(), 2);
        assert_eq!(repeated(&announcer, &mut place), (0, 0));
    }

    #[test]
    fn what_the_room_has_not_heard_is_never_given_up() {
        let mut announcer = Announcer::default();
        let mut place = announcer.head();
        for n in 0..MOST_PIECES {
            assert!(announcer.push(piece(n as i16, TICK)).is_none());
        }
        assert_eq!(announcer.push(piece(99, 1)), Some(piece(99, 1)));
        said(&mut announcer);
        // The room has heard the first, one ear has not, and goes on with the second.
        assert_eq!(announcer.push(piece(99, TICK)), Some(piece(0, TICK)));
        assert_eq!(repeated(&announcer, &mut place), (1, 1));
        let mut over = 0;
        announcer.clear(|_| over += 1);
        assert_eq!(over, MOST_PIECES);
        assert_eq!(said(&mut announcer), (0, 0));
        announcer.push(piece(7, TICK));
        assert_eq!(said(&mut announcer), (7, 7));
    }

    #[test]
    fn a_fuller_room_hears_it_too() {
        let mut announcer = Announcer::default();
        announcer.push(piece(1_000, 3 * TICK));
        let mut heard = Vec::new();
        for _ in 0..5 {
            let mut mix = [0; Rate::Wide.tick()];
            announcer.say(&mut mix, Rate::Wide);
            heard.extend(mix);
        }
        let tick = Rate::Wide.tick();
        assert!(
            heard[tick..2 * tick]
                .iter()
                .all(|s| (950..1_050).contains(s))
        );
        assert!(heard[4 * tick..].iter().all(|&s| s == 0));
        assert!(announcer.is_caught_up(&announcer.head()));
    }
}
