//! Tones out of nothing, three decoders, and an ear.

use std::f64::consts::TAU;
use std::fs::File;
use std::io::ErrorKind;
use std::path::Path;
use std::process::{Command, Stdio};

use symphonia::core::codecs::audio::AudioDecoderOptions;
use symphonia::core::formats::{TrackType, probe::Hint};
use symphonia::core::io::MediaSourceStream;

/// Sample rate of every decoded file.
pub const HZ: u32 = confab_recorder::OUTPUT_HZ;

/// A tone at a quarter of full scale.
pub fn tone(tone_hz: f64, rate_hz: u32, ms: u64) -> Vec<i16> {
    let count = u64::from(rate_hz) * ms / 1_000;
    let step = TAU * tone_hz / f64::from(rate_hz);
    let sample = |n: u64| (8_192.0 * (n as f64 * step).sin()) as i16;
    (0..count).map(sample).collect()
}

/// Loudness of one pitch in `samples`, as the amplitude of a sine (Goertzel).
pub fn pitch(samples: &[i16], tone_hz: f64) -> f64 {
    let turn = 2.0 * (TAU * tone_hz / f64::from(HZ)).cos();
    let (mut last, mut before) = (0.0, 0.0);
    for &sample in samples {
        (last, before) = (f64::from(sample) + turn * last - before, last);
    }
    let power = last * last + before * before - turn * last * before;
    2.0 * power.max(0.0).sqrt() / samples.len().max(1) as f64
}

/// Milliseconds in decoded samples.
pub fn ms(samples: &[i16]) -> u64 {
    samples.len() as u64 * 1_000 / u64::from(HZ)
}

/// A part of decoded samples by the clock.
pub fn part(samples: &[i16], from_ms: u64, to_ms: u64) -> &[i16] {
    let at = |ms: u64| ((ms * u64::from(HZ) / 1_000) as usize).min(samples.len());
    &samples[at(from_ms)..at(to_ms)]
}

/// When the first 5 ms begin that are loud.
pub fn onset_ms(samples: &[i16]) -> u64 {
    let block = HZ as usize / 200;
    let loud = |b: &[i16]| b.iter().map(|s| i32::from(s.abs())).max() > Some(2_000);
    let blocks = samples.chunks(block).position(loud);
    blocks.expect("something loud") as u64 * 5
}

/// Decodes by symphonia, and checks that every other decoder there is hears as much.
pub fn decode(path: &Path) -> Vec<i16> {
    let samples = by_symphonia(path);
    let name = path.to_str().unwrap();
    let ffmpeg = ["-v", "error", "-i", name, "-f", "s16le", "-ac", "1", "-"];
    let mpg123 = ["-q", "-s", "--mono", name];
    for (program, args) in [("ffmpeg", &ffmpeg[..]), ("mpg123", &mpg123[..])] {
        let Some(theirs) = by_program(program, args) else {
            eprintln!("{program} is not installed; not asked");
            continue;
        };
        let (ours_ms, theirs_ms) = (ms(&samples), ms(&theirs));
        // The synthesis filter's own delay is cut by some.
        assert!(
            ours_ms.abs_diff(theirs_ms) <= 70,
            "{program}: {theirs_ms}, not {ours_ms}"
        );
    }
    samples
}

fn by_symphonia(path: &Path) -> Vec<i16> {
    let source = MediaSourceStream::new(Box::new(File::open(path).unwrap()), Default::default());
    let probe = symphonia::default::get_probe();
    let mut format = probe
        .probe(&Hint::new(), source, Default::default(), Default::default())
        .unwrap();
    let track = format.default_track(TrackType::Audio).unwrap();
    let parameters = track.codec_params.as_ref().unwrap().audio().unwrap();
    assert_eq!(parameters.sample_rate, Some(HZ));
    let mut decoder = symphonia::default::get_codecs()
        .make_audio_decoder(parameters, &AudioDecoderOptions::default())
        .unwrap();
    let mut samples = Vec::new();
    let mut block: Vec<i16> = Vec::new();
    while let Some(packet) = format.next_packet().unwrap() {
        let sound = decoder.decode(&packet).unwrap();
        block.resize(sound.samples_interleaved(), 0);
        sound.copy_to_slice_interleaved(&mut block);
        samples.extend_from_slice(&block);
    }
    samples
}

/// What a program decodes to raw 16-bit samples; nothing when it is not installed.
fn by_program(program: &str, args: &[&str]) -> Option<Vec<i16>> {
    let output = Command::new(program)
        .args(args)
        .stdin(Stdio::null())
        .output();
    let output = match output {
        Err(e) if e.kind() == ErrorKind::NotFound => return None,
        other => other.unwrap(),
    };
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && words.is_empty(),
        "{program}: {words}"
    );
    let pair = |two: &[u8]| i16::from_le_bytes([two[0], two[1]]);
    Some(output.stdout.chunks_exact(2).map(pair).collect())
}
