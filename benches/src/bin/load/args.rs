//! The command line of `load`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, Subcommand};

use crate::Plan;

/// Measure confab with callers on loopback, and the same packets without a bridge beside it.
#[derive(Debug, Parser)]
pub struct Args {
    #[command(subcommand)]
    pub mode: Option<Mode>,
    /// The program to measure; build it with --release
    #[arg(long, default_value = "target/release/confab")]
    confab: PathBuf,
    /// Calls in all
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u32).range(2..=5_000))]
    calls: u32,
    /// Seconds that are measured
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=3_600))]
    seconds: u32,
    /// Calls in a room
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(2..=5_000))]
    room_size: u32,
    /// Callers in a room who talk, by turns; the others listen
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=5))]
    talkers: u32,
    /// Seconds between the last answer and the measured ones
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=600))]
    settle: u32,
    /// New calls a second
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=500))]
    calls_per_s: u32,
    /// Media threads of confab; else what it chooses itself
    #[arg(long)]
    media_threads: Option<u32>,
    /// Print JSON instead of a table
    #[arg(long)]
    json: bool,
    /// Six calls for two seconds: shows that it works, measures nothing
    #[arg(long)]
    tiny: bool,
}

#[derive(Clone, Copy, Debug, Subcommand)]
pub enum Mode {
    /// Receive and send the packets of so many calls with no bridge; started by load itself
    #[command(hide = true)]
    Floor {
        /// Sockets to open
        #[arg(long)]
        calls: usize,
        /// Ends by itself after so many seconds
        #[arg(long)]
        life_s: u64,
    },
}

impl Args {
    pub fn plan(&self) -> Plan {
        let seconds = |s: u32| Duration::from_secs(s.into());
        let plan = Plan {
            // the program is started in a folder of its own
            confab: std::path::absolute(&self.confab).unwrap_or_else(|_| self.confab.clone()),
            calls: self.calls as usize,
            room_size: self.room_size.min(self.calls) as usize,
            talkers: self.talkers.min(self.room_size - 1) as usize,
            length: seconds(self.seconds),
            settle: seconds(self.settle),
            calls_per_s: self.calls_per_s,
            media_threads: self.media_threads,
            json: self.json,
        };
        match self.tiny {
            false => plan,
            true => Plan {
                calls: 6,
                room_size: 3,
                talkers: 2,
                length: seconds(2),
                ..plan
            },
        }
    }
}
