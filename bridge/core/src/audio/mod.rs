//! The arithmetic of sound: packets to samples, samples to mixes, mixes to packets.

pub mod stream;
