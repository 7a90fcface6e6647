//! The search for the fewest bits.

use super::build::plain as plain_model;
use super::*;
use crate::network::onnx::{Kept, fewest_bits};
use crate::network::plain;

fn found(kept: Kept) -> (Vec<Bits>, bool) {
    let model = model(&plain_model());
    let given = given(&[1, 3, 16, 16]);
    let mut served = served(&model, &given, Bits::DEFAULT);
    let reference = served.reference(&given).expect("runs");
    let inputs = [(given.clone(), reference)];
    let is_kept = fewest_bits(&mut served, &inputs, kept, |_, _| true).expect("runs");
    let outputs = served.run(&given, plain, |_, _, _| ()).expect("runs");
    let real = &inputs[0].1.outputs[0].values;
    let product = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
    let values = &outputs[0].values;
    let cosine = product(values, real) / (product(values, values) * product(real, real)).sqrt();
    if let (Kept::Cosine(least), true) = (kept, is_kept) {
        assert!(f64::from(cosine) >= least - 1e-5, "{cosine} {least}");
    }
    (served.layers().iter().map(super::super::ServedLayer::bits).collect(), is_kept)
}

#[test]
fn fewer_bits_keep_less() {
    let sum = |bits: &[Bits]| bits.iter().map(|bits| bits.weights + bits.activations).sum::<u32>();
    let (strict, is_strict) = found(Kept::Cosine(0.999));
    let (loose, is_loose) = found(Kept::Cosine(0.9));
    assert!(is_strict && is_loose);
    assert!(sum(&strict) < 16 * strict.len() as u32, "{strict:?}");
    assert!(sum(&loose) < sum(&strict), "{loose:?} {strict:?}");
    let (label, is_label) = found(Kept::Label);
    assert!(is_label && sum(&label) < 16 * label.len() as u32, "{label:?}");
    // What even 8 bits do not keep leaves them.
    let (kept, is_kept) = found(Kept::Cosine(1.0));
    assert!(!is_kept && kept.iter().all(|bits| *bits == Bits::DEFAULT));
}
