//! What is refused, and how: one table of requests that are wrong by themselves, then those that
//! are wrong by what went before.

use std::time::Duration;

use confab_sip::{SipCommand, Tuning};

use crate::phone::{OFFER, Phone, unique};
use crate::server::{Server, brisk};

/// Sends the request and compares the status; gives the whole answer back.
async fn check(server: &Server, text: &str, status: u16) -> crate::phone::Got {
    let mut phone = Phone::udp(server.udp).await;
    let text = text.replace("PHONE", &phone.local.to_string());
    let text = text.replace("refused@test", &unique("refused"));
    phone.send_raw(text.as_bytes()).await;
    let got = phone.reply().await;
    assert_eq!(got.status(), status, "{text}\n{got:#?}");
    got
}

/// An INVITE of which a line can be replaced.
fn invite() -> String {
    format!(
        "INVITE sip:1000@confab.example SIP/2.0\r\n\
         Via: SIP/2.0/UDP PHONE;branch=z9hG4bKx1;rport\r\n\
         Max-Forwards: 70\r\nFrom: <sip:a@b>;tag=f1\r\nTo: <sip:1000@confab.example>\r\n\
         Call-ID: refused@test\r\nCSeq: 1 INVITE\r\nContact: <sip:a@PHONE>\r\n\
         Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{OFFER}",
        OFFER.len()
    )
}

const START: &str = "INVITE sip:1000@confab.example SIP/2.0";

/// A part of the INVITE, what stands there instead, and what it is answered.
const CASES: [(&str, &str, u16); 30] = [
    ("SIP/2.0\r\nVia", "SIP/7.0\r\nVia", 505),
    (START, "INVITE  sip:1000@confab.example SIP/2.0", 400),
    (START, "INVITE <sip:1000@confab.example> SIP/2.0", 400),
    (START, "INVITE sip:1000@confab.example?a=b SIP/2.0", 400),
    (START, "INVITE http:1000 SIP/2.0", 416),
    ("Max-Forwards: 70", "Max-Forwards: 0", 483),
    ("Max-Forwards: 70", "Max-Forwards: 300", 400),
    ("Max-Forwards: 70", "Require: 100rel", 420),
    ("Max-Forwards: 70", "Require: timer, nothing", 420),
    ("From: <sip:a@b>;tag=f1\r\n", "", 400),
    (";tag=f1", "", 400),
    ("To: <sip:1000@confab.example>\r\n", "", 400),
    ("Call-ID: refused@test\r\n", "", 400),
    ("CSeq: 1 INVITE\r\n", "", 400),
    ("CSeq: 1 INVITE", "CSeq: x INVITE", 400),
    ("CSeq: 1 INVITE", "CSeq: 4294967296 INVITE", 400),
    ("CSeq: 1 INVITE", "CSeq: 1 OPTIONS", 400),
    ("CSeq: 1 INVITE", "CSeq: 1 INVITE\r\nCSeq: 2 INVITE", 400),
    ("Contact: <sip:a@PHONE>\r\n", "", 400),
    ("Contact: <sip:a@PHONE>", "Contact: <sip:a@PHONE>;;", 400),
    ("Contact: <sip:a@PHONE>", "Contact: \"A <sip:a@PHONE>", 400),
    (
        "Content-Type: application/sdp",
        "Content-Type: text/plain",
        415,
    ),
    ("Content-Type: application/sdp\r\n", "", 400),
    (
        "Content-Type: application/sdp",
        "Content-Type: multipart/mixed;boundary=b",
        415,
    ),
    (
        "Content-Type: app",
        "Content-Encoding: gzip\r\nContent-Type: app",
        415,
    ),
    ("Max-Forwards: 70", "Accept: text/html", 406),
    (
        "Max-Forwards: 70",
        "Date: Fri, 01 Jan 2010 16:00:00 EST",
        400,
    ),
    ("Content-Length: ", "Content-Length: 9", 400),
    ("Content-Length: ", "Content-Length: -", 400),
    ("RTP/AVP 8 0 101", "RTP/SAVP 8 0 101", 488),
];

