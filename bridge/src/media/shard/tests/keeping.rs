//! Holding, losing, moving and closing lines; names; broken rooms.

use super::*;

fn deaths(house: &House) -> usize {
    house
        .told
        .iter()
        .filter(|told| matches!(told, FromShard::LineDead(_)))
        .count()
}

#[test]
fn a_silent_line_is_dead_once() {
    let mut house = House::new(31_000);
    let a = house.talker(400.0);
    house.run(50);
    house.phones[a].tone_hz = None;
    house.run(90);
    assert_eq!(deaths(&house), 0);
    house.run(400);
    assert_eq!(deaths(&house), 1);
}

/// What was told of lines that turned silent or were heard again.
fn silences(house: &House) -> Vec<bool> {
    let told = house.told.iter();
    told.filter_map(|told| match told {
        FromShard::Silent(_, silent) => Some(*silent),
        _ => None,
    })
    .collect()
}

#[test]
fn a_line_that_sends_nothing_is_told_and_one_that_pauses_only_later() {
    let mut house = House::new(38_900);
    let a = house.talker(400.0);
    house.run(100);
    house.phones[a].tone_hz = None;
    house.run(145);
    assert!(silences(&house).is_empty());
    house.run(60);
    assert_eq!(silences(&house), [true]);
    house.phones[a].tone_hz = Some(400.0);
    house.run(60);
    assert_eq!(silences(&house), [true, false]);
    house.phones[a].tone_hz = None;
    house.run(500);
    assert_eq!(silences(&house), [true, false], "it may only pause again");
    house.run(200);
    assert_eq!(silences(&house), [true, false, true]);
}

#[test]
fn reports_keep_a_line_alive() {
    let mut house = House::new(31_100);
    let a = house.talker(400.0);
    house.run(50);
    house.phones[a].tone_hz = None;
    for _ in 0..10 {
        let report = rtcp::Report {
            ssrc: 5,
            sender: None,
            block: None,
            cname: "a",
            goodbye: false,
        };
        let mut datagram = [0; 100];
        let length = report.write(&mut datagram).unwrap();
        house.phones[a].rtcp.send(&datagram[..length]).unwrap();
        house.run(50);
    }
    assert_eq!(deaths(&house), 0);
}

#[test]
fn a_held_line_is_silent_sent_nothing_and_not_dead() {
    let hold = [
        |stream: Stream| Stream {
            direction: Direction::RecvOnly,
            ..stream
        },
        |stream: Stream| Stream {
            direction: Direction::Inactive,
            ..stream
        },
        |stream: Stream| Stream {
            remote: "0.0.0.0:9".parse().unwrap(),
            ..stream
        },
    ];
    for (n, hold) in hold.into_iter().enumerate() {
        let mut house = House::new(31_200 + 100 * n as u16);
        let (a, b) = (house.talker(400.0), house.talker(700.0));
        house.run(40);
        house.check_hears(b, 400.0);
        let (leg, stream) = (house.phones[a].leg, house.phones[a].stream());
        house.order(ToShard::SetStream(leg, hold(stream)));
        house.run(30);
        house.check_hears_nothing(b);
        let before = house.phones[a].packets.len();
        let prompt = vec![Sound::from([1_000; 1_600])];
        house.order(ToShard::PlayToLeg(leg, PlayId(1), prompt));
        house.phones[a].tone_hz = None;
        house.run(300);
        assert_eq!((house.phones[a].packets.len(), deaths(&house)), (before, 0));
        assert!(
            house
                .told
                .iter()
                .any(|told| matches!(told, FromShard::Played(..)))
        );
        house.order(ToShard::SetStream(leg, stream));
        house.phones[a].tone_hz = Some(400.0);
        house.run(40);
        house.check_hears(b, 400.0);
        house.check_hears(a, 700.0);
        assert!(
            house.phones[a].packets[before].0,
            "the first packet after hold is marked"
        );
    }
}

#[test]
fn strangers_are_not_heard() {
    let mut house = House::new(31_500);
    let (a, b) = (house.talker(400.0), house.talker(700.0));
    house.run(10);
    let stranger = UdpSocket::bind("127.0.0.1:0").unwrap();
    let line = house.phones[a].rtp.peer_addr().unwrap();
    for n in 0..50u16 {
        let mut head = [0; HEADER_LEN];
        write_header(&mut head, 0, false, n, u32::from(n) * 160, 5);
        let mut codes = [0; TICK_SAMPLES];
        g711::encode(Law::Mu, &tone(u32::from(n) * 160, 1_800.0), &mut codes);
        stranger
            .send_to(&[&head[..], &codes].concat(), line)
            .unwrap();
        stranger.send_to(b"no RTP at all", line).unwrap();
        house.run(1);
    }
    house.check_hears(b, 400.0);
    house.check_hears_not(b, 1_800.0);
    let rejected = house.counters.packets_rejected.load(Relaxed);
    assert_eq!(
        rejected, 0,
        "the system drops them, which costs the tick nothing"
    );
}

#[test]
fn sound_from_elsewhere_than_the_sdp_says_is_told_once_and_not_heard() {
    let mut house = House::new(29_900);
    let (a, b) = (house.talker(400.0), house.talker(700.0));
    let named = "198.51.100.7:4000".parse().unwrap();
    let stream = Stream {
        remote: named,
        ..house.phones[a].stream()
    };
    house.order(ToShard::SetStream(house.phones[a].leg, stream));
    house.run(200);
    house.check_hears_nothing(b);
    let strangers: Vec<&FromShard> = house
        .told
        .iter()
        .filter(|told| matches!(told, FromShard::Stranger { .. }))
        .collect();
    let (who, comes_from) = (house.phones[a].leg, house.phones[a].rtp.local_addr());
    let FromShard::Stranger {
        leg,
        from,
        named: to,
    } = strangers[0]
    else {
        panic!()
    };
    assert_eq!((*leg, *from, *to), (who, comes_from.unwrap(), named));
    assert_eq!((strangers.len(), deaths(&house)), (1, 1));
}

