//! Tables of offers and answers, and what they share.

use std::net::SocketAddr;

use confab_core::audio::stream::{
    Codec, Direction, Offered, OpusWishes, SrtpKey, SrtpSuite, Stream,
};

use super::*;

mod any;
mod codecs;
mod keys;
mod offers;

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

fn key(suite: SrtpSuite) -> SrtpKey {
    let (key, salt) = suite.key_and_salt_len();
    let octets: Vec<u8> = (0..key + salt).map(|n| n as u8).collect();
    SrtpKey::new(suite, &octets).unwrap()
}

fn another(suite: SrtpSuite) -> SrtpKey {
    let (key, salt) = suite.key_and_salt_len();
    SrtpKey::new(suite, &vec![0xFF; key + salt]).unwrap()
}

fn wishes(codecs: &[Codec], srtp: SrtpPolicy) -> Wishes {
    let media = MediaWishes {
        codecs: codecs.to_vec(),
        srtp,
        comfort_noise: true,
    };
    Wishes::new(media, key)
}

fn all() -> Wishes {
    let codecs = [Codec::Opus, Codec::G722, Codec::Pcma, Codec::Pcmu];
    wishes(&codecs, SrtpPolicy::Accept)
}

/// Reads the offer and compares what was chosen.
fn check(lines: &[&str], expected: Result<Stream, Unfit>) {
    let got = read_offer(&offer(lines), &all(), None).map(|terms| terms.stream);
    assert_eq!(got, expected, "{lines:#?}");
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
    let last = read_offer(&offer(&["m=audio 65535 RTP/AVP 0"]), &all(), None)
        .unwrap()
        .stream;
    assert_eq!(last.remote_rtcp.port(), 65535);
    let without = b"v=0\r\no=- 1 1 IN IP4 h\r\ns=-\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n";
    assert_eq!(read_offer(without, &all(), None), Err(Unfit::Malformed));
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
        let got = read_offer(&body, &all(), None).map(|terms| terms.stream);
        assert_eq!(got, Ok(plain()), "{}", String::from_utf8_lossy(&body));
    }
    assert_eq!(read_offer(b"nonsense", &all(), None), Err(Unfit::Malformed));
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
    let terms = read_offer(&body, &all(), None).unwrap();
    let local: SocketAddr = "192.0.2.7:20000".parse().unwrap();
    let mut origin = Origin::new(77);
    let expected = "v=0\r\no=- 77 1 IN IP4 192.0.2.7\r\ns=-\r\nc=IN IP4 192.0.2.7\r\nt=0 0\r\n\
        m=video 0 RTP/AVP 31 34\r\n\
        m=audio 20000 RTP/AVP 8 100\r\na=rtpmap:8 PCMA/8000\r\n\
        a=rtpmap:100 telephone-event/8000\r\na=fmtp:100 0-15\r\n\
        a=ptime:30\r\na=maxptime:60\r\na=recvonly\r\n\
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
