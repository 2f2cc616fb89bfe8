//! The ways take turns, and the time of the thread that moves is taken in each. Knows no way.

use std::time::{Duration, Instant};

use nix::time::{ClockId, clock_gettime};

use crate::peers::{Peers, Sockets};
use crate::way::Way;

const TICK: Duration = Duration::from_millis(20);

/// Ticks at the begin of a turn that are not measured, and at its end, for what is on its way.
const WARM_TICKS: u32 = 3;
const DRAIN_TICKS: u32 = 2;

/// What both threads keep time by.
#[derive(Clone, Copy, Debug)]
pub struct Clock(Instant);

impl Clock {
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// Sleeps until so long after the start.
    pub fn wait_for(&self, after: Duration) {
        std::thread::sleep((self.0 + after).saturating_duration_since(Instant::now()));
    }
}

/// One way's, of all its turns.
#[derive(Clone, Debug, Default)]
pub struct Figures {
    /// processor time for a peer and a tick, of each turn: of all, of taking, of sending
    turns_us: Vec<[f64; 3]>,
    /// taken of those sent by peers, arrived at peers of those to be sent
    taken: (u64, u64),
    arrived: (u64, u64),
}

impl Figures {
    /// What so many per cent of all turns stay under; the least of all for 0.
    pub fn us(&self, percent: usize) -> f64 {
        self.part_us(0, percent)
    }

    /// The same of taking alone, and of sending.
    pub fn parts_us(&self, percent: usize) -> (f64, f64) {
        (self.part_us(1, percent), self.part_us(2, percent))
    }

    /// How many times it costs what another way did in the same round: the median.
    pub fn times(&self, other: &Self) -> f64 {
        let rounds = self.turns_us.iter().zip(&other.turns_us);
        percentile(rounds.map(|(own, other)| own[0] / other[0]), 50)
    }

    fn part_us(&self, part: usize, percent: usize) -> f64 {
        percentile(self.turns_us.iter().map(|turn| turn[part]), percent)
    }

    fn add(&mut self, turn: &Turn, moved: u64) {
        let us = |ns: u64| ns as f64 / 1e3 / moved as f64;
        self.turns_us.push(turn.cost_ns.map(us));
        self.taken.0 += turn.taken;
        self.taken.1 += moved.min(turn.sent);
        self.arrived.0 += moved.min(turn.arrived);
        self.arrived.1 += moved;
    }

    pub fn taken_percent(&self) -> f64 {
        share(self.taken)
    }

    pub fn arrived_percent(&self) -> f64 {
        share(self.arrived)
    }
}

/// One turn: processor time as in the figures, and datagrams.
struct Turn {
    cost_ns: [u64; 3],
    /// by the way
    taken: u64,
    /// by the peers, and at them
    sent: u64,
    arrived: u64,
}

/// What so many per cent of the values stay under; 0 when there are none.
fn percentile(values: impl Iterator<Item = f64>, percent: usize) -> f64 {
    let mut sorted: Vec<f64> = values.collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted.get(rank - 1).copied().unwrap_or(0.0)
}

fn share((part, of): (u64, u64)) -> f64 {
    part as f64 / of.max(1) as f64 * 100.0
}

/// Every way has its turn, over and over.
pub fn take(
    ways: &mut [Box<dyn Way>],
    sockets: Sockets,
    clock: Clock,
    turns: u32,
    length: Duration,
) -> Vec<Figures> {
    let targets: Vec<_> = ways.iter().map(|way| way.addresses()).collect();
    let count = targets.first().map_or(0, Vec::len) as u64;
    let peers = Peers::start(sockets, targets, clock);
    let mut figures = vec![Figures::default(); ways.len()];
    let mut tick = Tick { clock, number: 0 };
    let ticks = (length.as_millis() / TICK.as_millis()).max(1) as u32;
    for _ in 0..turns {
        for (number, (way, figures)) in ways.iter_mut().zip(&mut figures).enumerate() {
            tick.catch_up();
            peers.aim(Some(number));
            for _ in 0..WARM_TICKS {
                tick.move_by(way.as_mut());
            }
            let turn = tick.turn(way.as_mut(), &peers, ticks);
            figures.add(&turn, u64::from(ticks) * count);
            peers.aim(None);
            for _ in 0..DRAIN_TICKS {
                tick.wait();
                while way.take() > 0 {}
            }
        }
    }
    figures
}

/// The 20 ms of the thread that moves, half a step away from the peers' steps.
struct Tick {
    clock: Clock,
    number: u32,
}

impl Tick {
    const AFTER: Duration = Duration::from_millis(1);

    fn wait(&mut self) {
        self.number += 1;
        self.clock.wait_for(TICK * self.number + Self::AFTER);
    }

    /// Waits for the next one, takes and sends. How many were taken, and the time of both.
    fn move_by(&mut self, way: &mut dyn Way) -> (u64, [u64; 2]) {
        self.wait();
        let begun = thread_ns();
        let taken = way.take() as u64;
        let between = thread_ns();
        way.send();
        (taken, [between - begun, thread_ns() - between])
    }

    fn turn(&mut self, way: &mut dyn Way, peers: &Peers, ticks: u32) -> Turn {
        let (sent, came) = peers.counts();
        let before_ns = thread_ns();
        let (mut taken, mut parts_ns) = (0, [0, 0]);
        for _ in 0..ticks {
            let (count, [take_ns, send_ns]) = self.move_by(way);
            taken += count;
            parts_ns[0] += take_ns;
            parts_ns[1] += send_ns;
        }
        let took_ns = thread_ns() - before_ns;
        // The peers take what was sent last at most a tick later.
        self.wait();
        let after = peers.counts();
        Turn {
            cost_ns: [took_ns, parts_ns[0], parts_ns[1]],
            taken,
            sent: after.0 - sent,
            arrived: after.1 - came,
        }
    }

    /// Nothing of what was missed is made up for.
    fn catch_up(&mut self) {
        let passed = self.clock.0.elapsed().as_millis() / TICK.as_millis();
        self.number = self.number.max(passed as u32);
    }
}

/// Processor time of this thread, in nanoseconds.
fn thread_ns() -> u64 {
    let time = clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID);
    let time = Duration::from(time.expect("Linux keeps every thread's time"));
    time.as_nanos() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_and_shares() {
        let figures = Figures {
            turns_us: vec![[9.0, 2.0, 5.0], [1.0, 2.0, 6.0], [3.0, 2.0, 4.0]],
            taken: (99, 100),
            arrived: (0, 0),
        };
        let all = [0, 50, 100].map(|percent| figures.us(percent));
        assert_eq!(all, [1.0, 3.0, 9.0]);
        assert_eq!(figures.parts_us(50), (2.0, 5.0));
        assert_eq!(
            (figures.taken_percent(), figures.arrived_percent()),
            (99.0, 0.0)
        );
        assert_eq!(Figures::default().us(50), 0.0);
        let twice = Figures {
            turns_us: vec![[9.0; 3], [2.0; 3], [6.0; 3]],
            ..Figures::default()
        };
        assert_eq!(twice.times(&figures), 2.0);
    }
}