#[test]
fn what_is_no_rtp_is_dropped_and_counted() {
    let mut house = House::new(36_100);
    let a = house.talker(400.0);
    house.phones[a].tone_hz = None;
    let line = house.phones[a].rtp.peer_addr().unwrap();
    let stranger = UdpSocket::bind("127.0.0.1:0").unwrap();
    for _ in 0..50 {
        house.phones[a].rtp.send(b"no RTP at all").unwrap();
        stranger.send_to(b"no RTP either", line).unwrap();
        house.run(1);
    }
    assert_eq!(house.counters.packets_rejected.load(Relaxed), 100);
}

#[test]
fn a_name_is_taken_down_even_from_one_who_is_not_heard() {
    let mut house = House::new(31_600);
    let a = house.call(Codec::Pcmu);
    let leg = house.phones[a].leg;
    house.phones[a].tone_hz = Some(0.0);
    house.order(ToShard::TakeName(leg, 5_000));
    house.run(25);
    house.phones[a].tone_hz = Some(400.0);
    house.run(50);
    house.phones[a].tone_hz = Some(0.0);
    house.run(25);
    house.order(ToShard::StopName(leg));
    let name = house.wait_for(|told| match told {
        FromShard::NameTaken(_, name) => Some(name.clone()),
        _ => None,
    });
    assert!((8_000..=8_480).contains(&name.len()), "{}", name.len());
    let loud = amplitude(&name[1_600..4_800], 400.0);
    assert!(
        (4_400.0..4_900.0).contains(&loud),
        "-20 dBov is a peak of 4,634, not {loud}"
    );
}

#[test]
fn a_line_moves_to_another_shard_without_a_break_in_its_numbers() {
    let mut house = House::new(31_700);
    let a = house.talker(400.0);
    house.run(30);
    let leg = house.phones[a].leg;
    let line = house.release(leg);
    house.run(1);
    let mut other = House::new(31_800);
    other.tick = 5_000;
    other.phones.push(house.phones.remove(a));
    other.order(ToShard::Adopt(line));
    other.order(ToShard::Enter(leg, ROOM));
    other.order(ToShard::SetVoice(leg, TALK));
    let b = other.talker(700.0);
    other.phones[b].leg = LegId(8);
    other.run(40);
    other.check_hears(b, 400.0);
    other.check_hears(0, 700.0);
    for pair in other.phones[0].packets.windows(2) {
        assert_eq!(pair[1].1, pair[0].1.wrapping_add(1));
        assert_eq!(pair[1].2, pair[0].2.wrapping_add(160));
    }
}

#[test]
fn a_closed_line_says_goodbye() {
    let mut house = House::new(31_900);
    let a = house.talker(400.0);
    house.run(5);
    house.order(ToShard::Close(house.phones[a].leg));
    house.run(1);
    let mut buffer = [0; 500];
    let mut goodbyes = 0;
    while let Ok(length) = house.phones[a].rtcp.recv(&mut buffer) {
        rtcp::read(&buffer[..length], |item| {
            goodbyes += u32::from(matches!(item, rtcp::Item::Goodbye(77)));
        })
        .unwrap();
    }
    assert_eq!(goodbyes, 1);
    assert_eq!(house.counters.lines.load(Relaxed), 0);
}

#[test]
fn reports_tell_what_was_sent_and_what_was_lost() {
    let mut house = House::new(32_000);
    let a = house.talker(400.0);
    house.run(100);
    house.phones[a].sequence += 10;
    house.run(400);
    let mut buffer = [0; 500];
    let (mut sent, mut lost) = (0, 0);
    while let Ok(length) = house.phones[a].rtcp.recv(&mut buffer) {
        rtcp::read(&buffer[..length], |item| match item {
            rtcp::Item::Sender { info, .. } => sent = info.packets,
            rtcp::Item::Block(block) => lost = block.lost,
            rtcp::Item::Goodbye(_) => panic!("it is still there"),
        })
        .unwrap();
    }
    assert!(sent > 200, "{sent}");
    assert_eq!(lost, 10);
}

#[test]
fn a_bug_ends_one_room_and_not_the_house() {
    let mut house = House::new(32_100);
    let (a, b, c) = (
        house.talker(400.0),
        house.talker(700.0),
        house.talker(1_100.0),
    );
    for phone in [b, c] {
        house.order(ToShard::Enter(house.phones[phone].leg, RoomKey(2)));
        house.order(ToShard::SetVoice(house.phones[phone].leg, TALK));
    }
    house.run(30);
    house.shard.with_mix(ROOM, |mix, _| mix.bug = true);
    house.run(40);
    let broken = house.told.iter().find_map(|told| match told {
        FromShard::RoomBroken(key, legs) => Some((*key, legs.clone())),
        _ => None,
    });
    assert_eq!(broken, Some((ROOM, vec![house.phones[a].leg])));
    house.check_hears(b, 1_100.0);
    house.check_hears(c, 700.0);
}

#[test]
fn a_closed_room_leaves_its_lines_unheard_but_alive() {
    let mut house = House::new(32_200);
    let (a, b) = (house.talker(400.0), house.talker(700.0));
    house.run(10);
    house.order(ToShard::CloseRoom(ROOM));
    house.run(30);
    house.check_hears_nothing(a);
    house.check_hears_nothing(b);
    assert_eq!(house.counters.lines.load(Relaxed), 2);
}
