//! Calls that we place and that are answered.

use std::time::Duration;

use confab_core::audio::stream::{Codec, Direction};
use confab_core::event::{DialFailure, EndReason};
use confab_sip::{SipCommand, SipEvent, Tuning};
use tokio::time::timeout;

use crate::gateway::{ANSWER, Gateway, NUMBER, uri_of};
use crate::phone::{OFFER, PATIENCE};
use crate::server::brisk;

#[tokio::test]
async fn a_call_from_invite_to_bye() {
    let mut gateway = Gateway::udp().await;
    let (leg, invite, stream) = gateway.connect(&[]).await;
    let trunk = gateway.phone.local;
    assert_eq!(invite.start, format!("INVITE sip:{NUMBER}@{trunk} SIP/2.0"));
    let from = format!("\"Room \\\"1\\\"\" <sip:030999@{trunk}>;tag=");
    assert!(invite.must("From").starts_with(&from), "{invite:#?}");
    assert_eq!(invite.must("To"), format!("<sip:{NUMBER}@{trunk}>"));
    assert_eq!(invite.must("Content-Type"), "application/sdp");
    assert_eq!(invite.must("Supported"), "timer");
    for line in [
        "m=audio 20000 RTP/AVP 8 0 101\r\n",
        "a=rtpmap:101 telephone-event/8000\r\n",
        "a=ptime:20\r\n",
        "a=sendrecv\r\n",
    ] {
        assert!(invite.body.contains(line), "{}", invite.body);
    }
    assert_eq!((stream.codec, stream.payload_type), (Codec::Pcmu, 0));
    assert_eq!(stream.remote.port(), 4000);
    assert_eq!(stream.event_payload_type, Some(101));
    gateway.hang_up(leg).await;
    let bye = gateway.phone.take_bye().await;
    assert_eq!(
        bye.start,
        format!("BYE {} SIP/2.0", uri_of(&gateway.phone.contact))
    );
    assert_eq!(bye.must("CSeq"), "2 BYE");
    assert!(bye.must("To").ends_with(&gateway.tag));
    assert_eq!(gateway.server.ended().await, EndReason::Dropped);
    gateway.server.empties().await;
}

#[tokio::test]
async fn each_law_is_taken_as_answered() {
    let mut gateway = Gateway::udp().await;
    for (formats, codec, payload_type) in [
        ("RTP/AVP 0", Codec::Pcmu, 0),
        ("RTP/AVP 8 101", Codec::Pcma, 8),
        ("RTP/AVP 8 0", Codec::Pcma, 8),
    ] {
        gateway.dial().await;
        let invite = gateway.phone.expect_request("INVITE").await;
        let body = ANSWER.replace("RTP/AVP 0 101", formats);
        gateway.answer(&invite, "200 OK", &body).await;
        gateway.phone.expect_request("ACK").await;
        let stream = gateway.server.established().await;
        assert_eq!(
            (stream.codec, stream.payload_type),
            (codec, payload_type),
            "{formats}"
        );
    }
}

#[tokio::test]
async fn the_callee_holds_resumes_and_hangs_up() {
    let mut gateway = Gateway::udp().await;
    gateway.connect(&[]).await;
    for (line, direction) in [
        ("a=sendonly\r\n", Direction::RecvOnly),
        ("", Direction::SendRecv),
    ] {
        let body = format!("{OFFER}{line}");
        gateway.phone.send("INVITE", &[], &body).await;
        gateway.phone.expect(200).await;
        gateway.phone.ack("").await;
        assert_eq!(
            gateway.server.changed().await.direction,
            direction,
            "{line}"
        );
    }
    gateway
        .phone
        .send("INFO", &["Content-Type: application/dtmf"], "5")
        .await;
    gateway.phone.expect(200).await;
    assert!(matches!(gateway.server.event().await, SipEvent::Key { .. }));
    gateway.phone.send("BYE", &[], "").await;
    gateway.phone.expect(200).await;
    assert_eq!(gateway.server.ended().await, EndReason::CallerHungUp);
    gateway.server.empties().await;
}

#[tokio::test]
async fn a_repeated_answer_gets_its_ack_again() {
    let mut gateway = Gateway::udp().await;
    let (leg, invite, _) = gateway.connect(&[]).await;
    let mut acks = Vec::new();
    for _ in 0..3 {
        gateway.answer(&invite, "200 OK", ANSWER).await;
        acks.push(gateway.phone.expect_request("ACK").await);
    }
    assert!(
        acks.iter().all(|ack| ack.must("CSeq") == "1 ACK"),
        "{acks:#?}"
    );
    gateway.hang_up(leg).await;
    gateway.phone.take_bye().await;
    assert_eq!(gateway.server.ended().await, EndReason::Dropped);
    // Also when the call is over: the callee's side of it may not be.
    gateway.answer(&invite, "200 OK", ANSWER).await;
    gateway.phone.expect_request("ACK").await;
    gateway.phone.expect_silence().await;
}

