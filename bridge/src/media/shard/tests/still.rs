//! Who is muted at his own phone sends silence: hardly any of it is read, and none of his words
//! is missed.

use super::wide::{Fuller, run};
use super::*;

/// A room with two, of whom one has sent exact silence for some seconds.
fn room(first_port: u16, codec: Codec, drops: bool) -> (House, usize, usize) {
    let mut house = House::new(first_port);
    house.shard.tools.drops_unheard = drops;
    let other = house.talker(0.0);
    let guest = house.call(codec);
    let leg = house.phones[guest].leg;
    house.phones[guest].tone_hz = Some(0.0);
    house.order(ToShard::Enter(leg, ROOM));
    house.order(ToShard::SetVoice(leg, TALK));
    // The other's own silence is no subject here.
    house.phones[other].tone_hz = None;
    house.run(260);
    (house, guest, other)
}

fn read_in(house: &mut House, ticks: usize) -> u64 {
    let before = house.counters.packets_in.load(Relaxed);
    house.run(ticks);
    house.counters.packets_in.load(Relaxed) - before
}

/// Ticks of the last so many in which a phone heard something.
fn loud(house: &House, phone: usize, ticks: usize) -> usize {
    let heard = &house.phones[phone].heard;
    let ticks = heard[heard.len() - ticks * 160..].chunks_exact(160);
    ticks
        .filter(|tick| amplitude(tick, 400.0) > 3_000.0)
        .count()
}

#[test]
fn an_eighth_is_read_and_every_word_is_heard_whole() {
    for (port, codec) in [(46_200, Codec::Pcmu), (46_300, Codec::Pcma)] {
        let (mut house, guest, other) = room(port, codec, true);
        // Whichever of eight packets is the first of a word.
        for phase in 0..8 {
            assert_eq!(read_in(&mut house, 160), 20, "{phase}");
            house.phones[guest].tone_hz = Some(400.0);
            assert_eq!(read_in(&mut house, 25), 25, "{phase}");
            house.check_hears(other, 400.0);
            house.phones[guest].tone_hz = Some(0.0);
            house.run(35);
            assert_eq!(loud(&house, other, 60), 25, "{phase}");
            assert_eq!(read_in(&mut house, 100), 100, "not for so short a silence");
            house.run(106);
            house.phones[other].heard.clear();
        }
        assert_eq!(house.counters.packets_lost.load(Relaxed), 0);
        assert_eq!(house.counters.packets_rejected.load(Relaxed), 0);
    }
}

#[test]
fn where_the_system_drops_nothing_it_is_heard_as_well() {
    let (mut house, guest, other) = room(46_400, Codec::Pcmu, false);
    assert_eq!(read_in(&mut house, 160), 160);
    house.phones[guest].tone_hz = Some(400.0);
    house.run(25);
    house.check_hears(other, 400.0);
    house.phones[guest].tone_hz = Some(0.0);
    house.run(35);
    assert_eq!(loud(&house, other, 60), 25);
    assert_eq!(house.counters.packets_lost.load(Relaxed), 0);
}

#[test]
fn keys_come_through_and_a_name_of_silence_has_its_length() {
    let (mut house, guest, _) = room(46_500, Codec::Pcma, true);
    assert_eq!(read_in(&mut house, 160), 20);
    let at = house.phones[guest].timestamp;
    house.phones[guest].press(6, at);
    house.run(2);
    let leg = house.phones[guest].leg;
    let pressed = |told: &FromShard| match told {
        FromShard::Key(of, key, Source::Event) if *of == leg => Some(*key),
        _ => None,
    };
    let keys: Vec<Key> = house.told.iter().filter_map(pressed).collect();
    assert_eq!(keys, [Key::Digit(6)]);
    house.order(ToShard::TakeName(leg, 1_000));
    house.run(60);
    let name = house.wait_for(|told| match told {
        FromShard::NameTaken(of, name) if *of == leg => Some(name.len()),
        _ => None,
    });
    assert_eq!(name, 0, "silence is cut off a name");
    assert_eq!(read_in(&mut house, 160), 20);
}

/// A constant that is loud, and another silence than before.
#[test]
fn only_what_is_silent_is_left_out() {
    let (mut house, guest, _) = room(46_600, Codec::Pcmu, true);
    let send = |house: &mut House, octet: u8, ticks: usize| {
        house.phones[guest].tone_hz = None;
        let before = house.counters.packets_in.load(Relaxed);
        for _ in 0..ticks {
            let phone = &mut house.phones[guest];
            phone.send(0, false, phone.timestamp, &[octet; 160]);
            phone.timestamp = phone.timestamp.wrapping_add(160);
            house.run(1);
        }
        house.counters.packets_in.load(Relaxed) - before
    };
    assert_eq!(send(&mut house, 0xff, 160), 20);
    assert_eq!(send(&mut house, 0x7f, 150), 150);
    send(&mut house, 0x7f, 56);
    assert_eq!(send(&mut house, 0x7f, 160), 20);
    assert_eq!(send(&mut house, 0x00, 300), 300);
    assert_eq!(house.counters.packets_lost.load(Relaxed), 0);
}

