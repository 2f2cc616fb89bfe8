//! Which codec is taken, and what goes with it.

use super::*;

/// The number and codec that are taken of an audio line with `formats` and `lines`.
fn taken(codecs: &[Codec], formats: &str, lines: &[&str]) -> Result<(u8, Codec), Unfit> {
    let line = format!("m=audio 4000 RTP/AVP {formats}");
    let mut all = vec![line.as_str()];
    all.extend(lines);
    let terms = read_offer(&offer(&all), &wishes(codecs, SrtpPolicy::Accept), None)?;
    Ok((terms.stream.payload_type, terms.stream.codec))
}

const OPUS: &str = "a=rtpmap:111 opus/48000/2";

#[test]
fn the_best_codec_by_our_order() {
    use Codec::{G722, Opus, Pcma, Pcmu};
    let check = |codecs: &[Codec], formats, lines: &[&str], expected| {
        assert_eq!(taken(codecs, formats, lines), Ok(expected), "{formats}");
    };
    let usual = &[Opus, G722, Pcma, Pcmu];
    check(usual, "0 8 9 111", &[OPUS], (111, Opus));
    check(usual, "0 8 9 111", &[], (9, G722));
    check(usual, "0 8", &[], (0, Pcmu));
    check(usual, "18 8 0", &[], (8, Pcma));
    check(usual, "97 0", &["a=rtpmap:97 G722/8000"], (97, G722));
    check(&[Pcma, Pcmu, Opus], "111 0 8", &[OPUS], (0, Pcmu));
    check(&[G722, Pcma, Opus, Pcmu], "111 0", &[OPUS], (0, Pcmu));
    check(&[Pcmu, Opus], "8 111", &[OPUS], (111, Opus));
    check(&[Pcmu], "8 0", &[], (0, Pcmu));
    check(&[Opus], "8 111", &["a=rtpmap:111 OPUS/48000"], (111, Opus));
    let none = |codecs: &[Codec], formats, lines: &[&str]| {
        let got = taken(codecs, formats, lines);
        assert_eq!(got, Err(Unfit::NoCommonCodec), "{formats} {lines:?}");
    };
    none(&[Opus, G722], "0 8", &[]);
    none(usual, "18 3", &[]);
    none(usual, "111", &[]);
    none(usual, "111", &["a=rtpmap:111 opus/16000/2"]);
    none(usual, "111", &["a=rtpmap:111 opus/48000/6"]);
    none(usual, "9", &["a=rtpmap:9 G722/16000"]);
    none(usual, "0", &["a=rtpmap:0 iLBC/8000"]);
    none(usual, "97", &["a=rtpmap:97 PCMU/16000"]);
    none(usual, "97", &["a=rtpmap:97 PCMU/8000/2"]);
}

#[test]
fn lines_that_are_not_for_us() {
    let none = Err(Unfit::NoCommonCodec);
    check(&["m=audio 0 RTP/AVP 0"], none);
    check(&["m=audio 4000 UDP/TLS/RTP/SAVPF 0"], none);
    check(&["m=video 4000 RTP/AVP 0"], none);
    check(&[], none);
    let alaw = Stream {
        codec: Codec::Pcma,
        payload_type: 97,
        ..plain()
    };
    let lines = ["m=audio 4000 RTP/AVP 97", "a=rtpmap:97 pcma/8000/1"];
    check(&lines, Ok(alaw));
}

/// The stream of an offer.
fn stream_of(lines: &[&str]) -> Stream {
    read_offer(&offer(lines), &all(), None).unwrap().stream
}

#[test]
fn keys_count_at_the_codecs_clock_or_at_8000() {
    let both = [
        "m=audio 4000 RTP/AVP 111 0 101 110",
        OPUS,
        "a=rtpmap:101 telephone-event/8000",
        "a=rtpmap:110 Telephone-Event/48000",
    ];
    let check = |lines: &[&str], number, clock| {
        let stream = stream_of(lines);
        let got = (stream.event_payload_type, stream.event_clock_hz);
        assert_eq!(got, (number, clock), "{lines:#?}");
    };
    check(&both, Some(110), 48_000);
    check(&both[..3], Some(101), 8_000);
    check(&both[..2], None, 48_000);
    let narrow = |formats: &str| [format!("m=audio 4000 RTP/AVP {formats}")];
    let lines = |formats, map: &'static str| {
        let [first] = narrow(formats);
        stream_of(&[first.as_str(), map])
    };
    let wide = lines("9 101", "a=rtpmap:101 telephone-event/8000");
    assert_eq!(
        (wide.codec, wide.event_payload_type),
        (Codec::G722, Some(101))
    );
    let other = lines("0 110", "a=rtpmap:110 telephone-event/48000");
    assert_eq!(other.event_payload_type, None);
    let unlisted = lines("0", "a=rtpmap:96 telephone-event/8000");
    assert_eq!(unlisted.event_payload_type, None);
}

