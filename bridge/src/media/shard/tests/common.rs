//! What is encoded once for several: they get the same packets, nobody hears how they come
//! together, and who speaks gets his own.

use super::wide::{Fuller, run, stream_of};
use super::*;

/// A talker at 8 kHz and three who listen by a fuller codec.
struct Hall {
    house: House,
    talker: usize,
    listeners: [Fuller; 3],
}

impl Hall {
    fn new(first_port: u16, codec: Codec) -> Self {
        let mut house = House::new(first_port);
        let talker = house.talker(400.0);
        let listeners = [1, 2, 3].map(|n| {
            // At different times, so that none is like another.
            let mut listener = Fuller::enter(&mut house, n, codec, 0.0);
            run(&mut house, &mut [&mut listener], 7 * n as usize);
            listener
        });
        Self {
            house,
            talker,
            listeners,
        }
    }

    fn run(&mut self, ticks: usize) {
        let [a, b, c] = &mut self.listeners;
        run(&mut self.house, &mut [a, b, c], ticks);
    }

    /// The talker says nothing, and nobody hears anything.
    fn pause(&mut self, ticks: usize) {
        self.house.phones[self.talker].tone_hz = Some(0.0);
        // The gate stays open for a while.
        self.run(40);
        let from = self
            .listeners
            .each_ref()
            .map(|listener| listener.heard.len());
        self.run(ticks);
        for (listener, from) in self.listeners.iter().zip(from) {
            let peak = listener.heard[from..]
                .iter()
                .map(|sample| sample.unsigned_abs())
                .max();
            assert!(peak < Some(80), "{peak:?}");
        }
    }

    /// The talker speaks, and so many of the listeners are sent the same.
    fn check_speech(&mut self, same: usize) {
        self.house.phones[self.talker].tone_hz = Some(400.0);
        self.run(10);
        for listener in &mut self.listeners {
            listener.payloads.clear();
        }
        self.run(25);
        let first = &self.listeners[0].payloads;
        assert!((24..=26).contains(&first.len()), "{}", first.len());
        let alike = |listener: &&Fuller| listener.payloads == *first;
        assert_eq!(self.listeners.iter().filter(alike).count(), same);
        for listener in &self.listeners {
            assert!((5_000.0..6_900.0).contains(&listener.loud(400.0)));
        }
    }
}

#[test]
fn those_who_hear_the_same_get_the_same_packets_after_a_pause() {
    let check = |first_port, codec| {
        let mut hall = Hall::new(first_port, codec);
        hall.check_speech(1);
        hall.pause(40);
        hall.check_speech(3);
        // One of them speaks as well, hears the talker and not himself, and comes back.
        hall.listeners[1].hz = 1_100.0;
        hall.run(40);
        let heard = hall.listeners[1].loud(1_100.0);
        assert!(heard < 100.0, "{heard}");
        assert!(hall.listeners[1].loud(400.0) > 5_000.0);
        assert!(hall.listeners[2].loud(1_100.0) > 5_000.0);
        hall.listeners[1].hz = 0.0;
        hall.run(60);
        hall.check_speech(2);
        hall.pause(40);
        hall.check_speech(3);
        // A prompt is for one alone, over a quieter room.
        let prompt: Vec<i16> = (0..30).flat_map(|n| tone(n * 160, 1_500.0)).collect();
        let leg = hall.listeners[2].leg;
        let play = ToShard::PlayToLeg(leg, PlayId(3), vec![prompt.into()]);
        hall.house.order(play);
        hall.run(25);
        assert!(hall.listeners[2].loud(1_500.0) > 5_000.0);
        assert!(hall.listeners[0].loud(1_500.0) < 100.0);
        hall.run(40);
        hall.check_speech(2);
    };
    check(36_600, Codec::G722);
    check(36_700, Codec::Opus);
}

#[test]
fn a_muted_line_of_a_costly_codec_is_not_listened_to_until_it_may_speak() {
    let check = |first_port, codec| {
        let mut hall = Hall::new(first_port, codec);
        hall.house.phones[hall.talker].tone_hz = Some(0.0);
        hall.listeners[1].hz = 1_100.0;
        let leg = hall.listeners[1].leg;
        hall.house.order(ToShard::SetVoice(leg, LISTEN));
        hall.run(100);
        assert!(hall.listeners[0].loud(1_100.0) < 50.0);
        assert!(hall.house.heard(hall.talker, 1_100.0) < 50.0);
        hall.house.order(ToShard::SetVoice(leg, TALK));
        hall.run(40);
        assert!(hall.listeners[0].loud(1_100.0) > 5_000.0);
        hall.house.check_hears(hall.talker, 1_100.0);
    };
    check(36_800, Codec::G722);
    check(36_900, Codec::Opus);
}

