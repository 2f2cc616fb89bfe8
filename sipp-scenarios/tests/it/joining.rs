//! The way into a room: the voice menu, right and wrong entries, waiting for the host, coming back.

use std::time::Duration;

use anyhow::{Context, Result};
use sipp_scenarios::confab::{ACCESS_NUMBER, Confab, PIN, ROOM, Setup};
use sipp_scenarios::phone::{Phone, Plan};
use sipp_scenarios::sipp;
use sipp_scenarios::sound::words::Language;

use crate::common::{
    ANNA, BERT, CARL, SIPP_GUEST, SIPP_HOST, SOON, in_three_languages, key_and_hear, quiet, sipp,
    sipp_to,
};

in_three_languages!(
    the_menu_asks_in_words,
    a_wrong_room_may_be_tried_again,
    three_wrong_pins_are_goodbye,
    three_wrong_rooms_sound_like_three_wrong_pins,
    guests_hear_music_until_the_host_comes,
    who_was_cut_off_comes_back_muted_as_before_and_in_the_same_place,
);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn host_and_guest_join_by_menu_and_hear_each_other_and_not_themselves() -> Result<()> {
    if !sipp::is_available() {
        return Ok(());
    }
    let confab = Confab::start_with(quiet()).await?;
    let listener = confab.guest(Plan::humming("listener", ANNA)).await?;
    let guest = sipp(&confab, "guest_joins_by_menu").await?;
    let host = sipp(&confab, "host_joins_by_menu").await?;
    confab.until_callers(ROOM, 3).await?;
    for tone in [SIPP_GUEST, SIPP_HOST] {
        listener.ear.wait_until_hears(tone, SOON).await?;
    }
    for tone in [ANNA, SIPP_HOST] {
        guest.tap.ear.wait_until_hears(tone, SOON).await?;
    }
    for tone in [ANNA, SIPP_GUEST] {
        host.tap.ear.wait_until_hears(tone, SOON).await?;
    }
    listener.ear.wait_until_silent_of(ANNA, SOON).await?;
    guest.tap.ear.wait_until_silent_of(SIPP_GUEST, SOON).await?;
    host.tap.ear.wait_until_silent_of(SIPP_HOST, SOON).await?;
    let legs = confab.portal().await?.legs(ROOM).await?;
    let hosts = legs.iter().filter(|leg| leg.field("host") == true).count();
    assert_eq!(hosts, 1, "{legs:?}");
    for call in [guest, host] {
        call.tap.cue().await?;
        call.succeeded(SOON).await?;
    }
    listener.ear.wait_until_silent_of(SIPP_GUEST, SOON).await?;
    listener.hang_up().await?;
    confab.finish().await
}

