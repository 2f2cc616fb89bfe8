//! Comfort noise (RFC 3389): the noise of a line whose telephone sends only its level. The
//! spectrum it may send as well is not used, as the RFC allows. Works at any rate.

/// Makes white noise of a told level. The same seed makes the same noise.
#[derive(Clone, Debug)]
pub struct ComfortNoise {
    random: u32,
    /// peak at the end of the last tick, and the one that is wanted
    now: f32,
    wanted: f32,
}

impl ComfortNoise {
    /// Silent until a level is told.
    pub fn new(seed: u32) -> Self {
        Self {
            random: seed | 1,
            now: 0.0,
            wanted: 0.0,
        }
    }

    /// Takes the payload of a comfort noise packet: its first octet is the level in -dBov; an
    /// empty one says nothing.
    pub fn told(&mut self, payload: &[u8]) {
        if let Some(&level) = payload.first() {
            let level = f32::from(level & 0x7f).max(LOUDEST);
            // Evenly spread values have a third of the power of their peak.
            self.wanted = 32_768.0 * 3f32.sqrt() * 10f32.powf(-level / 20.0);
        }
    }

    /// Fills a tick; a new level is reached at its end.
    pub fn fill(&mut self, samples: &mut [i16]) {
        let step = (self.wanted - self.now) / samples.len().max(1) as f32;
        for sample in samples {
            self.now += step;
            // xorshift
            self.random ^= self.random << 13;
            self.random ^= self.random >> 17;
            self.random ^= self.random << 5;
            let even = self.random as i32 as f32 / 2_147_483_648.0;
            *sample = (self.now * even) as i16;
        }
        self.now = self.wanted;
    }
}

/// Noise louder than -30 dBov comforts nobody.
const LOUDEST: f32 = 30.0;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::level::Power;

    fn level(payload: &[u8], samples: usize) -> f32 {
        let mut noise = ComfortNoise::new(7);
        noise.told(payload);
        noise.fill(&mut vec![0; samples]);
        let mut second = vec![0; samples * 50];
        second.chunks_mut(samples).for_each(|tick| noise.fill(tick));
        Power::of(&second).dbov()
    }

    #[test]
    fn it_is_as_loud_as_it_was_told() {
        for samples in [160, 320, 960] {
            for (told, dbov) in [(40, -40.0), (55, -55.0), (70, -70.0), (0, -30.0)] {
                let heard = level(&[told], samples);
                assert!((heard - dbov).abs() < 0.7, "{heard} instead of {dbov}");
            }
        }
    }

    #[test]
    fn the_least_level_and_an_untold_one_are_silence() {
        assert_eq!(level(&[127], 160), -120.0);
        assert_eq!(level(&[], 160), -120.0);
    }

    #[test]
    fn it_is_white() {
        let mut noise = ComfortNoise::new(7);
        noise.told(&[40]);
        let mut second = vec![0; 8_000];
        noise.fill(&mut second);
        let second = &second[4_000..];
        let product = |lag: usize| -> f64 {
            let pairs = second.iter().zip(&second[lag..]);
            pairs.map(|(&a, &b)| f64::from(a) * f64::from(b)).sum()
        };
        for lag in 1..100 {
            assert!((product(lag) / product(0)).abs() < 0.08, "lag {lag}");
        }
    }
}
