//! Callers of fuller codecs: who hears whom, at what width, and what a change does.

use super::*;
use crate::media::codec::{Coder, Gear};
use confab_core::audio::jitter::Taken;
use confab_core::audio::rate::Rate;

/// A caller who speaks G.722 or Opus: hums a tone, hears at the codec's own rate.
pub(super) struct Fuller {
    pub(super) leg: LegId,
    pub(super) rtp: UdpSocket,
    codec: Codec,
    gear: Box<Gear>,
    pub(super) hz: f64,
    /// the two tones of a key, in place of that
    pub(super) tones: Option<[f64; 2]>,
    number: u32,
    pub(super) heard: Vec<i16>,
    /// payloads as they came
    pub(super) payloads: Vec<Vec<u8>>,
}

fn gear_for(stream: &Stream) -> Box<Gear> {
    let mut gear = Gear::for_stream(stream, &Arc::default()).unwrap();
    gear.jitter.set_listening(true);
    gear
}

impl Fuller {
    pub(super) fn enter(house: &mut House, number: u64, codec: Codec, hz: f64) -> Self {
        let fuller = Self::call(house, number, codec, hz);
        house.order(ToShard::Enter(fuller.leg, ROOM));
        house.order(ToShard::SetVoice(fuller.leg, TALK));
        fuller
    }

    /// Is in no room yet.
    pub(super) fn call(house: &mut House, number: u64, codec: Codec, hz: f64) -> Self {
        let leg = LegId(1_000 + number);
        let rtp = UdpSocket::bind("127.0.0.1:0").unwrap();
        rtp.set_nonblocking(true).unwrap();
        let line = Line::new(leg, house.ports.open().unwrap(), 99);
        rtp.connect(line.local_rtp()).unwrap();
        house.order(ToShard::Adopt(line));
        let mut fuller = Self {
            leg,
            rtp,
            codec,
            gear: gear_for(&stream_of(codec, "127.0.0.1:9".parse().unwrap())),
            hz,
            tones: None,
            number: 0,
            heard: Vec::new(),
            payloads: Vec::new(),
        };
        fuller.switch(house, codec);
        fuller
    }

    /// Agrees on another codec.
    fn switch(&mut self, house: &House, codec: Codec) {
        let stream = stream_of(codec, self.rtp.local_addr().unwrap());
        self.codec = codec;
        self.gear = gear_for(&stream);
        self.heard.clear();
        house.order(ToShard::SetStream(self.leg, stream));
    }

    fn hum(&mut self) {
        let rate = self.codec.rate();
        let from = self.number as usize * rate.tick();
        let turn = std::f64::consts::TAU / f64::from(rate.hz());
        let pitches = match &self.tones {
            Some(tones) => &tones[..],
            None => std::slice::from_ref(&self.hz),
        };
        let at = |n: usize| -> f64 { pitches.iter().map(|hz| (n as f64 * turn * hz).sin()).sum() };
        let sound: Vec<i16> = (from..from + rate.tick())
            .map(|n| (PEAK * at(n)) as i16)
            .collect();
        let mut packet = [0; 1_500];
        let length = match &mut self.gear.coder {
            Coder::G722(coder) => {
                coder
                    .own
                    .encode(&sound, &mut packet[HEADER_LEN..HEADER_LEN + 160]);
                160
            }
            Coder::Opus(coder) => {
                coder.own.push(&sound);
                coder.own.pop(&mut packet[HEADER_LEN..]).unwrap()
            }
            Coder::None => unreachable!(),
        };
        let timestamp = self.number * self.codec.clock_hz() / 50;
        let head = packet.first_chunk_mut().unwrap();
        write_header(
            head,
            type_of(self.codec),
            false,
            self.number as u16,
            timestamp,
            7,
        );
        self.rtp.send(&packet[..HEADER_LEN + length]).unwrap();
        self.number += 1;
    }

