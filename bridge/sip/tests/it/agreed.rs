//! What is agreed on in calls with more than G.711: codecs, keys of SRTP, and what re-INVITEs
//! change of them.

use confab_core::audio::stream::{Codec, Direction, SrtpKey, SrtpSuite, Stream};
use confab_core::event::{DialFailure, EndReason};
use confab_sip::{MediaWishes, SrtpPolicy, Trunk};

use crate::gateway::Gateway;
use crate::phone::{Phone, unique};
use crate::server::{Server, brisk};

/// 16 + 14 octets 0, 1, 2, ..., and others.
const KEY: &str = "inline:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwd";
const NEW_KEY: &str = "inline:HRwbGhkYFxYVFBMSERAPDg0MCwoJCAcGBQQDAgEA";

fn media(srtp: SrtpPolicy) -> MediaWishes {
    MediaWishes {
        codecs: vec![Codec::Opus, Codec::G722, Codec::Pcma, Codec::Pcmu],
        srtp,
        comfort_noise: true,
    }
}

async fn server(srtp: SrtpPolicy) -> Server {
    Server::agreeing(brisk(), None, media(srtp)).await
}

/// A description with one audio line.
fn sdp(proto: &str, formats: &str, lines: &str) -> String {
    format!(
        "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
         m=audio 4000 {proto} {formats}\r\n{lines}"
    )
}

/// As a telephone offers one codec, with its keys.
fn offer_of(codec: Codec) -> String {
    let event = |clock| format!("a=rtpmap:101 telephone-event/{clock}\r\n");
    match codec {
        Codec::Pcmu => sdp("RTP/AVP", "0 101", &event(8_000)),
        Codec::Pcma => sdp("RTP/AVP", "8 101", &event(8_000)),
        Codec::G722 => sdp("RTP/AVP", "9 101", &event(8_000)),
        Codec::Opus => {
            let opus = "a=rtpmap:96 opus/48000/2\r\na=fmtp:96 useinbandfec=1\r\n";
            sdp("RTP/AVP", "96 101", &format!("{opus}{}", event(48_000)))
        }
    }
}

fn secure(suite: &str, key: &str) -> String {
    sdp("RTP/SAVP", "0", &format!("a=crypto:3 {suite} {key}\r\n"))
}

async fn connect(server: &mut Server, phone: &mut Phone, body: &str) -> (String, Stream) {
    phone.send("INVITE", &[], body).await;
    let leg = server.invited().await;
    server.answer(leg).await;
    let ok = phone.expect(200).await;
    phone.ack("").await;
    (ok.body, server.established().await)
}

async fn reinvite(server: &mut Server, phone: &mut Phone, body: &str) -> (String, Stream) {
    phone.send("INVITE", &[], body).await;
    let ok = phone.expect(200).await;
    phone.ack("").await;
    (ok.body, server.changed().await)
}

const ALL: [Codec; 4] = [Codec::Opus, Codec::G722, Codec::Pcma, Codec::Pcmu];

#[tokio::test]
async fn each_codec_is_held_and_resumed() {
    let mut server = server(SrtpPolicy::Accept).await;
    for codec in ALL {
        let mut phone = Phone::udp(server.udp).await;
        let (_, stream) = connect(&mut server, &mut phone, &offer_of(codec)).await;
        assert_eq!(stream.codec, codec);
        assert_eq!(
            (stream.event_payload_type, stream.event_clock_hz),
            (Some(101), codec.clock_hz())
        );
        let hold = format!("{}a=sendonly\r\n", offer_of(codec));
        let (answer, held) = reinvite(&mut server, &mut phone, &hold).await;
        assert!(answer.ends_with("a=recvonly\r\n"), "{answer}");
        let expected = Stream {
            direction: Direction::RecvOnly,
            ..stream
        };
        assert_eq!(held, expected);
        let (_, resumed) = reinvite(&mut server, &mut phone, &offer_of(codec)).await;
        assert_eq!(resumed, stream);
    }
}

