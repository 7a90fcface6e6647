//! Batches, and padding of which the odd row comes first.

use ndarray::Array4;

use super::build::{Builder, integer, integers, text};
use super::*;
use crate::network::plain;

/// The cosine of two lists of values, and the largest of the second.
fn cosine(found: &[f32], expected: &[f32]) -> f64 {
    assert_eq!(found.len(), expected.len());
    let sum = |a: &[f32], b: &[f32]| -> f64 {
        a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
    };
    sum(found, expected) / (sum(found, found) * sum(expected, expected)).sqrt()
}

/// A batch gives what its pictures give one by one, whatever the operators are.
#[test]
fn a_batch_is_its_pictures() {
    let make = |batch: i64| {
        let mut b = Builder::new(5, &[batch, 4, 6, 5]);
        let y = b.conv("x", [6, 2, 3, 3], &[integer("group", 2), integers("strides", &[2, 1])]);
        let y = b.node("Relu", &[&y], &[]);
        let (weights, bias) = (b.weights(&[6, 3, 2, 2]), b.tensor(&[3], vec![0.5, -0.25, 1.0]));
        let y = b.node("ConvTranspose", &[&y, &weights, &bias], &[integers("strides", &[2, 2])]);
        let y = b.node("GlobalAveragePool", &[&y], &[]);
        let y = b.node("Flatten", &[&y], &[]);
        let y = b.dense(&y, 3, 4);
        b.bytes(&[&y])
    };
    let bits = Bits { weights: 8, activations: 16 };
    let (many, one) = (model(&make(3)), model(&make(1)));
    let all = given(&[3, 4, 6, 5]);
    let served_many = served(&many, &all, bits);
    assert_eq!(served_many.client_layers(), &[][..]);
    let groups: Vec<usize> = served_many.layers().iter().map(|l| l.layer.groups()).collect();
    assert_eq!(groups, [6, 3, 1]);
    let together = served_many.run(&all, plain, |_, _, _| ()).expect("runs");
    assert_eq!(together[0].shape, [3, 4]);
    let reference = served_many.reference(&all).expect("runs");
    assert!(cosine(&together[0].values, &reference.outputs[0].values) > 0.9999);
    for (i, values) in all.values.chunks(4 * 6 * 5).enumerate() {
        let given = Given { shape: vec![1, 4, 6, 5], values: values.to_vec() };
        let alone = served(&one, &given, bits).run(&given, plain, |_, _, _| ()).expect("runs");
        assert!(cosine(&together[0].values[4 * i..4 * (i + 1)], &alone[0].values) > 0.9999);
    }
}

/// A convolution, or largest values, with this padding before and enough after.
fn padded(
    input: &Given,
    weights: Option<&Array4<f32>>,
    kernel: [usize; 2],
    [stride, dilation]: [usize; 2],
) -> Vec<f32> {
    let [_, channels, height, width] = input.shape[..] else { panic!("a picture") };
    let at = |c: usize, y: i64, x: i64| -> Option<f32> {
        let inside = (0..height as i64).contains(&y) && (0..width as i64).contains(&x);
        inside.then(|| input.values[(c * height + y as usize) * width + x as usize])
    };
    let axis = |side: usize, kernel: usize| {
        let output = side.div_ceil(stride);
        let seen = (output - 1) * stride + (kernel - 1) * dilation + 1;
        (output, seen.saturating_sub(side).div_ceil(2) as i64)
    };
    let ((rows, top), (columns, left)) = (axis(height, kernel[0]), axis(width, kernel[1]));
    let mut all = Vec::new();
    for o in 0..weights.map_or(channels, |weights| weights.dim().0) {
        for (y, x) in (0..rows).flat_map(|y| (0..columns).map(move |x| (y, x))) {
            let (mut sum, mut most) = (0f32, f32::NEG_INFINITY);
            for (ky, kx) in (0..kernel[0]).flat_map(|ky| (0..kernel[1]).map(move |kx| (ky, kx))) {
                let row = (y * stride + ky * dilation) as i64 - top;
                let column = (x * stride + kx * dilation) as i64 - left;
                most = most.max(at(o.min(channels - 1), row, column).unwrap_or(most));
                let Some(weights) = weights else { continue };
                for c in 0..channels {
                    sum += weights[[o, c, ky, kx]] * at(c, row, column).unwrap_or(0.0);
                }
            }
            all.push(if weights.is_some() { sum } else { most });
        }
    }
    all
}

#[test]
fn the_odd_row_of_same_lower_comes_first() {
    for (side, kernel, stride, dilation) in [(8, 2, 1, 1), (8, 3, 2, 1), (9, 4, 2, 1), (7, 2, 3, 2)]
    {
        let mut b = Builder::new(9, &[1, 3, side as i64, side as i64 + 1]);
        let values = b.seeded(4 * 3 * kernel * kernel, 0.5, 0.1);
        let shape = [4, 3, kernel, kernel];
        let weights = b.tensor(&shape, values.clone());
        let both = |name: &str, value: usize| integers(name, &[value as i64; 2]);
        let with =
            [text("auto_pad", "SAME_LOWER"), both("strides", stride), both("dilations", dilation)];
        let y = b.node("Conv", &["x", &weights], &with);
        let pool = [text("auto_pad", "SAME_LOWER"), both("strides", 2), both("kernel_shape", 2)];
        let z = b.node("MaxPool", &[&y], &pool);
        let model = model(&b.bytes(&[&y, &z]));
        let given = given(&[1, 3, side, side + 1]);
        let weights = Array4::from_shape_vec(shape, values).expect("fits");
        let expected = padded(&given, Some(&weights), [kernel, kernel], [stride, dilation]);
        let served = served(&model, &given, Bits { weights: 8, activations: 16 });
        assert_eq!(served.layers().len(), 1, "{:?}", served.client_layers());
        let reference = served.reference(&given).expect("runs").outputs;
        let found = served.run(&given, plain, |_, _, _| ()).expect("runs");
        for outputs in [&reference, &found] {
            assert!(cosine(&outputs[0].values, &expected) > 0.9999, "{side} {kernel} {stride}");
            let convolved =
                Given { shape: outputs[0].shape.clone(), values: outputs[0].values.clone() };
            assert_eq!(outputs[1].values, padded(&convolved, None, [2, 2], [2, 1]));
        }
        let worst = reference[0].values.iter().zip(&expected).map(|(a, b)| (a - b).abs());
        assert!(worst.fold(0f32, f32::max) < 1e-5);
    }
}
