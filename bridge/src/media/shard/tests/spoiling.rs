//! Lines that spoil it for all others.

use confab_core::fault::Fault;

use super::*;

/// A phone in the room that is watched.
fn watched(house: &mut House) -> usize {
    let number = house.talker(0.0);
    house.order(ToShard::SetWatched(house.phones[number].leg, true));
    number
}

/// Syllables of odd lengths and pitches, said by one phone, for so many ticks; another sends what
/// it hears back after some ticks, at a third of it.
fn talk_at(house: &mut House, speaker: usize, echoes: usize, ticks: usize) {
    let mut dice = 12_345_u32;
    let mut left = 0;
    for _ in 0..ticks {
        if left == 0 {
            dice = dice.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            left = 3 + dice % 1_013 % 9;
            let phone = &mut house.phones[speaker];
            phone.tone_hz = Some(200.0 + f64::from(dice % 1_009));
            phone.peak = f64::from(dice % 5) * 2_000.0;
        }
        left -= 1;
        let phone = &mut house.phones[echoes];
        let back = phone.heard.len().saturating_sub(160 * BACK_TICKS);
        let mut sound = phone.heard[back..].to_vec();
        sound.resize(160, 0);
        sound.iter_mut().for_each(|sample| *sample /= 3);
        let mut codes = [0; TICK_SAMPLES];
        g711::encode(Law::Mu, &sound, &mut codes);
        phone.tone_hz = None;
        phone.send(0, false, phone.timestamp, &codes);
        phone.timestamp = phone.timestamp.wrapping_add(160);
        house.run(1);
    }
}

const BACK_TICKS: usize = 5;

fn faults(house: &House, phone: usize) -> Vec<Option<Fault>> {
    let leg = house.phones[phone].leg;
    let told = house.told.iter().filter_map(|told| match told {
        FromShard::Fault(of, fault) if *of == leg => Some(*fault),
        _ => None,
    });
    told.collect()
}

#[test]
fn a_phone_that_sends_back_what_it_hears_is_told_until_it_is_muted_and_opened() {
    let mut house = House::new(39_600);
    let (speaker, echoes) = (watched(&mut house), watched(&mut house));
    talk_at(&mut house, speaker, echoes, 750);
    assert_eq!(faults(&house, echoes), [Some(Fault::Echo)]);
    assert_eq!(faults(&house, speaker), []);
    let leg = house.phones[echoes].leg;
    house.order(ToShard::SetVoice(leg, LISTEN));
    talk_at(&mut house, speaker, echoes, 100);
    assert_eq!(faults(&house, echoes).len(), 1, "silence says nothing");
    house.order(ToShard::SetVoice(leg, TALK));
    house.run(2);
    assert_eq!(faults(&house, echoes), [Some(Fault::Echo), None]);
    talk_at(&mut house, speaker, echoes, 750);
    let again = [Some(Fault::Echo), None, Some(Fault::Echo)];
    assert_eq!(faults(&house, echoes), again);
}

#[test]
fn nothing_is_told_of_a_line_that_nobody_watches() {
    let mut house = House::new(39_700);
    let (speaker, echoes) = (house.talker(0.0), house.talker(0.0));
    talk_at(&mut house, speaker, echoes, 750);
    assert_eq!(faults(&house, echoes), []);
}

#[test]
fn a_line_that_hums_is_told() {
    let mut house = House::new(39_800);
    let hums = watched(&mut house);
    house.phones[hums].tone_hz = Some(150.0);
    house.run(160);
    assert_eq!(faults(&house, hums), [Some(Fault::Hum)]);
}
