//! What was measured, as a table and as JSON.

use std::fmt::Write;

use serde_json::{Value, json};

use crate::guard::Sealing;
use crate::plan::{Lecture, Plan};
use crate::rest::Rest;
use crate::setups::SetUps;
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
    /// what was found before anybody called, when the plan wants it
    pub rest: Option<Rest>,
    /// how the calls came up
    pub set_ups: SetUps,
    pub confab: Side,
    pub floor: Side,
    /// ticks that confab's media threads began late; nothing when it does not tell
    pub late_ticks: Option<u64>,
    pub memory_kb_per_call: f64,
}

impl Report {
    pub fn new(plan: &Plan) -> Self {
        Self {
            what: json!({
                "calls": plan.calls,
                "rooms": plan.rooms(),
                "room_size": plan.room_size,
                "talkers_per_room": plan.talkers,
                "talkers_by_turns": plan.turns(),
                "all_noisy": plan.all_noisy,
                "lecture": plan.lecture.map(Lecture::name),
                "codec": plan.codec.name(),
                "dtx": plan.manner.dtx,
                "open_lines": plan.manner.open_line,
                "srtp": plan.srtp.map(Sealing::name),
                "setup_rate_per_s": plan.setup_rate,
                "seconds": plan.length.as_secs(),
            }),
            title: plan.title(),
            rest: None,
            set_ups: SetUps::default(),
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
            "at_rest": self.rest.as_ref().map(Rest::json),
            "set_ups": self.set_ups.json(),
            "confab": side(&self.confab),
            "floor": side(&self.floor),
            "cpu_ratio": self.ratio(),
            "delay_median_ms": heard.delay_ms(50),
            "delay_p99_ms": heard.delay_ms(99),
            "delay_max_ms": heard.delay_ms(100),
            "bursts_expected": heard.bursts,
            "bursts_heard": heard.delays_ns.len(),
            "bursts_stray": heard.strays,
            "packets_unopened": heard.unopened,
            "late_ticks": self.late_ticks,
            "memory_kb_per_call": self.memory_kb_per_call,
        })
    }

    /// For people.
    pub fn table(&self) -> String {
        let mut text = format!(
            "{}\n{:<32}{:>24}{:>12}\n",
            self.title, "", "confab", "floor"
        );
        let rest = self.rest.iter().flat_map(Rest::rows);
        let rows = rest
            .chain(self.set_up_rows())
            .map(|(name, figure)| one(name, figure));
        for (name, confab, floor) in rows.chain(self.rows()) {
            let line = format!("{name:<32}{confab:>24}{floor:>12}");
            let _ = writeln!(text, "{}", line.trim_end());
        }
        text
    }

    fn set_up_rows(&self) -> Vec<(&'static str, String)> {
        let all = &self.set_ups;
        let waits = [50, 99, 100].map(|percent| tenths(all.wait_ms(percent)));
        vec![
            ("calls dialled", all.dialled.to_string()),
            ("answered", all.answered.to_string()),
            (
                "refused, 503 and otherwise",
                format!("{}, {}", all.busy, all.refused),
            ),
            ("never answered", all.unanswered.to_string()),
            ("200: median/p99/max ms", waits.join(" / ")),
            (
                "INVITEs, answers sent again",
                format!("{}, {}", all.invites_again, all.answers_again),
            ),
        ]
    }

    fn rows(&self) -> Vec<Row> {
        let (confab, floor) = (&self.confab.tally, &self.floor.tally);
        let ratio = self
            .ratio()
            .map_or("-".into(), |ratio| format!("{ratio:.2}"));
        let late_ticks = self.late_ticks.map_or("-".into(), |n| n.to_string());
        let heard = format!("{}/{}", confab.delays_ns.len(), confab.bursts);
        let memory = format!("{:.1}", self.memory_kb_per_call);
        vec![
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
            one("delay median, ms", tenths(confab.delay_ms(50))),
            one("delay p99, ms", tenths(confab.delay_ms(99))),
            one("delay max, ms", tenths(confab.delay_ms(100))),
            one("bursts heard of expected", heard),
            one("bursts nobody sent", confab.strays.to_string()),
            one("packets no key opened", confab.unopened.to_string()),
            one("late ticks", late_ticks),
            one("memory per call, kB", memory),
            both("generator woke late", confab.own_late, floor.own_late),
            both(
                "generator CPU per call, us/s",
                self.confab.generator_us as u64,
                self.floor.generator_us as u64,
            ),
        ]
    }
}

/// A name, confab's figure and the floor's.
type Row = (&'static str, String, String);

fn one(name: &'static str, figure: String) -> Row {
    (name, figure, String::new())
}

fn both(name: &'static str, confab: u64, floor: u64) -> Row {
    (name, confab.to_string(), floor.to_string())
}

fn tenths(ms: Option<f64>) -> String {
    ms.map_or("-".into(), |ms| format!("{ms:.1}"))
}
