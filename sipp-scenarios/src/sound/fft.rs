//! A plain radix-2 Fourier transform, enough to slide one sound along another quickly.

/// A complex number: real and imaginary part.
pub type Complex = (f32, f32);

/// Transforms in place; the length must be a power of two.
pub fn forward(data: &mut [Complex]) {
    transform(data, -1.0);
}

/// The inverse of [`forward`], scaled.
pub fn inverse(data: &mut [Complex]) {
    transform(data, 1.0);
    let scale = 1.0 / data.len() as f32;
    for value in data {
        value.0 *= scale;
        value.1 *= scale;
    }
}

/// For every lag with the whole of `short` inside `long`: the sum of products of the two.
pub fn correlate(long: &[f32], short: &[f32]) -> Vec<f32> {
    if short.is_empty() || long.len() < short.len() {
        return Vec::new();
    }
    let size = (long.len() + short.len()).next_power_of_two();
    let mut a = padded(long, size);
    let mut b = padded(short, size);
    forward(&mut a);
    forward(&mut b);
    for (x, y) in a.iter_mut().zip(&b) {
        // the conjugate of the short one turns convolution into correlation
        *x = (x.0 * y.0 + x.1 * y.1, x.1 * y.0 - x.0 * y.1);
    }
    inverse(&mut a);
    a.truncate(long.len() - short.len() + 1);
    a.into_iter().map(|value| value.0).collect()
}

fn padded(sound: &[f32], size: usize) -> Vec<Complex> {
    let mut data: Vec<Complex> = sound.iter().map(|&s| (s, 0.0)).collect();
    data.resize(size, (0.0, 0.0));
    data
}

fn transform(data: &mut [Complex], sign: f64) {
    let n = data.len();
    assert!(n.is_power_of_two(), "length of a transform");
    if n == 1 {
        return;
    }
    let bits = n.trailing_zeros();
    for i in 0..n {
        let j = i.reverse_bits() >> (usize::BITS - bits);
        if i < j {
            data.swap(i, j);
        }
    }
    let twiddles: Vec<Complex> = (0..n / 2)
        .map(|k| {
            let angle = sign * std::f64::consts::TAU * k as f64 / n as f64;
            (angle.cos() as f32, angle.sin() as f32)
        })
        .collect();
    let mut half = 1;
    while half < n {
        let stride = n / (2 * half);
        for block in data.chunks_exact_mut(2 * half) {
            let (low, high) = block.split_at_mut(half);
            for (k, (a, b)) in low.iter_mut().zip(high).enumerate() {
                let w = twiddles[k * stride];
                let t = (b.0 * w.0 - b.1 * w.1, b.0 * w.1 + b.1 * w.0);
                *b = (a.0 - t.0, a.1 - t.1);
                *a = (a.0 + t.0, a.1 + t.1);
            }
        }
        half *= 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn correlation_equals_the_sum_of_products() {
        let long: Vec<f32> = (0..300).map(|i| ((i * 37 % 101) as f32) - 50.0).collect();
        let short: Vec<f32> = (0..40).map(|i| ((i * 53 % 89) as f32) - 44.0).collect();
        let fast = correlate(&long, &short);
        assert_eq!(fast.len(), 261);
        for (lag, value) in fast.iter().enumerate() {
            let plain: f32 = short.iter().zip(&long[lag..]).map(|(a, b)| a * b).sum();
            assert!((plain - value).abs() < 1.0, "{lag} {plain} {value}");
        }
    }

    #[test]
    fn there_and_back() {
        let mut data: Vec<Complex> = (0..64).map(|i| (i as f32, -(i as f32))).collect();
        forward(&mut data);
        inverse(&mut data);
        for (i, value) in data.iter().enumerate() {
            assert!((value.0 - i as f32).abs() < 1e-3 && (value.1 + i as f32).abs() < 1e-3);
        }
    }
}
