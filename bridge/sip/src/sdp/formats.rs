//! The formats of an m-line: which codecs it names by which numbers, and what goes with them.
//! Chooses by the order of our wishes. Knows no address and no key.

use confab_core::audio::stream::{COMFORT_NOISE, Codec, OpusWishes};
use sdp_types::{Attribute, Media};

/// The bit rates Opus can have, in bit/s (RFC 7587, 6.1).
const OPUS_BITRATES: std::ops::RangeInclusive<u32> = 6_000..=510_000;
/// The rates up to which Opus can be played, in Hz.
const OPUS_RATES: std::ops::RangeInclusive<u32> = 8_000..=48_000;
/// Packet time when the peer has no usable wish, in milliseconds.
const PACKET_MS: u8 = 20;
/// Longest packet time we send with, in milliseconds.
pub(super) const PACKET_MS_MAX: u8 = 60;

/// The payload type with its codec, each that we know, in the order of the line.
pub(super) fn codecs(media: &Media) -> impl Iterator<Item = (u8, Codec)> {
    payload_types(media).filter_map(|payload_type| {
        let codec = match (rtpmap(media, payload_type), payload_type) {
            (Some(map), _) => codec_of(&encoding(map)?)?,
            (None, 0) => Codec::Pcmu,
            (None, 8) => Codec::Pcma,
            (None, 9) => Codec::G722,
            (None, _) => return None,
        };
        Some((payload_type, codec))
    })
}

/// The best codec of the line by the order of `wishes`; of the two laws of G.711, which sound
/// alike, the one that the peer names first.
pub(super) fn best(media: &Media, wishes: &[Codec]) -> Option<(u8, Codec)> {
    let ranked = codecs(media).filter_map(|found| Some((rank(wishes, found.1)?, found)));
    ranked.min_by_key(|(rank, _)| *rank).map(|(_, found)| found)
}

fn rank(wishes: &[Codec], codec: Codec) -> Option<usize> {
    let own = wishes.iter().position(|wish| *wish == codec)?;
    let alike = |wish: &Codec| wish.law().is_some() && codec.law().is_some();
    wishes.iter().position(alike).or(Some(own))
}

/// Number and clock of `telephone-event`: at the clock of `codec`, else at 8,000 Hz, which is all
/// that some phones know beside Opus.
pub(super) fn events(media: &Media, codec: Codec) -> Option<(u8, u32)> {
    let at = |clock: u32| {
        let is_event = |payload_type: &u8| {
            let map = rtpmap(media, *payload_type).and_then(encoding);
            map.is_some_and(|map| map.is("telephone-event", clock))
        };
        Some((payload_types(media).find(is_event)?, clock))
    };
    at(codec.clock_hz()).or_else(|| at(8_000))
}

/// Number of comfort noise; Opus has its own.
pub(super) fn noise(media: &Media, codec: Codec) -> Option<u8> {
    let is_noise = |payload_type: &u8| match rtpmap(media, *payload_type) {
        Some(map) => encoding(map).is_some_and(|map| map.is("CN", 8_000)),
        None => *payload_type == COMFORT_NOISE,
    };
    payload_types(media)
        .find(is_noise)
        .filter(|_| codec != Codec::Opus)
}

/// The parameters of Opus with this number. What cannot be is as if it were not said.
pub(super) fn opus_wishes(media: &Media, payload_type: u8) -> OpusWishes {
    let mut wishes = OpusWishes::default();
    let lines = values(&media.attributes, "fmtp").filter_map(|value| {
        let (number, params) = value.split_once(char::is_whitespace)?;
        (number.parse() == Ok(payload_type)).then_some(params)
    });
    for param in lines.flat_map(|params| params.split(';')) {
        let (name, value) = param.split_once('=').unwrap_or((param, ""));
        let value: Option<u32> = value.trim().parse().ok();
        match (name.trim().to_ascii_lowercase().as_str(), value) {
            ("useinbandfec", Some(value)) => wishes.inband_fec = value == 1,
            ("usedtx", Some(value)) => wishes.dtx = value == 1,
            ("maxaveragebitrate", Some(value)) if OPUS_BITRATES.contains(&value) => {
                wishes.bitrate_max = Some(value);
            }
            ("maxplaybackrate", Some(value)) if OPUS_RATES.contains(&value) => {
                wishes.playback_hz_max = value;
            }
            _ => {}
        }
    }
    wishes
}

/// The peer's wish when it is a multiple of ten up to sixty, and never over `a=maxptime`; of Opus
/// what one frame of it can be.
pub(super) fn packet_ms(media: &Media, codec: Codec) -> u8 {
    let number = |name| {
        let value = values(&media.attributes, name).next()?;
        value.split('.').next()?.parse::<u32>().ok()
    };
    let fits = |ms: &u32| (10..=u32::from(PACKET_MS_MAX)).contains(ms) && ms.is_multiple_of(10);
    let wish = number("ptime")
        .filter(fits)
        .map_or(PACKET_MS, |ms| ms as u8);
    let ms = match number("maxptime") {
        Some(max) if max >= 10 => wish.min(u8::try_from(max / 10 * 10).unwrap_or(u8::MAX)),
        _ => wish,
    };
    match (codec, ms) {
        (Codec::Opus, 30) => 20,
        (Codec::Opus, 50) => 40,
        _ => ms,
    }
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

/// `NAME/CLOCK` or `NAME/CLOCK/CHANNELS`.
struct Encoding<'a> {
    name: &'a str,
    clock: u32,
    channels: u8,
}

impl Encoding<'_> {
    /// One channel of this.
    fn is(&self, name: &str, clock: u32) -> bool {
        self.name.eq_ignore_ascii_case(name) && self.clock == clock && self.channels == 1
    }
}

fn encoding(map: &str) -> Option<Encoding<'_>> {
    let mut parts = map.split('/').map(str::trim);
    Some(Encoding {
        name: parts.next()?,
        clock: parts.next()?.parse().ok()?,
        channels: parts.next().map_or(Some(1), |n| n.parse().ok())?,
    })
}

fn codec_of(map: &Encoding<'_>) -> Option<Codec> {
    // Opus always says two channels, whatever is in it (RFC 7587, 7); some forget them.
    if map.name.eq_ignore_ascii_case("opus") {
        return (map.clock == 48_000 && map.channels <= 2).then_some(Codec::Opus);
    }
    let mono = [
        ("PCMU", Codec::Pcmu),
        ("PCMA", Codec::Pcma),
        ("G722", Codec::G722),
    ];
    mono.into_iter()
        .find(|(name, _)| map.is(name, 8_000))
        .map(|(_, codec)| codec)
}

/// The values of all attributes of this name.
pub(super) fn values<'a>(
    attributes: &'a [Attribute],
    name: &'a str,
) -> impl Iterator<Item = &'a str> {
    let named = attributes
        .iter()
        .filter(move |a| a.attribute.eq_ignore_ascii_case(name));
    named.filter_map(|a| a.value.as_deref().map(str::trim))
}
