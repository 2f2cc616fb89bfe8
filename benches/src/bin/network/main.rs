//! `network`: the same speech over the same seeded networks into the core's jitter buffer, a plain
//! fixed one, one that knew what was to come, and NetEq; docs/sound.md tells what comes of it.
//!
//! No socket, no clock: an hour takes seconds, and every run gives the same.
#![forbid(unsafe_code)]

mod codec;
mod measure;
#[path = "../../../../bridge/src/media/codec/opus/decoder.rs"]
mod opus_decoder;
mod players;
mod trace;

use anyhow::{Result, ensure};
use clap::Parser;
use confab_benches::codec::Codec;
use confab_benches::speech::{self, Asked, Speech, convert, write_wav};
use confab_core::audio::jitter::JitterStats;
use confab_core::audio::rtp::Packet;
use measure::Heard;
use players::{Confab, Fixed, Partner, Player};
use serde_json::json;
use trace::{Arrival, NETWORKS, Network};

/// Speech over bad networks, beside other buffers.
#[derive(Debug, Parser)]
struct Args {
    #[command(flatten)]
    asked: Asked,
    /// what is spoken
    #[arg(long, value_enum, default_value_t)]
    codec: Codec,
    /// Opus: each packet repeats the one before coarsely, as for a network that is known to lose
    /// so many per cent; 0: none does
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u8).range(..=100))]
    fec: u8,
}

/// Ticks come so long after the moments at which packets are sent.
const PHASE_MS: f64 = 7.0;
/// Time after the last packet in which what waits is played.
const TAIL_MS: u32 = 600;

fn main() -> Result<()> {
    let Args { asked, codec, fec } = Args::parse();
    ensure!(fec == 0 || codec == Codec::Opus, "only Opus has --fec");
    let (rate, judged) = (codec.rate(), codec::judged_rate(codec));
    let speech = speech::load(&asked.prompts, &["en", "fr", "de"], asked.seconds, rate)?;
    if let Some(folder) = &asked.wav {
        std::fs::create_dir_all(folder)?;
        let said = convert(&speech.samples, rate, judged);
        write_wav(&folder.join("said.wav"), &said, judged)?;
    }
    let mut rows = Vec::new();
    if !asked.json {
        println!(
            "network         player     delay ms: mean p95 varies | spoilt % whole % moved ms/min"
        );
    }
    let networks = NETWORKS.iter().filter(|n| n.name.contains(&asked.only));
    for network in networks.filter(|n| codec::has_packets_of(codec, n.packet_ms)) {
        for outcome in listen(network, &speech, codec, fec)? {
            if let Some(folder) = &asked.wav {
                let file = format!("{}.{}.wav", network.name, outcome.player);
                let sound = convert(&outcome.sound, rate, judged);
                write_wav(&folder.join(file), &sound, judged)?;
            }
            if !asked.json {
                outcome.print(network.name);
            }
            rows.push(outcome.row(network.name));
        }
    }
    let times = rate.scale() / judged.scale();
    let cuts: Vec<usize> = speech.cuts.iter().map(|cut| cut / times).collect();
    let all = json!({ "cuts": cuts, "rows": rows });
    if let Some(folder) = &asked.wav {
        std::fs::write(folder.join("figures.json"), format!("{all:#}"))?;
    }
    if asked.json {
        println!("{all:#}");
    }
    Ok(())
}

/// What one player makes of a network.
struct Outcome {
    player: &'static str,
    heard: Heard,
    codec: Codec,
    stats: Option<JitterStats>,
    sound: Vec<i16>,
}