#[tokio::test]
async fn requests_that_are_wrong_by_themselves() {
    let server = Server::start().await;
    for (line, instead, status) in CASES {
        let text = invite();
        assert!(text.contains(line), "{line}");
        let got = check(&server, &text.replacen(line, instead, 1), status).await;
        assert!(got.must("Via").contains("rport="), "{got:#?}");
    }
    let sdp = [
        ("m=audio 4000", "m=audio 0"),
        ("AVP 8 0 101", "AVP 9 101"),
        ("v=0", "?!"),
    ];
    for (line, instead) in sdp {
        let body = OFFER.replacen(line, instead, 1);
        let text = invite().replace(OFFER, &body);
        let length = format!("Content-Length: {}", OFFER.len());
        check(
            &server,
            &text.replace(&length, &format!("Content-Length: {}", body.len())),
            488,
        )
        .await;
    }
    assert_eq!(server.count("calls_total"), 0);
    server.empties().await;
}

#[tokio::test]
async fn refusals_say_what_would_do() {
    let server = Server::start().await;
    let text = invite().replace("INVITE", "SUBSCRIBE");
    assert!(
        check(&server, &text, 405)
            .await
            .must("Allow")
            .contains("INVITE")
    );
    for method in [
        "PRACK",
        "REGISTER",
        "MESSAGE",
        "REFER",
        "PUBLISH",
        "NOTIFY",
        "WHAT-EVER",
    ] {
        check(&server, &invite().replace("INVITE", method), 405).await;
    }
    let text = invite().replace("Max-Forwards: 70", "Require: 100rel, timer, x.y");
    assert_eq!(
        check(&server, &text, 420).await.must("Unsupported"),
        "100rel, x.y"
    );
    let text = invite().replace("application/sdp", "text/plain");
    assert!(
        check(&server, &text, 415)
            .await
            .must("Accept")
            .contains("application/sdp")
    );
}

#[tokio::test]
async fn what_cannot_be_answered_is_dropped_and_counted() {
    let server = Server::start().await;
    let mut phone = Phone::udp(server.udp).await;
    let broken = [
        "nonsense",
        "INVITE sip:a SIP/2.0\r\n\r\n",
        "\r\n",
        "ACK x\r\nVia: y\r\n\r\n",
    ];
    for text in broken {
        phone.send_raw(text.as_bytes()).await;
    }
    phone.send_raw(&[0; 300]).await;
    phone
        .send_raw(
            invite()
                .replace("INVITE", "ACK")
                .replace("PHONE", "h")
                .as_bytes(),
        )
        .await;
    phone.expect_silence().await;
    assert_eq!(server.count("unanswerable"), 5);
    phone.send_raw(b"\r\n\r\n").await;
    let pong = phone.next().await;
    assert!(
        pong.start.is_empty() && pong.body.is_empty(),
        "a ping has its pong: {pong:?}"
    );
}

#[tokio::test]
async fn telephones_that_write_carelessly_are_understood() {
    let mut server = Server::start().await;
    let mut phone = Phone::udp(server.udp).await;
    let text = phone
        .request("INVITE", &[], OFFER)
        .replace("\"Anna\"", "J@rg");
    let mut bytes = text
        .replace("\r\nMax", "\nMax")
        .replace("Call-ID:", "i:")
        .into_bytes();
    let at = bytes.iter().position(|b| *b == b'@').unwrap();
    // The first @ is in the Request-URI; the second is the one in the name.
    let second = bytes[at + 1..]
        .windows(4)
        .position(|w| w == b"J@rg")
        .unwrap()
        + at
        + 2;
    bytes[second] = 0xF6;
    phone.send_raw(&bytes).await;
    let confab_sip::SipEvent::Invite { leg, caller, .. } = server.event().await else {
        panic!()
    };
    assert_eq!(caller.name, "Jörg");
    server.answer(leg).await;
    phone.expect(200).await;
    assert!(server.count("repaired") > 0);
}

#[tokio::test]
async fn requests_for_calls_that_are_not_there() {
    let mut server = Server::start().await;
    for method in ["BYE", "INFO", "UPDATE", "CANCEL"] {
        let mut phone = Phone::udp(server.udp).await;
        phone.send(method, &[], "").await;
        phone.expect(481).await;
    }
    for method in ["BYE", "INVITE", "OPTIONS", "INFO", "UPDATE"] {
        let mut phone = Phone::udp(server.udp).await;
        phone.to_tag = Some("stranger".into());
        phone.send(method, &[], "").await;
        phone.expect(481).await;
    }
    server.still_takes_a_call().await;
    server.empties().await;
}

