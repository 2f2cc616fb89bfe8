//! Files as people upload them: good ones of every form, and everything else.

use std::io::Cursor;
use std::path::Path;
use std::sync::Arc;

use confab_core::prompt::{Clip, Prompt};
use confab_core::settings::Language;
use confab_dtmf::layout::Layout;
use tempfile::TempDir;

use super::super::{Prompts, flac};
use super::read::{Mono, read};
use super::*;

const MP3: &[u8] = include_bytes!("sounds/tone.mp3");
const OGG: &[u8] = include_bytes!("sounds/tone.ogg");
const OPUS: &[u8] = include_bytes!("sounds/opus.ogg");
const FLAC: &[u8] = include_bytes!("../../../prompts/en/welcome.flac");

/// A tone of 500 Hz at half scale, the same on every channel.
fn wav(rate_hz: u32, channels: u16, bits: u16, length_ms: u32) -> Vec<u8> {
    let float = bits == 32;
    let spec = hound::WavSpec {
        channels,
        sample_rate: rate_hz,
        bits_per_sample: bits,
        sample_format: match float {
            true => hound::SampleFormat::Float,
            false => hound::SampleFormat::Int,
        },
    };
    let mut bytes = Cursor::new(Vec::new());
    let mut writer = hound::WavWriter::new(&mut bytes, spec).unwrap();
    let turn = 2.0 * std::f32::consts::PI * 500.0 / rate_hz as f32;
    for n in 0..u64::from(rate_hz) * u64::from(length_ms) / 1_000 {
        let value = 0.5 * (turn * n as f32).sin();
        for _ in 0..channels {
            match float {
                true => writer.write_sample(value).unwrap(),
                false => {
                    let top = ((1u64 << (bits - 1)) - 1) as f32;
                    writer.write_sample((value * top) as i32).unwrap();
                }
            }
        }
    }
    writer.finalize().unwrap();
    bytes.into_inner()
}

fn welcome() -> Place {
    Place::Prompt(Language::En, "welcome".to_owned())
}

fn open() -> (TempDir, Own) {
    let dir = tempfile::tempdir().unwrap();
    let own = Own::open(dir.path());
    (dir, own)
}

/// How strong 500 Hz is in a sound of 8,000 samples a second, of all of it; 1 for the pure tone.
fn purity(sound: &[i16]) -> f64 {
    let middle = &sound[sound.len() / 4..sound.len() * 3 / 4];
    let turn = 2.0 * std::f64::consts::PI * 500.0 / 8_000.0;
    let part = |shift: f64| -> f64 {
        let turned = middle.iter().enumerate();
        turned
            .map(|(n, s)| f64::from(*s) * (turn * n as f64 + shift).cos())
            .sum()
    };
    let power: f64 = middle.iter().map(|s| f64::from(*s).powi(2)).sum();
    let tone = part(0.0).powi(2) + part(std::f64::consts::FRAC_PI_2).powi(2);
    2.0 * tone / (middle.len() as f64 * power)
}

#[test]
fn every_form_is_read_and_made_alike() {
    let (_dir, own) = open();
    let check = |what: &str, file: Vec<u8>| {
        own.replace(&welcome(), file)
            .unwrap_or_else(|why| panic!("{what}: {why}"));
        let sound = own.get(&welcome()).unwrap();
        let length_ms = sound.len() / 8;
        assert!(
            (1_100..=1_400).contains(&length_ms),
            "{what}: {length_ms} ms"
        );
        assert!(purity(&sound) > 0.98, "{what}: {}", purity(&sound));
        let middle = &sound[2_000..sound.len() - 3_000];
        let power: f64 = middle
            .iter()
            .map(|s| (f64::from(*s) / 32_768.0).powi(2))
            .sum();
        let dbfs = 10.0 * (power / middle.len() as f64).log10();
        assert!((dbfs + 20.0).abs() < 0.5, "{what}: {dbfs:.1} dBFS");
    };
    check("MP3, 44.1 kHz, stereo", MP3.to_vec());
    check("Ogg Vorbis, 22.05 kHz", OGG.to_vec());
    check("Ogg Opus, stereo", OPUS.to_vec());
    for (rate_hz, channels, bits) in [
        (8_000, 1, 16),
        (8_000, 1, 8),
        (11_025, 2, 16),
        (16_000, 1, 16),
        (22_050, 1, 24),
        (44_100, 2, 16),
        (48_000, 2, 24),
        (48_000, 6, 16),
        (48_000, 1, 32),
    ] {
        let what = format!("WAV, {rate_hz} Hz, {channels} channels, {bits} bits");
        check(&what, wav(rate_hz, channels, bits, 1_200));
    }
    own.replace(&welcome(), FLAC.to_vec()).unwrap();
}

