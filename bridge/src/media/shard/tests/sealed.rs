//! Encrypted lines: who hears whom, what a change of keys does, and what is not believed.

use super::*;
use confab_core::audio::stream::{SrtpKey, SrtpSuite};

impl House {
    /// Agrees on keys with a phone, as a re-INVITE does.
    fn agree(&mut self, number: usize, suite: SrtpSuite, first: u8) {
        let (key, salt) = suite.key_and_salt_len();
        let key = |first: u8| SrtpKey::new(suite, &vec![first; key + salt]).unwrap();
        let (ours, theirs) = (key(first), key(first + 1));
        let phone = &mut self.phones[number];
        phone.srtp = Some(Srtp {
            suite,
            ours,
            theirs,
        });
        let reversed = Srtp {
            suite,
            ours: theirs,
            theirs: ours,
        };
        phone.keys = Some(Keys::new(&reversed, 0));
        self.renegotiate(number);
    }

    fn renegotiate(&self, phone: usize) {
        let phone = &self.phones[phone];
        self.order(ToShard::SetStream(phone.leg, phone.stream()));
    }

    fn rejected(&self) -> u64 {
        self.counters.packets_rejected.load(Relaxed)
    }
}

#[test]
fn sealed_and_plain_callers_hear_each_other() {
    for (n, suite) in [
        SrtpSuite::AesCm128Sha1_80,
        SrtpSuite::AesCm128Sha1_32,
        SrtpSuite::AeadAes128Gcm,
        SrtpSuite::AeadAes256Gcm,
    ]
    .into_iter()
    .enumerate()
    {
        let mut house = House::new(43_000 + 100 * n as u16);
        let (sealed, plain) = (house.talker(400.0), house.talker(900.0));
        house.agree(sealed, suite, 1);
        house.run(100);
        house.check_hears(sealed, 900.0);
        house.check_hears_not(sealed, 400.0);
        house.check_hears(plain, 400.0);
        assert_eq!(house.rejected(), 0, "{suite:?}");
    }
}

#[test]
fn keys_that_stay_go_on_and_new_ones_begin_anew() {
    let mut house = House::new(43_400);
    let (sealed, _) = (house.talker(400.0), house.talker(900.0));
    house.agree(sealed, SrtpSuite::AesCm128Sha1_80, 1);
    // The numbers of the phone wrap meanwhile.
    house.run(100);
    let before = house.phones[sealed].heard_from;
    house.renegotiate(sealed);
    house.run(50);
    house.check_hears(sealed, 900.0);
    assert_eq!(house.phones[sealed].heard_from, before);
    // What came before the re-INVITE is still known.
    let again = house.phones[sealed].last_sent.clone();
    house.phones[sealed].rtp.send(&again).unwrap();
    house.run(10);
    assert_eq!(house.rejected(), 1);
    house.agree(sealed, SrtpSuite::AeadAes128Gcm, 7);
    house.run(50);
    house.check_hears(sealed, 900.0);
    assert_ne!(house.phones[sealed].heard_from, before);
    assert_eq!(house.rejected(), 1);
}

#[test]
fn what_cannot_be_opened_is_counted_and_ends_nothing() {
    let mut house = House::new(43_500);
    let (sealed, plain) = (house.talker(400.0), house.talker(900.0));
    house.agree(sealed, SrtpSuite::AesCm128Sha1_80, 1);
    house.run(60);
    // The phone seals by a key that nobody has agreed on.
    let right = house.phones[sealed].keys.take();
    let (suite, key) = (SrtpSuite::AesCm128Sha1_80, [9; 30]);
    let key = SrtpKey::new(suite, &key).unwrap();
    let wrong = Keys::new(
        &Srtp {
            suite,
            ours: key,
            theirs: key,
        },
        0,
    );
    let right = right.unwrap();
    house.phones[sealed].keys = Some(Keys {
        sealer: wrong.sealer,
        opener: right.opener,
    });
    house.run(150);
    assert_eq!(house.rejected(), 150);
    house.check_hears_not(plain, 400.0);
    house.check_hears(sealed, 900.0);
    let ended = |told: &FromShard| matches!(told, FromShard::LineDead(_));
    assert!(!house.told.iter().any(ended));
    let keys = house.phones[sealed].keys.as_mut().unwrap();
    keys.sealer = right.sealer;
    house.run(60);
    house.check_hears(plain, 400.0);
}

#[test]
fn a_line_that_nothing_opens_is_told_once() {
    let mut house = House::new(43_700);
    let sealed = house.talker(400.0);
    let told = |house: &House| {
        let unopened = |told: &&FromShard| matches!(told, FromShard::Unopened(_));
        house.told.iter().filter(unopened).count()
    };
    house.agree(sealed, SrtpSuite::AesCm128Sha1_80, 1);
    house.run(150);
    assert_eq!(told(&house), 0);
    // The phone forgets to seal.
    house.phones[sealed].keys = None;
    house.phones[sealed].deaf = true;
    house.run(300);
    assert_eq!(told(&house), 1);
}

