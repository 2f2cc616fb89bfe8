//! What changes in a call that goes on: hold, new addresses, targets, timers, and requests that
//! cross.

use std::time::Duration;

use confab_core::audio::stream::Direction;
use confab_core::event::EndReason;
use confab_sip::{SipCommand, SipEvent, Tuning};
use tokio::net::UdpSocket;

use crate::phone::{OFFER, PATIENCE, Phone};
use crate::server::{Server, brisk};

#[tokio::test]
async fn hold_and_resume_by_reinvite_and_update() {
    let mut server = Server::start().await;
    let mut phone = Phone::udp(server.udp).await;
    let (_, first) = server.connect(&mut phone).await;
    let cases = [
        ("a=sendonly\r\n", Direction::RecvOnly, "a=recvonly\r\n"),
        ("a=inactive\r\n", Direction::Inactive, "a=inactive\r\n"),
        ("a=recvonly\r\n", Direction::SendOnly, "a=sendonly\r\n"),
        ("", Direction::SendRecv, "a=sendrecv\r\n"),
    ];
    for method in ["INVITE", "UPDATE"] {
        let mut version = 0;
        for (line, direction, answered) in cases {
            phone.send(method, &[], &format!("{OFFER}{line}")).await;
            let ok = phone.expect(200).await;
            assert!(ok.body.contains(answered), "{method} {line}: {ok:#?}");
            let origin = ok.body.lines().find(|l| l.starts_with("o=")).unwrap();
            let now: u64 = origin.split(' ').nth(2).unwrap().parse().unwrap();
            assert!(
                now > version,
                "the version rises with each change: {origin}"
            );
            version = now;
            if method == "INVITE" {
                phone.ack("").await;
            }
            assert_eq!(
                server.changed().await.direction,
                direction,
                "{method} {line}"
            );
        }
    }
    assert_eq!(first.direction, Direction::SendRecv);
}

#[tokio::test]
async fn old_style_hold_has_nowhere_to_send() {
    let mut server = Server::start().await;
    let mut phone = Phone::udp(server.udp).await;
    server.connect(&mut phone).await;
    phone
        .send(
            "INVITE",
            &[],
            &OFFER.replace("c=IN IP4 127.0.0.1", "c=IN IP4 0.0.0.0"),
        )
        .await;
    phone.expect(200).await;
    phone.ack("").await;
    let held = server.changed().await;
    assert!(held.remote.ip().is_unspecified());
    assert_eq!(held.direction, Direction::RecvOnly);
}

#[tokio::test]
async fn a_new_media_address() {
    let mut server = Server::start().await;
    let mut phone = Phone::udp(server.udp).await;
    server.connect(&mut phone).await;
    phone
        .send(
            "INVITE",
            &[],
            &OFFER.replace("m=audio 4000", "m=audio 4800"),
        )
        .await;
    phone.expect(200).await;
    phone.ack("").await;
    assert_eq!(server.changed().await.remote.port(), 4800);
    // The same again changes nothing and is no event.
    phone
        .send(
            "INVITE",
            &[],
            &OFFER.replace("m=audio 4000", "m=audio 4800"),
        )
        .await;
    phone.expect(200).await;
    phone.ack("").await;
    phone.send("BYE", &[], "").await;
    phone.expect(200).await;
    assert_eq!(server.ended().await, EndReason::CallerHungUp);
}

#[tokio::test]
async fn an_offer_we_cannot_take_changes_nothing() {
    let mut server = Server::start().await;
    let mut phone = Phone::udp(server.udp).await;
    server.connect(&mut phone).await;
    let fax = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
        m=image 4100 udptl t38\r\n";
    phone.send("INVITE", &[], fax).await;
    phone.expect(488).await;
    phone.send("BYE", &[], "").await;
    loop {
        let got = phone.reply().await;
        if got.must("CSeq").ends_with("BYE") {
            assert_eq!(got.status(), 200);
            break;
        }
    }
    assert_eq!(server.ended().await, EndReason::CallerHungUp);
}

#[tokio::test]
async fn a_reinvite_without_sdp_gets_our_offer() {
    let mut server = Server::start().await;
    let mut phone = Phone::udp(server.udp).await;
    server.connect(&mut phone).await;
    phone.send("INVITE", &[], "").await;
    let ok = phone.expect(200).await;
    assert!(ok.body.contains("m=audio 20000 RTP/AVP 8 0 101"), "{ok:#?}");
    phone
        .ack(&OFFER.replace("m=audio 4000", "m=audio 4600"))
        .await;
    assert_eq!(server.changed().await.remote.port(), 4600);
}

