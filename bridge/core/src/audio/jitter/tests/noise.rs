//! Senders that tell of their pauses.

use super::*;

/// A line that sends every 20 ms, or tells that it pauses.
struct Teller {
    buffer: JitterBuffer,
    codec: Codec,
    sequence: u16,
    /// by the codec's clock
    timestamp: u32,
}

impl Teller {
    fn new(codec: Codec) -> Self {
        Self {
            buffer: buffer_of(codec),
            codec,
            sequence: 65_530,
            timestamp: 0,
        }
    }

    fn packet<'a>(&mut self, payload: &'a [u8]) -> Packet<'a> {
        self.sequence = self.sequence.wrapping_add(1);
        Packet {
            payload_type: 0,
            marker: false,
            sequence: self.sequence,
            timestamp: self.timestamp,
            ssrc: 9,
            payload,
        }
    }

    fn pass(&mut self) {
        self.timestamp += self.codec.clock_hz() / 50;
    }

    fn speak(&mut self) {
        let codes = codes(self.timestamp, TICK_SAMPLES, false);
        let packet = self.packet(&codes);
        self.buffer.put(&packet);
        self.pass();
    }

    fn tell(&mut self, payload: &[u8]) {
        let packet = self.packet(payload);
        self.buffer.put_noise(&packet);
    }

    fn take(&mut self) -> (Taken, f32) {
        let mut frame = vec![0; self.codec.rate().tick()];
        let taken = self.buffer.take(&mut frame);
        (taken, Power::of(&frame).dbov())
    }
}

const TELLING: [Codec; 2] = [Codec::Pcmu, Codec::G722];

#[test]
fn a_pause_that_was_told_is_neither_lost_nor_made_up_but_as_loud_as_it_was_told() {
    for codec in TELLING {
        let mut line = Teller::new(codec);
        for _ in 0..3 {
            for _ in 0..30 {
                line.speak();
                assert_eq!(line.take().0, Taken::Sound);
            }
            line.tell(&[50]);
            for tick in 0..200 {
                line.pass();
                let (taken, dbov) = line.take();
                assert_eq!(taken, Taken::Noise, "{codec:?}, tick {tick}");
                assert!(tick == 0 || (dbov + 50.0).abs() < 2.0, "{codec:?}: {dbov}");
            }
            line.tell(&[60]);
            line.pass();
            line.take();
            line.pass();
            assert!((line.take().1 + 60.0).abs() < 2.0);
        }
        let stats = line.buffer.stats();
        assert_eq!((stats.lost, stats.late, stats.underruns), (0, 0, 0));
        assert_eq!(line.buffer.depth(), 0);
    }
}

#[test]
fn a_pause_that_came_with_what_follows_it_is_noise_as_well() {
    for codec in TELLING {
        let mut line = Teller::new(codec);
        for _ in 0..10 {
            line.speak();
            line.take();
        }
        // a jam on the way: all of this comes at once
        line.speak();
        line.tell(&[50]);
        for _ in 0..3 {
            line.pass();
        }
        line.speak();
        assert_eq!(line.take().0, Taken::Sound);
        let levels: Vec<f32> = (0..10).map(|_| line.take().1).collect();
        let pause = levels.iter().position(|&dbov| dbov > -20.0);
        let pause = &levels[..pause.expect("what follows is played")];
        let noise = |dbov: &f32| (-75.0..-48.0).contains(dbov);
        assert!(
            (2..6).contains(&pause.len()) && pause.iter().all(noise),
            "{codec:?}: {levels:?}"
        );
    }
}

#[test]
fn what_tells_no_level_is_silence_and_a_line_may_begin_with_a_pause() {
    let mut line = Teller::new(Codec::Pcmu);
    line.tell(&[]);
    line.take();
    assert_eq!(line.take(), (Taken::Noise, -120.0));
    line.pass();
    line.speak();
    assert_eq!(line.take().0, Taken::Sound);
}

#[test]
fn a_pause_of_which_nothing_was_told_ends_in_silence() {
    let mut line = Teller::new(Codec::Pcmu);
    line.tell(&[40]);
    line.take();
    for _ in 0..10 {
        line.speak();
        line.take();
    }
    assert_eq!(line.take().0, Taken::Concealed);
    for _ in 0..20 {
        line.take();
    }
    assert_eq!(line.take(), (Taken::Idle, -120.0));
}

