//! Keys as tones in the sound: told once, cut out of what the others hear, and no voice.

use super::*;

/// Samples of two tones, or of silence, from a place on.
fn key_tones(row_hz: f64, column_hz: f64, length: usize) -> Vec<i16> {
    (0..length)
        .map(|n| {
            let turn = n as f64 / 8_000.0 * std::f64::consts::TAU;
            (8_000.0 * ((turn * row_hz).sin() + (turn * column_hz).sin())) as i16
        })
        .collect()
}

/// Sends some sound as packets of a tick each, running the house meanwhile.
fn say(house: &mut House, phone: usize, sound: &[i16]) {
    for tick in sound.chunks_exact(TICK_SAMPLES) {
        let phone = &mut house.phones[phone];
        let mut codes = [0; TICK_SAMPLES];
        g711::encode(law_of(phone.codec), tick, &mut codes);
        phone.send(phone.payload_type(), false, phone.timestamp, &codes);
        phone.timestamp = phone.timestamp.wrapping_add(160);
        house.run(1);
    }
}

fn energy(samples: &[i16]) -> f64 {
    samples.iter().map(|&s| f64::from(s).powi(2)).sum()
}

fn keys(house: &House) -> Vec<Key> {
    let key = |told: &FromShard| match told {
        FromShard::Key(_, key, Source::InBand) => Some(*key),
        _ => None,
    };
    house.told.iter().filter_map(key).collect()
}

/// One who is silent but for the keys, wherever they begin against the ticks.
#[test]
fn a_key_is_told_once_and_heard_by_nobody() {
    let mut house = House::new(35_100);
    let (a, b) = (house.talker(400.0), house.talker(0.0));
    house.phones[a].tone_hz = None;
    house.run(20);
    let (mut sent, mut worst_db) = (0.0, f64::MIN);
    let mut leaked = 0.0;
    for start in 0..40 {
        let tone = key_tones(852.0, 1_336.0, 640);
        let rest = vec![0; 160 * 10];
        let sound = [&rest[..start * 4], &tone, &rest].concat();
        house.phones[b].heard.clear();
        house.told.clear();
        say(&mut house, a, &sound);
        assert_eq!(keys(&house), [Key::Digit(8)], "{start}");
        let voice = |told: &FromShard| matches!(told, FromShard::Talking(_, true));
        assert!(!house.told.iter().any(voice), "{start}: keys are no voice");
        let left = energy(&house.phones[b].heard);
        worst_db = worst_db.max(10.0 * (left.max(1.0) / energy(&tone)).log10());
        sent += energy(&tone);
        leaked += left;
    }
    let mean_db = 10.0 * (leaked.max(1.0) / sent).log10();
    assert!(
        worst_db < -25.0 && mean_db < -35.0,
        "{worst_db:.1} {mean_db:.1} dB"
    );
}

#[test]
fn a_voice_is_heard_up_to_the_key_and_from_soon_after_it() {
    let mut house = House::new(35_200);
    let (a, b) = (house.talker(400.0), house.talker(0.0));
    house.run(30);
    house.phones[a].tone_hz = None;
    house.phones[b].heard.clear();
    say(&mut house, a, &key_tones(697.0, 1_209.0, 1_600));
    house.phones[a].tone_hz = Some(400.0);
    house.run(40);
    assert_eq!(keys(&house), [Key::Digit(1)]);
    let heard = &house.phones[b].heard;
    assert!(amplitude(&heard[160..1_600], 697.0) < 60.0);
    assert!(amplitude(&heard[160..1_600], 1_209.0) < 60.0);
    house.check_hears(b, 400.0);
    assert!(amplitude(&heard[2_400..4_000], 400.0) > 4_000.0);
}

