//! A phone whose loudspeaker is too loud: it is told, seen, and kept out.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use sipp_scenarios::confab::{Confab, ROOM, Setup, eventually};
use sipp_scenarios::phone::{Phone, Plan};
use sipp_scenarios::sipp;
use sipp_scenarios::sound::file;
use sipp_scenarios::sound::words::Language;

use crate::common::{SOON, cue_and_hear, in_three_languages, sipp};

in_three_languages!(an_echo_is_told_to_the_host_and_pound_6_mutes_it);

/// An echo is sure after some seconds of speech.
const LONG: Duration = Duration::from_secs(40);

/// A quarter of a minute of somebody who talks: numbers of callers, that is.
fn speech() -> Result<Vec<i16>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../bridge/prompts/en");
    let mut samples = Vec::new();
    for number in [12, 7, 19, 4, 33, 8, 41, 16] {
        let file = folder.join(format!("callers-{number}.flac"));
        samples.extend(file::read(&file)?.samples);
    }
    Ok(samples)
}

/// A phone that says nothing by itself.
fn called(name: &str) -> Plan {
    Plan {
        name: name.into(),
        ..Plan::default()
    }
}

async fn goes_on(phone: &Phone, speech: &[i16]) -> Result<()> {
    loop {
        phone.say(speech).await?;
    }
}

async fn an_echo_is_told_to_the_host_and_pound_6_mutes_it(language: Language) -> Result<()> {
    if !sipp::is_available() {
        return Ok(());
    }
    let settings = [
        "guests_may_start=true",
        "announce=nothing",
        "isolate_bad_lines=tell",
    ];
    let confab = Confab::start_with(Setup::with_room(&settings).speaking(language)).await?;
    let anna = confab.guest(called("Anna")).await?;
    let bert = confab.guest(called("Bert")).await?;
    let host = sipp(&confab, "pound_6_mutes_the_line_that_disturbs").await?;
    let ear = &host.tap.ear;
    confab.until_callers(ROOM, 3).await?;
    bert.echo(true);
    let speech = speech()?;
    let mark = ear.mark();
    tokio::select! {
        said = goes_on(&anna, &speech) => said?,
        told = ear.wait_for_prompt("line-disturbs", mark, LONG) => told?,
    }
    let portal = confab.portal().await?;
    assert_eq!(portal.leg(ROOM, "Bert").await?.text("fault"), "echo");
    assert_eq!(portal.leg(ROOM, "Anna").await?.text("fault"), "");
    let page = portal.text(&format!("/rooms/{ROOM}")).await?;
    assert!(page.contains("echoes"), "{page}");

    let muted = bert.ear.mark();
    cue_and_hear(&host, ear, "disturbing-line-muted").await?;
    bert.ear
        .wait_for_prompt("your-line-disturbs", muted, SOON)
        .await?;
    assert_eq!(portal.leg(ROOM, "Bert").await?.text("mute"), "muted");

    // The caller has turned the loudspeaker down, and takes the mute back.
    bert.echo(false);
    bert.key("*2").await?;
    eventually("the line is judged anew", SOON, || async {
        let bert = portal.leg(ROOM, "Bert").await?;
        Ok(bert.text("mute") == "open" && bert.text("fault").is_empty())
    })
    .await?;
    host.tap.cue().await?;
    host.succeeded(SOON).await?;
    for phone in [anna, bert] {
        phone.hang_up().await?;
    }
    confab.finish().await
}
