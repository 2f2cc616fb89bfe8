//! The one form every recording has: mono MPEG-2 Layer III, 16 kHz, 48 kbit/s, constant rate.
//!
//! 16 kHz because it is the lowest rate that every player takes (8 kHz is MPEG-2.5, which is in
//! no standard) and because LAME's delay of 1,105 samples is short enough there. The same form
//! for every line rate, so that a file can be appended to whatever its room has become.

/// Samples a second in the file.
pub const OUTPUT_HZ: u32 = 16_000;

/// Bit rate of the file, in kbit/s; 21.6 MB an hour.
pub(crate) const BIT_RATE_KBPS: u32 = 48;

/// Samples in one frame of MPEG-2 Layer III (ISO 13818-3).
pub(crate) const FRAME_SAMPLES: u32 = 576;

/// Sound in one frame, exact.
pub const FRAME_MS: u64 = (FRAME_SAMPLES * 1_000 / OUTPUT_HZ) as u64;

/// Size of one frame, exact: at this rate no frame needs padding.
pub const FRAME_BYTES: usize = (BIT_RATE_KBPS * 1_000 / 8 * FRAME_SAMPLES / OUTPUT_HZ) as usize;
