//! Calls as telephones make them: transports, laws, packet times, offers, holds, moves, ends.

use std::time::Duration;

use anyhow::Result;
use sipp_scenarios::confab::{Confab, ROOM, eventually};
use sipp_scenarios::phone::{CallState, Codec, Direction, Phone, Plan, Transport};
use sipp_scenarios::sipp;
use sipp_scenarios::sound::g711::Law;

use crate::common::{ANNA, BERT, CARL, SIPP_GUEST, SOON, quiet, sipp};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn phones_of_every_kind_hear_each_other() -> Result<()> {
    let confab = Confab::start_with(quiet()).await?;
    let anna = confab.guest(Plan::humming("Anna", ANNA)).await?;
    let kinds = [
        (Transport::Tcp, vec![Law::A], 20, true),
        (Transport::Udp, vec![Law::A, Law::Mu], 10, false),
        (Transport::Udp, vec![Law::Mu], 30, true),
        (Transport::Tcp, vec![Law::Mu, Law::A], 40, false),
        (Transport::Udp, vec![Law::A], 60, false),
    ];
    for (transport, laws, packet_ms, late_offer) in kinds {
        let name = format!("{transport:?} {laws:?} {packet_ms} ms late:{late_offer}");
        let plan = Plan {
            transport,
            codecs: laws.into_iter().map(Codec::Law).collect(),
            packet_ms,
            late_offer,
            ..Plan::humming(&name, BERT)
        };
        let bert = confab.guest(plan).await?;
        anna.ear.wait_until_hears(BERT, SOON).await?;
        bert.ear.wait_until_hears(ANNA, SOON).await?;
        bert.ear.wait_until_silent_of(BERT, SOON).await?;
        let line = bert.ear.line();
        assert_eq!((line.strange, line.key_packets), (0, 0), "{name}");
        assert_eq!(bert.options().await?, 200, "{name}");
        bert.hang_up().await?;
        anna.ear.wait_until_silent_of(BERT, SOON).await?;
    }
    anna.hang_up().await?;
    confab.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn why_a_line_whose_sound_comes_from_elsewhere_dies_is_in_the_log() -> Result<()> {
    let confab = Confab::start_with(quiet().env("CONFAB_DEAD_LINE_SECONDS", "4")).await?;
    let anna = confab.guest(Plan::humming("Anna", ANNA)).await?;
    let plan = Plan {
        sdp_address: Some("198.51.100.7".parse()?),
        ..Plan::humming("Bert", BERT)
    };
    let bert = confab.call_room(ROOM, plan).await?;
    bert.ended_by_them(SOON).await?;
    let log = confab.log();
    let told: Vec<&str> = log
        .lines()
        .take_while(|line| !line.contains("the line is dead"))
        .filter(|line| line.contains("it is not believed"))
        .collect();
    let addresses = ["named=198.51.100.7:", "from=127.0.0.1:"];
    assert_eq!(told.len(), 1, "{log}");
    assert!(addresses.iter().all(|a| told[0].contains(a)), "{told:?}");
    anna.hang_up().await?;
    confab.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_quiet_machine_loses_nothing_and_sends_an_even_stream() -> Result<()> {
    let confab = Confab::start_with(quiet()).await?;
    let anna = confab.guest(Plan::humming("Anna", ANNA)).await?;
    let bert = confab.guest(Plan::humming("Bert", BERT)).await?;
    anna.ear.wait_until_hears(BERT, SOON).await?;
    let before = anna.ear.line();
    tokio::time::sleep(Duration::from_secs(5)).await;
    let after = anna.ear.line();
    assert_eq!(
        (
            after.lost,
            after.disordered,
            after.ssrc_changes,
            after.jumps
        ),
        (0, 0, 0, 0)
    );
    let packets = after.packets - before.packets;
    assert!(
        (240..=260).contains(&packets),
        "{packets} packets in five seconds"
    );
    eventually("RTCP comes", SOON, || async {
        Ok(anna.ear.line().rtcp > 0)
    })
    .await?;
    for phone in [anna, bert] {
        phone.hang_up().await?;
    }
    confab.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hold_resume_and_a_new_address() -> Result<()> {
    let confab = Confab::start_with(quiet()).await?;
    let anna = confab.guest(Plan::humming("Anna", ANNA)).await?;
    let bert = confab.guest(Plan::humming("Bert", BERT)).await?;
    anna.ear.wait_until_hears(BERT, SOON).await?;
    assert_eq!(bert.hold().await?, Direction::RecvOnly);
    anna.ear.wait_until_silent_of(BERT, SOON).await?;
    bert.ear.wait_until_silent_of(ANNA, SOON).await?;
    assert_eq!(bert.resume().await?, Direction::SendRecv);
    anna.ear.wait_until_hears(BERT, SOON).await?;
    bert.ear.wait_until_hears(ANNA, SOON).await?;
    bert.move_media(Some(CARL)).await?;
    anna.ear.wait_until_hears(CARL, SOON).await?;
    anna.ear.wait_until_silent_of(BERT, SOON).await?;
    bert.ear.wait_until_hears(ANNA, SOON).await?;
    for phone in [anna, bert] {
        phone.hang_up().await?;
    }
    confab.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_that_is_cancelled_leaves_nothing() -> Result<()> {
    let confab = Confab::start_with(quiet()).await?;
    for _ in 0..5 {
        let phone = Phone::dial(confab.sip(), ROOM, Plan::default()).await?;
        // the answer may be faster than the CANCEL; then it is a call like any other
        let cancelled = phone.cancel().await;
        let state = phone.wait_for(SOON, |s| s > CallState::Ringing).await?;
        match state {
            CallState::Refused(487) => cancelled?,
            CallState::Talking => phone.hang_up().await?,
            other => anyhow::bail!("a cancelled call is {other:?}"),
        }
    }
    confab.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_bye_ends_by_silence() -> Result<()> {
    if !sipp::is_available() {
        return Ok(());
    }
    let setup = quiet().env("CONFAB_DEAD_LINE_SECONDS", "3");
    let confab = Confab::start_with(setup).await?;
    let anna = confab.guest(Plan::humming("Anna", ANNA)).await?;
    let gone = sipp(&confab, "a_lost_bye_ends_by_silence").await?;
    anna.ear.wait_until_hears(SIPP_GUEST, SOON).await?;
    gone.tap.cue().await?;
    gone.succeeded(SOON).await?;
    anna.ear.wait_until_silent_of(SIPP_GUEST, SOON).await?;
    confab.until_callers(ROOM, 1).await?;
    // a phone of ours, to see the same and the BYE that is sent into the void
    let bert = confab.guest(Plan::humming("Bert", BERT)).await?;
    anna.ear.wait_until_hears(BERT, SOON).await?;
    bert.die();
    confab.until_callers(ROOM, 1).await?;
    anna.hang_up().await?;
    confab.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_dropped_is_told_and_gets_a_bye() -> Result<()> {
    let confab = Confab::start_with(quiet()).await?;
    let anna = confab.guest(Plan::humming("Anna", ANNA)).await?;
    let bert = confab.guest(Plan::humming("Bert", BERT)).await?;
    anna.ear.wait_until_hears(BERT, SOON).await?;
    let portal = confab.portal().await?;
    let leg = portal.leg(ROOM, "Bert").await?;
    portal.command(ROOM, "drop", Some(&leg)).await?;
    bert.ended_by_them(SOON).await?;
    assert!(
        bert.ear.all().heard_prompt("you-were-dropped")?,
        "{}",
        bert.ear.all().all_said()
    );
    anna.ear.wait_until_silent_of(BERT, SOON).await?;
    anna.hang_up().await?;
    confab.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stopping_says_goodbye_to_everybody() -> Result<()> {
    let mut confab = Confab::start_with(quiet()).await?;
    let anna = confab.guest(Plan::humming("Anna", ANNA)).await?;
    let bert = confab.guest(Plan::humming("Bert", BERT)).await?;
    anna.ear.wait_until_hears(BERT, SOON).await?;
    confab.stop().await?;
    for phone in [anna, bert] {
        phone.ended_by_them(SOON).await?;
        let heard = phone.ear.all();
        assert!(
            heard.heard_prompt("conference-ended")?,
            "{}",
            heard.all_said()
        );
    }
    confab.serve().await?;
    confab.finish().await
}
