//! The configuration: one table of keys, each with its default, its unit and its environment
//! variable. File and environment go through the same parsers; all mistakes are told at once.

use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use confab_core::audio::stream::Codec;
use confab_dtmf::layout::Layouts;
use confab_sip::{Listen, MediaWishes, Transport, Trunk};

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
    /// media threads whose ticks are usually done later than this get no new calls, microseconds
    pub busy_tick_us: u32,
    /// a line is dead after this many seconds without a packet
    pub dead_line_seconds: u32,
    /// where the portal, `/health` and `/metrics` listen
    pub http_listen: SocketAddr,
    /// recordings are kept this many days
    pub recording_keep_days: u32,
    /// log filter
    pub log: String,
    /// log lines are JSON
    pub log_json: bool,
    /// keypads that rooms may be given
    pub layouts: Arc<Layouts>,
}

/// One key of the configuration, as the documentation and `confab check` show it.
#[derive(Debug)]
pub struct KeySpec {
    /// name in the file; upper case behind `CONFAB_` in the environment
    pub name: &'static str,
    /// value when nothing is said
    pub default: &'static str,
    /// what it is, with its unit
    pub help: &'static str,
}

/// Every key there is.
pub const KEYS: &[KeySpec] = &[
    KeySpec {
        name: "data_dir",
        default: "./data",
        help: "folder of everything Confab keeps",
    },
    KeySpec {
        name: "database_url",
        default: "",
        help: "sqlite:PATH or postgres://USER:PASSWORD@HOST/NAME; empty: confab.db in data_dir",
    },
    KeySpec {
        name: "sip_listen",
        default: "udp:0.0.0.0:5060,tcp:0.0.0.0:5060",
        help: "where SIP listens: TRANSPORT:ADDRESS:PORT, separated by commas",
    },
    KeySpec {
        name: "sip_source_rate_per_s",
        default: "500",
        help: "SIP messages a second one source may send before it is ignored for a while",
    },
    KeySpec {
        name: "sip_trunk",
        default: "",
        help: "where calls to be placed go: sip:HOST:PORT;transport=udp, or tcp; empty: nowhere",
    },
    KeySpec {
        name: "sip_trunk_user",
        default: "",
        help: "name for the trunk's digest challenges; empty: none is answered",
    },
    KeySpec {
        name: "sip_trunk_password",
        default: "",
        help: "password for the trunk's digest challenges",
    },
    KeySpec {
        name: "sip_trunk_from",
        default: "",
        help: "who calls, always: sip:USER@HOST; empty: the number that the room was dialled by",
    },
    KeySpec {
        name: "codecs",
        default: "pcma,pcmu",
        help: "codecs, the best first, of opus, g722, pcma and pcmu; of the last two the caller chooses",
    },
    KeySpec {
        name: "media_address",
        default: "auto",
        help: "address RTP is bound to and callers are told; auto: the one of the default route",
    },
    KeySpec {
        name: "rtp_ports",
        default: "20000-29999",
        help: "RTP and RTCP ports, FIRST-LAST",
    },
    KeySpec {
        name: "media_threads",
        default: "auto",
        help: "number of media threads; auto: one for each core but one",
    },
    KeySpec {
        name: "busy_tick_us",
        default: "14000",
        help: "new calls are refused while a tick takes so many microseconds of its 20,000",
    },
    KeySpec {
        name: "dead_line_seconds",
        default: "30",
        help: "a line without a packet for so many seconds has hung up",
    },
    KeySpec {
        name: "http_listen",
        default: "0.0.0.0:8080",
        help: "where the portal listens",
    },
    KeySpec {
        name: "recording_keep_days",
        default: "365",
        help: "recordings are deleted after so many days",
    },
    KeySpec {
        name: "log",
        default: "info",
        help: "log filter: error, warn, info, debug, or target=level pairs with commas",
    },
    KeySpec {
        name: "log_json",
        default: "false",
        help: "true: one JSON object a log line",
    },
    KeySpec {
        name: "layouts",
        default: "",
        help: "keypads beside openvoice and star-six: [layouts.NAME] with \"*2\" = \"toggle_mute\" lines",
    },
];

/// All mistakes found, one a line.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the configuration has mistakes:\n{0}")]
pub struct ConfigError(pub String);

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
    pub fn load(
        file: Option<&Path>,
        env: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, ConfigError> {
        let mut reader = Reader {
            mistakes: String::new(),
            file: toml::Table::new(),
            env,
        };
        if let Some(path) = file {
            reader.read_file(path);
        }
        let config = reader.config();
        if reader.mistakes.is_empty() {
            Ok(config)
        } else {
            Err(ConfigError(reader.mistakes))
        }
    }

    /// The folder of the MP3 files.
    pub fn recordings_dir(&self) -> PathBuf {
        self.data_dir.join("recordings")
    }
}