/// RFC 7587, 3.1.3: a packet of next to nothing, and then none for a while.
#[test]
fn opus_that_leaves_out_silence_loses_nothing_and_is_not_made_up() {
    let mut buffer = run_with(Codec::Opus, CLEAN, 100).buffer;
    let before = buffer.stats();
    let mut frame = [1; 960];
    for n in 0..100 {
        if n % 20 == 0 {
            let told = packet(100 + n / 20, (100 + u32::from(n)) * 960, &[0x78]);
            assert_eq!(buffer.put(&told), Put::Kept);
        }
        let taken = buffer.take(&mut frame);
        assert_eq!(taken, Taken::Noise, "{n}");
        assert_eq!(frame, [0; 960]);
    }
    let payload = codes(200 * 160, 160, false);
    buffer.put(&packet(105, 200 * 960, &payload));
    assert_eq!(buffer.take(&mut frame), Taken::Sound);
    assert!(Power::of(&frame[..480]).dbov() > -20.0);
    assert_eq!(buffer.stats(), before);
}

#[test]
fn what_is_not_listened_to_is_silent_and_keeps_its_time() {
    for codec in CODECS {
        let mut buffer = run_with(codec, CLEAN, 100).buffer;
        buffer.set_listening(false);
        let mut deaf = feed(CLEAN, 100, 100, buffer);
        assert!(deaf.sound.iter().all(|&sample| sample == 0), "{codec:?}");
        deaf.buffer.set_listening(true);
        let after = feed(CLEAN, 100, 200, deaf.buffer);
        assert!(after.purity(0) > 0.95, "{codec:?}");
        assert_eq!(after.buffer.stats().lost, 0);
        assert_eq!(after.buffer.stats().underruns, 0);
    }
}

/// An hour in which nobody listens, nothing is put and the clocks run apart: the depth is that of
/// before, and not what the clocks make it seem.
#[test]
fn what_was_learned_of_the_network_outlives_an_hour_unheard() {
    // The first packet comes behind the next, or not.
    for (slip_ms, first) in [(-700i32, 20_000), (0, 20_001), (700, 20_001), (0, 20_002)] {
        let late_by_60 = |n: u16| if n.is_multiple_of(3) { 3 } else { 0 };
        let mut buffer = JitterBuffer::new(Law::Mu);
        let mut frame = [0; 160];
        let mut ticks = 0..;
        let mut waiting = Vec::new();
        let mut run = |buffer: &mut JitterBuffer, from: u16, slip: u32, heard: &mut Vec<Taken>| {
            for n in from..from + 400 {
                let tick = ticks.next().unwrap();
                waiting.push((tick + late_by_60(n), n));
                waiting.retain(|&(due, n)| {
                    if due > tick {
                        return true;
                    }
                    let timestamp = u32::from(n) * 160 + slip;
                    buffer.put(&packet(n, timestamp, &codes(u32::from(n) * 160, 160, true)));
                    false
                });
                heard.push(buffer.take(&mut frame));
            }
        };
        run(&mut buffer, 0, 0, &mut Vec::new());
        let depth = buffer.depth();
        assert!((400..=640).contains(&depth), "{depth}");
        buffer.set_listening(false);
        for _ in 0..3_600 * 50 {
            assert_eq!(buffer.take(&mut [0; 160]), Taken::Idle);
        }
        buffer.set_listening(true);
        let (before, mut heard) = (buffer.stats(), Vec::new());
        let slip = (3_600 * 8_000 + slip_ms * 8) as u32;
        run(
            &mut buffer,
            first,
            slip.wrapping_sub((u32::from(first) - 400) * 160),
            &mut heard,
        );
        let after = buffer.stats();
        assert_eq!((after.lost, after.late), (before.lost, before.late));
        assert_eq!(after.underruns, before.underruns, "{slip_ms}");
        assert_eq!(after.shortened, before.shortened, "{slip_ms}");
        assert!(buffer.depth().abs_diff(depth) <= 160, "{}", buffer.depth());
        assert!(heard[10..].iter().all(|&taken| taken == Taken::Sound));
    }
}
