//! What confab takes with many rooms and no call, and how soon a room that nobody has called since
//! it began is there.

use std::time::Duration;

use anyhow::Result;
use serde_json::{Value, json};

use crate::confab::{Confab, FIRST_IDLE_ROOM};
use crate::crowd::Crowd;
use crate::intake::Nanos;
use crate::plan::Plan;
use crate::setups::SetUps;
use crate::tally::percentile_ms;

/// For the program to have come to rest.
const REST: Duration = Duration::from_secs(2);

/// Cold rooms that are called, this many a second.
const COLD_ROOMS: u32 = 20;
const COLD_PER_S: u32 = 10;

/// For the last of them to be heard.
const HEARD_WITHIN: Duration = Duration::from_secs(1);

/// What was found.
#[derive(Debug)]
pub struct Rest {
    rooms: u32,
    rss_kb: u64,
    threads: u64,
    /// calls of cold rooms
    cold: SetUps,
    /// from the INVITE to the first packet, and to the first sound, of each
    packets_ns: Vec<Nanos>,
    sounds_ns: Vec<Nanos>,
    /// from the key that ends the menu to what the room says
    rooms_ns: Vec<Nanos>,
}

/// Looks at a confab that nobody has called yet; nothing when the plan has no idle rooms.
pub fn measure(plan: &Plan, confab: &Confab) -> Result<Option<Rest>> {
    let Some(rooms) = plan.idle_rooms else {
        return Ok(None);
    };
    std::thread::sleep(REST.min(plan.settle));
    let mut rest = Rest {
        rooms,
        rss_kb: confab.child.rss_kb()?,
        threads: confab.child.threads()?,
        cold: SetUps::default(),
        packets_ns: Vec::new(),
        sounds_ns: Vec::new(),
        rooms_ns: Vec::new(),
    };
    let cold = rooms.min(COLD_ROOMS);
    if let Some(every) = rooms.checked_div(cold) {
        let alone = Plan {
            calls: cold as usize,
            room_size: 1,
            talkers: 0,
            all_noisy: false,
            lecture: None,
            ..plan.clone()
        };
        let room_of = |call: usize| (FIRST_IDLE_ROOM + call as u32 * every).to_string();
        let mut crowd = Crowd::for_rooms(&alone, confab.sip, room_of)?;
        crowd.dial(COLD_PER_S, |_| true)?;
        crowd.run(HEARD_WITHIN)?;
        rest.cold = crowd.set_ups();
        for (dialled_ns, firsts) in crowd.firsts() {
            let since = |at: Nanos| at.saturating_sub(dialled_ns);
            rest.packets_ns.extend(firsts.packet_ns.map(since));
            rest.sounds_ns.extend(firsts.sound_ns.map(since));
            let keyed = firsts.key_ns.zip(firsts.after_key_ns);
            rest.rooms_ns.extend(keyed.map(|(key, room)| room - key));
        }
        crowd.hang_up()?;
    }
    Ok(Some(rest))
}

impl Rest {
    /// For programs.
    pub fn json(&self) -> Value {
        let wait = |waits: &[Nanos]| {
            json!({
                "first_ms": waits.get(..1).and_then(|first| percentile_ms(first, 100)),
                "median_ms": percentile_ms(waits, 50),
                "max_ms": percentile_ms(waits, 100),
            })
        };
        json!({
            "idle_rooms": self.rooms,
            "rss_kb": self.rss_kb,
            "threads": self.threads,
            "cold": self.cold.json(),
            "cold_packet": wait(&self.packets_ns),
            "cold_sound": wait(&self.sounds_ns),
            "cold_room": wait(&self.rooms_ns),
        })
    }

    /// For people: names and figures.
    pub fn rows(&self) -> Vec<(&'static str, String)> {
        let ms = |ms: Option<f64>| ms.map_or("-".into(), |ms| format!("{ms:.1}"));
        let wait = |waits: &[Nanos]| {
            let first = waits.get(..1).and_then(|first| percentile_ms(first, 100));
            let (median, most) = (percentile_ms(waits, 50), percentile_ms(waits, 100));
            format!("{} / {} / {}", ms(first), ms(median), ms(most))
        };
        let cold = &self.cold;
        let answer = [cold.first_ms(), cold.wait_ms(50), cold.wait_ms(100)].map(ms);
        vec![
            ("idle rooms", self.rooms.to_string()),
            (
                "memory at rest, MB",
                format!("{:.1}", self.rss_kb as f64 / 1e3),
            ),
            ("threads at rest", self.threads.to_string()),
            (
                "cold rooms that answered",
                format!("{}/{}", cold.answered, cold.dialled),
            ),
            ("cold: 200, first/median/max ms", answer.join(" / ")),
            ("cold: first packet, ms", wait(&self.packets_ns)),
            ("cold: first sound, ms", wait(&self.sounds_ns)),
            ("cold: key to room heard, ms", wait(&self.rooms_ns)),
        ]
    }
}
