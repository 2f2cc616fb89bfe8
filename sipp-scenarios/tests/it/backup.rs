//! `confab backup` in the middle of a call, and what a server finds that starts on the copy.

use anyhow::{Context, Result};
use sipp_scenarios::confab::{Confab, ROOM};
use sipp_scenarios::phone::Plan;

use crate::common::{ANNA, BERT, SOON, quiet};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_starts_on_the_copy_knows_everything() -> Result<()> {
    let confab = Confab::start_with(quiet()).await?;
    let anna = confab.host(Plan::humming("Anna", ANNA)).await?;
    let bert = confab.guest(Plan::humming("Bert", BERT)).await?;
    for prompt in ["recording-started", "recording-stopped"] {
        let told = bert.ear.mark();
        anna.key("*7").await?;
        bert.ear.wait_for_prompt(prompt, told, SOON).await?;
        bert.ear.wait_for_prompt_end(SOON).await?;
    }
    let portal = confab.portal().await?;
    let recordings = portal.json("/recordings").await?;
    let id = recordings
        .pointer("/recordings/0/id")
        .and_then(|id| id.as_str());
    let download = format!("/recordings/{}/download", id.context("no recording")?);
    let recorded = portal.bytes(&download).await?;

    let copy = confab.data_dir().with_file_name("copy");
    let folder = copy.to_str().context("a path in UTF-8")?;
    let told = confab.cli(&["backup", folder, "--recordings"]).await?;
    assert!(told.contains("recordings: 1"), "{told}");
    // the conference has noticed nothing
    bert.ear.wait_until_hears(ANNA, SOON).await?;

    let again = Confab::start_from(&copy).await?;
    let rooms = again.cli(&["room", "list"]).await?;
    assert!(rooms.contains(ROOM), "{rooms}");
    let portal = again.portal().await?;
    assert_eq!(portal.bytes(&download).await?, recorded);
    let known = portal.json("/conferences").await?;
    let reason = known.pointer("/conferences/0/end_reason");
    let reason = reason.and_then(|reason| reason.as_str());
    assert_eq!(
        reason,
        Some("crashed"),
        "closed when the copy was made: {known}"
    );
    // whoever has the PIN is let in as the host
    let host = again.host(Plan::humming("Anna", ANNA)).await?;
    host.hang_up().await?;
    again.finish().await?;

    anna.hang_up().await?;
    bert.hang_up().await?;
    confab.finish().await
}
