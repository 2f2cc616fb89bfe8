//! How loud a frame is. One number, no memory.

/// Mean power of a stretch of samples on a linear scale on which 1.0 is a full-scale square wave,
/// so that ten times its logarithm is dBov.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd)]
pub struct Power(pub f32);

impl Power {
    /// Nothing at all.
    pub const SILENT: Power = Power(0.0);

    /// The mean power of `samples`; silent when there are none.
    pub fn of(samples: &[i16]) -> Self {
        if samples.is_empty() {
            return Self::SILENT;
        }
        // Eight sums side by side, so that the compiler adds them up at once.
        let mut sums = [0.0f32; 8];
        let (eights, rest) = samples.as_chunks::<8>();
        for eight in eights {
            for (sum, &sample) in sums.iter_mut().zip(eight) {
                *sum += f32::from(sample) * f32::from(sample);
            }
        }
        let rest = rest.iter().map(|&s| f32::from(s) * f32::from(s));
        let sum = sums.iter().sum::<f32>() + rest.sum::<f32>();
        Self(sum / samples.len() as f32 / FULL_SCALE_SQUARED)
    }

    /// The power that lies so many decibels below overload (a negative number).
    pub fn from_dbov(dbov: f32) -> Self {
        Self(10f32.powf(dbov / 10.0))
    }

    /// In decibels below overload; a very low number for silence.
    pub fn dbov(self) -> f32 {
        10.0 * self.0.max(1e-12).log10()
    }
}

const FULL_SCALE_SQUARED: f32 = 32_768.0 * 32_768.0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn powers_of_known_sounds() {
        let check = |samples: &[i16], dbov: f32| {
            let measured = Power::of(samples).dbov();
            assert!(
                (measured - dbov).abs() < 0.05,
                "{measured} instead of {dbov}"
            );
        };
        check(&[i16::MIN; 160], 0.0);
        check(&[3_277; 160], -20.0);
        check(&[], -120.0);
        check(&[0; 160], -120.0);
        let sine: Vec<i16> = (0..160)
            .map(|n| (32_767.0 * (n as f32 / 8.0 * std::f32::consts::TAU).sin()) as i16)
            .collect();
        check(&sine, -3.01);
    }
}
