//! The guard of the doors: attackers who rotate numbers and addresses for a month, owners who want
//! in meanwhile, and honest callers who mistype on a trunk they share with everybody.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use confab_core::guard::{Alarm, Attempt, Guard, Limits, Line, Outcome};
use confab_core::ids::RoomNumber;
use confab_core::time::Time;
use proptest::prelude::*;

const SECOND: u64 = 1_000;
const DAY: u64 = 24 * 60 * 60 * SECOND;
const MONTH: Duration = Duration::from_secs(30 * 24 * 60 * 60);

fn room(digits: &str) -> RoomNumber {
    RoomNumber::parse(digits).unwrap()
}

fn pin() -> Attempt {
    Attempt::Pin(room("1000"))
}

fn code() -> Attempt {
    Attempt::Code(room("1000"))
}

/// A carrier's address that many share.
const TRUNK: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));

fn address(n: u32) -> IpAddr {
    Ipv4Addr::from_bits(0x0a00_0000 + n * 256).into()
}

struct House {
    guard: Guard,
    now: Time,
    alarms: Vec<Alarm>,
}

impl House {
    fn new() -> Self {
        Self {
            guard: Guard::new(&Limits::default()),
            now: Time(1_000 * DAY),
            alarms: Vec::new(),
        }
    }

    /// One attempt; was it checked at all?
    fn tries(&mut self, line: &Line, attempt: Attempt, outcome: Outcome) -> bool {
        let ticket = self.guard.ask(self.now, line, attempt);
        let honoured = ticket.is_honoured();
        self.alarms
            .extend(self.guard.settle(self.now, ticket, outcome));
        honoured
    }

    fn pass(&mut self, ms: u64) {
        self.now.0 += ms;
    }
}

/// Attempts that were checked of somebody who tries each so many seconds for thirty days.
fn month_of(each_s: u64, attempt: &Attempt, mut line: impl FnMut(u64) -> Line) -> u64 {
    let mut house = House::new();
    let mut checked = 0;
    for n in 0..MONTH.as_secs() / each_s {
        checked += u64::from(house.tries(&line(n), attempt.clone(), Outcome::Wrong));
        house.pass(each_s * SECOND);
    }
    checked
}

#[test]
fn a_month_of_guessing_one_pin() {
    let check = |each_s: u64, most: u64, line: &dyn Fn(u64) -> Line| {
        let checked = month_of(each_s, &pin(), line);
        assert!(checked <= most, "{checked} of at most {most}");
        assert!(checked >= 10, "it is a budget and not a lock");
    };
    let rooms = Limits::default().pins.room;
    let of_room = rooms.most_in(MONTH);
    assert_eq!(of_room, 30 + 30 * 24);
    // one telephone, or one address that writes another number into each call: ten, then one in
    // eight hours
    check(30, 120, &|_| Line::new(address(1), "+4930123"));
    check(30, 120, &|n| Line::new(address(1), &n.to_string()));
    // one number from many addresses
    check(30, of_room + 200, &|n| {
        Line::new(address(n as u32 % 200), "+4930123")
    });
    // many addresses and many numbers: one for each address, and what the room has
    check(30, of_room + 200, &|n| {
        Line::new(address(n as u32 % 200), &n.to_string())
    });
    // a whole IPv6 network is one source
    check(30, 120, &|n| {
        let address = std::net::Ipv6Addr::from_bits((0x2001_0db8_0001 << 80) + u128::from(n));
        Line::new(address.into(), &n.to_string())
    });
}

/// What ARCHITECTURE.md says about breaking a PIN, with as many addresses as one likes.
#[test]
fn how_long_a_pin_withstands() {
    let a_day = Limits::default()
        .pins
        .room
        .most_in(Duration::from_secs(24 * 60 * 60))
        - u64::from(Limits::default().pins.room.holds);
    assert_eq!(a_day, 24);
    let days = |digits: u32| 10_u64.pow(digits) / 2 / a_day;
    assert_eq!(days(4), 208);
    assert_eq!(days(6) / 365, 57);
    assert_eq!(days(8) / 365, 5_707);
}

