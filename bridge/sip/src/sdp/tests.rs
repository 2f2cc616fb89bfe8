//! Tables of offers and answers, and properties over any bytes.

use std::net::SocketAddr;

use confab_core::audio::stream::{Codec, Direction, Offered, OpusWishes, Stream};
use proptest::prelude::*;

use super::*;

fn offer(lines: &[&str]) -> Vec<u8> {
    let mut text =
        "v=0\r\no=- 1 1 IN IP4 10.0.0.1\r\ns=-\r\nc=IN IP4 10.0.0.1\r\nt=0 0\r\n".to_owned();
    for line in lines {
        text.push_str(line);
        text.push_str("\r\n");
    }
    text.into_bytes()
}

fn plain() -> Stream {
    Stream {
        remote: "10.0.0.1:4000".parse().unwrap(),
        remote_rtcp: "10.0.0.1:4001".parse().unwrap(),
        codec: Codec::Pcmu,
        payload_type: 0,
        event_payload_type: None,
        event_clock_hz: 8_000,
        offered: Offered::default(),
        packet_ms: 20,
        direction: Direction::SendRecv,
        noise_payload_type: None,
        opus: OpusWishes::default(),
        srtp: None,
    }
}

/// Reads the offer and compares what was chosen.
fn check(lines: &[&str], expected: Result<Stream, Unfit>) {
    let got = read_offer(&offer(lines)).map(|terms| terms.stream);
    assert_eq!(got, expected, "{lines:#?}");
}

#[test]
fn codecs_are_taken_in_the_offerers_order() {
    let none = Err(Unfit::NoCommonCodec);
    check(&["m=audio 4000 RTP/AVP 0"], Ok(plain()));
    check(&["m=audio 4000 RTP/AVP 0 8"], Ok(plain()));
    let alaw = Stream {
        codec: Codec::Pcma,
        payload_type: 8,
        ..plain()
    };
    check(&["m=audio 4000 RTP/AVP 9 18 8 0"], Ok(alaw));
    check(
        &["m=audio 4000 RTP/AVP 8 0", "a=rtpmap:8 pcma/8000/1"],
        Ok(alaw),
    );
    let dynamic = Stream {
        codec: Codec::Pcma,
        payload_type: 97,
        ..plain()
    };
    check(
        &["m=audio 4000 RTP/AVP 97", "a=rtpmap:97 PCMA/8000"],
        Ok(dynamic),
    );
    check(&["m=audio 4000 RTP/AVP 0", "a=rtpmap:0 G722/8000"], none);
    check(&["m=audio 4000 RTP/AVP 97", "a=rtpmap:97 PCMU/16000"], none);
    check(
        &["m=audio 4000 RTP/AVP 97", "a=rtpmap:97 PCMU/8000/2"],
        none,
    );
    check(&["m=audio 4000 RTP/AVP 9 18 3"], none);
    check(&["m=audio 0 RTP/AVP 0"], none);
    check(&["m=audio 4000 RTP/SAVP 0"], none);
    check(&["m=audio 4000 UDP/TLS/RTP/SAVPF 0"], none);
    check(&["m=video 4000 RTP/AVP 0"], none);
    check(&[], none);
}

#[test]
fn keys_have_their_own_payload_type() {
    let with = |number| {
        Ok(Stream {
            event_payload_type: number,
            ..plain()
        })
    };
    check(
        &[
            "m=audio 4000 RTP/AVP 0 96",
            "a=rtpmap:96 telephone-event/8000",
        ],
        with(Some(96)),
    );
    let several = [
        "m=audio 4000 RTP/AVP 0 110 96",
        "a=rtpmap:110 telephone-event/48000",
        "a=rtpmap:96 Telephone-Event/8000",
    ];
    check(&several, with(Some(96)));
    check(
        &["m=audio 4000 RTP/AVP 0", "a=rtpmap:96 telephone-event/8000"],
        with(None),
    );
}

#[test]
fn packet_times() {
    let wish = |lines: &[&str], packet_ms| {
        let mut all = vec!["m=audio 4000 RTP/AVP 0"];
        all.extend(lines);
        check(
            &all,
            Ok(Stream {
                packet_ms,
                ..plain()
            }),
        );
    };
    wish(&["a=ptime:10"], 10);
    wish(&["a=ptime:30"], 30);
    wish(&["a=ptime:60"], 60);
    wish(&["a=ptime:70"], 20);
    wish(&["a=ptime:25"], 20);
    wish(&["a=ptime:0"], 20);
    wish(&["a=ptime:x"], 20);
    wish(&["a=ptime:99999999999"], 20);
    wish(&["a=maxptime:150"], 20);
    wish(&["a=maxptime:10"], 10);
    wish(&["a=ptime:60", "a=maxptime:35"], 30);
    wish(&["a=maxptime:3"], 20);
}

