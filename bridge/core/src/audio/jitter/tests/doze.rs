//! A line of G.722 that is silent, is not decoded meanwhile, and speaks again.

use super::*;
use crate::audio::g722::{Decoder, Encoder};

/// A rising tone, in packets so long, after silence; both by this line.
fn packets(octets: usize, silence: usize, word: usize) -> Vec<Vec<u8>> {
    let tone = |n: usize| {
        let at = n as f64 / 16_000.0;
        (9_000.0 * (at * (2_000.0 + at * 4_000.0)).sin()) as i16
    };
    let said = [vec![0; 320 * silence], (0..320 * word).map(tone).collect()].concat();
    let mut encoder = Encoder::default();
    let encode = |sound: &[i16]| {
        let mut payload = vec![0; octets];
        encoder.encode(sound, &mut payload);
        payload
    };
    said.chunks_exact(2 * octets).map(encode).collect()
}

/// What is heard, when the line dozes from one tick to another.
fn heard(octets: usize, payloads: &[Vec<u8>], dozes: std::ops::Range<usize>) -> Vec<i16> {
    let mut buffer = JitterBuffer::new(Speech::Other(Box::<Decoder>::default()));
    let (mut heard, mut sent) = (vec![], 0);
    for tick in 0..payloads.len() * octets / 160 {
        if tick == dozes.start {
            buffer.doze();
        } else if tick == dozes.end {
            buffer.set_listening(true);
        }
        while sent * octets <= tick * 160 && sent < payloads.len() {
            let at = (sent * octets) as u32;
            let put = buffer.put(&packet(sent as u16, at, &payloads[sent]));
            assert_eq!(put == Put::Unheard, dozes.contains(&tick), "{tick}");
            sent += 1;
        }
        let mut frame = [0; 320];
        if !dozes.contains(&tick) {
            buffer.take(&mut frame);
        }
        heard.extend(frame);
    }
    assert_eq!((buffer.stats().lost, buffer.stats().late), (0, 0));
    heard
}

/// The power of what is apart in the word, and that of the word, wherever it lies.
fn apart(one: &[i16], other: &[i16], word: usize) -> f64 {
    let begins = |sound: &[i16]| sound.iter().position(|s| s.unsigned_abs() > 200).unwrap();
    let (one, other) = (&one[begins(one)..][..word], &other[begins(other)..][..word]);
    let power = |of: &dyn Fn(usize) -> f64| (0..word).map(|n| of(n).powi(2)).sum::<f64>();
    power(&|n| f64::from(one[n]) - f64::from(other[n])) / power(&|n| one[n].into())
}

#[test]
fn its_first_word_is_as_if_all_had_been_decoded() {
    for octets in [80, 160, 240, 480] {
        let payloads = packets(octets, 300, 60);
        let whole = heard(octets, &payloads, 1_000..1_000);
        for from in [30, 150, 270, 285, 297] {
            let dozed = heard(octets, &payloads, from..300);
            let apart = apart(&whole, &dozed, 3_200);
            // After a doze of 60 ms as well as of 5 s.
            assert!(apart < 1e-3, "{octets}, {from}: {apart}");
        }
    }
}

/// Also what has come and is not played yet when it falls asleep.
#[test]
fn its_decoder_misses_nothing_of_half_a_second() {
    let payloads = packets(160, 40, 20);
    for (waiting, dozing) in [(0, 1), (0, 25), (3, 0), (3, 1), (3, 25)] {
        let mut buffer = JitterBuffer::new(Speech::Other(Box::<Decoder>::default()));
        for (number, payload) in payloads[..30 + dozing].iter().enumerate() {
            if number == 30 {
                buffer.doze();
            }
            buffer.put(&packet(number as u16, number as u32 * 160, payload));
            if number < 30 - waiting {
                buffer.take(&mut [0; 320]);
            }
        }
        if dozing == 0 {
            buffer.doze();
        }
        buffer.set_listening(true);
        let (mut whole, mut sound) = (Decoder::default(), [[0; 320]; 2]);
        for payload in &payloads[..30 + dozing] {
            whole.decode(payload, &mut sound[0]);
        }
        whole.decode(&payloads[58], &mut sound[0]);
        buffer.speech.decode(&payloads[58], &mut sound[1]);
        assert_eq!(sound[0], sound[1], "{waiting}, {dozing}");
    }
}

/// Nobody wants to hear it any more, then somebody does, and its numbers begin anew.
#[test]
fn what_was_kept_is_forgotten_when_it_does_not_end_in_a_word() {
    let payloads = packets(160, 60, 20);
    let mut buffer = JitterBuffer::new(Speech::Other(Box::<Decoder>::default()));
    let put = |buffer: &mut JitterBuffer, number: usize| {
        let at = number as u32 * 160;
        let put = buffer.put(&packet(number as u16, at, &payloads[number]));
        buffer.take(&mut [0; 320]);
        put
    };
    for number in 0..60 {
        if number == 30 {
            buffer.doze();
        }
        put(&mut buffer, number);
    }
    buffer.set_listening(false);
    buffer.set_listening(true);
    for number in 40..80 {
        assert_eq!(put(&mut buffer, number), Put::Kept, "{number}");
    }
}