#[test]
fn guessing_in_all_rooms_is_bounded_too() {
    let mut house = House::new();
    let mut checked = 0;
    for n in 0..30 * 24 * 60 {
        let line = Line::new(address(1), &n.to_string());
        // PIN 1234 at ten rooms in turn
        let target = room(&format!("{}", 2_000 + n % 10));
        checked += u64::from(house.tries(&line, Attempt::Pin(target), Outcome::Wrong));
        house.pass(60 * SECOND);
    }
    let one_address = Limits::default().pins.source.most_in(MONTH) + 10;
    assert!(checked <= one_address.min(10 * 120), "{checked}");
}

#[test]
fn many_at_once_do_not_all_pass() {
    let mut house = House::new();
    let tickets: Vec<_> = (0..1_000)
        .map(|n| {
            let line = Line::new(address(1), &n.to_string());
            house.guard.ask(house.now, &line, pin())
        })
        .collect();
    let checked = tickets.iter().filter(|it| it.is_honoured()).count();
    assert!(checked <= 11, "{checked}");
}

#[test]
fn the_owner_gets_in_while_strangers_guess() {
    let mut house = House::new();
    let usual = Line::new(TRUNK, "+4930777");
    assert!(house.tries(&usual, pin(), Outcome::Right));
    for n in 0..20_000_u32 {
        // from everywhere, also by the owner's own carrier, with a new number each
        let by = if n % 2 == 0 { TRUNK } else { address(n % 500) };
        house.tries(&Line::new(by, &n.to_string()), pin(), Outcome::Wrong);
        house.pass(10 * SECOND);
        if n % 1_000 == 0 {
            assert!(
                house.tries(&usual, pin(), Outcome::Right),
                "{n}: usual phone"
            );
            let elsewhere = Line::new(address(10_000 + n), "");
            assert!(
                house.tries(&elsewhere, pin(), Outcome::Right),
                "{n}: elsewhere"
            );
        }
    }
    // the owner of another room does not notice, on any telephone of that carrier
    let other = Attempt::Pin(room("2000"));
    for n in 0..5 {
        let line = Line::new(TRUNK, &format!("+3315{n}"));
        assert!(house.tries(&line, other.clone(), Outcome::Right));
    }
}

#[test]
fn a_mistyped_pin_does_no_harm() {
    let mut house = House::new();
    let line = Line::new(TRUNK, "+4930777");
    for _ in 0..20 {
        for outcome in [Outcome::Wrong, Outcome::Wrong, Outcome::Right] {
            assert!(house.tries(&line, pin(), outcome));
        }
        house.pass(DAY);
    }
}

#[test]
fn honest_callers_share_a_trunk() {
    let mut house = House::new();
    // ten thousand calls a day, one in twenty mistyped, half of these twice
    for n in 0..20_000_u32 {
        let line = Line::new(TRUNK, &format!("+49{n}"));
        let wrong = if n % 40 == 0 {
            2
        } else {
            u32::from(n % 20 == 0)
        };
        for _ in 0..wrong {
            assert!(house.tries(&line, Attempt::Room, Outcome::Wrong), "{n}");
        }
        assert!(house.tries(&line, Attempt::Room, Outcome::Right), "{n}");
        house.guard.entered(house.now, &line);
        house.pass(8_640);
    }
    // somebody scans for rooms by the same trunk: who keys it right at once notices nothing, and
    // no host does
    for n in 0..20_000_u32 {
        house.tries(
            &Line::new(TRUNK, &format!("1{n}")),
            Attempt::Room,
            Outcome::Wrong,
        );
        house.pass(SECOND);
        let guest = Line::new(TRUNK, &format!("+33{n}"));
        assert!(house.tries(&guest, Attempt::Room, Outcome::Right), "{n}");
        if n % 100 == 0 {
            assert!(house.tries(&guest, pin(), Outcome::Right), "{n}");
        }
    }
}