/// A phone seals until it has seen our answer; nobody is to hear what it sealed.
#[test]
fn who_gives_up_encryption_makes_no_noise() {
    for (n, suite) in [SrtpSuite::AesCm128Sha1_80, SrtpSuite::AeadAes128Gcm]
        .into_iter()
        .enumerate()
    {
        let mut house = House::new(43_800 + 100 * n as u16);
        let (leaves, other) = (house.talker(400.0), house.talker(900.0));
        house.agree(leaves, suite, 1);
        house.run(60);
        house.phones[leaves].srtp = None;
        house.renegotiate(leaves);
        house.phones[leaves].deaf = true;
        house.run(20);
        house.check_hears(other, 400.0);
        let loudest = house.phones[other].heard.iter().rev().take(3_200);
        let loudest = loudest.map(|sample| sample.unsigned_abs()).max().unwrap();
        assert!(
            loudest < 7_000,
            "{suite:?}: the tone has 6,000, not {loudest}"
        );
        house.phones[leaves].keys = None;
        house.phones[leaves].deaf = false;
        house.run(60);
        house.check_hears(other, 400.0);
        house.check_hears(leaves, 900.0);
        // What is sealed later is noise to anybody.
        assert_eq!(house.rejected(), 0, "{suite:?}");
    }
}

/// As the line cannot know its peer by the address, it knows it by the key.
#[test]
fn a_stranger_without_the_key_is_never_taken_for_the_peer() {
    let mut house = House::new(43_600);
    let (sealed, plain) = (house.call(Codec::Pcmu), house.talker(900.0));
    house.agree(sealed, SrtpSuite::AesCm128Sha1_80, 1);
    let leg = house.phones[sealed].leg;
    house.order(ToShard::Enter(leg, ROOM));
    house.order(ToShard::SetVoice(leg, TALK));
    house.run(5);
    let stranger = UdpSocket::bind("127.0.0.1:0").unwrap();
    let line = house.phones[sealed].rtp.peer_addr().unwrap();
    for sequence in 0..5 {
        let mut head = [0; HEADER_LEN];
        write_header(&mut head, 0, false, sequence, 0, 3);
        let packet = [&head[..], &[0; 170]].concat();
        stranger.send_to(&packet, line).unwrap();
        house.run(1);
    }
    assert_eq!(house.rejected(), 5);
    house.phones[sealed].tone_hz = Some(400.0);
    house.run(60);
    house.check_hears(plain, 400.0);
    house.check_hears(sealed, 900.0);
}

#[test]
fn reports_are_sealed() {
    let mut house = House::new(43_700);
    let sealed = house.talker(400.0);
    house.agree(sealed, SrtpSuite::AesCm128Sha1_32, 1);
    house.run(300);
    let phone = &mut house.phones[sealed];
    let (mut buffer, mut reports) = ([0; 500], 0);
    while let Ok(length) = phone.rtcp.recv(&mut buffer) {
        let keys = phone.keys.as_mut().unwrap();
        let length = keys.opener.rtcp(&mut buffer[..length]).unwrap();
        rtcp::read(&buffer[..length], |_| {}).unwrap();
        reports += 1;
    }
    assert!(reports > 0);
    // A report of the phone's that is not sealed is nobody's.
    let plain = [0x80, 201, 0, 1, 0, 0, 0, 5];
    phone.rtcp.send(&plain).unwrap();
    house.run(60);
    assert_eq!(house.rejected(), 1);
}

/// What is sealed always looks different: all of it is read, and each loss is told.
#[test]
fn of_a_sealed_silence_all_is_read() {
    let mut house = House::new(47_000);
    house.shard.tools.drops_unheard = true;
    let (sealed, plain) = (house.talker(0.0), house.talker(900.0));
    house.agree(sealed, SrtpSuite::AesCm128Sha1_80, 1);
    house.run(300);
    let before = house.counters.packets_in.load(Relaxed);
    for tick in 0..200 {
        house.phones[sealed].tone_hz = (tick % 5 != 0).then_some(0.0);
        if tick % 5 == 0 {
            house.phones[sealed].sequence = house.phones[sealed].sequence.wrapping_add(1);
        }
        house.run(1);
    }
    assert_eq!(house.counters.packets_in.load(Relaxed) - before, 160 + 200);
    house.phones[sealed].tone_hz = Some(400.0);
    house.run(60);
    house.check_hears(plain, 400.0);
    assert_eq!(house.counters.packets_lost.load(Relaxed), 40);
}
