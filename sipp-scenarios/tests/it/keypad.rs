//! The keypad in the room, keyed by SIPp, heard by phones, seen by the portal.

use std::time::Duration;

use anyhow::{Context, Result};
use sipp_scenarios::confab::{Confab, PIN, ROOM, Setup, eventually};
use sipp_scenarios::phone::{Phone, Plan};
use sipp_scenarios::sipp;
use sipp_scenarios::sound::tone::Hum;
use sipp_scenarios::sound::words::Language;

use crate::common::{
    ANNA, BERT, CARL, SIPP_GUEST, SIPP_HOST, SOON, cue_and_hear, in_three_languages, key_and_hear,
    quiet, sipp, sipp_with,
};

in_three_languages!(
    star_1_speaks_the_menu,
    star_7_records_and_says_so_to_everybody,
    pound_1_turns_the_chimes_on_and_off,
    pound_2_lets_it_go_on_or_not,
    star_2_mutes_and_unmutes_my_line,
    star_5_tells_how_many_we_are,
    star_6_locks_the_room_and_opens_it,
    star_8_goes_through_the_three_states_of_lecture_mode,
    star_9_raises_a_hand_that_the_portal_shows_and_opens,
    pound_3_plays_the_names_that_were_said_at_the_door,
    in_the_other_layout_star_6_mutes_star_2_locks_and_the_menu_says_so,
    what_only_hosts_may_do_is_refused_to_guests_in_words,
);

/// A SIPp host who presses keys, hears a prompt, presses keys again and hears another.
async fn host_presses(
    language: Language,
    (first, first_said): (&str, &[&str]),
    (second, second_said): (&str, &[&str]),
) -> Result<()> {
    if !sipp::is_available() {
        return Ok(());
    }
    let confab = Confab::start_with(quiet().speaking(language)).await?;
    let anna = confab.guest(Plan::humming("Anna", ANNA)).await?;
    let words = [("FIRST", first), ("SECOND", second)];
    let host = sipp_with(&confab, "host_presses_keys_twice", &words).await?;
    anna.ear.wait_until_hears(SIPP_HOST, SOON).await?;
    for said in [first_said, second_said] {
        let mark = host.tap.ear.mark();
        host.tap.cue().await?;
        for prompt in said {
            host.tap.ear.wait_for_prompt(prompt, mark, SOON).await?;
        }
    }
    host.tap.cue().await?;
    host.succeeded(SOON).await?;
    assert_eq!(anna.ear.line().key_packets, 0);
    anna.hang_up().await?;
    confab.finish().await
}

async fn star_1_speaks_the_menu(language: Language) -> Result<()> {
    let menu = ["menu-mute", "keys-star-2", "menu-count", "keys-star-5"];
    host_presses(language, ("*1", &menu), ("*5", &["callers-2"])).await
}

async fn star_7_records_and_says_so_to_everybody(language: Language) -> Result<()> {
    let (on, off) = (["recording-started"], ["recording-stopped"]);
    host_presses(language, ("*7", &on), ("*7", &off)).await
}

async fn pound_1_turns_the_chimes_on_and_off(language: Language) -> Result<()> {
    let (on, off) = (["chimes-on"], ["chimes-off"]);
    host_presses(language, ("#1", &on), ("#1", &off)).await
}

async fn pound_2_lets_it_go_on_or_not(language: Language) -> Result<()> {
    let (end, go_on) = (["will-end"], ["will-continue"]);
    host_presses(language, ("#2", &end), ("#2", &go_on)).await
}

async fn star_2_mutes_and_unmutes_my_line(language: Language) -> Result<()> {
    if !sipp::is_available() {
        return Ok(());
    }
    let confab = Confab::start_with(quiet().speaking(language)).await?;
    let anna = confab.guest(Plan::humming("Anna", ANNA)).await?;
    let guest = sipp(&confab, "star_2_mutes_my_line").await?;
    anna.ear.wait_until_hears(SIPP_GUEST, SOON).await?;
    let mark = anna.ear.mark();
    cue_and_hear(&guest, &guest.tap.ear, "you-are-muted").await?;
    anna.ear.wait_until_silent_of(SIPP_GUEST, SOON).await?;
    guest.tap.ear.wait_until_hears(ANNA, SOON).await?;
    cue_and_hear(&guest, &guest.tap.ear, "you-are-unmuted").await?;
    anna.ear.wait_until_hears(SIPP_GUEST, SOON).await?;
    let heard = anna.ear.since(mark);
    for prompt in ["you-are-muted", "you-are-unmuted"] {
        assert_eq!(heard.find_prompt(prompt)?, None, "others hear the answers");
    }
    assert_eq!(anna.ear.line().key_packets, 0);
    guest.tap.cue().await?;
    guest.succeeded(SOON).await?;
    anna.hang_up().await?;
    confab.finish().await
}

