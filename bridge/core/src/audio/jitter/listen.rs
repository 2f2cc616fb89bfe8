//! Whether anybody listens. While nobody does, what only listening needs is lent, and of a line
//! that is only silent the payloads are kept that its decoder has to learn. Plays nothing.

use std::ops::Range;

use super::super::decode::Speech;
use super::super::rate::Rate;
use super::super::stock::Stock;
use super::{JitterBuffer, LONGEST_PACKET, ring};

impl JitterBuffer {
    /// Whether what comes is kept, to be played in its time. While it is not, it may as well not
    /// be put: nothing counts as lost. Afterwards the depth begins as what it was before. What was
    /// lent meanwhile may not be there yet: then it does not listen, and is to be told again.
    pub fn set_listening(&mut self, listens: bool) {
        let lent = !self.has_stock();
        let listens = listens && (!lent || self.is_given_stock());
        let listened = std::mem::replace(&mut self.listens, listens);
        match (listened, listens) {
            (true, false) => self.empty(),
            (false, true) => {
                match (self.dozes, lent) {
                    (true, false) => self.catch_up(self.next - ring::SLOTS as i64..self.next),
                    (true, true) => {}
                    (false, _) => self.speech.restart(),
                }
                self.delay.moor_anew();
            }
            _ => {}
        }
        if self.dozes {
            self.ring.clear();
        }
        self.dozes = false;
        if !listens && self.has_stock() {
            self.lend();
        }
    }

    fn lend(&mut self) {
        let mut stock = Some(Stock {
            octets: std::mem::take(&mut self.ring.octets),
            samples: std::mem::take(&mut self.fifo.samples),
        });
        self.speech.rest(&mut stock);
        if let Some(stock) = stock {
            self.set_stock(stock);
        }
    }

    fn is_given_stock(&mut self) -> bool {
        let stock = match self.dozes {
            true => self.speech.resume(),
            false => self.speech.stock(),
        };
        stock.map(|stock| self.set_stock(stock)).is_some()
    }

    pub(super) fn has_stock(&self) -> bool {
        !self.ring.octets.is_empty()
    }

    pub(super) fn set_stock(&mut self, stock: Stock) {
        self.ring.octets = stock.octets;
        self.fifo.samples = stock.samples;
    }

    /// Like [`set_listening`](Self::set_listening) to false, of a line that is known to be silent.
    /// Where nothing is lent, as much of what is put last as there is room for, half a second in
    /// packets of 20 ms, is kept for the decoder, which has to learn it before it listens again.
    pub fn doze(&mut self) {
        self.catch_up(self.next..self.highest + 1);
        self.set_listening(false);
        self.dozes = matches!(self.speech, Speech::Other(_));
    }

    /// Decodes what waits, for nobody.
    fn catch_up(&mut self, numbers: Range<i64>) {
        let mut sound = [0; LONGEST_PACKET * Rate::Full.scale()];
        for sequence in numbers {
            let slot = self.ring.take(sequence).filter(|slot| !slot.is_silent());
            if let Some(slot) = slot {
                let sound = &mut sound[..slot.samples.into()];
                self.speech.decode(self.ring.payload(sequence), sound);
            }
        }
    }

    /// Whether what comes is kept.
    pub fn listens(&self) -> bool {
        self.listens
    }
}
