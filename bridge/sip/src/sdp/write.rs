//! The text of our descriptions, and their version (RFC 3264, 5 and 8).

use std::fmt::Write as _;
use std::net::SocketAddr;

use confab_core::audio::stream::{COMFORT_NOISE, Codec, Direction, Stream};

use super::crypto::{Crypto, SUITES};
use super::formats::PACKET_MS_MAX;
use super::{Terms, Wishes, address_words, rtpmap_of, static_payload_type, word_of};
use crate::SrtpPolicy;

/// The payload types we give `telephone-event` in our own offers, each with its clock.
const EVENT_PAYLOAD_TYPES: [(u8, u32); 2] = [(101, 8_000), (110, 48_000)];
/// The first payload type that belongs to nobody (RFC 3551, 6).
const FIRST_DYNAMIC: u8 = 96;
/// What we ask of a sender of Opus (RFC 7587, 6.1): to repeat each packet coarsely in the next, to
/// send nothing in silence, and at most so much that one caller costs no more than a G.711 one.
const OPUS_PARAMETERS: &str = "useinbandfec=1;usedtx=1;maxaveragebitrate=64000;\
    maxplaybackrate=48000;stereo=0;sprop-stereo=0";

/// The `o=` line of one call: its version rises whenever what follows it changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Origin {
    id: u64,
    version: u64,
    last: String,
}

impl Origin {
    /// A session with this number, not described yet.
    pub fn new(id: u64) -> Self {
        Self {
            id,
            version: 0,
            last: String::new(),
        }
    }

    /// Puts the lines that never change before `lines`.
    fn describe(&mut self, local: SocketAddr, lines: String) -> String {
        if lines != self.last {
            self.version += 1;
            self.last = lines;
        }
        let (words, id, version) = (address_words(local), self.id, self.version);
        let last = &self.last;
        format!("v=0\r\no=- {id} {version} {words}\r\ns=-\r\nc={words}\r\nt=0 0\r\n{last}")
    }
}

/// An offer of ours, as its answer must be read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct OurOffer {
    pub codecs: Vec<(u8, Codec)>,
    /// numbers of `telephone-event`, each with its clock
    pub events: Vec<(u8, u32)>,
    /// comfort noise is among it
    pub noise: bool,
    /// empty: plain RTP
    pub keys: Vec<Crypto>,
}

impl OurOffer {
    /// What we have, the codec of `current` before the others. The numbers that the call uses keep
    /// their meaning (RFC 3264, 8.3.2), and so does the key.
    fn new(wishes: &Wishes, current: Option<&Stream>) -> Self {
        let mut offer = Self {
            noise: wishes.comfort_noise,
            ..Self::default()
        };
        if let Some(stream) = current {
            let number = stream.offered.payload_type.unwrap_or(stream.payload_type);
            offer.codecs.push((number, stream.codec));
            let event = stream.offered.event_payload_type;
            let event = event.or(stream.event_payload_type);
            offer
                .events
                .extend(event.map(|number| (number, stream.event_clock_hz)));
        }
        for codec in &wishes.codecs {
            if offer.number_of(*codec).is_none() {
                let number = offer.free(static_payload_type(*codec));
                offer.codecs.push((number, *codec));
            }
        }
        for (number, clock) in EVENT_PAYLOAD_TYPES {
            let used = offer.codecs.iter().any(|(_, c)| c.clock_hz() == clock);
            if used && offer.event_at(clock).is_none() {
                let number = offer.free(number);
                offer.events.push((number, clock));
            }
        }
        offer.keys = keys(wishes, current);
        offer
    }

    /// This number, or the first that is free.
    fn free(&self, wish: u8) -> u8 {
        let is_free = |number: &u8| {
            let used = self.codecs.iter().map(|(used, _)| used);
            let mut used = used.chain(self.events.iter().map(|(used, _)| used));
            !used.any(|used| used == number)
        };
        let mut numbers = std::iter::once(wish).chain(FIRST_DYNAMIC..=127);
        numbers.find(is_free).unwrap_or(wish)
    }

    /// The number that we gave a codec.
    pub fn number_of(&self, codec: Codec) -> Option<u8> {
        let mut codecs = self.codecs.iter();
        codecs.find(|(_, c)| *c == codec).map(|(n, _)| *n)
    }

    /// The number of `telephone-event` at this clock.
    pub fn event_at(&self, clock_hz: u32) -> Option<u8> {
        let mut events = self.events.iter();
        events.find(|(_, c)| *c == clock_hz).map(|(n, _)| *n)
    }

