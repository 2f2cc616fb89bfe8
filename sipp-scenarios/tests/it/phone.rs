//! The phone must be trusted before it may judge: two of them talk to each other directly.

use std::time::Duration;

use anyhow::Result;
use sipp_scenarios::phone::{Direction, Phone, Plan};
use sipp_scenarios::sound::g711::Law;
use sipp_scenarios::sound::tone::TONES;

const SOON: Duration = Duration::from_secs(5);

/// A caller and a called phone that hum, connected.
async fn pair(caller: Plan) -> Result<(Phone, Phone)> {
    let callee = Plan {
        codecs: vec![Law::A.into(), Law::Mu.into()],
        packet_ms: caller.packet_ms,
        ..Plan::humming("called", TONES[1])
    };
    let (called, address) = Phone::wait_for_call(callee).await?;
    let calling = Phone::call(
        address,
        "1000",
        Plan {
            hum_hz: Some(TONES[0]),
            ..caller
        },
    )
    .await?;
    Ok((calling, called))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_phones_hear_each_other_and_not_themselves() -> Result<()> {
    for (law, packet_ms) in [
        (Law::Mu, 20),
        (Law::A, 20),
        (Law::Mu, 10),
        (Law::A, 30),
        (Law::Mu, 60),
    ] {
        let plan = Plan {
            codecs: vec![law.into()],
            packet_ms,
            ..Plan::default()
        };
        let (calling, called) = pair(plan).await?;
        calling.ear.wait_until_hears(TONES[1], SOON).await?;
        called.ear.wait_until_hears(TONES[0], SOON).await?;
        calling.ear.wait_until_silent_of(TONES[0], SOON).await?;
        assert!(!calling.ear.hears_speech());
        let level = calling.ear.last(400).level_dbov();
        assert!(
            (level - -15.3).abs() < 0.5,
            "{law:?} {packet_ms} ms: {level} dBov"
        );
        calling.hum(None);
        called.ear.wait_until_silent_of(TONES[0], SOON).await?;
        let line = called.ear.line();
        assert_eq!(
            (line.lost, line.disordered, line.strange, line.jumps),
            (0, 0, 0, 0)
        );
        calling.hang_up().await?;
        called.ended_by_them(SOON).await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn packets_are_paced_by_the_clock_and_keys_stand_in_for_sound() -> Result<()> {
    let (calling, called) = pair(Plan::default()).await?;
    called.ear.wait_until_hears(TONES[0], SOON).await?;
    let (mark, before) = (called.ear.mark(), called.ear.line());
    let started = std::time::Instant::now();
    calling.key("1*").await?;
    tokio::time::sleep(Duration::from_millis(400)).await;
    let (after, took) = (called.ear.line(), started.elapsed());
    // a key of 80 ms: three growing packets and its end three times
    assert_eq!(after.key_packets - before.key_packets, 2 * 6);
    let packets = after.packets - before.packets + 12;
    let expected = took.as_millis() as u64 / 20;
    assert!(
        packets.abs_diff(expected) <= 3,
        "{packets} packets in {took:?}"
    );
    // the end of what is heard now may still be on its way
    let heard = called.ear.since(mark).before_the_last(150);
    assert_eq!(heard.holes(100), 2, "no sound is sent while a key is down");
    assert_eq!(after.lost, 0, "keys share their numbers with sound");
    calling.hang_up().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hold_resume_and_new_ports() -> Result<()> {
    let (calling, called) = pair(Plan::default()).await?;
    called.ear.wait_until_hears(TONES[0], SOON).await?;
    assert_eq!(calling.hold().await?, Direction::RecvOnly);
    called.ear.wait_until_silent_of(TONES[0], SOON).await?;
    assert_eq!(calling.resume().await?, Direction::SendRecv);
    called.ear.wait_until_hears(TONES[0], SOON).await?;
    calling.move_media(Some(TONES[2])).await?;
    called.ear.wait_until_hears(TONES[2], SOON).await?;
    calling.ear.wait_until_hears(TONES[1], SOON).await?;
    assert_eq!(called.ear.line().ssrc_changes, 1);
    assert_eq!(calling.options().await?, 200);
    calling.key_by_info('5').await?;
    calling.hang_up().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_phone_that_dies_is_simply_silent() -> Result<()> {
    let (calling, called) = pair(Plan::default()).await?;
    called.ear.wait_until_hears(TONES[0], SOON).await?;
    calling.die();
    called.ear.wait_until_silent_of(TONES[0], SOON).await?;
    assert!(
        called
            .ended_by_them(Duration::from_millis(300))
            .await
            .is_err()
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_phone_says_what_it_is_given() -> Result<()> {
    use sipp_scenarios::sound::tone::Hum;
    let (calling, called) = pair(Plan::default()).await?;
    calling.hum(None);
    called.ear.wait_until_silent_of(TONES[0], SOON).await?;
    let mark = called.ear.mark();
    calling.say(&Hum::stretch(TONES[4], 8_000.0, 1_000)).await?;
    tokio::time::sleep(Duration::from_millis(300)).await;
    let said_ms = called.ear.since(mark).tone_ms(TONES[4]);
    assert!((900..=1_200).contains(&said_ms), "{said_ms} ms");
    calling.hang_up().await
}