#[test]
fn one_switchboard_with_one_number_for_all_its_telephones() {
    let mut house = House::new();
    let line = Line::new(address(1), "+4930100");
    for n in 0..500 {
        if n % 10 == 0 {
            assert!(house.tries(&line, Attempt::Room, Outcome::Wrong), "{n}");
        }
        assert!(house.tries(&line, Attempt::Room, Outcome::Right), "{n}");
        house.guard.entered(house.now, &line);
        house.pass(2 * SECOND);
    }
}

#[test]
fn a_rush_of_callers_while_the_database_is_slow() {
    let mut house = House::new();
    let line = Line::new(address(1), "+4930100");
    let asked: Vec<_> = (0..5_000)
        .map(|_| house.guard.ask(house.now, &line, Attempt::Room))
        .collect();
    assert!(asked.iter().all(|ticket| ticket.is_honoured()));
}

#[test]
fn guests_mistype_the_code() {
    let mut house = House::new();
    for n in 0..500_u32 {
        let line = Line::new(TRUNK, &format!("+49{n}"));
        if n % 4 == 0 {
            assert!(house.tries(&line, code(), Outcome::Wrong), "{n}");
        }
        assert!(house.tries(&line, code(), Outcome::Right), "{n}");
        house.pass(SECOND);
    }
    // a conference of two hours, and somebody who knows no code
    let two_hours = Limits::default()
        .codes
        .room
        .most_in(Duration::from_secs(7_200));
    assert_eq!(two_hours, 220);
}

#[test]
fn what_nobody_could_check_counts_for_nothing() {
    let mut house = House::new();
    let line = Line::new(TRUNK, "+4930777");
    for _ in 0..1_000 {
        assert!(house.tries(&line, pin(), Outcome::Unknown));
    }
    assert_eq!(house.guard.wrong_of(&room("1000"), house.now), 0);
}

#[test]
fn alarms_name_the_room_and_the_source() {
    let mut house = House::new();
    for n in 0..200_u32 {
        let line = Line::new(TRUNK, &n.to_string());
        house.tries(&line, pin(), Outcome::Wrong);
    }
    let rooms: Vec<u32> = house
        .alarms
        .iter()
        .filter_map(|alarm| match alarm {
            Alarm::Room { wrong, .. } => Some(*wrong),
            _ => None,
        })
        .collect();
    assert_eq!(rooms, [5, 20, 80]);
    assert_eq!(house.guard.wrong_of(&room("1000"), house.now), 200);
    for n in 0..200_u32 {
        let target = Attempt::Pin(room(&format!("{}", 3_000 + n)));
        house.tries(&Line::new(TRUNK, &format!("x{n}")), target, Outcome::Wrong);
    }
    assert!(house.alarms.contains(&Alarm::Source { source: TRUNK }));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Whoever guesses whatever from wherever: the owner gets in from the usual telephone and from
    /// an address of the own, and what is checked of the strangers stays within the room's budget
    /// and one for each of their addresses.
    #[test]
    fn owners_get_in_and_strangers_are_bounded(
        story in proptest::collection::vec((0..40_u32, 0..6_u32, 0..7_200_u64, 0..4_u8), 0..400),
    ) {
        let mut house = House::new();
        let usual = Line::new(TRUNK, "+4930777");
        prop_assert!(house.tries(&usual, pin(), Outcome::Right));
        let began = house.now;
        let mut checked = 0;
        for (by, number, gap_s, what) in story {
            let by = if by == 0 { TRUNK } else { address(by) };
            let line = Line::new(by, &number.to_string());
            let (attempt, outcome) = match what {
                0 => (Attempt::Room, Outcome::Wrong),
                1 => (code(), Outcome::Wrong),
                _ => (pin(), Outcome::Wrong),
            };
            let honoured = house.tries(&line, attempt.clone(), outcome);
            checked += u64::from(honoured && attempt == pin());
            prop_assert!(house.tries(&usual, pin(), Outcome::Right));
            prop_assert!(house.tries(&Line::new(address(9_999), ""), pin(), Outcome::Right));
            house.pass(gap_s * SECOND);
        }
        let most = Limits::default().pins.room.most_in(house.now - began);
        prop_assert!(checked <= most + 41, "{} of {}", checked, most);
    }
}