async fn star_5_tells_how_many_we_are(language: Language) -> Result<()> {
    if !sipp::is_available() {
        return Ok(());
    }
    let confab = Confab::start_with(quiet().speaking(language)).await?;
    let anna = confab.guest(Plan::humming("Anna", ANNA)).await?;
    let bert = confab.guest(Plan::humming("Bert", BERT)).await?;
    let guest = sipp(&confab, "star_5_counts_the_callers").await?;
    confab.until_callers(ROOM, 3).await?;
    guest.tap.ear.wait_until_hears(ANNA, SOON).await?;
    cue_and_hear(&guest, &guest.tap.ear, "callers-3").await?;
    guest.tap.cue().await?;
    guest.succeeded(SOON).await?;
    bert.hang_up().await?;
    confab.until_callers(ROOM, 1).await?;
    key_and_hear(&anna, "*5", "callers-1").await?;
    anna.hang_up().await?;
    confab.finish().await
}

async fn star_6_locks_the_room_and_opens_it(language: Language) -> Result<()> {
    if !sipp::is_available() {
        return Ok(());
    }
    let confab = Confab::start_with(quiet().speaking(language)).await?;
    let anna = confab.guest(Plan::humming("Anna", ANNA)).await?;
    let host = sipp(&confab, "star_6_locks_the_room").await?;
    anna.ear.wait_until_hears(SIPP_HOST, SOON).await?;
    cue_and_hear(&host, &host.tap.ear, "room-now-locked").await?;

    let late = sipp(&confab, "latecomer_finds_the_room_locked").await?;
    late.tap
        .ear
        .wait_for_prompt("room-is-locked", 0, SOON)
        .await?;
    assert_eq!(confab.callers(ROOM).await?, 2);
    for (ear, tone) in [
        (&late.tap.ear, ANNA),
        (&late.tap.ear, SIPP_HOST),
        (&anna.ear, SIPP_GUEST),
    ] {
        assert!(!ear.hears(tone), "{tone} Hz passes the locked door");
    }
    late.tap.cue().await?;
    late.succeeded(SOON).await?;

    // the PIN opens every lock
    let second_host = confab.host(Plan::humming("second host", CARL)).await?;
    anna.ear.wait_until_hears(CARL, SOON).await?;
    second_host.hang_up().await?;

    let knocking = confab
        .call_room(ROOM, Plan::humming("knocking", BERT))
        .await?;
    knocking.key("#").await?;
    knocking
        .ear
        .wait_for_prompt("room-is-locked", 0, SOON)
        .await?;
    cue_and_hear(&host, &host.tap.ear, "room-now-unlocked").await?;
    anna.ear.wait_until_hears(BERT, SOON).await?;
    knocking.ear.wait_until_hears(SIPP_HOST, SOON).await?;
    host.tap.cue().await?;
    host.succeeded(SOON).await?;
    for phone in [anna, knocking] {
        phone.hang_up().await?;
    }
    confab.finish().await
}

async fn star_8_goes_through_the_three_states_of_lecture_mode(language: Language) -> Result<()> {
    if !sipp::is_available() {
        return Ok(());
    }
    let confab = Confab::start_with(quiet().speaking(language)).await?;
    let host = sipp(&confab, "star_8_steps_through_lecture_mode").await?;
    confab.until_callers(ROOM, 1).await?;
    let anna = confab.guest(Plan::humming("Anna", ANNA)).await?;
    let bert = confab.guest(Plan::humming("Bert", BERT)).await?;
    bert.ear.wait_until_hears(ANNA, SOON).await?;
    bert.ear.wait_until_hears(SIPP_HOST, SOON).await?;
    key_and_hear(&anna, "*2", "you-are-muted").await?;
    bert.ear.wait_until_silent_of(ANNA, SOON).await?;
    key_and_hear(&anna, "*2", "you-are-unmuted").await?;
    bert.ear.wait_until_hears(ANNA, SOON).await?;

    cue_and_hear(&host, &bert.ear, "lecture-relaxed").await?;
    bert.ear.wait_until_silent_of(ANNA, SOON).await?;
    anna.ear.wait_until_silent_of(BERT, SOON).await?;
    bert.ear.wait_until_hears(SIPP_HOST, SOON).await?;
    key_and_hear(&anna, "*2", "you-are-unmuted").await?;
    bert.ear.wait_until_hears(ANNA, SOON).await?;

    cue_and_hear(&host, &bert.ear, "lecture-strict").await?;
    bert.ear.wait_until_silent_of(ANNA, SOON).await?;
    key_and_hear(&anna, "*2", "host-muted-all-lines").await?;
    bert.ear.wait_until_hears(SIPP_HOST, SOON).await?;
    bert.ear.wait_until_silent_of(ANNA, SOON).await?;

    cue_and_hear(&host, &bert.ear, "lecture-ended").await?;
    bert.ear.wait_until_hears(ANNA, SOON).await?;
    anna.ear.wait_until_hears(BERT, SOON).await?;
    host.tap.ear.wait_until_hears(ANNA, SOON).await?;
    host.tap.cue().await?;
    host.succeeded(SOON).await?;
    for phone in [anna, bert] {
        phone.hang_up().await?;
    }
    confab.finish().await
}

