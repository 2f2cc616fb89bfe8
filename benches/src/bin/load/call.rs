//! The media of one caller: a socket, a stream out, a stream in, an ear for bursts.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::time::SystemTime;

use anyhow::{Result, bail};

use crate::codec::Codec;
use crate::ear::Ear;
use crate::guard::Guard;
use crate::intake::{Intake, Nanos};
use crate::outbox::Outbox;
use crate::rtp::{self, PACKET_BYTES_MAX, Sender};
use crate::sound::{self, Sounds, TICKS_PER_S};
use crate::tally::{Stream, Tally};

/// Sound starts this long before the first key, so that confab has set up its side.
const KEY_AFTER_TICKS: u32 = 25;

/// Silence between two keys.
const BETWEEN_KEYS_TICKS: u32 = 4;

/// Tries to find two free ports beside each other.
const PORT_TRIES: usize = 200;

/// What a caller does in its room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Part {
    /// Has bursts of a tone in turn with others: its number among them. All others listen.
    pub turn: Option<u64>,
    /// Makes noise whenever it has no burst.
    pub noisy: bool,
    /// Keys the PIN.
    pub host: bool,
}

/// The newest burst of a room.
#[derive(Clone, Copy, Debug, Default)]
pub struct Burst {
    number: u64,
    sent_ns: Nanos,
}

/// What the callers of a room share.
#[derive(Clone, Copy, Debug, Default)]
pub struct Room {
    /// who take turns
    pub talkers: u64,
    /// who have an ear
    pub listeners: u64,
    pub burst: Burst,
}

/// When a caller heard something for the first time; nothing when it has not.
#[derive(Clone, Copy, Debug, Default)]
pub struct Firsts {
    pub packet_ns: Option<Nanos>,
    pub sound_ns: Option<Nanos>,
    /// when its last key was pressed, and what began to be heard after that
    pub key_ns: Option<Nanos>,
    pub after_key_ns: Option<Nanos>,
}

/// One caller's media.
#[derive(Debug)]
pub struct Call {
    number: usize,
    socket: UdpSocket,
    /// Bound so that confab's reports are not refused; never read.
    _rtcp: UdpSocket,
    part: Part,
    sender: Sender,
    guard: Guard,
    stream: Stream,
    sending: Sending,
    ear: Option<Ear>,
    heard_burst: u64,
    firsts: Firsts,
}

