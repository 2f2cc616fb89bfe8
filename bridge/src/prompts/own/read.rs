//! A file that somebody uploads, to samples of one channel. Everything about the file is a
//! stranger's word: time, samples and memory are bounded, and a panic of a decoder is one more way
//! to be broken. Blocks; never called on a media thread.

use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use symphonia::core::codecs::audio::well_known::CODEC_ID_OPUS;
use symphonia::core::codecs::audio::{AudioCodecParameters, AudioDecoder};
use symphonia::core::errors::Error;
use symphonia::core::formats::FormatReader;
use symphonia::core::formats::TrackType;
use symphonia::core::formats::probe::Hint;
use symphonia::core::io::MediaSourceStream;
use symphonia::core::packet::Packet;

use super::Unfit;
use super::ogg_opus::{self, OggOpus};

/// Files are never larger, in bytes.
pub const FILE_BYTES_MAX: usize = 32 << 20;
/// Rates that are taken, in samples a second.
const RATES_HZ: std::ops::RangeInclusive<u32> = 8_000..=48_000;
const CHANNELS_MAX: usize = 8;
/// Packets in a row that may be damaged: a scratch is no reason to refuse, a heap of noise is.
const DAMAGED_MAX: u32 = 4;
/// Reading takes no longer; a good file takes a hundredth of it.
const PATIENCE: Duration = Duration::from_secs(20);

/// Samples between -1 and 1, all channels mixed to one.
#[derive(Clone, Debug)]
pub struct Mono {
    pub samples: Vec<f32>,
    pub rate_hz: u32,
}

/// Reads WAV, MP3, FLAC, Ogg Vorbis or Ogg Opus, `length_s` at most.
///
/// # Errors
/// What is wrong with it, to be told to whoever uploads it.
pub fn read(file: Vec<u8>, length_s: u32) -> Result<Mono, Unfit> {
    if file.is_empty() {
        return Err(Unfit::Empty);
    }
    if file.len() > FILE_BYTES_MAX {
        return Err(Unfit::TooLarge);
    }
    // A decoder that panics leaves nothing behind: all it had is dropped here.
    let read = catch_unwind(AssertUnwindSafe(|| decode(file, length_s)));
    read.unwrap_or(Err(Unfit::Broken))
}

fn decode(file: Vec<u8>, length_s: u32) -> Result<Mono, Unfit> {
    let stream = MediaSourceStream::new(Box::new(Cursor::new(file)), Default::default());
    let probe = symphonia::default::get_probe();
    let mut format = probe
        .probe(&Hint::new(), stream, Default::default(), Default::default())
        .map_err(|_| Unfit::NotAudio)?;
    samples(format.as_mut(), length_s)
}

fn samples(format: &mut dyn FormatReader, length_s: u32) -> Result<Mono, Unfit> {
    let track = format
        .default_track(TrackType::Audio)
        .ok_or(Unfit::NotAudio)?;
    let wanted = track.id;
    let params = track.codec_params.as_ref().and_then(|p| p.audio());
    let mut decoder = Decoder::new(params.ok_or(Unfit::NotAudio)?)?;
    let until = Instant::now() + PATIENCE;
    let mut mono = Mono {
        samples: Vec::new(),
        rate_hz: 0,
    };
    let mut damaged = 0;
    loop {
        let packet = match format.next_packet() {
            Ok(Some(packet)) => packet,
            Ok(None) => break,
            // Cut off in the middle: what came before may be all of it but a few bytes.
            Err(Error::IoError(e)) if e.kind() == std::io::ErrorKind::UnexpectedEof => break,
            Err(_) => return Err(Unfit::Broken),
        };
        if Instant::now() > until {
            return Err(Unfit::Broken);
        }
        if packet.track_id != wanted {
            continue;
        }
        match decoder.decode_into(&packet, &mut mono)? {
            Whole::Yes => damaged = 0,
            Whole::Damaged if damaged < DAMAGED_MAX => damaged += 1,
            Whole::Damaged => return Err(Unfit::Broken),
        }
        if mono.samples.len() as u64 > u64::from(length_s) * u64::from(mono.rate_hz) {
            return Err(Unfit::TooLong { limit_s: length_s });
        }
    }
    if mono.samples.is_empty() {
        return Err(Unfit::Empty);
    }
    Ok(mono)
}

/// Whether a packet could be decoded.
enum Whole {
    Yes,
    Damaged,
}

/// What makes samples of packets.
enum Decoder {
    /// any but Opus, and the samples of a packet
    Other(Box<dyn AudioDecoder>, Vec<f32>),
    Opus(OggOpus),
}

impl Decoder {
    fn new(params: &AudioCodecParameters) -> Result<Self, Unfit> {
        if params.codec == CODEC_ID_OPUS {
            let head = params.extra_data.as_deref().ok_or(Unfit::Broken)?;
            return OggOpus::new(head).map(Self::Opus);
        }
        let decoder =
            symphonia::default::get_codecs().make_audio_decoder(params, &Default::default());
        let decoder = decoder.map_err(|_| Unfit::NotAudio)?;
        Ok(Self::Other(decoder, Vec::new()))
    }

    fn decode_into(&mut self, packet: &Packet, mono: &mut Mono) -> Result<Whole, Unfit> {
        match self {
            Self::Other(decoder, samples) => {
                let decoded = match decoder.decode(packet) {
                    Ok(decoded) => decoded,
                    Err(Error::DecodeError(_)) => return Ok(Whole::Damaged),
                    Err(_) => return Err(Unfit::Broken),
                };
                let channels = decoded.num_planes();
                mono.take_rate(decoded.spec().rate())?;
                if channels == 0 || channels > CHANNELS_MAX {
                    return Err(Unfit::Channels);
                }
                decoded.copy_to_vec_interleaved(samples);
                mono.mix_in(samples, channels);
            }
            Self::Opus(opus) => {
                mono.take_rate(ogg_opus::RATE_HZ)?;
                let channels = opus.channels();
                let Some(samples) = opus.decode(packet) else {
                    return Ok(Whole::Damaged);
                };
                mono.mix_in(samples, channels);
            }
        }
        Ok(Whole::Yes)
    }
}

impl Mono {
    /// The rate of the first packet, which must be that of all.
    fn take_rate(&mut self, rate_hz: u32) -> Result<(), Unfit> {
        if !RATES_HZ.contains(&rate_hz) {
            return Err(Unfit::Rate);
        }
        if self.rate_hz != 0 && self.rate_hz != rate_hz {
            return Err(Unfit::Broken);
        }
        self.rate_hz = rate_hz;
        Ok(())
    }

    fn mix_in(&mut self, interleaved: &[f32], channels: usize) {
        let share = 1.0 / channels as f32;
        self.samples
            .extend(interleaved.chunks_exact(channels).map(|frame| {
                let sum: f32 = frame.iter().sum();
                // Floats in a file may be anything.
                if sum.is_finite() {
                    (sum * share).clamp(-8.0, 8.0)
                } else {
                    0.0
                }
            }));
    }
}