#[tokio::test]
async fn a_second_telephone_that_answers_is_hung_up_on() {
    let mut gateway = Gateway::udp().await;
    let (_, invite, _) = gateway.connect(&[]).await;
    let contact = format!("Contact: <sip:second@{}>", gateway.phone.local);
    for round in 0..2 {
        gateway
            .answer_as("second", &invite, "200 OK", &[&contact], ANSWER)
            .await;
        let mut got = Vec::new();
        for _ in 0..2 - round {
            let request = gateway.phone.next().await;
            assert!(request.must("To").ends_with(";tag=second"), "{request:#?}");
            assert!(request.start.contains(" sip:second@"), "{request:#?}");
            if request.start.starts_with("BYE ") {
                gateway.phone.answer(&request, "200 OK", &[]).await;
            }
            got.push(request.start.split(' ').next().unwrap().to_owned());
        }
        got.sort();
        // Repeated, it is acknowledged again; one BYE was enough.
        let expected: &[&str] = if round == 0 {
            &["ACK", "BYE"]
        } else {
            &["ACK"]
        };
        assert_eq!(got, expected);
    }
    assert_eq!(gateway.server.count("forked"), 1);
    gateway.phone.send("BYE", &[], "").await;
    gateway.phone.expect(200).await;
    assert_eq!(gateway.server.ended().await, EndReason::CallerHungUp);
}

#[tokio::test]
async fn an_invite_that_is_lost_is_sent_again() {
    let mut gateway = Gateway::udp().await;
    gateway.dial().await;
    let first = gateway.phone.expect_request("INVITE").await;
    let second = gateway.phone.expect_request("INVITE").await;
    assert_eq!(first.must("Via"), second.must("Via"));
    gateway.answer(&second, "200 OK", ANSWER).await;
    let ack = gateway.request_after(&second).await;
    assert!(ack.start.starts_with("ACK "), "{ack:#?}");
    gateway.server.established().await;
}

#[tokio::test]
async fn an_answer_without_usable_audio() {
    let mut gateway = Gateway::udp().await;
    let fax = ANSWER.replace("audio 4000 RTP/AVP 0 101", "image 4000 udptl t38");
    let video = ANSWER.replace("RTP/AVP 0 101", "RTP/AVP 18");
    let refused = ANSWER.replace("audio 4000", "audio 0");
    for body in [&fax, &video, &refused, "", "v=0 no SDP"] {
        gateway.dial().await;
        let invite = gateway.phone.expect_request("INVITE").await;
        gateway.answer(&invite, "200 OK", body).await;
        let mut starts = Vec::new();
        for _ in 0..2 {
            let request = gateway.phone.next().await;
            if request.start.starts_with("BYE ") {
                gateway.phone.answer(&request, "200 OK", &[]).await;
            }
            starts.push(request.start[..3].to_owned());
        }
        starts.sort();
        assert_eq!(starts, ["ACK", "BYE"], "{body}");
        assert_eq!(
            gateway.not_reached().await,
            DialFailure::Unreachable,
            "{body}"
        );
    }
    gateway.server.empties().await;
}

#[tokio::test]
async fn media_named_while_it_rang_count_when_the_answer_has_none() {
    let mut gateway = Gateway::udp().await;
    let leg = gateway.dial().await;
    let invite = gateway.phone.expect_request("INVITE").await;
    gateway
        .answer(&invite, "183 Session Progress", ANSWER)
        .await;
    gateway.ringing(leg).await;
    gateway.answer(&invite, "200 OK", "").await;
    gateway.phone.expect_request("ACK").await;
    assert_eq!(gateway.server.established().await.remote.port(), 4000);
}

#[tokio::test]
async fn requests_follow_the_record_route_backwards() {
    let mut gateway = Gateway::udp().await;
    let near = format!("<sip:{};lr>", gateway.phone.local);
    let route = format!("Record-Route: <sip:far.example;lr>, {near}");
    gateway.phone.contact = "<sip:callee@192.0.2.99:5999>".to_owned();
    let (leg, ..) = gateway.connect(&[&route]).await;
    gateway.hang_up(leg).await;
    let bye = gateway.phone.take_bye().await;
    assert_eq!(bye.start, "BYE sip:callee@192.0.2.99:5999 SIP/2.0");
    let routes: Vec<_> = bye.headers.iter().filter(|(n, _)| n == "Route").collect();
    assert_eq!(routes[0].1, near);
    assert_eq!(routes[1].1, "<sip:far.example;lr>");
}

#[tokio::test]
async fn a_granted_session_is_refreshed() {
    let tuning = Tuning {
        session_min_s: 1,
        ..brisk()
    };
    let mut gateway = Gateway::with(tuning, |trunk| trunk).await;
    let granted = [
        "Session-Expires: 2;refresher=uac",
        "Require: timer",
        "Allow: UPDATE",
    ];
    gateway.connect(&granted).await;
    for _ in 0..2 {
        let update = gateway.phone.expect_request("UPDATE").await;
        assert_eq!(update.must("Session-Expires"), "2;refresher=uac");
        gateway.phone.answer(&update, "200 OK", &[]).await;
    }
    gateway.phone.expect_request("UPDATE").await;
    // Nobody answers any more: the session runs out.
    let ended = loop {
        let got = gateway.phone.next().await;
        if got.start.starts_with("BYE ") {
            break gateway.server.ended().await;
        }
    };
    assert_eq!(ended, EndReason::SignallingFailed);
}

