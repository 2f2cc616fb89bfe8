//! Rules that hold for any inputs in any order. [`World`] checks most of them after each input;
//! here are the inputs, and what must be true at the end.

use confab_core::command::{Actor, Command, LectureMode};
use confab_core::event::{DialFailure, EndReason, Role};
use confab_core::fault::Fault;
use confab_core::ids::{DialId, DialNumber, LegId, PlayId};
use confab_core::room::{DialNews, Input, Joining, RecorderReport};
use confab_core::settings::RoomSettings;
use confab_core::snapshot::Standing;
use confab_core::time::Time;
use confab_dtmf::Key;
use confab_dtmf::layout::KeypadCommand;
use proptest::prelude::*;

use crate::settings;
use crate::world::World;

/// One thing that happens to the world.
#[derive(Clone, Debug)]
enum Happening {
    Input(Input),
    Pass(u64),
    HearOut(LegId),
}

/// Few legs, so that they meet; some of them unknown.
fn leg() -> impl Strategy<Value = LegId> {
    (1..8_u64).prop_map(LegId)
}

fn keyed() -> impl Strategy<Value = KeypadCommand> {
    prop_oneof![
        16 => proptest::sample::select(KeypadCommand::ALL.to_vec()),
        1 => Just(KeypadCommand::Unknown),
    ]
}

fn fault() -> impl Strategy<Value = Option<Fault>> {
    proptest::option::of(proptest::sample::select(Fault::ALL.to_vec()))
}

fn lecture() -> impl Strategy<Value = LectureMode> {
    prop_oneof![
        Just(LectureMode::Open),
        Just(LectureMode::Relaxed),
        Just(LectureMode::Strict)
    ]
}

fn command() -> impl Strategy<Value = Command> {
    prop_oneof![
        8 => keyed().prop_map(Command::Keypad),
        2 => (leg(), any::<bool>()).prop_map(|(leg, muted)| Command::SetMute { leg, muted }),
        2 => (leg(), any::<bool>()).prop_map(|(leg, open)| Command::SetHandOpen { leg, open }),
        1 => (leg(), any::<bool>())
            .prop_map(|(leg, denoised)| Command::SetDenoised { leg, denoised }),
        1 => Just(Command::MuteAll),
        1 => Just(Command::OpenAll),
        2 => Just(Command::NextHand),
        2 => "[0-9]{2,5}".prop_map(|digits| Command::DialOut(DialNumber::parse(&digits).unwrap())),
        1 => dial().prop_map(Command::HangUpDial),
        1 => leg().prop_map(Command::Drop),
        1 => leg().prop_map(|leg| Command::Rename { leg, name: "N".to_owned() }),
        1 => any::<bool>().prop_map(Command::SetLocked),
        2 => leg().prop_map(Command::Admit),
        1 => any::<bool>().prop_map(Command::SetRecording),
        1 => lecture().prop_map(Command::SetLecture),
        1 => leg().prop_map(Command::LowerHand),
        1 => any::<bool>().prop_map(Command::SetChimes),
        1 => any::<bool>().prop_map(Command::SetContinue),
        1 => "[0-9]{2}".prop_map(Command::SetBillingCode),
        1 => Just(Command::GoOn),
        1 => Just(Command::End),
    ]
}

fn actor() -> impl Strategy<Value = Actor> {
    prop_oneof![
        6 => leg().prop_map(Actor::Leg),
        2 => Just(Actor::Portal("ann".to_owned())),
        1 => Just(Actor::House),
    ]
}

fn joining() -> impl Strategy<Value = Joining> {
    let number = proptest::sample::select(vec!["", "4711", "4712"]);
    (leg(), any::<bool>(), any::<bool>(), any::<bool>(), number).prop_map(
        |(leg, host, spoken_name, code, number)| Joining {
            leg,
            role: if host { Role::Host } else { Role::Guest },
            name: String::new(),
            number: number.to_owned(),
            spoken_name,
            billing_code: host.then(|| "77".to_owned()),
            answered: Time(1_700_000_000_000),
            code,
        },
    )
}

fn dial() -> impl Strategy<Value = DialId> {
    (1..5_u64).prop_map(DialId)
}

fn dial_news() -> impl Strategy<Value = DialNews> {
    let failures = vec![
        DialFailure::Busy,
        DialFailure::NoAnswer,
        DialFailure::Unreachable,
    ];
    prop_oneof![
        1 => Just(DialNews::Ringing),
        4 => leg().prop_map(DialNews::Answered),
        1 => proptest::sample::select(failures).prop_map(DialNews::Failed),
    ]
}

fn key() -> impl Strategy<Value = Key> {
    proptest::sample::select("0123456789*#".to_owned().chars().collect::<Vec<_>>())
        .prop_map(|c| Key::from_char(c).unwrap())
}

fn input() -> impl Strategy<Value = Input> {
    let report = prop_oneof![
        3 => Just(RecorderReport::Started),
        1 => Just(RecorderReport::Failed),
        1 => Just(RecorderReport::Full),
    ];
    prop_oneof![
        6 => joining().prop_map(Input::Join),
        3 => leg().prop_map(|leg| Input::Leave { leg, reason: EndReason::CallerHungUp }),
        10 => (actor(), command()).prop_map(|(by, command)| Input::Command { by, command }),
        1 => leg().prop_map(Input::KeyPressed),
        3 => (leg(), key()).prop_map(|(leg, key)| Input::Key { leg, key }),
        3 => (dial(), dial_news()).prop_map(|(dial, news)| Input::Dialled { dial, news }),
        2 => leg().prop_map(Input::CodeRight),
        1 => Just(Input::Guessing),
        1 => (leg(), any::<bool>()).prop_map(|(leg, talking)| Input::Talking { leg, talking }),
        1 => (leg(), fault()).prop_map(|(leg, fault)| Input::Fault { leg, fault }),
        1 => (leg(), any::<bool>()).prop_map(|(leg, silent)| Input::Silent { leg, silent }),
        1 => (leg(), 0..50_u64).prop_map(|(leg, n)| Input::Played { leg, play: PlayId(n) }),
        2 => report.prop_map(Input::Recording),
        1 => Just(Input::Wake),
    ]
}

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        10 => input().prop_map(Happening::Input),
        2 => (0..90_000_u64).prop_map(Happening::Pass),
        2 => leg().prop_map(Happening::HearOut),
    ]
}

