//! Properties over any bytes, and over bytes that come near to SDP.

use proptest::prelude::*;

use super::*;

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
        "m=audio 4000 RTP/SAVP 111 9 0 13 101 110\r\n",
        "a=rtpmap:111 opus/48000/2\r\n",
        "a=rtpmap:9 G722/8000\r\n",
        "a=rtpmap:110 telephone-event/48000\r\n",
        "a=rtpmap:300 opus/99999999999/300\r\n",
        "a=fmtp:111 useinbandfec=1; maxaveragebitrate=4294967296;;=;stereo\r\n",
        "a=fmtp:111\r\n",
        "a=crypto:1 AES_CM_128_HMAC_SHA1_80 \
            inline:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwd|2^20\r\n",
        "a=crypto:999999999 AEAD_AES_128_GCM inline:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGw\r\n",
        "a=crypto:1 AES_CM_128_HMAC_SHA1_32 inline:|2^64|1:4;inline: KDR=0\r\n",
        "a=crypto:\r\n",
        "a=rtpmap:101 telephone-event/8000\r\n",
        "a=rtpmap:\r\n",
        "a=ptime:4294967295\r\n",
        "a=ptime:50\r\n",
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

fn policies() -> impl Strategy<Value = Wishes> {
    let all = [SrtpPolicy::Never, SrtpPolicy::Accept, SrtpPolicy::Require];
    let codecs = vec![Codec::Opus, Codec::G722, Codec::Pcma, Codec::Pcmu];
    let codecs = prop::sample::subsequence(codecs, 1..=4).prop_shuffle();
    (prop::sample::select(all.to_vec()), codecs).prop_map(|(srtp, codecs)| wishes(&codecs, srtp))
}

proptest! {
    #[test]
    fn any_bytes_are_survived(body in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = read_offer(&body, &all(), None);
        let _ = read_answer(&body, &OurOffer::default());
        let _ = sdp_in("multipart/mixed;boundary=x", &body);
    }

    #[test]
    fn what_is_read_can_be_answered(body in near_sdp(), wishes in policies()) {
        let local = "192.0.2.7:20000".parse().unwrap();
        if let Ok(terms) = read_offer(&body, &wishes, None) {
            let stream = terms.stream;
            prop_assert!((10..=60).contains(&stream.packet_ms));
            prop_assert!(wishes.codecs.contains(&stream.codec));
            prop_assert_eq!(stream.srtp.is_some(), terms.crypto_tag.is_some());
            prop_assert!(stream.srtp.is_some() || wishes.srtp != SrtpPolicy::Require);
            prop_assert!(stream.srtp.is_none() || wishes.srtp != SrtpPolicy::Never);
            let text = write_answer(&mut Origin::new(1), &terms, local);
            prop_assert!(text.len() <= 2 * body.len() + 1_000, "{}", text);
            prop_assert!(sdp_types::Session::parse(text.as_bytes()).is_ok(), "{}", text);
            // The next offer of ours in this call gives no number two meanings.
            let (text, ours) = write_offer(&mut Origin::new(1), &wishes, Some(&stream), local);
            prop_assert!(sdp_types::Session::parse(text.as_bytes()).is_ok(), "{}", text);
            let codecs = ours.codecs.iter().map(|(number, _)| *number);
            let mut numbers: Vec<u8> = codecs.chain(ours.events.iter().map(|e| e.0)).collect();
            numbers.sort_unstable();
            let count = numbers.len();
            numbers.dedup();
            prop_assert_eq!(numbers.len(), count, "{}", text);
        }
    }

    #[test]
    fn answers_agree_on_nothing_that_was_not_offered(body in near_sdp(), wishes in policies()) {
        let local = "192.0.2.7:20000".parse().unwrap();
        let (_, ours) = write_offer(&mut Origin::new(1), &wishes, None, local);
        if let Ok(stream) = read_answer(&body, &ours) {
            prop_assert!(wishes.codecs.contains(&stream.codec));
            prop_assert_eq!(stream.srtp.is_some(), wishes.srtp == SrtpPolicy::Require);
        }
    }
}