#[tokio::test]
async fn a_new_contact_is_where_the_bye_goes() {
    let mut server = Server::start().await;
    for method in ["INVITE", "UPDATE"] {
        let mut phone = Phone::udp(server.udp).await;
        let (leg, _) = server.connect(&mut phone).await;
        let elsewhere = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let uri = format!("sip:new%40place@{}", elsewhere.local_addr().unwrap());
        phone.contact = format!("<{uri}>");
        let body = if method == "INVITE" { OFFER } else { "" };
        phone.send(method, &[], body).await;
        phone.expect(200).await;
        if method == "INVITE" {
            phone.ack("").await;
            // The ACK has no event of its own; an answered OPTIONS shows that it was read.
            phone.send("OPTIONS", &[], "").await;
            phone.expect(200).await;
        }
        server
            .command(SipCommand::Hangup {
                leg,
                reason: EndReason::Dropped,
            })
            .await;
        let mut buffer = [0; 2048];
        let got = tokio::time::timeout(PATIENCE, elsewhere.recv(&mut buffer)).await;
        let text = String::from_utf8_lossy(&buffer[..got.unwrap().unwrap()]).into_owned();
        assert!(
            text.starts_with(&format!("BYE {uri} SIP/2.0\r\n")),
            "{text}"
        );
        assert_eq!(server.ended().await, EndReason::Dropped);
    }
}

#[tokio::test]
async fn requests_follow_the_record_route() {
    let mut server = Server::start().await;
    let mut phone = Phone::udp(server.udp).await;
    let contact = "Contact: <sip:far@192.0.2.99:5999>";
    let own = format!("Contact: {}", phone.contact);
    let route = format!(
        "Record-Route: <sip:{};lr>, <sip:inner.example;lr>",
        phone.local
    );
    let invite = phone
        .request("INVITE", &[&route], OFFER)
        .replace(&own, contact);
    phone.send_raw(invite.as_bytes()).await;
    let leg = server.invited().await;
    server.answer(leg).await;
    let ok = phone.expect(200).await;
    let routes: Vec<_> = ok
        .headers
        .iter()
        .filter(|(n, _)| n == "Record-Route")
        .map(|(_, v)| v.as_str())
        .collect();
    assert_eq!(routes.len(), 2, "{ok:#?}");
    phone.ack("").await;
    server.established().await;
    server
        .command(SipCommand::Hangup {
            leg,
            reason: EndReason::Dropped,
        })
        .await;
    let bye = phone.take_bye().await;
    assert_eq!(bye.start, "BYE sip:far@192.0.2.99:5999 SIP/2.0");
    assert_eq!(bye.must("Route"), format!("<sip:{};lr>", phone.local));
}

#[tokio::test]
async fn overlapping_reinvites_are_refused() {
    let mut server = Server::start().await;
    let mut phone = Phone::udp(server.udp).await;
    phone.send("INVITE", &[], OFFER).await;
    let leg = server.invited().await;
    server.command(SipCommand::Ring(leg)).await;
    phone.expect(180).await;
    // Before the answer: 500 with Retry-After (RFC 3261, 14.2).
    phone.send("INVITE", &[], OFFER).await;
    assert!(phone.expect(500).await.header("Retry-After").is_some());
    server.answer(leg).await;
    phone.expect(200).await;
    // Between the answer and its ACK: 491.
    phone.send("INVITE", &[], OFFER).await;
    loop {
        let got = phone.reply().await;
        if got.must("CSeq").starts_with("3 ") {
            assert_eq!(got.status(), 491);
            break;
        }
    }
    phone.seq = 1;
    phone.ack("").await;
    server.established().await;
}

#[tokio::test]
async fn a_lower_cseq_gets_500() {
    let mut server = Server::start().await;
    let mut phone = Phone::udp(server.udp).await;
    phone.seq = 10;
    server.connect(&mut phone).await;
    phone.seq = 5;
    phone.send("INFO", &[], "").await;
    phone.expect(500).await;
    phone.seq = 20;
    phone.send("INFO", &[], "").await;
    phone.expect(200).await;
}

#[tokio::test]
async fn options_inside_a_call() {
    let mut server = Server::start().await;
    let mut phone = Phone::udp(server.udp).await;
    server.connect(&mut phone).await;
    phone.send("OPTIONS", &[], "").await;
    let ok = phone.expect(200).await;
    assert!(ok.must("Allow").contains("UPDATE"));
    assert!(ok.must("Accept").contains("application/sdp"));
    assert_eq!(ok.must("Supported"), "timer");
}

/// Session intervals of seconds, which no RFC allows but a test can wait for.
fn short_sessions() -> Tuning {
    Tuning {
        session_min_s: 1,
        ..brisk()
    }
}

