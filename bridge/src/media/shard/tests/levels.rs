//! Quiet and loud callers.

use super::*;

/// Hums so loud, syllable by syllable, for so many of them.
fn say(house: &mut House, who: &[(usize, f64)], syllables: usize) {
    for _ in 0..syllables {
        for (ticks, loud) in [(1, 0.0), (4, 1.0)] {
            for &(phone, peak) in who {
                house.phones[phone].peak = peak * loud;
            }
            house.run(ticks);
        }
    }
}

fn levelled(house: &mut House, tone_hz: f64) -> usize {
    let number = house.talker(tone_hz);
    house.order(ToShard::SetLevelled(house.phones[number].leg, true));
    number
}

/// How much louder the second is heard than the first, in decibels.
fn difference_db(house: &House, listener: usize) -> f64 {
    20.0 * (house.heard(listener, 700.0) / house.heard(listener, 400.0)).log10()
}

#[test]
fn a_quiet_and_a_loud_caller_come_near_each_other_in_some_seconds() {
    let mut house = House::new(39_000);
    let (quiet, loud) = (levelled(&mut house, 400.0), levelled(&mut house, 700.0));
    let listener = house.talker(0.0);
    let who = [(quiet, 900.0), (loud, 12_000.0)];
    say(&mut house, &who, 10);
    assert!(difference_db(&house, listener) > 18.0);
    say(&mut house, &who, 120);
    let apart = difference_db(&house, listener);
    assert!((-3.0..3.0).contains(&apart), "{apart} dB");
}

#[test]
fn a_room_can_leave_everybody_as_loud_as_they_come() {
    let mut house = House::new(39_100);
    let (quiet, loud) = (house.talker(400.0), house.talker(700.0));
    let listener = house.talker(0.0);
    say(&mut house, &[(quiet, 900.0), (loud, 12_000.0)], 130);
    let apart = difference_db(&house, listener);
    assert!((21.5..23.5).contains(&apart), "{apart} dB");
}

#[test]
fn a_shout_of_a_caller_who_was_raised_is_heard_as_loud_as_it_came() {
    let mut house = House::new(39_200);
    let quiet = levelled(&mut house, 400.0);
    let listener = house.talker(0.0);
    say(&mut house, &[(quiet, 900.0)], 130);
    let raised = house.heard(listener, 400.0);
    assert!(raised > 2_500.0, "{raised}");
    house.phones[listener].heard.clear();
    house.phones[quiet].peak = 20_000.0;
    house.run(20);
    let peak = house.phones[listener]
        .heard
        .iter()
        .map(|s| s.unsigned_abs());
    let peak = peak.max().unwrap();
    assert!((19_000..21_000).contains(&peak), "{peak}");
}

/// A line that is steady, as noise is, and of which 160 ms are lost again and again: what is made
/// up for that fades away, and is no pause out of which a voice stands.
#[test]
fn gaps_do_not_raise_what_is_steady() {
    let mut house = House::new(39_300);
    let steady = levelled(&mut house, 400.0);
    house.phones[steady].peak = 1_850.0;
    let listener = house.talker(0.0);
    house.run(100);
    for _ in 0..20 {
        let hz = house.phones[steady].tone_hz.take();
        house.run(8);
        let phone = &mut house.phones[steady];
        phone.tone_hz = hz;
        phone.sequence = phone.sequence.wrapping_add(8);
        phone.timestamp += 8 * 160;
        house.run(92);
    }
    let heard = house.heard(listener, 400.0);
    assert!((1_800.0..2_400.0).contains(&heard), "{heard}");
}