#[test]
fn directions_and_holds() {
    let way = |lines: &[&str], direction| {
        let mut all = vec!["m=audio 4000 RTP/AVP 0"];
        all.extend(lines);
        check(
            &all,
            Ok(Stream {
                direction,
                ..plain()
            }),
        );
    };
    way(&["a=sendrecv"], Direction::SendRecv);
    way(&["a=sendonly"], Direction::RecvOnly);
    way(&["a=recvonly"], Direction::SendOnly);
    way(&["a=inactive"], Direction::Inactive);
    let session = ["a=sendonly", "m=audio 4000 RTP/AVP 0"];
    check(
        &session,
        Ok(Stream {
            direction: Direction::RecvOnly,
            ..plain()
        }),
    );
    let old = Stream {
        remote: "0.0.0.0:4000".parse().unwrap(),
        remote_rtcp: "0.0.0.0:4001".parse().unwrap(),
        direction: Direction::RecvOnly,
        ..plain()
    };
    check(&["m=audio 4000 RTP/AVP 0", "c=IN IP4 0.0.0.0"], Ok(old));
}

#[test]
fn addresses() {
    let at = |lines: &[&str], remote: &str, rtcp: &str| {
        let mut all = vec!["m=audio 4000 RTP/AVP 0"];
        all.extend(lines);
        let (remote, remote_rtcp) = (remote.parse().unwrap(), rtcp.parse().unwrap());
        check(
            &all,
            Ok(Stream {
                remote,
                remote_rtcp,
                ..plain()
            }),
        );
    };
    at(&["c=IN IP4 10.0.0.2"], "10.0.0.2:4000", "10.0.0.2:4001");
    at(&["c=IN IP4 10.0.0.2/127"], "10.0.0.2:4000", "10.0.0.2:4001");
    at(
        &["c=IN IP6 2001:db8::1"],
        "[2001:db8::1]:4000",
        "[2001:db8::1]:4001",
    );
    at(&["a=rtcp:5000"], "10.0.0.1:4000", "10.0.0.1:5000");
    at(
        &["a=rtcp:5000 IN IP4 10.0.0.7"],
        "10.0.0.1:4000",
        "10.0.0.7:5000",
    );
    at(&["a=rtcp:x"], "10.0.0.1:4000", "10.0.0.1:4001");
    check(
        &["m=audio 4000 RTP/AVP 0", "c=IN IP4 host.example"],
        Err(Unfit::Malformed),
    );
    check(
        &["m=audio 4000 RTP/AVP 0", "c=IN IP4 224.0.0.1"],
        Err(Unfit::Malformed),
    );
    let last = read_offer(&offer(&["m=audio 65535 RTP/AVP 0"]))
        .unwrap()
        .stream;
    assert_eq!(last.remote_rtcp.port(), 65535);
    let without = b"v=0\r\no=- 1 1 IN IP4 h\r\ns=-\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n";
    assert_eq!(read_offer(without), Err(Unfit::Malformed));
}

#[test]
fn sloppy_descriptions_are_read() {
    let tail = "c=IN IP4 10.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n";
    let starts: [&[u8]; 4] = [
        b"v=0\r\no=J\xF6rg 1 1 IN IP4 h\r\ns=caf\xE9\r\n",
        b"v=0\r\no=My Phone Inc 1 1 IN IP4 h\r\ns=-\r\n",
        b"v=0\r\no=- 1 18446744073709551616000 IN IP4 h\r\ns=-\r\n",
        b"v=0\no=- 1 1 IN IP4 h\n",
    ];
    for start in starts {
        let body = [start, tail.as_bytes()].concat();
        let got = read_offer(&body).map(|terms| terms.stream);
        assert_eq!(got, Ok(plain()), "{}", String::from_utf8_lossy(&body));
    }
    assert_eq!(read_offer(b"nonsense"), Err(Unfit::Malformed));
}