struct Reader<'a> {
    mistakes: String,
    file: toml::Table,
    env: &'a dyn Fn(&str) -> Option<String>,
}

impl Reader<'_> {
    fn read_file(&mut self, path: &Path) {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(e) => return self.mistake(&format!("{}: {e}", path.display())),
        };
        match text.parse::<toml::Table>() {
            Ok(table) => self.file = table,
            Err(e) => return self.mistake(&format!("{}: {}", path.display(), e.message())),
        }
        let unknown: Vec<String> = self
            .file
            .keys()
            .filter(|key| KEYS.iter().all(|spec| spec.name != key.as_str()))
            .cloned()
            .collect();
        for key in unknown {
            let known: Vec<_> = KEYS.iter().map(|spec| spec.name).collect();
            self.mistake(&format!(
                "{key}: there is no such key; there are {}",
                known.join(", ")
            ));
        }
    }

    fn mistake(&mut self, words: &str) {
        let _ = writeln!(self.mistakes, "  {words}");
    }

    fn raw(&self, name: &str) -> String {
        if let Some(value) = (self.env)(&format!("CONFAB_{}", name.to_uppercase())) {
            return value;
        }
        match self.file.get(name) {
            Some(toml::Value::String(text)) => text.clone(),
            // written as a file of its own would be, which is how the environment gives it
            Some(toml::Value::Table(table)) => table.to_string(),
            Some(other) => other.to_string(),
            None => KEYS
                .iter()
                .find(|spec| spec.name == name)
                .map(|spec| spec.default.to_owned())
                .expect("only keys of the table are read"),
        }
    }

    /// The value of `name` by `parse`; a mistake is noted and the stand-in taken, so that the
    /// reading goes on and finds the others.
    fn get<T>(&mut self, name: &str, stand_in: T, parse: impl Fn(&str) -> Result<T, String>) -> T {
        let raw = self.raw(name);
        parse(raw.trim()).unwrap_or_else(|why| {
            self.mistake(&format!("{name} = {raw:?}: {why}"));
            stand_in
        })
    }

    /// The trunk of four keys; whatever says more about a trunk that is not there is a mistake.
    fn trunk(&mut self) -> Option<Trunk> {
        let some = |raw: &str| (!raw.is_empty()).then(|| raw.to_owned());
        let trunk = self.get("sip_trunk", None, |raw| {
            some(raw).map(|uri| Trunk::parse(&uri)).transpose()
        });
        let user = self.raw("sip_trunk_user");
        let password = self.raw("sip_trunk_password");
        let from = self.get("sip_trunk_from", None, |raw| match (&trunk, some(raw)) {
            (Some(trunk), Some(uri)) => trunk.clone().with_from(&uri).map(Some),
            _ => Ok(None),
        });
        if user.is_empty() != password.is_empty() {
            self.mistake("sip_trunk_user and sip_trunk_password: one is set without the other");
        }
        let trunk = from.or(trunk)?;
        Some(match some(&user) {
            Some(user) => trunk.with_credentials(&user, &password),
            None => trunk,
        })
    }

    fn config(&mut self) -> Config {
        let data_dir = PathBuf::from(self.raw("data_dir"));
        let embedded = format!("sqlite:{}", data_dir.join("confab.db").display());
        Config {
            database_url: self.get("database_url", String::new(), |raw| match raw {
                "" => Ok(embedded.clone()),
                url if ["sqlite:", "postgres://", "postgresql://"]
                    .iter()
                    .any(|scheme| url.starts_with(scheme)) =>
                {
                    Ok(url.to_owned())
                }
                _ => Err("it begins with sqlite: or postgres://".to_owned()),
            }),
            sip_listen: self.get("sip_listen", Vec::new(), parse_listen),
            sip_source_rate_per_s: self.get("sip_source_rate_per_s", 1, number(1..=1_000_000)),
            sip_trunk: self.trunk(),
            media: MediaWishes {
                codecs: self.get("codecs", Vec::new(), parse_codecs),
                ..MediaWishes::default()
            },
            media_address: self.get("media_address", LOCALHOST, parse_media_address),
            rtp_ports: self.get("rtp_ports", 0..=0, parse_ports),
            media_threads: self.get("media_threads", 1, parse_threads),
            busy_tick_us: self.get("busy_tick_us", 14_000, number(1..=20_000)),
            dead_line_seconds: self.get("dead_line_seconds", 30, number(1..=3600)),
            http_listen: self.get("http_listen", SocketAddr::from(([0, 0, 0, 0], 0)), |raw| {
                raw.parse()
                    .map_err(|_| "it is ADDRESS:PORT, such as 0.0.0.0:8080".to_owned())
            }),
            recording_keep_days: self.get("recording_keep_days", 365, number(1..=36_500)),
            log: self.raw("log"),
            log_json: self.get("log_json", false, |raw| {
                raw.parse().map_err(|_| "it is true or false".to_owned())
            }),
            layouts: self.layouts(),
            data_dir,
        }
    }

    fn layouts(&mut self) -> Arc<Layouts> {
        let mut layouts = Layouts::shipped();
        let raw = self.raw("layouts");
        let added = match raw.parse::<toml::Table>() {
            Ok(tables) => layouts.add(&tables),
            Err(e) => Err(vec![e.message().to_owned()]),
        };
        for mistake in added.err().into_iter().flatten() {
            self.mistake(&format!("layouts: {mistake}"));
        }
        Arc::new(layouts)
    }
}

