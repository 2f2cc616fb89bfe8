//! Makes a [`Config`] of the texts of file and environment: every key through its parser, and
//! what belongs together looked at together.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use confab_dtmf::layout::Layouts;
use confab_sip::{MediaWishes, SrtpPolicy, Trunk};

use super::source::{Complaints, Source};
use super::values::{
    LOCALHOST, number, parse_codecs, parse_flag, parse_listen, parse_log, parse_media_address,
    parse_ports, parse_srtp, parse_threads,
};
use super::{Config, ConfigError};
use crate::media;

/// Reads key after key and keeps what is wrong with them.
pub(super) struct Reader {
    source: Source,
    complaints: Complaints,
}

impl Reader {
    /// Goes on with what was complained of before.
    pub fn new(source: Source, complaints: Complaints) -> Self {
        Self { source, complaints }
    }

    fn mistake(&mut self, words: impl Into<String>) {
        self.complaints.mistakes.push(words.into());
    }

    /// The value of `name` by `parse`; a mistake is noted and the stand-in taken, so that the
    /// reading goes on and finds the others.
    fn get<T>(&mut self, name: &str, stand_in: T, parse: impl Fn(&str) -> Result<T, String>) -> T {
        let raw = self.source.raw(name);
        parse(raw.trim()).unwrap_or_else(|why| {
            let (shown, place) = (without_password(&raw), self.source.place(name));
            self.mistake(format!("{name} = {shown:?}: {why} ({place})"));
            stand_in
        })
    }

    /// The trunk of four keys; whatever says more about a trunk that is not there is a mistake.
    fn trunk(&mut self) -> Option<Trunk> {
        let some = |raw: &str| (!raw.is_empty()).then(|| raw.to_owned());
        let trunk = self.get("sip_trunk", None, |raw| {
            some(raw).map(|uri| Trunk::parse(&uri)).transpose()
        });
        let user = self.source.raw("sip_trunk_user");
        let password = self.source.raw("sip_trunk_password");
        let from = self.get("sip_trunk_from", None, |raw| match (&trunk, some(raw)) {
            (Some(trunk), Some(uri)) => trunk.clone().with_from(&uri).map(Some),
            _ => Ok(None),
        });
        if user.is_empty() != password.is_empty() {
            self.mistake("sip_trunk_user and sip_trunk_password: one is set without the other");
        }
        if self.source.raw("sip_trunk").is_empty() {
            for key in ["sip_trunk_user", "sip_trunk_password", "sip_trunk_from"] {
                if !self.source.raw(key).is_empty() {
                    let place = self.source.place(key);
                    self.mistake(format!("{key} is set, but there is no sip_trunk ({place})"));
                }
            }
        }
        let trunk = from.or(trunk)?;
        Some(match some(&user) {
            Some(user) => trunk.with_credentials(&user, &password),
            None => trunk,
        })
    }

    fn media_address(&mut self) -> IpAddr {
        let address = self.get("media_address", LOCALHOST, parse_media_address);
        if media::bound_at(address) != address {
            self.complaints.warnings.push(format!(
                "media_address = {address} is no address of this machine: right behind a NAT that \
                 sends the RTP ports on to it, and wrong anywhere else"
            ));
        }
        address
    }

    /// Reads every key.
    pub fn config(mut self) -> Result<Config, ConfigError> {
        let config = self.every_key();
        let Complaints { mistakes, warnings } = self.complaints;
        match mistakes.is_empty() {
            true => Ok(Config { warnings, ..config }),
            false => Err(ConfigError::new(&mistakes)),
        }
    }

    fn every_key(&mut self) -> Config {
        let data_dir = self.get("data_dir", PathBuf::new(), |raw| match raw {
            "" => Err("it names no folder".to_owned()),
            path => Ok(PathBuf::from(path)),
        });
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
                comfort_noise: self.get("comfort_noise", true, parse_flag),
                srtp: self.get("srtp", SrtpPolicy::Accept, parse_srtp),
            },
            media_address: self.media_address(),
            rtp_ports: self.get("rtp_ports", 0..=0, parse_ports),
            io_uring: self.get("io_uring", true, parse_flag),
            drop_unheard: self.get("drop_unheard", true, parse_flag),
            media_threads: self.get("media_threads", 1, parse_threads),
            busy_tick_us: self.get("busy_tick_us", 14_000, number(1..=20_000)),
            dead_line_seconds: self.get("dead_line_seconds", 30, number(1..=3600)),
            http_listen: self.get("http_listen", SocketAddr::from(([0, 0, 0, 0], 0)), |raw| {
                raw.parse()
                    .map_err(|_| "it is ADDRESS:PORT, such as 0.0.0.0:8080".to_owned())
            }),
            http_connections: self.get("http_connections", 1, number(1..=1_000_000)),
            http_connections_per_address: self.get(
                "http_connections_per_address",
                1,
                number(1..=1_000_000),
            ),
            recording_keep_days: self.get("recording_keep_days", 365, number(1..=36_500)),
            log: self.get("log", String::new(), parse_log),
            log_json: self.get("log_json", false, parse_flag),
            layouts: self.layouts(),
            data_dir,
            place_is_said: self.source.says_where(),
            warnings: Vec::new(),
        }
    }

    fn layouts(&mut self) -> Arc<Layouts> {
        let mut layouts = Layouts::shipped();
        let raw = self.source.raw("layouts");
        let added = match raw.parse::<toml::Table>() {
            Ok(tables) => layouts.add(&tables),
            Err(e) => Err(vec![e.message().to_owned()]),
        };
        for mistake in added.err().into_iter().flatten() {
            let place = self.source.place("layouts");
            self.mistake(format!("layouts: {mistake} ({place})"));
        }
        Arc::new(layouts)
    }
}

/// A value for a message: what stands before an `@` may be a password.
fn without_password(raw: &str) -> String {
    let secret = raw.split_once('@').and_then(|_| {
        let scheme = raw.find(':')?;
        let start = scheme + 1 + raw[scheme + 1..].find(':')? + 1;
        let end = raw.rfind('@')?;
        (start < end).then_some(start..end)
    });
    match secret {
        Some(range) => format!("{}...{}", &raw[..range.start], &raw[range.end..]),
        None => raw.to_owned(),
    }
}