#[tokio::test]
async fn an_invite_that_comes_on_two_ways_is_one_call() {
    let mut server = Server::start().await;
    let mut phone = Phone::udp(server.udp).await;
    let text = phone.send("INVITE", &[], OFFER).await;
    let leg = server.invited().await;
    let other = text.replace(&phone.branch, "z9hG4bKotherway");
    phone.send_raw(other.as_bytes()).await;
    let merged = phone.reply().await;
    assert_eq!(merged.status(), 482);
    assert!(merged.must("Via").contains("otherway"));
    server.answer(leg).await;
    phone.expect(200).await;
}

#[tokio::test]
async fn options_outside_a_call() {
    let mut server = Server::start().await;
    let mut phone = Phone::udp(server.udp).await;
    phone.send("OPTIONS", &[], "").await;
    let ok = phone.expect(200).await;
    assert_eq!(
        ok.must("Allow"),
        "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE"
    );
    server.command(SipCommand::Drain).await;
    let mut phone = Phone::udp(server.udp).await;
    // A command has no answer of its own: ask until it has been obeyed.
    loop {
        phone.send("OPTIONS", &[], "").await;
        let got = phone.reply().await;
        if got.status() == 503 {
            assert_eq!(got.must("Retry-After"), "10");
            break;
        }
    }
    phone.send("INVITE", &[], OFFER).await;
    assert_eq!(phone.expect(503).await.must("Retry-After"), "10");
    assert!(server.events.try_recv().is_err());
}

#[tokio::test]
async fn a_call_goes_on_while_draining() {
    let mut server = Server::start().await;
    let mut phone = Phone::udp(server.udp).await;
    server.connect(&mut phone).await;
    server.command(SipCommand::Drain).await;
    phone
        .send("INVITE", &[], &format!("{OFFER}a=sendonly\r\n"))
        .await;
    phone.expect(200).await;
    phone.ack("").await;
    server.changed().await;
    phone.send("BYE", &[], "").await;
    phone.expect(200).await;
}

#[tokio::test]
async fn no_more_calls_than_may_be_set_up_at_once() {
    let mut server = Server::tuned(Tuning {
        setups_max: 2,
        ..brisk()
    })
    .await;
    let mut phones = Vec::new();
    for _ in 0..2 {
        let mut phone = Phone::udp(server.udp).await;
        phone.send("INVITE", &[], OFFER).await;
        phones.push((server.invited().await, phone));
    }
    let mut late = Phone::udp(server.udp).await;
    late.send("INVITE", &[], OFFER).await;
    assert!(late.expect(503).await.header("Retry-After").is_some());
    for (leg, phone) in &mut phones {
        server.answer(*leg).await;
        phone.expect(200).await;
        phone.ack("").await;
        server.established().await;
    }
    server.still_takes_a_call().await;
}

#[tokio::test]
async fn a_source_that_floods_is_ignored_for_a_while() {
    let server = Server::with(brisk(), "127.0.0.1", 10).await;
    let mut phone = Phone::udp(server.udp).await;
    for _ in 0..200 {
        phone.send("OPTIONS", &[], "").await;
    }
    let mut answered = 0;
    while phone
        .next_within(Duration::from_millis(200))
        .await
        .is_some()
    {
        answered += 1;
    }
    assert!((20..60).contains(&answered), "{answered}");
    assert!(server.count("rate_limited") > 100);
}

#[tokio::test]
async fn a_datagram_too_large_to_read_is_refused() {
    let server = Server::start().await;
    let long = format!("X-Long: {}", "x".repeat(9000));
    check(&server, &invite().replace("Max-Forwards: 70", &long), 513).await;
    assert_eq!(server.count("too_large"), 1);
}

#[tokio::test]
async fn a_port_in_use_is_an_error_of_the_start() {
    let server = Server::start().await;
    for listen in &server.handle.listening {
        let config = confab_sip::Config {
            listen: vec![*listen],
            advertise: "127.0.0.1".parse().unwrap(),
            source_rate_per_s: 100,
            media: confab_sip::MediaWishes::default(),
            trunk: None,
        };
        let (events, _queue) = tokio::sync::mpsc::channel(1);
        let error = confab_sip::start(config, events)
            .await
            .unwrap_err()
            .to_string();
        assert!(error.starts_with("cannot listen on "), "{error}");
    }
}
