//! Encrypted calls: SRTP by another implementation than the bridge's, with keys in the SDP.

use anyhow::{Context, Result};
use sipp_scenarios::baresip::{self, Baresip};
use sipp_scenarios::confab::{ACCESS_NUMBER, Confab, ROOM, eventually};
use sipp_scenarios::phone::{CallState, Direction, Phone, Plan, Suite};

use crate::common::{ANNA, BERT, SOON, quiet};

const REJECTED: &str = "confab_media_packets_rejected_total";

/// A caller who keys a room on an encrypted line.
async fn keys_the_room(confab: &Confab, suite: Suite) -> Result<Phone> {
    let mut plan = Plan::humming("sealed", ANNA).sealed(suite);
    plan.language = confab.language();
    let phone = Phone::call(confab.sip(), ACCESS_NUMBER, plan).await?;
    let theirs = phone.their_sdp()?.crypto;
    theirs.context("the answer has no key")?;
    phone.key(&format!("{ROOM}##")).await?;
    Ok(phone)
}

async fn hear_each_other(sealed: &Phone, plain: &Phone) -> Result<()> {
    plain.ear.wait_until_hears(ANNA, SOON).await?;
    sealed.ear.wait_until_hears(BERT, SOON).await?;
    sealed.ear.wait_until_silent_of(ANNA, SOON).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn encrypted_and_plain_callers_hear_each_other() -> Result<()> {
    let confab = Confab::start_with(quiet()).await?;
    let plain = confab.guest(Plan::humming("plain", BERT)).await?;
    for suite in Suite::ALL {
        let sealed = keys_the_room(&confab, suite).await?;
        hear_each_other(&sealed, &plain)
            .await
            .with_context(|| format!("{suite:?}"))?;
        let reports = || async { Ok(sealed.ear.line().rtcp > 0) };
        eventually("a report", SOON, reports).await?;
        assert_eq!(sealed.unopened(), 0, "{suite:?}");
        sealed.hang_up().await?;
        plain.ear.wait_until_silent_of(ANNA, SOON).await?;
    }
    plain.hang_up().await?;
    confab.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_tags_are_counted_and_the_call_goes_on() -> Result<()> {
    let confab = Confab::start_with(quiet()).await?;
    let plain = confab.guest(Plan::humming("plain", BERT)).await?;
    let sealed = keys_the_room(&confab, Suite::Counter80).await?;
    hear_each_other(&sealed, &plain).await?;
    let rejected =
        || async { Ok::<_, anyhow::Error>(confab.metric(REJECTED).await?.unwrap_or(0.0)) };
    let before = rejected().await?;
    sealed.spoil_tags(true);
    plain.ear.wait_until_silent_of(ANNA, SOON).await?;
    let counted = || async { Ok(rejected().await? >= before + 50.0) };
    eventually("they are counted", SOON, counted).await?;
    sealed.ear.wait_until_hears(BERT, SOON).await?;
    sealed.spoil_tags(false);
    hear_each_other(&sealed, &plain).await?;
    assert_eq!(sealed.state(), CallState::Talking);
    for phone in [sealed, plain] {
        phone.hang_up().await?;
    }
    confab.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hold_moves_and_new_keys_keep_the_sound() -> Result<()> {
    let confab = Confab::start_with(quiet()).await?;
    let plain = confab.guest(Plan::humming("plain", BERT)).await?;
    let sealed = keys_the_room(&confab, Suite::Counter32).await?;
    hear_each_other(&sealed, &plain).await?;
    let key = sealed.their_sdp()?.crypto;
    assert_eq!(sealed.hold().await?, Direction::RecvOnly);
    plain.ear.wait_until_silent_of(ANNA, SOON).await?;
    assert_eq!(sealed.resume().await?, Direction::SendRecv);
    hear_each_other(&sealed, &plain).await?;
    assert_eq!(
        sealed.their_sdp()?.crypto,
        key,
        "a key that stays is answered by the same"
    );
    sealed.change_key().await?;
    assert_ne!(sealed.their_sdp()?.crypto, key);
    plain.ear.wait_until_hears(ANNA, SOON).await?;
    hear_each_other(&sealed, &plain).await?;
    sealed.move_media(Some(ANNA)).await?;
    hear_each_other(&sealed, &plain).await?;
    for phone in [sealed, plain] {
        phone.hang_up().await?;
    }
    confab.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_policy_decides_who_is_refused() -> Result<()> {
    for (policy, plain_status, sealed_status) in
        [("require", Some(488), None), ("never", None, Some(488))]
    {
        let confab = Confab::start_with(quiet().env("CONFAB_SRTP", policy)).await?;
        let plain = Plan::humming("plain", BERT);
        let sealed = Plan::humming("sealed", ANNA).sealed(Suite::Gcm256);
        for (plan, status) in [(plain, plain_status), (sealed, sealed_status)] {
            let expected = status.map_or(CallState::Talking, CallState::Refused);
            let phone = Phone::dial(confab.sip(), ACCESS_NUMBER, plan).await?;
            let state = phone.wait_for(SOON, |s| s > CallState::Ringing).await?;
            assert_eq!(state, expected, "{policy}: {}", phone.name());
            phone.hang_up().await?;
        }
        confab.finish().await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn baresip_encrypts_and_keys_the_room() -> Result<()> {
    if !baresip::is_available() {
        return Ok(());
    }
    // Nothing plain is taken, so what is heard was encrypted.
    let confab = Confab::start_with(quiet().env("CONFAB_SRTP", "require")).await?;
    let plan = Plan::humming("listener", BERT).sealed(Suite::Counter80);
    let listener = confab.guest(plan).await?;
    let mut softphone = Baresip::start_sealed("alice", ANNA).await?;
    softphone.dial(ACCESS_NUMBER, confab.sip()).await?;
    let is_there = || async { Ok(confab.metric("confab_calls").await? >= Some(2.0)) };
    eventually("the call is there", SOON, is_there)
        .await
        .with_context(|| softphone.log())?;
    softphone.key(&format!("{ROOM}##")).await?;
    listener
        .ear
        .wait_until_hears(ANNA, SOON)
        .await
        .with_context(|| softphone.log())?;
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    let heard = softphone.hang_up().await?;
    let last = heard.stretch(
        heard.ms().saturating_sub(1_500),
        heard.ms().saturating_sub(500),
    );
    let heard_ms = sipp_scenarios::sound::tone::heard_ms(last, BERT);
    assert!(heard_ms >= 700, "the listener for {heard_ms} ms");
    listener.ear.wait_until_silent_of(ANNA, SOON).await?;
    listener.hang_up().await?;
    confab.finish().await
}
