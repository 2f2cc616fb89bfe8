//! A call from INVITE to its end, in every way it can go.

use std::time::Duration;

use confab_core::audio::stream::{Codec, Direction};
use confab_core::event::EndReason;
use confab_core::refusal::Refusal;
use confab_dtmf::Key;
use confab_sip::{Caller, SipCommand, SipEvent, Tuning};

use crate::phone::{Got, OFFER, Phone};
use crate::server::{Server, brisk};

async fn plain_call(server: &mut Server, phone: &mut Phone) {
    phone
        .send("INVITE", &["Allow: INVITE, ACK, BYE"], OFFER)
        .await;
    assert_eq!(phone.next().await.status(), 100);
    let event = server.event().await;
    let SipEvent::Invite {
        leg,
        caller,
        dialled,
        source,
    } = event
    else {
        panic!("{event:?}")
    };
    let expected = Caller {
        number: "4912345".into(),
        name: "Anna".into(),
    };
    assert_eq!(
        (caller, dialled.as_str(), source),
        (expected, "1000", phone.local)
    );
    server.command(SipCommand::Ring(leg)).await;
    let ringing = phone.expect(180).await;
    server.answer(leg).await;
    let ok = phone.expect(200).await;
    assert_eq!(ringing.must("To"), ok.must("To"), "one dialog");
    assert_eq!(ok.must("Content-Type"), "application/sdp");
    assert!(
        ok.body.contains("m=audio 20000 RTP/AVP 8 101\r\n"),
        "{ok:#?}"
    );
    assert!(
        ok.must("Contact").starts_with("<sip:confab@127.0.0.1:"),
        "{ok:#?}"
    );
    phone.ack("").await;
    let stream = server.established().await;
    assert_eq!(
        (stream.codec, stream.direction),
        (Codec::Pcma, Direction::SendRecv)
    );
    assert_eq!(stream.remote, "127.0.0.1:4000".parse().unwrap());
    phone.send("BYE", &[], "").await;
    phone.expect(200).await;
    assert_eq!(server.ended().await, EndReason::CallerHungUp);
    server.empties().await;
}

#[tokio::test]
async fn a_call_over_udp() {
    let mut server = Server::start().await;
    let mut phone = Phone::udp(server.udp).await;
    plain_call(&mut server, &mut phone).await;
}

#[tokio::test]
async fn a_call_over_tcp() {
    let mut server = Server::start().await;
    let mut phone = Phone::tcp(server.tcp).await;
    plain_call(&mut server, &mut phone).await;
}

#[tokio::test]
async fn a_call_over_ipv6() {
    let mut server = Server::with(brisk(), "::1", 1000).await;
    let mut phone = Phone::udp(server.udp).await;
    let offer = OFFER.replace("IP4 127.0.0.1", "IP6 ::1");
    // A Via with a name in it: the way back is the address it came from.
    let via = format!("UDP {};", phone.local);
    let invite = phone.request("INVITE", &[], &offer);
    let invite = invite.replace(&via, "UDP phone.example;");
    phone.send_raw(invite.as_bytes()).await;
    let leg = server.invited().await;
    server
        .command(SipCommand::Answer {
            leg,
            rtp: "[::1]:20000".parse().unwrap(),
        })
        .await;
    let ok = phone.expect(200).await;
    assert!(ok.body.contains("c=IN IP6 ::1\r\n"), "{ok:#?}");
    phone.ack("").await;
    assert_eq!(
        server.established().await.remote,
        "[::1]:4000".parse().unwrap()
    );
    server
        .command(SipCommand::Hangup {
            leg,
            reason: EndReason::Dropped,
        })
        .await;
    phone.take_bye().await;
    assert_eq!(server.ended().await, EndReason::Dropped);
    let options = phone.request("OPTIONS", &[], "");
    let options = options.replace(&via, "UDP phone.example;");
    for _ in 0..2 {
        phone.send_raw(options.as_bytes()).await;
        phone.expect(481).await;
    }
}

