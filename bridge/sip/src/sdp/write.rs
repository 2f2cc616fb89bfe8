//! The text of our descriptions, and their version (RFC 3264, 5 and 8).

use std::fmt::Write as _;
use std::net::SocketAddr;

use confab_core::audio::stream::{Codec, Direction};

use super::{Terms, address_words, name_of, static_payload_type, word_of};

/// The payload type we give `telephone-event` in our own offers.
const EVENT_PAYLOAD_TYPE: u8 = 101;

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

/// The answer that takes `terms`, with our RTP at `local`.
pub(crate) fn write_answer(origin: &mut Origin, terms: &Terms, local: SocketAddr) -> String {
    let mut lines = String::new();
    for (index, line) in terms.lines.iter().enumerate() {
        if index == terms.chosen {
            let stream = &terms.stream;
            let codec = [(stream.payload_type, stream.codec)];
            let events = stream.event_payload_type;
            audio(
                &mut lines,
                local.port(),
                &codec,
                events,
                stream.packet_ms,
                stream.direction,
            );
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

/// An offer of what we have, `first` before the other.
pub(crate) fn write_offer(origin: &mut Origin, first: Codec, local: SocketAddr) -> String {
    let second = match first {
        Codec::Pcmu => Codec::Pcma,
        _ => Codec::Pcmu,
    };
    let codecs = [first, second].map(|codec| (static_payload_type(codec), codec));
    let mut lines = String::new();
    let events = Some(EVENT_PAYLOAD_TYPE);
    audio(
        &mut lines,
        local.port(),
        &codecs,
        events,
        20,
        Direction::SendRecv,
    );
    origin.describe(local, lines)
}

fn audio(
    lines: &mut String,
    port: u16,
    codecs: &[(u8, Codec)],
    events: Option<u8>,
    packet_ms: u8,
    direction: Direction,
) {
    let numbers: Vec<String> = codecs
        .iter()
        .map(|(number, _)| *number)
        .chain(events)
        .map(|n| n.to_string())
        .collect();
    let _ = write!(lines, "m=audio {port} RTP/AVP {}\r\n", numbers.join(" "));
    for (number, codec) in codecs {
        let _ = write!(lines, "a=rtpmap:{number} {}/8000\r\n", name_of(*codec));
    }
    if let Some(number) = events {
        let _ = write!(lines, "a=rtpmap:{number} telephone-event/8000\r\n");
        let _ = write!(lines, "a=fmtp:{number} 0-15\r\n");
    }
    let _ = write!(lines, "a=ptime:{packet_ms}\r\na={}\r\n", word_of(direction));
}
