//! Of who may not speak most packets are dropped by the system, and nobody misses them.

use super::*;

/// A room with a guest who listens and whose keys are known to come by events, and another.
fn room(first_port: u16) -> (House, usize, usize) {
    let mut house = House::new(first_port);
    house.shard.tools.drops_unheard = true;
    let (guest, other) = (house.talker(400.0), house.talker(0.0));
    house.run(5);
    press(&mut house, guest, 11);
    house.run(60);
    house.check_hears(other, 400.0);
    (house, guest, other)
}

fn press(house: &mut House, phone: usize, event: u8) {
    let at = house.phones[phone].timestamp;
    house.phones[phone].press(event, at);
}

/// Packets of that many ticks that were read, of both.
fn read_in(house: &mut House, ticks: usize) -> u64 {
    let before = house.counters.packets_in.load(Relaxed);
    house.run(ticks);
    house.counters.packets_in.load(Relaxed) - before
}

fn set(house: &mut House, phone: usize, voice: Voice) {
    house.order(ToShard::SetVoice(house.phones[phone].leg, voice));
}

fn keys(house: &mut House) -> Vec<Key> {
    let told = house.told.drain(..);
    told.filter_map(|told| match told {
        FromShard::Key(_, key, Source::Event) => Some(key),
        FromShard::Key(..) => panic!("no tone was sent"),
        _ => None,
    })
    .collect()
}

#[test]
fn of_who_may_not_speak_an_eighth_is_read_and_all_his_keys() {
    let (mut house, guest, other) = room(44_600);
    assert_eq!(keys(&mut house), [Key::Pound]);
    assert_eq!(read_in(&mut house, 80), 160);
    set(&mut house, guest, LISTEN);
    house.run(100);
    assert_eq!(read_in(&mut house, 160), 160 + 20);
    press(&mut house, guest, 6);
    house.run(5);
    assert_eq!(keys(&mut house), [Key::Digit(6)]);
    // At once he is heard again, from the next packet on.
    set(&mut house, guest, TALK);
    house.run(30);
    house.check_hears(other, 400.0);
    assert_eq!(read_in(&mut house, 80), 160);
    // Muted once more he presses two.
    set(&mut house, guest, LISTEN);
    house.run(100);
    for event in [6, 7] {
        press(&mut house, guest, event);
        house.run(20);
    }
    assert_eq!(keys(&mut house), [Key::Digit(6), Key::Digit(7)]);
    // A session timer asks for what is agreed already.
    let stream = house.phones[guest].stream();
    house.order(ToShard::SetStream(house.phones[guest].leg, stream));
    house.run(100);
    assert_eq!(read_in(&mut house, 160), 160 + 20);
    assert_eq!(house.counters.packets_lost.load(Relaxed), 0);
    assert_eq!(house.counters.packets_rejected.load(Relaxed), 0);
}

/// Whichever of eight packets comes through, and at whichever of four ticks it would be read.
#[test]
fn who_may_speak_again_misses_nothing_of_it() {
    let (mut house, guest, other) = room(45_000);
    for round in 0..32 {
        set(&mut house, guest, LISTEN);
        house.run(105 + round / 8);
        // Seven packets, so that another of eight is the one.
        press(&mut house, guest, 6);
        house.run(3);
        set(&mut house, guest, TALK);
        house.run(30);
        assert_eq!(house.counters.packets_lost.load(Relaxed), 0, "{round}");
        house.check_hears(other, 400.0);
    }
}

#[test]
fn what_is_dropped_so_is_not_told_as_lost() {
    let (mut house, guest, _) = room(44_700);
    let told = |house: &mut House| {
        let mut blocks = Vec::new();
        let mut buffer = [0; 500];
        while let Ok(length) = house.phones[guest].rtcp.recv(&mut buffer) {
            let item = |item| {
                if let rtcp::Item::Block(block) = item {
                    blocks.push((block.lost, block.fraction_lost));
                }
            };
            rtcp::read(&buffer[..length], item).unwrap();
        }
        blocks
    };
    for voice in [LISTEN, TALK, LISTEN, TALK] {
        set(&mut house, guest, voice);
        house.run(330);
        assert_eq!(told(&mut house).pop(), Some((0, 0)));
    }
    // One of five is lost on its way, of those that are read as of those that are not.
    set(&mut house, guest, LISTEN);
    house.run(100);
    let tick = house.tick;
    while house.tick < tick + 1_000 {
        if house.tick.is_multiple_of(5) {
            let phone = &mut house.phones[guest];
            phone.sequence = phone.sequence.wrapping_add(1);
            phone.timestamp = phone.timestamp.wrapping_add(160);
            house.phones[guest].tone_hz = None;
            house.run(1);
            house.phones[guest].tone_hz = Some(400.0);
        } else {
            house.run(1);
        }
    }
    let (lost, fraction) = told(&mut house).pop().unwrap();
    assert!((150..=250).contains(&lost), "{lost} of 1,000");
    assert!((40..=62).contains(&fraction), "{fraction} of 256");
    let counted = house.counters.packets_lost.load(Relaxed);
    assert!((150..=250).contains(&counted), "{counted} of 1,000");
}

#[test]
fn a_phone_that_pauses_or_moves_is_read_whole() {
    let (mut house, guest, other) = room(44_800);
    set(&mut house, guest, LISTEN);
    house.run(100);
    assert_eq!(read_in(&mut house, 80), 80 + 10);
    // Nothing is said of a pause; what comes after it may be all there is for seconds.
    house.phones[guest].tone_hz = None;
    house.run(100);
    let phone = &mut house.phones[guest];
    phone.sequence |= 1;
    phone.send(0, false, phone.timestamp + 100 * 160, &[0xff; 160]);
    assert_eq!(read_in(&mut house, 1), 2);
    assert!(
        !house
            .told
            .iter()
            .any(|told| matches!(told, FromShard::Silent(..)))
    );
    // It goes on from another port.
    house.phones[guest].tone_hz = Some(400.0);
    house.run(150);
    assert_eq!(read_in(&mut house, 80), 80 + 10);
    let phone = &mut house.phones[guest];
    let (moved, line) = (
        Phone::new(phone.leg, Codec::Pcmu),
        phone.rtp.peer_addr().unwrap(),
    );
    moved.rtp.connect(line).unwrap();
    phone.rtp = moved.rtp;
    let stream = ToShard::SetStream(phone.leg, phone.stream());
    house.order(stream);
    set(&mut house, guest, TALK);
    house.run(60);
    house.check_hears(other, 400.0);
}

#[test]
fn a_line_that_dies_is_found_dead() {
    let (mut house, guest, _) = room(44_900);
    set(&mut house, guest, LISTEN);
    house.run(100);
    house.phones[guest].tone_hz = None;
    let leg = house.phones[guest].leg;
    house.run(160 + 50);
    let is_it = |told: &&FromShard| matches!(told, FromShard::LineDead(dead) if *dead == leg);
    assert_eq!(house.told.iter().filter(is_it).count(), 1);
}
