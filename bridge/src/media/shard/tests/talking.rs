//! Who hears whom.

use super::*;

#[test]
fn everybody_hears_the_others_and_nobody_hears_themselves() {
    let mut house = House::new(30_000);
    let (a, b, c) = (
        house.talker(400.0),
        house.talker(700.0),
        house.talker(1_100.0),
    );
    house.phones[c].codec = Codec::Pcma;
    let stream = house.phones[c].stream();
    house.order(ToShard::SetStream(house.phones[c].leg, stream));
    house.run(50);
    for (phone, own) in [(a, 400.0), (b, 700.0), (c, 1_100.0)] {
        for hz in [400.0, 700.0, 1_100.0] {
            if hz == own {
                house.check_hears_not(phone, hz);
            } else {
                house.check_hears(phone, hz);
            }
        }
    }
}

#[test]
fn rooms_do_not_hear_each_other() {
    let mut house = House::new(30_100);
    let (a, b) = (house.talker(400.0), house.talker(700.0));
    house.order(ToShard::Enter(house.phones[b].leg, RoomKey(2)));
    house.order(ToShard::SetVoice(house.phones[b].leg, TALK));
    house.run(50);
    house.check_hears_nothing(a);
    house.check_hears_nothing(b);
}

#[test]
fn one_who_may_not_speak_is_silent_and_hears() {
    let mut house = House::new(30_200);
    let (a, b) = (house.talker(400.0), house.talker(700.0));
    house.order(ToShard::SetVoice(house.phones[b].leg, LISTEN));
    house.run(50);
    house.check_hears_nothing(a);
    house.check_hears(b, 400.0);
    let told: Vec<&FromShard> = house
        .told
        .iter()
        .filter(|told| matches!(told, FromShard::Talking(..)))
        .collect();
    assert!(matches!(told[..], [FromShard::Talking(leg, true)] if *leg == house.phones[a].leg));
    house.phones[a].tone_hz = Some(0.0);
    house.run(60);
    assert!(
        house
            .told
            .iter()
            .any(|told| matches!(told, FromShard::Talking(_, false)))
    );
}

#[test]
fn of_many_talkers_the_loudest_eight_are_mixed() {
    let mut house = House::new(30_300);
    for n in 0..12 {
        house.talker(300.0 + 100.0 * f64::from(n));
    }
    let listener = house.talker(0.0);
    house.run(60);
    let loud = |n: u32| house.heard(listener, 300.0 + 100.0 * f64::from(n));
    assert_eq!((0..12).filter(|&n| loud(n) > 1_000.0).count(), 8);
}

#[test]
fn a_prompt_is_heard_by_its_line_alone_over_a_quieter_room() {
    let mut house = House::new(30_400);
    let (a, b) = (house.talker(400.0), house.talker(700.0));
    house.run(20);
    let prompt: Vec<i16> = (0..50).flat_map(|n| tone(n * 160, 1_500.0)).collect();
    let leg = house.phones[a].leg;
    house.order(ToShard::PlayToLeg(
        leg,
        PlayId(3),
        vec![prompt.clone().into(), prompt.into()],
    ));
    house.run(40);
    house.check_hears(a, 1_500.0);
    let ducked = house.heard(a, 700.0);
    assert!((1_400.0..1_600.0).contains(&ducked), "{ducked}");
    house.check_hears_not(b, 1_500.0);
    assert!(
        !house
            .told
            .iter()
            .any(|told| matches!(told, FromShard::Played(..)))
    );
    house.run(61);
    assert!(
        house
            .told
            .iter()
            .any(|told| matches!(told, FromShard::Played(_, PlayId(3))))
    );
    house.run(30);
    house.check_hears(a, 700.0);
    house.check_hears_not(a, 1_500.0);
}

#[test]
fn a_stopped_prompt_is_not_told_as_played() {
    let mut house = House::new(30_500);
    let a = house.talker(400.0);
    let leg = house.phones[a].leg;
    house.order(ToShard::PlayToLeg(
        leg,
        PlayId(3),
        vec![Sound::from([5_000; 80_000])],
    ));
    house.run(30);
    house.order(ToShard::StopPlay(leg));
    house.order(ToShard::PlayToLeg(leg, PlayId(4), vec![]));
    house.run(30);
    let played: Vec<&FromShard> = house
        .told
        .iter()
        .filter(|told| matches!(told, FromShard::Played(..)))
        .collect();
    assert!(
        matches!(played[..], [FromShard::Played(_, PlayId(4))]),
        "{played:?}"
    );
    house.check_hears_nothing(a);
}

