//! What a jitter buffer keeps packets and sound in, which it needs only while it listens: so a
//! decoder that is lent to others may take it along. Says nothing of how long either is.

/// See the module.
#[derive(Debug)]
pub struct Stock {
    pub(super) octets: Box<[u8]>,
    pub(super) samples: Box<[i16]>,
}

impl Stock {
    pub(super) fn new(octets: usize, samples: usize) -> Self {
        Self {
            octets: vec![0; octets].into_boxed_slice(),
            samples: vec![0; samples].into_boxed_slice(),
        }
    }
}
