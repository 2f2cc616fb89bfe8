//! Samples to MP3 frames. The only file that names LAME; it touches no file and no clock.
//!
//! What comes out is always whole frames of [`FRAME_BYTES`], each complete in itself: the bit
//! reservoir, which lets a frame lean on the ones before it, is closed after every call.

use mp3lame_encoder::{Bitrate, Builder, Encoder as Lame, FlushGap, FlushNoGap, Mode, MonoPcm};
use mp3lame_encoder::{Quality, VbrMode, max_required_buffer_size};
use std::num::NonZeroU32;

use crate::encoder_format::{FRAME_BYTES, FRAME_SAMPLES, OUTPUT_HZ};

/// Samples by which a decoder hears the input late: LAME's delay of 576 and the 529 of every
/// decoder. The first frame holds nothing but this delay and is left out.
const DELAY_SAMPLES: u64 = 576 + 529 - FRAME_SAMPLES as u64;

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
    lead_in_dropped: bool,
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
            lead_in_dropped: false,
        })
    }

    /// Encodes `samples` and appends the frames that are ready to `out`. About 110 ms stay inside.
    pub(crate) fn encode(
        &mut self,
        samples: &[i16],
        out: &mut Vec<u8>,
    ) -> Result<(), EncoderError> {
        let words = |e: mp3lame_encoder::EncodeError| EncoderError(e.to_string());
        let begin = out.len();
        self.samples_in += samples.len() as u64;
        // LAME's own bound counts input samples; a lower input rate makes more output of them.
        let stretched = samples.len() * (OUTPUT_HZ as usize).div_ceil(self.rate_hz as usize);
        out.reserve(2 * max_required_buffer_size(stretched));
        self.lame
            .encode_to_vec(MonoPcm(samples), out)
            .map_err(words)?;
        self.lame.flush_to_vec::<FlushNoGap>(out).map_err(words)?;
        self.count(begin, out);
        Ok(())
    }

    /// Appends the last frames to `out`: so many that all samples given are heard, no more.
    /// Nothing may be encoded after it.
    pub(crate) fn finish(&mut self, out: &mut Vec<u8>) -> Result<(), EncoderError> {
        if self.samples_in == 0 {
            return Ok(());
        }
        let begin = out.len();
        out.reserve(2 * max_required_buffer_size(0));
        self.lame
            .flush_to_vec::<FlushGap>(out)
            .map_err(|e| EncoderError(e.to_string()))?;
        let before = self.frames_out;
        self.count(begin, out);
        let samples = (self.samples_in * u64::from(OUTPUT_HZ)).div_ceil(u64::from(self.rate_hz));
        let wanted = (samples + DELAY_SAMPLES).div_ceil(u64::from(FRAME_SAMPLES));
        let room = usize::try_from(wanted.saturating_sub(before)).unwrap_or(usize::MAX);
        out.truncate(begin.saturating_add(room.saturating_mul(FRAME_BYTES)));
        Ok(())
    }

    fn count(&mut self, begin: usize, out: &mut Vec<u8>) {
        if !self.lead_in_dropped && out.len() >= begin + FRAME_BYTES {
            out.drain(begin..begin + FRAME_BYTES);
            self.lead_in_dropped = true;
        }
        debug_assert_eq!(
            (out.len() - begin) % FRAME_BYTES,
            0,
            "LAME gave part of a frame"
        );
        self.frames_out += ((out.len() - begin) / FRAME_BYTES) as u64;
    }
}

impl std::fmt::Debug for Encoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Encoder")
            .field("rate_hz", &self.rate_hz)
            .field("samples_in", &self.samples_in)
            .finish_non_exhaustive()
    }
}
