//! What only a host can do by keys, pressed by SIPp: the queue of hands, the door, all lines,
//! calling out, the end for everybody; what the host and the others hear.

use anyhow::Result;
use sipp_scenarios::confab::{Confab, ROOM, Setup};
use sipp_scenarios::phone::{Phone, Plan};
use sipp_scenarios::sipp;
use sipp_scenarios::sound::words::Language;

use crate::common::{
    ANNA, BERT, SIPP_HOST, SOON, cue_and_hear, in_three_languages, key_and_hear, quiet, sipp,
    sipp_with,
};

in_three_languages!(
    star_3_gives_the_word_to_one_hand_after_the_other,
    star_4_lets_in_who_knocked,
    star_0_mutes_all_guests_and_opens_them,
    pound_0_twice_ends_it_for_everybody,
    pound_4_calls_somebody_whom_star_4_lets_in_and_pound_5_drops,
);

async fn star_3_gives_the_word_to_one_hand_after_the_other(language: Language) -> Result<()> {
    if !sipp::is_available() {
        return Ok(());
    }
    let confab = Confab::start_with(quiet().speaking(language)).await?;
    let host = sipp(&confab, "star_3_gives_the_word").await?;
    let ear = &host.tap.ear;
    confab.until_callers(ROOM, 1).await?;
    let anna = confab.guest(Plan::humming("Anna", ANNA)).await?;
    let bert = confab.guest(Plan::humming("Bert", BERT)).await?;
    bert.ear.wait_until_hears(SIPP_HOST, SOON).await?;
    cue_and_hear(&host, &bert.ear, "lecture-relaxed").await?;
    cue_and_hear(&host, &bert.ear, "lecture-strict").await?;
    ear.wait_until_silent_of(ANNA, SOON).await?;
    key_and_hear(&anna, "*9", "hand-number-1").await?;
    ear.wait_for_prompt("menu-next-hand", 0, SOON).await?;
    key_and_hear(&bert, "*9", "hand-number-2").await?;
    ear.wait_for_prompt_end(SOON).await?;

    let told = bert.ear.mark();
    cue_and_hear(&host, &anna.ear, "you-may-speak").await?;
    ear.wait_until_hears(ANNA, SOON).await?;
    bert.ear.wait_for_prompt("you-are-next", told, SOON).await?;
    assert!(!ear.hears(BERT), "one hand at a time");
    cue_and_hear(&host, &bert.ear, "you-may-speak").await?;
    ear.wait_until_hears(BERT, SOON).await?;
    ear.wait_until_silent_of(ANNA, SOON).await?;
    ear.wait_for_prompt_end(SOON).await?;
    cue_and_hear(&host, ear, "no-hand-raised").await?;
    host.tap.cue().await?;
    host.succeeded(SOON).await?;
    for phone in [anna, bert] {
        assert_eq!(phone.ear.line().key_packets, 0, "keys are heard by nobody");
        phone.hang_up().await?;
    }
    confab.finish().await
}

async fn star_4_lets_in_who_knocked(language: Language) -> Result<()> {
    if !sipp::is_available() {
        return Ok(());
    }
    let confab = Confab::start_with(quiet().speaking(language)).await?;
    let host = sipp(&confab, "star_4_lets_in_who_knocked").await?;
    let ear = &host.tap.ear;
    confab.until_callers(ROOM, 1).await?;
    cue_and_hear(&host, ear, "room-now-locked").await?;
    let mark = ear.mark();
    let late = confab.call_room(ROOM, Plan::humming("late", BERT)).await?;
    late.key("#").await?;
    late.ear.wait_for_prompt("room-is-locked", 0, SOON).await?;
    ear.wait_for_prompt("somebody-knocks", mark, SOON).await?;
    ear.wait_for_prompt("menu-admit", mark, SOON).await?;
    assert!(!ear.hears(BERT), "the door is not open yet");
    let inside = late.ear.mark();
    cue_and_hear(&host, ear, "let-in").await?;
    late.ear.wait_for_prompt("you-are-in", inside, SOON).await?;
    ear.wait_until_hears(BERT, SOON).await?;
    late.ear.wait_until_hears(SIPP_HOST, SOON).await?;
    cue_and_hear(&host, ear, "nobody-at-the-door").await?;
    host.tap.cue().await?;
    host.succeeded(SOON).await?;
    late.hang_up().await?;
    confab.finish().await
}

