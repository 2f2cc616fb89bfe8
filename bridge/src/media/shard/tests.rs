//! A shard ticked by hand, with phones on loopback that hum tones and say what they hear.

use std::net::{IpAddr, Ipv4Addr, UdpSocket};
use std::sync::mpsc::{SyncSender, sync_channel};

use confab_core::audio::TICK_SAMPLES;
use confab_core::audio::g711::{self, Law};
use confab_core::audio::level::Power;
use confab_core::audio::rtcp;
use confab_core::audio::rtp::{HEADER_LEN, Packet, write_header};
use confab_core::audio::stream::{Codec, Direction, Offered, OpusWishes, Srtp, Stream};
use confab_core::effect::{Hear, Voice};
use confab_core::ids::PlayId;
use confab_dtmf::Key;
use confab_dtmf::merge::Source;
use tokio::sync::mpsc;

use super::*;
use crate::media::aside;
use crate::media::ports::PortPool;
use crate::media::srtp::{Keys, TAIL_LEN};

mod announcing;
mod cleaning;
mod coming;
mod common;
mod keeping;
mod levels;
mod quiet;
mod recording;
mod sealed;
mod spoiling;
mod still;
mod talking;
mod telling;
mod tones;
mod unheard;
mod wide;

const TALK: Voice = Voice {
    speak: true,
    hear: Hear::Room,
};
const LISTEN: Voice = Voice {
    speak: false,
    hear: Hear::Room,
};
const ROOM: RoomKey = RoomKey(1);
const EVENT_TYPE: u8 = 101;
/// Of what phones hum.
const PEAK: f64 = 6_000.0;

/// A shard and those who are connected to it.
struct House {
    shard: Shard,
    orders: SyncSender<Order>,
    reports: mpsc::Receiver<FromShard>,
    told: Vec<FromShard>,
    counters: Arc<Counters>,
    phones: Vec<Phone>,
    ports: Arc<PortPool>,
    spares: Arc<Spares>,
    tick: u64,
}

/// A caller.
struct Phone {
    leg: LegId,
    rtp: UdpSocket,
    rtcp: UdpSocket,
    codec: Codec,
    /// hums this, or says nothing at all, not even silence
    tone_hz: Option<f64>,
    /// the peaks of that
    peak: f64,
    ssrc: u32,
    sequence: u16,
    timestamp: u32,
    heard: Vec<i16>,
    /// marker, sequence number, timestamp and payload length of what came
    packets: Vec<(bool, u16, u32, usize)>,
    /// packet type of comfort noise
    noise_type: Option<u8>,
    /// sequence number, timestamp and payload of what came of that
    noises: Vec<(u16, u32, Vec<u8>)>,
    /// as the line has it, and what the phone makes of it
    srtp: Option<Srtp>,
    keys: Option<Keys>,
    /// the last packet as it was sent
    last_sent: Vec<u8>,
    /// SSRC of the last packet that came
    heard_from: u32,
    /// it reads nothing of what comes
    deaf: bool,
}

impl House {
    /// `first_port` keeps tests that run at the same time apart.
    fn new(first_port: u16) -> Self {
        Self::with_music(first_port, Sound::from([]))
    }

    fn with_music(first_port: u16, music: Sound) -> Self {
        let (orders, receiver) = sync_channel(1_000);
        let (sender, reports) = mpsc::channel(1_000);
        let spares = Arc::<Spares>::default();
        // Nobody tends the spares of this house, so that what is lent can be counted.
        let (pusher, _) = aside::start(sender.clone(), Arc::default()).unwrap();
        let counters = Arc::<Counters>::default();
        let (told, lent) = (Reports::new(sender), Arc::clone(&spares));
        let tools = Tools::new(told, pusher, lent, Arc::clone(&counters), 2_000);
        Self {
            shard: Shard::new(receiver, music, tools),
            orders,
            reports,
            told: Vec::new(),
            counters,
            phones: Vec::new(),
            ports: PortPool::new(
                IpAddr::V4(Ipv4Addr::LOCALHOST),
                first_port..=first_port + 99,
            ),
            spares,
            tick: 0,
        }
    }

    fn order(&self, what: ToShard) {
        let order = Order::new(what, &self.spares);
        self.orders.send(order).unwrap();
    }

