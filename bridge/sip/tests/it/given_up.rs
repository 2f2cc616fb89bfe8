//! Calls that we place and that nobody answers, or not in time.

use std::time::Duration;

use confab_core::event::{DialFailure, EndReason};
use confab_sip::{SipCommand, Tuning};
use tokio::net::UdpSocket;

use crate::gateway::{ANSWER, Gateway};
use crate::phone::SILENCE;
use crate::server::{Server, brisk};

/// Refuses one call with `status`.
async fn refuse(gateway: &mut Gateway, status: &str, extra: &[&str]) -> DialFailure {
    gateway.dial().await;
    let invite = gateway.phone.expect_request("INVITE").await;
    gateway
        .answer_as("callee", &invite, status, extra, "")
        .await;
    let ack = gateway.phone.expect_request("ACK").await;
    assert_eq!(ack.must("Via"), invite.must("Via"), "{status}");
    gateway.not_reached().await
}

#[tokio::test]
async fn each_refusal_says_why() {
    let mut gateway = Gateway::udp().await;
    for (status, failure) in [
        ("486 Busy Here", DialFailure::Busy),
        ("600 Busy Everywhere", DialFailure::Busy),
        ("480 Temporarily Unavailable", DialFailure::NoAnswer),
        ("408 Request Timeout", DialFailure::NoAnswer),
        ("403 Forbidden", DialFailure::Rejected),
        ("603 Decline", DialFailure::Rejected),
        ("407 Proxy Authentication Required", DialFailure::Rejected),
        ("404 Not Found", DialFailure::Unreachable),
        ("488 Not Acceptable Here", DialFailure::Unreachable),
        ("503 Service Unavailable", DialFailure::Unreachable),
    ] {
        gateway.dial().await;
        let invite = gateway.phone.expect_request("INVITE").await;
        gateway.answer(&invite, "100 Trying", "").await;
        gateway.answer(&invite, status, "").await;
        gateway.phone.expect_request("ACK").await;
        assert_eq!(gateway.not_reached().await, failure, "{status}");
    }
    gateway.server.empties().await;
}

#[tokio::test]
async fn a_redirection_is_not_followed() {
    let mut gateway = Gateway::udp().await;
    let elsewhere = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let contact = format!("Contact: <sip:+900@{}>", elsewhere.local_addr().unwrap());
    let failure = refuse(&mut gateway, "302 Moved Temporarily", &[&contact]).await;
    assert_eq!(failure, DialFailure::Unreachable);
    let mut buffer = [0; 100];
    let got = tokio::time::timeout(SILENCE, elsewhere.recv(&mut buffer)).await;
    assert!(got.is_err(), "{}", String::from_utf8_lossy(&buffer));
    gateway.phone.expect_silence().await;
}

#[tokio::test]
async fn who_does_not_answer_is_rung_for_so_long() {
    let tuning = Tuning {
        ring: Duration::from_millis(200),
        ..brisk()
    };
    let mut gateway = Gateway::with(tuning, |trunk| trunk).await;
    let leg = gateway.dial().await;
    let invite = gateway.phone.expect_request("INVITE").await;
    gateway.answer(&invite, "180 Ringing", "").await;
    gateway.ringing(leg).await;
    let cancel = gateway.phone.expect_request("CANCEL").await;
    assert_eq!(cancel.must("Via"), invite.must("Via"));
    assert_eq!(cancel.must("CSeq"), "1 CANCEL");
    assert_eq!(cancel.must("To"), invite.must("To"));
    assert_eq!(gateway.not_reached().await, DialFailure::NoAnswer);
    // Over UDP it is repeated until it is answered.
    gateway.phone.expect_request("CANCEL").await;
    gateway.answer(&cancel, "200 OK", "").await;
    gateway.answer(&invite, "487 Request Terminated", "").await;
    gateway.phone.expect_request("ACK").await;
    gateway.server.empties().await;
}

#[tokio::test]
async fn a_cancel_waits_for_the_first_word_of_the_network() {
    let mut gateway = Gateway::udp().await;
    let leg = gateway.dial().await;
    let invite = gateway.phone.expect_request("INVITE").await;
    gateway.hang_up(leg).await;
    assert_eq!(gateway.server.ended().await, EndReason::Dropped);
    let repeated = gateway.phone.expect_request("INVITE").await;
    assert_eq!(repeated.must("Via"), invite.must("Via"));
    gateway.answer(&invite, "180 Ringing", "").await;
    let cancel = gateway.request_after(&invite).await;
    assert!(cancel.start.starts_with("CANCEL "), "{cancel:#?}");
    gateway.answer(&cancel, "200 OK", "").await;
    gateway.answer(&invite, "487 Request Terminated", "").await;
    gateway.phone.expect_request("ACK").await;
    gateway.server.empties().await;
}

