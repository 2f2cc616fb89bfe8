//! The files of the operator's own sounds: where each is, written whole or not at all. Reads only
//! what [`write`] has written.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use confab_core::settings::Language;

use super::{MUSIC_KEY, Place, Stamp};
use crate::prompts::flac::RATE_HZ;

/// Samples that are read from one file: the longest music and a little.
const SAMPLES_MAX: u32 = RATE_HZ * 310;
const LANGUAGES: [(Language, &str); 3] = [
    (Language::En, "en"),
    (Language::Fr, "fr"),
    (Language::De, "de"),
];

fn folder_of(language: Language) -> &'static str {
    let found = LANGUAGES.iter().find(|(l, _)| *l == language);
    found.map_or("en", |(_, word)| word)
}

/// The file of a place in this data folder.
pub fn path(data_dir: &Path, place: &Place) -> PathBuf {
    match place {
        Place::Prompt(language, key) => data_dir
            .join("prompts")
            .join(folder_of(*language))
            .join(format!("{key}.wav")),
        Place::Music => data_dir.join("sounds").join(format!("{MUSIC_KEY}.wav")),
    }
}

/// The places that files in this data folder are named for, existing or not.
pub fn places(data_dir: &Path) -> impl Iterator<Item = Place> {
    let mut found = vec![Place::Music];
    for (language, folder) in LANGUAGES {
        // No folder, no own prompts.
        let Ok(files) = fs::read_dir(data_dir.join("prompts").join(folder)) else {
            continue;
        };
        let names = files.filter_map(|file| file.ok()?.file_name().into_string().ok());
        let keys = names.filter_map(|name| name.strip_suffix(".wav").map(str::to_owned));
        found.extend(keys.map(|key| Place::Prompt(language, key)));
    }
    found.into_iter()
}

/// What changes with the file; none when it is not there.
pub fn stamp(path: &Path) -> Option<Stamp> {
    let file = fs::metadata(path).ok()?;
    Some((file.modified().ok()?, file.len()))
}

/// Writes a WAV file beside its place and renames it there.
pub fn write(path: &Path, samples: &[i16]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let beside = path.with_extension(format!("{}.part", uuid::Uuid::new_v4().simple()));
    let written = write_wav(&beside, samples).and_then(|()| fs::rename(&beside, path));
    if written.is_err() {
        // It may never have been made.
        let _ = fs::remove_file(&beside);
    }
    written
}

fn write_wav(path: &Path, samples: &[i16]) -> io::Result<()> {
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: RATE_HZ,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer = hound::WavWriter::create(path, spec).map_err(broken)?;
    for sample in samples {
        writer.write_sample(*sample).map_err(broken)?;
    }
    writer.finalize().map_err(broken)?;
    // The rename must not reach the disk before what it names.
    fs::File::open(path)?.sync_all()
}

/// The samples of a file that [`write`] has made.
pub fn read(path: &Path) -> io::Result<Vec<i16>> {
    let reader = hound::WavReader::open(path).map_err(broken)?;
    let spec = reader.spec();
    if spec.channels != 1 || spec.sample_rate != RATE_HZ || spec.bits_per_sample != 16 {
        return Err(io::Error::other(
            "it is not one of ours: mono, 16 kHz, 16 bits",
        ));
    }
    if reader.duration() > SAMPLES_MAX {
        return Err(io::Error::other("it is too long"));
    }
    reader
        .into_samples::<i16>()
        .map(|s| s.map_err(broken))
        .collect()
}

fn broken(error: hound::Error) -> io::Error {
    match error {
        hound::Error::IoError(error) => error,
        other => io::Error::other(other),
    }
}