#[tokio::test]
async fn the_server_hangs_up() {
    let mut server = Server::start().await;
    for tcp in [false, true] {
        let mut phone = if tcp {
            Phone::tcp(server.tcp).await
        } else {
            Phone::udp(server.udp).await
        };
        let (leg, _) = server.connect(&mut phone).await;
        server
            .command(SipCommand::Hangup {
                leg,
                reason: EndReason::ConferenceEnded,
            })
            .await;
        let bye = phone.take_bye().await;
        assert!(
            bye.must("From").contains(phone.to_tag.as_deref().unwrap()),
            "{bye:#?}"
        );
        assert!(bye.must("To").contains(&phone.from_tag), "{bye:#?}");
        assert_eq!(bye.must("Call-ID"), phone.call_id);
        assert_eq!(server.ended().await, EndReason::ConferenceEnded);
    }
    server.empties().await;
}

#[tokio::test]
async fn a_200_is_repeated_until_the_ack() {
    let mut server = Server::start().await;
    let mut phone = Phone::udp(server.udp).await;
    phone.send("INVITE", &[], OFFER).await;
    let leg = server.invited().await;
    server.answer(leg).await;
    for _ in 0..3 {
        phone.expect(200).await;
    }
    phone.ack("").await;
    server.established().await;
    while phone
        .next_within(Duration::from_millis(400))
        .await
        .is_some_and(|g| g.status() == 200)
    {}
    phone.expect_silence().await;
    // A second ACK, as after a lost one, harms nobody.
    phone.ack("").await;
    phone.send("BYE", &[], "").await;
    phone.expect(200).await;
}

#[tokio::test]
async fn an_invite_is_repeated_and_makes_one_call() {
    let mut server = Server::start().await;
    let mut phone = Phone::udp(server.udp).await;
    let invite = phone.send("INVITE", &[], OFFER).await;
    let leg = server.invited().await;
    phone.send_raw(invite.as_bytes()).await;
    phone.send_raw(invite.as_bytes()).await;
    server.answer(leg).await;
    phone.expect(200).await;
    phone.ack("").await;
    server.established().await;
    assert_eq!(server.count("calls_total"), 1);
}

#[tokio::test]
async fn without_an_ack_the_call_ends() {
    let mut server = Server::start().await;
    let mut phone = Phone::udp(server.udp).await;
    phone.send("INVITE", &[], OFFER).await;
    let leg = server.invited().await;
    server.answer(leg).await;
    let ok = phone.expect(200).await;
    let mut last = ok;
    while last.status() == 200 {
        last = phone.reply().await;
    }
    assert!(last.start.starts_with("BYE "), "{last:#?}");
    phone.answer(&last, "200 OK", &[]).await;
    assert_eq!(server.ended().await, EndReason::SignallingFailed);
    assert_eq!(server.count("no_ack"), 1);
    server.empties().await;
}

#[tokio::test]
async fn a_caller_gives_up_before_the_answer() {
    let mut server = Server::start().await;
    let mut phone = Phone::udp(server.udp).await;
    phone.send("INVITE", &[], OFFER).await;
    let leg = server.invited().await;
    server.command(SipCommand::Ring(leg)).await;
    phone.expect(180).await;
    phone.to_tag = None;
    phone.send("CANCEL", &[], "").await;
    let mut statuses = [phone.reply().await.status(), phone.reply().await.status()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 487]);
    assert_eq!(server.ended().await, EndReason::CallerHungUp);
    // Commands for a leg that is gone are ignored.
    server.answer(leg).await;
    server.empties().await;
}

#[tokio::test]
async fn a_cancel_after_the_answer_changes_nothing() {
    let mut server = Server::start().await;
    let mut phone = Phone::udp(server.udp).await;
    phone.send("INVITE", &[], OFFER).await;
    let leg = server.invited().await;
    server.answer(leg).await;
    phone.expect(200).await;
    let tag = phone.to_tag.take();
    phone.send("CANCEL", &[], "").await;
    phone.to_tag = tag;
    phone.ack("").await;
    server.established().await;
}