/// Who is sent what others are has no encoder, who may not speak no decoder; and has them again at
/// once.
#[test]
fn what_a_line_of_opus_does_not_need_is_lent_to_others() {
    let mut hall = Hall::new(38_600, Codec::Opus);
    assert_eq!(hall.house.spares.count(), (0, 0));
    hall.pause(40);
    hall.check_speech(3);
    // They have said nothing since they came.
    assert_eq!(hall.house.spares.count(), (3, 3));
    let leg = hall.listeners[1].leg;
    hall.listeners[1].hz = 1_100.0;
    hall.run(10);
    assert_eq!(hall.house.spares.count().1, 2);
    hall.house.order(ToShard::SetVoice(leg, LISTEN));
    hall.run(10);
    assert_eq!(hall.house.spares.count().1, 3);
    hall.house.order(ToShard::SetVoice(leg, TALK));
    hall.run(40);
    assert_eq!(hall.house.spares.count(), (2, 2));
    assert!(hall.listeners[2].loud(1_100.0) > 5_000.0);
    assert!(hall.listeners[1].loud(400.0) > 5_000.0);
}

/// A re-INVITE that changes nothing, as of a session timer, while somebody speaks.
#[test]
fn a_session_timer_tears_nothing() {
    let check = |first_port, codec| {
        let mut hall = Hall::new(first_port, codec);
        hall.pause(40);
        hall.check_speech(3);
        let listener = &mut hall.listeners[1];
        let from = listener.heard.len();
        let again = stream_of(codec, listener.rtp.local_addr().unwrap());
        hall.house.order(ToShard::SetStream(listener.leg, again));
        hall.run(25);
        let heard = &hall.listeners[1].heard[from..];
        let step = |pair: &[i16]| (i32::from(pair[1]) - i32::from(pair[0])).abs();
        let steepest = heard.windows(2).map(step).max().unwrap();
        let hz = f64::from(codec.audio_hz());
        let natural = (PEAK * 400.0 / hz * std::f64::consts::TAU) as i32;
        assert!(steepest < 3 * natural, "{steepest}, {natural}");
        hall.check_speech(3);
    };
    check(37_100, Codec::G722);
    check(37_200, Codec::Opus);
}

/// Keys of a fuller line that come as tones in spite of what was agreed on: in the menus, and then
/// in the room, where the line is muted.
#[test]
fn tones_are_waited_for_in_the_menus_and_from_who_has_sent_one() {
    let mut house = House::new(37_300);
    let mut wide = Fuller::enter(&mut house, 1, Codec::G722, 0.0);
    house.order(ToShard::Release(wide.leg));
    house.run(1);
    let released = house.told.pop();
    let Some(FromShard::Released(line)) = released else {
        panic!("{released:?}")
    };
    house.order(ToShard::Adopt(line));
    let mut press = |house: &mut House, count: usize| {
        for tones in [Some([852.0, 1_336.0]), None] {
            wide.tones = tones;
            run(house, &mut [&mut wide], 10);
        }
        let key =
            |told: &&FromShard| matches!(told, FromShard::Key(_, Key::Digit(8), Source::InBand));
        assert_eq!(house.told.iter().filter(key).count(), count);
    };
    press(&mut house, 1);
    let leg = LegId(1_001);
    house.order(ToShard::Enter(leg, ROOM));
    house.order(ToShard::SetVoice(leg, LISTEN));
    press(&mut house, 2);
}

/// A gateway has promised events, as it does for its own phones, and brings the tones of another
/// line to a caller who may not speak and has pressed no key before.
#[test]
fn the_first_key_of_a_muted_line_may_be_a_tone_in_spite_of_a_promise() {
    let mut house = House::new(37_400);
    let mut wide = Fuller::enter(&mut house, 1, Codec::G722, 0.0);
    house.order(ToShard::SetVoice(wide.leg, LISTEN));
    run(&mut house, &mut [&mut wide], 100);
    for tones in [Some([852.0, 1_336.0]), None] {
        wide.tones = tones;
        run(&mut house, &mut [&mut wide], 10);
    }
    let key = |told: &&FromShard| matches!(told, FromShard::Key(_, Key::Digit(8), Source::InBand));
    assert_eq!(house.told.iter().filter(key).count(), 1);
}

/// The machine was too busy for three ticks: what all hear goes on, and does not begin anew.
#[test]
fn skipped_ticks_tear_nothing() {
    let mut hall = Hall::new(37_500, Codec::Opus);
    hall.pause(40);
    hall.check_speech(3);
    let from = hall.listeners[1].heard.len();
    hall.house.phones[hall.talker].hum();
    hall.house.tick += 4;
    let now = Now::at(hall.house.tick, 3);
    hall.house.shard.tick(now);
    hall.run(20);
    assert_eq!(
        torn_ticks(&hall.listeners[1].heard[from..]),
        Vec::<usize>::new()
    );
    hall.check_speech(3);
}

