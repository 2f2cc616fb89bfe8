//! What is said to newcomers, who are in no room yet: encoded once in Opus, whoever hears it when,
//! and heard whole by each.

use super::wide::{Fuller, run};
use super::*;

/// Three who have called by Opus, at different times.
struct Menu {
    house: House,
    callers: [Fuller; 3],
}

impl Menu {
    fn new(first_port: u16) -> Self {
        let mut house = House::new(first_port);
        let callers = [1, 2, 3].map(|n| {
            house.run(5);
            Fuller::call(&mut house, n, Codec::Opus, 0.0)
        });
        let mut menu = Self { house, callers };
        menu.run(50);
        menu
    }

    fn run(&mut self, ticks: usize) {
        let [a, b, c] = &mut self.callers;
        run(&mut self.house, &mut [a, b, c], ticks);
    }

    fn play(&mut self, caller: usize, sounds: &[Sound]) {
        let caller = &mut self.callers[caller];
        caller.payloads.clear();
        caller.heard.clear();
        let play = ToShard::PlayToLeg(caller.leg, PlayId(3), sounds.to_vec());
        self.house.order(play);
    }

    fn loud(&self, caller: usize, hz: f64) -> f64 {
        self.callers[caller].loud(hz)
    }

    /// The steepest step that a caller has heard, beside that of a tone of 400 Hz.
    fn steepest(&self, caller: usize) -> f64 {
        let step = |pair: &[i16]| (f64::from(pair[1]) - f64::from(pair[0])).abs();
        let steps = self.callers[caller].heard.windows(2).map(step);
        steps.fold(0.0, f64::max) / (PEAK * 400.0 / 48_000.0 * std::f64::consts::TAU)
    }

    /// Encoders that there are beside those that lines have.
    fn spare(&self) -> usize {
        self.house.spares.count().0
    }
}

/// Ticks of a tone, as loud as this part of the usual.
fn hum(ticks: u32, hz: f64, part: f64) -> Sound {
    let sound = (0..ticks).flat_map(|n| tone(n * 160, hz));
    let sound: Vec<i16> = sound.map(|s| (f64::from(s) * part) as i16).collect();
    sound.into()
}

#[test]
fn a_prompt_is_encoded_once_for_all_who_hear_it() {
    let mut menu = Menu::new(47_700);
    assert_eq!(menu.spare(), 1, "one line has encoded the silence");
    let prompt = [hum(30, 400.0, 1.0), hum(10, 700.0, 1.0)];
    for caller in 0..3 {
        menu.play(caller, &prompt);
        menu.run(29);
        assert!(menu.loud(caller, 400.0) > 5_000.0);
        assert_eq!(menu.spare(), usize::from(caller > 0));
        menu.run(31);
        assert_eq!(menu.spare(), 1);
        let steepest = menu.steepest(caller);
        assert!(steepest < 3.0, "{steepest}");
    }
    let [a, b, c] = menu.callers.each_ref().map(|caller| &caller.payloads[..45]);
    assert_eq!(a, b);
    assert_eq!(a, c);
    assert!(a[..40].windows(2).all(|two| two[0] != two[1]));
}

#[test]
fn what_goes_on_differently_is_heard_without_a_click() {
    let mut menu = Menu::new(47_800);
    for (caller, part) in [1.0, 0.75, 0.5].into_iter().enumerate() {
        menu.play(caller, &[hum(20, 400.0, 1.0), hum(40, 400.0, part)]);
        menu.run(50);
        let (loud, steepest) = (menu.loud(caller, 400.0), menu.steepest(caller));
        let wanted = 5_000.0 * part..6_900.0 * part;
        assert!(wanted.contains(&loud), "{part}: {loud}");
        assert!(steepest < 2.0, "{part}: {steepest}");
    }
    let [a, b, _] = &menu.callers;
    assert_eq!(a.payloads[..20], b.payloads[..20]);
    assert_ne!(a.payloads[25..40], b.payloads[25..40]);
}

#[test]
fn who_keys_in_the_midst_of_a_prompt_hears_the_next_one() {
    let mut menu = Menu::new(47_900);
    for (caller, ticks) in [31, 17, 22].into_iter().enumerate() {
        menu.play(caller, &[hum(40, 400.0, 1.0)]);
        menu.run(ticks);
        menu.house
            .order(ToShard::StopPlay(menu.callers[caller].leg));
        menu.run(1);
        menu.play(caller, &[hum(40, 700.0, 1.0)]);
        menu.run(30);
        let loud = (menu.loud(caller, 700.0), menu.loud(caller, 400.0));
        assert!(loud.0 > 5_000.0 && loud.1 < 200.0, "{ticks}: {loud:?}");
        menu.run(60);
        assert!(menu.loud(caller, 700.0) < 50.0, "{ticks}");
    }
}

