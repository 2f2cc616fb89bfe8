//! Full: a room with no place left says so, a house with no port left refuses before it answers.

use std::net::UdpSocket;

use anyhow::{Context, Result, ensure};
use sipp_scenarios::confab::{Confab, ROOM, Setup, portal};
use sipp_scenarios::phone::{CallState, Phone, Plan};
use sipp_scenarios::sound::words::Language;

use crate::common::{ANNA, BERT, SOON, in_three_languages, quiet};

in_three_languages!(a_full_room_is_refused_in_words_and_its_host_gets_in);

async fn a_full_room_is_refused_in_words_and_its_host_gets_in(language: Language) -> Result<()> {
    let settings = ["guests_may_start=true", "announce=nothing", "max_callers=2"];
    let confab = Confab::start_with(Setup::with_room(&settings).speaking(language)).await?;
    let anna = confab.guest(Plan::humming("Anna", ANNA)).await?;
    let bert = confab.guest(Plan::humming("Bert", BERT)).await?;
    anna.ear.wait_until_hears(BERT, SOON).await?;
    let late = confab.call_room(ROOM, Plan::default()).await?;
    let mark = late.ear.mark();
    late.key("#").await?;
    late.ear.wait_for_prompt("room-is-full", mark, SOON).await?;
    late.ended_by_them(SOON).await?;
    let host = confab.host(Plan::default()).await?;
    host.ear.wait_until_hears(BERT, SOON).await?;
    for phone in [anna, bert, host] {
        phone.hang_up().await?;
    }
    confab.finish().await
}

/// The first port of two pairs that nobody has.
fn two_free_pairs() -> Result<u16> {
    let free = |port: u16| UdpSocket::bind(("127.0.0.1", port)).is_ok();
    (15_000..19_000)
        .step_by(4)
        .skip(std::process::id() as usize % 500)
        .find(|&first| (first..first + 4).all(free))
        .context("no free ports")
}

/// A limit that any line exceeds, on one thread: the first call is the last.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_house_that_is_busy_refuses_new_calls_and_those_it_has_go_on() -> Result<()> {
    let setup = quiet()
        .env("CONFAB_BUSY_TICK_US", "1")
        .env("CONFAB_MEDIA_THREADS", "1");
    let confab = Confab::start_with(setup).await?;
    let anna = confab.guest(Plan::humming("Anna", ANNA)).await?;
    let late = Phone::dial(confab.sip(), ROOM, Plan::default()).await?;
    let state = late.wait_for(SOON, |s| s > CallState::Ringing).await?;
    assert_eq!(state, CallState::Refused(503));
    let refused = confab.metric("confab_calls_refused_busy_total").await?;
    assert_eq!(refused, Some(1.0));
    let health = portal::get(&confab.url("/health")).await;
    let told = health.err().context("health is good")?.to_string();
    ensure!(told.contains("503"), "{told}");
    confab.until_callers(ROOM, 1).await?;
    anna.hang_up().await?;
    // without a line it is not busy, however slow the machine is
    let again = tokio::time::Instant::now() + SOON;
    let bert = loop {
        let call = Phone::dial(confab.sip(), ROOM, Plan::humming("Bert", BERT)).await?;
        match call.wait_for(SOON, |s| s > CallState::Ringing).await? {
            CallState::Talking => break call,
            state => ensure!(tokio::time::Instant::now() < again, "still {state:?}"),
        }
    };
    bert.hang_up().await?;
    confab.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_free_port_a_call_is_refused_until_one_is_free() -> Result<()> {
    let first = two_free_pairs()?;
    let ports = format!("{first}-{}", first + 3);
    let confab = Confab::start_with(quiet().env("CONFAB_RTP_PORTS", &ports)).await?;
    let anna = confab.guest(Plan::humming("Anna", ANNA)).await?;
    let bert = confab.guest(Plan::humming("Bert", BERT)).await?;
    anna.ear.wait_until_hears(BERT, SOON).await?;
    let late = Phone::dial(confab.sip(), ROOM, Plan::default()).await?;
    let state = late.wait_for(SOON, |s| s > CallState::Ringing).await?;
    assert_eq!(state, CallState::Refused(503));
    bert.hang_up().await?;
    // the port is free once its packets on the way have been let run dry
    let again = tokio::time::Instant::now() + SOON;
    let bert = loop {
        let call = Phone::dial(confab.sip(), ROOM, Plan::humming("Bert", BERT)).await?;
        match call.wait_for(SOON, |s| s > CallState::Ringing).await? {
            CallState::Talking => break call,
            state => ensure!(tokio::time::Instant::now() < again, "still {state:?}"),
        }
    };
    bert.key("#").await?;
    anna.ear.wait_until_hears(BERT, SOON).await?;
    for phone in [anna, bert] {
        phone.hang_up().await?;
    }
    confab.finish().await
}
