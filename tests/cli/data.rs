//! Inputs and weights from files, outputs to files.

use image::{Rgb, RgbImage};
use ndarray::{Array3, Array4};

use crate::support::{ALGORITHMS, Place, SMALL, picture_size, read_array, record};

/// The plain convolution with these zeros around the input: top, left, bottom, right.
fn convolution(input: &Array3<u8>, weights: &Array4<i8>, padding: [usize; 4]) -> Array3<i64> {
    let (channels, height, width) = input.dim();
    let (outputs, _, rows, columns) = weights.dim();
    let [top, left, bottom, right] = padding;
    let at = |c: usize, y: usize, x: usize| {
        let inside = (top..top + height).contains(&y) && (left..left + width).contains(&x);
        if inside { i64::from(input[[c, y - top, x - left]]) } else { 0 }
    };
    let shape = (outputs, height + top + bottom + 1 - rows, width + left + right + 1 - columns);
    Array3::from_shape_fn(shape, |(o, y, x)| {
        let mut sum = 0;
        for c in 0..channels {
            for ky in 0..rows {
                for kx in 0..columns {
                    sum += i64::from(weights[[o, c, ky, kx]]) * at(c, y + ky, x + kx);
                }
            }
        }
        sum
    })
}

/// An input of the small experiment's shape, with its least and largest activation.
fn input() -> Array3<u8> {
    let mut input = Array3::from_shape_fn((2, 6, 5), |(c, y, x)| (c * 91 + y * 37 + x * 53) as u8);
    (input[[0, 0, 0]], input[[1, 5, 4]]) = (0, 255);
    input
}

/// Weights of the small experiment's shape, with its least and largest weight.
fn weights() -> Array4<i8> {
    let weight = |(o, c, y, x)| (o * 17 + c * 11 + y * 7 + x * 5) as i8 % 31 - 15;
    let mut weights = Array4::from_shape_fn((3, 2, 3, 3), weight);
    (weights[[0, 0, 0, 0]], weights[[2, 1, 2, 2]]) = (-15, 15);
    weights
}

#[test]
fn arrays_are_convolved() {
    let place = Place::new();
    let (from, by, to) = (place.path("x.npy"), place.path("w.npy"), place.path("y.npy"));
    ndarray_npy::write_npy(&from, &input()).expect("written");
    ndarray_npy::write_npy(&by, &weights()).expect("written");
    for padding in [[1, 1, 1, 1], [0, 0, 0, 0], [0, 1, 2, 0]] {
        let tiny = place.tiny("tiny.toml", &[("[1, 1, 1, 1]", &format!("{padding:?}"))]);
        for algorithm in ALGORITHMS {
            let files = ["--input", &from, "--weights", &by, "--output", &to];
            record(&[&[tiny.as_str(), "--algorithm", algorithm], &files[..]].concat());
            let expected = convolution(&input(), &weights(), padding);
            assert_eq!(read_array(&to), expected, "{padding:?}, {algorithm}");
        }
    }
}

#[test]
fn any_type_and_order_of_whole_numbers_is_read() {
    let place = Place::new();
    let (tiny, to) = (place.tiny("tiny.toml", &[]), place.path("y.npy"));
    let (from, by) = (place.path("x.npy"), place.path("w.npy"));
    ndarray_npy::write_npy(&from, &input().mapv(f32::from)).expect("written");
    let transposed = Array4::from_shape_fn((3, 3, 2, 3), |(x, y, c, o)| weights()[[o, c, y, x]]);
    ndarray_npy::write_npy(&by, &transposed.mapv(i64::from).reversed_axes()).expect("written");
    record(&[&tiny, "--input", &from, "--weights", &by, "--output", &to]);
    assert_eq!(read_array(&to), convolution(&input(), &weights(), [1; 4]));
}