    /// Connects a phone; returns its number.
    fn call(&mut self, codec: Codec) -> usize {
        let phone = Phone::new(LegId(self.phones.len() as u64), codec);
        let line = Line::new(phone.leg, self.ports.open().unwrap(), 77);
        let stream = phone.stream();
        phone.rtp.connect(line.local_rtp()).unwrap();
        let mut control = line.local_rtp();
        control.set_port(control.port() + 1);
        phone.rtcp.connect(control).unwrap();
        self.order(ToShard::Adopt(line));
        self.order(ToShard::SetStream(phone.leg, stream));
        self.phones.push(phone);
        self.phones.len() - 1
    }

    /// Connects a phone that hums in the room.
    fn talker(&mut self, tone_hz: f64) -> usize {
        let number = self.call(Codec::Pcmu);
        self.phones[number].tone_hz = Some(tone_hz);
        self.order(ToShard::Enter(self.phones[number].leg, ROOM));
        self.order(ToShard::SetVoice(self.phones[number].leg, TALK));
        number
    }

    /// Takes a line out of this shard, as it is on its way to another one.
    fn release(&mut self, leg: LegId) -> Box<Line> {
        self.order(ToShard::Release(leg));
        self.run(1);
        let released = |told: &FromShard| matches!(told, FromShard::Released(_));
        let at = self.told.iter().position(released).unwrap();
        match self.told.swap_remove(at) {
            FromShard::Released(line) => line,
            _ => unreachable!(),
        }
    }

    /// Runs ticks in which every phone hums and hears.
    fn run(&mut self, ticks: usize) {
        for _ in 0..ticks {
            for phone in &mut self.phones {
                phone.hum();
            }
            self.tick += 1;
            self.shard.tick(Now::at(self.tick, 0));
            for phone in &mut self.phones {
                phone.hear();
            }
            while let Ok(told) = self.reports.try_recv() {
                self.told.push(told);
            }
        }
    }

    /// Runs until the aside thread or the shard has told something that `wanted` takes.
    fn wait_for<T>(&mut self, wanted: impl Fn(&FromShard) -> Option<T>) -> T {
        for _ in 0..10_000 {
            if let Some(found) = self.told.iter().find_map(&wanted) {
                return found;
            }
            self.run(1);
            std::thread::yield_now();
        }
        panic!("never told; told was {:?}", self.told);
    }

    /// How loud a tone is in what a phone has heard in the last 400 ms, as a peak amplitude.
    fn heard(&self, phone: usize, hz: f64) -> f64 {
        let heard = &self.phones[phone].heard;
        amplitude(&heard[heard.len() - 3_200..], hz)
    }

    fn check_hears(&self, phone: usize, hz: f64) {
        let loud = self.heard(phone, hz);
        assert!(
            (5_500.0..6_500.0).contains(&loud),
            "phone {phone} hears {hz} Hz at {loud}"
        );
    }

    fn check_hears_not(&self, phone: usize, hz: f64) {
        let loud = self.heard(phone, hz);
        // 40 dB below what it would be
        assert!(loud < 60.0, "phone {phone} hears {hz} Hz at {loud}");
    }

    fn check_hears_nothing(&self, phone: usize) {
        let heard = &self.phones[phone].heard;
        assert!(
            heard[heard.len() - 1_600..].iter().all(|&s| s == 0),
            "phone {phone}"
        );
    }
}

impl Phone {
    fn new(leg: LegId, codec: Codec) -> Self {
        let socket = || {
            let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
            socket.set_nonblocking(true).unwrap();
            socket
        };
        Self {
            leg,
            rtp: socket(),
            rtcp: socket(),
            codec,
            tone_hz: None,
            peak: PEAK,
            ssrc: 5,
            sequence: 65_500,
            timestamp: 0,
            heard: Vec::new(),
            packets: Vec::new(),
            noise_type: None,
            noises: Vec::new(),
            srtp: None,
            keys: None,
            last_sent: Vec::new(),
            heard_from: 0,
            deaf: false,
        }
    }

    fn payload_type(&self) -> u8 {
        match law_of(self.codec) {
            Law::Mu => 0,
            Law::A => 8,
        }
    }

