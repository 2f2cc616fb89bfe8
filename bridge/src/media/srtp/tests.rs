//! Packets of others as they must be, and what is refused.

use super::*;

const SUITES: [SrtpSuite; 4] = [
    SrtpSuite::AesCm128Sha1_80,
    SrtpSuite::AesCm128Sha1_32,
    SrtpSuite::AeadAes128Gcm,
    SrtpSuite::AeadAes256Gcm,
];

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(|b| !b.is_ascii_whitespace()).collect();
    let pairs = digits
        .chunks(2)
        .map(|pair| std::str::from_utf8(pair).unwrap());
    pairs
        .map(|pair| u8::from_str_radix(pair, 16).unwrap())
        .collect()
}

fn key(suite: SrtpSuite, first: u8) -> SrtpKey {
    let (key, salt) = suite.key_and_salt_len();
    let octets: Vec<u8> = (0..key + salt)
        .map(|n| first.wrapping_add(n as u8))
        .collect();
    SrtpKey::new(suite, &octets).unwrap()
}

/// What one side sends by a key, and the other side's opener.
fn pair(suite: SrtpSuite, first: u8) -> (Sealer, Opener) {
    let key = key(suite, first);
    (Sealer::new(suite, &key, 0), Opener::new(suite, &key))
}

fn rtp(sequence: u16, ssrc: u8) -> Vec<u8> {
    let [high, low] = sequence.to_be_bytes();
    // with a contributing source, an extension and padding
    let head = [0xB1, 0, high, low, 0, 0, 0, 1, 0, 0, 0, ssrc];
    let rest = hex("00000009 BEDE0001 31323334");
    [&head[..], &rest, b"sound", &[0, 0, 3]].concat()
}

fn seal(sealer: &mut Sealer, plain: &[u8]) -> Vec<u8> {
    let mut packet = [plain, &[0; TAIL_LEN]].concat();
    let length = sealer.rtp(&mut packet, plain.len()).unwrap();
    packet.truncate(length);
    packet
}

fn seal_report(sealer: &mut Sealer, plain: &[u8]) -> Vec<u8> {
    let mut packet = [plain, &[0; TAIL_LEN]].concat();
    let length = sealer.rtcp(&mut packet, plain.len()).unwrap();
    packet.truncate(length);
    packet
}

fn open(opener: &mut Opener, sealed: &[u8], tick: u64) -> Option<Vec<u8>> {
    let mut packet = sealed.to_vec();
    let length = opener.rtp(&mut packet, tick)?;
    Some(packet[..length].to_vec())
}

fn open_report(opener: &mut Opener, sealed: &[u8]) -> Option<Vec<u8>> {
    let mut packet = sealed.to_vec();
    let length = opener.rtcp(&mut packet)?;
    Some(packet[..length].to_vec())
}

/// The packets that libsrtp checks itself with.
#[test]
fn others_seal_the_same() {
    let check = |suite, key: &str, sealed: &str, report: &str| {
        let key = SrtpKey::new(suite, &hex(key)).unwrap();
        let mut sealer = Sealer::new(suite, &key, 0x1234 << 32);
        let plain = hex("800f1234decafbadcafebabe abababababababababababababababab");
        assert_eq!(seal(&mut sealer, &plain), hex(sealed), "{suite:?}");
        let plain = hex("81c8000bcafebabe abababababababababababababababab");
        assert_eq!(seal_report(&mut sealer, &plain), hex(report), "{suite:?}");
    };
    check(
        SrtpSuite::AesCm128Sha1_80,
        "e1f97a0d3e018be0d64fa32c06de4139 0ec675ad498afeebb6960b3aabe6",
        "800f1234decafbadcafebabe 4e55dc4ce79978d88ca4d215949d2402 b78d6acc99ea179b8dbb",
        "81c8000bcafebabe 7128035be487b9bdbef89041f977a5a8 80000001 993e08cd54d6c1230798",
    );
    check(
        SrtpSuite::AeadAes128Gcm,
        "000102030405060708090a0b0c0d0e0f a0a1a2a3a4a5a6a7a8a9aaab",
        "800f1234decafbadcafebabe c5002ede04cfdd2eb91159e0880aa06e \
         d2976826f796b201df3131a127e8a392",
        "81c8000bcafebabe c98b8b5df0392a55852b6c21ac8e7025 \
         c52c6fbea2b3b446ea31123ba88ce61e 80000001",
    );
}

#[test]
fn what_is_sealed_is_opened_once_and_unchanged_only() {
    for suite in SUITES {
        let (mut sealer, mut opener) = pair(suite, 1);
        let plain = rtp(1, 5);
        let sealed = seal(&mut sealer, &plain);
        assert_eq!(sealed[..24], plain[..24], "{suite:?}: the head is readable");
        for at in 0..sealed.len() {
            let mut spoilt = sealed.clone();
            spoilt[at] ^= 1;
            assert_eq!(open(&mut opener, &spoilt, 0), None, "{suite:?}: byte {at}");
            assert_eq!(open(&mut opener, &sealed[..at], 0), None, "{suite:?}: {at}");
        }
        let (_, mut other) = pair(suite, 2);
        assert_eq!(open(&mut other, &sealed, 0), None, "{suite:?}: another key");
        assert_eq!(open(&mut opener, &sealed, 0), Some(plain), "{suite:?}");
        assert_eq!(open(&mut opener, &sealed, 0), None, "{suite:?}: again");
    }
}

