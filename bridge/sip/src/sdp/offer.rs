//! Reads the peer's description and chooses the stream and the codec.

use std::net::{IpAddr, SocketAddr};

use confab_core::audio::stream::{Codec, Direction, Offered, OpusWishes, Stream};
use sdp_types::{Attribute, Media, Session};

use super::mend::mend;
use super::{MediaLine, Terms, Unfit, mirrored};

/// Packet time when the peer has no usable wish, in milliseconds.
const PACKET_MS: u8 = 20;
/// Longest packet time we send with, in milliseconds.
const PACKET_MS_MAX: u8 = 60;
/// m-lines we are ready to mirror; no telephone comes near.
const LINES_MAX: usize = 32;

/// Reads an offer: the first audio line that we can take, and in it the first codec, in the
/// offerer's order, that we have.
pub(crate) fn read_offer(body: &[u8]) -> Result<Terms, Unfit> {
    let session = parse(body)?;
    let found = session
        .medias
        .iter()
        .enumerate()
        .find_map(|(index, media)| {
            let codec = codecs(media).next()?;
            takes(media).then_some((index, media, codec))
        });
    let (chosen, media, codec) = found.ok_or(Unfit::NoCommonCodec)?;
    let stream = stream(&session, media, codec)?;
    let lines = session.medias.iter().map(|media| MediaLine {
        media: media.media.clone(),
        proto: media.proto.clone(),
        formats: media.fmt.clone(),
    });
    Ok(Terms {
        stream,
        lines: lines.collect(),
        chosen,
    })
}

/// Reads the answer to an offer of ours, which had one audio line.
pub(crate) fn read_answer(body: &[u8]) -> Result<Stream, Unfit> {
    let session = parse(body)?;
    let media = session
        .medias
        .first()
        .filter(|m| takes(m))
        .ok_or(Unfit::NoCommonCodec)?;
    let codec = codecs(media).next().ok_or(Unfit::NoCommonCodec)?;
    stream(&session, media, codec)
}

fn parse(body: &[u8]) -> Result<Session, Unfit> {
    let session = Session::parse(mend(body).as_bytes()).map_err(|_| Unfit::Malformed)?;
    if session.medias.len() > LINES_MAX {
        return Err(Unfit::Malformed);
    }
    Ok(session)
}

fn takes(media: &Media) -> bool {
    media.media == "audio" && media.port != 0 && media.proto.eq_ignore_ascii_case("RTP/AVP")
}

/// The payload type with its codec, each that we have, in order of preference.
fn codecs(media: &Media) -> impl Iterator<Item = (u8, Codec)> {
    payload_types(media).filter_map(|payload_type| {
        let codec = match (rtpmap(media, payload_type), payload_type) {
            (Some(map), _) => match encoding(map)? {
                (name, 8000) if name.eq_ignore_ascii_case("PCMU") => Codec::Pcmu,
                (name, 8000) if name.eq_ignore_ascii_case("PCMA") => Codec::Pcma,
                _ => return None,
            },
            (None, 0) => Codec::Pcmu,
            (None, 8) => Codec::Pcma,
            (None, _) => return None,
        };
        Some((payload_type, codec))
    })
}

fn payload_types(media: &Media) -> impl Iterator<Item = u8> {
    let numbers = media
        .fmt
        .split_whitespace()
        .filter_map(|word| word.parse().ok());
    numbers.filter(|n| *n < 128)
}

/// The part of `a=rtpmap` after the payload type.
fn rtpmap(media: &Media, payload_type: u8) -> Option<&str> {
    values(&media.attributes, "rtpmap").find_map(|value| {
        let (number, map) = value.split_once(char::is_whitespace)?;
        (number.parse() == Ok(payload_type)).then_some(map.trim())
    })
}

/// Name and clock rate of `PCMU/8000` or `PCMU/8000/1`; `None` for several channels.
fn encoding(map: &str) -> Option<(&str, u32)> {
    let mut parts = map.split('/').map(str::trim);
    let (name, rate, channels) = (parts.next()?, parts.next()?, parts.next());
    let mono = channels.is_none_or(|c| c == "1");
    rate.parse().ok().filter(|_| mono).map(|rate| (name, rate))
}

