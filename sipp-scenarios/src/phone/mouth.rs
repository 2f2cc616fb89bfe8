//! What a phone sends: sound in packets at absolute deadlines, its hum, what it is given to say,
//! and its keys.

use std::collections::VecDeque;
use std::net::{SocketAddr, UdpSocket};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use bytes::Bytes;
use rtp::header::Header;
use rtp::packet::Packet;
use tokio::sync::oneshot;
use webrtc_util::marshal::Marshal;

use super::codec::{Codec, Encoder, samples};
use super::ear::Ear;
use super::keys::{Key, REST_MS, sequence};
use super::seal::Seal;
use crate::sound::rate;
use crate::sound::tone::Hum;

/// Amplitude of the hum: -15 dBov, a clear voice.
pub const HUM_AMPLITUDE: f64 = 8_000.0;

/// How packets are made.
#[derive(Clone, Copy, Debug)]
pub struct Format {
    /// codec of the sound
    pub codec: Codec,
    /// its payload type
    pub payload_type: u8,
    /// length of a packet
    pub packet_ms: u32,
    /// payload type of keys, and their clock in Hz
    pub keys: Option<(u8, u32)>,
}

#[derive(Debug)]
struct Press {
    payloads: VecDeque<[u8; 4]>,
    done: Option<oneshot::Sender<()>>,
}

#[derive(Debug)]
struct State {
    format: Format,
    encoder: Encoder,
    remote: Option<SocketAddr>,
    sending: bool,
    hum_hz: Option<u32>,
    /// what this has heard is said again
    echo: Option<Ear>,
    /// at the codec's rate
    speech: VecDeque<i16>,
    said: Option<oneshot::Sender<()>>,
    presses: VecDeque<Press>,
    /// packets of rest before the next key
    rest: u32,
    /// RTP time of the key being sent
    pressed_at: Option<u32>,
    stopped: bool,
}

/// Speaks. Cheap to clone; all clones are the same mouth.
#[derive(Clone, Debug)]
pub struct Mouth {
    state: Arc<Mutex<State>>,
}

impl Mouth {
    /// Starts the thread that sends from this socket; it is silent until it knows where to.
    pub fn start(
        socket: UdpSocket,
        format: Format,
        ssrc: u32,
        seal: Seal,
    ) -> std::io::Result<Self> {
        let state = State {
            format,
            encoder: Encoder::new(format.codec),
            remote: None,
            sending: true,
            hum_hz: None,
            echo: None,
            speech: VecDeque::new(),
            said: None,
            presses: VecDeque::new(),
            rest: 0,
            pressed_at: None,
            stopped: false,
        };
        let mouth = Self {
            state: Arc::new(Mutex::new(state)),
        };
        let speaker = mouth.clone();
        std::thread::Builder::new()
            .name("phone-mouth".into())
            .spawn(move || speaker.run(&socket, ssrc, &seal))?;
        Ok(mouth)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nobody panics while holding it")
    }

    /// Where packets go, and how they are made, from the next one on.
    pub fn aim(&self, remote: SocketAddr, format: Format) {
        let mut state = self.state();
        state.remote = Some(remote);
        if state.format.codec != format.codec {
            state.encoder = Encoder::new(format.codec);
        }
        state.format = format;
    }

    /// Stops or resumes sending altogether, as a phone on hold does.
    pub fn set_sending(&self, sending: bool) {
        self.state().sending = sending;
    }

    /// The tone to hum, or none for silence.
    pub fn hum(&self, hz: Option<u32>) {
        self.state().hum_hz = hz;
    }

    /// Says again what this ear hears, a tenth of a second later and at half of it, as a
    /// loudspeaker beside a microphone does; or no more.
    pub fn echo(&self, ear: Option<Ear>) {
        self.state().echo = ear;
    }

    /// Says telephone sound once, instead of humming; the receiver fires when it has been sent.
    pub fn say(&self, samples: &[i16]) -> oneshot::Receiver<()> {
        let (done, receiver) = oneshot::channel();
        let mut state = self.state();
        let raised = rate::raise(samples, state.format.codec.scale());
        state.speech.extend(raised);
        state.said = Some(done);
        receiver
    }

