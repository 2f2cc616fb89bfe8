//! A word to one and a word to all, in one ear: each is heard whole, one after the other.

use super::*;

const PRIVATE_HZ: f64 = 1_500.0;
const PUBLIC_HZ: f64 = 2_000.0;
const LATER_HZ: f64 = 2_500.0;

/// So many ticks of a tone, as a sound.
fn hum(hz: f64, ticks: u32) -> Vec<Sound> {
    let samples: Vec<i16> = (0..ticks).flat_map(|n| tone(n * 160, hz)).collect();
    vec![samples.into()]
}

impl House {
    fn tell_one(&mut self, phone: usize, play: u64, ticks: u32) {
        let leg = self.phones[phone].leg;
        self.order(ToShard::PlayToLeg(
            leg,
            PlayId(play),
            hum(PRIVATE_HZ, ticks),
        ));
    }

    fn tell_all(&mut self, hz: f64, ticks: u32) {
        self.order(ToShard::PlayToRoom(ROOM, hum(hz, ticks)));
    }

    /// Runs so long that all is over, and tells in how many ticks each tone was heard: fully, and
    /// beside another one.
    fn check(&mut self, phone: usize, wanted: &[(f64, usize)]) {
        self.run(150);
        let heard = &self.phones[phone].heard;
        let loud = |at: usize, hz: f64| amplitude(&heard[at..at + 160], hz);
        let mut order: Vec<(f64, usize)> = Vec::new();
        // The limiter looks ahead, so ticks begin later in what is sent: where the first is whole.
        let start = (0..heard.len() - 160)
            .find(|&at| loud(at, PRIVATE_HZ).max(loud(at, PUBLIC_HZ)) > 5_800.0);
        for at in (start.unwrap()..heard.len() - 160).step_by(160) {
            let tones = [PRIVATE_HZ, PUBLIC_HZ, LATER_HZ];
            let here: Vec<f64> = tones
                .into_iter()
                .filter(|&hz| loud(at, hz) > 300.0)
                .collect();
            assert!(here.len() < 2, "phone {phone} hears {here:?} at once");
            match (here.first(), order.last_mut()) {
                (Some(&hz), Some((last, ticks))) if *last == hz => *ticks += 1,
                (Some(&hz), _) => order.push((hz, 1)),
                (None, _) => {}
            }
        }
        assert_eq!(order, wanted, "phone {phone}");
    }
}

#[test]
fn what_is_said_to_all_amid_a_private_word_is_heard_after_it() {
    let mut house = House::new(37_000);
    let (a, b) = (house.talker(400.0), house.talker(700.0));
    house.run(20);
    house.tell_one(a, 3, 40);
    house.run(10);
    house.tell_all(PUBLIC_HZ, 25);
    house.run(5);
    house.tell_all(LATER_HZ, 5);
    house.run(20);
    house.check_hears_not(a, 400.0);
    house.check(a, &[(PRIVATE_HZ, 40), (PUBLIC_HZ, 25), (LATER_HZ, 5)]);
    house.check(b, &[(PUBLIC_HZ, 25), (LATER_HZ, 5)]);
    house.check_hears(a, 700.0);
    house.check_hears_not(a, 400.0);
    // Back with the others, they hear the next one together.
    house.tell_all(LATER_HZ, 50);
    house.run(40);
    house.check_hears(a, LATER_HZ);
    house.check_hears(b, LATER_HZ);
}

#[test]
fn a_private_word_waits_for_the_end_of_what_is_said_to_all() {
    let mut house = House::new(37_100);
    let (a, b) = (house.talker(400.0), house.talker(700.0));
    house.run(20);
    house.tell_all(PUBLIC_HZ, 30);
    house.tell_all(LATER_HZ, 10);
    house.run(10);
    house.tell_one(a, 3, 20);
    // It waits for one announcement only, and the next waits for it.
    house.check(a, &[(PUBLIC_HZ, 30), (PRIVATE_HZ, 20), (LATER_HZ, 10)]);
    house.check(b, &[(PUBLIC_HZ, 30), (LATER_HZ, 10)]);
    let played = |told: &FromShard| matches!(told, FromShard::Played(_, PlayId(3)));
    assert_eq!(house.told.iter().filter(|told| played(told)).count(), 1);
}

#[test]
fn who_stops_a_prompt_hears_at_once_what_was_said_meanwhile() {
    let mut house = House::new(37_200);
    let (a, _) = (house.talker(400.0), house.talker(700.0));
    house.run(20);
    house.tell_one(a, 3, 200);
    house.run(10);
    house.tell_all(PUBLIC_HZ, 10);
    house.run(5);
    house.order(ToShard::StopPlay(house.phones[a].leg));
    house.check(a, &[(PRIVATE_HZ, 15), (PUBLIC_HZ, 10)]);
}

#[test]
fn who_comes_in_under_a_prompt_hears_all_of_what_is_being_said() {
    let mut house = House::new(37_300);
    house.talker(700.0);
    let late = house.call(Codec::Pcma);
    house.phones[late].tone_hz = Some(0.0);
    let leg = house.phones[late].leg;
    house.run(10);
    house.tell_one(late, 3, 40);
    house.run(5);
    house.tell_all(PUBLIC_HZ, 20);
    house.run(10);
    house.order(ToShard::Enter(leg, ROOM));
    house.order(ToShard::SetVoice(leg, LISTEN));
    house.check(late, &[(PRIVATE_HZ, 40), (PUBLIC_HZ, 20)]);
}

#[test]
fn what_was_said_in_a_room_that_was_left_is_not_heard() {
    let mut house = House::new(37_400);
    let (a, b) = (house.talker(400.0), house.talker(700.0));
    house.run(20);
    house.tell_one(a, 3, 40);
    house.run(10);
    house.tell_all(PUBLIC_HZ, 10);
    house.run(5);
    house.order(ToShard::Enter(house.phones[a].leg, RoomKey(2)));
    house.order(ToShard::SetVoice(house.phones[a].leg, TALK));
    house.check(a, &[(PRIVATE_HZ, 40)]);
    house.check(b, &[(PUBLIC_HZ, 10)]);
}
