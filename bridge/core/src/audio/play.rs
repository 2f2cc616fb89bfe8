//! Sounds that wait to be played one after the other, to one line or to a room.
//! Knows no prompts: sounds are samples.

use std::collections::VecDeque;
use std::sync::Arc;

use super::TICK_SAMPLES;
use super::rate::{LONGEST_TICK, Rate};
use super::resample::{PAST, convert};

/// What is to be played under one name.
#[derive(Debug)]
struct Piece<T> {
    name: T,
    sounds: Vec<Arc<[i16]>>,
}

/// A queue of sounds. What has been played or forgotten is handed back, so that whoever owns the
/// thread decides where it is freed.
#[derive(Debug)]
pub struct Player<T> {
    queue: VecDeque<Piece<T>>,
    /// which sound of the first piece, and which sample of it, comes next
    sound: usize,
    sample: usize,
    /// the end of the last tick, when it was played at a higher rate
    past: [i16; PAST],
}

/// A piece that is over.
#[derive(Debug)]
pub struct Over<T> {
    /// under which it was pushed
    pub name: T,
    /// to be freed
    pub sounds: Vec<Arc<[i16]>>,
}

impl<T> Default for Player<T> {
    fn default() -> Self {
        Self {
            queue: VecDeque::with_capacity(MOST_PIECES),
            sound: 0,
            sample: 0,
            past: [0; PAST],
        }
    }
}

impl<T> Player<T> {
    /// Queues sounds under a name. When the queue is full they are given back at once.
    pub fn push(&mut self, name: T, sounds: Vec<Arc<[i16]>>) -> Result<(), Over<T>> {
        if self.queue.len() == MOST_PIECES {
            return Err(Over { name, sounds });
        }
        self.queue.push_back(Piece { name, sounds });
        Ok(())
    }

    /// Whether something is to be heard.
    pub fn is_playing(&self) -> bool {
        !self.queue.is_empty()
    }

    /// Adds the next samples to `mix`. What ends in them, or is empty, goes to `over`.
    pub fn add_to(&mut self, mix: &mut [i32], mut over: impl FnMut(Over<T>)) {
        let mut at = 0;
        while let Some(piece) = self.queue.front() {
            let Some(sound) = piece.sounds.get(self.sound) else {
                self.forget_first(&mut over);
                continue;
            };
            if at == mix.len() && self.sample < sound.len() {
                return;
            }
            let left = &sound[self.sample..];
            let count = left.len().min(mix.len() - at);
            super::mix::add(&mut mix[at..at + count], &left[..count]);
            at += count;
            self.sample += count;
            if self.sample == sound.len() {
                self.sound += 1;
                self.sample = 0;
            }
        }
    }

    /// Adds the next tick to a mix at any rate; else as [`add_to`](Self::add_to).
    pub fn add_tick_to(&mut self, mix: &mut [i32], rate: Rate, over: impl FnMut(Over<T>)) {
        if rate == Rate::Narrow {
            return self.add_to(mix, over);
        }
        let mut narrow = [0; TICK_SAMPLES];
        self.add_to(&mut narrow, over);
        let mut sound = [0; PAST + TICK_SAMPLES];
        sound[..PAST].copy_from_slice(&self.past);
        for (sample, &sum) in sound[PAST..].iter_mut().zip(&narrow) {
            *sample = sum as i16;
        }
        let mut fuller = [0; LONGEST_TICK];
        convert(&sound, Rate::Narrow, rate, &mut fuller[..rate.tick()]);
        super::mix::add(mix, &fuller[..rate.tick()]);
        self.past.copy_from_slice(&sound[TICK_SAMPLES..]);
    }

    /// Forgets everything that is queued.
    pub fn clear(&mut self, mut over: impl FnMut(Over<T>)) {
        self.past = [0; PAST];
        while self.is_playing() {
            self.forget_first(&mut over);
        }
    }

    fn forget_first(&mut self, over: &mut impl FnMut(Over<T>)) {
        self.sound = 0;
        self.sample = 0;
        if let Some(Piece { name, sounds }) = self.queue.pop_front() {
            over(Over { name, sounds });
        }
    }
}

/// A minute of prompts and more; what comes beyond is given back unplayed.
const MOST_PIECES: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    fn sound(value: i16, len: usize) -> Arc<[i16]> {
        vec![value; len].into()
    }

    fn tick(player: &mut Player<u8>) -> ([i32; 4], Vec<u8>) {
        let (mut mix, mut over) = ([0; 4], Vec::new());
        player.add_to(&mut mix, |done| over.push(done.name));
        (mix, over)
    }

    #[test]
    fn sounds_follow_one_another_without_a_gap() {
        let mut player = Player::default();
        player.push(1, vec![sound(1, 3), sound(2, 2)]).unwrap();
        player.push(2, vec![]).unwrap();
        player.push(3, vec![sound(3, 2), sound(4, 0)]).unwrap();
        assert_eq!(tick(&mut player), ([1, 1, 1, 2], vec![]));
        assert_eq!(tick(&mut player), ([2, 3, 3, 0], vec![1, 2, 3]));
        assert!(!player.is_playing());
        assert_eq!(tick(&mut player), ([0; 4], vec![]));
    }

    #[test]
    fn what_ends_with_the_tick_is_over_with_the_tick() {
        let mut player = Player::default();
        player.push(1, vec![sound(1, 4)]).unwrap();
        assert_eq!(tick(&mut player), ([1; 4], vec![1]));
    }

    #[test]
    fn forgetting_starts_the_next_from_its_beginning() {
        let mut player = Player::default();
        player.push(1, vec![sound(1, 1), sound(2, 9)]).unwrap();
        tick(&mut player);
        let mut over = Vec::new();
        player.clear(|done| over.push(done.name));
        assert_eq!(over, [1]);
        player.push(2, vec![sound(5, 9)]).unwrap();
        assert_eq!(tick(&mut player), ([5; 4], vec![]));
    }

    #[test]
    fn a_full_queue_gives_back() {
        let mut player = Player::default();
        for _ in 0..MOST_PIECES {
            player.push(1, vec![]).unwrap();
        }
        assert_eq!(player.push(2, vec![]).unwrap_err().name, 2);
    }
}
