//! What goes out to one caller: headers, packet times, reports. The sound comes encoded.

use std::net::{SocketAddr, UdpSocket};

use confab_core::audio::Frame;
use confab_core::audio::TICK_SAMPLES;
use confab_core::audio::g711::{self, Law};
use confab_core::audio::rtcp::{Report, ReportBlock, SenderInfo};
use confab_core::audio::rtp::{HEADER_LEN, write_header};
use confab_core::audio::stream::{Codec, Stream};

use super::shard::Now;
use super::wire::Wire;

/// One tick of one sound, encoded once for everybody who hears it, with room for a header in
/// front: each listener's header is written there just before its packet is sent, so that the
/// payload is never copied.
#[derive(Debug)]
pub(super) struct Encoded {
    frame: Frame,
    mu_law: [u8; PACKET_LEN],
    a_law: [u8; PACKET_LEN],
    mu_law_done: bool,
    a_law_done: bool,
}

impl Default for Encoded {
    fn default() -> Self {
        Self {
            frame: [0; TICK_SAMPLES],
            mu_law: [0; PACKET_LEN],
            a_law: [0; PACKET_LEN],
            mu_law_done: false,
            a_law_done: false,
        }
    }
}

impl Encoded {
    /// The sound, to be read.
    pub(super) fn frame(&self) -> &Frame {
        &self.frame
    }

    /// The sound, to be written anew; what was encoded is void.
    pub(super) fn renew(&mut self) -> &mut Frame {
        self.mu_law_done = false;
        self.a_law_done = false;
        &mut self.frame
    }

    /// A packet without its header.
    fn packet(&mut self, codec: Codec) -> &mut [u8; PACKET_LEN] {
        let law = codec.law().expect("only G.711 is negotiated");
        let (packet, done) = match law {
            Law::Mu => (&mut self.mu_law, &mut self.mu_law_done),
            Law::A => (&mut self.a_law, &mut self.a_law_done),
        };
        if !*done {
            g711::encode(law, &self.frame, &mut packet[HEADER_LEN..]);
            *done = true;
        }
        packet
    }
}

/// The sending half of a line.
#[derive(Debug)]
pub(super) struct Outbound {
    ssrc: u32,
    cname: String,
    sequence: u16,
    /// what our timestamps are ahead of the shard's clock
    timestamp_offset: u32,
    /// the next packet is the first after a pause
    marker: bool,
    packets: u32,
    bytes: u32,
    packets_reported: u32,
    /// ticks that wait until a packet is full, for packet times other than a tick; room for a
    /// header first
    pending: [u8; HEADER_LEN + PENDING_LEN],
    pending_len: usize,
}

impl Outbound {
    /// `random` makes stream name, sequence and timestamps hard to guess (RFC 3550, 5.1).
    pub(super) fn new(random: u128) -> Self {
        Self {
            ssrc: random as u32,
            cname: format!("{:016x}", (random >> 64) as u64),
            sequence: (random >> 32) as u16,
            timestamp_offset: (random >> 80) as u32,
            marker: true,
            packets: 0,
            bytes: 0,
            packets_reported: 0,
            pending: [0; HEADER_LEN + PENDING_LEN],
            pending_len: 0,
        }
    }

    /// The next packet will be the first after a pause.
    pub(super) fn pause(&mut self) {
        self.marker = true;
        self.pending_len = 0;
    }

    /// Sends a tick of sound, or keeps it until a packet is full; returns how many packets went.
    pub(super) fn send(
        &mut self,
        way: (&Wire, &UdpSocket),
        to: SocketAddr,
        stream: &Stream,
        sound: &mut Encoded,
        now: &Now,
    ) -> u64 {
        let packet = sound.packet(stream.codec);
        let timestamp = now.samples().wrapping_add(self.timestamp_offset);
        let length = payload_len(stream.packet_ms);
        if length == TICK_SAMPLES && self.pending_len == 0 {
            self.head(first_chunk(packet), stream, timestamp);
            return self.post(way, to, packet);
        }
        let end = HEADER_LEN + self.pending_len;
        self.pending[end..end + TICK_SAMPLES].copy_from_slice(&packet[HEADER_LEN..]);
        let mut oldest = timestamp.wrapping_sub(self.pending_len as u32);
        self.pending_len += TICK_SAMPLES;
        let mut sent = 0;
        while self.pending_len >= length {
            let mut pending = self.pending;
            self.head(first_chunk(&mut pending), stream, oldest);
            sent += self.post(way, to, &pending[..HEADER_LEN + length]);
            let end = HEADER_LEN + self.pending_len;
            self.pending
                .copy_within(HEADER_LEN + length..end, HEADER_LEN);
            self.pending_len -= length;
            oldest = oldest.wrapping_add(length as u32);
        }
        sent
    }

    fn head(&mut self, head: &mut [u8; HEADER_LEN], stream: &Stream, timestamp: u32) {
        let marker = std::mem::take(&mut self.marker);
        write_header(
            head,
            stream.payload_type,
            marker,
            self.sequence,
            timestamp,
            self.ssrc,
        );
        self.sequence = self.sequence.wrapping_add(1);
    }

    fn post(&mut self, (wire, socket): (&Wire, &UdpSocket), to: SocketAddr, packet: &[u8]) -> u64 {
        // A full buffer or a port that is shut on the other side: the packet is lost, as on any
        // network; the numbers above have moved on, so the receiver knows.
        if !wire.send(socket, to, packet) {
            return 0;
        }
        self.packets = self.packets.wrapping_add(1);
        self.bytes = self.bytes.wrapping_add((packet.len() - HEADER_LEN) as u32);
        1
    }

    /// Sends a report, with a goodbye when the line closes.
    pub(super) fn report(
        &mut self,
        socket: &UdpSocket,
        to: SocketAddr,
        block: Option<ReportBlock>,
        goodbye: bool,
        now: &Now,
    ) {
        let sender = (self.packets != self.packets_reported).then(|| SenderInfo {
            ntp: now.ntp,
            timestamp: now.samples().wrapping_add(self.timestamp_offset),
            packets: self.packets,
            bytes: self.bytes,
        });
        self.packets_reported = self.packets;
        let report = Report {
            ssrc: self.ssrc,
            sender,
            block,
            cname: &self.cname,
            goodbye,
        };
        let mut datagram = [0; 256];
        let length = report.write(&mut datagram).expect("our names are short");
        // Reports are lost like packets; the next one says more.
        let _ = socket.send_to(&datagram[..length], to);
    }

    /// Keeps timestamps going on evenly when the shard that sends is another one.
    pub(super) fn move_to(&mut self, left: &Now, now: &Now) {
        let shift = left.samples().wrapping_sub(now.samples());
        self.timestamp_offset = self.timestamp_offset.wrapping_add(shift);
    }
}

/// Payload of a packet of so many milliseconds; what the SDP should not have let through is a tick.
fn payload_len(packet_ms: u8) -> usize {
    match packet_ms {
        10..=60 => usize::from(packet_ms / 10) * 80,
        _ => TICK_SAMPLES,
    }
}

fn first_chunk(packet: &mut [u8]) -> &mut [u8; HEADER_LEN] {
    packet
        .first_chunk_mut()
        .expect("every packet has room for its header")
}

const PACKET_LEN: usize = HEADER_LEN + TICK_SAMPLES;
/// The longest packet and the tick that fills it up.
const PENDING_LEN: usize = 480 + TICK_SAMPLES;