#[tokio::test]
async fn a_session_that_nobody_refreshes_expires() {
    let mut server = Server::tuned(short_sessions()).await;
    let mut phone = Phone::udp(server.udp).await;
    let timer = ["Supported: timer", "Session-Expires: 1;refresher=uac"];
    phone.send("INVITE", &timer, OFFER).await;
    let leg = server.invited().await;
    server.answer(leg).await;
    let ok = phone.expect(200).await;
    assert_eq!(ok.must("Session-Expires"), "1;refresher=uac");
    assert_eq!(ok.must("Require"), "timer");
    phone.ack("").await;
    server.established().await;
    phone.take_bye().await;
    assert_eq!(server.ended().await, EndReason::SignallingFailed);
    assert_eq!(server.count("session_expired"), 1);
}

#[tokio::test]
async fn we_refresh_when_we_shall() {
    let mut server = Server::tuned(short_sessions()).await;
    let mut phone = Phone::udp(server.udp).await;
    phone
        .send(
            "INVITE",
            &["Allow: UPDATE", "Session-Expires: 2;refresher=uas"],
            OFFER,
        )
        .await;
    let leg = server.invited().await;
    server.answer(leg).await;
    let ok = phone.expect(200).await;
    assert_eq!(ok.must("Session-Expires"), "2;refresher=uas");
    assert!(ok.header("Require").is_none());
    phone.ack("").await;
    server.established().await;
    for _ in 0..3 {
        let update = phone.expect_request("UPDATE").await;
        assert_eq!(update.must("Session-Expires"), "2;refresher=uac");
        phone.answer(&update, "200 OK", &[]).await;
    }
    let update = phone.expect_request("UPDATE").await;
    phone
        .answer(&update, "481 Call/Transaction Does Not Exist", &[])
        .await;
    phone.take_bye().await;
    assert_eq!(server.ended().await, EndReason::SignallingFailed);
}

#[tokio::test]
async fn without_update_we_refresh_by_reinvite() {
    let mut server = Server::tuned(short_sessions()).await;
    let mut phone = Phone::udp(server.udp).await;
    phone
        .send(
            "INVITE",
            &["Allow: INVITE, BYE", "Session-Expires: 2;refresher=uas"],
            OFFER,
        )
        .await;
    let leg = server.invited().await;
    server.answer(leg).await;
    phone.expect(200).await;
    phone.ack("").await;
    server.established().await;
    let reinvite = phone.expect_request("INVITE").await;
    assert_eq!(reinvite.must("Session-Expires"), "2;refresher=uac");
    assert!(
        reinvite.body.contains("m=audio 20000 RTP/AVP 8"),
        "{reinvite:#?}"
    );
    let contact = format!("Contact: {}", phone.contact);
    let body = OFFER.replace("m=audio 4000", "m=audio 4900");
    phone
        .answer_with(&reinvite, "200 OK", &[&contact], &body)
        .await;
    phone.expect_request("ACK").await;
    assert_eq!(server.changed().await.remote.port(), 4900);
}

#[tokio::test]
async fn a_refresh_keeps_the_session() {
    let mut server = Server::tuned(short_sessions()).await;
    let mut phone = Phone::udp(server.udp).await;
    let timer = ["Supported: timer", "Session-Expires: 2;refresher=uac"];
    phone.send("INVITE", &timer, OFFER).await;
    let leg = server.invited().await;
    server.answer(leg).await;
    phone.expect(200).await;
    phone.ack("").await;
    server.established().await;
    for _ in 0..4 {
        // Nothing may come while we refresh in time; three such waits exceed the interval.
        assert!(
            phone
                .next_within(Duration::from_millis(700))
                .await
                .is_none()
        );
        phone.send("UPDATE", &timer, "").await;
        let ok = phone.expect(200).await;
        assert_eq!(ok.must("Session-Expires"), "2;refresher=uac");
    }
    phone.take_bye().await;
}

#[tokio::test]
async fn too_short_an_interval_gets_422() {
    let server = Server::start().await;
    let mut phone = Phone::udp(server.udp).await;
    phone
        .send(
            "INVITE",
            &["Supported: timer", "Session-Expires: 30"],
            OFFER,
        )
        .await;
    assert_eq!(phone.expect(422).await.must("Min-SE"), "90");
}

#[tokio::test]
async fn a_call_goes_on_over_a_new_connection() {
    let mut server = Server::start().await;
    let mut phone = Phone::tcp(server.tcp).await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    phone.contact = format!("<sip:p@{};transport=tcp>", listener.local_addr().unwrap());
    let (leg, _) = server.connect(&mut phone).await;
    phone.close().await;
    while server.count("tcp_connections") > 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    server
        .command(SipCommand::Hangup {
            leg,
            reason: EndReason::Dropped,
        })
        .await;
    let (stream, _) = tokio::time::timeout(PATIENCE, listener.accept())
        .await
        .unwrap()
        .unwrap();
    phone.reopen(stream);
    phone.take_bye().await;
    assert!(matches!(server.event().await, SipEvent::Ended { .. }));
    server.empties().await;
}
