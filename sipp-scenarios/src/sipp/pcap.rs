//! Packet files for SIPp, made from their names: `hum-810-1500_keys-1000#.pcap` hums 810 Hz for a
//! second and a half and then presses five keys by RFC 4733; `rest-500` sends silence. The same
//! file played twice would be the same packets twice, so a second one is named `take-2_...`.

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use rtp::header::Header;
use rtp::packet::Packet;
use webrtc_util::marshal::Marshal;

use crate::phone::{keys, sequence};
use crate::sound::PER_MS;
use crate::sound::g711::Law;
use crate::sound::tone::Hum;

const PACKET_MS: u32 = 20;
const KEYS_PAYLOAD_TYPE: u8 = 101;
const AMPLITUDE: f64 = 8_000.0;
/// Sound between two keys.
const REST_MS: u32 = 60;

/// The names of the packet files a scenario plays, each once.
pub fn names_in(scenario: &str) -> Vec<String> {
    let mut names: Vec<String> = scenario
        .split("play_pcap_audio=\"")
        .skip(1)
        .filter_map(|rest| Some(rest.split_once('"')?.0.to_owned()))
        .collect();
    names.sort();
    names.dedup();
    names
}

/// The file of this name.
///
/// # Errors
/// When the name cannot be understood.
pub fn file(name: &str) -> Result<Vec<u8>> {
    let steps = name
        .strip_suffix(".pcap")
        .context("a packet file is named STEPS.pcap")?;
    let mut track = Track::new(name);
    for step in steps.split('_') {
        match step.split('-').collect::<Vec<_>>().as_slice() {
            ["keys", text] => track.keys(text),
            ["hum", hz, ms] => track.sound(Some(hz.parse()?), ms.parse()?),
            ["rest", ms] => track.sound(None, ms.parse()?),
            ["take", _] => {}
            _ => bail!("{name}: keys-TEXT, hum-HZ-MS, rest-MS or take-N, not {step:?}"),
        }
    }
    Ok(track.file)
}

struct Track {
    file: Vec<u8>,
    hum: Hum,
    sequence_number: u16,
    sent_ms: u32,
    ssrc: u32,
}

impl Track {
    fn new(name: &str) -> Self {
        let mut file = Vec::new();
        // classic header: magic, version 2.4, zone, accuracy, longest packet, Ethernet
        file.extend(0xa1b2_c3d4u32.to_le_bytes());
        file.extend([2, 0, 4, 0]);
        for word in [0u32, 0, 65_535, 1] {
            file.extend(word.to_le_bytes());
        }
        // each file is a stream of its own
        let ssrc = name.bytes().fold(0x811c_9dc5u32, |hash, byte| {
            (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
        });
        Self {
            file,
            hum: Hum::default(),
            sequence_number: 1,
            sent_ms: 0,
            ssrc,
        }
    }

    fn sound(&mut self, hz: Option<u32>, ms: u32) {
        for _ in 0..ms.div_ceil(PACKET_MS) {
            let samples = 0..PACKET_MS as usize * PER_MS;
            let sample = |_| hz.map_or(0, |hz| self.hum.next(hz, AMPLITUDE));
            let payload: Vec<u8> = samples.map(sample).map(|s| Law::Mu.encode(s)).collect();
            let now = self.timestamp();
            self.packet(Law::Mu.payload_type(), false, now, payload);
        }
    }

    fn keys(&mut self, text: &str) {
        for key in keys(text) {
            let pressed_at = self.timestamp();
            for (i, payload) in sequence(key, PACKET_MS, 8_000).into_iter().enumerate() {
                self.packet(KEYS_PAYLOAD_TYPE, i == 0, pressed_at, payload.to_vec());
            }
            self.sound(None, REST_MS);
        }
    }

    fn timestamp(&self) -> u32 {
        // RFC 3550, 5.1: the first one is random
        self.ssrc
            .rotate_left(16)
            .wrapping_add(self.sent_ms * PER_MS as u32)
    }

    fn packet(&mut self, payload_type: u8, marker: bool, timestamp: u32, payload: Vec<u8>) {
        let header = Header {
            version: 2,
            marker,
            payload_type,
            sequence_number: self.sequence_number,
            timestamp,
            ssrc: self.ssrc,
            ..Header::default()
        };
        let packet = Packet {
            header,
            payload: Bytes::from(payload),
        };
        let rtp = packet
            .marshal()
            .expect("a header without extensions and a short payload");
        let frame = frame(&rtp);
        for word in [
            self.sent_ms / 1_000,
            self.sent_ms % 1_000 * 1_000,
            frame.len() as u32,
            frame.len() as u32,
        ] {
            self.file.extend(word.to_le_bytes());
        }
        self.file.extend(frame);
        self.sequence_number += 1;
        self.sent_ms += PACKET_MS;
    }
}

/// Ethernet, IPv4 and UDP around a payload; SIPp replaces addresses and checksums.
fn frame(payload: &[u8]) -> Vec<u8> {
    const ETHERNET: [u8; 14] = [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0];
    let udp_length = 8 + payload.len() as u16;
    let ip_length = (20 + udp_length).to_be_bytes();
    let mut frame = ETHERNET.to_vec();
    frame.extend([
        0x45,
        0,
        ip_length[0],
        ip_length[1],
        0,
        1,
        0x40,
        0,
        64,
        17,
        0,
        0,
    ]);
    frame.extend([127, 0, 0, 1, 127, 0, 0, 1]);
    for word in [6_000u16, 6_000, udp_length, 0] {
        frame.extend(word.to_be_bytes());
    }
    frame.extend(payload);
    frame
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_and_understood() {
        let xml = r#"<exec play_pcap_audio="keys-1#.pcap"/> <exec play_pcap_audio="keys-1#.pcap"/>
                     <exec play_pcap_audio="hum-810-40_rest-20.pcap"/>"#;
        assert_eq!(names_in(xml), ["hum-810-40_rest-20.pcap", "keys-1#.pcap"]);
        let record = |payload: usize| 16 + 14 + 20 + 8 + 12 + payload;
        for (name, length) in [
            ("hum-810-40_rest-20.pcap", Some(24 + 3 * record(160))),
            (
                "keys-1#.pcap",
                Some(24 + 2 * (6 * record(4) + 3 * record(160))),
            ),
            ("hum-810.pcap", None),
            ("keys-1#", None),
        ] {
            assert_eq!(file(name).ok().map(|f| f.len()), length, "{name}");
        }
    }
}
