//! G.711 mu-law and A-law, by tables made at compile time from the Recommendation's segments.
//! Knows no packets.

/// Which of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Law {
    /// mu-law: North America, Japan.
    Mu,
    /// A-law: everywhere else.
    A,
}

/// Decodes as many codes as fit; returns how many samples were written.
pub fn decode(law: Law, codes: &[u8], samples: &mut [i16]) -> usize {
    let table = match law {
        Law::Mu => &MU_TO_LINEAR,
        Law::A => &A_TO_LINEAR,
    };
    for (sample, &code) in samples.iter_mut().zip(codes) {
        *sample = table[usize::from(code)];
    }
    codes.len().min(samples.len())
}

/// Encodes as many samples as fit; returns how many codes were written.
pub fn encode(law: Law, samples: &[i16], codes: &mut [u8]) -> usize {
    match law {
        Law::Mu => {
            for (code, &sample) in codes.iter_mut().zip(samples) {
                *code = LINEAR_TO_MU[usize::from(sample as u16 >> MU_DROPPED_BITS)];
            }
        }
        Law::A => {
            for (code, &sample) in codes.iter_mut().zip(samples) {
                *code = LINEAR_TO_A[usize::from(sample as u16 >> A_DROPPED_BITS)];
            }
        }
    }
    samples.len().min(codes.len())
}

/// The code of a sample of zero.
pub fn silence(law: Law) -> u8 {
    match law {
        Law::Mu => 0xFF,
        Law::A => 0xD5,
    }
}

/// Greatest sample either law can carry: A-law's, at 16 bits.
pub const PEAK: i16 = 32_256;

// mu-law looks at 14 bits of a sample and A-law at 12, so the tables need no more.
const MU_DROPPED_BITS: u32 = 2;
const A_DROPPED_BITS: u32 = 4;

/// What is added to a magnitude so that every mu-law segment starts at a power of two.
const MU_BIAS: i32 = 132;

static MU_TO_LINEAR: [i16; 256] = {
    let mut table = [0; 256];
    let mut code = 0;
    while code < 256 {
        table[code] = mu_expand(code as u8);
        code += 1;
    }
    table
};

static A_TO_LINEAR: [i16; 256] = {
    let mut table = [0; 256];
    let mut code = 0;
    while code < 256 {
        table[code] = a_expand(code as u8);
        code += 1;
    }
    table
};

static LINEAR_TO_MU: [u8; 1 << (16 - MU_DROPPED_BITS)] = {
    let mut table = [0; 1 << (16 - MU_DROPPED_BITS)];
    let mut at = 0;
    while at < table.len() {
        table[at] = mu_compress(((at << MU_DROPPED_BITS) as u16) as i16);
        at += 1;
    }
    table
};

static LINEAR_TO_A: [u8; 1 << (16 - A_DROPPED_BITS)] = {
    let mut table = [0; 1 << (16 - A_DROPPED_BITS)];
    let mut at = 0;
    while at < table.len() {
        table[at] = a_compress(((at << A_DROPPED_BITS) as u16) as i16);
        at += 1;
    }
    table
};

/// Bits as sent are inverted: sign, three bits of segment, four of step.
const fn mu_expand(code: u8) -> i16 {
    let plain = !code;
    let step = (plain & 0x0F) as i32;
    let segment = (plain >> 4 & 0x07) as u32;
    let magnitude = (((step << 3) + MU_BIAS) << segment) - MU_BIAS;
    if plain & 0x80 == 0 {
        magnitude as i16
    } else {
        -magnitude as i16
    }
}

const fn mu_compress(sample: i16) -> u8 {
    // One's complement for negatives keeps both halves of the law mirror images.
    let magnitude = if sample < 0 {
        !(sample as i32)
    } else {
        sample as i32
    };
    let biased = magnitude + MU_BIAS;
    let segment = segment_above(biased, 7);
    let plain = if segment > 7 {
        0x7F
    } else {
        (segment << 4) as u8 | (biased >> (segment + 3) & 0x0F) as u8
    };
    if sample < 0 { !(plain | 0x80) } else { !plain }
}

/// Even bits as sent are inverted; a set sign bit means positive.
const fn a_expand(code: u8) -> i16 {
    let plain = code ^ 0x55;
    let step = ((plain & 0x0F) as i32) << 4;
    let magnitude = match (plain >> 4 & 0x07) as u32 {
        0 => step + 8,
        segment => (step + 0x108) << (segment - 1),
    };
    if plain & 0x80 == 0 {
        -magnitude as i16
    } else {
        magnitude as i16
    }
}

