//! Samples to MP3 frames. The only file that names LAME; it touches no file and no clock.
//!
//! What comes out is always whole frames of [`FRAME_BYTES`]. A frame may lean on the bytes of the
//! one before it (the bit reservoir), never on a later one, so a stretch may end after any frame;
//! and the first one leans on nothing, so it may follow anything.

use mp3lame_encoder::{Bitrate, Builder, Encoder as Lame, FlushGap, FlushNoGap, Mode, MonoPcm};
use mp3lame_encoder::{Quality, VbrMode, max_required_buffer_size};
use std::num::NonZeroU32;

use crate::encoder_format::{FRAME_BYTES, FRAME_SAMPLES, OUTPUT_HZ};

/// Samples by which a decoder hears the input late: LAME's delay of 576 and the 529 of every
/// decoder. The first frame holds nothing but this delay and is left out.
const DELAY_SAMPLES: u64 = 576 + 529 - FRAME_SAMPLES as u64;

/// Fed at a time until the first frame is out; less than a frame at every rate.
const LEAD_IN_BLOCK_SAMPLES: usize = 160;

/// Something LAME refused; in words.
#[derive(Debug, thiserror::Error)]
#[error("LAME: {0}")]
pub(crate) struct EncoderError(String);

/// One stretch of sound on its way to MP3.
pub(crate) struct Encoder {
    lame: Lame,
    rate_hz: u32,
    samples_in: u64,
    frames_out: u64,
    lead_in: LeadIn,
    /// What LAME has given since the last whole frame.
    part: Vec<u8>,
}

/// The first frame, which holds nothing but the encoder's delay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum LeadIn {
    Awaited,
    Dropped,
}

impl Encoder {
    /// For mono samples at `rate_hz`, which LAME brings to [`OUTPUT_HZ`].
    pub(crate) fn new(rate_hz: u32) -> Result<Self, EncoderError> {
        let words = |e: mp3lame_encoder::BuildError| EncoderError(e.to_string());
        let lame = Builder::new()
            .ok_or_else(|| EncoderError("no memory".into()))?
            .with_num_channels(1)
            .and_then(|b| b.with_mode(Mode::Mono))
            .and_then(|b| b.with_sample_rate(rate_hz))
            .and_then(|b| b.with_output_sample_rate(NonZeroU32::new(OUTPUT_HZ)))
            .and_then(|b| b.with_vbr_mode(VbrMode::Off))
            .and_then(|b| b.with_brate(Bitrate::Kbps48))
            .and_then(|b| b.with_quality(Quality::Good))
            // A tag frame tells the length as it was at the first close; after an append it lies.
            .and_then(|b| b.with_to_write_vbr_tag(false))
            .and_then(Builder::build)
            .map_err(words)?;
        Ok(Self {
            lame,
            rate_hz,
            samples_in: 0,
            frames_out: 0,
            lead_in: LeadIn::Awaited,
            part: Vec::new(),
        })
    }

    /// Encodes `samples` and appends the frames that are ready to `out`. About 150 ms stay inside.
    pub(crate) fn encode(
        &mut self,
        samples: &[i16],
        out: &mut Vec<u8>,
    ) -> Result<(), EncoderError> {
        self.samples_in += samples.len() as u64;
        let mut rest = samples;
        while self.lead_in == LeadIn::Awaited && !rest.is_empty() {
            let few = rest.len().min(LEAD_IN_BLOCK_SAMPLES);
            self.drop_lead_in(&rest[..few])?;
            rest = &rest[few..];
        }
        self.feed(rest)?;
        let whole = self.part.len() / FRAME_BYTES * FRAME_BYTES;
        self.give(whole, out);
        Ok(())
    }