#[tokio::test]
async fn an_answer_that_crosses_the_cancel_is_hung_up_on() {
    let mut gateway = Gateway::udp().await;
    let leg = gateway.dial().await;
    let invite = gateway.phone.expect_request("INVITE").await;
    gateway.answer(&invite, "180 Ringing", "").await;
    gateway.ringing(leg).await;
    gateway.hang_up(leg).await;
    assert_eq!(gateway.server.ended().await, EndReason::Dropped);
    let cancel = gateway.phone.expect_request("CANCEL").await;
    gateway.answer(&invite, "200 OK", ANSWER).await;
    gateway.answer(&cancel, "200 OK", "").await;
    let mut starts = Vec::new();
    while starts.len() < 2 {
        let request = gateway.request_after(&cancel).await;
        if request.start.starts_with("BYE ") {
            gateway.phone.answer(&request, "200 OK", &[]).await;
        }
        starts.push(request.start[..3].to_owned());
    }
    starts.sort();
    assert_eq!(starts, ["ACK", "BYE"]);
    gateway.server.empties().await;
}

#[tokio::test]
async fn a_cancelled_callee_that_never_says_so() {
    let mut gateway = Gateway::udp().await;
    let leg = gateway.dial().await;
    let invite = gateway.phone.expect_request("INVITE").await;
    gateway.answer(&invite, "180 Ringing", "").await;
    gateway.ringing(leg).await;
    gateway.hang_up(leg).await;
    assert_eq!(gateway.server.ended().await, EndReason::Dropped);
    gateway.phone.expect_request("CANCEL").await;
    gateway.server.empties().await;
}

#[tokio::test]
async fn a_network_that_never_answers() {
    let mut gateway = Gateway::udp().await;
    gateway.dial().await;
    gateway.phone.expect_request("INVITE").await;
    assert_eq!(gateway.not_reached().await, DialFailure::Unreachable);
    gateway.server.empties().await;
}

#[tokio::test]
async fn wrong_credentials_are_tried_once() {
    let mut gateway = Gateway::with(brisk(), |t| t.with_credentials("acc1", "hush")).await;
    gateway.dial().await;
    let challenge = ["WWW-Authenticate: Digest realm=\"gw\", nonce=\"n1\", qop=\"auth\""];
    for seq in ["1 INVITE", "2 INVITE"] {
        let invite = gateway.phone.expect_request("INVITE").await;
        assert_eq!(invite.must("CSeq"), seq);
        gateway
            .answer_as("gw", &invite, "401 Unauthorized", &challenge, "")
            .await;
        gateway.phone.expect_request("ACK").await;
    }
    assert_eq!(gateway.not_reached().await, DialFailure::Rejected);
    gateway.phone.expect_silence().await;
    // An old nonce is no refusal, but nobody makes us try for ever.
    gateway.dial().await;
    let stale = ["WWW-Authenticate: Digest realm=\"gw\", nonce=\"n2\", stale=true"];
    for _ in 0..3 {
        let invite = gateway.phone.expect_request("INVITE").await;
        gateway
            .answer_as("gw", &invite, "401 Unauthorized", &stale, "")
            .await;
        gateway.phone.expect_request("ACK").await;
    }
    assert_eq!(gateway.not_reached().await, DialFailure::Rejected);
}

#[tokio::test]
async fn what_is_no_number_is_never_sent() {
    let mut gateway = Gateway::udp().await;
    for number in [
        "",
        "11",
        "12 34",
        "1234@evil.example",
        "+",
        "1234;x=y",
        "1234567890123456",
    ] {
        gateway.dial_number(number).await;
        assert_eq!(
            gateway.not_reached().await,
            DialFailure::BadNumber,
            "{number}"
        );
    }
    gateway.phone.expect_silence().await;
    gateway.server.command(SipCommand::Drain).await;
    gateway.dial().await;
    assert_eq!(gateway.server.ended().await, EndReason::Shutdown);
    gateway.phone.expect_silence().await;
    gateway.server.empties().await;
}

#[tokio::test]
async fn without_a_trunk_nobody_is_called() {
    let mut server = Server::start().await;
    let leg = server.handle.legs.next();
    server
        .command(SipCommand::Dial {
            leg,
            number: "030123456".into(),
            caller: confab_sip::Caller::default(),
            rtp: crate::server::RTP.parse().unwrap(),
        })
        .await;
    let ended = server.ended().await;
    assert_eq!(ended, EndReason::NotReached(DialFailure::NoTrunk));
}

#[tokio::test]
async fn a_stop_cancels_what_rings() {
    let mut gateway = Gateway::udp().await;
    let leg = gateway.dial().await;
    let invite = gateway.phone.expect_request("INVITE").await;
    gateway.answer(&invite, "180 Ringing", "").await;
    gateway.ringing(leg).await;
    let stopped = gateway.server.handle.stopped.clone();
    let (closed, _) = tokio::sync::mpsc::channel(1);
    gateway.server.handle.commands = closed;
    let cancel = gateway.phone.expect_request("CANCEL").await;
    gateway.answer(&cancel, "200 OK", "").await;
    gateway.answer(&invite, "487 Request Terminated", "").await;
    gateway.phone.expect_request("ACK").await;
    assert_eq!(gateway.server.ended().await, EndReason::Shutdown);
    tokio::time::timeout(crate::phone::PATIENCE, stopped.cancelled())
        .await
        .unwrap();
}
