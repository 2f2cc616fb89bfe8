//! What a host can do by telephone beyond the first keys: the queue of hands, the door, all lines,
//! calling out, the end for everybody; and another layout of the keys.

use anyhow::{Context, Result};
use sipp_scenarios::confab::{Confab, ROOM, Setup};
use sipp_scenarios::phone::{Phone, Plan};
use sipp_scenarios::sound::words::Language;

use crate::common::{ANNA, BERT, CARL, SOON, in_three_languages, key_and_hear, quiet};

in_three_languages!(
    star_3_gives_the_word_to_the_next_hand,
    star_4_lets_in_who_knocked,
    star_0_mutes_all_guests_and_opens_them,
    pound_0_ends_it_for_everybody_when_pressed_twice,
    pound_4_calls_somebody_whom_star_4_lets_in_and_pound_5_drops,
    in_the_other_layout_star_6_mutes_and_the_menu_says_so,
    who_was_cut_off_comes_back_muted_as_before_and_in_the_same_place,
);

async fn star_3_gives_the_word_to_the_next_hand(language: Language) -> Result<()> {
    let confab = Confab::start_with(quiet().speaking(language)).await?;
    let host = confab.host(Plan::default()).await?;
    let anna = confab.guest(Plan::humming("Anna", ANNA)).await?;
    let bert = confab.guest(Plan::humming("Bert", BERT)).await?;
    host.ear.wait_until_hears(ANNA, SOON).await?;
    key_and_hear(&host, "*8", "lecture-relaxed").await?;
    key_and_hear(&host, "*8", "lecture-strict").await?;
    host.ear.wait_until_silent_of(ANNA, SOON).await?;
    key_and_hear(&anna, "*9", "hand-number-1").await?;
    host.ear.wait_for_prompt("menu-next-hand", 0, SOON).await?;
    key_and_hear(&bert, "*9", "hand-number-2").await?;
    host.ear.wait_for_prompt_end(SOON).await?;

    let told = bert.ear.mark();
    let opened = anna.ear.mark();
    host.key("*3").await?;
    anna.ear
        .wait_for_prompt("you-may-speak", opened, SOON)
        .await?;
    host.ear.wait_until_hears(ANNA, SOON).await?;
    bert.ear.wait_for_prompt("you-are-next", told, SOON).await?;
    assert!(!host.ear.hears(BERT), "one hand at a time");

    let opened = bert.ear.mark();
    host.key("*3").await?;
    bert.ear
        .wait_for_prompt("you-may-speak", opened, SOON)
        .await?;
    host.ear.wait_until_hears(BERT, SOON).await?;
    host.ear.wait_until_silent_of(ANNA, SOON).await?;
    host.ear.wait_for_prompt_end(SOON).await?;
    key_and_hear(&host, "*3", "no-hand-raised").await?;
    host.ear.wait_until_silent_of(BERT, SOON).await?;
    for phone in [anna, bert, host] {
        phone.hang_up().await?;
    }
    confab.finish().await
}

async fn star_4_lets_in_who_knocked(language: Language) -> Result<()> {
    let confab = Confab::start_with(quiet().speaking(language)).await?;
    let host = confab.host(Plan::humming("Host", ANNA)).await?;
    key_and_hear(&host, "*6", "room-now-locked").await?;
    let mark = host.ear.mark();
    let late = confab.call_room(ROOM, Plan::humming("late", BERT)).await?;
    late.key("#").await?;
    late.ear.wait_for_prompt("room-is-locked", 0, SOON).await?;
    host.ear
        .wait_for_prompt("somebody-knocks", mark, SOON)
        .await?;
    host.ear.wait_for_prompt("menu-admit", mark, SOON).await?;
    assert!(!host.ear.hears(BERT), "the door is not open yet");
    let (inside, told) = (late.ear.mark(), host.ear.mark());
    host.key("*4").await?;
    host.ear.wait_for_prompt("let-in", told, SOON).await?;
    late.ear.wait_for_prompt("you-are-in", inside, SOON).await?;
    host.ear.wait_until_hears(BERT, SOON).await?;
    late.ear.wait_until_hears(ANNA, SOON).await?;
    key_and_hear(&host, "*4", "nobody-at-the-door").await?;
    for phone in [late, host] {
        phone.hang_up().await?;
    }
    confab.finish().await
}

