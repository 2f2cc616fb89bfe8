//! The little of SDP (RFC 8866) a telephone needs: one audio stream, offered and answered.

use std::net::{IpAddr, SocketAddr};

use anyhow::{Context, Result};

use crate::sound::g711::Law;

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

/// One audio stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sdp {
    /// where its writer wants the packets
    pub rtp: SocketAddr,
    /// laws in order of preference
    pub laws: Vec<Law>,
    /// payload type of RFC 4733 keys, if wanted
    pub keys: Option<u8>,
    /// packet time in milliseconds, if named
    pub packet_ms: Option<u32>,
    /// direction
    pub direction: Direction,
}

impl Sdp {
    /// As text; `version` rises with every change in a dialog (RFC 3264, 8).
    pub fn text(&self, version: u32) -> String {
        let family = if self.rtp.is_ipv4() { "IP4" } else { "IP6" };
        let (address, port) = (self.rtp.ip(), self.rtp.port());
        let mut types: Vec<String> = self
            .laws
            .iter()
            .map(|law| law.payload_type().to_string())
            .collect();
        types.extend(self.keys.map(|k| k.to_string()));
        let mut text = format!(
            "v=0\r\no=phone 7{port} {version} IN {family} {address}\r\ns=call\r\n\
             c=IN {family} {address}\r\nt=0 0\r\nm=audio {port} RTP/AVP {}\r\n",
            types.join(" ")
        );
        for law in &self.laws {
            let name = if *law == Law::Mu { "PCMU" } else { "PCMA" };
            text += &format!("a=rtpmap:{} {name}/8000\r\n", law.payload_type());
        }
        if let Some(keys) = self.keys {
            text += &format!("a=rtpmap:{keys} telephone-event/8000\r\na=fmtp:{keys} 0-15\r\n");
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
        let keys = lines().find_map(|line| {
            let (payload_type, name) = line.strip_prefix("a=rtpmap:")?.split_once(' ')?;
            name.starts_with("telephone-event")
                .then(|| payload_type.parse().ok())?
        });
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
            laws: types.iter().filter_map(|&t| Law::of(t)).collect(),
            keys,
            packet_ms: attribute("ptime").and_then(|ms| ms.parse().ok()),
            direction,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        for (laws, keys, packet_ms, direction) in [
            (
                vec![Law::Mu, Law::A],
                Some(101),
                Some(20),
                Direction::SendRecv,
            ),
            (vec![Law::A], None, None, Direction::SendOnly),
            (vec![Law::Mu], Some(96), Some(60), Direction::Inactive),
        ] {
            let rtp = "127.0.0.1:4006".parse().expect("an address");
            let sdp = Sdp {
                rtp,
                laws,
                keys,
                packet_ms,
                direction,
            };
            assert_eq!(Sdp::parse(&sdp.text(1)).expect("our own"), sdp);
        }
        assert!(Sdp::parse("v=0\r\n").is_err());
    }
}