#[test]
fn what_is_left_out_is_not_told_as_lost() {
    let (mut house, guest, _) = room(46_700, Codec::Pcmu, true);
    for hz in [0.0, 400.0, 0.0, 0.0, 400.0] {
        house.phones[guest].tone_hz = Some(hz);
        house.run(330);
        let mut buffer = [0; 500];
        let mut told = None;
        while let Ok(length) = house.phones[guest].rtcp.recv(&mut buffer) {
            let item = |item| {
                if let rtcp::Item::Block(block) = item {
                    told = Some((block.lost, block.fraction_lost));
                }
            };
            rtcp::read(&buffer[..length], item).unwrap();
        }
        assert_eq!(told, Some((0, 0)), "{hz}");
    }
}

#[test]
fn a_line_that_dies_is_found_dead() {
    let (mut house, guest, _) = room(46_800, Codec::Pcmu, true);
    assert_eq!(read_in(&mut house, 160), 20);
    house.phones[guest].tone_hz = None;
    let leg = house.phones[guest].leg;
    house.run(160);
    let is_it = |told: &&FromShard| matches!(told, FromShard::LineDead(dead) if *dead == leg);
    assert_eq!(house.told.iter().filter(is_it).count(), 1);
}

/// One packet of five comes a tick late, so that the buffer waits; after a mute it gives silence
/// first, and that is not what the line says.
#[test]
fn a_loud_constant_is_heard_after_a_mute_as_well() {
    let (mut house, guest, _) = room(47_100, Codec::Pcmu, true);
    house.phones[guest].tone_hz = None;
    let mut tick = 0;
    let mut send = |house: &mut House, ticks: usize| {
        for _ in 0..ticks {
            let phone = &mut house.phones[guest];
            for _ in 0..[2, 1, 1, 1, 0][tick % 5] {
                phone.send(0, false, phone.timestamp, &[0x10; 160]);
                phone.timestamp = phone.timestamp.wrapping_add(160);
            }
            tick += 1;
            house.run(1);
        }
    };
    let leg = house.phones[guest].leg;
    let at = house.phones[guest].timestamp;
    house.phones[guest].press(6, at);
    send(&mut house, 301);
    house.order(ToShard::SetVoice(leg, LISTEN));
    send(&mut house, 30);
    house.order(ToShard::SetVoice(leg, TALK));
    send(&mut house, 100);
    let before = house.counters.packets_in.load(Relaxed);
    send(&mut house, 200);
    assert_eq!(house.counters.packets_in.load(Relaxed) - before, 200);
}

/// Who tells that he pauses is silent in his own way: what was before that does not count.
#[test]
fn comfort_noise_begins_the_silence_anew() {
    let (mut house, guest, _) = room(47_300, Codec::Pcmu, true);
    let phone = &mut house.phones[guest];
    phone.noise_type = Some(13);
    let stream = ToShard::SetStream(phone.leg, phone.stream());
    house.order(stream);
    house.run(260);
    assert_eq!(read_in(&mut house, 160), 20);
    let phone = &mut house.phones[guest];
    phone.send(13, false, phone.timestamp, &[70]);
    house.run(1);
    assert_eq!(read_in(&mut house, 140), 140);
    house.run(70);
    assert_eq!(read_in(&mut house, 160), 20);
}

/// A longer header is not known to the filter: each packet speaks for itself.
#[test]
fn of_a_longer_header_all_is_read_and_each_loss_told() {
    let (mut house, guest, _) = room(47_200, Codec::Pcmu, true);
    house.phones[guest].tone_hz = None;
    let mut lost = 0;
    for tick in 0..500 {
        let phone = &mut house.phones[guest];
        // RFC 3550, 5.3.1: an extension of one word.
        let [high, low] = phone.sequence.to_be_bytes();
        let [a, b, c, d] = phone.timestamp.to_be_bytes();
        let head = [0x90, 0, high, low, a, b, c, d, 0, 0, 0, 5];
        let extension = [0xbe, 0xde, 0, 1, 0x10, 0x7f, 0, 0];
        let packet = [&head[..], &extension, &[0xff; 160]].concat();
        phone.sequence = phone.sequence.wrapping_add(1);
        phone.timestamp = phone.timestamp.wrapping_add(160);
        if tick >= 300 && tick % 5 == 0 {
            lost += 1;
        } else {
            phone.rtp.send(&packet).unwrap();
        }
        house.run(1);
    }
    house.phones[guest].tone_hz = Some(400.0);
    house.run(60);
    assert_eq!(house.counters.packets_lost.load(Relaxed), lost);
}

