//! Inputs and weights from files, outputs to files.

use image::{Rgb, RgbImage};
use ndarray::{Array3, Array4};

use crate::support::{
    ALGORITHMS, Place, SMALL, heconv, picture_size, read_array, record, safetensors,
};

/// The plain convolution with these zeros around the input: top, left, bottom, right.
fn convolution<T: Copy + Into<i64>>(
    input: &Array3<T>,
    weights: &Array4<i8>,
    padding: [usize; 4],
) -> Array3<i64> {
    let (channels, height, width) = input.dim();
    let (outputs, _, rows, columns) = weights.dim();
    let [top, left, bottom, right] = padding;
    let at = |c: usize, y: usize, x: usize| {
        let inside = (top..top + height).contains(&y) && (left..left + width).contains(&x);
        if inside { input[[c, y - top, x - left]].into() } else { 0 }
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

/// A layer that does not say takes negative values as signed, and the record and the exported
/// experiment say so.
#[test]
fn signed_inputs_are_found_and_exact() {
    let place = Place::new();
    let (from, by, to) = (place.path("x.npy"), place.path("w.npy"), place.path("y.npy"));
    let signed = input().mapv(|value| value.wrapping_add(128).cast_signed());
    assert!(signed.iter().any(|value| *value == -128) && signed.iter().any(|value| *value == 127));
    // A batch of one is one input.
    ndarray_npy::write_npy(&from, &signed.clone().insert_axis(ndarray::Axis(0))).expect("written");
    ndarray_npy::write_npy(&by, &weights()).expect("written");
    let expected = convolution(&signed.mapv(i64::from), &weights(), [1; 4]);
    let silent = place.tiny("silent.toml", &[]);
    let bits = "activation_bits = 8";
    let loud = place.tiny("loud.toml", &[(bits, "activation_bits = 8\nactivation_signed = true")]);
    for (experiment, algorithm) in
        [&silent, &loud].into_iter().flat_map(|one| ALGORITHMS.map(|algorithm| (one, algorithm)))
    {
        let files = ["--input", &from, "--weights", &by, "--output", &to];
        let record = record(&[&[experiment, "--algorithm", algorithm], &files[..]].concat());
        assert_eq!(record["layer"]["activation_signed"], true);
        assert_eq!(read_array(&to), expected, "{experiment} {algorithm}");
    }
    let export = place.path("e.toml");
    let ended = heconv(&["run", &silent, "--input", &from, "--export", &export]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let exported = std::fs::read_to_string(&export).expect("an experiment");
    assert!(exported.contains("activation_signed = true"), "{exported}");
    let refused = |text: &str, words: &[&str]| {
        let experiment = place.tiny("other.toml", &[(bits, text)]);
        crate::mistakes::refusal(&["run", &experiment, "--input", &from], words)
    };
    crate::mistakes::assert_refused([
        refused(
            "activation_bits = 8\nactivation_signed = false",
            &["from 0 to 255 (activation_signed = false)", "need activation_signed = true"],
        ),
        refused("activation_bits = 7", &["or from -64 to 63", "activation_bits = 8"]),
    ]);
}

/// Luma of ITU-R BT.601, as Pillow rounds it.
#[test]
fn grey_is_that_of_pillow() {
    let place = Place::new();
    let grey = [
        ("in_channels = 2", "in_channels = 1"),
        ("out_channels = 3", "out_channels = 1"),
        ("kernel = 3", "kernel = 1"),
        ("[1, 1, 1, 1]", "0"),
    ];
    let tiny = place.tiny("grey.toml", &grey);
    let (from, by, to) = (place.path("x.png"), place.path("w.npy"), place.path("y.npy"));
    RgbImage::from_pixel(5, 6, Rgb([0, 255, 0])).save(&from).expect("written");
    ndarray_npy::write_npy(&by, &Array4::from_elem((1, 1, 1, 1), 1i8)).expect("written");
    record(&[&tiny, "--image", &from, "--weights", &by, "--output", &to]);
    assert_eq!(read_array(&to), Array3::from_elem((1, 6, 5), 150));
}

/// JPEG is read, and what a plane takes of a larger picture is said by --resize.
#[test]
fn jpeg_is_resized_as_asked() {
    let place = Place::new();
    let grey = [
        ("in_channels = 2", "in_channels = 1"),
        ("out_channels = 3", "out_channels = 1"),
        ("kernel = 3", "kernel = 1"),
        ("[1, 1, 1, 1]", "0"),
        ("height = 6", "height = 8"),
        ("width = 5", "width = 8"),
    ];
    let tiny = place.tiny("grey.toml", &grey);
    let (from, by, to) = (place.path("x.jpg"), place.path("w.npy"), place.path("y.npy"));
    // White in the middle third alone.
    let shade = |x: u32, _| Rgb(if (32..64).contains(&x) { [255; 3] } else { [0; 3] });
    RgbImage::from_fn(96, 32, shade).save(&from).expect("written");
    ndarray_npy::write_npy(&by, &Array4::from_elem((1, 1, 1, 1), 1i8)).expect("written");
    let row = |more: &[&str]| {
        record(&[&[&tiny, "--image", &from, "--weights", &by, "--output", &to], more].concat());
        let output = read_array(&to);
        [0, 4, 7].map(|x| output[[0, 4, x]] > 127)
    };
    assert_eq!(row(&[]), [true; 3]);
    assert_eq!(row(&["--resize", "crop"]), [true; 3]);
    assert_eq!(row(&["--resize", "16"]), [true; 3]);
    assert_eq!(row(&["--resize", "stretch"]), [false, true, false]);
    let refused = |side: &str, words: &[&str]| {
        let arguments = ["run", &tiny, "--image", &from, "--resize", side];
        crate::mistakes::refusal(&arguments, words)
    };
    crate::mistakes::assert_refused([
        refused("4", &["layer tiny", "--resize 4", "plane of 8x8"]),
        refused("fit", &["'fit'", "crop, stretch, or the pixels"]),
    ]);
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

#[test]
fn real_weights_are_quantised_and_their_scales_are_told() {
    let place = Place::new();
    let experiment = place.tiny("tiny.toml", &[]);
    // 5 bits make the largest weight of each output channel 15.
    let values: Vec<f32> = (0..54).map(|i| if i == 7 { -0.75 } else { i as f32 / 100.0 }).collect();
    let one = |shape: &[usize], values: &[f32]| safetensors(&[("any", shape, values)]);
    let file = place.file("w.safetensors", one(&[3, 2, 3, 3], &values));
    let found = record(&[&experiment, "--weights", &file]);
    let largest = [0.75, 0.35, 0.53].map(|value: f32| f64::from(value) / 15.0);
    assert_eq!(found["weight_scales"], serde_json::json!(largest));
    let transposed = place.file("t.safetensors", one(&[2, 3, 3, 3], &values));
    let broken: Vec<f32> = values.iter().map(|v| if *v > 0.5 { f32::NAN } else { *v }).collect();
    let broken = place.file("n.safetensors", one(&[3, 2, 3, 3], &broken));
    let of = |file: &str, words: &[&str]| {
        crate::mistakes::refusal(&["run", &experiment, "--weights", file], words)
    };
    crate::mistakes::assert_refused([
        of(&transposed, &["any", "[2, 3, 3, 3]", "[3, 2, 3, 3]"]),
        of(&broken, &["any", "NaN"]),
    ]);
}