fn room_settings() -> impl Strategy<Value = RoomSettings> {
    let switches = [
        "guests_may_start",
        "join_muted",
        "record_at_start",
        "billing_capture",
        "security_code",
        "dial_out",
        "no_music",
        "alone=2",
        "carrier=15",
        "bad_lines=mute",
    ];
    let announce = ["announce=chime", "announce=name", "announce=nothing"];
    let sizes = ["max_callers=2", "max_callers=3", "max_callers=500"];
    let after = ["continue=0", "continue=1", "continue=60"];
    (
        proptest::sample::subsequence(switches.to_vec(), 0..=switches.len()),
        proptest::sample::select(announce.to_vec()),
        proptest::sample::select(sizes.to_vec()),
        proptest::sample::select(after.to_vec()),
    )
        .prop_map(|(switches, announce, size, after)| {
            settings::parse(&format!("{} {announce} {size} {after}", switches.join(" ")))
        })
}

fn happen(world: &mut World, what: Happening) {
    match what {
        Happening::Input(input) => {
            world.now.0 += 10;
            // there is no room to hear of calls before somebody has come
            if matches!(input, Input::Dialled { .. }) && !world.joined {
                return;
            }
            // refusals are among what may happen; the world checks that they change nothing
            let _ = world.input(input);
        }
        Happening::Pass(ms) => world.pass(ms),
        Happening::HearOut(leg) => world.hear_out(leg),
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 400,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    /// Nobody who is muted speaks, the mode holds for everybody, everybody is in one place: all of
    /// [`World`]'s rules, after each of any inputs. At the end every leg has a way out, and the
    /// room closes, once, when the last is gone.
    #[test]
    fn any_inputs_in_any_order(
        settings in room_settings(),
        story in proptest::collection::vec(happening(), 1..120),
    ) {
        let mut world = World::new(settings);
        for what in story {
            if world.closed {
                break;
            }
            happen(&mut world, what);
        }
        let left: Vec<LegId> = world.lines.keys().copied().collect();
        let anybody = !left.is_empty() || world.closed;
        for leg in left {
            let _ = world.input(Input::Leave { leg, reason: EndReason::LineDead });
        }
        prop_assert_eq!(world.closed, anybody);
        prop_assert!(!world.closed || world.room.next_deadline().is_none());
    }

    /// However it stands, waking a room at its deadlines comes to an end: whoever may not stay is
    /// sent out, and whoever is sent out is hung up.
    #[test]
    fn deadlines_run_out(
        settings in room_settings(),
        story in proptest::collection::vec(happening(), 1..60),
    ) {
        let mut world = World::new(settings);
        for what in story {
            if !world.closed {
                happen(&mut world, what);
            }
        }
        let mut wakes = 0;
        while let Some(at) = world.room.next_deadline() {
            world.now = at.max(world.now);
            let _ = world.input(Input::Wake);
            wakes += 1;
            if wakes > 200 {
                break;
            }
        }
        let look = world.room.snapshot();
        prop_assert!(look.knocks.is_empty() && look.dials.is_empty());
        prop_assert!(world.lines.values().all(|line| !line.asked));
        prop_assert!(world.lines.keys().all(|leg| !world.room.takes_keys(*leg)));
        // only those who wait in silence are reminded of it for as long as they like
        let reminded = !world.music && look.legs.iter().any(|leg| leg.standing != Standing::Inside);
        prop_assert!(wakes <= 200 || reminded, "it wakes for ever");
    }

    /// A closed room answers whatever comes: nothing happens, and who joins is hung up.
    #[test]
    fn a_closed_room_stays_closed(inputs in proptest::collection::vec(input(), 1..40)) {
        let mut world = World::new(RoomSettings::default());
        let first = Joining {
            leg: LegId(99),
            role: Role::Host,
            name: String::new(),
            number: String::new(),
            spoken_name: false,
            billing_code: None,
            answered: Time(0),
            code: false,
        };
        world.input(Input::Join(first)).unwrap();
        world.hear_out(LegId(99));
        world.input(Input::Leave { leg: LegId(99), reason: EndReason::CallerHungUp }).unwrap();
        prop_assert!(world.closed);
        for input in inputs {
            let _ = world.input(input);
        }
    }
}

#[test]
fn only_so_many_knock() {
    let mut world = World::new(RoomSettings::default());
    let joining = |leg: u64| Joining {
        leg: LegId(leg),
        role: if leg == 0 { Role::Host } else { Role::Guest },
        name: String::new(),
        number: String::new(),
        spoken_name: false,
        billing_code: None,
        answered: Time(0),
        code: false,
    };
    world.input(Input::Join(joining(0))).unwrap();
    world
        .command(Actor::House, Command::SetLocked(true))
        .unwrap();
    for leg in 1..100 {
        world.input(Input::Join(joining(leg))).unwrap();
    }
    assert_eq!(world.room.snapshot().knocks.len(), 20);
    let refused = world.lines.values().filter(|line| line.hung_up.is_some());
    assert_eq!(refused.count(), 79);
}
