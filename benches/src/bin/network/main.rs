//! `network`: the same speech over the same seeded networks into the core's jitter buffer, a plain
//! fixed one, one that knew what was to come, and NetEq; docs/sound.md tells what comes of it.
//!
//! No socket, no clock: an hour takes seconds, and every run gives the same.
#![forbid(unsafe_code)]

mod measure;
mod players;
mod trace;

use anyhow::Result;
use clap::Parser;
use confab_benches::speech::{self, Asked, Speech, write_wav};
use confab_core::audio::rtp::Packet;
use measure::Heard;
use players::{Confab, Fixed, Partner, Player};
use serde_json::json;
use sipp_scenarios::sound::g711::Law;
use trace::{Arrival, NETWORKS, Network};

/// Speech over bad networks, beside other buffers.
#[derive(Debug, Parser)]
struct Args {
    #[command(flatten)]
    asked: Asked,
}

/// Ticks come so long after the moments at which packets are sent.
const PHASE_MS: f64 = 7.0;
/// Time after the last packet in which what waits is played.
const TAIL_MS: u32 = 600;

fn main() -> Result<()> {
    let args = Args::parse().asked;
    let speech = speech::load(&args.prompts, &["en", "fr", "de"], args.seconds)?;
    if let Some(folder) = &args.wav {
        std::fs::create_dir_all(folder)?;
        write_wav(&folder.join("said.wav"), &speech.samples)?;
    }
    let mut rows = Vec::new();
    if !args.json {
        println!(
            "network         player     delay ms: mean p95 varies | spoilt % whole % moved ms/min"
        );
    }
    for network in NETWORKS.iter().filter(|n| n.name.contains(&args.only)) {
        for (player, heard, sound) in listen(network, &speech)? {
            if let Some(folder) = &args.wav {
                write_wav(
                    &folder.join(format!("{}.{player}.wav", network.name)),
                    &sound,
                )?;
            }
            if !args.json {
                print_row(network.name, player, &heard);
            }
            rows.push(row(network.name, player, &heard));
        }
    }
    let all = json!({ "cuts": speech.cuts, "rows": rows });
    if let Some(folder) = &args.wav {
        std::fs::write(folder.join("figures.json"), format!("{all:#}"))?;
    }
    if args.json {
        println!("{all:#}");
    }
    Ok(())
}

/// What each player makes of a network: its name, the figures, the sound.
fn listen(network: &Network, speech: &Speech) -> Result<Vec<(&'static str, Heard, Vec<i16>)>> {
    let length = network.packet_ms as usize * 8;
    let packets = speech.samples.len().div_ceil(length) as u32;
    let arrivals = network.carry(packets);
    let foreseen = Fixed::foreseeing(needed_ms(network, &arrivals));
    let players: [(&str, Box<dyn Player>); 4] = [
        ("confab", Box::new(Confab::default())),
        ("foreseen", Box::new(foreseen)),
        ("fixed-60", Box::new(Fixed::plain())),
        ("neteq", Box::new(Partner::new()?)),
    ];
    let stretch = 1.0 - network.drift_ppm * 1e-6;
    Ok(players
        .into_iter()
        .map(|(name, mut player)| {
            let sound = play(network, &arrivals, &speech.samples, player.as_mut());
            (
                name,
                measure::compare(&speech.samples, &sound, stretch),
                sound,
            )
        })
        .collect())
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
    said: &[i16],
    player: &mut dyn Player,
) -> Vec<i16> {
    let length = network.packet_ms as usize * 8;
    let end_ms = (said.len() / 8) as u32 + TAIL_MS;
    let mut on_their_way = arrivals.iter().peekable();
    let mut heard = Vec::new();
    for now_ms in (0..end_ms).step_by(player.period_ms() as usize) {
        let now = f64::from(now_ms) + PHASE_MS;
        while let Some(arrival) = on_their_way.next_if(|a| a.at_ms <= now) {
            let from = arrival.number as usize * length;
            let payload: Vec<u8> = (from..from + length)
                .map(|at| Law::Mu.encode(said.get(at).copied().unwrap_or(0)))
                .collect();
            let packet = Packet {
                payload_type: 0,
                marker: arrival.number == 0,
                sequence: arrival.number as u16,
                timestamp: from as u32,
                ssrc: 1,
                payload: &payload,
            };
            player.put(&packet, network.packet_ms);
        }
        player.take(&mut heard);
    }
    heard
}

fn print_row(network: &str, player: &str, heard: &Heard) {
    println!(
        "{network:15} {player:10} {:14.1} {:5.1} {:6.1} | {:8.1} {:7.1} {:12.0}",
        heard.delay_mean_ms,
        heard.delay_p95_ms,
        heard.delay_varies_ms,
        heard.spoilt_percent,
        heard.whole_percent,
        heard.moved_ms_per_min,
    );
}

fn row(network: &str, player: &str, heard: &Heard) -> serde_json::Value {
    json!({
        "network": network,
        "player": player,
        "delay_mean_ms": heard.delay_mean_ms,
        "delay_p95_ms": heard.delay_p95_ms,
        "delay_varies_ms": heard.delay_varies_ms,
        "spoilt_percent": heard.spoilt_percent,
        "whole_percent": heard.whole_percent,
        "moved_ms_per_min": heard.moved_ms_per_min,
    })
}