#[tokio::test]
async fn a_reinvite_changes_the_codec() {
    let mut server = server(SrtpPolicy::Accept).await;
    let mut phone = Phone::udp(server.udp).await;
    connect(&mut server, &mut phone, &offer_of(Codec::Pcma)).await;
    for codec in [
        Codec::Opus,
        Codec::Pcmu,
        Codec::G722,
        Codec::Opus,
        Codec::Pcma,
    ] {
        let (answer, stream) = reinvite(&mut server, &mut phone, &offer_of(codec)).await;
        assert_eq!(stream.codec, codec, "{answer}");
        assert_eq!(stream.opus.inband_fec, codec == Codec::Opus);
        assert_eq!(stream.event_clock_hz, codec.clock_hz());
    }
}

#[tokio::test]
async fn an_invite_without_sdp_gets_all_that_we_have() {
    let mut server = server(SrtpPolicy::Accept).await;
    for codec in ALL {
        let mut phone = Phone::udp(server.udp).await;
        phone.send("INVITE", &[], "").await;
        let leg = server.invited().await;
        server.answer(leg).await;
        let ok = phone.expect(200).await;
        let line = "m=audio 20000 RTP/AVP 111 9 8 0 13 101 110\r\n";
        assert!(ok.body.contains(line), "{}", ok.body);
        phone.ack(&offer_of(codec)).await;
        let stream = server.established().await;
        assert_eq!(stream.codec, codec);
        let ours = stream.offered.payload_type;
        assert_eq!(ours, (codec == Codec::Opus).then_some(111), "{codec:?}");
        // Again, as who is passed on to another telephone is: what is used stands first.
        phone.send("INVITE", &[], "").await;
        let ok = phone.expect(200).await;
        let formats = ok.body.split("RTP/AVP ").nth(1).unwrap();
        let first: u8 = formats.split(' ').next().unwrap().parse().unwrap();
        assert_eq!(first, ours.unwrap_or(stream.payload_type), "{}", ok.body);
        phone
            .ack(&offer_of(Codec::Pcmu).replace("4000", "4800"))
            .await;
        let stream = server.changed().await;
        assert_eq!((stream.codec, stream.remote.port()), (Codec::Pcmu, 4_800));
    }
}

#[tokio::test]
async fn keys_are_agreed_and_changed() {
    let mut server = server(SrtpPolicy::Accept).await;
    let mut phone = Phone::udp(server.udp).await;
    let suite = "AES_CM_128_HMAC_SHA1_80";
    let (answer, stream) = connect(&mut server, &mut phone, &secure(suite, KEY)).await;
    let srtp = stream.srtp.unwrap();
    let octets: Vec<u8> = (0..30).collect();
    assert_eq!(Some(srtp.theirs), SrtpKey::new(srtp.suite, &octets));
    assert_ne!(srtp.ours, srtp.theirs);
    let tag = format!("a=crypto:3 {suite} inline:");
    assert!(answer.contains("m=audio 20000 RTP/SAVP 0\r\n"), "{answer}");
    assert!(answer.contains(&tag), "{answer}");
    // A hold with the same key changes neither.
    let hold = format!("{}a=sendonly\r\n", secure(suite, KEY));
    let (held_answer, held) = reinvite(&mut server, &mut phone, &hold).await;
    assert_eq!(held.srtp, Some(srtp));
    let line = |text: &str| {
        text.lines()
            .find(|l| l.starts_with("a=crypto"))
            .map(str::to_owned)
    };
    assert_eq!(line(&held_answer), line(&answer));
    let (_, changed) = reinvite(&mut server, &mut phone, &secure(suite, NEW_KEY)).await;
    let new = changed.srtp.unwrap();
    assert!(new.theirs != srtp.theirs && new.ours != srtp.ours);
    let (_, other) = reinvite(
        &mut server,
        &mut phone,
        &secure("AES_CM_128_HMAC_SHA1_32", KEY),
    )
    .await;
    assert_eq!(other.srtp.unwrap().suite, SrtpSuite::AesCm128Sha1_32);
    // Without keys it is no offer we can take, and all stays as it is.
    phone.send("INVITE", &[], &sdp("RTP/SAVP", "0", "")).await;
    let refused = phone.expect(488).await;
    assert!(refused.must("Warning").contains("a=crypto"), "{refused:#?}");
}

