//! Networks as seeded traces: which packet arrives, and when. Knows no sound and no buffer.

/// How packets get lost.
#[derive(Clone, Copy, Debug)]
pub enum Loss {
    /// none does
    None,
    /// each alone, this share of them
    Single(f64),
    /// this share of them, in bursts of so many on average (Gilbert and Elliott's two states)
    Bursts(f64, f64),
}

/// How packets get delayed.
#[derive(Clone, Copy, Debug)]
pub enum Delay {
    /// all alike
    None,
    /// up to so many milliseconds, seldom the most; none overtakes another
    Jitter(f64),
    /// the same for the first so many milliseconds, then nothing more
    JitterUntil(f64, f64),
    /// this share of packets by 10 to so many milliseconds, so that others overtake them
    Reorder(f64, f64),
    /// a radio that is awake from the first to the second number of milliseconds, then sleeps
    /// 100 to 300 ms and delivers what has waited all at once
    Naps(f64, f64),
}

/// A network, and the sender's packet time and clock.
#[derive(Clone, Copy, Debug)]
pub struct Network {
    /// what it is called in tables and files
    pub name: &'static str,
    /// sound in a packet
    pub packet_ms: u32,
    /// how packets get lost
    pub loss: Loss,
    /// how they get delayed
    pub delay: Delay,
    /// how much too fast the sender's clock is
    pub drift_ppm: f64,
}

const CLEAN: Network = Network {
    name: "clean",
    packet_ms: 20,
    loss: Loss::None,
    delay: Delay::None,
    drift_ppm: 0.0,
};

const fn losing(name: &'static str, loss: Loss) -> Network {
    Network {
        name,
        loss,
        ..CLEAN
    }
}

const fn delaying(name: &'static str, delay: Delay) -> Network {
    Network {
        name,
        delay,
        ..CLEAN
    }
}

const fn packets(name: &'static str, packet_ms: u32) -> Network {
    Network {
        name,
        packet_ms,
        ..delaying(name, Delay::Jitter(20.0))
    }
}

const fn drifting(name: &'static str, drift_ppm: f64) -> Network {
    Network {
        name,
        drift_ppm,
        ..delaying(name, Delay::Jitter(5.0))
    }
}

/// Every network of docs/sound.md.
pub const NETWORKS: &[Network] = &[
    CLEAN,
    losing("loss-1", Loss::Single(0.01)),
    losing("loss-3", Loss::Single(0.03)),
    losing("loss-5", Loss::Single(0.05)),
    losing("loss-10", Loss::Single(0.10)),
    losing("bursts-1", Loss::Bursts(0.01, 2.5)),
    losing("bursts-3", Loss::Bursts(0.03, 2.5)),
    losing("bursts-5", Loss::Bursts(0.05, 2.5)),
    losing("bursts-10", Loss::Bursts(0.10, 2.5)),
    delaying("jitter-5", Delay::Jitter(5.0)),
    delaying("jitter-20", Delay::Jitter(20.0)),
    delaying("jitter-50", Delay::Jitter(50.0)),
    delaying("jitter-100", Delay::Jitter(100.0)),
    delaying("jitter-200", Delay::Jitter(200.0)),
    delaying("jitter-stops", Delay::JitterUntil(100.0, 10_000.0)),
    delaying("reorder", Delay::Reorder(0.05, 50.0)),
    delaying("wifi-sleeps", Delay::Naps(1_000.0, 3_000.0)),
    delaying("wifi-bumps", Delay::Naps(0.0, 100.0)),
    packets("packets-10", 10),
    packets("packets-30", 30),
    packets("packets-40", 40),
    packets("packets-60", 60),
    drifting("drift+300", 300.0),
    drifting("drift-300", -300.0),
    Network {
        loss: Loss::Bursts(0.03, 2.5),
        ..delaying("bad", Delay::Jitter(80.0))
    },
];

/// A packet on its way.
#[derive(Clone, Copy, Debug)]
pub struct Arrival {
    /// receiver's clock, counted from when the first packet was sent
    pub at_ms: f64,
    /// counts packets
    pub number: u32,
}

/// A generator good enough for a network (xorshift).
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }

    fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.roll()
    }
}

impl Network {
    /// Milliseconds on the receiver's clock from one packet's sending to the next.
    pub fn period_ms(&self) -> f64 {
        f64::from(self.packet_ms) * (1.0 - self.drift_ppm * 1e-6)
    }

    /// What becomes of so many packets, in the order in which they arrive. The same every time.
    pub fn carry(&self, packets: u32) -> Vec<Arrival> {
        let mut dice = Dice(0x9E37_79B9_7F4A_7C15);
        let (mut last, mut lost, mut asleep) = (0.0f64, false, (0.0, 0.0));
        let mut arrivals = Vec::new();
        for number in 0..packets {
            let sent = f64::from(number) * self.period_ms();
            let at_ms = match self.delay {
                Delay::None => sent,
                Delay::Jitter(most) => last.max(sent + most * dice.roll().powi(2)),
                Delay::JitterUntil(most, until) if sent < until => {
                    last.max(sent + most * dice.roll().powi(2))
                }
                Delay::JitterUntil(..) => last.max(sent),
                Delay::Reorder(share, most) if dice.roll() < share => {
                    sent + dice.between(10.0, most)
                }
                Delay::Reorder(..) => sent,
                Delay::Naps(shortest, longest) => {
                    while sent >= asleep.1 {
                        asleep.0 = asleep.1 + dice.between(shortest, longest);
                        asleep.1 = asleep.0 + dice.between(100.0, 300.0);
                    }
                    if sent >= asleep.0 { asleep.1 } else { sent }
                }
            };
            last = at_ms;
            lost = match self.loss {
                Loss::None => false,
                Loss::Single(share) => dice.roll() < share,
                Loss::Bursts(_, length) if lost => dice.roll() >= 1.0 / length,
                Loss::Bursts(share, length) => dice.roll() < share / (1.0 - share) / length,
            };
            if !lost {
                arrivals.push(Arrival { at_ms, number });
            }
        }
        arrivals.sort_by(|a, b| a.at_ms.total_cmp(&b.at_ms));
        arrivals
    }
}
