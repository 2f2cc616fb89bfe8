//! Who takes the noise away: nobody, the core, and what it is compared with.

use confab_core::audio::denoise::Denoiser;
use confab_core::audio::rate::Rate;
use confab_core::audio::resample::{LONGEST_PAST, PAST, convert};
use nnnoiseless::DenoiseState;

/// See the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cleaner {
    /// leaves it as it came
    Nobody,
    /// the core's
    Confab,
    /// RNNoise as the crate `nnnoiseless` has it, which knows 48 kHz only: the core's resampler
    /// brings it there and back
    Rnnoise,
}

/// All of them.
pub const CLEANERS: &[Cleaner] = &[Cleaner::Nobody, Cleaner::Confab, Cleaner::Rnnoise];

impl Cleaner {
    /// How it is called in tables and files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Nobody => "as-it-came",
            Self::Confab => "confab",
            Self::Rnnoise => "rnnoise",
        }
    }

    /// How much later it gives a sound, in samples of 8 kHz. RNNoise: a window of 10 ms, and two
    /// resamplings, all but a sample of 48 kHz.
    pub fn behind(self) -> usize {
        match self {
            Self::Nobody => 0,
            Self::Confab => Denoiser::new(Rate::Narrow).behind(),
            Self::Rnnoise => 80 + PAST - 1,
        }
    }

    /// Cleans whole ticks of 8 kHz.
    pub fn clean(self, came: &[i16]) -> Vec<i16> {
        match self {
            Self::Nobody => came.to_vec(),
            Self::Confab => {
                let mut denoiser = Box::new(Denoiser::new(Rate::Narrow));
                let mut out = came.to_vec();
                for tick in out.chunks_exact_mut(Rate::Narrow.tick()) {
                    denoiser.clean(tick, true);
                }
                out
            }
            Self::Rnnoise => rnnoise(came),
        }
    }
}

fn rnnoise(came: &[i16]) -> Vec<i16> {
    let mut state = DenoiseState::new();
    let mut narrow = vec![0; PAST + Rate::Narrow.tick()];
    let mut full = vec![0; LONGEST_PAST + Rate::Full.tick()];
    let mut out = Vec::with_capacity(came.len());
    for tick in came.chunks_exact(Rate::Narrow.tick()) {
        narrow.copy_within(tick.len().., 0);
        narrow[PAST..].copy_from_slice(tick);
        full.copy_within(Rate::Full.tick().., 0);
        let raised = &mut full[LONGEST_PAST..];
        convert(&narrow, Rate::Narrow, Rate::Full, raised);
        for frame in raised.chunks_exact_mut(DenoiseState::FRAME_SIZE) {
            let input: Vec<f32> = frame.iter().map(|&sample| f32::from(sample)).collect();
            let mut output = [0.0; DenoiseState::FRAME_SIZE];
            state.process_frame(&mut output, &input);
            for (sample, cleaned) in frame.iter_mut().zip(output) {
                // the conversion saturates
                *sample = cleaned.round() as i16;
            }
        }
        let mut cleaned = [0; Rate::Narrow.tick()];
        convert(&full, Rate::Full, Rate::Narrow, &mut cleaned);
        out.extend(cleaned);
    }
    out
}
