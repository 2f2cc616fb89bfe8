//! Recordings: the right length, the right sound, playable at the stop, and after a power cut.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use serde_json::Value;
use sipp_scenarios::confab::{Confab, ROOM, Setup, eventually, portal};
use sipp_scenarios::phone::Plan;
use sipp_scenarios::sipp;
use sipp_scenarios::sound::file;
use sipp_scenarios::sound::tone::heard_ms;

use crate::common::{ANNA, BERT, SIPP_HOST, SOON, quiet, sipp};

/// MP3 adds some silence at the start; a file's length is known to this.
const SLACK_MS: u32 = 700;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn star_7_records_what_was_said_between() -> Result<()> {
    if !sipp::is_available() {
        return Ok(());
    }
    let confab = Confab::start_with(quiet()).await?;
    let anna = confab.guest(Plan::humming("Anna", ANNA)).await?;
    let host = sipp(&confab, "star_7_records").await?;
    anna.ear.wait_until_hears(SIPP_HOST, SOON).await?;
    host.tap.ear.wait_until_hears(ANNA, SOON).await?;
    let told = anna.ear.mark();
    host.tap.cue().await?;
    anna.ear
        .wait_for_prompt("recording-started", told, SOON)
        .await?;
    let started = Instant::now();
    anna.ear.wait_for_prompt_end(SOON).await?;
    let late = confab.guest(Plan::humming("late", BERT)).await?;
    late.ear.wait_for_prompt("being-recorded", 0, SOON).await?;
    anna.ear.wait_until_hears(BERT, SOON).await?;
    late.hang_up().await?;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let told = anna.ear.mark();
    host.tap.cue().await?;
    anna.ear
        .wait_for_prompt("recording-stopped", told, SOON)
        .await?;
    let longest_ms = started.elapsed().as_millis() as u32 + 2_500;

    // it plays at once, from the page as well
    let mp3 = confab.recording()?;
    assert_eq!(mp3.broken_packets, 0);
    let portal = confab.portal().await?;
    let list = portal.json("/recordings").await?;
    let row = list
        .pointer("/recordings/0")
        .context("no recording is listed")?;
    let listed_ms = row["duration_ms"].as_u64().context("no length")? as u32;
    assert!(
        listed_ms.abs_diff(mp3.ms()) < SLACK_MS,
        "{listed_ms} is listed, {} heard",
        mp3.ms()
    );
    assert!(
        mp3.ms() > 5_000 && mp3.ms() < longest_ms,
        "{} of {longest_ms} ms",
        mp3.ms()
    );
    for (tone, least) in [(ANNA, 80), (SIPP_HOST, 80), (BERT, 5)] {
        let share = heard_ms(&mp3.samples, tone) * 100 / mp3.ms();
        assert!(share >= least, "{tone} Hz is in {share} % of the recording");
    }
    let id = row["id"].as_str().context("no id")?;
    let download = portal.bytes(&format!("/recordings/{id}/download")).await?;
    assert_eq!(download, std::fs::read(&confab.recordings()?[0])?);

    host.tap.cue().await?;
    host.succeeded(SOON).await?;
    anna.hang_up().await?;
    confab.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_file_a_conference_however_often_it_is_stopped() -> Result<()> {
    let confab = Confab::start_with(quiet()).await?;
    let host = confab.host(Plan::humming("Host", ANNA)).await?;
    let bert = confab.guest(Plan::humming("Bert", BERT)).await?;
    for _ in 0..2 {
        for (keys, prompt) in [("*7", "recording-started"), ("*7", "recording-stopped")] {
            let mark = bert.ear.mark();
            host.key(keys).await?;
            bert.ear.wait_for_prompt(prompt, mark, SOON).await?;
            bert.ear.wait_for_prompt_end(SOON).await?;
        }
    }
    let mp3 = confab.recording()?;
    assert!(
        mp3.ms() > 3_000,
        "two stretches of some seconds in {} ms",
        mp3.ms()
    );
    assert_eq!(mp3.broken_packets, 0);
    for phone in [host, bert] {
        phone.hang_up().await?;
    }
    confab.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_kill_9_the_file_holds_all_but_its_last_second() -> Result<()> {
    let setup = Setup {
        room: quiet().room,
        ..Setup::default()
    };
    let mut confab = Confab::start_with(setup).await?;
    let host = confab.host(Plan::humming("Host", ANNA)).await?;
    let guest = confab.guest(Plan::humming("guest", BERT)).await?;
    host.ear.wait_until_hears(BERT, SOON).await?;
    host.key("*7").await?;
    guest
        .ear
        .wait_for_prompt("recording-started", 0, SOON)
        .await?;
    guest.ear.wait_for_prompt_end(SOON).await?;
    // from here on it is known what the recording has to hold
    let running = Instant::now();
    let before_ms = confab.recording()?.ms();
    guest.hum(None);
    host.ear.wait_until_silent_of(BERT, SOON).await?;
    tokio::time::sleep(Duration::from_secs(4)).await;
    guest.hum(Some(BERT));
    host.ear.wait_until_hears(BERT, SOON).await?;
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    let ran_ms = running.elapsed().as_millis() as u32;
    confab.kill_9().await?;
    for phone in [host, guest] {
        phone.die();
    }

    let path = confab.recordings()?.pop().context("no recording")?;
    let mp3 = file::read(&path)?;
    let least_ms = (before_ms + ran_ms).saturating_sub(1_000);
    assert!(
        mp3.ms() + 150 >= least_ms,
        "{} of {least_ms} ms are there",
        mp3.ms()
    );
    assert!(
        mp3.broken_packets <= 1,
        "{} broken packets",
        mp3.broken_packets
    );
    let share = heard_ms(&mp3.samples, ANNA) * 100 / mp3.ms();
    assert!(share >= 85, "the host is in {share} % of it");
    let tail = mp3.stretch(mp3.ms() - 500, mp3.ms());
    assert!(
        heard_ms(tail, BERT) >= 200,
        "the guest who came back is not at the end of it"
    );

    // the next start finds the calls that were cut off and takes new ones
    confab.serve().await?;
    let portal = confab.portal().await?;
    eventually("the conference is closed as crashed", SOON, || async {
        let list = portal.json("/conferences").await?;
        Ok(list
            .pointer("/conferences/0/end_reason")
            .is_some_and(|why| why == "crashed"))
    })
    .await?;
    // and what was recorded is told and handed out to its last byte
    let list = portal.json("/recordings").await?;
    let row = list
        .pointer("/recordings/0")
        .context("no recording is listed")?;
    let bytes = std::fs::read(&path)?;
    assert_eq!(row["bytes"].as_u64(), Some(bytes.len() as u64));
    let listed_ms = row["duration_ms"].as_u64().context("no length")? as u32;
    assert!(
        listed_ms.abs_diff(mp3.ms()) < SLACK_MS,
        "{listed_ms} is listed, {} heard",
        mp3.ms()
    );
    let id = row["id"].as_str().context("no id")?;
    let download = portal.bytes(&format!("/recordings/{id}/download")).await?;
    assert_eq!(download, bytes);
    let again = confab.guest(Plan::humming("again", ANNA)).await?;
    confab.until_callers(ROOM, 1).await?;
    again.hang_up().await?;
    confab.finish().await
}

/// Waits until `/health` says this of the house, and this of the recorder.
async fn until_health(confab: &Confab, status: &str, recorder: &str) -> Result<()> {
    let what = format!("the health is {status}, the recorder {recorder}");
    eventually(&what, SOON, || async {
        let text = portal::get(&confab.url("/health")).await?;
        let health: Value = serde_json::from_str(&text)?;
        Ok(health["status"] == status && health["recorder"] == recorder)
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_takes_no_recording_is_seen_until_it_does() -> Result<()> {
    let confab = Confab::start_with(quiet()).await?;
    let host = confab.host(Plan::humming("Host", ANNA)).await?;
    until_health(&confab, "ok", "ok").await?;
    let folder = confab.data_dir().join("recordings");
    std::fs::remove_dir_all(&folder)?;
    let mark = host.ear.mark();
    host.key("*7").await?;
    host.ear
        .wait_for_prompt("recording-stopped", mark, SOON)
        .await?;
    until_health(&confab, "degraded", "failing").await?;
    assert_eq!(
        confab.metric("confab_recordings_failed_total").await?,
        Some(1.0)
    );

    std::fs::create_dir(&folder)?;
    for prompt in ["recording-started", "recording-stopped"] {
        let mark = host.ear.mark();
        host.key("*7").await?;
        host.ear.wait_for_prompt(prompt, mark, SOON).await?;
        host.ear.wait_for_prompt_end(SOON).await?;
    }
    until_health(&confab, "ok", "ok").await?;
    host.hang_up().await?;
    confab.finish().await
}