#[test]
fn what_is_wrong_is_told_and_changes_nothing() {
    let (dir, own) = open();
    own.replace(&welcome(), OGG.to_vec()).unwrap();
    let before = std::fs::read(keep::path(dir.path(), &welcome())).unwrap();
    let check = |file: Vec<u8>, unfit: Unfit| {
        match own.replace(&welcome(), file) {
            Err(OwnError::Unfit(got)) => assert_eq!(got, unfit),
            other => panic!("{unfit:?}: {other:?}"),
        }
        let now = std::fs::read(keep::path(dir.path(), &welcome())).unwrap();
        assert!(now == before, "{unfit:?}");
        assert_eq!(files(dir.path()), 1, "{unfit:?}");
    };
    check(Vec::new(), Unfit::Empty);
    check(b"A letter to my aunt.".repeat(500), Unfit::NotAudio);
    check(b"%PDF-1.7 and so on".repeat(500), Unfit::NotAudio);
    check(vec![0; 100_000], Unfit::NotAudio);
    let surround = |head: &mut [u8]| (head[9], head[18]) = (6, 1);
    check(opus_with(surround), Unfit::Surround);
    check(opus_with(|head| head[9] = 0), Unfit::NotAudio);
    check(OPUS[..110].to_vec(), Unfit::NotAudio);
    check(wav(16_000, 1, 16, 0), Unfit::Empty);
    check(wav(16_000, 1, 16, 60_500), Unfit::TooLong { limit_s: 60 });
    check(wav(16_000, 1, 16, 90), Unfit::TooShort { limit_ms: 150 });
    check(wav(4_000, 1, 16, 1_000), Unfit::Rate);
    check(wav(96_000, 1, 16, 1_000), Unfit::Rate);
    check(wav(8_000, 12, 16, 1_000), Unfit::Channels);
    check(vec![1; FILE_BYTES_MAX + 1], Unfit::TooLarge);
    let mut silent = wav(16_000, 1, 16, 1_000);
    silent[44..].fill(0);
    check(silent, Unfit::Silent);
    for unfit in [
        Unfit::Surround,
        Unfit::TooLarge,
        Unfit::TooLong { limit_s: 60 },
    ] {
        let words = unfit.to_string();
        assert!(words.ends_with('.') && words.len() > 20, "{words}");
    }
}

/// The Opus file with another header on its first page (RFC 3533, 6; RFC 7845, 5.1).
fn opus_with(change: impl FnOnce(&mut [u8])) -> Vec<u8> {
    let mut file = OPUS.to_vec();
    let body = 27 + usize::from(file[26]);
    let end = body + usize::from(file[27]);
    change(&mut file[body..end]);
    file[22..26].fill(0);
    let sum = file[..end].iter().fold(0u32, |sum, &byte| {
        (0..8).fold(sum ^ u32::from(byte) << 24, |sum, _| {
            sum << 1 ^ if sum >> 31 == 1 { 0x04C1_1DB7 } else { 0 }
        })
    });
    file[22..26].copy_from_slice(&sum.to_le_bytes());
    file
}

