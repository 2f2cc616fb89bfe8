//! The little of SDP (RFC 8866) a telephone needs: one audio stream, offered and answered.

use std::net::{IpAddr, SocketAddr};

use anyhow::{Context, Result};

use super::codec::Codec;
use super::seal::Crypto;

/// Which way sound goes, seen from the one who writes it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Direction {
    /// Both ways.
    #[default]
    SendRecv,
    /// The writer only sends: the other is on hold.
    SendOnly,
    /// The writer only listens.
    RecvOnly,
    /// Neither.
    Inactive,
}

impl Direction {
    /// The attribute's name.
    pub fn word(self) -> &'static str {
        match self {
            Direction::SendRecv => "sendrecv",
            Direction::SendOnly => "sendonly",
            Direction::RecvOnly => "recvonly",
            Direction::Inactive => "inactive",
        }
    }

    /// What an answer to this may say at most.
    pub fn mirrored(self) -> Self {
        match self {
            Direction::SendOnly => Direction::RecvOnly,
            Direction::RecvOnly => Direction::SendOnly,
            same => same,
        }
    }
}

/// What SDP calls keys.
const KEYS: &str = "telephone-event";

/// One audio stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sdp {
    /// where its writer wants the packets
    pub rtp: SocketAddr,
    /// codecs in order of preference, each with its payload type
    pub codecs: Vec<(u8, Codec)>,
    /// payload types of RFC 4733 keys, each with its clock in Hz
    pub keys: Vec<(u8, u32)>,
    /// packet time in milliseconds, if named
    pub packet_ms: Option<u32>,
    /// the key its writer sends with; none: not encrypted
    pub crypto: Option<Crypto>,
    /// direction
    pub direction: Direction,
}

impl Sdp {
    /// As text; `version` rises with every change in a dialog (RFC 3264, 8).
    pub fn text(&self, version: u32) -> String {
        let family = if self.rtp.is_ipv4() { "IP4" } else { "IP6" };
        let (address, port) = (self.rtp.ip(), self.rtp.port());
        let numbers = self.codecs.iter().map(|(number, _)| number);
        let numbers = numbers.chain(self.keys.iter().map(|(number, _)| number));
        let types: Vec<String> = numbers.map(ToString::to_string).collect();
        let profile = self.crypto.as_ref().map_or("RTP/AVP", |_| "RTP/SAVP");
        let mut text = format!(
            "v=0\r\no=phone 7{port} {version} IN {family} {address}\r\ns=call\r\n\
             c=IN {family} {address}\r\nt=0 0\r\nm=audio {port} {profile} {}\r\n",
            types.join(" ")
        );
        for (number, codec) in &self.codecs {
            text += &format!("a=rtpmap:{number} {}\r\n", codec.name());
            if *codec == Codec::Opus {
                text += &format!("a=fmtp:{number} useinbandfec=1\r\n");
            }
        }
        for (number, clock_hz) in &self.keys {
            text += &format!("a=rtpmap:{number} {KEYS}/{clock_hz}\r\na=fmtp:{number} 0-15\r\n");
        }
        if let Some(crypto) = &self.crypto {
            text += &format!("a=crypto:{}\r\n", crypto.text());
        }
        if let Some(ms) = self.packet_ms {
            text += &format!("a=ptime:{ms}\r\n");
        }
        text + &format!("a={}\r\n", self.direction.word())
    }

    /// From text.
    ///
    /// # Errors
    /// When there is no audio stream with an address.
    pub fn parse(text: &str) -> Result<Self> {
        let lines = || text.lines().map(str::trim_end);
        let (mut address, mut port, mut types) = (None, None, Vec::new());
        for line in lines() {
            if let Some(connection) = line.strip_prefix("c=") {
                let word = connection
                    .split(' ')
                    .nth(2)
                    .context("c= without an address")?;
                address = Some(word.parse::<IpAddr>().context("address in c=")?);
            } else if let Some(media) = line.strip_prefix("m=audio ") {
                let mut words = media.split(' ');
                port = Some(words.next().context("port in m=")?.parse::<u16>()?);
                types = words.skip(1).filter_map(|w| w.parse::<u8>().ok()).collect();
            }
        }
        let attribute = |name: &str| {
            lines().find_map(|l| l.strip_prefix("a=")?.strip_prefix(name)?.strip_prefix(':'))
        };
        let name_of = |number: u8| {
            let named = lines().filter_map(|l| l.strip_prefix("a=rtpmap:")?.split_once(' '));
            let mut named = named.filter(|(of, _)| of.parse() == Ok(number));
            named.next().map(|(_, name)| name)
        };
        let codec_of = |&number: &u8| match name_of(number) {
            Some(name) => Some((number, Codec::named(name)?)),
            None => Some((number, Codec::of(number).filter(|c| *c != Codec::Opus)?)),
        };
        let keys_of = |&number: &u8| {
            let (name, clock_hz) = name_of(number)?.split_once('/')?;
            (name == KEYS).then(|| Some((number, clock_hz.parse().ok()?)))?
        };
        let directions = [
            Direction::SendOnly,
            Direction::RecvOnly,
            Direction::Inactive,
        ];
        let direction = directions
            .into_iter()
            .find(|d| lines().any(|l| l.strip_prefix("a=") == Some(d.word())))
            .unwrap_or_default();
        Ok(Self {
            rtp: SocketAddr::new(address.context("no c= line")?, port.context("no m=audio")?),
            codecs: types.iter().filter_map(codec_of).collect(),
            keys: types.iter().filter_map(keys_of).collect(),
            packet_ms: attribute("ptime").and_then(|ms| ms.parse().ok()),
            crypto: attribute("crypto").and_then(Crypto::parse),
            direction,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::phone::Suite;
    use crate::sound::g711::Law;

    #[test]
    fn what_is_written_is_read() {
        let (mu, a) = ((0, Codec::Law(Law::Mu)), (8, Codec::Law(Law::A)));
        let (wide, full) = ((9, Codec::G722), (96, Codec::Opus));
        for (codecs, keys, packet_ms, direction) in [
            (
                vec![full, wide, mu, a],
                vec![(110, 48_000), (101, 8_000)],
                Some(20),
                Direction::SendRecv,
            ),
            (vec![a], vec![], None, Direction::SendOnly),
            (vec![mu], vec![(96, 8_000)], Some(60), Direction::Inactive),
        ] {
            let rtp = "127.0.0.1:4006".parse().expect("an address");
            let sdp = Sdp {
                rtp,
                codecs,
                keys,
                packet_ms,
                crypto: packet_ms.map(|_| Crypto::fresh(Suite::Counter80)),
                direction,
            };
            assert_eq!(Sdp::parse(&sdp.text(1)).expect("our own"), sdp);
        }
        assert!(Sdp::parse("v=0\r\n").is_err());
    }
}