#[test]
fn the_answer_mirrors_the_offer() {
    let body = offer(&[
        "m=video 5000 RTP/AVP 31 34",
        "m=audio 4000 RTP/AVP 18 8 0 100",
        "a=rtpmap:100 telephone-event/8000",
        "a=ptime:30",
        "a=sendonly",
        "m=audio 4002 RTP/AVP 0",
        "m=image 0 udptl t38",
    ]);
    let terms = read_offer(&body).unwrap();
    let local: SocketAddr = "192.0.2.7:20000".parse().unwrap();
    let mut origin = Origin::new(77);
    let expected = "v=0\r\no=- 77 1 IN IP4 192.0.2.7\r\ns=-\r\nc=IN IP4 192.0.2.7\r\nt=0 0\r\n\
        m=video 0 RTP/AVP 31 34\r\n\
        m=audio 20000 RTP/AVP 8 100\r\na=rtpmap:8 PCMA/8000\r\n\
        a=rtpmap:100 telephone-event/8000\r\na=fmtp:100 0-15\r\na=ptime:30\r\na=recvonly\r\n\
        m=audio 0 RTP/AVP 0\r\nm=image 0 udptl t38\r\n";
    assert_eq!(write_answer(&mut origin, &terms, local), expected);
    assert_eq!(
        write_answer(&mut origin, &terms, local),
        expected,
        "unchanged: same version"
    );
    let local: SocketAddr = "[2001:db8::7]:20002".parse().unwrap();
    let moved = write_answer(&mut origin, &terms, local);
    assert!(moved.contains("o=- 77 2 IN IP6 2001:db8::7\r\n"), "{moved}");
}

#[test]
fn our_offer_can_be_answered() {
    let local: SocketAddr = "192.0.2.7:20000".parse().unwrap();
    let text = write_offer(&mut Origin::new(1), Codec::Pcma, local);
    let theirs = read_offer(text.as_bytes()).unwrap();
    assert_eq!(theirs.stream.codec, Codec::Pcma);
    assert_eq!(theirs.stream.event_payload_type, Some(101));
    let answer = write_answer(
        &mut Origin::new(2),
        &theirs,
        "10.0.0.1:4000".parse().unwrap(),
    );
    let agreed = read_answer(answer.as_bytes()).unwrap();
    assert_eq!(
        (agreed.codec, agreed.remote),
        (Codec::Pcma, "10.0.0.1:4000".parse().unwrap())
    );
    let refused = answer.replace("m=audio 4000", "m=audio 0");
    assert_eq!(read_answer(refused.as_bytes()), Err(Unfit::NoCommonCodec));
}

/// Pieces that come near to SDP, so that the search gets past the first line.
fn near_sdp() -> impl Strategy<Value = Vec<u8>> {
    let pieces = prop::sample::select(vec![
        "v=0\r\n",
        "o=- 1 1 IN IP4 h\r\n",
        "o=a b c d e f g\r\n",
        "s=\r\n",
        "t=0 0\r\n",
        "c=IN IP4 1.2.3.4\r\n",
        "c=IN IP6 ::\r\n",
        "m=audio 4000 RTP/AVP 0 8 101\r\n",
        "m=audio 65535/2 RTP/AVP\r\n",
        "a=rtpmap:101 telephone-event/8000\r\n",
        "a=rtpmap:\r\n",
        "a=ptime:4294967295\r\n",
        "a=maxptime:0\r\n",
        "a=rtcp:1 IN\r\n",
        "a=sendonly\r\n",
        "\r\n",
    ]);
    let noise = prop::collection::vec(any::<u8>(), 0..6);
    prop::collection::vec((pieces, noise, 0u8..8), 0..20).prop_map(|parts| {
        let mut body = Vec::new();
        for (piece, noise, chance) in parts {
            body.extend_from_slice(piece.as_bytes());
            if chance == 0 {
                body.extend_from_slice(&noise);
            }
        }
        body
    })
}

proptest! {
    #[test]
    fn any_bytes_are_survived(body in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = read_offer(&body);
        let _ = read_answer(&body);
        let _ = sdp_in("multipart/mixed;boundary=x", &body);
    }

    #[test]
    fn what_is_read_can_be_answered(body in near_sdp()) {
        if let Ok(terms) = read_offer(&body) {
            prop_assert!((10..=60).contains(&terms.stream.packet_ms));
            let local = "192.0.2.7:20000".parse().unwrap();
            let text = write_answer(&mut Origin::new(1), &terms, local);
            prop_assert!(sdp_types::Session::parse(text.as_bytes()).is_ok(), "{}", text);
        }
        let _ = read_answer(&body);
    }
}