#[tokio::test]
async fn who_must_encrypt_takes_nothing_else() {
    let mut server = server(SrtpPolicy::Require).await;
    for body in [
        offer_of(Codec::Pcmu),
        secure("AES_CM_128_HMAC_SHA1_80", "inline:AAAA"),
    ] {
        let mut phone = Phone::udp(server.udp).await;
        phone.send("INVITE", &[], &body).await;
        phone.expect(488).await;
    }
    assert_eq!(server.count("no_codec"), 2);
    let mut phone = Phone::udp(server.udp).await;
    phone.send("INVITE", &[], "").await;
    let leg = server.invited().await;
    server.answer(leg).await;
    let ok = phone.expect(200).await;
    let offered = |suite: &str| {
        ok.body
            .lines()
            .find(|l| l.contains(suite))
            .unwrap()
            .to_owned()
    };
    let [gcm, sha] = ["2 AEAD_AES_128_GCM ", "3 AES_CM_128_HMAC_SHA1_80 "].map(offered);
    assert_ne!(gcm[gcm.len() - 30..], sha[sha.len() - 30..]);
    phone.ack(&secure("AES_CM_128_HMAC_SHA1_80", KEY)).await;
    let stream = server.established().await;
    assert_eq!(stream.srtp.unwrap().suite, SrtpSuite::AesCm128Sha1_80);
    // A plain answer to our offer of keys is none, and the call ends.
    let mut phone = Phone::udp(server.udp).await;
    phone.send("INVITE", &[], "").await;
    let leg = server.invited().await;
    server.answer(leg).await;
    phone.expect(200).await;
    phone.ack(&offer_of(Codec::Pcmu)).await;
    phone.take_bye().await;
    assert_eq!(server.ended().await, EndReason::SignallingFailed);
}

/// A trunk that is called with these wishes.
async fn gateway(srtp: SrtpPolicy) -> Gateway {
    let mut phone = Phone::udp("127.0.0.1:9".parse().unwrap()).await;
    let trunk = Trunk::parse(&format!("sip:{}", phone.local)).unwrap();
    let server = Server::agreeing(brisk(), Some(trunk), media(srtp)).await;
    phone.server = server.udp;
    Gateway {
        server,
        phone,
        tag: unique("callee"),
    }
}

#[tokio::test]
async fn calls_of_ours_offer_the_same() {
    let mut gateway = gateway(SrtpPolicy::Accept).await;
    for codec in ALL {
        gateway.dial().await;
        let invite = gateway.phone.expect_request("INVITE").await;
        let line = "m=audio 20000 RTP/AVP 111 9 8 0 13 101 110\r\n";
        assert!(invite.body.contains(line), "{}", invite.body);
        gateway.answer(&invite, "200 OK", &offer_of(codec)).await;
        gateway.phone.expect_request("ACK").await;
        assert_eq!(gateway.server.established().await.codec, codec);
    }
}

#[tokio::test]
async fn calls_of_ours_are_encrypted_where_they_must_be() {
    let mut gateway = gateway(SrtpPolicy::Require).await;
    gateway.dial().await;
    let invite = gateway.phone.expect_request("INVITE").await;
    assert!(
        invite.body.contains("m=audio 20000 RTP/SAVP 111 "),
        "{}",
        invite.body
    );
    let answer = secure("AES_CM_128_HMAC_SHA1_80", KEY);
    gateway.answer(&invite, "200 OK", &answer).await;
    gateway.phone.expect_request("ACK").await;
    let srtp = gateway.server.established().await.srtp.unwrap();
    assert_eq!(srtp.suite, SrtpSuite::AesCm128Sha1_80);
    gateway.dial().await;
    let invite = gateway.phone.expect_request("INVITE").await;
    gateway
        .answer(&invite, "200 OK", &offer_of(Codec::Pcmu))
        .await;
    gateway.phone.expect_request("ACK").await;
    gateway.phone.take_bye().await;
    let unreachable = EndReason::NotReached(DialFailure::Unreachable);
    assert_eq!(gateway.server.ended().await, unreachable);
}