const LOCALHOST: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

fn number<T>(allowed: RangeInclusive<T>) -> impl Fn(&str) -> Result<T, String>
where
    T: FromStr + PartialOrd + std::fmt::Display,
{
    move |raw| match raw.parse::<T>() {
        Ok(value) if allowed.contains(&value) => Ok(value),
        _ => Err(format!(
            "it is a whole number, {} to {}",
            allowed.start(),
            allowed.end()
        )),
    }
}

fn parse_listen(raw: &str) -> Result<Vec<Listen>, String> {
    let one = |item: &str| {
        let (transport, addr) = item.trim().split_once(':')?;
        let transport = match transport.to_ascii_lowercase().as_str() {
            "udp" => Transport::Udp,
            "tcp" => Transport::Tcp,
            _ => return None,
        };
        Some(Listen {
            transport,
            addr: addr.parse().ok()?,
        })
    };
    raw.split(',')
        .map(|item| {
            one(item).ok_or_else(|| {
                format!(
                    "{item:?} is not udp:ADDRESS:PORT or tcp:ADDRESS:PORT, with a number as address"
                )
            })
        })
        .collect()
}

fn parse_codecs(raw: &str) -> Result<Vec<Codec>, String> {
    let mut codecs = Vec::new();
    for name in raw.split(',').map(str::trim) {
        let codec = match name.to_ascii_lowercase().as_str() {
            "opus" => Codec::Opus,
            "g722" => Codec::G722,
            "pcma" => Codec::Pcma,
            "pcmu" => Codec::Pcmu,
            _ => return Err(format!("{name:?} is none of opus, g722, pcma, pcmu")),
        };
        if codecs.contains(&codec) {
            return Err(format!("{name} is named twice"));
        }
        codecs.push(codec);
    }
    Ok(codecs)
}

fn parse_media_address(raw: &str) -> Result<IpAddr, String> {
    if raw == "auto" {
        return Ok(default_route_address());
    }
    match raw.parse::<IpAddr>() {
        Ok(ip) if ip.is_unspecified() => {
            Err("callers cannot send to it; give the address they reach, or auto".to_owned())
        }
        Ok(ip) => Ok(ip),
        Err(_) => Err("it is an IP address, or auto".to_owned()),
    }
}

/// The address of the interface that the default route leaves by; connecting a UDP socket asks the
/// system's routing table and sends nothing.
fn default_route_address() -> IpAddr {
    // an address of RFC 5737, which belongs to nobody
    let probe = || {
        let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).ok()?;
        socket.connect((Ipv4Addr::new(192, 0, 2, 1), 9)).ok()?;
        socket.local_addr().ok().map(|addr| addr.ip())
    };
    probe().unwrap_or(LOCALHOST)
}

fn parse_ports(raw: &str) -> Result<RangeInclusive<u16>, String> {
    let parsed = raw.split_once('-').and_then(|(first, last)| {
        Some((
            first.trim().parse::<u16>().ok()?,
            last.trim().parse::<u16>().ok()?,
        ))
    });
    match parsed {
        Some((first, last)) if first >= 1024 && last > first => Ok(first..=last),
        _ => Err("it is FIRST-LAST, two ports from 1024 to 65535, the second larger".to_owned()),
    }
}

fn parse_threads(raw: &str) -> Result<usize, String> {
    if raw == "auto" {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        return Ok(cores.saturating_sub(1).max(1));
    }
    number(1..=256)(raw)
}

#[cfg(test)]
mod tests;