#[test]
fn a_prompt_for_the_room_is_heard_by_all_who_hear_the_room() {
    let mut house = House::new(30_600);
    let (a, b) = (house.talker(400.0), house.talker(700.0));
    house.order(ToShard::SetVoice(
        house.phones[b].leg,
        Voice {
            speak: true,
            hear: Hear::Nothing,
        },
    ));
    house.run(5);
    let prompt: Vec<i16> = (0..100).flat_map(|n| tone(n * 160, 1_500.0)).collect();
    house.order(ToShard::PlayToRoom(ROOM, vec![prompt.into()]));
    house.run(60);
    house.check_hears(a, 1_500.0);
    house.check_hears(a, 700.0);
    house.check_hears_nothing(b);
}

#[test]
fn those_who_wait_hear_music_and_are_not_heard() {
    let music: Vec<i16> = (0..50).flat_map(|n| tone(n * 160, 900.0)).collect();
    let mut house = House::with_music(30_700, music.into());
    let (a, b) = (house.talker(400.0), house.talker(700.0));
    house.order(ToShard::SetVoice(
        house.phones[a].leg,
        Voice {
            speak: false,
            hear: Hear::Music,
        },
    ));
    house.run(120);
    house.check_hears(a, 900.0);
    house.check_hears_not(a, 700.0);
    house.check_hears_nothing(b);
}

#[test]
fn keys_are_told_once_and_heard_by_nobody() {
    let mut house = House::new(30_800);
    let (a, b) = (house.talker(400.0), house.talker(700.0));
    house.run(30);
    let at = house.phones[a].timestamp;
    house.phones[a].press(11, at);
    house.phones[a].tone_hz = None;
    house.run(3);
    // A gateway that lets the tone itself through as well, while the key is down.
    house.phones[b].heard.clear();
    house.phones[a].tone_hz = Some(941.0);
    // the network doubles all its packets
    house.phones[a].sequence = house.phones[a].sequence.wrapping_sub(7);
    house.phones[a].press(11, at);
    house.run(1);
    house.phones[a].tone_hz = Some(400.0);
    house.run(40);
    let keys: Vec<&FromShard> = house
        .told
        .iter()
        .filter(|told| matches!(told, FromShard::Key(..) | FromShard::KeyLetGo(..)))
        .collect();
    assert!(
        matches!(
            keys[..],
            [
                FromShard::Key(_, Key::Pound, Source::Event),
                FromShard::KeyLetGo(_, Key::Pound)
            ]
        ),
        "{keys:?}"
    );
    let heard = &house.phones[b].heard;
    assert!(amplitude(&heard[..320], 941.0) < 30.0);
    house.check_hears(b, 400.0);
}

#[test]
fn the_end_of_a_key_is_told_when_it_comes_and_once() {
    let mut house = House::new(39_900);
    let a = house.talker(400.0);
    let at = house.phones[a].timestamp;
    let ends = |house: &House| {
        let end = |told: &&FromShard| matches!(told, FromShard::KeyLetGo(_, Key::Digit(5)));
        house.told.iter().filter(end).count()
    };
    for (n, duration) in (160u16..48_000).step_by(400).enumerate() {
        let [high, low] = duration.to_be_bytes();
        house.phones[a].send(EVENT_TYPE, n == 0, at, &[5, 10, high, low]);
        house.run(2);
    }
    // a phone may say nothing of it for long
    house.run(60);
    assert_eq!(ends(&house), 0, "{:?}", house.told);
    for _ in 0..3 {
        house.phones[a].send(EVENT_TYPE, false, at, &[5, 0x8a, 200, 0]);
    }
    house.run(1);
    assert_eq!(ends(&house), 1, "{:?}", house.told);
}

#[test]
fn all_packet_times_are_spoken() {
    let mut house = House::new(30_900);
    house.talker(400.0);
    let listeners: Vec<usize> = [10u8, 20, 30, 40, 60]
        .into_iter()
        .map(|packet_ms| {
            let number = house.talker(0.0);
            let stream = Stream {
                packet_ms,
                ..house.phones[number].stream()
            };
            house.order(ToShard::SetStream(house.phones[number].leg, stream));
            number
        })
        .collect();
    house.run(90);
    for (&listener, length) in listeners.iter().zip([80, 160, 240, 320, 480]) {
        house.check_hears(listener, 400.0);
        let packets = &house.phones[listener].packets;
        assert_eq!(packets.len(), 90 * 160 / length);
        assert!(
            packets[0].0 && packets[1..].iter().all(|packet| !packet.0),
            "marker"
        );
        for pair in packets.windows(2) {
            assert_eq!(pair[1].3, length);
            assert_eq!(pair[1].1, pair[0].1.wrapping_add(1));
            assert_eq!(pair[1].2, pair[0].2.wrapping_add(length as u32));
        }
    }
}
