//! Callers who speak G.722 and Opus: what they hear of each other and of those who do not, their
//! keys, the words they are told, what is recorded of them, and a change of codec in mid-call.

use std::time::Duration;

use anyhow::{Context, Result};
use sipp_scenarios::baresip::{self, Baresip};
use sipp_scenarios::confab::{ACCESS_NUMBER, Confab, PIN, ROOM, Setup, eventually};
use sipp_scenarios::phone::{Codec, Phone, Plan};
use sipp_scenarios::sound::g711::Law;
use sipp_scenarios::sound::tone::{GONE_DBOV, heard_ms, is_absent, tone_level_dbov};

use crate::common::{ANNA, BERT, CARL, SOON, key_and_hear};

/// A program that takes every codec.
fn all_codecs() -> Setup {
    // levels are compared with what was sent
    let room = [
        "guests_may_start=true",
        "announce=nothing",
        "auto_gain=false",
    ];
    Setup::with_room(&room).env("CONFAB_CODECS", "opus,g722,pcma,pcmu")
}

/// What a phone hums, and hears of another that hums.
const HUM_DBOV: f32 = -15.3;

/// What a narrow line cannot carry, and what it would fold back as.
const HIGH: u32 = 5_000;
const FOLDED: u32 = 8_000 - HIGH;

