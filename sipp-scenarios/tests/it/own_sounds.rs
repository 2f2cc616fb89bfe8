//! Sounds of the operator's own, heard by callers of a server that goes on running.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use sipp_scenarios::confab::{ACCESS_NUMBER, Confab, Setup, eventually};
use sipp_scenarios::phone::{Phone, Plan};
use sipp_scenarios::sound::tone::Hum;

use crate::common::{BERT, CARL, SOON};

/// A stereo file with a tone of `hz`.
fn write_tone(path: &Path, hz: u32, length_ms: u32) -> Result<()> {
    let spec = hound::WavSpec {
        channels: 2,
        sample_rate: 8_000,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer = hound::WavWriter::create(path, spec)?;
    for sample in Hum::stretch(hz, 8_000.0, length_ms) {
        writer.write_sample(sample)?;
        writer.write_sample(sample)?;
    }
    Ok(writer.finalize()?)
}

fn silent(name: &str) -> Plan {
    Plan {
        name: name.to_owned(),
        ..Plan::default()
    }
}

/// Whether somebody who calls hears this tone first.
async fn greeted_with(confab: &Confab, hz: u32) -> Result<bool> {
    let caller = Phone::call(confab.sip(), ACCESS_NUMBER, silent("Anna")).await?;
    let heard = caller
        .ear
        .wait_until_hears(hz, Duration::from_secs(3))
        .await;
    caller.hang_up().await?;
    Ok(heard.is_ok())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_prompt_and_the_music_of_ones_own_are_heard_at_once() -> Result<()> {
    let setup = Setup::with_room(&["guests_may_start=false", "announce=nothing"]);
    let confab = Confab::start_with(setup).await?;
    let file = confab.data_dir().join("tone.wav");
    let path = file.to_str().context("a path in UTF-8")?;
    write_tone(&file, BERT, 3_000)?;
    confab
        .cli(&["prompt", "set", "welcome", "--language", "en", path])
        .await?;
    let new = eventually("the new welcome", SOON, || greeted_with(&confab, BERT));
    new.await?;

    // Who waits hears the tune that is put there meanwhile.
    let guest = confab.guest(silent("Bert")).await?;
    write_tone(&file, CARL, 5_000)?;
    confab.cli(&["prompt", "set", "hold-music", path]).await?;
    guest.ear.wait_until_hears(CARL, SOON).await?;
    confab.cli(&["prompt", "reset", "hold-music"]).await?;
    guest.ear.wait_until_silent_of(CARL, SOON).await?;
    guest.hang_up().await?;

    confab
        .cli(&["prompt", "reset", "welcome", "--language", "en"])
        .await?;
    // The first caller may come before the server has looked.
    let old = || async {
        let caller = Phone::call(confab.sip(), ACCESS_NUMBER, silent("Carl")).await?;
        let said = || async { caller.ear.all().heard_prompt("welcome") };
        let heard = eventually("its words", Duration::from_secs(5), said).await;
        caller.hang_up().await?;
        Ok(heard.is_ok())
    };
    eventually("the shipped welcome", SOON, old).await?;
    confab.finish().await
}
