//! Reads the peer's description and chooses the stream, its codec and its keys.

use std::net::{IpAddr, SocketAddr};

use confab_core::audio::stream::{Codec, Direction, Offered, OpusWishes, Srtp, Stream};
use sdp_types::{Attribute, Media, Session};

use super::crypto::Crypto;
use super::formats::{self, values};
use super::mend::mend;
use super::write::OurOffer;
use super::{MediaLine, Terms, Unfit, Wishes, mirrored};
use crate::SrtpPolicy;

/// m-lines we are ready to mirror; no telephone comes near.
const LINES_MAX: usize = 32;

/// What we would take of one m-line.
struct Choice {
    codec: (u8, Codec),
    /// none: plain RTP
    crypto: Option<Crypto>,
}

/// Reads an offer: the first audio line that we can take, an encrypted one before others, and in
/// it the codec that our wishes name first. `before`: what the call has agreed on so far, whose key
/// of ours is kept as long as theirs stays.
pub(crate) fn read_offer(
    body: &[u8],
    wishes: &Wishes,
    before: Option<&Stream>,
) -> Result<Terms, Unfit> {
    let session = parse(body)?;
    let mut found: Option<(usize, Choice)> = None;
    let mut why = Unfit::NoCommonCodec;
    for (index, media) in session.medias.iter().enumerate() {
        match choose(media, wishes) {
            Ok(choice) => {
                let better = found
                    .as_ref()
                    .is_none_or(|(_, had)| had.crypto.is_none() && choice.crypto.is_some());
                if better {
                    found = Some((index, choice));
                }
            }
            Err(unfit) if why == Unfit::NoCommonCodec => why = unfit,
            Err(_) => {}
        }
    }
    let (chosen, choice) = found.ok_or(why)?;
    let media = &session.medias[chosen];
    let mut stream = stream(&session, media, choice.codec)?;
    if wishes.comfort_noise {
        stream.noise_payload_type = formats::noise(media, stream.codec);
    }
    stream.srtp = choice.crypto.map(|theirs| {
        let kept = before
            .and_then(|before| before.srtp)
            .filter(|srtp| srtp.suite == theirs.suite && srtp.theirs == theirs.key);
        kept.unwrap_or_else(|| Srtp {
            suite: theirs.suite,
            ours: (wishes.fresh_key)(theirs.suite),
            theirs: theirs.key,
        })
    });
    let lines = session.medias.iter().map(|media| MediaLine {
        media: media.media.clone(),
        proto: media.proto.clone(),
        formats: media.fmt.clone(),
    });
    Ok(Terms {
        stream,
        lines: lines.collect(),
        chosen,
        crypto_tag: choice.crypto.map(|crypto| crypto.tag),
    })
}

fn choose(media: &Media, wishes: &Wishes) -> Result<Choice, Unfit> {
    let keys = || values(&media.attributes, "crypto").find_map(Crypto::read);
    let crypto = match (profile(media).ok_or(Unfit::NoCommonCodec)?, wishes.srtp) {
        (Profile::Secure, SrtpPolicy::Never) => return Err(Unfit::NoCommonCodec),
        (Profile::Secure, _) => Some(keys().ok_or(Unfit::NoUsableKey)?),
        // Encryption at best effort (RFC 8643) is taken where nothing else would be.
        (Profile::Plain, SrtpPolicy::Require) => Some(keys().ok_or(Unfit::MustEncrypt)?),
        (Profile::Plain, _) => None,
    };
    let codec = formats::best(media, &wishes.codecs).ok_or(Unfit::NoCommonCodec)?;
    Ok(Choice { codec, crypto })
}

/// Reads the answer to `ours`, which had one audio line.
pub(crate) fn read_answer(body: &[u8], ours: &OurOffer) -> Result<Stream, Unfit> {
    let session = parse(body)?;
    let media = session.medias.first().ok_or(Unfit::NoCommonCodec)?;
    let secure = profile(media).ok_or(Unfit::NoCommonCodec)? == Profile::Secure;
    if secure == ours.keys.is_empty() {
        return Err(Unfit::NoCommonCodec);
    }
    let taken = formats::codecs(media)
        .find(|(_, codec)| ours.number_of(*codec).is_some())
        .or_else(|| ours.codec_named_in(&media.fmt));
    let mut stream = stream(&session, media, taken.ok_or(Unfit::NoCommonCodec)?)?;
    // Only what was offered can have been agreed.
    let event_offered = ours.event_at(stream.event_clock_hz);
    stream.event_payload_type = stream
        .event_payload_type
        .filter(|_| event_offered.is_some());
    let other = |offered: Option<u8>, theirs: u8| offered.filter(|offered| *offered != theirs);
    stream.offered = Offered {
        payload_type: other(ours.number_of(stream.codec), stream.payload_type),
        event_payload_type: stream
            .event_payload_type
            .and_then(|theirs| other(event_offered, theirs)),
    };
    if ours.noise {
        stream.noise_payload_type = formats::noise(media, stream.codec);
    }
    if secure {
        stream.srtp = Some(agreed_keys(media, ours).ok_or(Unfit::NoUsableKey)?);
    }
    Ok(stream)
}

/// The key of theirs to the one of ours that they took.
fn agreed_keys(media: &Media, ours: &OurOffer) -> Option<Srtp> {
    let theirs = values(&media.attributes, "crypto").find_map(Crypto::read)?;
    let taken = ours
        .keys
        .iter()
        .find(|key| key.tag == theirs.tag && key.suite == theirs.suite)
        // Whoever gives us our own key back would be taken for us, and we for them.
        .filter(|key| key.key != theirs.key)?;
    Some(Srtp {
        suite: taken.suite,
        ours: taken.key,
        theirs: theirs.key,
    })
}

fn parse(body: &[u8]) -> Result<Session, Unfit> {
    let session = Session::parse(mend(body).as_bytes()).map_err(|_| Unfit::Malformed)?;
    if session.medias.len() > LINES_MAX {
        return Err(Unfit::Malformed);
    }
    Ok(session)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Profile {
    Plain,
    Secure,
}

/// How an audio line is carried, when it is one that we can take.
fn profile(media: &Media) -> Option<Profile> {
    if media.media != "audio" || media.port == 0 {
        return None;
    }
    match media.proto.to_ascii_uppercase().as_str() {
        "RTP/AVP" => Some(Profile::Plain),
        "RTP/SAVP" => Some(Profile::Secure),
        _ => None,
    }
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
    let (payload_type, codec) = codec;
    let events = formats::events(media, codec);
    let opus = match codec {
        Codec::Opus => formats::opus_wishes(media, payload_type),
        _ => OpusWishes::default(),
    };
    Ok(Stream {
        remote,
        remote_rtcp: rtcp(media, remote),
        codec,
        payload_type,
        event_payload_type: events.map(|(number, _)| number),
        event_clock_hz: events.map_or(codec.clock_hz(), |(_, clock)| clock),
        offered: Offered::default(),
        packet_ms: formats::packet_ms(media, codec),
        direction: ours,
        noise_payload_type: None,
        opus,
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