async fn the_menu_asks_in_words(language: Language) -> Result<()> {
    let confab = Confab::start_with(quiet().speaking(language)).await?;
    let phone = confab
        .call_room(ACCESS_NUMBER, Plan::humming("caller", ANNA))
        .await?;
    phone.ear.wait_for_prompt("welcome", 0, SOON).await?;
    phone
        .ear
        .wait_for_prompt("enter-room-number", 0, SOON)
        .await?;
    let mark = phone.ear.mark();
    phone.key(&format!("{ROOM}#")).await?;
    phone
        .ear
        .wait_for_prompt("host-press-star", mark, SOON)
        .await?;
    let mark = phone.ear.mark();
    phone.key("*").await?;
    phone.ear.wait_for_prompt("enter-pin", mark, SOON).await?;
    let mark = phone.ear.mark();
    phone.key(&format!("{PIN}#")).await?;
    phone
        .ear
        .wait_for_prompt("you-are-first", mark, SOON)
        .await?;
    confab.until_callers(ROOM, 1).await?;
    assert_eq!(phone.ear.line().key_packets, 0);
    phone.hang_up().await?;
    confab.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_prompt_is_cut_short_by_a_key() -> Result<()> {
    let confab = Confab::start_with(quiet()).await?;
    let phone = Phone::call(confab.sip(), ACCESS_NUMBER, Plan::default()).await?;
    phone.ear.wait_for_speech(SOON).await?;
    phone.key("2").await?;
    phone.ear.wait_for_prompt_end(SOON).await?;
    let heard = phone.ear.all();
    assert!(
        !heard.heard_prompt("enter-room-number")?,
        "{}",
        heard.all_said()
    );
    phone.hang_up().await?;
    confab.finish().await
}

async fn a_wrong_room_may_be_tried_again(language: Language) -> Result<()> {
    if !sipp::is_available() {
        return Ok(());
    }
    let confab = Confab::start_with(quiet().speaking(language)).await?;
    let caller = sipp(&confab, "wrong_room_may_be_tried_again").await?;
    caller
        .tap
        .ear
        .wait_for_prompt("wrong-entry", 0, SOON)
        .await?;
    caller.tap.ear.wait_for_prompt("try-again", 0, SOON).await?;
    caller.tap.cue().await?;
    caller
        .tap
        .ear
        .wait_for_prompt("host-press-star", 0, SOON)
        .await?;
    caller.tap.cue().await?;
    caller.succeeded(SOON).await?;
    confab.finish().await
}

async fn three_wrong_pins_are_goodbye(language: Language) -> Result<()> {
    if !sipp::is_available() {
        return Ok(());
    }
    let confab = Confab::start_with(quiet().speaking(language)).await?;
    let caller = sipp(&confab, "wrong_pin_three_times_is_goodbye").await?;
    let ear = caller.tap.ear.clone();
    ear.wait_for_prompt("enter-pin", 0, SOON).await?;
    caller.tap.cue().await?;
    for _ in 0..2 {
        let mark = ear.mark();
        ear.wait_for_prompt("wrong-entry", mark, SOON).await?;
        ear.wait_for_prompt("try-again", mark, SOON).await?;
        caller.tap.cue().await?;
    }
    let mark = ear.mark();
    ear.wait_for_prompt("goodbye", mark, SOON).await?;
    assert!(
        ear.since(mark).heard_prompt("wrong-entry")?,
        "{}",
        ear.since(mark).all_said()
    );
    caller.succeeded(SOON).await?;
    confab.finish().await
}

async fn three_wrong_rooms_sound_like_three_wrong_pins(language: Language) -> Result<()> {
    if !sipp::is_available() {
        return Ok(());
    }
    let confab = Confab::start_with(quiet().speaking(language)).await?;
    let caller = sipp(&confab, "wrong_room_three_times_is_goodbye").await?;
    let ear = caller.tap.ear.clone();
    for _ in 0..2 {
        let mark = ear.mark();
        ear.wait_for_prompt("wrong-entry", mark, SOON).await?;
        ear.wait_for_prompt("try-again", mark, SOON).await?;
        caller.tap.cue().await?;
    }
    let mark = ear.mark();
    ear.wait_for_prompt("goodbye", mark, SOON).await?;
    assert!(
        ear.since(mark).heard_prompt("wrong-entry")?,
        "{}",
        ear.since(mark).all_said()
    );
    caller.succeeded(SOON).await?;
    confab.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_straight_to_a_room_that_does_not_exist_learns_nothing() -> Result<()> {
    let confab = Confab::start_with(quiet()).await?;
    let phone = confab.call_room("909090", Plan::default()).await?;
    phone
        .ear
        .wait_for_prompt("host-press-star", 0, SOON)
        .await?;
    let mark = phone.ear.mark();
    phone.key("*123456#").await?;
    phone.ear.wait_for_prompt("wrong-entry", mark, SOON).await?;
    phone.hang_up().await?;
    confab.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_keys_nothing_is_a_guest() -> Result<()> {
    let confab = Confab::start_with(quiet()).await?;
    let first = confab.call_room(ROOM, Plan::humming("first", ANNA)).await?;
    let second = confab.guest(Plan::humming("second", BERT)).await?;
    first
        .ear
        .wait_until_hears(BERT, Duration::from_secs(25))
        .await?;
    second.ear.wait_until_hears(ANNA, SOON).await?;
    for phone in [first, second] {
        phone.hang_up().await?;
    }
    confab.finish().await
}

async fn guests_hear_music_until_the_host_comes(language: Language) -> Result<()> {
    let setup = Setup::with_room(&["guests_may_start=false", "announce=nothing"]);
    let confab = Confab::start_with(setup.speaking(language)).await?;
    let anna = confab.guest(Plan::humming("Anna", ANNA)).await?;
    let bert = confab.guest(Plan::humming("Bert", BERT)).await?;
    anna.ear
        .wait_for_prompt("waiting-for-host", 0, SOON)
        .await?;
    anna.ear.wait_for_speech(SOON).await?;
    // music goes on where a prompt would have ended
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert!(
        anna.ear.hears_speech(),
        "no music: {}",
        anna.ear.last(400).in_words()
    );
    assert!(
        anna.ear
            .wait_until_hears(BERT, Duration::from_secs(1))
            .await
            .is_err()
    );
    let host = confab.host(Plan::humming("Host", SIPP_HOST)).await?;
    for guest in [&anna, &bert] {
        guest.ear.wait_until_hears(SIPP_HOST, SOON).await?;
    }
    anna.ear.wait_until_hears(BERT, SOON).await?;
    anna.ear
        .wait_for_prompt("conference-begins", 0, SOON)
        .await?;
    anna.ear.wait_for_prompt_end(SOON).await?;
    host.ear.wait_until_hears(ANNA, SOON).await?;
    for phone in [anna, bert, host] {
        phone.hang_up().await?;
    }
    confab.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_invite_without_sdp_is_a_call_like_any_other() -> Result<()> {
    if !sipp::is_available() {
        return Ok(());
    }
    let confab = Confab::start_with(quiet()).await?;
    let anna = confab.guest(Plan::humming("Anna", ANNA)).await?;
    let caller = sipp_to(&confab, "no_sdp_in_the_invite", ROOM).await?;
    anna.ear.wait_until_hears(SIPP_GUEST, SOON).await?;
    caller.tap.ear.wait_until_hears(ANNA, SOON).await?;
    caller.tap.cue().await?;
    caller.succeeded(SOON).await?;
    anna.hang_up().await?;
    confab.finish().await
}

async fn who_was_cut_off_comes_back_muted_as_before_and_in_the_same_place(
    language: Language,
) -> Result<()> {
    let confab = Confab::start_with(quiet().speaking(language)).await?;
    let anna = confab.guest(Plan::humming("Anna", ANNA)).await?;
    let number = |name: &str, number: &str| Plan {
        number: number.into(),
        ..Plan::humming(name, BERT)
    };
    let bert = confab.guest(number("Bert", "5550201")).await?;
    let carl = Plan {
        number: "5550202".into(),
        ..Plan::humming("Carl", CARL)
    };
    let carl = confab.guest(carl).await?;
    key_and_hear(&bert, "*9", "hand-number-1").await?;
    key_and_hear(&carl, "*9", "hand-number-2").await?;
    key_and_hear(&bert, "*2", "you-are-muted").await?;
    bert.hang_up().await?;
    confab.until_callers(ROOM, 2).await?;
    let back = confab.guest(number("Bert", "5550201")).await?;
    back.ear.wait_for_prompt("welcome-back", 0, SOON).await?;
    let leg = confab.portal().await?.leg(ROOM, "Bert").await?;
    let place = leg.field("hand").get("place").cloned();
    let place = place.context("the hand is not up again")?;
    assert_eq!(place, 1, "{leg:?}");
    assert!(!anna.ear.hears(BERT), "muted as before");
    key_and_hear(&back, "*2", "you-are-unmuted").await?;
    anna.ear.wait_until_hears(BERT, SOON).await?;
    for phone in [anna, carl, back] {
        phone.hang_up().await?;
    }
    confab.finish().await
}

/// Before he takes the trouble to say his name.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_would_knock_is_told_so_before_his_name_is_asked_for() -> Result<()> {
    let setup = Setup::with_room(&["guests_may_start=true", "announce=name"]);
    let confab = Confab::start_with(setup).await?;
    let portal = confab.portal().await?;
    let come = |name: &str| confab.call_room(ROOM, Plan::humming(name, BERT));
    let inside = come("inside").await?;
    inside.key("#").await?;
    inside.ear.wait_for_prompt("say-your-name", 0, SOON).await?;
    assert!(!inside.ear.since(0).heard_prompt("room-is-locked")?);
    confab.until_callers(ROOM, 1).await?;
    portal.command(ROOM, "lock", None).await?;
    let late = come("late").await?;
    late.key("#").await?;
    late.ear.wait_for_prompt("say-your-name", 0, SOON).await?;
    assert!(late.ear.since(0).heard_prompt("room-is-locked")?);
    for phone in [inside, late] {
        phone.hang_up().await?;
    }
    confab.finish().await
}
