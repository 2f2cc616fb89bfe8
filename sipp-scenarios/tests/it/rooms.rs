//! Rooms beside each other, rooms made while it runs, and what the portal does to a room.

use std::time::Duration;

use anyhow::Result;
use sipp_scenarios::confab::{Confab, HOST_EMAIL, ROOM, Setup, eventually};
use sipp_scenarios::phone::{Codec, Plan, Suite};
use sipp_scenarios::sound::g711::Law;
use sipp_scenarios::sound::tone::Hum;

use crate::common::{ANNA, BERT, CARL, SIPP_GUEST, SIPP_HOST, SOON, quiet};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_rooms_do_not_hear_each_other() -> Result<()> {
    let settings = quiet().room;
    let rooms = ["300001", "300002", "300003"];
    let setup = Setup {
        rooms: rooms
            .map(|room| (room.into(), "8642097531".into(), settings.clone()))
            .into(),
        ..quiet()
    };
    let confab = Confab::start_with(setup).await?;
    let mut pairs = Vec::new();
    for room in rooms {
        let mut pair = Vec::new();
        for tone in [ANNA, BERT] {
            let hz = if room == rooms[2] {
                tone + SIPP_GUEST - ANNA
            } else {
                tone
            };
            let phone = confab
                .call_room(room, Plan::humming(&format!("{hz} in {room}"), hz))
                .await?;
            phone.key("#").await?;
            pair.push(phone);
        }
        confab.until_callers(room, 2).await?;
        pairs.push(pair);
    }
    // the third room hums other tones: nobody else may hear them
    let third = [ANNA, BERT].map(|tone| tone + SIPP_GUEST - ANNA);
    for (i, pair) in pairs.iter().enumerate() {
        let (own, foreign) = if i == 2 {
            (third, [ANNA, BERT])
        } else {
            ([ANNA, BERT], third)
        };
        pair[0].ear.wait_until_hears(own[1], SOON).await?;
        pair[1].ear.wait_until_hears(own[0], SOON).await?;
        for tone in foreign {
            pair[0].ear.wait_until_silent_of(tone, SOON).await?;
        }
    }
    // within a room of the same tones, silence in one is silence in one
    pairs[0][0].hum(None);
    pairs[0][1].ear.wait_until_silent_of(ANNA, SOON).await?;
    assert!(
        pairs[1][1].ear.hears(ANNA),
        "{}",
        pairs[1][1].ear.last(400).in_words()
    );
    for phone in pairs.into_iter().flatten() {
        phone.hang_up().await?;
    }
    confab.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_room_added_on_the_command_line_is_there_for_the_next_call() -> Result<()> {
    let confab = Confab::start_with(quiet()).await?;
    confab
        .add_room("551177", "9753186420", &quiet().room)
        .await?;
    let anna = confab
        .call_room("551177", Plan::humming("Anna", ANNA))
        .await?;
    anna.key("#").await?;
    let bert = confab
        .call_room("551177", Plan::humming("Bert", BERT))
        .await?;
    bert.key("#").await?;
    anna.ear.wait_until_hears(BERT, SOON).await?;
    let list = confab.cli(&["room", "list", "--json"]).await?;
    assert!(
        list.contains("551177") && list.contains(HOST_EMAIL),
        "{list}"
    );
    confab
        .cli(&["room", "set", "551177", "join_muted=true"])
        .await?;
    // a conference keeps the settings it began with
    let carl = confab
        .call_room("551177", Plan::humming("Carl", CARL))
        .await?;
    carl.key("#").await?;
    anna.ear.wait_until_hears(CARL, SOON).await?;
    for phone in [anna, bert, carl] {
        phone.hang_up().await?;
    }
    confab.until_callers("551177", 0).await?;
    let anna = confab
        .call_room("551177", Plan::humming("Anna", ANNA))
        .await?;
    anna.key("#").await?;
    anna.ear.wait_for_prompt("you-are-muted", 0, SOON).await?;
    anna.hang_up().await?;
    confab.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_access_number_may_lead_straight_to_a_room() -> Result<()> {
    let confab = Confab::start_with(quiet()).await?;
    confab
        .cli(&[
            "number",
            "add",
            "4930555",
            "--language",
            "en",
            "--room",
            ROOM,
        ])
        .await?;
    let anna = confab.guest(Plan::humming("Anna", ANNA)).await?;
    let bert = confab
        .call_room("4930555", Plan::humming("Bert", BERT))
        .await?;
    bert.ear.wait_for_prompt("host-press-star", 0, SOON).await?;
    bert.key("#").await?;
    anna.ear.wait_until_hears(BERT, SOON).await?;
    for phone in [anna, bert] {
        phone.hang_up().await?;
    }
    confab.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mute_at_the_portal_takes_the_tone_out_of_the_room() -> Result<()> {
    let confab = Confab::start_with(quiet()).await?;
    let anna = confab.guest(Plan::humming("Anna", ANNA)).await?;
    let bert = confab.guest(Plan::humming("Bert", BERT)).await?;
    anna.ear.wait_until_hears(BERT, SOON).await?;
    let portal = confab.portal().await?;
    eventually("the portal shows who talks", SOON, || async {
        let legs = portal.legs(ROOM).await?;
        Ok(legs.len() == 2 && legs.iter().all(|leg| leg.field("talking") == true))
    })
    .await?;
    let leg = portal.leg(ROOM, "Bert").await?;
    portal.command(ROOM, "mute", Some(&leg)).await?;
    anna.ear.wait_until_silent_of(BERT, SOON).await?;
    bert.ear.wait_for_prompt("host-muted-you", 0, SOON).await?;
    assert_eq!(portal.leg(ROOM, "Bert").await?.text("mute"), "muted");
    // the keypad undoes what the portal did
    bert.key("*2").await?;
    anna.ear.wait_until_hears(BERT, SOON).await?;
    assert_eq!(portal.leg(ROOM, "Bert").await?.text("mute"), "open");
    portal.command(ROOM, "end", None).await?;
    for phone in [anna, bert] {
        phone.ended_by_them(SOON).await?;
        let heard = phone.ear.all();
        assert!(
            heard.heard_prompt("conference-ended")?,
            "{}",
            heard.all_said()
        );
    }
    confab.finish().await
}

/// Who mutes himself goes on humming: with the setting as it comes most of that is not read, and
/// his keys and his voice are there as soon as ever.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_who_is_muted_most_is_dropped_and_nothing_missed() -> Result<()> {
    for (drop_unheard, sealed) in [("true", false), ("true", true), ("false", false)] {
        let confab = Confab::start_with(quiet().env("CONFAB_DROP_UNHEARD", drop_unheard)).await?;
        let anna = confab.guest(Plan::humming("Anna", ANNA)).await?;
        let bert = Plan::humming("Bert", BERT);
        let bert = match sealed {
            true => bert.sealed(Suite::ALL[0]),
            false => bert,
        };
        let bert = confab.guest(bert).await?;
        for _ in 0..2 {
            anna.ear.wait_until_hears(BERT, SOON).await?;
            bert.key("*2").await?;
            anna.ear.wait_until_silent_of(BERT, SOON).await?;
            tokio::time::sleep(Duration::from_millis(2_500)).await;
            let came = moved(&confab, 3_000).await?;
            // One of two sends all, and the other an eighth; each is sent as many.
            let expected = match drop_unheard {
                "true" => 0.5..0.7,
                _ => 0.9..1.1,
            };
            assert!(expected.contains(&came), "{came}, {drop_unheard}, {sealed}");
            bert.key("*2").await?;
        }
        anna.ear.wait_until_hears(BERT, SOON).await?;
        bert.ear.wait_until_hears(ANNA, SOON).await?;
        assert_eq!(
            confab.metric("confab_media_packets_rejected_total").await?,
            Some(0.0)
        );
        for phone in [anna, bert] {
            phone.hang_up().await?;
        }
        confab.finish().await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_exact_silence_most_is_dropped_and_no_word_missed() -> Result<()> {
    tokio::try_join!(
        check_exact_silence("true", Codec::Law(Law::Mu), false),
        check_exact_silence("true", Codec::Law(Law::A), false),
        check_exact_silence("true", Codec::Law(Law::Mu), true),
        check_exact_silence("true", Codec::G722, false),
        check_exact_silence("false", Codec::Law(Law::A), false),
    )?;
    Ok(())
}

/// Bert is muted at his own telephone, which goes on sending exact silence, and now and then he
/// says something.
async fn check_exact_silence(drop_unheard: &str, codec: Codec, sealed: bool) -> Result<()> {
    let confab = Confab::start_with(quiet().env("CONFAB_DROP_UNHEARD", drop_unheard)).await?;
    let anna = confab.guest(Plan::humming("Anna", ANNA)).await?;
    let bert = Plan::humming("Bert", BERT).speaking(codec);
    let bert = match sealed {
        true => bert.sealed(Suite::ALL[0]),
        false => bert,
    };
    let bert = confab.guest(bert).await?;
    anna.ear.wait_until_hears(BERT, SOON).await?;
    bert.hum(None);
    for said_ms in [200, 700] {
        tokio::time::sleep(Duration::from_millis(5_500)).await;
        let came = moved(&confab, 2_000).await?;
        // One of two sends all, and the other an eighth; G.722 and what is sealed always look
        // different.
        let expected = match (drop_unheard, codec, sealed) {
            ("true", Codec::Law(_), false) => 0.5..0.7,
            _ => 0.9..1.1,
        };
        let what = format!("{drop_unheard}, {codec:?}, {sealed}");
        assert!(expected.contains(&came), "{came}, {what}");
        let mark = anna.ear.mark();
        bert.say(&Hum::stretch(BERT, 8_000.0, said_ms)).await?;
        tokio::time::sleep(Duration::from_millis(1_000)).await;
        let heard_ms = anna.ear.since(mark).tone_ms(BERT);
        // Heard by tenths of a second; a busy machine has the phone send late, which is filled up.
        let whole = said_ms - 60..=said_ms + 250;
        assert!(whole.contains(&heard_ms), "{heard_ms} of {said_ms}, {what}");
    }
    for phone in [anna, bert] {
        phone.hang_up().await?;
    }
    confab.finish().await
}

/// Packets read for each that was sent, meanwhile.
async fn moved(confab: &Confab, ms: u64) -> Result<f64> {
    let count = async |way| confab.metric(way).await.map(Option::unwrap_or_default);
    let (came, went) = (
        "confab_media_packets_in_total",
        "confab_media_packets_out_total",
    );
    let before = [count(came).await?, count(went).await?];
    tokio::time::sleep(Duration::from_millis(ms)).await;
    Ok((count(came).await? - before[0]) / (count(went).await? - before[1]))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_who_hum_at_once_do_not_distort() -> Result<()> {
    let confab = Confab::start_with(quiet()).await?;
    let listener = confab
        .guest(Plan {
            name: "listener".into(),
            ..Plan::default()
        })
        .await?;
    let mut talkers = Vec::new();
    let tones = [ANNA, BERT, SIPP_GUEST, SIPP_HOST, CARL];
    for (i, hz) in tones.iter().cycle().take(10).enumerate() {
        talkers.push(
            confab
                .guest(Plan::humming(&format!("talker {i}"), *hz))
                .await?,
        );
    }
    for hz in tones {
        listener.ear.wait_until_hears(hz, SOON).await?;
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    let heard = listener.ear.last(1_000);
    assert!(heard.level_dbov() < -3.0, "{} dBov", heard.level_dbov());
    // what is none of the tones is distortion
    let distance = heard.level_dbov() - heard.speech_dbov();
    assert!(
        distance > 25.0,
        "distortion is only {distance:.0} dB under the voices"
    );
    for phone in talkers.into_iter().chain([listener]) {
        phone.hang_up().await?;
    }
    confab.finish().await
}