#[tokio::test]
async fn a_bye_before_the_answer_ends_the_call() {
    let mut server = Server::start().await;
    let mut phone = Phone::udp(server.udp).await;
    phone.send("INVITE", &[], OFFER).await;
    let leg = server.invited().await;
    server.command(SipCommand::Ring(leg)).await;
    phone.expect(180).await;
    phone.send("BYE", &[], "").await;
    let mut statuses = [phone.reply().await.status(), phone.reply().await.status()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 487]);
    assert_eq!(server.ended().await, EndReason::CallerHungUp);
}

#[tokio::test]
async fn refusals_have_their_status() {
    let mut server = Server::start().await;
    let refusals = [
        Refusal::WrongEntry,
        Refusal::NotFound,
        Refusal::RoomLocked,
        Refusal::RoomFull,
        Refusal::HouseFull,
        Refusal::NoCommonCodec,
    ];
    for refusal in refusals {
        let mut phone = Phone::udp(server.udp).await;
        phone.send("INVITE", &[], OFFER).await;
        let leg = server.invited().await;
        server.command(SipCommand::Refuse { leg, refusal }).await;
        let got = phone.expect(refusal.sip_status()).await;
        assert_eq!(
            got.header("Retry-After").is_some(),
            refusal.sip_status() == 503
        );
        acknowledge(&mut phone, &got).await;
        assert_eq!(server.ended().await, EndReason::Refused(refusal));
    }
    server.empties().await;
}

/// The ACK to a refusal belongs to the INVITE's transaction.
async fn acknowledge(phone: &mut Phone, refused: &Got) {
    let branch = phone.branch.clone();
    let ack = phone.request("ACK", &[], "");
    let top = ack.split("\r\n").nth(1).unwrap().to_owned();
    let start = top.split(";branch=").next().unwrap();
    let ack = ack.replacen(&top, &format!("{start};branch={branch};rport"), 1);
    assert!(refused.must("Via").contains(&branch));
    phone.send_raw(ack.as_bytes()).await;
}

#[tokio::test]
async fn a_hangup_before_the_answer_is_a_refusal() {
    let mut server = Server::start().await;
    let cases = [
        (EndReason::Dropped, 603),
        (EndReason::MenuTimeout, 480),
        (EndReason::Shutdown, 503),
        (EndReason::Refused(Refusal::RoomFull), 486),
    ];
    for (reason, status) in cases {
        let mut phone = Phone::udp(server.udp).await;
        phone.send("INVITE", &[], OFFER).await;
        let leg = server.invited().await;
        server.command(SipCommand::Hangup { leg, reason }).await;
        phone.expect(status).await;
        assert_eq!(server.ended().await, reason);
    }
}

#[tokio::test]
async fn a_hangup_before_the_ack_waits_for_it() {
    let mut server = Server::start().await;
    let mut phone = Phone::udp(server.udp).await;
    phone.send("INVITE", &[], OFFER).await;
    let leg = server.invited().await;
    server.answer(leg).await;
    phone.expect(200).await;
    server
        .command(SipCommand::Hangup {
            leg,
            reason: EndReason::Dropped,
        })
        .await;
    assert_eq!(server.ended().await, EndReason::Dropped);
    phone.ack("").await;
    let mut next = phone.reply().await;
    while next.status() == 200 {
        next = phone.reply().await;
    }
    assert!(next.start.starts_with("BYE "), "{next:#?}");
    phone.answer(&next, "200 OK", &[]).await;
    server.empties().await;
}

#[tokio::test]
async fn nobody_answers() {
    let tuning = Tuning {
        setup: Duration::from_millis(100),
        ..brisk()
    };
    let mut server = Server::tuned(tuning).await;
    let mut phone = Phone::udp(server.udp).await;
    phone.send("INVITE", &[], OFFER).await;
    server.invited().await;
    phone.expect(480).await;
    assert_eq!(server.ended().await, EndReason::SignallingFailed);
}