async fn star_0_mutes_all_guests_and_opens_them(language: Language) -> Result<()> {
    let confab = Confab::start_with(quiet().speaking(language)).await?;
    let host = confab.host(Plan::humming("Host", CARL)).await?;
    let anna = confab.guest(Plan::humming("Anna", ANNA)).await?;
    let bert = confab.guest(Plan::humming("Bert", BERT)).await?;
    bert.ear.wait_until_hears(ANNA, SOON).await?;
    let mark = bert.ear.mark();
    host.key("*0").await?;
    bert.ear.wait_for_prompt("all-muted", mark, SOON).await?;
    bert.ear.wait_until_silent_of(ANNA, SOON).await?;
    anna.ear.wait_until_silent_of(BERT, SOON).await?;
    bert.ear.wait_until_hears(CARL, SOON).await?;
    let mark = anna.ear.mark();
    host.key("*0").await?;
    anna.ear.wait_for_prompt("all-opened", mark, SOON).await?;
    anna.ear.wait_until_hears(BERT, SOON).await?;
    bert.ear.wait_until_hears(ANNA, SOON).await?;
    for phone in [anna, bert, host] {
        phone.hang_up().await?;
    }
    confab.finish().await
}

async fn pound_0_ends_it_for_everybody_when_pressed_twice(language: Language) -> Result<()> {
    let confab = Confab::start_with(quiet().speaking(language)).await?;
    let host = confab.host(Plan::humming("Host", ANNA)).await?;
    let bert = confab.guest(Plan::humming("Bert", BERT)).await?;
    host.ear.wait_until_hears(BERT, SOON).await?;
    key_and_hear(&host, "#0", "end-asked").await?;
    assert_eq!(confab.callers(ROOM).await?, 2);
    let mark = bert.ear.mark();
    host.key("#0").await?;
    bert.ear
        .wait_for_prompt("conference-ended", mark, SOON)
        .await?;
    bert.ended_by_them(SOON).await?;
    host.ended_by_them(SOON).await?;
    confab.finish().await
}

async fn pound_4_calls_somebody_whom_star_4_lets_in_and_pound_5_drops(
    language: Language,
) -> Result<()> {
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
    let host = confab.host(Plan::humming("Host", ANNA)).await?;
    key_and_hear(&host, "#4", "enter-number-to-call").await?;
    let mark = host.ear.mark();
    host.key("5550123#").await?;
    callee.answered(SOON).await?;
    host.ear
        .wait_for_prompt("dial-answered", mark, SOON)
        .await?;
    callee
        .ear
        .wait_for_prompt("joining-conference", 0, SOON)
        .await?;
    host.ear.wait_for_prompt("menu-admit", mark, SOON).await?;
    host.ear
        .wait_for_prompt("menu-drop-dialled", mark, SOON)
        .await?;
    assert!(!host.ear.hears(BERT), "who was called is at the door");
    key_and_hear(&host, "*4", "let-in").await?;
    host.ear.wait_until_hears(BERT, SOON).await?;
    callee.ear.wait_until_hears(ANNA, SOON).await?;
    confab.until_callers(ROOM, 2).await?;
    let mark = callee.ear.mark();
    key_and_hear(&host, "#5", "dial-dropped").await?;
    callee
        .ear
        .wait_for_prompt("you-were-dropped", mark, SOON)
        .await?;
    callee.ended_by_them(SOON).await?;
    host.ear.wait_until_silent_of(BERT, SOON).await?;
    host.hang_up().await?;
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

async fn in_the_other_layout_star_6_mutes_and_the_menu_says_so(language: Language) -> Result<()> {
    let settings = [
        "guests_may_start=true",
        "announce=nothing",
        "layout=star-six",
    ];
    let confab = Confab::start_with(Setup::with_room(&settings).speaking(language)).await?;
    let anna = confab.guest(Plan::humming("Anna", ANNA)).await?;
    let bert = confab.guest(Plan::humming("Bert", BERT)).await?;
    bert.ear.wait_until_hears(ANNA, SOON).await?;
    key_and_hear(&anna, "*6", "you-are-muted").await?;
    bert.ear.wait_until_silent_of(ANNA, SOON).await?;
    let mark = anna.ear.mark();
    anna.key("*1").await?;
    anna.ear.wait_for_prompt("menu-mute", mark, SOON).await?;
    anna.ear.wait_for_prompt("keys-star-6", mark, SOON).await?;
    for phone in [anna, bert] {
        phone.hang_up().await?;
    }
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