async fn star_0_mutes_all_guests_and_opens_them(language: Language) -> Result<()> {
    if !sipp::is_available() {
        return Ok(());
    }
    let confab = Confab::start_with(quiet().speaking(language)).await?;
    let host = sipp(&confab, "star_0_mutes_all_guests").await?;
    confab.until_callers(ROOM, 1).await?;
    let anna = confab.guest(Plan::humming("Anna", ANNA)).await?;
    let bert = confab.guest(Plan::humming("Bert", BERT)).await?;
    bert.ear.wait_until_hears(ANNA, SOON).await?;
    cue_and_hear(&host, &bert.ear, "all-muted").await?;
    bert.ear.wait_until_silent_of(ANNA, SOON).await?;
    anna.ear.wait_until_silent_of(BERT, SOON).await?;
    bert.ear.wait_until_hears(SIPP_HOST, SOON).await?;
    cue_and_hear(&host, &anna.ear, "all-opened").await?;
    anna.ear.wait_until_hears(BERT, SOON).await?;
    bert.ear.wait_until_hears(ANNA, SOON).await?;
    host.tap.cue().await?;
    host.succeeded(SOON).await?;
    for phone in [anna, bert] {
        phone.hang_up().await?;
    }
    confab.finish().await
}

async fn pound_0_twice_ends_it_for_everybody(language: Language) -> Result<()> {
    if !sipp::is_available() {
        return Ok(());
    }
    let confab = Confab::start_with(quiet().speaking(language)).await?;
    let host = sipp(&confab, "pound_0_ends_it_for_everybody").await?;
    confab.until_callers(ROOM, 1).await?;
    let bert = confab.guest(Plan::humming("Bert", BERT)).await?;
    host.tap.ear.wait_until_hears(BERT, SOON).await?;
    cue_and_hear(&host, &host.tap.ear, "end-asked").await?;
    assert_eq!(confab.callers(ROOM).await?, 2);
    cue_and_hear(&host, &bert.ear, "conference-ended").await?;
    bert.ended_by_them(SOON).await?;
    host.succeeded(SOON).await?;
    confab.finish().await
}

async fn pound_4_calls_somebody_whom_star_4_lets_in_and_pound_5_drops(
    language: Language,
) -> Result<()> {
    if !sipp::is_available() {
        return Ok(());
    }
    let callee = Plan {
        language,
        ..Plan::humming("callee", BERT)
    };
    let (callee, trunk) = Phone::wait_for_call(callee).await?;
    let settings = ["guests_may_start=true", "announce=nothing", "dial_out=true"];
    let setup = Setup::with_room(&settings)
        .speaking(language)
        .env("CONFAB_SIP_TRUNK", &format!("sip:{trunk}"));
    let confab = Confab::start_with(setup).await?;
    let words = [("CALLEE", "5550123")];
    let host = sipp_with(&confab, "pound_4_calls_and_pound_5_drops", &words).await?;
    let ear = &host.tap.ear;
    confab.until_callers(ROOM, 1).await?;
    cue_and_hear(&host, ear, "enter-number-to-call").await?;
    let mark = ear.mark();
    host.tap.cue().await?;
    callee.answered(SOON).await?;
    ear.wait_for_prompt("dial-answered", mark, SOON).await?;
    callee
        .ear
        .wait_for_prompt("joining-conference", 0, SOON)
        .await?;
    ear.wait_for_prompt("menu-admit", mark, SOON).await?;
    ear.wait_for_prompt("menu-drop-dialled", mark, SOON).await?;
    assert!(!ear.hears(BERT), "who was called is at the door");
    cue_and_hear(&host, ear, "let-in").await?;
    ear.wait_until_hears(BERT, SOON).await?;
    callee.ear.wait_until_hears(SIPP_HOST, SOON).await?;
    let mark = callee.ear.mark();
    cue_and_hear(&host, ear, "dial-dropped").await?;
    callee
        .ear
        .wait_for_prompt("you-were-dropped", mark, SOON)
        .await?;
    callee.ended_by_them(SOON).await?;
    ear.wait_until_silent_of(BERT, SOON).await?;
    host.tap.cue().await?;
    host.succeeded(SOON).await?;
    confab.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_calls_out_of_a_room_that_does_not_allow_it() -> Result<()> {
    let confab = Confab::start_with(quiet()).await?;
    let host = confab.host(Plan::humming("Host", ANNA)).await?;
    key_and_hear(&host, "#4", "dial-not-allowed").await?;
    host.hang_up().await?;
    confab.finish().await
}