    fn stream(&self) -> Stream {
        Stream {
            remote: self.rtp.local_addr().unwrap(),
            remote_rtcp: self.rtcp.local_addr().unwrap(),
            codec: self.codec,
            payload_type: self.payload_type(),
            event_payload_type: Some(EVENT_TYPE),
            event_clock_hz: 8_000,
            offered: Offered::default(),
            packet_ms: 20,
            direction: Direction::SendRecv,
            noise_payload_type: self.noise_type,
            opus: OpusWishes::default(),
            srtp: self.srtp,
        }
    }

    fn hum(&mut self) {
        let Some(hz) = self.tone_hz else { return };
        let mut codes = [0; TICK_SAMPLES];
        let mut sound = tone(self.timestamp, hz);
        for sample in &mut sound {
            *sample = (f64::from(*sample) * self.peak / PEAK) as i16;
        }
        g711::encode(law_of(self.codec), &sound, &mut codes);
        self.send(self.payload_type(), false, self.timestamp, &codes);
        self.timestamp = self.timestamp.wrapping_add(160);
    }

    fn send(&mut self, payload_type: u8, marker: bool, timestamp: u32, payload: &[u8]) {
        let mut head = [0; HEADER_LEN];
        write_header(
            &mut head,
            payload_type,
            marker,
            self.sequence,
            timestamp,
            self.ssrc,
        );
        self.sequence = self.sequence.wrapping_add(1);
        let mut packet = [&head[..], payload].concat();
        if let Some(keys) = &mut self.keys {
            let length = packet.len();
            packet.resize(length + TAIL_LEN, 0);
            let sealed = keys.sealer.rtp(&mut packet, length).unwrap();
            packet.truncate(sealed);
        }
        self.rtp.send(&packet).unwrap();
        self.last_sent = packet;
    }

    fn hear(&mut self) {
        let mut buffer = [0; 2_000];
        while let Ok(mut length) = self.rtp.recv(&mut buffer) {
            if self.deaf {
                continue;
            }
            if let Some(keys) = &mut self.keys {
                length = keys.opener.rtp(&mut buffer[..length], 0).unwrap();
            }
            let packet = Packet::parse(&buffer[..length]).unwrap();
            self.heard_from = packet.ssrc;
            if Some(packet.payload_type) == self.noise_type {
                let told = (packet.sequence, packet.timestamp, packet.payload.to_vec());
                self.noises.push(told);
                continue;
            }
            assert_eq!(packet.payload_type, self.payload_type());
            let mut samples = vec![0; packet.payload.len()];
            g711::decode(law_of(self.codec), packet.payload, &mut samples);
            self.heard.extend(samples);
            let seen = (
                packet.marker,
                packet.sequence,
                packet.timestamp,
                packet.payload.len(),
            );
            self.packets.push(seen);
        }
    }

    /// A key press of 100 ms as five packets and two repetitions of the end.
    fn press(&mut self, event: u8, at: u32) {
        let durations = [160u16, 320, 480, 640, 800, 800, 800];
        for (n, duration) in durations.into_iter().enumerate() {
            let [high, low] = duration.to_be_bytes();
            let end = if n >= 4 { 0x80 } else { 0 };
            self.send(EVENT_TYPE, n == 0, at, &[event, end | 10, high, low]);
        }
    }
}

fn tone(from: u32, hz: f64) -> Vec<i16> {
    let step = hz / 8_000.0 * std::f64::consts::TAU;
    (0..160)
        .map(|n| (PEAK * (f64::from(from + n) * step).sin()) as i16)
        .collect()
}

/// The peak amplitude of a tone in some sound (Goertzel's sum, written out).
fn amplitude(samples: &[i16], hz: f64) -> f64 {
    let (mut cos, mut sin) = (0.0, 0.0);
    for (n, &sample) in samples.iter().enumerate() {
        let angle = n as f64 * hz / 8_000.0 * std::f64::consts::TAU;
        cos += f64::from(sample) * angle.cos();
        sin += f64::from(sample) * angle.sin();
    }
    2.0 * f64::hypot(cos, sin) / samples.len() as f64
}

fn law_of(codec: Codec) -> Law {
    codec.law().expect("the phones of these tests speak G.711")
}
