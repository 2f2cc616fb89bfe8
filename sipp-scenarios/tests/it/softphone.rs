//! baresip, a softphone that people use, reaches a room by keying.

use anyhow::{Context, Result};
use sipp_scenarios::baresip::{self, Baresip};
use sipp_scenarios::confab::{ACCESS_NUMBER, Confab, PIN, ROOM};
use sipp_scenarios::phone::{Phone, Plan};

use crate::common::{ANNA, BERT, CARL, SOON, quiet};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn baresip_can_be_judged_by_our_phone() -> Result<()> {
    if !baresip::is_available() {
        return Ok(());
    }
    let (called, address) = Phone::wait_for_call(Plan::humming("called", ANNA)).await?;
    let mut softphone = Baresip::start("alice", BERT).await?;
    softphone.dial("called", address).await?;
    called
        .answered(SOON)
        .await
        .with_context(|| softphone.log())?;
    called
        .ear
        .wait_until_hears(BERT, SOON)
        .await
        .with_context(|| softphone.log())?;
    softphone.key("5").await?;
    assert!(
        called.ear.line().key_packets >= 3,
        "{:?}",
        called.ear.line()
    );
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    let heard = softphone.hang_up().await?;
    called.ended_by_them(SOON).await?;
    let tail = heard.stretch(
        heard.ms().saturating_sub(900),
        heard.ms().saturating_sub(200),
    );
    assert!(sipp_scenarios::sound::tone::is_steady(tail, ANNA));
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_baresips_meet_in_a_room_by_keying() -> Result<()> {
    if !baresip::is_available() {
        return Ok(());
    }
    let confab = Confab::start_with(quiet()).await?;
    let listener = confab.guest(Plan::humming("listener", ANNA)).await?;
    let mut softphones = Vec::new();
    let host_keys = format!("{ROOM}#*{PIN}#");
    for (name, hz, keys) in [
        ("alice", BERT, host_keys),
        ("bob", CARL, format!("{ROOM}##")),
    ] {
        let mut softphone = Baresip::start(name, hz).await?;
        softphone.dial(ACCESS_NUMBER, confab.sip()).await?;
        let portal = confab.portal().await?;
        sipp_scenarios::confab::eventually("the call is there", SOON, || async {
            Ok(confab.metric("confab_calls").await?
                >= Some(portal.legs(ROOM).await?.len() as f64 + 1.0))
        })
        .await
        .with_context(|| softphone.log())?;
        softphone.key(&keys).await?;
        listener
            .ear
            .wait_until_hears(hz, SOON)
            .await
            .with_context(|| softphone.log())?;
        softphones.push((softphone, hz));
    }
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    for (softphone, own) in softphones.into_iter().rev() {
        let heard = softphone.hang_up().await?;
        let last = heard.stretch(
            heard.ms().saturating_sub(1_500),
            heard.ms().saturating_sub(500),
        );
        let hears = |hz| sipp_scenarios::sound::tone::heard_ms(last, hz);
        assert!(hears(ANNA) >= 700, "the listener for {} ms", hears(ANNA));
        assert!(hears(own) == 0, "it hears itself for {} ms", hears(own));
        listener.ear.wait_until_silent_of(own, SOON).await?;
    }
    listener.hang_up().await?;
    confab.finish().await
}