/// Ticks in which what is heard by Opus of the talker has a step that his tone has not.
fn torn_ticks(heard: &[i16]) -> Vec<usize> {
    let step = |pair: &[i16]| (i32::from(pair[1]) - i32::from(pair[0])).abs();
    let natural = (PEAK * 400.0 / 48_000.0 * std::f64::consts::TAU) as i32;
    let torn = |tick: &[i16]| tick.windows(2).map(step).max() > Some(3 * natural);
    let ticks = heard.chunks(960).enumerate();
    ticks
        .filter(|(_, tick)| torn(tick))
        .map(|(n, _)| n)
        .collect()
}

/// Who comes from loud music into a room in which nothing is said is not sent what the others are
/// before he has been sent quiet himself.
#[test]
fn quiet_is_what_the_line_itself_was_sent() {
    // Half a second of a tone and half a second of nothing.
    let beat: Vec<i16> = (0..25).flat_map(|n| tone(n * 160, 500.0)).collect();
    let music: Vec<i16> = [beat, vec![0; 4_000]].concat();
    let mut house = House::with_music(37_600, music.into());
    let mut enter = |n| Fuller::enter(&mut house, n, Codec::Opus, 0.0);
    let (mut there, mut comes) = (enter(1), enter(2));
    let hear = |leg, hear| ToShard::SetVoice(leg, Voice { speak: false, hear });
    house.order(hear(comes.leg, Hear::Music));
    // Both have come to share, each what it hears, and the music is in the midst of its tone.
    run(&mut house, &mut [&mut there, &mut comes], 210);
    assert!(comes.loud(500.0) > 2_000.0);
    house.order(hear(comes.leg, Hear::Room));
    there.payloads.clear();
    comes.payloads.clear();
    run(&mut house, &mut [&mut there, &mut comes], 12);
    assert_ne!(there.payloads[..3], comes.payloads[..3]);
    assert_eq!(there.payloads[8..], comes.payloads[8..]);
}

/// Who breaks in while others speak has an encoder that begins with what he has heard, whether his
/// turn in the tick comes before those who hear the same or after them.
#[test]
fn breaking_in_by_opus_is_not_heard() {
    for (first_port, who) in [(37_700, 0), (38_500, 2)] {
        let mut hall = Hall::new(first_port, Codec::Opus);
        hall.pause(40);
        hall.check_speech(3);
        hall.pause(40);
        // No tick of this is like the one before.
        hall.house.phones[hall.talker].tone_hz = Some(430.0);
        hall.run(25);
        hall.listeners[who].hz = 1_100.0;
        let from = hall.listeners[who].heard.len();
        hall.run(30);
        let torn = torn_ticks(&hall.listeners[who].heard[from..]);
        assert_eq!(torn, Vec::<usize>::new(), "{who}");
        for listener in &mut hall.listeners {
            listener.payloads.clear();
        }
        hall.run(10);
        assert_ne!(hall.listeners[who].payloads, hall.listeners[1].payloads);
        assert!(hall.listeners[who].loud(430.0) > 5_000.0);
    }
}

/// What is muted in mid-word fades, also when it is not decoded any more.
#[test]
fn a_mute_makes_no_click() {
    let check = |first_port, codec| {
        let mut house = House::new(first_port);
        let listener = house.talker(0.0);
        let mut speaks = Fuller::enter(&mut house, 1, codec, 400.0);
        run(&mut house, &mut [&mut speaks], 43);
        house.phones[listener].heard.clear();
        house.order(ToShard::SetVoice(speaks.leg, LISTEN));
        run(&mut house, &mut [&mut speaks], 10);
        let heard = &house.phones[listener].heard;
        let step = |pair: &[i16]| (i32::from(pair[1]) - i32::from(pair[0])).abs();
        let steepest = heard.windows(2).map(step).max().unwrap();
        let natural = (PEAK * 400.0 / 8_000.0 * std::f64::consts::TAU) as i32;
        assert!(steepest < natural + 600, "{codec:?}: {steepest}, {natural}");
        let faded: Vec<u16> = heard[160..320].chunks(40).map(loudest).collect();
        assert!(
            faded[0] > 1_000 || loudest(&heard[..160]) > 4_000,
            "{faded:?}"
        );
        assert_eq!(loudest(&heard[heard.len() - 320..]), 0);
    };
    check(37_800, Codec::G722);
    check(37_900, Codec::Opus);
}

fn loudest(sound: &[i16]) -> u16 {
    sound
        .iter()
        .map(|sample| sample.unsigned_abs())
        .max()
        .unwrap()
}
