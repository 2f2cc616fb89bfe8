//! The arithmetic of sound: packets to samples, samples to mixes, mixes to packets.
//!
//! Everything works tick by tick on buffers that were made beforehand; nothing here allocates
//! once it is set up, and silence stays exactly silence.

pub mod announce;
pub mod comfort;
pub mod conceal;
pub mod decode;
pub mod denoise;
mod fourier;
pub mod g711;
pub mod g722;
pub mod gain;
pub mod gate;
pub mod jitter;
pub mod level;
pub mod limit;
pub mod mix;
pub mod play;
pub mod preroll;
pub mod rate;
pub mod resample;
pub mod rtcp;
pub mod rtp;
pub mod select;
pub mod spoil;
pub mod stock;
pub mod stream;
mod stretch;

/// Length of a tick: every room mixes this much at a time.
pub const TICK_MS: u32 = 20;

/// Sampling rate of a room in which everybody speaks G.711.
pub const NARROW_HZ: u32 = 8_000;

/// Samples of one tick at [`NARROW_HZ`].
pub const TICK_SAMPLES: usize = (NARROW_HZ * TICK_MS / 1_000) as usize;

/// One tick of sound at [`NARROW_HZ`].
pub type Frame = [i16; TICK_SAMPLES];

/// A tick of nothing.
pub const SILENCE: Frame = [0; TICK_SAMPLES];
