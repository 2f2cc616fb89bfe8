//! The media of one caller: a socket, a stream out, a stream in, an ear for bursts.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::time::SystemTime;

use anyhow::{Result, bail};

use crate::intake::{Intake, Nanos};
use crate::rtp::{self, PACKET_BYTES, Sender};
use crate::sound::{self, Sounds, TICKS_PER_S, Voice};
use crate::tally::{Stream, Tally};

/// Sound starts this long before the key, so that confab has set up its side.
const KEY_AFTER_TICKS: u64 = 25;

/// Packets in which a listener must have heard nothing before something begins.
const QUIET_PACKETS: u32 = 2;

/// Tries to find two free ports beside each other.
const PORT_TRIES: usize = 200;

/// A sample of 8 kHz.
const SAMPLE_NS: Nanos = 125_000;

/// What a caller does in its room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Talks in turn with the others; its number among them.
    Talker(u64),
    Listener,
}

/// The newest burst of a room.
#[derive(Clone, Copy, Debug, Default)]
pub struct Burst {
    number: u64,
    sent_ns: Nanos,
}

/// What the callers of a room share.
#[derive(Clone, Copy, Debug)]
pub struct Room {
    pub talkers: u64,
    pub listeners: u64,
    pub burst: Burst,
}

/// One caller's media.
#[derive(Debug)]
pub struct Call {
    socket: UdpSocket,
    /// Bound so that confab's reports are not refused; never read.
    _rtcp: UdpSocket,
    part: Part,
    sender: Sender,
    stream: Stream,
    sending: Sending,
    quiet_packets: u32,
    heard_burst: u64,
}

#[derive(Debug)]
enum Sending {
    Nothing,
    /// Ticks since the first packet; the key comes in between.
    BeforeKey(u64),
    Key(u8),
    Sound,
}

impl Call {
    pub fn new(number: usize, part: Part) -> Result<Self> {
        let (socket, rtcp) = ports()?;
        Intake::prepare(&socket)?;
        socket.set_nonblocking(true)?;
        Ok(Self {
            socket,
            _rtcp: rtcp,
            part,
            sender: Sender::new(0x10ad_0000 + number as u32),
            stream: Stream::default(),
            sending: Sending::Nothing,
            quiet_packets: 0,
            heard_burst: 0,
        })
    }

    pub fn port(&self) -> Result<u16> {
        Ok(self.socket.local_addr()?.port())
    }

    /// Sends to `remote` from now on; first a pound key when there is a menu to pass.
    pub fn start(&mut self, remote: SocketAddr, through_menu: bool) -> Result<()> {
        self.socket.connect(remote)?;
        self.sending = match through_menu {
            true => Sending::BeforeKey(0),
            false => Sending::Sound,
        };
        Ok(())
    }

    /// Sends nothing more.
    pub fn stop(&mut self) {
        self.sending = Sending::Nothing;
    }

    /// One packet in each direction.
    pub fn tick(
        &mut self,
        tick: u64,
        sounds: &Sounds,
        intake: &mut Intake,
        room: &mut Room,
        tally: &mut Tally,
    ) {
        if matches!(self.sending, Sending::Nothing) {
            return;
        }
        self.hear(intake, room, tally);
        self.say(tick, sounds, room, tally);
    }

    fn hear(&mut self, intake: &mut Intake, room: &Room, tally: &mut Tally) {
        let Self {
            socket,
            stream,
            quiet_packets,
            heard_burst,
            part,
            ..
        } = self;
        intake.read(socket, |packet, at| {
            let Some(heard) = rtp::read(packet) else {
                return;
            };
            let at = if at == 0 { now_ns() } else { at };
            stream.packet(heard.sequence, at, tally);
            let Some(onset) = sound::onset(heard.payload) else {
                *quiet_packets += 1;
                return;
            };
            let begins = *quiet_packets >= QUIET_PACKETS;
            *quiet_packets = 0;
            if !begins || *part != Part::Listener {
                return;
            }
            if room.burst.number == *heard_burst {
                tally.strays += 1;
                return;
            }
            *heard_burst = room.burst.number;
            let heard_ns = at + onset as Nanos * SAMPLE_NS;
            tally
                .delays_ns
                .push(heard_ns.saturating_sub(room.burst.sent_ns));
        });
    }

    fn say(&mut self, tick: u64, sounds: &Sounds, room: &mut Room, tally: &mut Tally) {
        let mut packet = [0; PACKET_BYTES];
        if let Sending::BeforeKey(ticks) = &mut self.sending {
            *ticks += 1;
            if *ticks > KEY_AFTER_TICKS {
                self.sending = Sending::Key(0);
            }
        }
        if let Sending::Key(step) = &mut self.sending {
            match self.sender.pound(*step, &mut packet) {
                Some(length) => {
                    *step += 1;
                    return send(&self.socket, &packet[..length], tally);
                }
                None => self.sending = Sending::Sound,
            }
        }
        let voice = match (&self.sending, self.part) {
            (Sending::Sound, Part::Talker(number)) => sound::voice(tick, number, room.talkers),
            _ => Voice::Silent,
        };
        let payload = match voice {
            Voice::Silent => &sounds.silence,
            Voice::Begins | Voice::GoesOn => &sounds.tone,
        };
        if voice == Voice::Begins {
            room.burst.number += 1;
            room.burst.sent_ns = now_ns();
            tally.bursts += room.listeners;
        }
        self.sender.sound(payload, &mut packet);
        send(&self.socket, &packet, tally);
    }
}

/// A full buffer or a refused port is the bridge's affair: the packet counts as sent.
fn send(socket: &UdpSocket, packet: &[u8], tally: &mut Tally) {
    let _ = socket.send(packet);
    tally.sent += 1;
}

/// An even port for RTP and the next one for RTCP.
fn ports() -> Result<(UdpSocket, UdpSocket)> {
    let bind = |port| UdpSocket::bind((Ipv4Addr::LOCALHOST, port));
    for _ in 0..PORT_TRIES {
        let rtp = bind(0)?;
        let port = rtp.local_addr()?.port();
        if port % 2 == 0
            && let Ok(rtcp) = bind(port + 1)
        {
            return Ok((rtp, rtcp));
        }
    }
    bail!("no two free ports beside each other");
}

fn now_ns() -> Nanos {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0, |since| since.as_nanos() as Nanos)
}

const _: () = assert!(TICKS_PER_S == 50, "a packet is 20 ms");
