//! `datagrams`: what it costs to take a datagram from each of many peers and to send it one, every
//! 20 ms, by several ways that Linux offers. No bridge, no RTP, loopback only.
//!
//! Reads the command line and prints; the ways take turns, so that whatever else the machine does
//! hits all of them. Nothing of confab is in it: what is cheapest here is a reason to try it there.

mod batch;
mod each;
mod peers;
mod ring;
mod shared;
mod turns;
mod way;

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use clap::{Parser, value_parser};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use serde_json::json;

use crate::each::{Each, Link, Read};
use crate::peers::Sockets;
use crate::ring::{Harvest, Ring};
use crate::shared::{Shared, Split};
use crate::turns::{Clock, Figures};
use crate::way::Way;

/// Compare ways of moving datagrams between one thread and many peers, on loopback.
#[derive(Debug, Parser)]
struct Args {
    /// Peers, each of which sends and gets a datagram every 20 ms
    #[arg(long, default_value_t = 500, value_parser = value_parser!(u32).range(1..=2_000))]
    peers: u32,
    /// Turns of each way
    #[arg(long, default_value_t = 15, value_parser = value_parser!(u32).range(1..=1_000))]
    turns: u32,
    /// Length of a turn
    #[arg(long, default_value_t = 1_000, value_parser = value_parser!(u32).range(100..=60_000))]
    turn_ms: u32,
    /// Print JSON instead of a table
    #[arg(long)]
    json: bool,
    /// A few peers and one short turn: shows that it works, measures nothing
    #[arg(long)]
    tiny: bool,
}

impl Args {
    fn shrunk(mut self) -> Self {
        if self.tiny {
            (self.peers, self.turns, self.turn_ms) = (8, 1, 200);
        }
        self
    }
}

/// Sockets of a peer: its own, and the most that ways open for it together.
const FILES_PER_PEER: u64 = 8;

fn main() -> ExitCode {
    match measure(&Args::parse().shrunk()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("datagrams: {e:#}");
            ExitCode::FAILURE
        }
    }
}

fn measure(args: &Args) -> Result<()> {
    raise_file_limit(u64::from(args.peers))?;
    let sockets = Sockets::open(args.peers as usize).context("cannot open the peers' sockets")?;
    let (mut ways, left_out) = ways(&sockets).context("cannot open the sockets")?;
    let clock = Clock::start();
    let length = Duration::from_millis(args.turn_ms.into());
    let figures = turns::take(&mut ways, sockets, clock, args.turns, length);
    let names: Vec<&str> = ways.iter().map(|way| way.name()).collect();
    if args.json {
        let rows = names.iter().zip(&figures);
        let rows = rows.map(|(name, row)| row_json(name, row, &figures[0]));
        let told = json!({
            "peers": args.peers,
            "turns": args.turns,
            "turn_ms": args.turn_ms,
            "ways": rows.collect::<Vec<_>>(),
            "left_out": left_out,
        });
        println!("{told:#}");
    } else {
        print_table(args, &names, &figures, &left_out);
    }
    Ok(())
}

type Ways = Vec<Box<dyn Way>>;

/// Every way that this system has, and why it lacks one.
fn ways(sockets: &Sockets) -> Result<(Ways, Vec<String>)> {
    let peers = sockets.addresses();
    let mut ways: Ways = vec![
        Box::new(Each::open(&peers, Link::Connected, Read::One)?),
        Box::new(Each::open(&peers, Link::Connected, Read::Batch)?),
        Box::new(Each::open(&peers, Link::Open, Read::Batch)?),
        Box::new(Shared::open(&peers)?),
        Box::new(Split::open(&peers)?),
    ];
    let mut left_out = Vec::new();
    for harvest in [Harvest::Asked, Harvest::Shots] {
        match Ring::open(&peers, harvest) {
            Ok(ring) => ways.push(Box::new(ring)),
            Err(e) => left_out.push(format!("{}: not here: {e:#}", harvest.name())),
        }
    }
    Ok((ways, left_out))
}

fn row_json(name: &str, figures: &Figures, first: &Figures) -> serde_json::Value {
    json!({
        "way": name,
        "us_median": figures.us(50),
        "times_first": figures.times(first),
        "us_lowest": figures.us(0),
        "us_highest": figures.us(100),
        "us_taking": figures.parts_us(50).0,
        "us_sending": figures.parts_us(50).1,
        "taken_percent": figures.taken_percent(),
        "arrived_percent": figures.arrived_percent(),
    })
}

fn print_table(args: &Args, names: &[&str], figures: &[Figures], left_out: &[String]) {
    let Some(first) = figures.first() else {
        return;
    };
    println!(
        "{} peers, {} bytes each way every 20 ms; the median of {} turns of {} ms",
        args.peers,
        way::DATAGRAM_LEN,
        args.turns,
        args.turn_ms
    );
    println!(
        "{:<60}{:>6}{:>8}{:>17}{:>17}{:>18}",
        "way", "us", "of (a)", "taking, sending", "lowest, highest", "taken, arrived %"
    );
    for (name, figures) in names.iter().zip(figures) {
        let range = format!("{:.2}, {:.2}", figures.us(0), figures.us(100));
        let (taking, sending) = figures.parts_us(50);
        let (taken, arrived) = (figures.taken_percent(), figures.arrived_percent());
        println!(
            "{name:<60}{:>6.2}{:>8.2}{:>17}{range:>17}{:>18}",
            figures.us(50),
            figures.times(first),
            format!("{taking:.2}, {sending:.2}"),
            format!("{taken:.1}, {arrived:.1}")
        );
    }
    for why in left_out {
        println!("{why}");
    }
}

fn raise_file_limit(peers: u64) -> Result<()> {
    let wanted = peers * FILES_PER_PEER + 64;
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
    ensure!(
        wanted <= hard,
        "{peers} peers take {wanted} open files, the system allows {hard}: raise `ulimit -Hn`"
    );
    if soft < wanted {
        setrlimit(Resource::RLIMIT_NOFILE, wanted, hard)?;
    }
    Ok(())
}