    /// Appends the last frames to `out`: so many that all samples given are heard, no more.
    /// Nothing may be encoded after it.
    pub(crate) fn finish(&mut self, out: &mut Vec<u8>) -> Result<(), EncoderError> {
        if self.samples_in == 0 {
            return Ok(());
        }
        self.part.reserve(max_required_buffer_size(0));
        self.lame
            .flush_to_vec::<FlushGap>(&mut self.part)
            .map_err(in_words)?;
        if self.lead_in == LeadIn::Awaited {
            self.part.drain(..FRAME_BYTES.min(self.part.len()));
        }
        let samples = (self.samples_in * u64::from(OUTPUT_HZ)).div_ceil(u64::from(self.rate_hz));
        let wanted = (samples + DELAY_SAMPLES).div_ceil(u64::from(FRAME_SAMPLES));
        let wanted = usize::try_from(wanted.saturating_sub(self.frames_out)).unwrap_or(usize::MAX);
        let whole = (self.part.len() / FRAME_BYTES).min(wanted);
        self.give(whole * FRAME_BYTES, out);
        Ok(())
    }

    /// Feeds so little that no second frame can be begun before the first is closed and dropped;
    /// else the second would lean on it.
    fn drop_lead_in(&mut self, samples: &[i16]) -> Result<(), EncoderError> {
        self.feed(samples)?;
        if self.part.is_empty() {
            return Ok(());
        }
        self.lame
            .flush_to_vec::<FlushNoGap>(&mut self.part)
            .map_err(in_words)?;
        self.part.drain(..FRAME_BYTES.min(self.part.len()));
        self.lead_in = LeadIn::Dropped;
        Ok(())
    }

    fn feed(&mut self, samples: &[i16]) -> Result<(), EncoderError> {
        // LAME's own bound counts input samples; a lower input rate makes more output of them.
        let stretched = samples.len() * (OUTPUT_HZ as usize).div_ceil(self.rate_hz as usize);
        self.part.reserve(2 * max_required_buffer_size(stretched));
        self.lame
            .encode_to_vec(MonoPcm(samples), &mut self.part)
            .map_err(in_words)?;
        Ok(())
    }

    fn give(&mut self, bytes: usize, out: &mut Vec<u8>) {
        out.extend(self.part.drain(..bytes));
        self.frames_out += (bytes / FRAME_BYTES) as u64;
    }
}

fn in_words(error: mp3lame_encoder::EncodeError) -> EncoderError {
    EncoderError(error.to_string())
}

impl std::fmt::Debug for Encoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Encoder")
            .field("rate_hz", &self.rate_hz)
            .field("samples_in", &self.samples_in)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frames::walk;

    /// However the samples are cut up, the same whole frames come out, as long as the sound.
    fn check(rate_hz: u32, block: usize) -> Vec<u8> {
        let count = rate_hz as usize * 30;
        let samples: Vec<i16> = (0..count).map(|n| (n * n % 9_001) as i16).collect();
        let mut encoder = Encoder::new(rate_hz).unwrap();
        let mut out = Vec::new();
        for some in samples.chunks(block) {
            encoder.encode(some, &mut out).unwrap();
            assert_eq!(out.len() % FRAME_BYTES, 0);
        }
        encoder.finish(&mut out).unwrap();
        let walked = walk(&out);
        assert_eq!(walked.frames as usize, out.len() / FRAME_BYTES);
        assert_eq!(walked.passed_over_bytes, 0);
        assert!(
            (30_030..=30_070).contains(&walked.duration_ms()),
            "{walked:?}"
        );
        out
    }

    #[test]
    fn blocks_of_any_size() {
        let frames = check(8_000, 160);
        assert_eq!(check(8_000, 8_000), frames);
        assert_eq!(check(8_000, 240_000), frames);
        assert_eq!(check(8_000, 777), frames);
        check(16_000, 320);
        check(48_000, 4_800);
    }

    #[test]
    fn very_short_sounds() {
        for count in [0, 1, 100, 1_000] {
            let mut encoder = Encoder::new(8_000).unwrap();
            let mut out = Vec::new();
            encoder.encode(&vec![1_000; count], &mut out).unwrap();
            encoder.finish(&mut out).unwrap();
            let walked = walk(&out);
            assert_eq!(walked.whole_bytes, out.len() as u64);
            let most_ms = if count == 0 { 0 } else { count as u64 / 8 + 70 };
            assert!(walked.duration_ms() <= most_ms, "{count}: {walked:?}");
        }
    }
}
