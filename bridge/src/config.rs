//! The configuration: one table of keys, each with its default, its unit and its environment
//! variable. File and environment go through the same parsers; all mistakes are told at once.

mod keys;
mod reader;
mod source;
mod values;

use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use confab_dtmf::layout::Layouts;
use confab_sip::{Listen, MediaWishes, Transport, Trunk};

pub use keys::{KEYS, KeySpec};
use reader::Reader;
pub use source::Environment;
use source::Source;

/// Everything that can be set, parsed and checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// folder of everything Confab keeps
    pub data_dir: PathBuf,
    /// `sqlite:PATH` or `postgres://...`
    pub database_url: String,
    /// where SIP listens
    pub sip_listen: Vec<Listen>,
    /// requests a second that one source may send before it is ignored for a while
    pub sip_source_rate_per_s: u32,
    /// where calls of ours go; without it nobody can be called
    pub sip_trunk: Option<Trunk>,
    /// what may be agreed on for a call's sound
    pub media: MediaWishes,
    /// address RTP is bound to and named in SDP
    pub media_address: IpAddr,
    /// RTP ports, even ones for RTP and the odd ones above for RTCP
    pub rtp_ports: RangeInclusive<u16>,
    /// media threads
    pub media_threads: usize,
    /// packets go out by io_uring where the system allows it
    pub io_uring: bool,
    /// the system drops most packets of who may not speak or is exactly silent, where it can
    pub drop_unheard: bool,
    /// media threads whose ticks are usually done later than this get no new calls, microseconds
    pub busy_tick_us: u32,
    /// a line is dead after this many seconds without a packet
    pub dead_line_seconds: u32,
    /// where the portal, `/health` and `/metrics` listen
    pub http_listen: SocketAddr,
    /// connections to it at once
    pub http_connections: usize,
    /// those of one address
    pub http_connections_per_address: usize,
    /// recordings are kept this many days
    pub recording_keep_days: u32,
    /// log filter
    pub log: String,
    /// log lines are JSON
    pub log_json: bool,
    /// keypads that rooms may be given
    pub layouts: Arc<Layouts>,
    /// where the data is was said, and is not the default under the current folder
    pub place_is_said: bool,
    /// what may be meant so and may be a mistake, in words
    pub warnings: Vec<String>,
}

/// All mistakes found, one a line.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the configuration has mistakes:\n{0}")]
pub struct ConfigError(pub String);

impl ConfigError {
    fn new(mistakes: &[String]) -> Self {
        let lines: Vec<String> = mistakes.iter().map(|it| format!("  {it}")).collect();
        Self(lines.join("\n"))
    }
}

impl Config {
    /// Where callers on the network reach what listens on `addr`: every address means the one that
    /// media has.
    pub fn reached_at(&self, addr: SocketAddr) -> SocketAddr {
        if addr.ip().is_unspecified() {
            SocketAddr::new(self.media_address, addr.port())
        } else {
            addr
        }
    }

    /// `HOST[:PORT][;transport=tcp]` of the first place where SIP listens, for a SIP URI.
    pub fn sip_host(&self) -> String {
        let first = self.sip_listen.first();
        let listen = first.map_or(SocketAddr::new(self.media_address, 5060), |l| l.addr);
        let addr = self.reached_at(listen);
        let host = match addr {
            _ if addr.port() != 5060 => addr.to_string(),
            SocketAddr::V4(v4) => v4.ip().to_string(),
            SocketAddr::V6(v6) => format!("[{}]", v6.ip()),
        };
        match first.map(|listen| listen.transport) {
            Some(Transport::Tcp) => host + ";transport=tcp",
            _ => host,
        }
    }

    /// Reads `file` (when given) and the environment, which wins.
    ///
    /// # Errors
    /// Every mistake at once, in words.
    pub fn load(file: Option<&Path>, env: &Environment) -> Result<Self, ConfigError> {
        let (source, complaints) = Source::read(file, env);
        Reader::new(source, complaints).config()
    }

    /// The folder of the MP3 files.
    pub fn recordings_dir(&self) -> PathBuf {
        self.data_dir.join("recordings")
    }
}

#[cfg(test)]
mod tests;