fn values<'a>(attributes: &'a [Attribute], name: &'a str) -> impl Iterator<Item = &'a str> {
    let named = attributes
        .iter()
        .filter(move |a| a.attribute.eq_ignore_ascii_case(name));
    named.filter_map(|a| a.value.as_deref().map(str::trim))
}

fn stream(session: &Session, media: &Media, codec: (u8, Codec)) -> Result<Stream, Unfit> {
    let connection = media.connections.first().or(session.connection.as_ref());
    let connection = connection.ok_or(Unfit::Malformed)?;
    let ip = address(&connection.connection_address).ok_or(Unfit::Malformed)?;
    let remote = SocketAddr::new(ip, media.port);
    let theirs = direction(&media.attributes)
        .or_else(|| direction(&session.attributes))
        .unwrap_or_default();
    let mut ours = mirrored(theirs);
    if ip.is_unspecified() {
        // The hold of RFC 2543: there is nowhere to send to.
        ours = match ours {
            Direction::SendRecv => Direction::RecvOnly,
            Direction::SendOnly => Direction::Inactive,
            other => other,
        };
    }
    let events = payload_types(media).find(|payload_type| {
        let map = rtpmap(media, *payload_type).and_then(encoding);
        map.is_some_and(|(name, rate)| name.eq_ignore_ascii_case("telephone-event") && rate == 8000)
    });
    Ok(Stream {
        remote,
        remote_rtcp: rtcp(media, remote),
        codec: codec.1,
        payload_type: codec.0,
        event_payload_type: events,
        event_clock_hz: codec.1.clock_hz(),
        offered: Offered::default(),
        packet_ms: packet_ms(media),
        direction: ours,
        noise_payload_type: None,
        opus: OpusWishes::default(),
        srtp: None,
    })
}

/// A unicast address; names are not resolved, for a stranger could make us wait for them.
fn address(text: &str) -> Option<IpAddr> {
    let ip: IpAddr = text
        .split('/')
        .next()
        .unwrap_or_default()
        .trim()
        .parse()
        .ok()?;
    let broadcast = matches!(ip, IpAddr::V4(v4) if v4.is_broadcast());
    (!ip.is_multicast() && !broadcast).then_some(ip)
}

fn direction(attributes: &[Attribute]) -> Option<Direction> {
    attributes
        .iter()
        .find_map(|a| match a.attribute.to_ascii_lowercase().as_str() {
            "sendrecv" => Some(Direction::SendRecv),
            "sendonly" => Some(Direction::SendOnly),
            "recvonly" => Some(Direction::RecvOnly),
            "inactive" => Some(Direction::Inactive),
            _ => None,
        })
}

/// RFC 3605: `a=rtcp:port` or `a=rtcp:port IN IP4 address`; else one port above RTP.
fn rtcp(media: &Media, remote: SocketAddr) -> SocketAddr {
    let default = SocketAddr::new(remote.ip(), remote.port().saturating_add(1));
    let Some(value) = values(&media.attributes, "rtcp").next() else {
        return default;
    };
    let mut words = value.split_whitespace();
    let port = words
        .next()
        .and_then(|w| w.parse::<u16>().ok())
        .filter(|port| *port != 0);
    let ip = words.nth(2).and_then(address).unwrap_or(remote.ip());
    port.map_or(default, |port| SocketAddr::new(ip, port))
}

/// The peer's wish when it is a multiple of ten up to sixty, and never over `a=maxptime`.
fn packet_ms(media: &Media) -> u8 {
    let number = |name| {
        let value = values(&media.attributes, name).next()?;
        value.split('.').next()?.parse::<u32>().ok()
    };
    let fits = |ms: &u32| (10..=u32::from(PACKET_MS_MAX)).contains(ms) && ms.is_multiple_of(10);
    let wish = number("ptime")
        .filter(fits)
        .map_or(PACKET_MS, |ms| ms as u8);
    match number("maxptime") {
        Some(max) if max >= 10 => wish.min(u8::try_from(max / 10 * 10).unwrap_or(u8::MAX)),
        _ => wish,
    }
}
