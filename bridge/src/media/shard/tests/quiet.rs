//! Comfort noise: for those who hear nothing, and of those who say nothing.

use super::*;

/// A caller whose phone makes noise of its own, and sends none while nobody speaks.
fn comforted(house: &mut House, packet_ms: u8) -> usize {
    let number = house.talker(0.0);
    let phone = &mut house.phones[number];
    phone.noise_type = Some(13);
    phone.tone_hz = None;
    let stream = Stream {
        packet_ms,
        ..phone.stream()
    };
    let leg = phone.leg;
    house.order(ToShard::SetStream(leg, stream));
    // two packets, so that it is known where the phone is
    let phone = &mut house.phones[number];
    for marker in [true, false] {
        phone.send(0, marker, phone.timestamp, &[0xff; 160]);
        phone.timestamp += 160;
    }
    number
}

#[test]
fn who_hears_nothing_is_told_how_that_sounds_and_sent_nothing_else() {
    let mut house = House::new(39_300);
    let talker = house.talker(400.0);
    for packet_ms in [20, 30, 60] {
        house.phones[talker].tone_hz = Some(400.0);
        let listener = comforted(&mut house, packet_ms);
        house.run(50);
        house.check_hears(listener, 400.0);
        assert!(house.phones[listener].noises.is_empty());
        house.phones[talker].tone_hz = Some(0.0);
        house.run(30);
        let phone = &mut house.phones[listener];
        assert_eq!(phone.noises.len(), 1, "{packet_ms} ms");
        let (sequence, timestamp, payload) = phone.noises[0].clone();
        let last = *phone.packets.last().unwrap();
        assert_eq!(sequence, last.1.wrapping_add(1));
        assert!(timestamp.wrapping_sub(last.2) >= last.3 as u32);
        assert_eq!(payload, [65]);
        let before = phone.packets.len();
        house.run(100);
        let phone = &mut house.phones[listener];
        assert_eq!((phone.packets.len(), phone.noises.len()), (before, 5));
        house.phones[talker].tone_hz = Some(400.0);
        house.run(50);
        house.check_hears(listener, 400.0);
        let phone = &house.phones[listener];
        let (marker, sequence, timestamp, _) = phone.packets[before];
        assert!(marker, "the first after a pause");
        let told = phone.noises.last().unwrap();
        assert_eq!(sequence, told.0.wrapping_add(1));
        assert!(timestamp.wrapping_sub(told.1) < 25 * 160);
        assert!(phone.packets[before + 1..].iter().all(|packet| !packet.0));
        assert_eq!(phone.noises.len(), 5);
    }
}

#[test]
fn who_has_not_offered_it_is_sent_silence() {
    let mut house = House::new(39_400);
    let (a, _) = (house.talker(0.0), house.talker(0.0));
    house.run(100);
    assert_eq!(house.phones[a].packets.len(), 100);
    house.check_hears_nothing(a);
}

#[test]
fn a_phone_that_tells_of_its_silence_loses_nothing_by_it() {
    let mut house = House::new(39_500);
    let talker = comforted(&mut house, 20);
    let listener = house.talker(0.0);
    for _ in 0..5 {
        house.phones[talker].tone_hz = Some(400.0);
        house.run(50);
        house.check_hears(listener, 400.0);
        let phone = &mut house.phones[talker];
        phone.tone_hz = None;
        phone.send(13, false, phone.timestamp, &[45]);
        phone.timestamp = phone.timestamp.wrapping_add(50 * 160);
        house.phones[listener].heard.clear();
        house.run(50);
        // While the gate is still open the noise is heard, and no trace of what was said.
        let heard = &house.phones[listener].heard;
        let after = Power::of(&heard[480..2_400]).dbov();
        assert!((after + 45.0).abs() < 3.0, "{after}");
        assert!(amplitude(&heard[480..2_400], 400.0) < 100.0);
        house.check_hears_nothing(listener);
    }
    house.run(50);
    assert_eq!(house.counters.packets_lost.load(Relaxed), 0);
}
