//! The command line of `load`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, Subcommand, value_parser};

use crate::codec::Codec;
use crate::guard::Sealing;
use crate::plan::{ALL_SIT_IN_ONE, Lecture, Plan};
use crate::sound::Manner;

/// Measure confab with callers on loopback, and the same packets without a bridge beside it.
#[derive(Debug, Parser)]
pub struct Args {
    #[command(subcommand)]
    pub mode: Option<Mode>,
    /// The program to measure; build it with --release
    #[arg(long, default_value = "target/release/confab")]
    confab: PathBuf,
    /// Calls in all
    #[arg(long, default_value_t = 500, value_parser = value_parser!(u32).range(2..=5_000))]
    calls: u32,
    /// Seconds that are measured
    #[arg(long, default_value_t = 20, value_parser = value_parser!(u32).range(1..=3_600))]
    seconds: u32,
    /// Calls in a room; else 20, and in a lecture all that there are
    #[arg(long, value_parser = value_parser!(u32).range(2..=i64::from(ALL_SIT_IN_ONE)))]
    room_size: Option<u32>,
    /// Callers in a room who talk: up to 5 by turns; of more, the others all the time, all at once
    #[arg(long, default_value_t = 2, value_parser = value_parser!(u32).range(1..=500))]
    talkers: u32,
    /// Everybody makes noise all the time, loud enough for their gates to be open
    #[arg(long)]
    all_noisy: bool,
    /// The first of each room is its host, presses *8 before the others come, unless it is late,
    /// and talks; all others are muted
    #[arg(long, value_enum, num_args = 0..=1, default_missing_value = "early")]
    #[arg(conflicts_with = "talkers")]
    lecture: Option<Lecture>,
    /// The one codec that callers offer
    #[arg(long, value_enum, default_value_t)]
    codec: Codec,
    /// Callers offer SRTP, and nothing else; by AES_CM_128_HMAC_SHA1_80 when no suite is named
    #[arg(long, value_enum, num_args = 0..=1, default_missing_value = "counter")]
    srtp: Option<Sealing>,
    /// Callers of Opus leave out their silence, as phones with usedtx=1
    #[arg(long)]
    dtx: bool,
    /// Where nobody speaks there is the noise of a quiet line, not digital silence
    #[arg(long)]
    open_lines: bool,
    /// Make so many rooms more that nobody calls, and say what confab takes at rest
    #[arg(long, value_parser = value_parser!(u32).range(0..=10_000_000))]
    idle_rooms: Option<u32>,
    /// Seconds between the last answer and the measured ones
    #[arg(long, default_value_t = 8, value_parser = value_parser!(u32).range(1..=600))]
    settle: u32,
    /// New calls a second
    #[arg(long, alias = "calls-per-s", default_value_t = 50)]
    #[arg(value_parser = value_parser!(u32).range(1..=2_000))]
    setup_rate: u32,
    /// Media threads of confab; else what it chooses itself
    #[arg(long)]
    media_threads: Option<u32>,
    /// Print JSON instead of a table
    #[arg(long)]
    json: bool,
    /// A dozen calls at most for a second: shows that it works, measures nothing
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

/// Calls in a room when nothing is said.
const ROOM_SIZE: u32 = 20;

impl Args {
    pub fn plan(&self) -> Plan {
        let seconds = |s: u32| Duration::from_secs(s.into());
        let usual = match self.lecture {
            Some(_) => ALL_SIT_IN_ONE,
            None => ROOM_SIZE,
        };
        let room_size = self.room_size.unwrap_or(usual).min(self.calls);
        let plan = Plan {
            // the program is started in a folder of its own
            confab: std::path::absolute(&self.confab).unwrap_or_else(|_| self.confab.clone()),
            calls: self.calls as usize,
            room_size: room_size as usize,
            talkers: match self.lecture {
                Some(_) => 1,
                None => self.talkers.min(room_size - 1) as usize,
            },
            all_noisy: self.all_noisy,
            lecture: self.lecture,
            codec: self.codec,
            srtp: self.srtp,
            manner: Manner {
                open_line: self.open_lines,
                dtx: self.dtx,
            },
            idle_rooms: self.idle_rooms,
            length: seconds(self.seconds),
            settle: seconds(self.settle),
            setup_rate: self.setup_rate,
            media_threads: self.media_threads,
            json: self.json,
        };
        match self.tiny {
            false => plan,
            true => plan.tiny(),
        }
    }
}
