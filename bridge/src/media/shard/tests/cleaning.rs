//! The noise of one line, suppressed and left.

use confab_core::fault::Fault;

use super::*;

/// One phone sends noise so loud, and on top of it whatever it hums, for so many ticks.
fn rustle(house: &mut House, who: usize, peak: i32, ticks: usize) {
    let hums = house.phones[who].tone_hz.take();
    for _ in 0..ticks {
        let phone = &mut house.phones[who];
        let from = phone.timestamp;
        let sound: [i16; TICK_SAMPLES] = std::array::from_fn(|n| {
            let at = from.wrapping_add(n as u32);
            let dice = at.wrapping_mul(2_654_435_769) ^ (at.wrapping_mul(40_503) >> 7);
            let dice = dice.wrapping_mul(1_664_525) ^ (dice >> 15);
            let noise = (dice >> 8) as i32 % (2 * peak + 1) - peak;
            let turn = hums.unwrap_or(0.0) * f64::from(at) / 8_000.0 * std::f64::consts::TAU;
            noise as i16 + (turn.sin() * phone.peak) as i16
        });
        let mut codes = [0; TICK_SAMPLES];
        g711::encode(Law::Mu, &sound, &mut codes);
        phone.send(0, false, from, &codes);
        phone.timestamp = from.wrapping_add(160);
        house.run(1);
    }
    house.phones[who].tone_hz = hums;
}

/// How loud the last half second is that this phone has heard, in dBov.
fn heard_dbov(house: &House, listener: usize) -> f32 {
    let heard = &house.phones[listener].heard;
    Power::of(&heard[heard.len() - 25 * TICK_SAMPLES..]).dbov()
}

fn last_talking(house: &House, who: usize) -> Option<bool> {
    let leg = house.phones[who].leg;
    let told = house.told.iter().rev();
    told.filter_map(|told| match told {
        FromShard::Talking(of, talking) if *of == leg => Some(*talking),
        _ => None,
    })
    .next()
}

/// About -29 dBov.
const LOUD_NOISE: i32 = 2_000;

#[test]
fn a_noisy_line_is_heard_until_its_noise_is_suppressed_and_is_told_all_the_same() {
    let mut house = House::new(40_700);
    let (noisy, listener) = (house.talker(0.0), house.talker(0.0));
    house.phones[noisy].tone_hz = None;
    let leg = house.phones[noisy].leg;
    house.order(ToShard::SetWatched(leg, true));
    rustle(&mut house, noisy, LOUD_NOISE, 100);
    assert!(heard_dbov(&house, listener) > -32.0);
    assert_eq!(last_talking(&house, noisy), Some(true));

    house.order(ToShard::SetDenoised(leg, true));
    rustle(&mut house, noisy, LOUD_NOISE, 450);
    let left = heard_dbov(&house, listener);
    assert!(left < -60.0, "{left} dBov: its gate is shut");
    assert_eq!(last_talking(&house, noisy), Some(false));
    let fault = |told: &FromShard| matches!(told, FromShard::Fault(_, Some(Fault::Noise)));
    assert!(house.told.iter().any(fault), "hosts are told of it");

    house.phones[noisy].tone_hz = Some(700.0);
    house.phones[noisy].peak = 9_000.0;
    rustle(&mut house, noisy, LOUD_NOISE, 40);
    let voice = house.heard(listener, 700.0);
    assert!(
        (7_500.0..9_500.0).contains(&voice),
        "a voice passes: {voice}"
    );

    house.phones[noisy].tone_hz = None;
    house.order(ToShard::SetDenoised(leg, false));
    rustle(&mut house, noisy, LOUD_NOISE, 50);
    assert!(heard_dbov(&house, listener) > -32.0);
}

#[test]
fn switching_it_makes_no_click_and_its_delay_goes_with_it() {
    let mut house = House::new(40_800);
    let (hums, listener) = (house.talker(400.0), house.talker(0.0));
    let leg = house.phones[hums].leg;
    house.run(30);
    house.phones[listener].heard.clear();
    for on in [true, false, true, true, false, false, true] {
        house.order(ToShard::SetDenoised(leg, on));
        house.run(7);
    }
    house.order(ToShard::SetDenoised(leg, false));
    house.run(10);
    let heard = &house.phones[listener].heard;
    let step = |two: &[i16]| (i32::from(two[1]) - i32::from(two[0])).abs();
    let steepest = heard.windows(2).map(step).max();
    // of the tone itself: 1,885
    assert!(steepest < Some(2_300), "{steepest:?}");
}

#[test]
fn what_was_said_before_a_mute_is_not_heard_after_it() {
    let mut house = House::new(40_900);
    let (speaker, listener) = (house.talker(400.0), house.talker(0.0));
    let leg = house.phones[speaker].leg;
    house.order(ToShard::SetDenoised(leg, true));
    house.run(20);
    house.order(ToShard::SetVoice(leg, LISTEN));
    house.run(10);
    house.phones[speaker].peak = 0.0;
    house.run(5);
    house.phones[listener].heard.clear();
    house.order(ToShard::SetVoice(leg, TALK));
    house.run(10);
    assert!(house.phones[listener].heard.iter().all(|s| s.abs() < 20));
}