/// One who keys amid a word cannot be held back: milliseconds of the tone's start are heard at
/// worst, and no more.
#[test]
fn amid_a_word_hardly_anything_of_a_key_is_heard() {
    let mut house = House::new(36_000);
    let (a, b) = (house.talker(400.0), house.talker(0.0));
    house.phones[a].tone_hz = None;
    let voice: Vec<i16> = (0..20).flat_map(|n| super::tone(n * 160, 400.0)).collect();
    let key = key_tones(770.0, 1_477.0, 640);
    let (mut worst, mut sum) = (0.0, 0.0);
    for start in 0..40 {
        house.run(60);
        house.phones[b].heard.clear();
        house.told.clear();
        let before = &voice[..3_200 - start * 4];
        let rest = vec![0; 1_600 + start * 4];
        say(&mut house, a, &[before, &key, &rest].concat());
        assert_eq!(keys(&house), [Key::Digit(6)], "{start}");
        let heard = &house.phones[b].heard;
        // what is left of both tones, as a share of their energy
        let peaks = [770.0, 1_477.0].map(|hz| amplitude(heard, hz) * heard.len() as f64);
        let share = peaks.iter().map(|p| p * p).sum::<f64>() / 2.0 / (8_000.0 * 640.0f64).powi(2);
        worst = f64::max(worst, share);
        sum += share / 40.0;
    }
    let (worst, mean) = (10.0 * worst.log10(), 10.0 * sum.log10());
    println!("amid a word {worst:.1} dB of a key are heard at worst, {mean:.1} dB on average");
    assert!(worst < -15.0 && mean < -20.0, "{worst:.1} {mean:.1}");
}

#[test]
fn a_lost_packet_splits_no_key() {
    for lost in 0..6 {
        let mut house = House::new(35_300 + 100 * lost as u16);
        let a = house.talker(400.0);
        house.phones[a].tone_hz = None;
        house.run(10);
        for (number, tick) in key_tones(770.0, 1_477.0, 960).chunks(160).enumerate() {
            if number == lost {
                let phone = &mut house.phones[a];
                phone.sequence = phone.sequence.wrapping_add(1);
                phone.timestamp = phone.timestamp.wrapping_add(160);
                house.run(1);
            } else {
                say(&mut house, a, tick);
            }
        }
        say(&mut house, a, &[0; 1_600]);
        assert_eq!(
            keys(&house),
            [Key::Digit(6)],
            "packet {lost} of six is lost"
        );
    }
}

/// Who is muted is not listened to once it is certain that his keys come by events, and is again
/// when he may speak: others must not hear the tones that some gateways send beside. Whose keys
/// have come as tones is always listened to.
#[test]
fn a_muted_line_is_listened_to_unless_its_keys_come_by_events_alone() {
    let mut house = House::new(37_000);
    let (a, b) = (house.talker(400.0), house.talker(0.0));
    let leg = house.phones[a].leg;
    house.phones[a].tone_hz = None;
    house.order(ToShard::SetVoice(leg, LISTEN));
    house.run(20);
    let at = house.phones[a].timestamp;
    house.phones[a].press(5, at);
    house.phones[a].timestamp += 1_600;
    house.run(20);
    let by_event =
        |told: &FromShard| matches!(told, FromShard::Key(_, Key::Digit(5), Source::Event));
    assert!(house.told.iter().any(by_event));
    let rest = vec![0; 160 * 10];
    let eight = [&rest, &key_tones(852.0, 1_336.0, 640)[..], &rest].concat();
    say(&mut house, a, &eight);
    assert_eq!(keys(&house), [], "not listened to");
    house.order(ToShard::SetVoice(leg, TALK));
    house.phones[b].heard.clear();
    say(&mut house, a, &eight);
    assert_eq!(keys(&house), [Key::Digit(8)]);
    let left = energy(&house.phones[b].heard) / energy(&eight);
    assert!(left < 0.001, "{left}");
    house.order(ToShard::SetVoice(leg, LISTEN));
    say(&mut house, a, &eight);
    assert_eq!(keys(&house), [Key::Digit(8); 2]);
}