#[tokio::test]
async fn a_challenge_is_answered() {
    let mut gateway = Gateway::with(brisk(), |t| t.with_credentials("acc1", "hush")).await;
    let leg = gateway.dial().await;
    let first = gateway.phone.expect_request("INVITE").await;
    let challenges = [
        "Proxy-Authenticate: Digest realm=\"gw\", nonce=\"n1\", algorithm=MD5",
        "Proxy-Authenticate: Digest realm=\"gw\", nonce=\"n2\", algorithm=SHA-256, qop=\"auth\"",
    ];
    gateway
        .answer_as(
            "proxy",
            &first,
            "407 Proxy Authentication Required",
            &challenges,
            "",
        )
        .await;
    let ack = gateway.phone.expect_request("ACK").await;
    assert_eq!(ack.must("Via"), first.must("Via"));
    let second = gateway.phone.expect_request("INVITE").await;
    assert_eq!(second.must("CSeq"), "2 INVITE");
    assert_eq!(second.must("Call-ID"), first.must("Call-ID"));
    assert_eq!(second.must("From"), first.must("From"));
    assert_eq!(second.must("To"), first.must("To"));
    assert_ne!(second.must("Via"), first.must("Via"));
    let answer = second.must("Proxy-Authorization").to_owned();
    let uri = uri_of(second.must("To"));
    let expected =
        format!("Digest username=\"acc1\", realm=\"gw\", nonce=\"n2\", uri=\"{uri}\", response=\"");
    assert!(answer.starts_with(&expected), "{answer}");
    assert!(
        answer.contains(", algorithm=SHA-256, qop=auth, cnonce=\""),
        "{answer}"
    );
    let digest = answer[expected.len()..].split('"').next().unwrap();
    assert_eq!(digest.len(), 64);
    gateway.answer(&second, "200 OK", ANSWER).await;
    let ack = gateway.phone.expect_request("ACK").await;
    assert_eq!(ack.must("CSeq"), "2 ACK");
    assert_eq!(ack.must("Proxy-Authorization"), answer);
    gateway.server.established().await;
    // A goodbye that is challenged must not leave the call standing at the carrier.
    gateway.hang_up(leg).await;
    let bye = gateway.phone.expect_request("BYE").await;
    let challenge = "WWW-Authenticate: Digest realm=\"gw\", nonce=\"n3\"";
    gateway
        .phone
        .answer(&bye, "401 Unauthorized", &[challenge])
        .await;
    let again = gateway.phone.expect_request("BYE").await;
    assert_eq!(again.must("CSeq"), "4 BYE");
    assert!(again.must("Authorization").contains("nonce=\"n3\""));
    gateway.phone.answer(&again, "200 OK", &[]).await;
    assert_eq!(gateway.server.ended().await, EndReason::Dropped);
    gateway.server.empties().await;
}

#[tokio::test]
async fn a_trunk_by_tcp() {
    let (mut gateway, listener) = Gateway::tcp().await;
    let leg = gateway.dial().await;
    let (stream, _) = timeout(PATIENCE, listener.accept()).await.unwrap().unwrap();
    gateway.phone.reopen(stream);
    let invite = gateway.phone.expect_request("INVITE").await;
    assert!(
        invite.must("Via").starts_with("SIP/2.0/TCP "),
        "{invite:#?}"
    );
    assert!(
        invite.must("Contact").contains(";transport=tcp"),
        "{invite:#?}"
    );
    gateway.answer(&invite, "200 OK", ANSWER).await;
    gateway.phone.expect_request("ACK").await;
    gateway.server.established().await;
    gateway.become_callee(&invite);
    gateway.phone.send("OPTIONS", &[], "").await;
    gateway.phone.expect(200).await;
    gateway.hang_up(leg).await;
    gateway.phone.take_bye().await;
    assert_eq!(gateway.server.ended().await, EndReason::Dropped);
    // The same connection serves the next call.
    gateway.dial().await;
    gateway.phone.expect_request("INVITE").await;
}

#[tokio::test]
async fn calls_both_ways_have_names_of_their_own() {
    let mut gateway = Gateway::udp().await;
    let dialled = gateway.dial().await;
    gateway.phone.expect_request("INVITE").await;
    let mut caller = crate::phone::Phone::udp(gateway.server.udp).await;
    caller.send("INVITE", &[], OFFER).await;
    let leg = gateway.server.invited().await;
    assert_ne!(leg, dialled);
    gateway
        .server
        .command(SipCommand::Hangup {
            leg,
            reason: EndReason::Dropped,
        })
        .await;
    caller.expect(603).await;
    assert!(
        gateway
            .phone
            .next_within(Duration::from_secs(1))
            .await
            .is_some()
    );
}
