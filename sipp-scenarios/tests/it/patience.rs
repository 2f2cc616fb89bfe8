//! Somebody who is alone for long, in real time: asked after a minute, let go after another.

use std::time::Duration;

use anyhow::{Result, ensure};
use sipp_scenarios::confab::{Confab, ROOM, Setup};
use sipp_scenarios::phone::Plan;

use crate::common::{ANNA, BERT, SOON};

/// The minute that a room is told to wait, and what a busy machine adds.
const A_MINUTE: Duration = Duration::from_secs(75);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_alone_is_asked_and_silence_ends_the_conference() -> Result<()> {
    let settings = [
        "guests_may_start=true",
        "announce=nothing",
        "alone_minutes=1",
    ];
    let other = "300001";
    let setup = Setup {
        rooms: vec![(
            other.into(),
            "8642097531".into(),
            settings.map(String::from).into(),
        )],
        ..Setup::with_room(&settings)
    };
    let confab = Confab::start_with(setup).await?;
    let silent = confab.guest(Plan::humming("silent", ANNA)).await?;
    let awake = confab
        .call_room(other, Plan::humming("awake", BERT))
        .await?;
    awake.key("#").await?;
    confab.until_callers(other, 1).await?;

    silent
        .ear
        .wait_for_prompt("still-alone", 0, A_MINUTE)
        .await?;
    awake.ear.wait_for_prompt("still-alone", 0, SOON).await?;
    let mark = awake.ear.mark();
    awake.key("5").await?;
    awake
        .ear
        .wait_for_prompt("conference-goes-on", mark, SOON)
        .await?;

    let mark = silent.ear.mark();
    silent
        .ear
        .wait_for_prompt("conference-ended", mark, A_MINUTE)
        .await?;
    silent.ended_by_them(SOON).await?;
    confab.until_callers(ROOM, 0).await?;
    ensure!(confab.callers(other).await? == 1, "who answered stays");
    awake.hang_up().await?;
    confab.finish().await
}