/// What is said to him goes on into the room.
#[test]
fn who_enters_a_room_in_the_midst_of_a_prompt_hears_it_on() {
    let mut menu = Menu::new(48_000);
    for caller in 0..3 {
        menu.play(caller, &[hum(60, 400.0, 1.0)]);
        menu.run(20);
        let leg = menu.callers[caller].leg;
        menu.house.order(ToShard::Enter(leg, ROOM));
        menu.house.order(ToShard::SetVoice(leg, TALK));
        menu.run(30);
        let loud = menu.loud(caller, 400.0);
        assert!(loud > 5_000.0, "{caller}: {loud}");
        menu.run(60);
    }
}

/// Somebody speaks without a pause: to who has heard nothing yet that begins between syllables.
#[test]
fn who_enters_while_somebody_speaks_is_soon_sent_what_all_are() {
    let mut menu = Menu::new(48_200);
    let talker = menu.house.talker(400.0);
    for caller in 0..3 {
        let leg = menu.callers[caller].leg;
        menu.house.order(ToShard::Enter(leg, ROOM));
        menu.house.order(ToShard::SetVoice(leg, LISTEN));
        for _ in 0..5 {
            menu.run(6);
            menu.house.phones[talker].tone_hz = Some(0.0);
            menu.run(2);
            menu.house.phones[talker].tone_hz = Some(400.0);
        }
    }
    menu.callers
        .iter_mut()
        .for_each(|caller| caller.payloads.clear());
    menu.run(30);
    let [a, b, c] = menu.callers.each_ref().map(|caller| &caller.payloads);
    assert!(a.len() >= 29 && a == b && a == c);
    for caller in 0..3 {
        assert!(menu.loud(caller, 400.0) > 5_000.0);
    }
}

/// However long nothing was said before.
#[test]
fn what_is_said_again_is_known_again() {
    let mut menu = Menu::new(48_300);
    let mut said = Vec::new();
    for (pause, spare) in [(9, 0), (14, 1), (60, 1)] {
        menu.play(0, &[hum(20, 400.0, 1.0)]);
        menu.run(10);
        assert_eq!(menu.spare(), spare, "it takes an encoder once");
        menu.run(10 + pause);
        said.push(menu.callers[0].payloads[..24].to_vec());
    }
    assert_eq!(said[0], said[1]);
    assert_eq!(said[0], said[2]);
}

/// Who says nothing is not decoded; his keys and his name are heard.
#[test]
fn names_are_heard_and_all_that_comes_is_read() {
    let mut menu = Menu::new(48_400);
    menu.house.shard.tools.drops_unheard = true;
    menu.run(60);
    let before = menu.house.counters.packets_in.load(Relaxed);
    menu.run(100);
    assert_eq!(menu.house.counters.packets_in.load(Relaxed) - before, 300);
    assert_eq!(menu.house.spares.count().1, 3, "none has a decoder");
    menu.callers[1].hz = 400.0;
    let leg = menu.callers[1].leg;
    menu.house.order(ToShard::TakeName(leg, 1_000));
    menu.run(70);
    let name = menu.house.wait_for(|told| match told {
        FromShard::NameTaken(of, name) if *of == leg => Some(name.to_vec()),
        _ => None,
    });
    let loud = amplitude(&name, 400.0);
    assert!(
        name.len() > 7_000 && loud > 4_000.0,
        "{} {loud}",
        name.len()
    );
}

/// As of a gateway that brings tones to Opus in spite of what was agreed on.
#[test]
fn a_key_that_comes_as_a_tone_is_heard_in_the_menus() {
    let mut menu = Menu::new(48_500);
    menu.run(60);
    for tones in [Some([852.0, 1_336.0]), None] {
        menu.callers[1].tones = tones;
        menu.run(15);
    }
    let leg = menu.callers[1].leg;
    let keys = menu.house.told.iter().filter_map(|told| match told {
        FromShard::Key(of, key, Source::InBand) if *of == leg => Some(*key),
        _ => None,
    });
    assert_eq!(keys.collect::<Vec<_>>(), [Key::Digit(8)]);
}
