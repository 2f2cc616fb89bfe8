//! What was measured, as a table and as JSON.

use std::fmt::Write;

use serde_json::{Value, json};

use crate::Plan;
use crate::tally::Tally;

/// One half of the run.
#[derive(Debug, Default)]
pub struct Side {
    /// processor time of the child, microseconds per call and second
    pub cpu_us: f64,
    /// the same of the generator
    pub generator_us: f64,
    pub tally: Tally,
}

/// Everything measured.
#[derive(Debug)]
pub struct Report {
    what: Value,
    title: String,
    pub confab: Side,
    pub floor: Side,
    /// ticks that confab's media threads began late; nothing when it does not tell
    pub late_ticks: Option<u64>,
    pub memory_kb_per_call: f64,
}

impl Report {
    pub fn new(plan: &Plan) -> Self {
        let (calls, rooms) = (plan.calls, plan.rooms());
        let (size, talkers, seconds) = (plan.room_size, plan.talkers, plan.length.as_secs());
        Self {
            what: json!({
                "calls": calls,
                "rooms": rooms,
                "room_size": size,
                "talkers_per_room": talkers,
                "seconds": seconds,
            }),
            title: format!(
                "{calls} calls in {rooms} room(s) of {size}, {talkers} talking, {seconds} s, G.711"
            ),
            confab: Side::default(),
            floor: Side::default(),
            late_ticks: None,
            memory_kb_per_call: 0.0,
        }
    }

    /// How many times the floor's processor time confab takes.
    fn ratio(&self) -> Option<f64> {
        (self.floor.cpu_us > 0.0).then(|| self.confab.cpu_us / self.floor.cpu_us)
    }

    /// For programs.
    pub fn json(&self) -> Value {
        let side = |side: &Side| {
            json!({
                "cpu_us_per_call_s": side.cpu_us,
                "packets_sent": side.tally.sent,
                "packets_received": side.tally.received,
                "packets_lost": side.tally.lost(),
                "packets_late": side.tally.late,
                "generator_us_per_call_s": side.generator_us,
                "generator_late_steps": side.tally.own_late,
            })
        };
        let heard = &self.confab.tally;
        json!({
            "what": self.what,
            "confab": side(&self.confab),
            "floor": side(&self.floor),
            "cpu_ratio": self.ratio(),
            "delay_median_ms": heard.delay_ms(50),
            "delay_p99_ms": heard.delay_ms(99),
            "delay_max_ms": heard.delay_ms(100),
            "bursts_expected": heard.bursts,
            "bursts_heard": heard.delays_ns.len(),
            "bursts_stray": heard.strays,
            "late_ticks": self.late_ticks,
            "memory_kb_per_call": self.memory_kb_per_call,
        })
    }

    /// For people.
    pub fn table(&self) -> String {
        let (confab, floor) = (&self.confab.tally, &self.floor.tally);
        let ms = |percent| {
            confab
                .delay_ms(percent)
                .map_or("-".into(), |ms| format!("{ms:.1}"))
        };
        let ratio = self
            .ratio()
            .map_or("-".into(), |ratio| format!("{ratio:.2}"));
        let late_ticks = self.late_ticks.map_or("-".into(), |n| n.to_string());
        let both = |name: &'static str, a: u64, b: u64| (name, a.to_string(), b.to_string());
        let one = |name: &'static str, a: String| (name, a, String::new());
        let rows = [
            (
                "CPU per call, us/s",
                format!("{:.0}", self.confab.cpu_us),
                format!("{:.0}", self.floor.cpu_us),
            ),
            one("times the floor", ratio),
            both("packets sent", confab.sent, floor.sent),
            both("packets received", confab.received, floor.received),
            both("packets lost", confab.lost(), floor.lost()),
            both("packets late (over 40 ms)", confab.late, floor.late),
            one("delay median, ms", ms(50)),
            one("delay p99, ms", ms(99)),
            one("delay max, ms", ms(100)),
            one(
                "bursts heard of expected",
                format!("{}/{}", confab.delays_ns.len(), confab.bursts),
            ),
            one("bursts nobody sent", confab.strays.to_string()),
            one("late ticks", late_ticks),
            one(
                "memory per call, kB",
                format!("{:.1}", self.memory_kb_per_call),
            ),
            both("generator woke late", confab.own_late, floor.own_late),
            both(
                "generator CPU per call, us/s",
                self.confab.generator_us as u64,
                self.floor.generator_us as u64,
            ),
        ];
        let mut text = format!(
            "{}\n{:<30}{:>16}{:>12}\n",
            self.title, "", "confab", "floor"
        );
        for (name, confab, floor) in rows {
            let line = format!("{name:<30}{confab:>16}{floor:>12}");
            let _ = writeln!(text, "{}", line.trim_end());
        }
        text
    }
}