/// Hears them all at their level, and not itself.
async fn hears_all_but_itself(phone: &Phone, own: u32, others: &[u32]) -> Result<()> {
    for &hz in others {
        phone.ear.wait_until_hears(hz, SOON).await?;
    }
    phone.ear.wait_until_silent_of(own, SOON).await?;
    for &hz in others {
        let level = || tone_level_dbov(&phone.ear.last(400), hz);
        let is_right = || async { Ok((level() - HUM_DBOV).abs() < 1.0) };
        eventually("a tone at its level", SOON, is_right)
            .await
            .with_context(|| format!("{}: {hz} Hz is at {}", phone.name(), level()))?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_codecs_in_one_room_hear_each_other_and_not_themselves() -> Result<()> {
    let confab = Confab::start_with(all_codecs()).await?;
    let full = Plan::humming("Opus", ANNA).speaking(Codec::Opus);
    let full = confab.guest(full).await?;
    let wide = Plan::humming("G.722", BERT).speaking(Codec::G722);
    let wide = confab.guest(wide).await?;
    let narrow = Plan::humming("G.711", CARL).speaking(Law::A);
    let narrow = confab.guest(narrow).await?;
    hears_all_but_itself(&full, ANNA, &[BERT, CARL]).await?;
    hears_all_but_itself(&wide, BERT, &[ANNA, CARL]).await?;
    hears_all_but_itself(&narrow, CARL, &[ANNA, BERT]).await?;
    assert_eq!(full.ear.codec(), Codec::Opus);
    assert_eq!(wide.ear.codec(), Codec::G722);

    for (from, to) in [(&wide, &full), (&full, &wide)] {
        from.hum(Some(HIGH));
        let level = || to.ear.full_tone_dbov(HIGH, 400);
        let is_there = || async { Ok((level() - HUM_DBOV).abs() < 2.0) };
        eventually("the high tone at its level", SOON, is_there)
            .await
            .with_context(|| format!("{}: it is at {}", to.name(), level()))?;
        // all of this was heard while the high tone was there
        let heard = narrow.ear.last(400);
        let level = tone_level_dbov(&heard, FOLDED);
        assert!(
            level < GONE_DBOV,
            "it comes back at {FOLDED} Hz, at {level}"
        );
        assert!(is_absent(&heard, CARL));
    }
    for phone in [&full, &wide, &narrow] {
        let line = phone.ear.line();
        let (name, odd) = (phone.name(), (line.strange, line.key_packets, line.jumps));
        assert_eq!(odd, (0, 0, 0), "{name}");
    }
    for phone in [full, wide, narrow] {
        phone.hang_up().await?;
    }
    confab.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn packets_of_other_lengths_carry_the_same() -> Result<()> {
    let confab = Confab::start_with(all_codecs()).await?;
    let anna = confab.guest(Plan::humming("Anna", ANNA)).await?;
    for (codec, packet_ms) in [
        (Codec::G722, 10),
        (Codec::G722, 30),
        (Codec::G722, 60),
        (Codec::Opus, 10),
        (Codec::Opus, 40),
        (Codec::Opus, 60),
    ] {
        let name = format!("{codec:?} {packet_ms} ms");
        let plan = Plan {
            packet_ms,
            ..Plan::humming(&name, BERT).speaking(codec)
        };
        let bert = confab.guest(plan).await?;
        anna.ear.wait_until_hears(BERT, SOON).await?;
        hears_all_but_itself(&bert, BERT, &[ANNA]).await?;
        // as one of those who all hear the same
        bert.hum(None);
        anna.ear.wait_until_silent_of(BERT, SOON).await?;
        hears_all_but_itself(&bert, BERT, &[ANNA]).await?;
        assert_eq!(bert.ear.line().jumps, 0, "{name}");
        bert.hang_up().await?;
    }
    anna.hang_up().await?;
    confab.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_lead_through_the_menu_at_either_clock_and_the_words_are_understood() -> Result<()> {
    let confab = Confab::start_with(all_codecs()).await?;
    let anna = confab.guest(Plan::humming("Anna", ANNA)).await?;
    for (codec, opus_keys, clock_hz) in [
        (Codec::Opus, Some(110), 48_000),
        (Codec::Opus, None, 8_000),
        (Codec::G722, None, 8_000),
    ] {
        let plan = Plan {
            opus_keys,
            ..Plan::humming(&format!("{codec:?} {clock_hz}"), BERT).speaking(codec)
        };
        let phone = Phone::call(confab.sip(), ACCESS_NUMBER, plan).await?;
        let clocks: Vec<u32> = phone.their_sdp()?.keys.iter().map(|(_, hz)| *hz).collect();
        assert_eq!(clocks, [clock_hz], "{}", phone.name());
        phone
            .ear
            .wait_for_prompt("enter-room-number", 0, SOON)
            .await?;
        key_and_hear(&phone, &format!("{ROOM}#"), "host-press-star").await?;
        key_and_hear(&phone, "*", "enter-pin").await?;
        phone.key(&format!("{PIN}#")).await?;
        anna.ear.wait_until_hears(BERT, SOON).await?;
        key_and_hear(&phone, "*2", "you-are-muted").await?;
        anna.ear.wait_until_silent_of(BERT, SOON).await?;
        key_and_hear(&phone, "*6", "room-now-locked").await?;
        key_and_hear(&phone, "*6", "room-now-unlocked").await?;
        phone.hang_up().await?;
    }
    anna.hang_up().await?;
    confab.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_wide_callers_say_is_recorded() -> Result<()> {
    let confab = Confab::start_with(all_codecs()).await?;
    let host = Plan::humming("Host", ANNA).speaking(Codec::Opus);
    let host = confab.host(host).await?;
    let guest = Plan::humming("guest", BERT).speaking(Codec::G722);
    let guest = confab.guest(guest).await?;
    host.ear.wait_until_hears(BERT, SOON).await?;
    for prompt in ["recording-started", "recording-stopped"] {
        let mark = guest.ear.mark();
        host.key("*7").await?;
        guest.ear.wait_for_prompt(prompt, mark, SOON).await?;
        guest.ear.wait_for_prompt_end(SOON).await?;
    }
    let mp3 = confab.recording()?;
    assert_eq!(mp3.broken_packets, 0);
    for hz in [ANNA, BERT] {
        let share = heard_ms(&mp3.samples, hz) * 100 / mp3.ms();
        assert!(share >= 80, "{hz} Hz is in {share} % of the recording");
    }
    for phone in [host, guest] {
        phone.hang_up().await?;
    }
    confab.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_codec_in_mid_call() -> Result<()> {
    let confab = Confab::start_with(all_codecs()).await?;
    let anna = confab.guest(Plan::humming("Anna", ANNA)).await?;
    let bert = Plan::humming("Bert", BERT).speaking(Codec::Opus);
    let bert = confab.guest(bert).await?;
    hears_all_but_itself(&bert, BERT, &[ANNA]).await?;
    for codec in [Codec::Law(Law::Mu), Codec::Opus, Codec::G722, Codec::Opus] {
        bert.change_codecs(&[codec]).await?;
        eventually("the new codec comes", SOON, || async {
            Ok(bert.ear.codec() == codec)
        })
        .await?;
        hears_all_but_itself(&bert, BERT, &[ANNA]).await?;
        hears_all_but_itself(&anna, ANNA, &[BERT]).await?;
        bert.key("*2").await?;
        anna.ear.wait_until_silent_of(BERT, SOON).await?;
        bert.key("*2").await?;
        anna.ear.wait_until_hears(BERT, SOON).await?;
        // Opus keeps the sound of a voice, not its wave: only a long prompt is surely known again.
        key_and_hear(&bert, "#9", "not-a-command").await?;
    }
    for phone in [anna, bert] {
        phone.hang_up().await?;
    }
    confab.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn baresip_calls_in_with_wide_codecs_and_is_heard() -> Result<()> {
    if !baresip::is_available() {
        return Ok(());
    }
    let confab = Confab::start_with(all_codecs()).await?;
    let anna = Plan::humming("Anna", ANNA).speaking(Codec::Opus);
    let anna = confab.guest(anna).await?;
    for codec in [Codec::G722, Codec::Opus] {
        let mut softphone = Baresip::start_speaking("alice", BERT, codec).await?;
        softphone.dial(ROOM, confab.sip()).await?;
        eventually("the call is there", SOON, || async {
            Ok(confab.metric("confab_calls").await? >= Some(2.0))
        })
        .await
        .with_context(|| softphone.log())?;
        softphone.key("#").await?;
        anna.ear
            .wait_until_hears(BERT, SOON)
            .await
            .with_context(|| softphone.log())?;
        tokio::time::sleep(Duration::from_secs(2)).await;
        let heard = softphone.hang_up().await?;
        assert_eq!(
            heard.file_rate_hz,
            codec.rate_hz(),
            "what came was {codec:?}"
        );
        let end = heard.ms().saturating_sub(500);
        let last = heard.stretch(end.saturating_sub(1_000), end);
        assert!(heard_ms(last, ANNA) >= 700, "{} ms", heard_ms(last, ANNA));
        assert_eq!(heard_ms(last, BERT), 0, "it hears itself");
        anna.ear.wait_until_silent_of(BERT, SOON).await?;
    }
    anna.hang_up().await?;
    confab.finish().await
}
