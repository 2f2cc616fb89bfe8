//! What strangers send must cost nothing but the packets: the next call is a good one.

use std::net::UdpSocket;
use std::time::Duration;

use anyhow::Result;
use sipp_scenarios::confab::{Confab, ROOM, portal};
use sipp_scenarios::phone::{CallState, Phone, Plan};
use tokio::io::AsyncWriteExt;

use crate::common::{ANNA, BERT, SOON, quiet};

/// A good INVITE, to be spoilt.
const INVITE: &str = "INVITE sip:224466@127.0.0.1 SIP/2.0\r\n\
    Via: SIP/2.0/UDP 127.0.0.1:5999;branch=z9hG4bKspoilt;rport\r\n\
    From: <sip:x@127.0.0.1>;tag=1\r\nTo: <sip:224466@127.0.0.1>\r\nCall-ID: spoilt\r\n\
    CSeq: 1 INVITE\r\nContact: <sip:x@127.0.0.1:5999>\r\nMax-Forwards: 70\r\n\
    Content-Type: application/sdp\r\nContent-Length: 91\r\n\r\n\
    v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
    m=audio 5998 RTP/AVP 0\r\n";

fn spoilt() -> Vec<Vec<u8>> {
    let swap = |from: &str, to: &str| INVITE.replacen(from, to, 1).into_bytes();
    let mut all = vec![
        Vec::new(),
        b"\r\n\r\n".to_vec(),
        b"\0".repeat(500),
        b"INVITE".to_vec(),
        vec![0xff; 8_000],
        INVITE.as_bytes()[..200].to_vec(),
        swap("Content-Length: 91", "Content-Length: 99999"),
        swap("Content-Length: 91", "Content-Length: -1"),
        swap("Content-Length: 91", "Content-Length: 18446744073709551615"),
        swap("CSeq: 1 INVITE", "CSeq: 99999999999999 INVITE"),
        swap("CSeq: 1 INVITE", "CSeq: 1 BYE"),
        swap("SIP/2.0\r\n", "SIP/7.0\r\n"),
        swap("Max-Forwards: 70", "Max-Forwards: 0"),
        swap("sip:224466@127.0.0.1 ", "sip:%00%ff@ "),
        swap("From: <sip:x@127.0.0.1>;tag=1\r\n", ""),
        swap("Call-ID: spoilt\r\n", ""),
        swap("m=audio 5998", "m=audio 99999"),
        swap("m=audio 5998 RTP/AVP 0", "m=audio 5998 RTP/AVP 111"),
        swap("c=IN IP4 127.0.0.1", "c=IN IP4 256.1.1.1"),
        swap(
            "<sip:x@127.0.0.1>;tag=1",
            &format!("\"{}\" <sip:x@y>;tag=1", "a".repeat(6_000)),
        ),
        INVITE.replace("\r\n", "\n").into_bytes(),
    ];
    let mut header_flood = INVITE.replacen("Max-Forwards", "X: y\r\nMax-Forwards", 1);
    for _ in 0..7 {
        header_flood = header_flood.replace("X: y\r\n", "X: y\r\nX: y\r\n");
    }
    all.push(header_flood.into_bytes());
    all
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_burst_of_nonsense_comes_a_good_call() -> Result<()> {
    let confab = Confab::start_with(quiet()).await?;
    let anna = confab.guest(Plan::humming("Anna", ANNA)).await?;
    // a source of its own: whoever sends nonsense may be ignored for a while, others may not
    let stranger = UdpSocket::bind("127.0.0.2:0")?;
    for _ in 0..10 {
        for message in spoilt() {
            stranger.send_to(&message, confab.sip())?;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    for message in spoilt() {
        let mut stream = tokio::net::TcpStream::connect(confab.sip()).await?;
        // it may be closed on us at any moment
        let _ = stream.write_all(&message).await;
    }
    let their_rtp = anna.their_sdp()?.rtp;
    for length in 0..60 {
        stranger.send_to(&vec![0x80; length], their_rtp)?;
    }
    let bert = confab.guest(Plan::humming("Bert", BERT)).await?;
    anna.ear.wait_until_hears(BERT, SOON).await?;
    bert.ear.wait_until_hears(ANNA, SOON).await?;
    for phone in [anna, bert] {
        phone.hang_up().await?;
    }
    confab.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stranger_cannot_take_over_a_line() -> Result<()> {
    let confab = Confab::start_with(quiet()).await?;
    let anna = confab.guest(Plan::humming("Anna", ANNA)).await?;
    let bert = confab.guest(Plan::humming("Bert", BERT)).await?;
    anna.ear.wait_until_hears(BERT, SOON).await?;
    // another phone's sound at Bert's port: neither heard, nor does Bert's own sound go there
    let stranger = UdpSocket::bind("127.0.0.2:0")?;
    stranger.set_read_timeout(Some(Duration::from_millis(10)))?;
    let target = bert.their_sdp()?.rtp;
    let mut packet = vec![0x80, 0, 0, 1, 0, 0, 0, 0, 9, 9, 9, 9];
    packet.extend([0x10; 160]);
    let mut came_back = 0;
    for number in 0..100u16 {
        packet[2..4].copy_from_slice(&number.to_be_bytes());
        packet[4..8].copy_from_slice(&(u32::from(number) * 160).to_be_bytes());
        stranger.send_to(&packet, target)?;
        came_back += usize::from(stranger.recv(&mut [0; 500]).is_ok());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(came_back, 0, "the stranger hears the room");
    assert!(bert.ear.hears(ANNA) && anna.ear.hears(BERT));
    assert!(
        !anna.ear.hears_speech(),
        "{}",
        anna.ear.last(400).in_words()
    );
    for phone in [anna, bert] {
        phone.hang_up().await?;
    }
    confab.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_offer_without_a_codec_we_speak_is_refused_with_488() -> Result<()> {
    let confab = Confab::start_with(quiet()).await?;
    let plan = Plan {
        codecs: Vec::new(),
        ..Plan::default()
    };
    let phone = Phone::dial(confab.sip(), ROOM, plan).await?;
    let state = phone.wait_for(SOON, |s| s > CallState::Ringing).await?;
    assert_eq!(state, CallState::Refused(488));
    confab.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn idle_web_connections_shut_nobody_else_out() -> Result<()> {
    let setup = quiet()
        .env("CONFAB_HTTP_CONNECTIONS", "80")
        .env("CONFAB_HTTP_CONNECTIONS_PER_ADDRESS", "40");
    let confab = Confab::start_with(setup).await?;
    let health = confab.url("/health");
    let web = health
        .trim_start_matches("http://")
        .trim_end_matches("/health");
    let mut idle = Vec::new();
    for _ in 0..200 {
        let socket = tokio::net::TcpSocket::new_v4()?;
        socket.bind("127.0.0.3:0".parse()?)?;
        idle.push(socket.connect(web.parse()?).await?);
    }
    let from = async |address: &str| portal::get_from(address.parse()?, &health).await;
    let told = from("127.0.0.2").await?;
    assert!(told.contains("\"status\":\"ok\""), "{told}");
    assert!(
        from("127.0.0.3").await.is_err(),
        "who holds them all is refused"
    );
    confab.finish().await
}