#[test]
fn a_picture_is_convolved() {
    let place = Place::new();
    let tiny = place.tiny("tiny.toml", &[("in_channels = 2", "in_channels = 3")]);
    let (from, by, to) = (place.path("x.png"), place.path("w.npy"), place.path("y.npy"));
    let pixel =
        |x: u32, y: u32| Rgb([(40 * x) as u8, (50 * y) as u8, (255 - 20 * x - 3 * y) as u8]);
    RgbImage::from_fn(5, 6, pixel).save(&from).expect("written");
    // Output channel o is input channel o: red, green, blue.
    let identity = |(o, c, y, x)| i8::from(o == c && y == 1 && x == 1);
    let identity: Array4<i8> = Array4::from_shape_fn((3, 3, 3, 3), identity);
    ndarray_npy::write_npy(&by, &identity).expect("written");
    record(&[&tiny, "--image", &from, "--weights", &by, "--output", &to]);
    let expected = |(c, y, x): (usize, usize, usize)| i64::from(pixel(x as u32, y as u32).0[c]);
    assert_eq!(read_array(&to), Array3::from_shape_fn((3, 6, 5), expected));
}

#[test]
fn pictures_of_any_size_fit_any_layer() {
    let place = Place::new();
    let grey = place.tiny("grey.toml", &[("in_channels = 2", "in_channels = 1")]);
    let cat = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/cat-224.png");
    let record = record(&[&grey, "--image", cat]);
    assert_eq!(record["layer"]["in_channels"], 1);
}

#[test]
fn outputs_are_written_as_pictures() {
    let place = Place::new();
    // Maps in a grid that is nearly square, two pixels between them.
    let sheet = place.path("sheet.png");
    record(&["--output", &sheet]);
    assert_eq!(picture_size(&sheet), (3 * 226 - 2, 3 * 226 - 2));
    record(&[&SMALL[..], &["--output", &sheet]].concat());
    assert_eq!(picture_size(&sheet), (4 * 34 - 2, 4 * 34 - 2));
}

#[test]
fn outputs_are_little_endian_int64_in_c_order() {
    let place = Place::new();
    let (tiny, to) = (place.tiny("tiny.toml", &[]), place.path("y.NPY"));
    record(&[&tiny, "--output", &to]);
    let bytes = std::fs::read(&to).expect("an output");
    let header = String::from_utf8_lossy(&bytes[..128]);
    for words in ["'<i8'", "'fortran_order': False", "(3, 6, 5"] {
        assert!(header.contains(words), "{words} in {header}");
    }
    assert_eq!(bytes.len() % 64, (3 * 6 * 5 * 8) % 64, "the header is padded");
}

/// A file as PyTorch's safetensors writes it: a header of names, and one tensor of 32-bit floats.
fn safetensors(name: &str, shape: &[usize], values: &[f32]) -> Vec<u8> {
    let data: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    let header = format!(
        "{{\"{name}\":{{\"dtype\":\"F32\",\"shape\":{shape:?},\"data_offsets\":[0,{}]}}}}",
        data.len()
    );
    [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), &data].concat()
}

#[test]
fn real_weights_are_quantised_and_the_scale_is_told() {
    let place = Place::new();
    let experiment = place.tiny("tiny.toml", &[]);
    // The largest of 54 weights is 0.75, which 5 bits make 15.
    let values: Vec<f32> = (0..54).map(|i| if i == 7 { -0.75 } else { i as f32 / 100.0 }).collect();
    let file = place.file("w.safetensors", safetensors("any", &[3, 2, 3, 3], &values));
    let found = record(&[&experiment, "--weights", &file]);
    assert_eq!(found["weight_scale"].as_f64(), Some(0.75 / 15.0));
    let transposed = place.file("t.safetensors", safetensors("any", &[2, 3, 3, 3], &values));
    let broken: Vec<f32> = values.iter().map(|v| if *v > 0.5 { f32::NAN } else { *v }).collect();
    let broken = place.file("n.safetensors", safetensors("any", &[3, 2, 3, 3], &broken));
    let of = |file: &str, words: &[&str]| {
        crate::mistakes::refusal(&["run", &experiment, "--weights", file], words)
    };
    crate::mistakes::assert_refused([
        of(&transposed, &["any", "[2, 3, 3, 3]", "[3, 2, 3, 3]"]),
        of(&broken, &["any", "NaN"]),
    ]);
}