    fn hear(&mut self) {
        let mut buffer = [0; 2_000];
        while let Ok(length) = self.rtp.recv(&mut buffer) {
            let packet = Packet::parse(&buffer[..length]).unwrap();
            if packet.payload_type == type_of(self.codec) {
                self.gear.jitter.put(&packet);
                self.payloads.push(packet.payload.to_vec());
            }
        }
        let mut frame = vec![0; self.codec.rate().tick()];
        if self.gear.jitter.take(&mut frame) != Taken::Idle {
            self.heard.extend(frame);
        }
    }

    /// How loud a tone is in the last 400 ms.
    pub(super) fn loud(&self, hz: f64) -> f64 {
        let rate = self.codec.rate();
        let last = &self.heard[self.heard.len() - 20 * rate.tick()..];
        amplitude(last, hz * 8_000.0 / f64::from(rate.hz()))
    }

    /// The greatest step from sample to sample, in what one at 8 kHz would be.
    fn check(&self, hears: &[f64], hears_not: &[f64]) {
        for &hz in hears {
            let loud = self.loud(hz);
            // Opus spends its bits on speech: a tone as high as this one comes 4 dB down.
            let least = if hz < 10_000.0 { 5_000.0 } else { 3_000.0 };
            assert!(
                (least..6_900.0).contains(&loud),
                "{:?} hears {hz} Hz at {loud}",
                self.codec
            );
        }
        for &hz in hears_not {
            // Opus adds noise of its own; 30 dB below is not there.
            let loud = self.loud(hz);
            assert!(loud < 200.0, "{:?} hears {hz} Hz at {loud}", self.codec);
        }
    }
}

fn type_of(codec: Codec) -> u8 {
    match codec {
        Codec::Opus => 96,
        _ => 9,
    }
}

pub(super) fn stream_of(codec: Codec, remote: std::net::SocketAddr) -> Stream {
    Stream {
        remote,
        remote_rtcp: remote,
        codec,
        payload_type: type_of(codec),
        event_payload_type: Some(EVENT_TYPE),
        event_clock_hz: codec.clock_hz(),
        offered: Offered::default(),
        packet_ms: 20,
        direction: Direction::SendRecv,
        noise_payload_type: None,
        opus: OpusWishes::default(),
        srtp: None,
    }
}

pub(super) fn run(house: &mut House, fuller: &mut [&mut Fuller], ticks: usize) {
    for _ in 0..ticks {
        for one in &mut *fuller {
            one.hum();
        }
        house.run(1);
        for one in &mut *fuller {
            one.hear();
        }
    }
}

#[test]
fn callers_of_all_codecs_hear_the_others_and_not_themselves() {
    let mut house = House::new(35_000);
    let narrow = house.talker(400.0);
    let mut wide = Fuller::enter(&mut house, 1, Codec::G722, 700.0);
    let mut full = Fuller::enter(&mut house, 2, Codec::Opus, 1_100.0);
    run(&mut house, &mut [&mut wide, &mut full], 80);
    house.check_hears(narrow, 700.0);
    house.check_hears(narrow, 1_100.0);
    house.check_hears_not(narrow, 400.0);
    wide.check(&[400.0, 1_100.0], &[700.0]);
    full.check(&[400.0, 700.0], &[1_100.0]);
}

#[test]
fn what_a_codec_can_carry_reaches_another_of_the_same() {
    let check = |first_port, codec, hz, narrow_hz| {
        let mut house = House::new(first_port);
        let narrow = house.talker(500.0);
        let mut a = Fuller::enter(&mut house, 1, codec, hz);
        let mut b = Fuller::enter(&mut house, 2, codec, 900.0);
        run(&mut house, &mut [&mut a, &mut b], 80);
        b.check(&[hz, 500.0], &[900.0]);
        a.check(&[900.0, 500.0], &[hz]);
        // And does not come back as something else where it cannot be carried.
        house.check_hears(narrow, 900.0);
        house.check_hears_not(narrow, narrow_hz);
    };
    check(35_100, Codec::G722, 6_000.0, 2_000.0);
    check(35_200, Codec::Opus, 12_000.0, 4_000.0);
}

