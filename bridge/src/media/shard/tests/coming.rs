//! Lines that begin late, from elsewhere, or anew.

use super::*;

/// A phone that sends from another port than it has named.
fn behind_a_nat(house: &mut House) -> usize {
    let phone = house.talker(400.0);
    house.phones[phone].tone_hz = None;
    let named = Stream {
        remote: "127.0.0.1:9".parse().unwrap(),
        ..house.phones[phone].stream()
    };
    house.order(ToShard::SetStream(house.phones[phone].leg, named));
    phone
}

fn dead(house: &House) -> bool {
    let is_death = |told: &FromShard| matches!(told, FromShard::LineDead(_));
    house.told.iter().any(is_death)
}

#[test]
fn a_phone_behind_a_nat_that_was_muted_at_first_is_heard_and_hears() {
    let mut house = House::new(32_300);
    let (a, b) = (behind_a_nat(&mut house), house.talker(700.0));
    house.run(90);
    assert!(house.phones[a].heard.is_empty());
    house.run(60);
    house.phones[a].tone_hz = Some(400.0);
    house.run(40);
    house.check_hears(a, 700.0);
    house.check_hears(b, 400.0);
}

#[test]
fn it_is_found_on_the_shard_it_has_moved_to_as_well() {
    let mut house = House::new(32_400);
    let a = behind_a_nat(&mut house);
    house.run(5);
    let leg = house.phones[a].leg;
    let line = house.release(leg);
    let mut other = House::new(32_500);
    other.tick = 5_000;
    other.phones.push(house.phones.remove(a));
    other.order(ToShard::Adopt(line));
    other.order(ToShard::Enter(leg, ROOM));
    other.order(ToShard::SetVoice(leg, TALK));
    let b = other.talker(700.0);
    other.run(5);
    other.phones[0].tone_hz = Some(400.0);
    other.run(40);
    other.check_hears(0, 700.0);
    other.check_hears(b, 400.0);
}

#[test]
fn what_is_on_its_way_from_the_old_port_does_not_win_the_line() {
    let mut house = House::new(32_600);
    let (a, b) = (house.talker(400.0), house.talker(700.0));
    house.run(30);
    let line = house.phones[a].rtp.peer_addr().unwrap();
    let fresh = UdpSocket::bind("127.0.0.1:0").unwrap();
    fresh.set_nonblocking(true).unwrap();
    fresh.connect(line).unwrap();
    let leg = house.phones[a].leg;
    let moved = Stream {
        remote: fresh.local_addr().unwrap(),
        ..house.phones[a].stream()
    };
    house.order(ToShard::SetStream(leg, moved));
    house.run(5);
    house.phones[a].rtp = fresh;
    house.run(40);
    house.check_hears(b, 400.0);
    house.check_hears(a, 700.0);
    let heard = &house.phones[b].heard;
    let silent_ticks = heard[1_600..]
        .chunks(160)
        .filter(|tick| tick.iter().all(|&s| s == 0))
        .count();
    assert_eq!(silent_ticks, 0, "no word is lost meanwhile");
}

#[test]
fn whatever_a_muted_phone_sends_keeps_its_line_alive() {
    let signs: [fn(&mut Phone); 4] = [
        |phone| phone.send(13, false, phone.timestamp, &[70]),
        |phone| phone.send(20, false, phone.timestamp, &[]),
        |phone| assert_eq!(phone.rtp.send(&[]).unwrap(), 0),
        |phone| assert_eq!(phone.rtp.send(b"\0\x11 a STUN indication").unwrap(), 20),
    ];
    for (n, sign) in signs.into_iter().enumerate() {
        let mut house = House::new(32_700 + 100 * n as u16);
        let (a, b) = (house.talker(400.0), house.talker(0.0));
        house.run(10);
        house.phones[a].tone_hz = None;
        for _ in 0..8 {
            sign(&mut house.phones[a]);
            house.run(45);
        }
        assert!(!dead(&house), "sign {n}");
        house.phones[a].tone_hz = Some(400.0);
        house.run(40);
        house.check_hears(b, 400.0);
        house.run(60);
        let lost = house.counters.packets_lost.load(Relaxed);
        assert_eq!(lost, 0, "what is no sound is not lost");
    }
}

#[test]
fn after_a_pause_the_first_packet_is_heard_at_once() {
    let mut house = House::new(33_100);
    let (a, b) = (house.talker(400.0), house.talker(0.0));
    house.run(30);
    house.phones[a].tone_hz = None;
    house.run(70);
    house.check_hears_nothing(b);
    // The clock of the phone went on while it sent nothing.
    house.phones[a].timestamp += 70 * 160;
    house.phones[b].heard.clear();
    house.phones[a].tone_hz = Some(400.0);
    house.run(5);
    let begins = house.phones[b].heard.iter().position(|s| s.abs() > 2_000);
    assert!(begins.is_some_and(|at| at < 160), "{begins:?}");
}

#[test]
fn another_stream_from_the_same_phone_is_followed() {
    let mut house = House::new(33_200);
    let (a, b) = (house.talker(400.0), house.talker(700.0));
    house.run(30);
    let phone = &mut house.phones[a];
    (phone.ssrc, phone.sequence, phone.timestamp) = (6, 17, 1_000_000);
    house.phones[b].heard.clear();
    house.run(40);
    house.check_hears(b, 400.0);
    let silent = |tick: &&[i16]| tick.iter().all(|&s| s == 0);
    assert_eq!(
        house.phones[b].heard.chunks(160).filter(silent).count(),
        0,
        "the one packet it takes to believe it is concealed"
    );
}

#[test]
fn a_tone_that_comes_with_its_key_is_cut_however_deep_the_buffer_is() {
    fn burst(house: &mut House, phone: usize, hz: f64) {
        for _ in 0..5 {
            house.phones[phone].tone_hz = Some(hz);
            house.phones[phone].hum();
            house.phones[phone].tone_hz = None;
        }
    }
    let mut house = House::new(33_300);
    let (a, b) = (house.talker(400.0), house.talker(0.0));
    house.phones[a].tone_hz = None;
    for _ in 0..40 {
        burst(&mut house, a, 400.0);
        house.run(5);
    }
    house.phones[b].heard.clear();
    let at = house.phones[a].timestamp;
    house.phones[a].press(11, at);
    burst(&mut house, a, 941.0);
    house.run(5);
    burst(&mut house, a, 400.0);
    house.run(5);
    let heard = &house.phones[b].heard;
    for (n, tick) in heard.chunks(160).enumerate() {
        assert!(amplitude(tick, 941.0) < 1_500.0, "tick {n}");
    }
}

#[test]
fn keys_of_another_stream_are_not_stale() {
    let mut house = House::new(34_900);
    let a = house.talker(400.0);
    house.run(30);
    let at = house.phones[a].timestamp;
    house.phones[a].press(5, at);
    house.run(10);
    // the new source counts from a little below the key that came before
    let phone = &mut house.phones[a];
    (phone.ssrc, phone.sequence, phone.timestamp) = (6, 17, at - 1_600);
    phone.press(6, at - 1_600);
    house.run(10);
    let keys: Vec<&FromShard> = house
        .told
        .iter()
        .filter(|told| matches!(told, FromShard::Key(..)))
        .collect();
    assert!(
        matches!(
            keys[..],
            [
                FromShard::Key(_, Key::Digit(5), Source::Event),
                FromShard::Key(_, Key::Digit(6), Source::Event)
            ]
        ),
        "{keys:?}"
    );
}
