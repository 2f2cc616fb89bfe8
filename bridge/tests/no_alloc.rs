//! A media thread allocates nothing once its lines are set up. Counts what each thread allocates,
//! in a binary of its own because the counting allocator serves the whole process.

#![allow(clippy::unwrap_used)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::net::{IpAddr, Ipv4Addr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use confab::media::{FromShard, Media, MediaConfig, RoomKey, ToShard};
use confab_core::audio::rtp::{HEADER_LEN, write_header};
use confab_core::audio::stream::{
    Codec, Direction, Offered, OpusWishes, Srtp, SrtpKey, SrtpSuite, Stream,
};
use confab_core::effect::{Hear, Voice};
use confab_core::ids::{LegId, PlayId};
use tokio::sync::mpsc;
use webrtc_srtp::context::Context;
use webrtc_srtp::protection_profile::ProtectionProfile;

/// Counts allocations by thread; ids of threads are taken modulo the length of the table.
struct Counting;

static COUNTS: [AtomicU64; 4_096] = [const { AtomicU64::new(0) }; 4_096];

fn place(thread: i32) -> &'static AtomicU64 {
    &COUNTS[thread as usize % COUNTS.len()]
}

// Everything is passed on to the system's allocator, whose contract is this one's.
#[allow(unsafe_code)]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        place(nix::unistd::gettid().as_raw()).fetch_add(1, Relaxed);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        place(nix::unistd::gettid().as_raw()).fetch_add(1, Relaxed);
        unsafe { System.dealloc(memory, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// The system's number for a thread of ours.
fn thread_id(name: &str) -> i32 {
    for task in std::fs::read_dir("/proc/self/task").unwrap().flatten() {
        let comm = std::fs::read_to_string(task.path().join("comm")).unwrap_or_default();
        if comm.trim() == name {
            return task.file_name().to_str().unwrap().parse().unwrap();
        }
    }
    panic!("no thread {name}");
}

struct Phone {
    socket: UdpSocket,
    sequence: u16,
    /// packets with a tag behind them
    sealed: u32,
    /// seals what it says
    seal: Option<Context>,
    /// says this, which is Opus, over and over
    opus: Option<Vec<u8>>,
}

impl Phone {
    /// A tick of a loud square wave.
    fn speak(&mut self) {
        if let Some(payload) = &self.opus {
            let mut packet = [&[0; HEADER_LEN][..], payload].concat();
            let timestamp = u32::from(self.sequence) * 960;
            let head = packet.first_chunk_mut().unwrap();
            write_header(head, 96, false, self.sequence, timestamp, 5);
            self.sequence = self.sequence.wrapping_add(1);
            self.socket.send(&packet).unwrap();
            return;
        }
        let mut packet = [0; HEADER_LEN + 160];
        let timestamp = u32::from(self.sequence) * 160;
        let head = packet.first_chunk_mut().unwrap();
        write_header(head, 0, false, self.sequence, timestamp, 5);
        for (n, code) in packet[HEADER_LEN..].iter_mut().enumerate() {
            *code = if n % 20 < 10 { 0x90 } else { 0x10 };
        }
        self.sequence = self.sequence.wrapping_add(1);
        let sealed = self.seal.as_mut().map(|seal| seal.encrypt_rtp(&packet));
        let packet = sealed.map_or(packet.to_vec(), |sealed| sealed.unwrap().to_vec());
        self.socket.send(&packet).unwrap();
    }

    fn drain(&mut self) -> u32 {
        let mut count = 0;
        while let Ok(length) = self.socket.recv(&mut [0; 2_000]) {
            count += 1;
            self.sealed += u32::from(length > HEADER_LEN + 160 && length < HEADER_LEN + 240);
        }
        count
    }
}

/// Of each kind of cipher two listeners, a talker who seals and one who does not, whose packets
/// cannot be opened.
fn srtp_of(number: u64) -> Option<Srtp> {
    let suite = match number {
        4 | 6 | 20 | 21 => SrtpSuite::AesCm128Sha1_80,
        5 | 7 | 22 | 23 => SrtpSuite::AeadAes256Gcm,
        _ => return None,
    };
    let (key, salt) = suite.key_and_salt_len();
    let key = SrtpKey::new(suite, &vec![number as u8; key + salt]).unwrap();
    Some(Srtp {
        suite,
        ours: key,
        theirs: key,
    })
}

/// By the same key, and by other code than the bridge's.
fn seal_of(number: u64) -> Option<Context> {
    let (profile, key, salt) = match number {
        6 => (
            ProtectionProfile::Aes128CmHmacSha1_80,
            [6; 16].to_vec(),
            [6; 14].to_vec(),
        ),
        7 => (
            ProtectionProfile::AeadAes256Gcm,
            [7; 32].to_vec(),
            [7; 12].to_vec(),
        ),
        _ => return None,
    };
    Some(Context::new(&key, &salt, profile, None, None).unwrap())
}

/// A packet of 20 ms that hums, also when it comes again and again.
fn opus_of_a_hum() -> Vec<u8> {
    let (channels, purpose) = (opus::Channels::Mono, opus::Application::Voip);
    let mut encoder = opus::Encoder::new(48_000, channels, purpose).unwrap();
    let hum = |n: usize| (8_000.0 * (n as f32 * std::f32::consts::TAU / 160.0).sin()) as i16;
    let mut packet = Vec::new();
    for tick in 0..10 {
        let sound: Vec<i16> = (0..960).map(|n| hum(tick * 960 + n)).collect();
        packet = encoder.encode_vec(&sound, 1_000).unwrap();
    }
    packet
}

/// Who listens by a codec that remembers: two of each where others talk, and two of each where
/// nobody does, so that they come to share a stream.
fn codec_of(number: u64) -> (Codec, u8) {
    match number {
        12 | 13 | 24 | 25 => (Codec::G722, 9),
        14 | 15 | 26 | 27 => (Codec::Opus, 96),
        _ => (Codec::Pcmu, 0),
    }
}

fn room_of(number: u64) -> RoomKey {
    match number {
        24.. => RoomKey(2),
        _ => RoomKey(number % 2),
    }
}

fn call(media: &Media, number: u64) -> Phone {
    let leg = LegId(number);
    let line = media.open_line(leg).unwrap();
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_nonblocking(true).unwrap();
    socket.connect(line.local_rtp()).unwrap();
    let remote = socket.local_addr().unwrap();
    let (codec, payload_type) = codec_of(number);
    let stream = Stream {
        remote,
        remote_rtcp: remote,
        codec,
        payload_type,
        event_payload_type: Some(101),
        event_clock_hz: codec.clock_hz(),
        offered: Offered::default(),
        packet_ms: if number % 10 == 5 { 30 } else { 20 },
        direction: Direction::SendRecv,
        noise_payload_type: None,
        opus: OpusWishes::default(),
        srtp: srtp_of(number),
    };
    for what in [
        ToShard::Adopt(line),
        ToShard::SetLevelled(leg, true),
        ToShard::SetWatched(leg, true),
        ToShard::SetDenoised(leg, number.is_multiple_of(2)),
        ToShard::SetStream(leg, stream),
        ToShard::Enter(leg, room_of(number)),
        ToShard::SetVoice(
            leg,
            Voice {
                speak: true,
                hear: Hear::Room,
            },
        ),
    ] {
        media.send(0, what).unwrap();
    }
    Phone {
        socket,
        sequence: 0,
        sealed: 0,
        seal: seal_of(number),
        opus: None,
    }
}

#[test]
fn a_tick_allocates_nothing() {
    let (reports, mut told) = mpsc::channel(1_000);
    let config = MediaConfig {
        io_uring: true,
        drop_unheard: true,
        threads: 1,
        address: IpAddr::V4(Ipv4Addr::LOCALHOST),
        ports: 33_000..=33_199,
        dead_line_ms: 30_000,
        busy_tick_us: 20_000,
        music: Arc::from([]),
    };
    let media = Media::start(config, reports).unwrap();
    let mut phones: Vec<Phone> = (0..28).map(|number| call(&media, number)).collect();
    let mut opened = Vec::new();
    // What is told is read all the time, as the switchboard does: the channel's memory goes round.
    let mut run = |phones: &mut Vec<Phone>, until_tick: u64| {
        let deadline = Instant::now() + Duration::from_secs(60);
        let mut heard = 0;
        while media.stats().ticks < until_tick {
            assert!(Instant::now() < deadline, "the media thread does not tick");
            for (number, phone) in phones.iter_mut().enumerate() {
                // More talkers than are mixed; one of them loses packets. What those of fuller
                // codecs send is none of theirs, but a sign of life.
                if !(20..24).contains(&number) && (number != 3 || phone.sequence % 7 != 0) {
                    phone.speak();
                } else {
                    phone.sequence = phone.sequence.wrapping_add(1);
                }
                heard += phone.drain();
            }
            while let Ok(report) = told.try_recv() {
                if let FromShard::Talking(LegId(leg @ (4..8 | 26)), true) = report {
                    opened.push(leg);
                }
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        heard
    };
    let start = media.stats().ticks;
    // After four seconds of warming up every line has been told as talking or as silent, and those
    // whose tone never ends as humming; a hundred ticks are counted.
    run(&mut phones, start + 210);
    let counted = place(thread_id("media-0"));
    let before = counted.load(Relaxed);
    // One line of Opus must hear something alone, and another is muted, may speak again and does.
    // What libopus itself allocates is not counted: it is no Rust.
    let order = |what| media.send(0, what).unwrap();
    let voice = |speak| {
        let hear = Hear::Room;
        ToShard::SetVoice(LegId(26), Voice { speak, hear })
    };
    order(voice(false));
    order(ToShard::PlayToLeg(
        LegId(27),
        PlayId(1),
        vec![Arc::from([3_000; 4_000])],
    ));
    let mut heard = run(&mut phones, start + 260);
    order(voice(true));
    phones[26].opus = Some(opus_of_a_hum());
    heard += run(&mut phones, start + 310);
    let after = counted.load(Relaxed);
    assert!(
        before > 0,
        "setting up allocates, so the right thread is counted"
    );
    assert!(heard > 1_000, "only {heard} packets were heard");
    let sealed: u32 = phones.iter().map(|phone| phone.sealed).sum();
    assert!(sealed > 400, "only {sealed} sealed packets were heard");
    let rejected = media.stats().packets_rejected;
    assert!(rejected > 200, "only {rejected} packets were not opened");
    assert_eq!(
        after - before,
        0,
        "allocations and frees in a hundred ticks"
    );
    assert_eq!(
        opened,
        [6, 7, 26],
        "who seals is heard, nobody who should and does not, and who may speak again"
    );
}