#[test]
fn what_a_peer_wishes_of_opus() {
    let check = |params: &str, expected: OpusWishes| {
        let fmtp = format!("a=fmtp:111 {params}");
        let stream = stream_of(&["m=audio 4000 RTP/AVP 111", OPUS, &fmtp]);
        assert_eq!(stream.opus, expected, "{params}");
    };
    let nothing = OpusWishes::default();
    check("", nothing);
    check("minptime=10; stereo=1;x", nothing);
    let all = OpusWishes {
        inband_fec: true,
        dtx: true,
        bitrate_max: Some(24_000),
        playback_hz_max: 16_000,
    };
    let text = "useinbandfec=1; usedtx=1 ;MaxAverageBitrate=24000;maxplaybackrate=16000";
    check(text, all);
    check("useinbandfec=0;usedtx=2;maxaveragebitrate=-1", nothing);
    check("maxaveragebitrate=4294967296;maxplaybackrate=1", nothing);
    let other = [
        "m=audio 4000 RTP/AVP 111",
        OPUS,
        "a=fmtp:11 usedtx=1",
        "a=fmtp:111",
    ];
    assert_eq!(stream_of(&other).opus, nothing);
    let narrow = ["m=audio 4000 RTP/AVP 0", "a=fmtp:0 usedtx=1"];
    assert_eq!(stream_of(&narrow).opus, nothing);
}

#[test]
fn packet_times_of_opus() {
    let check = |lines: &[&str], ms| {
        let mut all = vec!["m=audio 4000 RTP/AVP 111", OPUS];
        all.extend(lines);
        assert_eq!(stream_of(&all).packet_ms, ms, "{lines:?}");
    };
    check(&[], 20);
    for (ptime, ms) in [(10, 10), (20, 20), (30, 20), (40, 40), (50, 40), (60, 60)] {
        check(&[&format!("a=ptime:{ptime}")], ms);
    }
    check(&["a=ptime:60", "a=maxptime:50"], 40);
    check(&["a=ptime:120", "a=maxptime:120"], 20);
}

#[test]
fn comfort_noise_goes_with_narrow_clocks_only() {
    let check = |lines: &[&str], noise| {
        assert_eq!(stream_of(lines).noise_payload_type, noise, "{lines:?}");
    };
    check(&["m=audio 4000 RTP/AVP 0 13"], Some(13));
    check(&["m=audio 4000 RTP/AVP 9 13"], Some(13));
    check(
        &["m=audio 4000 RTP/AVP 0 98", "a=rtpmap:98 CN/8000"],
        Some(98),
    );
    check(&["m=audio 4000 RTP/AVP 0 13", "a=rtpmap:13 CN/16000"], None);
    check(&["m=audio 4000 RTP/AVP 0"], None);
    check(&["m=audio 4000 RTP/AVP 111 13", OPUS], None);
}

#[test]
fn the_answer_says_what_we_wish_of_opus() {
    let body = offer(&[
        "m=audio 4000 RTP/AVP 0 96 97",
        "a=rtpmap:96 opus/48000/2",
        "a=rtpmap:97 telephone-event/48000",
    ]);
    let terms = read_offer(&body, &all(), None).unwrap();
    let local: SocketAddr = "192.0.2.7:20000".parse().unwrap();
    let text = write_answer(&mut Origin::new(1), &terms, local);
    let expected = "m=audio 20000 RTP/AVP 96 97\r\na=rtpmap:96 opus/48000/2\r\n\
        a=fmtp:96 useinbandfec=1;usedtx=1;maxaveragebitrate=64000;maxplaybackrate=48000;\
        stereo=0;sprop-stereo=0\r\na=rtpmap:97 telephone-event/48000\r\na=fmtp:97 0-15\r\n\
        a=ptime:20\r\na=maxptime:60\r\na=sendrecv\r\n";
    assert!(text.ends_with(expected), "{text}");
}
