//! The Fourier transform of real samples whose number is a power of two, there and back. Knows no
//! window and no rate; all its memory is made beforehand.

/// Tables for one length.
#[derive(Debug)]
pub(super) struct Fourier {
    /// cosine and sine for each stage: of the one that joins blocks of `half` points, half a turn
    /// in `half` steps, beginning at `half`
    cos: Vec<f32>,
    sin: Vec<f32>,
    /// where each pair of samples goes first
    places: Vec<u16>,
}

impl Fourier {
    /// For so many samples, a power of two from 8 to 131,072.
    pub(super) fn of(length: usize) -> Self {
        let points = length / 2;
        let angle = |at: usize| match at.checked_ilog2() {
            Some(log) => (at - (1 << log)) as f64 / f64::from(1u32 << log) * std::f64::consts::PI,
            None => 0.0,
        };
        let bits = usize::BITS - points.ilog2();
        Self {
            cos: (0..length).map(|at| angle(at).cos() as f32).collect(),
            sin: (0..length).map(|at| angle(at).sin() as f32).collect(),
            places: (0..points)
                .map(|n| (n.reverse_bits() >> bits) as u16)
                .collect(),
        }
    }

    /// The spectrum of `samples`: real and imaginary parts, one more than half as many as samples.
    ///
    /// Even and odd samples are the two parts of a complex signal of half the length, which is
    /// transformed and then taken apart.
    pub(super) fn there(&self, samples: &[f32], re: &mut [f32], im: &mut [f32]) {
        let points = self.places.len();
        for (pair, &place) in samples.chunks_exact(2).zip(&self.places) {
            re[usize::from(place)] = pair[0];
            im[usize::from(place)] = pair[1];
        }
        self.transform(&mut re[..points], &mut im[..points]);
        let (first, second) = (re[0], im[0]);
        (re[0], im[0]) = (first + second, 0.0);
        (re[points], im[points]) = (first - second, 0.0);
        let (cos, sin) = (&self.cos[points..], &self.sin[points..]);
        for k in 1..=points / 2 {
            let other = points - k;
            let even = ((re[k] + re[other]) / 2.0, (im[k] - im[other]) / 2.0);
            let odd = ((im[k] + im[other]) / 2.0, (re[other] - re[k]) / 2.0);
            let turned = (
                odd.0 * cos[k] + odd.1 * sin[k],
                odd.1 * cos[k] - odd.0 * sin[k],
            );
            (re[k], im[k]) = (even.0 + turned.0, even.1 + turned.1);
            (re[other], im[other]) = (even.0 - turned.0, turned.1 - even.1);
        }
    }

    /// The samples of a spectrum as [`there`](Self::there) gives it. Spoils `re` and `im`.
    pub(super) fn back(&self, re: &mut [f32], im: &mut [f32], samples: &mut [f32]) {
        let points = self.places.len();
        let (cos, sin) = (&self.cos[points..], &self.sin[points..]);
        let (first, last) = (re[0], re[points]);
        (re[0], im[0]) = ((first + last) / 2.0, (first - last) / 2.0);
        for k in 1..=points / 2 {
            let other = points - k;
            let even = ((re[k] + re[other]) / 2.0, (im[k] - im[other]) / 2.0);
            let turned = ((re[k] - re[other]) / 2.0, (im[k] + im[other]) / 2.0);
            let odd = (
                turned.0 * cos[k] - turned.1 * sin[k],
                turned.1 * cos[k] + turned.0 * sin[k],
            );
            (re[k], im[k]) = (even.0 - odd.1, even.1 + odd.0);
            (re[other], im[other]) = (even.0 + odd.1, odd.0 - even.1);
        }
        for (n, &place) in self.places.iter().enumerate() {
            let place = usize::from(place);
            if n < place {
                re.swap(n, place);
                im.swap(n, place);
            }
        }
        // With its parts exchanged, the transform goes back.
        self.transform(&mut im[..points], &mut re[..points]);
        let scale = 1.0 / points as f32;
        for (pair, (re, im)) in samples.chunks_exact_mut(2).zip(re.iter().zip(im.iter())) {
            (pair[0], pair[1]) = (re * scale, im * scale);
        }
    }

    /// Of points in reversed order.
    fn transform(&self, re: &mut [f32], im: &mut [f32]) {
        let mut half = 1;
        while half < re.len() {
            let (cos, sin) = (&self.cos[half..2 * half], &self.sin[half..2 * half]);
            let blocks = re.chunks_exact_mut(2 * half);
            for (re, im) in blocks.zip(im.chunks_exact_mut(2 * half)) {
                let (re_low, re_high) = re.split_at_mut(half);
                let (im_low, im_high) = im.split_at_mut(half);
                for n in 0..half {
                    let (high, low) = ((re_high[n], im_high[n]), (re_low[n], im_low[n]));
                    let turned = (
                        high.0 * cos[n] + high.1 * sin[n],
                        high.1 * cos[n] - high.0 * sin[n],
                    );
                    (re_high[n], im_high[n]) = (low.0 - turned.0, low.1 - turned.1);
                    (re_low[n], im_low[n]) = (low.0 + turned.0, low.1 + turned.1);
                }
            }
            half *= 2;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_sum_it_stands_for_and_goes_back() {
        for length in [8, 256, 512, 1_024] {
            let sample = |n: usize| ((n * n + 7 * n) % 31) as f32 - 11.0;
            let samples: Vec<f32> = (0..length).map(sample).collect();
            let (mut re, mut im) = (vec![0.0; length / 2 + 1], vec![0.0; length / 2 + 1]);
            let fourier = Fourier::of(length);
            fourier.there(&samples, &mut re, &mut im);
            for k in [0, 1, 2, length / 4, length / 2 - 1, length / 2] {
                let turn = |n: usize| (n * k % length) as f64 / length as f64;
                let angle = |n: usize| turn(n) * std::f64::consts::TAU;
                let sum = |of: fn(f64) -> f64| -> f64 {
                    let parts = samples.iter().enumerate();
                    parts.map(|(n, &s)| f64::from(s) * of(angle(n))).sum()
                };
                let off = (f64::from(re[k]) - sum(f64::cos)).abs()
                    + (f64::from(im[k]) + sum(f64::sin)).abs();
                assert!(off < 0.02, "{off} at {k} of {length}");
            }
            let mut again = vec![0.0; length];
            fourier.back(&mut re, &mut im, &mut again);
            let near = |(a, b): (&f32, &f32)| (a - b).abs() < 1e-3;
            assert!(samples.iter().zip(&again).all(near), "{length}");
        }
    }
}