/// The octets that G.722 makes of silence are others all the time: all are read, and none is
/// decoded but to look what it is, once in ten seconds.
#[test]
fn a_wide_line_is_not_decoded_and_every_word_is_heard_whole() {
    let mut house = House::new(47_400);
    house.shard.tools.drops_unheard = true;
    let other = house.talker(0.0);
    house.phones[other].tone_hz = None;
    let mut guest = Fuller::enter(&mut house, 1, Codec::G722, 0.0);
    run(&mut house, &mut [&mut guest], 260);
    for words in 0..3 {
        let before = house.counters.packets_in.load(Relaxed);
        let mut rests = 0;
        for _ in 0..600 {
            run(&mut house, &mut [&mut guest], 1);
            let lines = house.shard.lines.iter().flatten();
            rests += lines.filter(|line| line.rests).count();
        }
        assert_eq!(house.counters.packets_in.load(Relaxed) - before, 600);
        assert!((560..590).contains(&rests), "{words}: {rests}");
        guest.hz = 400.0;
        run(&mut house, &mut [&mut guest], 25);
        house.check_hears(other, 400.0);
        guest.hz = 0.0;
        run(&mut house, &mut [&mut guest], 35);
        let loud = loud(&house, other, 60);
        assert!((25..=26).contains(&loud), "{words}: {loud}");
        run(&mut house, &mut [&mut guest], 200);
    }
    assert_eq!(house.counters.packets_lost.load(Relaxed), 0);
}

/// Of Opus silence is a few packets by turns. What its decoder needs is lent meanwhile.
#[test]
fn a_full_line_is_not_decoded_and_every_word_is_heard_whole() {
    let mut house = House::new(47_600);
    let other = house.talker(0.0);
    house.phones[other].tone_hz = None;
    let mut guest = Fuller::enter(&mut house, 1, Codec::Opus, 0.0);
    run(&mut house, &mut [&mut guest], 260);
    for words in 0..3 {
        let mut rests = 0;
        for _ in 0..100 {
            run(&mut house, &mut [&mut guest], 1);
            let lines = house.shard.lines.iter().flatten();
            rests += lines.filter(|line| line.rests).count();
        }
        assert_eq!((rests, house.spares.count().1), (100, 1), "{words}");
        guest.hz = 400.0;
        run(&mut house, &mut [&mut guest], 25);
        house.check_hears(other, 400.0);
        assert_eq!(house.spares.count().1, 0, "{words}");
        guest.hz = 0.0;
        run(&mut house, &mut [&mut guest], 35);
        let loud = loud(&house, other, 60);
        assert!((25..=26).contains(&loud), "{words}: {loud}");
        run(&mut house, &mut [&mut guest], 80);
        assert_eq!(house.spares.count().1, 0, "he may go on at any moment");
        run(&mut house, &mut [&mut guest], 120);
    }
    assert_eq!(house.counters.packets_lost.load(Relaxed), 0);
}

/// Of eight waves in a packet of 20 ms each is like the last.
#[test]
fn a_tone_whose_packets_come_again_is_heard_for_ever() {
    let mut house = House::new(48_100);
    let other = house.talker(0.0);
    let mut guest = Fuller::enter(&mut house, 1, Codec::Opus, 400.0);
    for second in 0..8 {
        run(&mut house, &mut [&mut guest], 50);
        assert!(second == 0 || loud(&house, other, 50) == 50, "{second}");
    }
}

/// The second packet of a word wakes the line, and the first comes behind it.
#[test]
fn what_was_overtaken_is_not_told_as_lost() {
    let (mut house, guest, _) = room(47_500, Codec::Pcmu, false);
    house.phones[guest].tone_hz = None;
    let (first, at) = (house.phones[guest].sequence, house.phones[guest].timestamp);
    for n in [1, 0].into_iter().chain(2..60) {
        let phone = &mut house.phones[guest];
        phone.sequence = first.wrapping_add(n);
        phone.send(0, false, at.wrapping_add(u32::from(n) * 160), &[0x10; 160]);
        if n != 1 {
            house.run(1);
        }
    }
    house.run(60);
    assert_eq!(house.counters.packets_lost.load(Relaxed), 0);
}
