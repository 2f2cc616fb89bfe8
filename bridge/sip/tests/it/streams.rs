//! TCP as TCP is: messages in pieces and in heaps, silence, floods of connections, broken framing.

use std::time::Duration;

use confab_sip::Tuning;

use crate::phone::{OFFER, Phone};
use crate::server::{Server, brisk};

#[tokio::test]
async fn messages_come_in_pieces_and_in_heaps() {
    let mut server = Server::start().await;
    let mut phone = Phone::tcp(server.tcp).await;
    let invite = phone.request("INVITE", &[], OFFER);
    for piece in invite.as_bytes().chunks(97) {
        phone.send_raw(piece).await;
        tokio::task::yield_now().await;
    }
    let leg = server.invited().await;
    server.answer(leg).await;
    phone.expect(200).await;
    let heap = [
        phone.request("ACK", &[], ""),
        "\r\n\r\n".to_owned(),
        phone.request("OPTIONS", &[], ""),
        "\r\n".to_owned(),
        phone.request("BYE", &[], ""),
    ];
    phone.send_raw(heap.concat().as_bytes()).await;
    server.established().await;
    phone.expect(200).await;
    phone.expect(200).await;
    server.ended().await;
    server.empties().await;
}

#[tokio::test]
async fn broken_framing_closes_the_connection() {
    let mut server = Server::start().await;
    let lengths = ["18446744073709551615", "-1", "99999999", "x"];
    for length in lengths {
        let mut phone = Phone::tcp(server.tcp).await;
        let text = phone
            .request("OPTIONS", &[], "")
            .replace("Length: 0", &format!("Length: {length}"));
        phone.send_raw(text.as_bytes()).await;
        let got = phone.next().await;
        assert_eq!(got.status(), 400, "{got:#?}");
        assert!(
            phone.next_within(crate::phone::PATIENCE).await.is_none(),
            "closed"
        );
    }
    let mut phone = Phone::tcp(server.tcp).await;
    phone.send_raw(&[b'x'; 70_000]).await;
    assert!(
        phone.next_within(crate::phone::PATIENCE).await.is_none(),
        "closed"
    );
    assert_eq!(server.count("tcp_closed"), 5);
    server.still_takes_a_call().await;
}

#[tokio::test]
async fn half_a_message_is_not_waited_for_long() {
    let tuning = Tuning {
        tcp_message: Duration::from_millis(100),
        ..brisk()
    };
    let server = Server::tuned(tuning).await;
    let mut phone = Phone::tcp(server.tcp).await;
    phone.send_raw(b"OPTIONS sip:x SIP/2.0\r\nVia: ").await;
    assert!(phone.next_within(crate::phone::PATIENCE).await.is_none());
    assert_eq!(server.count("tcp_closed"), 1);
}

#[tokio::test]
async fn silence_closes_only_what_no_call_is_on() {
    let tuning = Tuning {
        tcp_idle: Duration::from_millis(100),
        ..brisk()
    };
    let mut server = Server::tuned(tuning).await;
    let mut idle = Phone::tcp(server.tcp).await;
    let mut phone = Phone::tcp(server.tcp).await;
    server.connect(&mut phone).await;
    assert!(
        idle.next_within(crate::phone::PATIENCE).await.is_none(),
        "closed"
    );
    // The other has been silent for several times as long.
    assert!(
        phone
            .next_within(Duration::from_millis(500))
            .await
            .is_none()
    );
    phone.send("BYE", &[], "").await;
    phone.expect(200).await;
}

#[tokio::test]
async fn one_address_has_only_so_many_connections() {
    let mut server = Server::tuned(Tuning {
        tcp_per_source_max: 3,
        ..brisk()
    })
    .await;
    let mut phones = Vec::new();
    for _ in 0..3 {
        let mut phone = Phone::tcp(server.tcp).await;
        phone.send("OPTIONS", &[], "").await;
        phone.expect(200).await;
        phones.push(phone);
    }
    let mut late = Phone::tcp(server.tcp).await;
    assert!(
        late.next_within(crate::phone::PATIENCE).await.is_none(),
        "closed"
    );
    assert_eq!(server.count("tcp_refused"), 1);
    server.still_takes_a_call().await;
}

#[tokio::test]
async fn a_peer_that_vanishes_leaves_nothing_behind() {
    let mut server = Server::start().await;
    for answered in [false, true] {
        let mut phone = Phone::tcp(server.tcp).await;
        phone.send("INVITE", &[], OFFER).await;
        let leg = server.invited().await;
        if answered {
            server.answer(leg).await;
            drop(phone);
        } else {
            drop(phone);
            let reason = confab_core::event::EndReason::LineDead;
            server
                .command(confab_sip::SipCommand::Hangup { leg, reason })
                .await;
        }
        server.ended().await;
    }
    server.empties().await;
    assert_eq!(server.count("tcp_connections"), 0);
}
