//! Keys that were pressed and have not been taken yet. They may be a PIN: `Debug` shows how many.

use std::collections::VecDeque;
use std::fmt;

use confab_dtmf::Key;

/// Keys on their way.
#[derive(Default)]
pub(super) struct Typed(VecDeque<Key>);

impl Typed {
    pub fn push(&mut self, key: Key) {
        if self.0.len() < TYPED_MAX {
            self.0.push_back(key);
        }
    }

    pub fn next(&mut self) -> Option<Key> {
        self.0.pop_front()
    }

    pub fn forget(&mut self) {
        self.0.clear();
    }
}

impl fmt::Debug for Typed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Typed({} keys)", self.0.len())
    }
}

/// A room number, star, PIN and billing code with their pounds; keys beyond that are dropped.
const TYPED_MAX: usize = 64;