fn rms(mono: &Mono) -> f32 {
    let middle = &mono.samples[4_800..mono.samples.len() - 4_800];
    (middle.iter().map(|s| s * s).sum::<f32>() / middle.len() as f32).sqrt()
}

#[test]
fn opus_is_cut_to_its_length_and_has_its_gain() {
    let whole = read(opus_with(|_| ()), 60).unwrap();
    // 1.2 s went into it: what the encoder put before and after is gone.
    assert_eq!((whole.samples.len(), whole.rate_hz), (57_600, 48_000));
    let later = read(opus_with(|head| head[10..12].fill(0)), 60).unwrap();
    assert_eq!(later.samples.len(), 57_600 + 312);
    assert_eq!(whole.samples, later.samples[312..]);
    for gain_db in [-6i16, 6] {
        let gain = (gain_db * 256).to_le_bytes();
        let louder = read(opus_with(|head| head[16..18].copy_from_slice(&gain)), 60).unwrap();
        let got_db = 20.0 * (rms(&louder) / rms(&whole)).log10();
        assert!((got_db - f32::from(gain_db)).abs() < 0.1, "{got_db}");
    }
    let limit_s = 1;
    assert_eq!(
        read(OPUS.to_vec(), limit_s).unwrap_err(),
        Unfit::TooLong { limit_s }
    );
}

fn files(dir: &Path) -> usize {
    std::fs::read_dir(dir.join("prompts/en")).unwrap().count()
}

