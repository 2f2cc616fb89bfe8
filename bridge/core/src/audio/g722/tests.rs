//! Held against another maker's G.722, to the bit, and against itself.

use audio_codec::Encoder as _;
use audio_codec::g722::{G722Decoder, G722Encoder};
use proptest::prelude::*;

use super::*;

/// Something like a voice: a buzz under a slow envelope, with breath in it.
pub(super) fn voice(seed: u32, length: usize) -> Vec<i16> {
    let mut noise = seed | 1;
    (0..length)
        .map(|n| {
            noise ^= noise << 13;
            noise ^= noise >> 17;
            noise ^= noise << 5;
            let (at, breath) = (n as f32 / 16_000.0, noise as i32 as f32 / i32::MAX as f32);
            let envelope = (at * 2.3 + seed as f32).sin().max(0.0);
            let pitch = 110.0 + 30.0 * (seed % 5) as f32;
            let buzz: f32 = (1..12)
                .map(|h| (at * pitch * h as f32 * std::f32::consts::TAU).sin() / h as f32)
                .sum();
            (envelope * (buzz * 7_000.0 + breath * 900.0)) as i16
        })
        .collect()
}

/// Theirs do not begin with the steps of the standard, but with these.
fn begun(lower: i32, upper: i32) -> Bands {
    Bands {
        lower: Band::new(lower),
        upper: Band::new(upper),
        ..Bands::default()
    }
}

fn same<T: PartialEq>(ours: &[T], theirs: &[T]) -> Result<(), TestCaseError> {
    let first = ours
        .iter()
        .zip(theirs)
        .position(|(our, their)| our != their);
    prop_assert_eq!((first, ours.len()), (None, theirs.len()));
    Ok(())
}

fn encoded(encoder: &mut Encoder, sound: &[i16]) -> Vec<u8> {
    let mut octets = vec![0; sound.len() / 2];
    encoder.encode(sound, &mut octets);
    octets
}

fn decoded(decoder: &mut Decoder, octets: &[u8]) -> Vec<i16> {
    let mut sound = vec![0; 2 * octets.len()];
    decoder.decode(octets, &mut sound);
    sound
}

#[test]
fn what_is_encoded_comes_back() {
    let sound = voice(1, 64_000);
    let back = decoded(
        &mut Decoder::default(),
        &encoded(&mut Encoder::default(), &sound),
    );
    // The two filters together delay by 22 samples.
    let pairs = sound.iter().zip(&back[22..]);
    let (mut signal, mut noise) = (0.0, 0.0);
    for (&was, &is) in pairs {
        signal += f64::from(was).powi(2);
        noise += (f64::from(was) - f64::from(is)).powi(2);
    }
    let ratio_db = 10.0 * (signal / noise).log10();
    assert!(ratio_db > 20.0, "{ratio_db}");
}

proptest! {
    #[test]
    fn any_sound_gives_the_octets_that_another_encoder_gives(
        sound in prop::collection::vec(any::<i16>(), 0..2_000),
        seed in any::<u32>(),
    ) {
        let mut sound = [voice(seed, 4_000), sound].concat();
        sound.truncate(sound.len() / 2 * 2);
        let mut theirs = vec![0; sound.len() / 2];
        G722Encoder::new().encode_into(&sound, &mut theirs).unwrap();
        let mut ours = Encoder(begun(128, 32));
        let in_parts: Vec<u8> = sound.chunks(320).flat_map(|s| encoded(&mut ours, s)).collect();
        same(&in_parts, &theirs)?;
    }

    #[test]
    fn any_octets_give_the_sound_that_another_decoder_gives(
        octets in prop::collection::vec(any::<u8>(), 0..3_000),
        parts in 1..400usize,
    ) {
        let mut theirs = vec![0; 2 * octets.len()];
        G722Decoder::new().decode_frame_into(&octets, &mut theirs).unwrap();
        let mut ours = Decoder(begun(0, 0));
        let in_parts: Vec<i16> = octets.chunks(parts).flat_map(|o| decoded(&mut ours, o)).collect();
        same(&in_parts, &theirs)?;
    }
}

/// An encoder and a decoder that have heard a voice.
fn after_voice(seed: u32) -> (Encoder, Decoder) {
    let (mut encoder, mut decoder) = (Encoder::default(), Decoder::default());
    decoded(
        &mut decoder,
        &encoded(
            &mut encoder,
            &voice(seed, 16_000 + 320 * (seed as usize % 9)),
        ),
    );
    (encoder, decoder)
}

/// What several hear is encoded once when their encoders are equal. They become so in a pause, and
/// nobody hears it, also when the pause is too short for it.
#[test]
fn one_that_follows_another_in_a_pause_becomes_equal_unheard() {
    let check = |seed| {
        let ((mut own, mut far), (mut other, _)) = (after_voice(seed), after_voice(seed + 7));
        for _ in 0..2 {
            decoded(&mut far, &encoded(&mut own, &[0; 320]));
            encoded(&mut other, &[0; 320]);
        }
        // A voice may come back at any moment of it.
        let pause = seed as usize % 40;
        let sound = [vec![0; 320 * pause], voice(seed + 9, 32_000)].concat();
        // One that never follows.
        let (mut apart, mut beside) = (own.clone(), far.clone());
        let (mut heard, mut equal, mut follows) = (0, false, false);
        for (tick, sound) in sound.chunks(320).enumerate() {
            let (before, mut heard_of) = (other.clone(), Foreseen::default());
            let mut octets = encoded(&mut other, sound);
            before.foresee(&octets, &mut heard_of);
            if equal {
                own = other.clone();
            } else if tick >= pause && !follows || !own.follow(&octets, &heard_of, &other) {
                octets = encoded(&mut own, sound);
                follows = false;
            } else {
                follows = true;
            }
            equal = own == other;
            let is = decoded(&mut far, &octets);
            // What it is thought to be is what it is.
            let learned = |bands: Bands| (bands.lower, bands.upper, bands.guess);
            assert_eq!(learned(own.0), learned(far.0));
            let should = decoded(&mut beside, &encoded(&mut apart, sound));
            if tick < pause {
                let differ = is
                    .iter()
                    .zip(&should)
                    .map(|(&is, &should)| is.abs_diff(should));
                heard = heard.max(differ.max().unwrap());
            }
        }
        (equal, heard, pause)
    };
    for seed in 0..80 {
        let (equal, heard, pause) = check(seed);
        assert!(equal || pause < 30, "{seed}");
        assert!(heard < 80, "{seed}: {heard}");
    }
}
