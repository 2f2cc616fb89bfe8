//! `a=crypto`: which lines are taken, and which policy takes which offer.

use super::super::crypto::Crypto;
use super::*;

/// 16 + 14 octets 0, 1, 2, ...
const KEY: &str = "inline:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwd";
/// 32 + 12 octets.
const LONG: &str = "inline:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKis=";

#[test]
fn lines_that_can_be_used() {
    let check = |value: &str, tag, suite| {
        let key = key(suite);
        let expected = Some(Crypto { tag, suite, key });
        assert_eq!(Crypto::read(value), expected, "{value}");
    };
    let short = SrtpSuite::AesCm128Sha1_32;
    check(
        &format!("1 AES_CM_128_HMAC_SHA1_80 {KEY}"),
        1,
        SrtpSuite::AesCm128Sha1_80,
    );
    check(
        &format!("999999999 aes_cm_128_hmac_sha1_32 {KEY}"),
        999_999_999,
        short,
    );
    for tail in ["|2^20", "|1048576", "|2^48", " WSH=64", " KDR=0 -X=1"] {
        check(&format!("2 AES_CM_128_HMAC_SHA1_32 {KEY}{tail}"), 2, short);
    }
    check(
        &format!("3 AEAD_AES_256_GCM {LONG}"),
        3,
        SrtpSuite::AeadAes256Gcm,
    );
    let bare = LONG.trim_end_matches('=');
    check(
        &format!("3 AEAD_AES_256_GCM {bare}"),
        3,
        SrtpSuite::AeadAes256Gcm,
    );
    let middle = "inline:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGw==";
    check(
        &format!("4 AEAD_AES_128_GCM {middle}"),
        4,
        SrtpSuite::AeadAes128Gcm,
    );
}

#[test]
fn lines_that_cannot() {
    let check = |value: &str| assert_eq!(Crypto::read(value), None, "{value}");
    let suite = "AES_CM_128_HMAC_SHA1_80";
    for tail in [
        "|2^20|1:4",
        "|1:4",
        "|2^0|2^1|x",
        "|2^49",
        "|2^64",
        "|2^99999999999",
        "|0",
        "|",
        "|-1",
        ";inline:AAEC",
        " KDR=1",
        " WSH=63",
        " UNENCRYPTED_SRTP",
        " UNENCRYPTED_SRTCP",
        " UNAUTHENTICATED_SRTP",
        " FEC_ORDER=FEC_SRTP",
        " WHAT",
    ] {
        check(&format!("1 {suite} {KEY}{tail}"));
    }
    check(&format!("x {suite} {KEY}"));
    check(&format!("+1 {suite} {KEY}"));
    check(&format!("1234567890 {suite} {KEY}"));
    check(&format!("1 {suite} {LONG}"));
    check(&format!("1 AES_256_CM_HMAC_SHA1_80 {KEY}"));
    check(&format!("1 {suite} uri:{}", &KEY[7..]));
    check(&format!("1 {suite} inline:{}", "A".repeat(4_000)));
    check(&format!("1 {suite} inlin\u{e9}:x"));
    check(&format!("1 {suite}"));
    check("");
}

/// Offers as telephones send them.
fn offers(proto: &str, cryptos: &[&str]) -> Vec<u8> {
    let line = format!("m=audio 4000 {proto} 0");
    let cryptos: Vec<String> = cryptos.iter().map(|c| format!("a=crypto:{c}")).collect();
    let mut lines = vec![line.as_str()];
    lines.extend(cryptos.iter().map(String::as_str));
    offer(&lines)
}