#[test]
fn reports_are_opened_once_and_unchanged_only() {
    let plain = hex("80C90001 00000005 81CA0002 00000005 01016100");
    for suite in SUITES {
        let (mut sealer, mut opener) = pair(suite, 1);
        let sealed = seal_report(&mut sealer, &plain);
        let later = seal_report(&mut sealer, &plain);
        for at in 0..sealed.len() {
            let mut spoilt = sealed.clone();
            spoilt[at] ^= 1;
            assert_eq!(open_report(&mut opener, &spoilt), None, "{suite:?}: {at}");
            assert_eq!(open_report(&mut opener, &sealed[..at]), None, "{suite:?}");
        }
        assert_eq!(open_report(&mut opener, &later), Some(plain.clone()));
        assert_eq!(open_report(&mut opener, &sealed), Some(plain.clone()));
        assert_eq!(open_report(&mut opener, &sealed), None, "{suite:?}: again");
    }
}

#[test]
fn numbers_wrap_on_both_sides() {
    for suite in SUITES {
        let (mut sealer, mut opener) = pair(suite, 1);
        for n in 0..140_000u32 {
            let sealed = seal(&mut sealer, &rtp(n as u16, 5));
            // Most are lost, but never so many that a wrap could be missed.
            if n % 9_973 == 0 {
                assert!(open(&mut opener, &sealed, 0).is_some(), "{suite:?}: {n}");
            }
        }
        assert_eq!(opener.streams.wraps_of(5), Some(2));
    }
}

#[test]
fn a_stream_whose_first_packets_are_lost_before_a_wrap_is_opened() {
    let (mut sealer, mut opener) = pair(SrtpSuite::AesCm128Sha1_80, 1);
    seal(&mut sealer, &rtp(65_535, 5));
    let sealed = seal(&mut sealer, &rtp(0, 5));
    assert!(open(&mut opener, &sealed, 0).is_some());
}

/// Keys as a stream beside the sound, each with numbers of its own.
#[test]
fn streams_are_told_apart() {
    let (mut sound, mut opener) = pair(SrtpSuite::AeadAes128Gcm, 1);
    let (mut keys, _) = pair(SrtpSuite::AeadAes128Gcm, 1);
    for n in [1, 2, 3] {
        let (sound, keys) = (seal(&mut sound, &rtp(n, 5)), seal(&mut keys, &rtp(n, 6)));
        assert!(open(&mut opener, &sound, 0).is_some());
        assert!(open(&mut opener, &keys, 0).is_some());
        assert!(open(&mut opener, &keys, 0).is_none());
    }
}

#[test]
fn the_key_of_before_opens_what_is_on_its_way() {
    for suite in SUITES {
        let (mut before, former) = pair(suite, 1);
        let (mut sealer, mut opener) = pair(suite, 2);
        assert!(opener.follow(Box::new(former), 50).is_none());
        let old: Vec<_> = (1..4).map(|n| seal(&mut before, &rtp(n, 5))).collect();
        assert!(open(&mut opener, &old[0], 49).is_some(), "{suite:?}");
        assert!(open(&mut opener, &old[0], 49).is_none(), "{suite:?}: again");
        assert!(open(&mut opener, &seal(&mut sealer, &rtp(4, 5)), 49).is_some());
        opener.move_to(49, 1_000);
        assert!(open(&mut opener, &old[1], 1_000).is_some(), "{suite:?}");
        assert!(
            open(&mut opener, &old[2], 1_001).is_none(),
            "{suite:?}: late"
        );
        let (_, mut newest) = pair(suite, 3);
        assert!(newest.follow(Box::new(opener), 2_000).is_some());
    }
}

/// RFC 3711, 3.3.1, has wraps counted on under a new key; many phones count from nothing.
#[test]
fn wraps_are_counted_on_or_from_nothing_under_a_new_key() {
    for suite in SUITES {
        let (_, mut former) = pair(suite, 1);
        former.streams.came(5, 3 << 16 | 9);
        let (mut counts_on, mut opener) = pair(suite, 2);
        counts_on.index = 3 << 16 | 9;
        opener.follow(Box::new(former), 50);
        let sealed = seal(&mut counts_on, &rtp(10, 5));
        assert!(open(&mut opener, &sealed, 60).is_some(), "{suite:?}");
        let (mut begins, _) = pair(suite, 2);
        opener.streams = Sources::default();
        assert!(open(&mut opener, &seal(&mut begins, &rtp(10, 5)), 60).is_some());
    }
}

#[test]
fn a_key_by_which_nothing_came_loses_no_count_of_wraps() {
    for suite in SUITES {
        let (_, mut talked) = pair(suite, 1);
        talked.streams.came(5, 3 << 16 | 9);
        let (_, mut held) = pair(suite, 2);
        assert!(held.follow(Box::new(talked), 50).is_none());
        let (mut counts_on, mut resumed) = pair(suite, 3);
        let unused = resumed.follow(Box::new(held), 100);
        assert!(unused.is_some(), "{suite:?}: what nothing came by is freed");
        counts_on.index = 3 << 16 | 9;
        let sealed = seal(&mut counts_on, &rtp(10, 5));
        assert!(open(&mut resumed, &sealed, 110).is_some(), "{suite:?}");
    }
}

#[test]
fn a_stream_that_is_sent_begins_in_the_lower_half() {
    let key = key(SUITES[0], 1);
    let sealer = Sealer::new(SUITES[0], &key, u64::MAX);
    assert_eq!(sealer.start(), (u32::MAX, 0x7FFF));
    let shown = format!(
        "{:?}",
        Keys::new(
            &Srtp {
                suite: SUITES[0],
                ours: key,
                theirs: key
            },
            7,
        )
    );
    assert!(
        shown.contains("Cipher(Rtp)") && !shown.contains("salt"),
        "{shown}"
    );
}
