//! Offers of ours and the answers to them.

use super::*;

const LOCAL: &str = "192.0.2.7:20000";

fn our_offer(wishes: &Wishes, current: Option<&Stream>) -> (String, OurOffer) {
    write_offer(&mut Origin::new(1), wishes, current, LOCAL.parse().unwrap())
}

#[test]
fn all_that_we_have_is_offered() {
    let (text, _) = our_offer(&all(), None);
    let expected = "m=audio 20000 RTP/AVP 111 9 8 0 13 101 110\r\n\
        a=rtpmap:111 opus/48000/2\r\n";
    assert!(text.contains(expected), "{text}");
    for line in [
        "a=rtpmap:9 G722/8000",
        "a=rtpmap:8 PCMA/8000",
        "a=rtpmap:0 PCMU/8000",
        "a=rtpmap:13 CN/8000",
        "a=rtpmap:101 telephone-event/8000",
        "a=rtpmap:110 telephone-event/48000",
        "a=ptime:20",
        "a=maxptime:60",
    ] {
        assert!(text.contains(&format!("\r\n{line}\r\n")), "{line}: {text}");
    }
    let (text, _) = our_offer(&wishes(&[Codec::Opus], SrtpPolicy::Accept), None);
    assert!(
        text.contains("m=audio 20000 RTP/AVP 111 13 110\r\n"),
        "{text}"
    );
}

#[test]
fn our_offer_can_be_answered() {
    for policy in [SrtpPolicy::Never, SrtpPolicy::Accept, SrtpPolicy::Require] {
        let ours = wishes(&[Codec::Pcma, Codec::G722, Codec::Opus], policy);
        let (text, offered) = our_offer(&ours, None);
        let secure = policy == SrtpPolicy::Require;
        assert_eq!(text.contains("RTP/SAVP"), secure, "{text}");
        assert_eq!(
            text.matches("a=crypto:").count(),
            if secure { 4 } else { 0 }
        );
        for codec in [Codec::Opus, Codec::G722, Codec::Pcma] {
            let theirs = Wishes {
                fresh_key: another,
                ..wishes(&[codec], SrtpPolicy::Accept)
            };
            let terms = read_offer(text.as_bytes(), &theirs, None).unwrap();
            assert_eq!(terms.stream.codec, codec);
            let addr = "10.0.0.1:4000".parse().unwrap();
            let answer = write_answer(&mut Origin::new(2), &terms, addr);
            let agreed = read_answer(answer.as_bytes(), &offered).unwrap();
            assert_eq!((agreed.codec, agreed.remote), (codec, addr));
            assert_eq!(agreed.event_clock_hz, codec.clock_hz());
            assert!(agreed.event_payload_type.is_some());
            assert_eq!(agreed.offered, Offered::default());
            assert_eq!(agreed.srtp.is_some(), secure);
            for spoilt in [
                answer.replace("m=audio 4000", "m=audio 0"),
                answer
                    .replace("/AVP", "/XAVP")
                    .replace("/SAVP", "/AVP")
                    .replace("/XAVP", "/SAVP"),
            ] {
                let got = read_answer(spoilt.as_bytes(), &offered);
                assert_eq!(got, Err(Unfit::NoCommonCodec), "{spoilt}");
            }
            if secure {
                let spoilt = answer.replace("a=crypto:1 ", "a=crypto:9 ");
                let got = read_answer(spoilt.as_bytes(), &offered);
                assert_eq!(got, Err(Unfit::NoUsableKey), "{spoilt}");
                let same = wishes(&[codec], SrtpPolicy::Accept);
                let terms = read_offer(text.as_bytes(), &same, None).unwrap();
                let echo = write_answer(&mut Origin::new(2), &terms, addr);
                let got = read_answer(echo.as_bytes(), &offered);
                assert_eq!(got, Err(Unfit::NoUsableKey), "our own key: {echo}");
            }
        }
    }
}

/// Reads an answer with these lines to the offer of all that we have.
fn answered(lines: &[&str]) -> Result<Stream, Unfit> {
    let (_, offered) = our_offer(&all(), None);
    read_answer(&offer(lines), &offered)
}

#[test]
fn an_answer_with_other_numbers_is_sent_to_by_those() {
    let stream = answered(&[
        "m=audio 4000 RTP/AVP 96 97",
        "a=rtpmap:96 opus/48000/2",
        "a=rtpmap:97 telephone-event/48000",
    ])
    .unwrap();
    assert_eq!(
        (stream.payload_type, stream.event_payload_type),
        (96, Some(97))
    );
    let offered = Offered {
        payload_type: Some(111),
        event_payload_type: Some(110),
    };
    assert_eq!(stream.offered, offered);
    // The next offer keeps our numbers, and gives theirs no other meaning.
    let (text, _) = our_offer(&all(), Some(&stream));
    assert!(text.contains("RTP/AVP 111 9 8 0 13 110 101\r\n"), "{text}");
}

#[test]
fn answers_that_say_little() {
    let stream = answered(&["m=audio 4000 RTP/AVP 111"]).unwrap();
    assert_eq!((stream.codec, stream.payload_type), (Codec::Opus, 111));
    let none = Err(Unfit::NoCommonCodec);
    assert_eq!(answered(&["m=audio 4000 RTP/AVP 112"]), none);
    let unasked = ["m=audio 4000 RTP/AVP 96", "a=rtpmap:96 iLBC/8000"];
    assert_eq!(answered(&unasked), none);
    let (_, narrow) = our_offer(&wishes(&[Codec::Pcma], SrtpPolicy::Never), None);
    let wide = offer(&["m=audio 4000 RTP/AVP 9 0"]);
    assert_eq!(read_answer(&wide, &narrow), none);
    let odd = [
        "m=audio 4000 RTP/AVP 9 8",
        "a=rtpmap:110 telephone-event/48000",
    ];
    let stream = answered(&odd).unwrap();
    assert_eq!(
        (stream.codec, stream.event_payload_type),
        (Codec::G722, None)
    );
}

#[test]
fn a_later_offer_keeps_numbers_and_keys() {
    let body = offer(&[
        "m=audio 4000 RTP/SAVP 101 111",
        "a=rtpmap:101 opus/48000/2",
        "a=rtpmap:111 telephone-event/48000",
        "a=crypto:5 AEAD_AES_128_GCM inline:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGw==",
    ]);
    let stream = read_offer(&body, &all(), None).unwrap().stream;
    let (text, offered) = our_offer(&all(), Some(&stream));
    assert!(
        text.contains("m=audio 20000 RTP/SAVP 101 9 8 0 13 111 96\r\n"),
        "{text}"
    );
    assert!(
        text.contains("a=rtpmap:96 telephone-event/8000\r\n"),
        "{text}"
    );
    assert_eq!(text.matches("a=crypto:").count(), 1, "{text}");
    assert_eq!(offered.keys[0].key, stream.srtp.unwrap().ours);
}
