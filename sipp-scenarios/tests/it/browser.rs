//! The live page in a real browser, while real calls come and go.

use anyhow::{Context, Result};
use serde_json::Value;
use sipp_scenarios::browser::{self, Browser};
use sipp_scenarios::confab::{Confab, ROOM};
use sipp_scenarios::phone::Plan;

use crate::common::{ANNA, BERT, SOON, quiet};

/// The row of a caller in one of these states.
fn row(name: &'static str, state: &'static str) -> impl Fn(&Value) -> bool {
    move |seen| seen["event"] == "caller" && seen["name"] == name && seen["state"] == state
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_page_shows_a_caller_and_mutes_the_line() -> Result<()> {
    if !browser::is_available() {
        return Ok(());
    }
    let confab = Confab::start_with(quiet()).await?;
    let mut page = Browser::watch(&confab, ROOM).await?;
    // seen, and so not what is waited for at the end
    page.until("nobody is there", |seen| seen["event"] == "empty")
        .await?;
    let anna = confab.host(Plan::humming("Anna", ANNA)).await?;
    let bert = confab.guest(Plan::humming("Bert", BERT)).await?;
    let came = page
        .until("Bert's row", |seen| seen["name"] == "Bert")
        .await?;
    let leg = confab.portal().await?.leg(ROOM, "Bert").await?;
    let since_ms = leg.field("since_ms").as_u64().context("since when")?;
    let shown_ms = came["at_ms"].as_u64().context("a time")?;
    assert!(
        shown_ms.saturating_sub(since_ms) <= 1_000,
        "shown {} ms late",
        shown_ms - since_ms
    );
    page.until("Anna is the host", |seen| {
        seen["name"] == "Anna" && seen["host"] == true
    })
    .await?;
    page.until("Bert talks", row("Bert", "talking")).await?;
    anna.ear.wait_until_hears(BERT, SOON).await?;

    page.click("mute Bert").await?;
    page.until("Bert is muted", row("Bert", "muted")).await?;
    anna.ear.wait_until_silent_of(BERT, SOON).await?;
    bert.ear.wait_until_hears(ANNA, SOON).await?;
    // what the page has muted, the caller may open from the keypad, and the page shows it
    bert.key("*2").await?;
    anna.ear.wait_until_hears(BERT, SOON).await?;
    page.until("Bert talks again", row("Bert", "talking"))
        .await?;

    page.click("lecture strict").await?;
    page.until("Bert may not talk", row("Bert", "muted by host"))
        .await?;
    anna.ear.wait_until_silent_of(BERT, SOON).await?;
    bert.key("*9").await?;
    page.until("Bert's hand", |seen| {
        seen["name"] == "Bert" && seen["hand"] == "hand 1"
    })
    .await?;
    page.click("speak Bert").await?;
    anna.ear.wait_until_hears(BERT, SOON).await?;

    page.click("drop Bert").await?;
    bert.ended_by_them(SOON).await?;
    page.until("Bert is gone", |seen| {
        seen["event"] == "gone" && seen["name"] == "Bert"
    })
    .await?;
    anna.hang_up().await?;
    page.until("nobody is left", |seen| seen["event"] == "empty")
        .await?;
    confab.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_page_fits_the_screen() -> Result<()> {
    if !browser::is_available() {
        return Ok(());
    }
    let confab = Confab::start_with(quiet()).await?;
    let anna = confab.host(Plan::humming("Anna", ANNA)).await?;
    let bert = confab
        .guest(Plan::humming("Maximilian Oberhauser", BERT))
        .await?;
    anna.ear.wait_until_hears(BERT, SOON).await?;
    let pictures = tempfile::tempdir()?;
    browser::picture_every_page(&confab, ROOM, pictures.path()).await?;
    for page in [
        "live",
        "usage",
        "conference",
        "recordings",
        "billing",
        "settings",
        "account",
    ] {
        for width in ["1280", "1088", "768", "390"] {
            let picture = pictures.path().join(format!("{page}-{width}.png"));
            assert!(picture.exists(), "{} was not taken", picture.display());
        }
    }
    anna.hang_up().await?;
    bert.hang_up().await?;
    confab.finish().await
}