#[derive(Debug)]
enum Sending {
    Nothing,
    /// Silence for so many ticks, then these keys.
    BeforeKey(u32, &'static str),
    /// A step of the first of these keys.
    Key(u8, &'static str),
    Sound,
}

impl Call {
    pub fn new(number: usize, part: Part, codec: Codec) -> Result<Self> {
        let (socket, rtcp) = ports()?;
        Intake::prepare(&socket)?;
        socket.set_nonblocking(true)?;
        Ok(Self {
            number,
            socket,
            _rtcp: rtcp,
            part,
            sender: Sender::new(codec, 0x10ad_0000 + number as u32),
            guard: Guard::Plain,
            stream: Stream::default(),
            sending: Sending::Nothing,
            ear: None,
            heard_burst: 0,
            firsts: Firsts::default(),
        })
    }

    pub fn part(&self) -> Part {
        self.part
    }

    /// Listens for bursts from now on.
    pub fn lend(&mut self, ear: Ear) {
        self.ear = Some(ear);
    }

    /// Whether it listens for bursts.
    pub fn has_ear(&self) -> bool {
        self.ear.is_some()
    }

    pub fn firsts(&self) -> Firsts {
        self.firsts
    }

    pub fn port(&self) -> Result<u16> {
        Ok(self.socket.local_addr()?.port())
    }

    /// Sends to `remote` from now on; first the keys by which a menu is passed, if any.
    pub fn start(&mut self, remote: SocketAddr, guard: Guard, keys: &'static str) -> Result<()> {
        self.socket.connect(remote)?;
        self.guard = guard;
        self.sending = match keys.is_empty() {
            false => Sending::BeforeKey(KEY_AFTER_TICKS, keys),
            true => Sending::Sound,
        };
        Ok(())
    }

    /// Whether there are keys that it has not pressed yet.
    pub fn is_keying(&self) -> bool {
        matches!(self.sending, Sending::BeforeKey(..) | Sending::Key(..))
    }

    /// Keys in the room.
    pub fn press(&mut self, keys: &'static str) {
        self.sending = Sending::BeforeKey(0, keys);
    }

    /// Sends nothing more.
    pub fn stop(&mut self) {
        self.sending = Sending::Nothing;
    }

    /// One packet in each direction, or none where silence is left out.
    pub fn tick(
        &mut self,
        tick: u64,
        sounds: &Sounds,
        (intake, outbox): (&mut Intake, &mut Outbox),
        room: &mut Room,
        tally: &mut Tally,
    ) {
        if matches!(self.sending, Sending::Nothing) {
            return;
        }
        self.hear(intake, room, tally);
        if let Some((packet, length)) = self.say(tick, sounds, room, tally) {
            // A full buffer or a refused port is the bridge's affair: the packet counts as sent.
            let _ = outbox.send(&self.socket, &packet[..length]);
            tally.sent += 1;
        }
    }

    fn hear(&mut self, intake: &mut Intake, room: &Room, tally: &mut Tally) {
        let Self {
            socket,
            guard,
            stream,
            ear,
            heard_burst,
            firsts,
            ..
        } = self;
        intake.read(socket, |packet, at| {
            let Some(heard) = rtp::read(packet) else {
                return;
            };
            let at = if at == 0 { now_ns() } else { at };
            firsts.packet_ns.get_or_insert(at);
            stream.packet(heard.sequence, at, tally);
            let Some(ear) = ear else {
                return;
            };
            let Some(opened) = guard.open(packet) else {
                tally.unopened += 1;
                return;
            };
            let begun = rtp::read(&opened).and_then(|heard| ear.hear(heard.payload, at));
            let Some(heard_ns) = begun else {
                return;
            };
            firsts.sound_ns.get_or_insert(heard_ns);
            if firsts.key_ns.is_some() {
                firsts.after_key_ns.get_or_insert(heard_ns);
            }
            if room.burst.number == *heard_burst {
                tally.strays += 1;
                return;
            }
            *heard_burst = room.burst.number;
            tally
                .delays_ns
                .push(heard_ns.saturating_sub(room.burst.sent_ns));
        });
    }

    /// The next packet to send, and its length.
    fn say(
        &mut self,
        tick: u64,
        sounds: &Sounds,
        room: &mut Room,
        tally: &mut Tally,
    ) -> Option<(rtp::Packet, usize)> {
        let mut packet = [0; PACKET_BYTES_MAX];
        let length = match self.next_key(&mut packet) {
            Some(length) => length,
            None => {
                let Some(payload) = self.payload(tick, sounds, room, tally) else {
                    self.sender.pause();
                    return None;
                };
                self.sender.sound(payload, &mut packet)
            }
        };
        // What cannot be sealed is not sent, and nobody hears it.
        let length = self.guard.close(&mut packet, length).ok()?;
        Some((packet, length))
    }

    /// The length of the next packet of a key, when one is being pressed now.
    fn next_key(&mut self, packet: &mut rtp::Packet) -> Option<usize> {
        loop {
            match self.sending {
                Sending::Nothing | Sending::Sound => return None,
                Sending::BeforeKey(0, keys) => self.sending = Sending::Key(0, keys),
                Sending::BeforeKey(ticks, keys) => {
                    self.sending = Sending::BeforeKey(ticks - 1, keys);
                    return None;
                }
                Sending::Key(step, keys) => {
                    let key = keys.chars().next()?;
                    if let Some(length) = self.sender.key(key, step, packet) {
                        if step == 0 {
                            self.firsts.key_ns = Some(now_ns());
                            self.firsts.after_key_ns = None;
                        }
                        self.sending = Sending::Key(step + 1, keys);
                        return Some(length);
                    }
                    self.sending = match &keys[1..] {
                        "" => Sending::Sound,
                        rest => Sending::BeforeKey(BETWEEN_KEYS_TICKS, rest),
                    };
                }
            }
        }
    }

    /// What it says now; nothing when it leaves silence out.
    fn payload<'s>(
        &self,
        tick: u64,
        sounds: &'s Sounds,
        room: &mut Room,
        tally: &mut Tally,
    ) -> Option<&'s [u8]> {
        if !matches!(self.sending, Sending::Sound) {
            return sounds.said(tick, self.number, None, false);
        }
        let turn = self.part.turn;
        let into = turn.map(|talker| sound::into_turn(tick, talker, room.talkers));
        if into == Some(0) {
            room.burst.number += 1;
            room.burst.sent_ns = now_ns();
            tally.bursts += room.listeners;
        }
        sounds.said(tick, self.number, into, self.part.noisy)
    }
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

/// The time by the clock of the kernel's time stamps.
pub fn now_ns() -> Nanos {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0, |since| since.as_nanos() as Nanos)
}

const _: () = assert!(TICKS_PER_S == 50, "a packet is 20 ms");
