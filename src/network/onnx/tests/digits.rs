//! The model in the binary.

use super::*;
use crate::network::onnx::{Builtin, PictureForm};
use crate::network::{best_class, plain};
use crate::tensor::decode_picture;

/// The test pictures and their digits.
fn pictures() -> (Vec<Given>, Vec<usize>) {
    let sheet = decode_picture(include_bytes!("../../../../assets/digits/test.png"), "test");
    let form = PictureForm::new("digits", &[1, 1, 80, 160], None, [&[], &[]]).expect("a picture");
    let sheet = form.given(&sheet.expect("reads")).expect("as large");
    let picture = |i: usize| {
        let (top, left) = (i / 20 * 8, i % 20 * 8);
        let value = |k: usize| sheet.values[(top + k / 8) * 160 + left + k % 8];
        Given { shape: vec![1, 1, 8, 8], values: (0..64).map(value).collect() }
    };
    let labels = include_str!("../../../../assets/digits/test.txt").lines();
    ((0..200).map(picture).collect(), labels.map(|line| line.parse().expect("a digit")).collect())
}

/// Of pictures that it was not trained on, as many are right as its training said, and with 4-bit weights
/// and activations nearly all are what they are in floats.
#[test]
fn few_bits_keep_the_digits() {
    let model = Builtin.model(MEMORY).expect("a model");
    let (pictures, labels) = pictures();
    let served = served(&model, &pictures[0], Bits { weights: 4, activations: 4 });
    assert_eq!((served.layers().len(), labels.len()), (4, 200));
    let (mut right, mut same) = (0, 0);
    for (picture, label) in pictures.iter().zip(&labels) {
        let real = served.reference(picture).expect("runs");
        let real = best_class(&real.outputs[0].values);
        let outputs = served.run(picture, plain, |_, _, _| ()).expect("runs");
        right += usize::from(real == Some(*label));
        same += usize::from(real == best_class(&outputs[0].values));
    }
    assert!(right >= 196 && same >= 196, "{right} right in floats, {same} the same");
}

#[test]
fn its_picture_is_one_of_them() {
    let form = PictureForm::new("digits", &[1, 1, 8, 8], None, [&[], &[]]).expect("a picture");
    let given = form.given(&Builtin.picture().expect("reads")).expect("as large");
    assert_eq!(given.values, pictures().0[0].values);
    assert_eq!(Builtin.labels().len(), 10);
}