#[test]
fn a_room_comes_up_and_goes_down_without_a_click() {
    let mut house = House::new(35_300);
    let talker = house.talker(300.0);
    let listener = house.talker(0.0);
    house.order(ToShard::SetVoice(house.phones[listener].leg, LISTEN));
    house.run(50);
    let from = house.phones[listener].heard.len();
    let mut full = Fuller::enter(&mut house, 1, Codec::Opus, 0.0);
    run(&mut house, &mut [&mut full], 50);
    house.order(ToShard::Close(full.leg));
    house.run(50);
    house.check_hears(listener, 300.0);
    let heard = &house.phones[listener].heard[from - 160..];
    let step = |pair: &[i16]| (i32::from(pair[1]) - i32::from(pair[0])).abs();
    let natural = (6_000.0 * 300.0 / 8_000.0 * std::f64::consts::TAU) as i32;
    let steepest = heard.windows(2).map(step).max().unwrap();
    // The coarsest step of mu-law at that level is 256.
    assert!(steepest < natural + 600, "{steepest} instead of {natural}");
    assert!(heard.len() >= 100 * 160);
    house.check_hears_not(talker, 300.0);
}

#[test]
fn another_codec_in_mid_call_is_heard_and_spoken() {
    let mut house = House::new(35_400);
    let narrow = house.talker(400.0);
    let mut changing = Fuller::enter(&mut house, 1, Codec::G722, 700.0);
    for codec in [Codec::Opus, Codec::G722, Codec::Opus] {
        run(&mut house, &mut [&mut changing], 60);
        house.check_hears(narrow, 700.0);
        changing.check(&[400.0], &[700.0]);
        changing.switch(&house, codec);
    }
}

/// A tone is taken for noise only after seconds, and each codec is another line to the suppressor.
#[test]
fn the_noise_of_lines_of_every_rate_is_suppressed_and_their_voices_are_not() {
    let mut house = House::new(41_100);
    let narrow = house.talker(400.0);
    let mut changing = Fuller::enter(&mut house, 1, Codec::G722, 700.0);
    house.order(ToShard::SetDenoised(house.phones[narrow].leg, true));
    house.order(ToShard::SetDenoised(changing.leg, true));
    for codec in [Codec::Opus, Codec::G722, Codec::Opus] {
        run(&mut house, &mut [&mut changing], 60);
        house.check_hears(narrow, 700.0);
        changing.switch(&house, codec);
    }
    run(&mut house, &mut [&mut changing], 600);
    let left = (changing.loud(400.0), house.heard(narrow, 700.0));
    assert!(left.0 < 1_500.0 && left.1 < 1_500.0, "{left:?}");
}

#[test]
fn a_prompt_and_a_key_on_a_fuller_line() {
    let mut house = House::new(35_500);
    house.talker(400.0);
    let mut full = Fuller::enter(&mut house, 1, Codec::Opus, 1_100.0);
    run(&mut house, &mut [&mut full], 40);
    let prompt: Vec<i16> = (0..100).flat_map(|n| tone(n * 160, 1_500.0)).collect();
    house.order(ToShard::PlayToLeg(full.leg, PlayId(3), vec![prompt.into()]));
    run(&mut house, &mut [&mut full], 60);
    full.check(&[1_500.0], &[1_100.0]);
    let at = full.number * 960;
    for (n, duration) in [960u16, 1_920, 2_880].into_iter().enumerate() {
        let [high, low] = duration.to_be_bytes();
        let mut packet = [0; HEADER_LEN + 4];
        let head = packet.first_chunk_mut().unwrap();
        write_header(head, EVENT_TYPE, n == 0, full.number as u16, at, 7);
        packet[HEADER_LEN..].copy_from_slice(&[5, 10, high, low]);
        full.rtp.send(&packet).unwrap();
        full.number += 1;
        house.run(1);
        full.hear();
    }
    assert!(house.told.iter().any(|told| matches!(
        told,
        FromShard::Key(leg, Key::Digit(5), Source::Event) if *leg == full.leg
    )));
    assert_eq!(full.codec.rate(), Rate::Full);
}
