//! A phone whose loudspeaker is too loud: it is told, seen, and kept out.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use sipp_scenarios::confab::{Confab, ROOM, Setup, eventually};
use sipp_scenarios::phone::{Phone, Plan};
use sipp_scenarios::sound::file;
use sipp_scenarios::sound::words::Language;

use crate::common::{SOON, in_three_languages};

in_three_languages!(an_echo_is_told_to_the_host_who_mutes_it_by_pound_6);

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

async fn an_echo_is_told_to_the_host_who_mutes_it_by_pound_6(language: Language) -> Result<()> {
    let settings = [
        "guests_may_start=true",
        "announce=nothing",
        "isolate_bad_lines=tell",
    ];
    let confab = Confab::start_with(Setup::with_room(&settings).speaking(language)).await?;
    let host = confab.host(Plan::default()).await?;
    let anna = confab.guest(called("Anna")).await?;
    let bert = confab.guest(called("Bert")).await?;
    bert.echo(true);
    let speech = speech()?;
    let mark = host.ear.mark();
    tokio::select! {
        said = goes_on(&anna, &speech) => said?,
        told = host.ear.wait_for_prompt("line-disturbs", mark, LONG) => told?,
    }
    let portal = confab.portal().await?;
    assert_eq!(portal.leg(ROOM, "Bert").await?.text("fault"), "echo");
    assert_eq!(portal.leg(ROOM, "Anna").await?.text("fault"), "");
    let page = portal.text(&format!("/rooms/{ROOM}")).await?;
    assert!(page.contains("echoes"), "{page}");

    let (muted, done) = (bert.ear.mark(), host.ear.mark());
    host.key("#6").await?;
    bert.ear
        .wait_for_prompt("your-line-disturbs", muted, SOON)
        .await?;
    host.ear
        .wait_for_prompt("disturbing-line-muted", done, SOON)
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
    for phone in [anna, bert, host] {
        phone.hang_up().await?;
    }
    confab.finish().await
}
