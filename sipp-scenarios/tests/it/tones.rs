//! Keys as tones in the sound, by phones that know no other way: they work, and nobody hears them.

use std::time::Instant;

use anyhow::Result;
use sipp_scenarios::confab::{ACCESS_NUMBER, Confab, PIN, ROOM};
use sipp_scenarios::phone::{Phone, Plan};
use sipp_scenarios::sound::g711::Law;
use sipp_scenarios::sound::{keypad, level_dbov};

use crate::common::{ANNA, BERT, CARL, SOON, quiet};

/// A phone that can only send tones, and says nothing otherwise.
fn tones_only(name: &str, law: Law) -> Plan {
    Plan {
        name: name.into(),
        keys: None,
        codecs: vec![law.into()],
        ..Plan::default()
    }
}

/// Keys tones and waits for the words that answer.
async fn key_and_hear(phone: &Phone, keys: &str, prompt: &str) -> Result<()> {
    let mark = phone.ear.mark();
    phone.key_by_tone(keys).await?;
    phone.ear.wait_for_prompt(prompt, mark, SOON).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_host_with_tones_only_goes_through_the_menu_and_locks_the_room() -> Result<()> {
    for law in [Law::Mu, Law::A] {
        let confab = Confab::start_with(quiet()).await?;
        let anna = confab.guest(Plan::humming("Anna", ANNA)).await?;
        let host = confab
            .call_room(ACCESS_NUMBER, tones_only("Host", law))
            .await?;
        // keyed over the words that ask for it
        host.ear
            .wait_for_prompt("enter-room-number", 0, SOON)
            .await?;
        host.key_by_tone(&format!("{ROOM}#")).await?;
        host.ear.wait_for_speech(SOON).await?;
        host.key_by_tone("*").await?;
        host.ear.wait_for_prompt("enter-pin", 0, SOON).await?;
        host.key_by_tone(&format!("{PIN}#")).await?;
        host.ear.wait_until_hears(ANNA, SOON).await?;
        key_and_hear(&host, "*6", "room-now-locked").await?;
        let late = confab.call_room(ROOM, Plan::humming("late", BERT)).await?;
        late.key("#").await?;
        late.ear.wait_for_prompt("room-is-locked", 0, SOON).await?;
        key_and_hear(&host, "*6", "room-now-unlocked").await?;
        for phone in [anna, host, late] {
            phone.hang_up().await?;
        }
        confab.finish().await?;
    }
    Ok(())
}

/// How far below the tones the others and the recording must be. What is let through are
/// milliseconds of a tone's beginning at worst.
const LEAK_DB: f32 = -30.0;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_hears_the_tones_and_the_recording_does_not() -> Result<()> {
    let confab = Confab::start_with(quiet()).await?;
    let host = confab.host(Plan::default()).await?;
    let anna = confab.guest(Plan::default()).await?;
    let bert = confab.call_room(ROOM, tones_only("Bert", Law::Mu)).await?;
    bert.key_by_tone("#").await?;
    confab.until_callers(ROOM, 3).await?;
    let mark = anna.ear.mark();
    host.key("*7").await?;
    anna.ear
        .wait_for_prompt("recording-started", mark, SOON)
        .await?;
    anna.ear.wait_for_prompt_end(SOON).await?;
    let quiet_since = Instant::now();

    let mark = anna.ear.mark();
    let answered = bert.ear.mark();
    let keys = "1234567890#*5".repeat(2);
    bert.key_by_tone(&keys).await?;
    bert.ear
        .wait_for_prompt("callers-3", answered, SOON)
        .await?;
    let sent = keypad::tones(&keys, 80, 60);
    let heard = anna.ear.since(mark);
    let leak_db = level_dbov(&heard) - level_dbov(&sent);
    println!("the others hear the tones at {leak_db:.1} dB");
    assert!(leak_db < LEAK_DB, "{leak_db} dB: {}", heard.in_words());
    let portal = confab.portal().await?;
    let leg = portal.leg(ROOM, "Bert").await?;
    assert_eq!(leg.field("talking"), false, "keys are no voice");

    let recorded_ms = quiet_since.elapsed().as_millis() as u32;
    let mark = anna.ear.mark();
    host.key("*7").await?;
    anna.ear
        .wait_for_prompt("recording-stopped", mark, SOON)
        .await?;
    let mp3 = confab.recording()?;
    // from the end of the words at the start, to before those at the end
    let from = mp3.ms().saturating_sub(recorded_ms + 300);
    let leak_db = level_dbov(mp3.stretch(from, from + recorded_ms - 300)) - level_dbov(&sent);
    println!("the recording has the tones at {leak_db:.1} dB");
    assert!(leak_db < LEAK_DB, "{leak_db} dB in the recording");
    for phone in [host, anna, bert] {
        phone.hang_up().await?;
    }
    confab.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_line_that_sends_events_and_tones_presses_once() -> Result<()> {
    let confab = Confab::start_with(quiet()).await?;
    let host = confab.host(Plan::humming("Host", CARL)).await?;
    let anna = confab.guest(Plan::default()).await?;
    // *2 twice would leave the line as it was
    let mark = anna.ear.mark();
    for key in ["*", "2"] {
        let (event, tone) = tokio::join!(anna.key(key), anna.key_by_tone(key));
        event?;
        tone?;
    }
    anna.ear
        .wait_for_prompt("you-are-muted", mark, SOON)
        .await?;
    anna.ear.wait_for_prompt_end(SOON).await?;
    let heard = anna.ear.since(mark);
    for prompt in ["you-are-unmuted", "not-a-command"] {
        assert_eq!(heard.find_prompt(prompt)?, None, "{}", heard.all_said());
    }
    for phone in [host, anna] {
        phone.hang_up().await?;
    }
    confab.finish().await
}