    /// The first of `formats` that is a number of ours: some answers do not say again what the
    /// numbers mean.
    pub fn codec_named_in(&self, formats: &str) -> Option<(u8, Codec)> {
        let mut numbers = formats.split_whitespace().filter_map(|w| w.parse().ok());
        numbers.find_map(|number: u8| self.codecs.iter().find(|(n, _)| *n == number).copied())
    }
}

fn keys(wishes: &Wishes, current: Option<&Stream>) -> Vec<Crypto> {
    match current.and_then(|stream| stream.srtp) {
        Some(srtp) => vec![Crypto {
            tag: 1,
            suite: srtp.suite,
            key: srtp.ours,
        }],
        None if wishes.srtp == SrtpPolicy::Require => (1..)
            .zip(SUITES)
            .map(|(tag, suite)| Crypto {
                tag,
                suite,
                key: (wishes.fresh_key)(suite),
            })
            .collect(),
        None => Vec::new(),
    }
}

/// The answer that takes `terms`, with our RTP at `local`.
pub(crate) fn write_answer(origin: &mut Origin, terms: &Terms, local: SocketAddr) -> String {
    let mut lines = String::new();
    for (index, line) in terms.lines.iter().enumerate() {
        if index == terms.chosen {
            let stream = &terms.stream;
            let events = stream.event_payload_type;
            let events = events.map(|number| (number, stream.event_clock_hz));
            let srtp = terms.crypto_tag.zip(stream.srtp);
            Audio {
                proto: &line.proto,
                codecs: &[(stream.payload_type, stream.codec)],
                events: events.as_slice(),
                noise: stream.noise_payload_type,
                keys: srtp
                    .map(|(tag, srtp)| Crypto {
                        tag,
                        suite: srtp.suite,
                        key: srtp.ours,
                    })
                    .as_slice(),
                packet_ms: stream.packet_ms,
                direction: stream.direction,
            }
            .write(&mut lines, local.port());
        } else {
            // Refused, but in its place (RFC 3264, 6).
            let _ = write!(
                lines,
                "m={} 0 {} {}\r\n",
                line.media, line.proto, line.formats
            );
        }
    }
    origin.describe(local, lines)
}

/// An offer of what we have, and what is to be remembered of it until the answer.
pub(crate) fn write_offer(
    origin: &mut Origin,
    wishes: &Wishes,
    current: Option<&Stream>,
    local: SocketAddr,
) -> (String, OurOffer) {
    let offer = OurOffer::new(wishes, current);
    let mut lines = String::new();
    Audio {
        proto: if offer.keys.is_empty() {
            "RTP/AVP"
        } else {
            "RTP/SAVP"
        },
        codecs: &offer.codecs,
        events: &offer.events,
        noise: offer.noise.then_some(COMFORT_NOISE),
        keys: &offer.keys,
        packet_ms: 20,
        direction: Direction::SendRecv,
    }
    .write(&mut lines, local.port());
    (origin.describe(local, lines), offer)
}

/// An m-line of ours with its attributes.
struct Audio<'a> {
    proto: &'a str,
    codecs: &'a [(u8, Codec)],
    events: &'a [(u8, u32)],
    noise: Option<u8>,
    keys: &'a [Crypto],
    packet_ms: u8,
    direction: Direction,
}

impl Audio<'_> {
    fn write(&self, lines: &mut String, port: u16) {
        let codecs = self.codecs.iter().map(|(number, _)| *number);
        let events = self.events.iter().map(|(number, _)| *number);
        let numbers = codecs.chain(self.noise).chain(events);
        let numbers: Vec<String> = numbers.map(|n| n.to_string()).collect();
        let _ = write!(
            lines,
            "m=audio {port} {} {}\r\n",
            self.proto,
            numbers.join(" ")
        );
        for (number, codec) in self.codecs {
            let _ = write!(lines, "a=rtpmap:{number} {}\r\n", rtpmap_of(*codec));
            if *codec == Codec::Opus {
                let _ = write!(lines, "a=fmtp:{number} {OPUS_PARAMETERS}\r\n");
            }
        }
        if let Some(number) = self.noise {
            let _ = write!(lines, "a=rtpmap:{number} CN/8000\r\n");
        }
        for (number, clock) in self.events {
            let _ = write!(lines, "a=rtpmap:{number} telephone-event/{clock}\r\n");
            let _ = write!(lines, "a=fmtp:{number} 0-15\r\n");
        }
        for key in self.keys {
            let _ = write!(lines, "a=crypto:{}\r\n", key.write());
        }
        let (ms, word) = (self.packet_ms, word_of(self.direction));
        let _ = write!(
            lines,
            "a=ptime:{ms}\r\na=maxptime:{PACKET_MS_MAX}\r\na={word}\r\n"
        );
    }
}