async fn star_9_raises_a_hand_that_the_portal_shows_and_opens(language: Language) -> Result<()> {
    if !sipp::is_available() {
        return Ok(());
    }
    let confab = Confab::start_with(quiet().speaking(language)).await?;
    let host = confab.host(Plan::humming("Host", ANNA)).await?;
    let guest = sipp(&confab, "star_9_raises_a_hand").await?;
    confab.until_callers(ROOM, 2).await?;
    guest.tap.ear.wait_until_hears(ANNA, SOON).await?;
    let told = host.ear.mark();
    cue_and_hear(&guest, &guest.tap.ear, "hand-raised").await?;
    host.ear
        .wait_for_prompt("somebody-raised-hand", told, SOON)
        .await?;
    let portal = confab.portal().await?;
    let is_up = |up: bool| async move {
        let leg = portal.leg(ROOM, "SIPp").await?;
        Ok(leg.field("hand").is_null() != up)
    };
    eventually("the portal shows the hand", SOON, || is_up(true)).await?;
    cue_and_hear(&guest, &guest.tap.ear, "hand-lowered").await?;
    eventually("the portal shows no hand", SOON, || is_up(false)).await?;

    // in lecture mode a host opens a hand at the portal
    host.ear.wait_for_prompt_end(SOON).await?;
    key_and_hear(&host, "*8", "lecture-relaxed").await?;
    let mark = host.ear.mark();
    host.key("*8").await?;
    host.ear
        .wait_for_prompt("lecture-strict", mark, SOON)
        .await?;
    let bert = confab.guest(Plan::humming("Bert", BERT)).await?;
    host.ear.wait_until_silent_of(BERT, SOON).await?;
    bert.key("*9").await?;
    bert.ear.wait_for_prompt("hand-raised", 0, SOON).await?;
    let leg = portal.leg(ROOM, "Bert").await?;
    portal.command(ROOM, "open_hand", Some(&leg)).await?;
    host.ear.wait_until_hears(BERT, SOON).await?;
    portal.command(ROOM, "close_hand", Some(&leg)).await?;
    host.ear.wait_until_silent_of(BERT, SOON).await?;
    guest.tap.cue().await?;
    guest.succeeded(SOON).await?;
    for phone in [bert, host] {
        phone.hang_up().await?;
    }
    confab.finish().await
}

async fn pound_3_plays_the_names_that_were_said_at_the_door(language: Language) -> Result<()> {
    if !sipp::is_available() {
        return Ok(());
    }
    let setup = Setup::with_room(&["guests_may_start=true", "announce=name"]);
    let confab = Confab::start_with(setup.speaking(language)).await?;
    let host = sipp(&confab, "pound_3_calls_the_roll").await?;
    host.tap
        .ear
        .wait_for_prompt("say-your-name", 0, SOON)
        .await?;
    host.tap.cue().await?;
    confab.until_callers(ROOM, 1).await?;
    let ear = &host.tap.ear;
    let anna = says_name(&confab, "Anna", ANNA).await?;
    ear.wait_for_prompt("has-joined", 0, SOON).await?;
    let mark = ear.mark();
    let bert = says_name(&confab, "Bert", BERT).await?;
    ear.wait_for_prompt("has-joined", mark, SOON).await?;
    confab.until_callers(ROOM, 3).await?;
    ear.wait_for_prompt_end(SOON).await?;
    ear.wait_until_silent_of(BERT, SOON).await?;
    let mark = ear.mark();
    cue_and_hear(&host, ear, "roll-call").await?;
    ear.wait_for_prompt("without-name-1", mark, SOON).await?;
    let heard = ear.since(mark);
    for name in [ANNA, BERT] {
        let ms = heard.tone_ms(name);
        assert!(
            (500..=1_500).contains(&ms),
            "the name of {name} Hz was heard for {ms} ms"
        );
    }
    host.tap.cue().await?;
    host.succeeded(SOON).await?;
    for phone in [anna, bert] {
        phone.hang_up().await?;
    }
    confab.finish().await
}

