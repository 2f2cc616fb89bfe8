//! What goes out to one caller: headers, packet times, reports. The sound comes encoded.

use std::net::{SocketAddr, UdpSocket};

use confab_core::audio::rate::{LONGEST_TICK, Rate};
use confab_core::audio::rtcp::{Report, ReportBlock, SenderInfo};
use confab_core::audio::rtp::{HEADER_LEN, write_header};
use confab_core::audio::stream::{Direction, Stream};
use confab_core::audio::{NARROW_HZ, TICK_MS, TICK_SAMPLES};

use super::codec::{Coder, OpusCoder, Repertoire};
use super::encoded::{Encoded, PACKET_LEN};
use super::outbox::LONGEST_DATAGRAM;
use super::shard::Now;
use super::srtp::{Sealer, TAIL_LEN};
use super::wire::Way;

/// RFC 3264, 8.4: on hold nothing is sent, in the new style or the old.
pub(super) fn may_send(stream: &Stream) -> bool {
    matches!(stream.direction, Direction::SendRecv | Direction::SendOnly)
}

/// The sending half of a line.
#[derive(Debug)]
pub(super) struct Outbound {
    /// none: packets go as they are
    sealer: Option<Box<Sealer>>,
    ssrc: u32,
    cname: String,
    sequence: u16,
    /// what our timestamps are ahead of the shard's clock
    timestamp_offset: u32,
    /// what our timestamps count by, in Hz
    clock_hz: u32,
    /// the next packet is the first after a pause
    marker: bool,
    packets: u32,
    bytes: u32,
    packets_reported: u32,
    /// ticks that wait until a packet is full, for packet times other than a tick; room for a
    /// header first
    pending: [u8; HEADER_LEN + PENDING_LEN],
    pending_len: usize,
    /// ticks in which there was nothing to be heard, until now
    silent_ticks: u32,
    /// ticks until the silence is told of again
    noise_due_ticks: u32,
}

impl Outbound {
    /// `random` makes stream name, sequence and timestamps hard to guess (RFC 3550, 5.1).
    pub(super) fn new(random: u128) -> Self {
        Self {
            sealer: None,
            ssrc: random as u32,
            cname: format!("{:016x}", (random >> 64) as u64),
            sequence: (random >> 32) as u16,
            timestamp_offset: (random >> 80) as u32,
            clock_hz: NARROW_HZ,
            marker: true,
            packets: 0,
            bytes: 0,
            packets_reported: 0,
            pending: [0; HEADER_LEN + PENDING_LEN],
            pending_len: 0,
            silent_ticks: 0,
            noise_due_ticks: 0,
        }
    }

    /// Packets are sealed by another key from now on, as another stream, or no more. Returns what
    /// is needed no more.
    pub(super) fn set_sealer(&mut self, sealer: Option<Box<Sealer>>) -> Option<Box<Sealer>> {
        if let Some(sealer) = &sealer {
            (self.ssrc, self.sequence) = sealer.start();
            (self.packets, self.bytes, self.packets_reported) = (0, 0, 0);
        }
        std::mem::replace(&mut self.sealer, sealer)
    }

    /// What is sent is counted by another clock from now on; timestamps go on from where they are.
    pub(super) fn set_clock(&mut self, clock_hz: u32, now: &Now) {
        let before = self.timestamp(now);
        self.clock_hz = clock_hz;
        self.timestamp_offset = before.wrapping_sub(now.clock(clock_hz));
    }

    fn timestamp(&self, now: &Now) -> u32 {
        now.clock(self.clock_hz).wrapping_add(self.timestamp_offset)
    }

    /// The next packet will be the first after a pause.
    pub(super) fn pause(&mut self) {
        self.marker = true;
        self.pending_len = 0;
        self.silent_ticks = 0;
        self.noise_due_ticks = 0;
    }

