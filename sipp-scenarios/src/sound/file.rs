//! Sound files: the prompts (FLAC) and what the program records (MP3), read with a decoder that the
//! program's own encoder has nothing to do with.

use std::fs::File;
use std::path::Path;

use anyhow::{Context, Result, bail};
use symphonia::core::codecs::audio::AudioDecoderOptions;
use symphonia::core::errors::Error;
use symphonia::core::formats::TrackType;
use symphonia::core::formats::probe::Hint;
use symphonia::core::io::MediaSourceStream;

use super::{RATE_HZ, rate};

/// A decoded file.
#[derive(Clone, Debug)]
pub struct SoundFile {
    /// mono, at the rate that was asked for
    pub samples: Vec<i16>,
    /// samples a millisecond
    per_ms: usize,
    /// samples a second in the file itself
    pub file_rate_hz: u32,
    /// packets that could not be decoded
    pub broken_packets: u32,
}

impl SoundFile {
    /// How long it plays.
    pub fn ms(&self) -> u32 {
        (self.samples.len() / self.per_ms) as u32
    }

    /// A stretch of it; past the end there is nothing.
    pub fn stretch(&self, from_ms: u32, to_ms: u32) -> &[i16] {
        let end = self.samples.len();
        let at = |ms: u32| (ms as usize * self.per_ms).min(end);
        &self.samples[at(from_ms)..at(to_ms)]
    }
}

/// Decodes a whole file. An unfinished last packet, as a killed writer leaves it, is no error.
///
/// # Errors
/// When the file cannot be opened or is no sound in a known format, or is at a rate that is no
/// multiple of 8,000 Hz.
pub fn read(path: &Path) -> Result<SoundFile> {
    read_at(path, RATE_HZ)
}

/// As [`read`], with samples at so many a second.
///
/// # Errors
/// As [`read`]; the file's rate must be a multiple of this one.
pub fn read_at(path: &Path, rate_hz: u32) -> Result<SoundFile> {
    let file = File::open(path).with_context(|| format!("open {}", path.display()))?;
    let source = MediaSourceStream::new(Box::new(file), Default::default());
    let mut hint = Hint::new();
    if let Some(extension) = path.extension().and_then(|e| e.to_str()) {
        hint.with_extension(extension);
    }
    let mut format = symphonia::default::get_probe()
        .probe(&hint, source, Default::default(), Default::default())
        .with_context(|| format!("no known sound format: {}", path.display()))?;
    let track = format
        .default_track(TrackType::Audio)
        .context("no sound in the file")?;
    let track_id = track.id;
    let codec = track
        .codec_params
        .as_ref()
        .and_then(|c| c.audio())
        .context("no codec named")?;
    let mut decoder = symphonia::default::get_codecs()
        .make_audio_decoder(codec, &AudioDecoderOptions::default())?;

    let (mut mono, mut rate, mut broken_packets) = (Vec::new(), 0, 0);
    loop {
        let packet = match format.next_packet() {
            Ok(Some(packet)) => packet,
            // a file cut in the middle ends here
            Ok(None) | Err(Error::IoError(_)) => break,
            Err(error) => return Err(error.into()),
        };
        if packet.track_id != track_id {
            continue;
        }
        match decoder.decode(&packet) {
            Ok(decoded) => {
                rate = decoded.spec().rate();
                let channels = decoded.spec().channels().count().max(1);
                let mut interleaved: Vec<f32> = Vec::new();
                decoded.copy_to_vec_interleaved(&mut interleaved);
                let frames = interleaved.chunks_exact(channels);
                mono.extend(frames.map(|f| f.iter().sum::<f32>() / channels as f32));
            }
            Err(Error::DecodeError(_) | Error::IoError(_)) => broken_packets += 1,
            Err(error) => return Err(error.into()),
        }
    }
    let samples = thinned(&mono, rate, rate_hz)?;
    Ok(SoundFile {
        samples,
        per_ms: rate_hz as usize / 1_000,
        file_rate_hz: rate,
        broken_packets,
    })
}

/// Filters and thins sound to so many samples a second.
fn thinned(sound: &[f32], rate_hz: u32, wanted_hz: u32) -> Result<Vec<i16>> {
    if rate_hz == 0 {
        return Ok(Vec::new());
    }
    if !rate_hz.is_multiple_of(wanted_hz) {
        bail!("a rate of {rate_hz} Hz is no multiple of {wanted_hz}");
    }
    let factor = (rate_hz / wanted_hz) as usize;
    let to_i16 = |s: &f32| (s * 32_767.0).clamp(-32_768.0, 32_767.0) as i16;
    Ok(rate::thin(sound, factor).iter().map(to_i16).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sound::level_dbov;
    use crate::sound::tone::{Hum, is_steady};

    #[test]
    fn thinning_keeps_the_voice_and_drops_what_is_above() {
        let sine = |hz: f32| -> Vec<f32> {
            (0..16_000)
                .map(|i| (std::f32::consts::TAU * hz * i as f32 / 16_000.0).sin())
                .collect()
        };
        let low = thinned(&sine(1_020.0), 16_000, RATE_HZ).expect("twice the rate");
        assert_eq!(low.len(), 8_000);
        assert!(is_steady(&low[400..], 1_020));
        let high = thinned(&sine(5_500.0), 16_000, RATE_HZ).expect("twice the rate");
        assert!(level_dbov(&high[400..7_600]) < -50.0);
        assert!(thinned(&sine(500.0), 11_025, RATE_HZ).is_err());
        let wide = thinned(&sine(5_500.0), 16_000, 16_000).expect("the rate it has");
        assert!(level_dbov(&wide) > -5.0);
    }

    #[test]
    fn a_file_comes_back() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("tone.wav");
        let spec = hound::WavSpec {
            channels: 1,
            sample_rate: RATE_HZ,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        let mut writer = hound::WavWriter::create(&path, spec).expect("a file");
        for sample in Hum::stretch(810, 8_000.0, 500) {
            writer.write_sample(sample).expect("room on the disk");
        }
        writer.finalize().expect("room on the disk");
        let file = read(&path).expect("what was just written");
        assert_eq!((file.ms(), file.broken_packets), (500, 0));
        assert!(is_steady(file.stretch(0, 500), 810));
    }
}