#[tokio::test]
async fn an_invite_without_sdp_gets_our_offer() {
    let mut server = Server::start().await;
    let mut phone = Phone::udp(server.udp).await;
    phone.send("INVITE", &[], "").await;
    let leg = server.invited().await;
    server.answer(leg).await;
    let ok = phone.expect(200).await;
    assert!(
        ok.body.contains("m=audio 20000 RTP/AVP 8 0 101\r\n"),
        "{ok:#?}"
    );
    let answer = OFFER
        .replace("RTP/AVP 8 0 101", "RTP/AVP 0 101")
        .replace("4000", "4400");
    phone.ack(&answer).await;
    let stream = server.established().await;
    assert_eq!((stream.codec, stream.remote.port()), (Codec::Pcmu, 4400));
    assert_eq!(stream.event_payload_type, Some(101));
}

#[tokio::test]
async fn an_ack_must_bring_the_answer_we_wait_for() {
    let mut server = Server::start().await;
    for answer in ["", "nonsense", &OFFER.replace("m=audio 4000", "m=audio 0")] {
        let mut phone = Phone::udp(server.udp).await;
        phone.send("INVITE", &[], "").await;
        let leg = server.invited().await;
        server.answer(leg).await;
        phone.expect(200).await;
        phone.ack(answer).await;
        phone.take_bye().await;
        assert_eq!(server.ended().await, EndReason::SignallingFailed);
    }
    server.empties().await;
}

#[tokio::test]
async fn keys_come_by_info() {
    let mut server = Server::start().await;
    let mut phone = Phone::udp(server.udp).await;
    phone.send("INVITE", &[], OFFER).await;
    let leg = server.invited().await;
    server.answer(leg).await;
    phone.expect(200).await;
    let relay = ["Content-Type: application/dtmf-relay"];
    // Before the ACK already.
    phone
        .send("INFO", &relay, "Signal=5\r\nDuration=160\r\n")
        .await;
    loop {
        let got = phone.reply().await;
        if got.must("CSeq").ends_with("INFO") {
            assert_eq!(got.status(), 200);
            break;
        }
    }
    let SipEvent::Key { key, .. } = server.event().await else {
        panic!("no key")
    };
    assert_eq!(key, Key::Digit(5));
    phone.seq -= 1;
    phone.ack("").await;
    phone.seq += 1;
    server.established().await;
    while phone
        .next_within(Duration::from_millis(100))
        .await
        .is_some()
    {}
    phone
        .send("INFO", &["Content-Type: application/dtmf"], "#")
        .await;
    phone.expect(200).await;
    let SipEvent::Key { key, .. } = server.event().await else {
        panic!("no key")
    };
    assert_eq!(key, Key::Pound);
    phone.send("INFO", &[], "").await;
    phone.expect(200).await;
    phone.send("INFO", &relay, "Signal=what\r\n").await;
    phone.expect(400).await;
    phone
        .send("INFO", &["Content-Type: text/plain"], "hello")
        .await;
    phone.expect(415).await;
}

#[tokio::test]
async fn closing_the_commands_ends_every_call() {
    let mut server = Server::start().await;
    let mut live = Phone::udp(server.udp).await;
    server.connect(&mut live).await;
    let mut ringing = Phone::udp(server.udp).await;
    ringing.send("INVITE", &[], OFFER).await;
    server.invited().await;
    let Server {
        handle, mut events, ..
    } = server;
    drop(handle.commands);
    live.take_bye().await;
    ringing.expect(503).await;
    let mut ended = 0;
    while let Some(event) = events.recv().await {
        assert!(
            matches!(
                event,
                SipEvent::Ended {
                    reason: EndReason::Shutdown,
                    ..
                }
            ),
            "{event:?}"
        );
        ended += 1;
        if ended == 2 {
            break;
        }
    }
    tokio::time::timeout(crate::phone::PATIENCE, handle.stopped.cancelled())
        .await
        .unwrap();
}