    /// Sends a tick of sound, or keeps it until a packet is full; returns how many packets went.
    pub(super) fn send(
        &mut self,
        way: &mut Way<'_>,
        to: SocketAddr,
        stream: &Stream,
        (sound, coder): (&mut Encoded, &mut Coder),
        repertoire: &mut Repertoire,
        now: &Now,
    ) -> u64 {
        let timestamp = self.timestamp(now);
        if let Some(number) = stream.noise_payload_type
            && self.rests(sound.is_silent())
        {
            return self.send_noise(way, to, number, timestamp);
        }
        let mut own = [0; PACKET_LEN];
        let packet = match (coder, stream.codec.law()) {
            (Coder::Opus(coder), _) => {
                return self.send_opus(way, to, stream, (sound, coder), repertoire, now);
            }
            (Coder::G722(coder), _) => sound.g722(coder, now, &mut own),
            (Coder::None, Some(law)) => sound.packet(law),
            // There was no memory for an encoder: nothing can be said.
            (Coder::None, None) => return 0,
        };
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

    /// There has been nothing to be heard for a while, and what was has gone.
    fn rests(&mut self, silent: bool) -> bool {
        if !silent {
            self.silent_ticks = 0;
            self.noise_due_ticks = 0;
            return false;
        }
        self.silent_ticks = self.silent_ticks.saturating_add(1);
        self.silent_ticks > SILENT_TICKS && self.pending_len == 0
    }

    /// Tells how silence sounds (RFC 3389), once in a while; nothing else is sent meanwhile.
    fn send_noise(&mut self, way: &mut Way<'_>, to: SocketAddr, number: u8, timestamp: u32) -> u64 {
        if self.noise_due_ticks > 0 {
            self.noise_due_ticks -= 1;
            return 0;
        }
        self.noise_due_ticks = NOISE_EVERY_TICKS - 1;
        // What is said next is the first after a pause (RFC 3551, 4.1).
        self.marker = true;
        let mut packet = [0; HEADER_LEN + 1];
        let (sequence, ssrc) = (self.sequence, self.ssrc);
        let head = first_chunk(&mut packet);
        write_header(head, number, false, sequence, timestamp, ssrc);
        packet[HEADER_LEN] = NOISE_LEVEL;
        self.sequence = self.sequence.wrapping_add(1);
        self.post(way, to, &packet)
    }

    /// Opus has frames of its own lengths, and leaves them out in silence when that is wished for:
    /// then no number is used up, and the next packet is the first after a pause.
    fn send_opus(
        &mut self,
        way: &mut Way<'_>,
        to: SocketAddr,
        stream: &Stream,
        (sound, coder): (&mut Encoded, &mut OpusCoder),
        repertoire: &mut Repertoire,
        now: &Now,
    ) -> u64 {
        let timestamp = self.timestamp(now);
        // What is sent to others as well is packets of a tick.
        let is_tick = u32::from(stream.packet_ms) == TICK_MS;
        if is_tick && let Some((packet, length)) = sound.opus(coder, &stream.opus, now) {
            return self.post_opus(way, to, stream, (packet, length), timestamp);
        }
        coder.part();
        coder.attend(sound.is_quiet(), sound.is_silent());
        let mut packet = [0; LONGEST_PACKET];
        let told = sound.told().filter(|_| is_tick && !stream.opus.dtx);
        if let Some(told) = told {
            let out = &mut packet[HEADER_LEN..];
            let length = coder.tell(told, repertoire, now.tick, out);
            return self.post_opus(way, to, stream, (&mut packet, length), timestamp);
        }
        let mut full = [0; LONGEST_TICK];
        sound.at(Rate::Full, &mut full);
        let mut oldest = timestamp.wrapping_sub(coder.own.waiting() as u32);
        coder.push(&full);
        let (encoder, mut sent) = (&mut coder.own, 0);
        while let Some(length) = encoder.pop(&mut packet[HEADER_LEN..]) {
            let packet_len = encoder.packet_len() as u32;
            sent += self.post_opus(way, to, stream, (&mut packet, length), oldest);
            oldest = oldest.wrapping_add(packet_len);
        }
        sent
    }

    fn post_opus(
        &mut self,
        way: &mut Way<'_>,
        to: SocketAddr,
        stream: &Stream,
        (packet, length): (&mut [u8; LONGEST_PACKET], usize),
        timestamp: u32,
    ) -> u64 {
        if length == 0 {
            self.marker = true;
            return 0;
        }
        self.head(first_chunk(packet), stream, timestamp);
        self.post(way, to, &packet[..HEADER_LEN + length])
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

    fn post(&mut self, way: &mut Way<'_>, to: SocketAddr, packet: &[u8]) -> u64 {
        // A full buffer or a port that is shut on the other side: the packet is lost, as on any
        // network; the numbers above have moved on, so the receiver knows.
        let sent = match &mut self.sealer {
            None => way.send(to, packet),
            Some(sealer) => {
                // What several lines hear is encoded once and sealed for each.
                let mut sealed = [0; LONGEST_PACKET + TAIL_LEN];
                sealed[..packet.len()].copy_from_slice(packet);
                let length = sealer.rtp(&mut sealed, packet.len());
                length.is_some_and(|length| way.send(to, &sealed[..length]))
            }
        };
        if !sent {
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
            timestamp: self.timestamp(now),
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
        let mut length = report.write(&mut datagram).expect("our names are short");
        if let Some(sealer) = &mut self.sealer {
            let Some(sealed) = sealer.rtcp(&mut datagram, length) else {
                return;
            };
            length = sealed;
        }
        // Reports are lost like packets; the next one says more.
        let _ = socket.send_to(&datagram[..length], to);
    }

    /// Keeps timestamps going on evenly when the shard that sends is another one.
    pub(super) fn move_to(&mut self, left: &Now, now: &Now) {
        let clock_hz = self.clock_hz;
        let shift = left.clock(clock_hz).wrapping_sub(now.clock(clock_hz));
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

/// 200 ms: a short stop in a prompt or a song is no silence.
const SILENT_TICKS: u32 = 10;
/// Half a second: firewalls and phones that watch for packets are content with that, and a lost one
/// is made good.
const NOISE_EVERY_TICKS: u32 = 25;
/// What silence sounds like, in -dBov: a line that is there, and not to be noticed.
const NOISE_LEVEL: u8 = 65;
/// 60 ms of the bit rate we send with have less than half of this.
const LONGEST_OPUS: usize = 1_200;
/// No other codec comes near.
pub(super) const LONGEST_PACKET: usize = HEADER_LEN + LONGEST_OPUS;
const _: () = assert!(LONGEST_PACKET + TAIL_LEN <= LONGEST_DATAGRAM);
/// The longest packet and the tick that fills it up.
const PENDING_LEN: usize = 480 + TICK_SAMPLES;
