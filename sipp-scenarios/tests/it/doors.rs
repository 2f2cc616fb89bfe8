//! The doors: security codes keyed by telephone, and that nothing that was keyed is written down.

use anyhow::Result;
use sipp_scenarios::confab::{ACCESS_NUMBER, Confab, PIN, ROOM, Setup};
use sipp_scenarios::phone::{Phone, Plan};
use sipp_scenarios::sound::words::Language;

use crate::common::{ANNA, BERT, SOON, in_three_languages};

in_three_languages!(
    a_host_chooses_the_code_and_a_guest_keys_it,
    a_host_takes_the_usual_code_with_pound,
    who_guesses_is_wrong_even_when_right_and_the_owner_gets_in,
    a_guest_who_came_before_the_host_is_asked_when_the_code_is_set,
);

const PRESET: &str = "8064209753";
const CHOSEN: &str = "9182736455";
const WRONG_PIN: &str = "7046313590";
const WRONG_CODE: &str = "6613370429";

/// Keys something and waits for what is said then.
async fn key(phone: &Phone, keys: &str, answers: &[&str]) -> Result<()> {
    let mark = phone.ear.mark();
    phone.key(keys).await?;
    for prompt in answers {
        phone.ear.wait_for_prompt(prompt, mark, SOON).await?;
    }
    Ok(())
}

async fn with_code(language: Language) -> Result<Confab> {
    let settings = ["announce=nothing", "security_code=true"];
    Confab::start_with(Setup::with_room(&settings).speaking(language)).await
}

async fn a_host_chooses_the_code_and_a_guest_keys_it(language: Language) -> Result<()> {
    let confab = with_code(language).await?;
    let host = confab
        .call_room(ACCESS_NUMBER, Plan::humming("host", ANNA))
        .await?;
    key(&host, &format!("{ROOM}#"), &["host-press-star"]).await?;
    key(
        &host,
        &format!("*{WRONG_PIN}#"),
        &["wrong-entry", "enter-pin"],
    )
    .await?;
    key(&host, &format!("{PIN}#"), &["choose-code"]).await?;
    key(&host, &format!("{CHOSEN}#"), &["enter-code-again"]).await?;
    key(&host, &format!("{CHOSEN}#"), &["code-is-set"]).await?;
    confab.until_callers(ROOM, 1).await?;

    let guest = confab
        .call_room(ACCESS_NUMBER, Plan::humming("guest", BERT))
        .await?;
    key(&guest, &format!("{ROOM}##"), &["enter-code"]).await?;
    key(
        &guest,
        &format!("{WRONG_CODE}#"),
        &["wrong-entry", "enter-code"],
    )
    .await?;
    assert_eq!(confab.callers(ROOM).await?, 1);
    key(&guest, &format!("{CHOSEN}#"), &[]).await?;
    confab.until_callers(ROOM, 2).await?;
    host.ear.wait_until_hears(BERT, SOON).await?;

    let metrics = reqwest::get(confab.url("/metrics")).await?.text().await?;
    assert!(metrics.contains("confab_wrong_entries_total"), "{metrics}");
    let log = confab.log();
    for secret in [PIN, WRONG_PIN, CHOSEN, WRONG_CODE] {
        assert!(!log.contains(secret), "{log}");
        assert!(!metrics.contains(secret), "{metrics}");
    }
    for phone in [host, guest] {
        phone.hang_up().await?;
    }
    confab.finish().await
}

async fn a_host_takes_the_usual_code_with_pound(language: Language) -> Result<()> {
    let confab = with_code(language).await?;
    let set = format!("code={PRESET}");
    confab.cli(&["room", "set", ROOM, &set]).await?;
    let host = confab
        .call_room(ACCESS_NUMBER, Plan::humming("host", ANNA))
        .await?;
    key(&host, &format!("{ROOM}#*{PIN}#"), &["choose-code-or-usual"]).await?;
    key(&host, "#", &["usual-code-is-set"]).await?;
    confab.until_callers(ROOM, 1).await?;
    let guest = confab
        .call_room(ACCESS_NUMBER, Plan::humming("guest", BERT))
        .await?;
    key(&guest, &format!("{ROOM}##{PRESET}#"), &[]).await?;
    confab.until_callers(ROOM, 2).await?;
    assert!(!confab.log().contains(PRESET));
    for phone in [host, guest] {
        phone.hang_up().await?;
    }
    confab.finish().await
}