#[test]
fn policies() {
    use SrtpPolicy::{Accept, Never, Require};
    let usable = format!("7 AES_CM_128_HMAC_SHA1_80 {KEY}");
    let alien = format!("1 F8_128_HMAC_SHA1_80 {KEY}");
    let check = |policy, proto, cryptos: &[&str], expected: Result<bool, Unfit>| {
        let read = read_offer(
            &offers(proto, cryptos),
            &wishes(&[Codec::Pcmu], policy),
            None,
        );
        let got = read.map(|terms| terms.stream.srtp.is_some());
        assert_eq!(got, expected, "{policy:?} {proto} {cryptos:?}");
    };
    let keyed = [alien.as_str(), usable.as_str()];
    check(Accept, "RTP/SAVP", &keyed, Ok(true));
    check(Accept, "RTP/SAVP", &keyed[..1], Err(Unfit::NoUsableKey));
    check(Accept, "RTP/SAVP", &[], Err(Unfit::NoUsableKey));
    check(Accept, "RTP/AVP", &keyed, Ok(false));
    check(Accept, "RTP/AVP", &[], Ok(false));
    check(Never, "RTP/SAVP", &keyed, Err(Unfit::NoCommonCodec));
    check(Never, "RTP/AVP", &keyed, Ok(false));
    check(Require, "RTP/SAVP", &keyed, Ok(true));
    check(Require, "RTP/AVP", &keyed, Ok(true));
    check(Require, "RTP/AVP", &[], Err(Unfit::MustEncrypt));
    check(Require, "RTP/AVP", &keyed[..1], Err(Unfit::MustEncrypt));
}

#[test]
fn the_encrypted_line_is_taken_before_the_plain_one() {
    let crypto = format!("a=crypto:7 AES_CM_128_HMAC_SHA1_80 {KEY}");
    let body = offer(&[
        "m=audio 4000 RTP/AVP 0",
        "m=audio 4002 RTP/SAVP 0",
        "a=crypto:1 NULL inline:x",
        &crypto,
    ]);
    let terms = read_offer(&body, &all(), None).unwrap();
    assert_eq!((terms.chosen, terms.crypto_tag), (1, Some(7)));
    let local = "192.0.2.7:20000".parse().unwrap();
    let text = write_answer(&mut Origin::new(1), &terms, local);
    let expected = format!(
        "m=audio 0 RTP/AVP 0\r\nm=audio 20000 RTP/SAVP 0\r\na=rtpmap:0 PCMU/8000\r\n\
        {crypto}\r\na=ptime:20\r\n"
    );
    assert!(text.contains(&expected), "{text}");
}

#[test]
fn our_key_stays_as_long_as_theirs() {
    let later = Wishes {
        fresh_key: another,
        ..all()
    };
    let body = |crypto: &str| offers("RTP/SAVP", &[crypto]);
    let first = format!("1 AES_CM_128_HMAC_SHA1_80 {KEY}");
    let before = read_offer(&body(&first), &all(), None).unwrap().stream;
    let again = read_offer(&body(&first), &later, Some(&before)).unwrap();
    assert_eq!(again.stream, before);
    let changed = first.replace("AAEC", "AAED");
    let other = first.replace("_80", "_32");
    for crypto in [changed, other] {
        let got = read_offer(&body(&crypto), &later, Some(&before)).unwrap();
        let srtp = got.stream.srtp.unwrap();
        assert_eq!(srtp.ours, another(srtp.suite), "{crypto}");
    }
}

#[test]
fn no_key_is_shown() {
    let line = format!("1 AES_CM_128_HMAC_SHA1_80 {KEY}");
    let terms = read_offer(&offers("RTP/SAVP", &[&line]), &all(), None).unwrap();
    let local = "192.0.2.7:20000".parse().unwrap();
    let need = wishes(&[Codec::Opus], SrtpPolicy::Require);
    let (_, ours) = write_offer(&mut Origin::new(1), &need, None, local);
    let shown = format!("{terms:?} {ours:?} {:?}", Crypto::read(&line));
    assert!(shown.contains("SrtpKey(..)"));
    assert!(
        !shown.contains("AAEC") && !shown.contains("1, 2, 3"),
        "{shown}"
    );
}