#[test]
fn only_what_the_catalogue_has_can_be_replaced() {
    let (dir, own) = open();
    for key in [
        "",
        "no-such-prompt",
        "../../../etc/passwd",
        "welcome/../welcome",
        "WELCOME",
    ] {
        let place = Place::Prompt(Language::En, key.to_owned());
        let wrong = own.replace(&place, OGG.to_vec());
        assert!(
            matches!(wrong, Err(OwnError::NoSuchPlace)),
            "{key}: {wrong:?}"
        );
        assert!(
            matches!(own.restore(&place), Err(OwnError::NoSuchPlace)),
            "{key}"
        );
        assert!(own.file(&place).is_none(), "{key}");
    }
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[test]
fn it_is_kept_and_can_be_taken_away() {
    let (dir, own) = open();
    let marked = |own: &Own| {
        let lines = own.lines(Language::En).into_iter();
        lines
            .filter(|line| line.own)
            .map(|line| line.key)
            .collect::<Vec<_>>()
    };
    assert!(marked(&own).is_empty());
    assert_eq!(own.file(&welcome()).unwrap(), ("audio/flac", FLAC.to_vec()));
    own.replace(&welcome(), OGG.to_vec()).unwrap();
    assert_eq!(marked(&own), ["welcome"]);
    assert_eq!(own.file(&welcome()).unwrap().0, "audio/wav");
    assert_eq!(
        own.get(&Place::Prompt(Language::Fr, "welcome".into())),
        None
    );

    let again = Own::open(dir.path());
    assert_eq!(again.get(&welcome()), own.get(&welcome()));
    // Another process takes it away; the one that runs sees it when it looks.
    again.restore(&welcome()).unwrap();
    assert!(own.get(&welcome()).is_some());
    own.refresh();
    assert_eq!(own.get(&welcome()), None);
    own.restore(&welcome()).unwrap();
    assert_eq!(own.file(&welcome()).unwrap().0, "audio/flac");
}

#[test]
fn what_has_not_changed_is_not_read_again() {
    let (_dir, own) = open();
    own.replace(&welcome(), OGG.to_vec()).unwrap();
    let first = own.get(&welcome()).unwrap();
    own.refresh();
    assert!(Arc::ptr_eq(&first, &own.get(&welcome()).unwrap()));
}

#[test]
fn a_file_put_there_by_hand_is_not_trusted() {
    let (dir, own) = open();
    let path = keep::path(dir.path(), &welcome());
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    for bytes in [b"no sound".to_vec(), wav(44_100, 2, 16, 100), Vec::new()] {
        std::fs::write(&path, bytes).unwrap();
        own.refresh();
        assert_eq!(own.get(&welcome()), None);
    }
    std::fs::write(dir.path().join("prompts/en/no-such-prompt.wav"), b"x").unwrap();
    own.refresh();
}

#[test]
fn what_is_listened_to_is_what_is_played() {
    let (_dir, own) = open();
    let prompts = Prompts::load(Arc::new(own)).unwrap();
    for language in [Language::En, Language::Fr, Language::De] {
        let place = Place::Prompt(language, "welcome".to_owned());
        let played = || {
            let clip = Clip::Prompt(Prompt::Welcome);
            prompts.render(language, &Layout::openvoice(), &clip, &|_| None)
        };
        let (_, shipped) = prompts.own().file(&place).unwrap();
        let shipped = Halver::new().halve(&flac::decode(shipped).unwrap());
        assert_eq!(played(), [Sound::from(shipped)], "{language:?}");
        prompts.own().replace(&place, OGG.to_vec()).unwrap();
        assert_eq!(
            played(),
            [prompts.own().get(&place).unwrap()],
            "{language:?}"
        );
        prompts.own().restore(&place).unwrap();
    }
    for language in [Language::En, Language::Fr, Language::De] {
        for line in prompts.own().lines(language) {
            let place = Place::Prompt(language, line.key);
            assert!(prompts.own().file(&place).is_some(), "{place:?}");
        }
    }
    assert_eq!(prompts.music(), prompts.shipped_music());
    prompts
        .own()
        .replace(&Place::Music, wav(8_000, 1, 16, 4_000))
        .unwrap();
    assert_eq!(prompts.music().len(), 4_000 * 8);
}

#[test]
fn hold_music_of_ones_own() {
    let (_dir, own) = open();
    let long = own.replace(&Place::Music, wav(8_000, 1, 16, 300_500));
    assert!(matches!(
        long,
        Err(OwnError::Unfit(Unfit::TooLong { limit_s: 300 }))
    ));
    own.replace(&Place::Music, wav(44_100, 2, 16, 5_000))
        .unwrap();
    let sound = own.get(&Place::Music).unwrap();
    assert_eq!(sound.len(), 5_000 * 8);
    own.restore(&Place::Music).unwrap();
    assert_eq!(own.get(&Place::Music), None);
}

/// A generator of our own, so that a failing case comes again.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % below as u64) as usize
    }
}

#[test]
fn nothing_sent_makes_the_reader_panic_or_run_away() {
    let mut dice = Dice(0x5eed_1234_5678_9abc);
    let short = wav(22_050, 2, 16, 200);
    let mut read_well = 0;
    for round in 0..600 {
        let seed: &[u8] = [MP3, OGG, FLAC, OPUS, &short][round % 5];
        let mut file = seed.to_vec();
        for _ in 0..=dice.roll(8) {
            let at = dice.roll(file.len());
            match dice.roll(5) {
                0 => file[at] = dice.roll(256) as u8,
                1 => file.truncate(at.max(1)),
                // Headers are where sizes stand.
                2 => file[dice.roll(64.min(seed.len())).min(at)] = 0xFF,
                3 => {
                    let tail = file.split_off(at);
                    file.extend(tail.iter().rev());
                }
                _ => {
                    let copy = file[at..(at + 300).min(file.len())].to_vec();
                    file.extend(copy);
                }
            }
        }
        match read(file, 5) {
            Ok(mono) => {
                read_well += 1;
                assert!(mono.samples.len() as u64 <= 5 * u64::from(mono.rate_hz));
                assert!(mono.samples.iter().all(|s| s.is_finite()));
            }
            Err(_) => continue,
        }
    }
    assert!(
        read_well > 20,
        "only {read_well} were near enough to a sound"
    );
}