/// A call from this number that keys a wrong PIN until it is let go.
async fn guess_wrong(confab: &Confab, number: &str) -> Result<()> {
    let plan = Plan {
        number: number.into(),
        ..Plan::humming("thief", BERT)
    };
    let thief = confab.call_room(ROOM, plan).await?;
    thief
        .ear
        .wait_for_prompt("host-press-star", 0, SOON)
        .await?;
    key(&thief, &format!("*{WRONG_PIN}#"), &["wrong-entry"]).await?;
    key(&thief, &format!("{WRONG_PIN}#"), &["wrong-entry"]).await?;
    key(&thief, &format!("{WRONG_PIN}#"), &["goodbye"]).await?;
    thief.ended_by_them(SOON).await
}

async fn who_guesses_is_wrong_even_when_right_and_the_owner_gets_in(
    language: Language,
) -> Result<()> {
    let confab =
        Confab::start_with(Setup::with_room(&["announce=nothing"]).speaking(language)).await?;
    let owners = || Plan {
        number: "5550199".into(),
        ..Plan::humming("owner", ANNA)
    };
    confab.host(owners()).await?.hang_up().await?;
    // each call of the thief shows another number; beside each other, for each takes half a minute
    let guess = |number: &'static str| guess_wrong(&confab, number);
    tokio::try_join!(
        guess("5550200"),
        guess("5550201"),
        guess("5550202"),
        guess("5550203")
    )?;
    let thief = confab.call_room(ROOM, Plan::humming("thief", BERT)).await?;
    thief
        .ear
        .wait_for_prompt("host-press-star", 0, SOON)
        .await?;
    key(&thief, &format!("*{PIN}#"), &["wrong-entry", "enter-pin"]).await?;
    let owner = confab.host(owners()).await?;
    for phone in [thief, owner] {
        phone.hang_up().await?;
    }
    let log = confab.log();
    assert!(
        log.contains("wrong PINs or codes within the last hour"),
        "{log}"
    );
    assert!(!log.contains(WRONG_PIN), "{log}");
    let page = confab
        .portal()
        .await?
        .text(&format!("/rooms/{ROOM}"))
        .await?;
    assert!(page.contains("wrong PINs or security codes"), "{page}");
    confab.finish().await
}

async fn a_guest_who_came_before_the_host_is_asked_when_the_code_is_set(
    language: Language,
) -> Result<()> {
    let confab = with_code(language).await?;
    let guest = confab.guest(Plan::humming("guest", BERT)).await?;
    let mark = guest.ear.mark();
    let host = confab.call_room(ROOM, Plan::humming("host", ANNA)).await?;
    host.ear.wait_for_prompt("host-press-star", 0, SOON).await?;
    key(&host, &format!("*{PIN}#"), &["choose-code"]).await?;
    key(&host, &format!("{CHOSEN}#{CHOSEN}#"), &["code-is-set"]).await?;
    guest.ear.wait_for_prompt("enter-code", mark, SOON).await?;
    key(
        &guest,
        &format!("{WRONG_CODE}#"),
        &["wrong-entry", "enter-code"],
    )
    .await?;
    assert!(!host.ear.hears(BERT) && !guest.ear.hears(ANNA));
    key(&guest, &format!("{CHOSEN}#"), &[]).await?;
    host.ear.wait_until_hears(BERT, SOON).await?;
    guest.ear.wait_until_hears(ANNA, SOON).await?;
    // its keys are commands again
    key(&guest, "*2", &["you-are-muted"]).await?;
    host.ear.wait_until_silent_of(BERT, SOON).await?;
    for phone in [host, guest] {
        phone.hang_up().await?;
    }
    confab.finish().await
}
