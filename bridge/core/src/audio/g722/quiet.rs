//! Tells by the codes alone that nothing is said, as of a telephone that is muted at its own key.
//! Decodes nothing.
//!
//! The octets that G.722 makes of exact silence are others all the time, but how the size of a step
//! moves depends on nothing else than the codes (ITU-T G.722, 6.2.1.3), and no loud sound has small
//! steps. That alone would leave a voice some 60 dB down in doubt; but in the upper band exact
//! silence always has the least codes there are, as no sound has that a microphone hears, not even
//! noise by half a step of 16 bits. Only encoders that are fed with 8 kHz, as a gateway's, make
//! those beside a voice.

use super::LOWER;
use super::band::log_step_after;

/// Watches the octets of one stream.
#[derive(Clone, Copy, Debug)]
pub struct Quiet {
    /// of the lower band, at most
    log_step: i32,
}

impl Default for Quiet {
    fn default() -> Self {
        Self {
            log_step: LOWER.most_log_step,
        }
    }
}

impl Quiet {
    /// Takes the next octets at 64 kbit/s; whether there is nothing in them. A voice of which this
    /// is true is more than 55 dB below the loudest there is; a steady tone that comes up slowly
    /// may be louder.
    pub fn goes_on(&mut self, octets: &[u8]) -> bool {
        if octets.iter().fold(LEAST, |all, octet| all & octet) != LEAST {
            *self = Self::default();
            return false;
        }
        let (mut log_step, mut most) = (self.log_step, 0);
        for &octet in octets {
            log_step = log_step_after(&LOWER, log_step, usize::from(octet & 63) >> 2);
            most = most.max(log_step);
        }
        self.log_step = log_step;
        most <= LARGEST
    }
}

/// The code of the upper band is in the upper two bits; of its four, 1 and 3 are the least.
const LEAST: u8 = 0x40;
/// A step of 152 of 16,384: of 100,000 packets of exact silence none came to it.
const LARGEST: i32 = 4_608;

#[cfg(test)]
mod tests {
    use super::super::band::Window;
    use super::super::tests::voice;
    use super::super::{Bands, Decoder, Encoder, UPPER, quantise_lower, quantise_upper};
    use super::*;

    /// A second of silence is before the sound: what of it, in packets of 20 ms, is quiet.
    fn quiet(packets: impl IntoIterator<Item = Vec<u8>>) -> Vec<bool> {
        let mut quiet = Quiet::default();
        let of = packets.into_iter().map(|packet| quiet.goes_on(&packet));
        of.skip(50).collect()
    }

    fn ours(sound: &[i16]) -> Vec<Vec<u8>> {
        let mut encoder = Encoder::default();
        let sound = [&[0; 16_000], sound].concat();
        let packet = |sound: &[i16]| {
            let mut octets = vec![0; 160];
            encoder.encode(sound, &mut octets);
            octets
        };
        sound.chunks_exact(320).map(packet).collect()
    }

    /// As of a gateway that brings G.711 to G.722: the lower band is the sound itself.
    fn narrow(sound: &[i16]) -> Vec<Vec<u8>> {
        let mut bands = Bands::default();
        let packet = |sound: &[i16]| {
            let mut windows = [Window::new(&bands.lower), Window::new(&bands.upper)];
            let octet = |(at, &sample): (usize, &i16)| {
                let guess = bands.guess.sample.map(i32::from);
                let lower = quantise_lower(&bands.lower, i32::from(sample >> 1) - guess[0]);
                let upper = quantise_upper(&bands.upper, -guess[1]);
                let (code, two) = (usize::from(lower >> 2), usize::from(upper));
                let low = bands.lower.learn(&LOWER, code, &mut windows[0], at);
                let high = bands.upper.learn(&UPPER, two, &mut windows[1], at);
                let pair = |low, high| [low, high, 0, 0, 0, 0, 0, 0];
                bands
                    .guess
                    .advance(&pair(low.0, high.0), &pair(low.1, high.1));
                upper << 6 | lower
            };
            let octets = sound.iter().enumerate().map(octet).collect();
            bands.lower.keep(&windows[0], sound.len());
            bands.upper.keep(&windows[1], sound.len());
            octets
        };
        let sound = [&[0; 8_000], sound].concat();
        sound.chunks_exact(160).map(packet).collect()
    }

    fn dbov(frame: &[i16]) -> f64 {
        let sum: f64 = frame
            .iter()
            .map(|&s| (f64::from(s) / 32_768.0).powi(2))
            .sum();
        10.0 * (sum / frame.len() as f64).max(1e-12).log10()
    }

    /// The voice at 8 kHz, its loudest 20 ms at this level.
    fn narrow_voice(seed: u32, level: f64) -> Vec<i16> {
        let said: Vec<i16> = voice(seed, 96_000).into_iter().step_by(2).collect();
        let loudest = said.chunks(160).map(dbov).fold(-120.0, f64::max);
        let scale = 10_f64.powf((level - loudest) / 20.0);
        said.iter()
            .map(|&s| (f64::from(s) * scale) as i16)
            .collect()
    }

    #[test]
    fn exact_silence_is_quiet_for_ever() {
        for seed in 1..6 {
            let sound = [voice(seed, 32_000), vec![0; 16_000 * 200]].concat();
            let is_quiet = quiet(ours(&sound));
            assert!(!is_quiet[..100].iter().all(|&quiet| quiet));
            assert!(is_quiet[105..].iter().all(|&quiet| quiet), "{seed}");
            let sound = [narrow_voice(seed, -10.0), vec![0; 8_000 * 200]].concat();
            assert!(quiet(narrow(&sound))[305..].iter().all(|&quiet| quiet));
        }
    }

    #[test]
    fn the_least_noise_is_not() {
        let mut seed = 1_u32;
        let noise = (0..160_000).map(|_| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 30 == 0).into()
        });
        let noise: Vec<i16> = noise.collect();
        assert!(!quiet(ours(&noise)).contains(&true));
    }

    /// A gate takes for a voice what is at most 48 dB down.
    #[test]
    fn neither_is_a_gateways_voice_but_for_what_nobody_hears_of_it() {
        for seed in 1..20 {
            for want in [-54.0, -48.0, -40.0, -20.0, -6.0] {
                let packets = narrow(&narrow_voice(seed, want));
                let is_quiet = quiet(packets.clone());
                let mut decoder = Decoder::default();
                let mut heard = vec![0; 320];
                for (at, packet) in packets.iter().enumerate() {
                    decoder.decode(packet, &mut heard);
                    let until = at.checked_sub(50).map(|at| &is_quiet[..=at]);
                    if until.is_some_and(|until| !until.contains(&false)) {
                        let level = dbov(&heard);
                        assert!(level < -55.0, "{seed}, {level}");
                    }
                }
                assert!(is_quiet.contains(&false), "{seed}, {want}");
            }
        }
    }
}
