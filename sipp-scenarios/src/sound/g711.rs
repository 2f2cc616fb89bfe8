//! G.711 for the test phone, computed from the definition in ITU-T G.711 and not shared with the
//! bridge: what tests a codec must not be that codec.

/// The two laws; the payload type is the static one of RFC 3551.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Law {
    /// PCMU, payload type 0.
    #[default]
    Mu,
    /// PCMA, payload type 8.
    A,
}

impl Law {
    /// RTP payload type.
    pub fn payload_type(self) -> u8 {
        match self {
            Law::Mu => 0,
            Law::A => 8,
        }
    }

    /// The law of a payload type.
    pub fn of(payload_type: u8) -> Option<Self> {
        match payload_type {
            0 => Some(Law::Mu),
            8 => Some(Law::A),
            _ => None,
        }
    }

    /// One sample to one byte.
    pub fn encode(self, sample: i16) -> u8 {
        match self {
            Law::Mu => mu_encode(sample),
            Law::A => a_encode(sample),
        }
    }

    /// One byte to one sample.
    pub fn decode(self, byte: u8) -> i16 {
        match self {
            Law::Mu => mu_decode(byte),
            Law::A => a_decode(byte),
        }
    }
}

/// Where the first segment of mu-law begins, on 16-bit samples.
const MU_BIAS: i32 = 132;

fn mu_encode(sample: i16) -> u8 {
    let sign = if sample < 0 { 0x80u8 } else { 0 };
    let magnitude = i32::from(sample).abs().min(32_635) + MU_BIAS;
    let segment = (31 - magnitude.leading_zeros() as i32 - 7).max(0);
    let step = (magnitude >> (segment + 3)) & 0x0f;
    !(sign | (segment as u8) << 4 | step as u8)
}

fn mu_decode(byte: u8) -> i16 {
    let byte = !byte;
    let segment = i32::from(byte >> 4 & 7);
    let step = i32::from(byte & 0x0f);
    let magnitude = (((step << 3) + MU_BIAS) << segment) - MU_BIAS;
    (if byte & 0x80 == 0 {
        magnitude
    } else {
        -magnitude
    }) as i16
}

fn a_encode(sample: i16) -> u8 {
    let positive = sample >= 0;
    let magnitude = if positive {
        i32::from(sample)
    } else {
        -i32::from(sample) - 1
    } >> 3;
    let code = if magnitude < 32 {
        (magnitude >> 1) as u8
    } else {
        let segment = 31 - magnitude.leading_zeros() as i32 - 4;
        (segment as u8) << 4 | ((magnitude >> segment) & 0x0f) as u8
    };
    (code | if positive { 0x80 } else { 0 }) ^ 0x55
}

fn a_decode(byte: u8) -> i16 {
    let byte = byte ^ 0x55;
    let segment = i32::from(byte >> 4 & 7);
    let step = i32::from(byte & 0x0f);
    let magnitude = match segment {
        0 => (step << 4) + 8,
        _ => ((step << 4) + 0x108) << (segment - 1),
    };
    (if byte & 0x80 == 0 {
        -magnitude
    } else {
        magnitude
    }) as i16
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values from the tables of ITU-T G.711 (16-bit scale).
    #[test]
    fn known_codes() {
        for (law, byte, sample) in [
            (Law::Mu, 0xff, 0),
            (Law::Mu, 0x80, 32_124),
            (Law::Mu, 0x00, -32_124),
            (Law::Mu, 0xf0, 120),
            (Law::Mu, 0xef, 132),
            (Law::A, 0xd5, 8),
            (Law::A, 0x55, -8),
            (Law::A, 0xaa, 32_256),
            (Law::A, 0x2a, -32_256),
            (Law::A, 0xc5, 264),
        ] {
            assert_eq!(law.decode(byte), sample, "{law:?} {byte:#x}");
            assert_eq!(law.encode(sample), byte, "{law:?} {sample}");
        }
    }

    #[test]
    fn every_code_comes_back() {
        for law in [Law::Mu, Law::A] {
            for byte in 0..=255u8 {
                // mu-law has two zeros; both decode to silence
                let again = law.encode(law.decode(byte));
                assert!(
                    again == byte || law.decode(byte) == 0,
                    "{law:?} {byte:#x} {again:#x}"
                );
            }
        }
    }

    #[test]
    fn error_is_small_beside_the_sample() {
        for law in [Law::Mu, Law::A] {
            for sample in (-32_000..32_000i16).step_by(7) {
                let error = (i32::from(law.decode(law.encode(sample))) - i32::from(sample)).abs();
                assert!(
                    error <= 16 + i32::from(sample).abs() / 24,
                    "{law:?} {sample} {error}"
                );
            }
        }
    }
}