/// What each player makes of a network.
fn listen(network: &Network, speech: &Speech, codec: Codec, fec: u8) -> Result<Vec<Outcome>> {
    let payloads = codec::encode(codec, &speech.samples, network.packet_ms, fec)?;
    let arrivals = network.carry(payloads.len() as u32);
    let foreseen = Fixed::foreseeing(codec, needed_ms(network, &arrivals))?;
    let players: [(&str, Box<dyn Player>); 4] = [
        ("confab", Box::new(Confab::new(codec)?)),
        ("foreseen", Box::new(foreseen)),
        ("fixed-60", Box::new(Fixed::plain(codec)?)),
        ("neteq", Box::new(Partner::new(codec)?)),
    ];
    let stretch = 1.0 - network.drift_ppm * 1e-6;
    // What another codec makes of it by itself, and its delay, are no network's.
    let said = match codec {
        Codec::Pcmu => speech.samples.clone(),
        Codec::G722 | Codec::Opus => codec::decode(codec, &payloads)?,
    };
    let outcome = |(name, mut player): (_, Box<dyn Player>)| {
        let sound = play(network, &arrivals, &payloads, codec, player.as_mut());
        Outcome {
            player: name,
            heard: measure::compare(&said, &sound, codec.rate(), stretch),
            codec,
            stats: player.stats(),
            sound,
        }
    };
    Ok(players.into_iter().map(outcome).collect())
}

/// The least depth, in steps of 10 ms, at which one packet in a hundred comes too late.
fn needed_ms(network: &Network, arrivals: &[Arrival]) -> u32 {
    let in_time = |arrival: &&Arrival, depth_ms: u32| {
        let due_ms = (arrival.number * network.packet_ms + depth_ms) / 20 * 20;
        arrival.at_ms <= f64::from(due_ms) + PHASE_MS
    };
    let enough = |depth_ms: &u32| {
        let good = arrivals.iter().filter(|a| in_time(a, *depth_ms)).count();
        good * 100 >= arrivals.len() * 99
    };
    (0..=400).step_by(10).find(enough).unwrap_or(400)
}

/// Runs a network into a player; what is heard at the time of sample n is at n.
fn play(
    network: &Network,
    arrivals: &[Arrival],
    payloads: &[Vec<u8>],
    codec: Codec,
    player: &mut dyn Player,
) -> Vec<i16> {
    let length = network.packet_ms * codec.rate().hz() / 1_000 / codec::samples_per_step(codec);
    let end_ms = payloads.len() as u32 * network.packet_ms + TAIL_MS;
    let mut on_their_way = arrivals.iter().peekable();
    let mut heard = Vec::new();
    for now_ms in (0..end_ms).step_by(player.period_ms() as usize) {
        let now = f64::from(now_ms) + PHASE_MS;
        while let Some(arrival) = on_their_way.next_if(|a| a.at_ms <= now) {
            let packet = Packet {
                payload_type: 0,
                marker: arrival.number == 0,
                sequence: arrival.number as u16,
                timestamp: arrival.number * length,
                ssrc: 1,
                payload: &payloads[arrival.number as usize],
            };
            player.put(&packet, network.packet_ms);
        }
        player.take(&mut heard);
    }
    heard
}

impl Outcome {
    fn print(&self, network: &str) {
        let (player, heard) = (self.player, &self.heard);
        print!(
            "{network:15} {player:10} {:14.1} {:5.1} {:6.1} | {:8.1} {:7.1} {:12.0}",
            heard.delay_mean_ms,
            heard.delay_p95_ms,
            heard.delay_varies_ms,
            heard.spoilt_percent,
            heard.whole_percent,
            heard.moved_ms_per_min,
        );
        if let Some(stats) = self.recovering() {
            print!("  lost {}, recovered {}", stats.lost, stats.recovered);
        }
        println!();
    }

    /// Of the one codec of which packets can be recovered.
    fn recovering(&self) -> Option<JitterStats> {
        self.stats.filter(|_| self.codec == Codec::Opus)
    }

    fn row(&self, network: &str) -> serde_json::Value {
        let heard = &self.heard;
        let mut row = json!({
            "network": network,
            "player": self.player,
            "delay_mean_ms": heard.delay_mean_ms,
            "delay_p95_ms": heard.delay_p95_ms,
            "delay_varies_ms": heard.delay_varies_ms,
            "spoilt_percent": heard.spoilt_percent,
            "whole_percent": heard.whole_percent,
            "moved_ms_per_min": heard.moved_ms_per_min,
        });
        if self.codec != Codec::Pcmu {
            row["holes_percent"] = heard.holes_percent.into();
        }
        if let Some(stats) = self.recovering() {
            row["lost"] = stats.lost.into();
            row["recovered"] = stats.recovered.into();
        }
        row
    }
}
