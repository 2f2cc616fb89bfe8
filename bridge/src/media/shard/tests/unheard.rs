//! Of who may not speak most packets are dropped by the system, and nobody misses them.

use super::wide::{Fuller, run, stream_of};
use super::*;

/// A room with a guest who listens and whose keys are known to come by events, and another.
fn room(first_port: u16) -> (House, usize, usize) {
    let mut house = House::new(first_port);
    house.shard.tools.drops_unheard = true;
    let (guest, other) = (house.call(Codec::Pcma), house.talker(700.0));
    let leg = house.phones[guest].leg;
    house.phones[guest].tone_hz = Some(400.0);
    house.order(ToShard::Enter(leg, ROOM));
    set(&mut house, guest, TALK);
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
    // Who is heard again has each loss counted.
    lose_one_of_five(&mut house, guest, 500);
    house.run(510);
    assert_eq!(told(&mut house).pop(), Some((100, 0)));
    // One of five is lost on its way, of those that are read as of those that are not.
    set(&mut house, guest, LISTEN);
    house.run(100);
    let before = house.counters.packets_lost.load(Relaxed);
    lose_one_of_five(&mut house, guest, 1_000);
    let (_, fraction) = told(&mut house).pop().unwrap();
    assert!((40..=62).contains(&fraction), "{fraction} of 256");
    house.run(260);
    let (lost, _) = told(&mut house).pop().unwrap();
    assert!((280..=320).contains(&lost), "{lost} of 1,500");
    let counted = house.counters.packets_lost.load(Relaxed) - before;
    assert!((180..=220).contains(&counted), "{counted} of 1,000");
}

fn lose_one_of_five(house: &mut House, guest: usize, ticks: u64) {
    for tick in 0..ticks {
        let phone = &mut house.phones[guest];
        if tick.is_multiple_of(5) {
            phone.sequence = phone.sequence.wrapping_add(1);
            phone.timestamp = phone.timestamp.wrapping_add(160);
        }
        phone.tone_hz = (!tick.is_multiple_of(5)).then_some(400.0);
        house.run(1);
    }
    house.phones[guest].tone_hz = Some(400.0);
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
    phone.send(8, false, phone.timestamp + 100 * 160, &[0xd5; 160]);
    assert_eq!(read_in(&mut house, 1), 2);
    let silent = |told: &FromShard| matches!(told, FromShard::Silent(..));
    assert!(!house.told.iter().any(silent));
    // One that sends so seldom is not thinned at all.
    for _ in 0..40 {
        house.phones[guest].tone_hz = Some(400.0);
        assert_eq!(read_in(&mut house, 1), 2);
        house.phones[guest].tone_hz = None;
        assert_eq!(read_in(&mut house, 4), 4);
    }
    // It goes on from another port.
    house.phones[guest].tone_hz = Some(400.0);
    house.run(150);
    assert_eq!(read_in(&mut house, 80), 80 + 10);
    let phone = &mut house.phones[guest];
    let line = phone.rtp.peer_addr().unwrap();
    phone.rtp = Phone::new(phone.leg, Codec::Pcma).rtp;
    phone.rtp.connect(line).unwrap();
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

/// Every second packet of the music of its exchange gets lost.
#[test]
fn of_a_line_on_hold_nothing_counts_as_lost() {
    let (mut house, guest, _) = room(45_100);
    set(&mut house, guest, LISTEN);
    let held = Stream {
        direction: Direction::RecvOnly,
        ..house.phones[guest].stream()
    };
    house.order(ToShard::SetStream(house.phones[guest].leg, held));
    house.run(5);
    for _ in 0..100 {
        house.phones[guest].sequence = house.phones[guest].sequence.wrapping_add(1);
        house.run(1);
    }
    house.run(60);
    assert_eq!(house.counters.packets_lost.load(Relaxed), 0);
}

#[test]
fn after_skipped_ticks_every_line_is_read() {
    let (mut house, guest, _) = room(45_200);
    set(&mut house, guest, LISTEN);
    house.run(100);
    keys(&mut house);
    // The ticks that are left have one remainder by four, which need not be the line's.
    for left in 0..4 {
        press(&mut house, guest, 1 + left);
        house.tick = house.tick.next_multiple_of(4) + u64::from(left);
        house.shard.tick(Now::at(house.tick, 3));
        while let Ok(told) = house.reports.try_recv() {
            house.told.push(told);
        }
        assert_eq!(keys(&mut house), [Key::Digit(1 + left)]);
    }
}

#[test]
fn who_rests_gives_the_suppressor_of_his_noise_back() {
    let (mut house, guest, _) = room(45_300);
    let leg = house.phones[guest].leg;
    house.order(ToShard::SetDenoised(leg, true));
    house.run(20);
    set(&mut house, guest, LISTEN);
    house.run(20);
    house.order(ToShard::SetDenoised(leg, false));
    house.run(2);
    let place = house.shard.places[&leg];
    let line = house.shard.lines[place].as_mut().unwrap();
    assert!(
        line.said
            .suppress_noise(Box::default(), Rate::Narrow)
            .is_none()
    );
}

/// While the switchboard reads nothing, a mute falls in mid-word.
#[test]
fn that_who_rests_talks_no_more_is_told_later() {
    let (mut house, guest, _) = room(45_400);
    let leg = house.phones[guest].leg;
    while house
        .shard
        .tools
        .reports
        .tell_if_free(FromShard::LineDead(LegId(99)))
    {}
    set(&mut house, guest, LISTEN);
    for _ in 0..5 {
        house.tick += 1;
        house.shard.tick(Now::at(house.tick, 0));
    }
    house.run(5);
    let talking = house.told.iter().rev().find_map(|told| match told {
        FromShard::Talking(of, talking) if *of == leg => Some(*talking),
        _ => None,
    });
    assert_eq!(talking, Some(false));
}

/// A muted line of G.722 agrees on Opus, and that keys have the number that its sound had.
#[test]
fn no_key_is_dropped_whatever_is_agreed() {
    for (number, muted_for) in [120, 20, 30, 40, 50, 60].into_iter().enumerate() {
        let mut house = House::new(45_500 + 100 * number as u16);
        house.shard.tools.drops_unheard = true;
        let mut guest = Fuller::enter(&mut house, 1, Codec::G722, 700.0);
        run(&mut house, &mut [&mut guest], 60);
        house.order(ToShard::SetVoice(guest.leg, LISTEN));
        run(&mut house, &mut [&mut guest], muted_for);
        let agreed = Stream {
            event_payload_type: Some(9),
            ..stream_of(Codec::Opus, guest.rtp.local_addr().unwrap())
        };
        house.order(ToShard::SetStream(guest.leg, agreed));
        house.run(1);
        let read = house.counters.packets_in.load(Relaxed);
        for n in 1..=60u16 {
            let mut packet = [6, 10, 0, 0].repeat(4);
            packet[14..].copy_from_slice(&(n * 960).to_be_bytes());
            let head = packet.first_chunk_mut().unwrap();
            write_header(head, 9, false, 10_000 + n, 77_777, 7);
            guest.rtp.send(&packet).unwrap();
            house.run(1);
        }
        assert_eq!(
            house.counters.packets_in.load(Relaxed) - read,
            60,
            "{muted_for}"
        );
        assert_eq!(keys(&mut house), [Key::Digit(6)]);
        assert_eq!(house.spares.count().1, 1, "its decoder is lent");
    }
}