const fn a_compress(sample: i16) -> u8 {
    let magnitude = if sample < 0 {
        !(sample as i32)
    } else {
        sample as i32
    };
    let segment = segment_above(magnitude, 7);
    let shift = if segment == 0 { 4 } else { segment + 3 };
    let plain = (segment << 4) as u8 | (magnitude >> shift & 0x0F) as u8;
    (if sample < 0 { plain } else { plain | 0x80 }) ^ 0x55
}

/// How many segments above the lowest, whose values end below `1 << (lowest_bit + 1)`.
const fn segment_above(value: i32, lowest_bit: u32) -> u32 {
    let top_bit = 31 - (value | 1 << lowest_bit).leading_zeros();
    top_bit - lowest_bit
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Tables 1a and 2a of the Recommendation, at 16 bits: for each interval of magnitudes where
    /// it begins and the value it is sent as.
    fn intervals(law: Law) -> Vec<(i32, i32)> {
        let (first_step, bend) = match law {
            Law::Mu => (8, 1),
            Law::A => (16, 2),
        };
        // The first decision value of mu-law is half a step: its lowest interval is around zero.
        let mut start = if law == Law::Mu { -4 } else { 0 };
        let mut intervals = Vec::new();
        for interval in 0..128 {
            let segment = (interval / 16i32 - (bend - 1)).max(0);
            let step = first_step << segment;
            intervals.push((start, start + step / 2));
            start += step;
        }
        intervals
    }

    #[test]
    fn every_sample_is_sent_as_the_recommendation_says() {
        for law in [Law::Mu, Law::A] {
            let intervals = intervals(law);
            for sample in i16::MIN..=i16::MAX {
                let magnitude = i32::from(if sample < 0 { !sample } else { sample });
                let interval = intervals.partition_point(|&(start, _)| start <= magnitude) - 1;
                let value = if sample < 0 {
                    -intervals[interval].1
                } else {
                    intervals[interval].1
                };
                let (mut code, mut back) = ([0; 1], [0; 1]);
                encode(law, &[sample], &mut code);
                decode(law, &code, &mut back);
                assert_eq!(i32::from(back[0]), value, "{law:?} {sample}");
                let plain = interval as u8 | if sample < 0 { 0 } else { 0x80 };
                let sent = match law {
                    Law::Mu => plain ^ 0x7F,
                    Law::A => plain ^ 0x55,
                };
                assert_eq!(code[0], sent, "{law:?} {sample}");
            }
        }
    }

    #[test]
    fn every_code_survives_a_round_trip() {
        for law in [Law::Mu, Law::A] {
            for code in 0..=255u8 {
                let (mut sample, mut back) = ([0; 1], [0; 1]);
                decode(law, &[code], &mut sample);
                encode(law, &sample, &mut back);
                // mu-law has two zeros; the positive one is sent.
                let expected = if law == Law::Mu && code == 0x7F {
                    0xFF
                } else {
                    code
                };
                assert_eq!(back[0], expected, "{law:?} {code:#04x} is {}", sample[0]);
            }
        }
    }

    #[test]
    fn values_of_the_recommendation() {
        // code, value at 16 bits: ends, first steps and segment borders of Tables 1 and 2
        let check = |law, code: u8, value: i16| {
            let mut sample = [0; 1];
            decode(law, &[code], &mut sample);
            assert_eq!(sample[0], value, "{law:?} {code:#04x}");
        };
        check(Law::Mu, 0xFF, 0);
        check(Law::Mu, 0x7F, 0);
        check(Law::Mu, 0xFE, 8);
        check(Law::Mu, 0xEF, 132);
        check(Law::Mu, 0x80, 32_124);
        check(Law::Mu, 0x00, -32_124);
        check(Law::A, 0xD5, 8);
        check(Law::A, 0x55, -8);
        check(Law::A, 0xC5, 264);
        check(Law::A, 0xAA, 32_256);
        check(Law::A, 0x2A, -32_256);
    }

    #[test]
    fn silence_is_the_code_of_zero() {
        for law in [Law::Mu, Law::A] {
            let mut code = [0; 1];
            encode(law, &[0], &mut code);
            assert_eq!(code[0], silence(law));
        }
    }
}