    /// Presses keys, after those not yet sent; the receiver fires when the last has been sent.
    pub fn press(&self, keys: &[Key]) -> oneshot::Receiver<()> {
        let (done, receiver) = oneshot::channel();
        let mut state = self.state();
        let packet_ms = state.format.packet_ms;
        let clock_hz = state.format.keys.map_or(0, |(_, clock_hz)| clock_hz);
        let sequences = keys
            .iter()
            .map(|&key| sequence(key, packet_ms, clock_hz).into());
        state.presses.extend(sequences.map(|payloads| Press {
            payloads,
            done: None,
        }));
        match state.presses.back_mut() {
            Some(last) => last.done = Some(done),
            None => drop(done.send(())),
        }
        receiver
    }

    /// Ends the thread.
    pub fn stop(&self) {
        self.state().stopped = true;
    }

    fn run(&self, socket: &UdpSocket, ssrc: u32, seal: &Seal) {
        let (mut hum, mut sequence_number) = (Hum::default(), ssrc as u16);
        let start = Instant::now();
        let mut sent_ms = 0u64;
        loop {
            let due = start + Duration::from_millis(sent_ms);
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
            let mut state = self.state();
            if state.stopped {
                return;
            }
            // RFC 3550, 5.1: the first one is random
            let stamp = |clock_hz: u32| {
                let ticks = sent_ms * u64::from(clock_hz / 1_000);
                ssrc.rotate_left(16).wrapping_add(ticks as u32)
            };
            let packet = state.next_packet(stamp, &mut hum);
            sent_ms += u64::from(state.format.packet_ms);
            let Some(remote) = state.remote.filter(|_| state.sending) else {
                continue;
            };
            drop(state);
            if let Some((payload_type, marker, timestamp, payload)) = packet {
                let header = Header {
                    version: 2,
                    marker,
                    payload_type,
                    sequence_number,
                    timestamp,
                    ssrc,
                    ..Header::default()
                };
                sequence_number = sequence_number.wrapping_add(1);
                let bytes = (Packet { header, payload }).marshal().ok();
                if let Some(bytes) = bytes.and_then(|bytes| seal.close(bytes.to_vec())) {
                    // a port that is closed already is not the phone's worry
                    let _ = socket.send_to(&bytes, remote);
                }
            }
        }
    }
}

/// Payload type, marker, RTP time, payload.
type Draft = (u8, bool, u32, Bytes);

impl State {
    /// What is to be sent now: a key's packet, or sound. `stamp` is the time by a clock.
    fn next_packet(&mut self, stamp: impl Fn(u32) -> u32, hum: &mut Hum) -> Option<Draft> {
        let audio = self.sound(hum);
        let (payload_type, clock_hz) = (self.format.payload_type, self.format.codec.clock_hz());
        let sound = Some((payload_type, false, stamp(clock_hz), audio));
        if self.rest > 0 {
            self.rest -= 1;
            return sound;
        }
        let (Some(press), Some((keys, clock_hz))) = (self.presses.front_mut(), self.format.keys)
        else {
            return sound;
        };
        let first = self.pressed_at.is_none();
        let pressed_at = *self.pressed_at.get_or_insert(stamp(clock_hz));
        let payload = press.payloads.pop_front()?;
        if press.payloads.is_empty() {
            self.rest = REST_MS.div_ceil(self.format.packet_ms);
            self.pressed_at = None;
            let done = self.presses.pop_front().and_then(|press| press.done);
            // nobody may be waiting
            let _ = done.map(|done| done.send(()));
        }
        Some((keys, first, pressed_at, Bytes::copy_from_slice(&payload)))
    }

    fn sound(&mut self, hum: &mut Hum) -> Bytes {
        let codec = self.format.codec;
        let heard = self.echo.as_ref().map(|ear| {
            let heard = ear.last(self.format.packet_ms as usize).samples;
            rate::raise(&heard, codec.scale())
        });
        let sound: Vec<i16> = (0..samples(codec, self.format.packet_ms as usize))
            .map(|n| {
                let echo = heard.as_ref().and_then(|heard| heard.get(n));
                let spoken = self.speech.pop_front().or(echo.map(|sample| sample / 2));
                let hummed = self
                    .hum_hz
                    .map(|hz| hum.next_at(hz, HUM_AMPLITUDE, codec.rate_hz()));
                spoken.or(hummed).unwrap_or(0)
            })
            .collect();
        if self.speech.is_empty() {
            let _ = self.said.take().map(|done| done.send(()));
        }
        self.encoder.encode(&sound).into()
    }
}