/// A guest whose spoken name is a second of a tone, and who is silent otherwise.
async fn says_name(confab: &Confab, name: &str, hz: u32) -> Result<Phone> {
    let plan = Plan {
        name: name.into(),
        ..Plan::default()
    };
    let phone = confab.call_room(ROOM, plan).await?;
    phone.key("#").await?;
    phone.ear.wait_for_prompt("say-your-name", 0, SOON).await?;
    // the tone after which one speaks
    phone.ear.wait_for_prompt_end(SOON).await?;
    phone.say(&Hum::stretch(hz, 8_000.0, 1_000)).await?;
    phone.key("#").await?;
    phone.ear.wait_until_hears(hz, SOON).await?;
    phone
        .ear
        .wait_for_prompt("keep-name-or-again", 0, SOON)
        .await?;
    phone.key("#").await?;
    Ok(phone)
}

async fn in_the_other_layout_star_6_mutes_star_2_locks_and_the_menu_says_so(
    language: Language,
) -> Result<()> {
    if !sipp::is_available() {
        return Ok(());
    }
    let settings = [
        "guests_may_start=true",
        "announce=nothing",
        "layout=star-six",
    ];
    let confab = Confab::start_with(Setup::with_room(&settings).speaking(language)).await?;
    let anna = confab.guest(Plan::humming("Anna", ANNA)).await?;
    let words = [("FIRST", "*6"), ("SECOND", "*2")];
    let host = sipp_with(&confab, "host_presses_keys_twice", &words).await?;
    anna.ear.wait_until_hears(SIPP_HOST, SOON).await?;
    cue_and_hear(&host, &host.tap.ear, "you-are-muted").await?;
    anna.ear.wait_until_silent_of(SIPP_HOST, SOON).await?;
    cue_and_hear(&host, &host.tap.ear, "room-now-locked").await?;
    let mark = anna.ear.mark();
    anna.key("*1").await?;
    for prompt in ["menu-mute", "keys-star-6"] {
        anna.ear.wait_for_prompt(prompt, mark, SOON).await?;
    }
    host.tap.cue().await?;
    host.succeeded(SOON).await?;
    anna.hang_up().await?;
    confab.finish().await
}

async fn what_only_hosts_may_do_is_refused_to_guests_in_words(language: Language) -> Result<()> {
    let confab = Confab::start_with(quiet().speaking(language)).await?;
    let anna = confab.guest(Plan::humming("Anna", ANNA)).await?;
    for keys in ["*6", "*7", "*8"] {
        key_and_hear(&anna, keys, "hosts-only").await?;
        anna.ear.wait_for_prompt_end(SOON).await?;
    }
    key_and_hear(&anna, "#9", "not-a-command").await?;
    let host = confab.host(Plan::humming("Host", BERT)).await?;
    key_and_hear(&host, "#1", "chimes-on").await?;
    key_and_hear(&host, "#2", "will-end").await?;
    for phone in [anna, host] {
        phone.hang_up().await?;
    }
    confab.finish().await
}

/// An INFO that is sent when the key is let go, as many phones do, and does not say for how long.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_held_long_that_comes_by_info_as_well_counts_once() -> Result<()> {
    let confab = Confab::start_with(quiet()).await?;
    let anna = confab.guest(Plan::humming("Anna", ANNA)).await?;
    let bert = confab.call_room(ROOM, Plan::humming("Bert", BERT)).await?;
    let (first, rest) = PIN.split_at(1);
    let first = first.chars().next().context("a PIN has digits")?;
    bert.key("*").await?;
    bert.hold_key(first, 3_000).await?;
    bert.key_by_bare_info(first).await?;
    bert.key(&format!("{rest}#")).await?;
    anna.ear.wait_until_hears(BERT, SOON).await?;
    for phone in [anna, bert] {
        phone.hang_up().await?;
    }
    confab.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_by_info_do_the_same() -> Result<()> {
    let confab = Confab::start_with(quiet()).await?;
    let anna = confab.guest(Plan::humming("Anna", ANNA)).await?;
    let plan = Plan {
        keys: None,
        ..Plan::humming("Bert", BERT)
    };
    let bert = confab.call_room(ROOM, plan).await?;
    for key in format!("*{PIN}#").chars() {
        bert.key_by_info(key).await?;
    }
    anna.ear.wait_until_hears(BERT, SOON).await?;
    let mark = bert.ear.mark();
    for key in ['*', '2'] {
        bert.key_by_info(key).await?;
    }
    bert.ear
        .wait_for_prompt("you-are-muted", mark, SOON)
        .await?;
    anna.ear
        .wait_until_silent_of(BERT, Duration::from_secs(10))
        .await?;
    for phone in [anna, bert] {
        phone.hang_up().await?;
    }
    confab.finish().await
}
