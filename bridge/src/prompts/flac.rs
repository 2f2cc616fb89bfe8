//! FLAC bytes to samples. Reads our own files only: a stranger's sound never comes here.

use std::io::Cursor;

use anyhow::{Context, Result, ensure};
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::{FormatReader, TrackType};
use symphonia::core::io::MediaSourceStream;

/// Rate of every file in the tree.
pub const RATE_HZ: u32 = 16_000;

/// Decodes a whole mono file of [`RATE_HZ`].
///
/// # Errors
/// When it is no FLAC, is damaged, or has another rate or more channels.
pub fn decode(bytes: Vec<u8>) -> Result<Vec<i16>> {
    let stream = MediaSourceStream::new(Box::new(Cursor::new(bytes)), Default::default());
    let mut file = symphonia::default::get_probe()
        .probe(&Hint::new(), stream, Default::default(), Default::default())
        .context("not a FLAC file")?;
    samples(file.as_mut())
}

fn samples(file: &mut dyn FormatReader) -> Result<Vec<i16>> {
    let track = file
        .default_track(TrackType::Audio)
        .context("it has no sound")?;
    let params = track
        .codec_params
        .as_ref()
        .and_then(|p| p.audio())
        .context("it has no sound")?;
    ensure!(
        params.sample_rate == Some(RATE_HZ),
        "its rate is not {RATE_HZ} Hz"
    );
    let channels = params.channels.as_ref().map_or(0, |c| c.count());
    ensure!(channels == 1, "it has {channels} channels");
    let mut decoder =
        symphonia::default::get_codecs().make_audio_decoder(params, &Default::default())?;
    let (mut all, mut some) = (Vec::new(), Vec::<i16>::new());
    while let Some(packet) = file.next_packet()? {
        decoder.decode(&packet)?.copy_to_vec_interleaved(&mut some);
        all.extend_from_slice(&some);
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_flac_is_refused() {
        assert!(decode(Vec::new()).is_err());
        assert!(decode(vec![7; 4_000]).is_err());
        assert!(decode(b"fLaC and nothing after it".to_vec()).is_err());
    }
}
