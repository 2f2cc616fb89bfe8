//! What one value of the configuration may be. Each function takes the text and gives the value, or
//! says in words what is allowed.

use std::net::{IpAddr, Ipv4Addr, UdpSocket};
use std::ops::RangeInclusive;
use std::str::FromStr;

use confab_core::audio::stream::Codec;
use confab_sip::{Listen, SrtpPolicy, Transport};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

pub(super) const LOCALHOST: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

pub(super) fn number<T>(allowed: RangeInclusive<T>) -> impl Fn(&str) -> Result<T, String>
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

pub(super) fn parse_listen(raw: &str) -> Result<Vec<Listen>, String> {
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

pub(super) fn parse_codecs(raw: &str) -> Result<Vec<Codec>, String> {
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

pub(super) fn parse_srtp(raw: &str) -> Result<SrtpPolicy, String> {
    match raw.to_ascii_lowercase().as_str() {
        "never" => Ok(SrtpPolicy::Never),
        "accept" => Ok(SrtpPolicy::Accept),
        "require" => Ok(SrtpPolicy::Require),
        _ => Err("it is never, accept or require".to_owned()),
    }
}

pub(super) fn parse_flag(raw: &str) -> Result<bool, String> {
    raw.parse().map_err(|_| "it is true or false".to_owned())
}

pub(super) fn parse_media_address(raw: &str) -> Result<IpAddr, String> {
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

pub(super) fn parse_ports(raw: &str) -> Result<RangeInclusive<u16>, String> {
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

pub(super) fn parse_threads(raw: &str) -> Result<usize, String> {
    if raw == "auto" {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        return Ok(cores.saturating_sub(1).max(1));
    }
    number(1..=256)(raw)
}

/// A filter of [`EnvFilter`]. A word alone must be a level: the filter would take `inof` for the
/// name of a module, and then be silent.
pub(super) fn parse_log(raw: &str) -> Result<String, String> {
    let is_wrong = |directive: &&str| {
        let is_word = !directive.contains(['=', '[']);
        let is_level = directive.parse::<LevelFilter>().is_ok();
        (is_word && !is_level) || EnvFilter::try_new(directive).is_err()
    };
    let mut directives = raw.split(',').map(str::trim).filter(|it| !it.is_empty());
    match directives.find(is_wrong) {
        Some(it) => Err(format!(
            "{it:?} is neither off, error, warn, info, debug or trace nor TARGET=LEVEL"
        )),
        None => Ok(raw.to_owned()),
    }
}
