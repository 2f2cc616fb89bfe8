//! What a caller does to its packets on their way: nothing, SRTP (RFC 3711) with keys from the SDP,
//! or making them as long as SRTP would, for the floor. Knows no socket and no codec.
//!
//! Every packet that is sent is sealed when it is sent, as its number is in the key stream.

use std::borrow::Cow;
use std::fmt;

use anyhow::Result;
use clap::ValueEnum;
use sipp_scenarios::phone::{Crypto, Suite};
use webrtc_srtp::context::Context;

use crate::rtp::Packet;

/// The longest tag behind a packet.
pub const TAG_BYTES_MAX: usize = 16;

/// How callers seal what they send.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Sealing {
    /// AES_CM_128_HMAC_SHA1_80
    Counter,
    /// AEAD_AES_128_GCM
    Gcm,
}

impl Sealing {
    /// A key for one caller.
    pub fn key(self) -> Crypto {
        Crypto::fresh(self.suite())
    }

    /// As SDP calls it.
    pub fn name(self) -> &'static str {
        self.suite().name()
    }

    fn suite(self) -> Suite {
        match self {
            Self::Counter => Suite::Counter80,
            Self::Gcm => Suite::Gcm128,
        }
    }

    /// What is added to each packet.
    fn tag_bytes(self) -> usize {
        match self {
            Self::Counter => 10,
            Self::Gcm => TAG_BYTES_MAX,
        }
    }
}

/// What a caller does to its packets.
pub enum Guard {
    Plain,
    Sealed(Box<Keys>),
    /// As long as if they were sealed: so many bytes more.
    Padded(usize),
}

/// Those of both directions.
pub struct Keys {
    ours: Context,
    theirs: Context,
}

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Plain => "Plain",
            Self::Sealed(_) => "Sealed",
            Self::Padded(_) => "Padded",
        })
    }
}

impl Guard {
    /// By the keys of both sides.
    pub fn agreed(ours: &Crypto, theirs: &Crypto) -> Result<Self> {
        let (ours, theirs) = (ours.context()?, theirs.context()?);
        Ok(Self::Sealed(Box::new(Keys { ours, theirs })))
    }

    /// For the floor.
    pub fn padded(sealing: Option<Sealing>) -> Self {
        sealing.map_or(Self::Plain, |it| Self::Padded(it.tag_bytes()))
    }

    /// Makes the packet of this length what is sent, and returns how long it is then.
    pub fn close(&mut self, packet: &mut Packet, length: usize) -> Result<usize> {
        match self {
            Self::Plain => Ok(length),
            Self::Padded(bytes) => Ok(length + *bytes),
            Self::Sealed(keys) => {
                let sealed = keys.ours.encrypt_rtp(&packet[..length])?;
                packet[..sealed.len()].copy_from_slice(&sealed);
                Ok(sealed.len())
            }
        }
    }

    /// What a packet was before it was closed; nothing when it cannot be opened.
    pub fn open<'p>(&mut self, packet: &'p [u8]) -> Option<Cow<'p, [u8]>> {
        match self {
            Self::Plain => Some(packet.into()),
            Self::Padded(bytes) => Some(packet[..packet.len().checked_sub(*bytes)?].into()),
            Self::Sealed(keys) => {
                let opened = keys.theirs.decrypt_rtp(packet).ok()?;
                Some(opened.to_vec().into())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::Codec;
    use crate::rtp::{PACKET_BYTES_MAX, Sender, read};

    /// Longer than the sequence numbers last.
    const PACKETS: usize = 70_000;

    #[test]
    fn what_is_sealed_is_opened_and_as_long_as_what_the_floor_gets() {
        for sealing in Sealing::value_variants() {
            let (ours, theirs) = (sealing.key(), sealing.key());
            let mut caller = Guard::agreed(&ours, &theirs).unwrap();
            let mut confab = Guard::agreed(&theirs, &ours).unwrap();
            let mut sender = Sender::new(Codec::Pcmu, 7);
            for number in 0..PACKETS {
                let mut packet = [0; PACKET_BYTES_MAX];
                let payload = [number as u8; 160];
                let plain = sender.sound(&payload, &mut packet);
                let padded = Guard::padded(Some(*sealing))
                    .close(&mut packet, plain)
                    .unwrap();
                let sealed = caller.close(&mut packet, plain).unwrap();
                assert_eq!(sealed, padded);
                assert_ne!(packet[12..172], payload);
                let opened = confab
                    .open(&packet[..sealed])
                    .expect("it was sealed for it");
                assert_eq!(read(&opened).unwrap().payload, payload, "{number}");
                if number == 0 {
                    assert!(caller.open(&packet[..sealed]).is_none(), "by another key");
                }
            }
        }
    }
}
