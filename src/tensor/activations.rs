//! Inputs of layers and networks as .npy files.

use std::path::Path;

use ndarray::{Array3, ArrayD, Axis};

use super::TensorError;
use super::npy::{Npy, contains};
use crate::conv::layer::{MAX_ACTIVATION_BITS, activation_range};

/// Reads activations of `bits` for what takes `shape` (channels, height, width), and says whether
/// they are signed: as `signed` has it, or where that is open, if one of them is negative. Any
/// integer type is taken, and floats that hold whole numbers. The array may also have the shape (1,
/// channels, height, width), a batch of one, or (height, width) for one channel.
///
/// # Errors
/// [`TensorError`] naming the file, what it holds and what would be right.
pub fn read_activations(
    path: &Path,
    shape: [usize; 3],
    bits: u32,
    signed: Option<bool>,
) -> Result<(Array3<i64>, bool), TensorError> {
    let wrong = |found: String, hint: Option<String>| {
        let hint = hint.map_or_else(String::new, |hint| format!("; {hint}"));
        let expected =
            format!("expected shape {shape:?} with whole numbers {}{hint}", ranges(bits, signed));
        TensorError::Content { path: path.to_owned(), found, expected }
    };
    let npy = Npy::open(path)?;
    let header = npy.header();
    if !is_input(&header.shape, shape) || header.element.is_err() {
        return Err(wrong(header.describe(), hint(&header.shape, shape)));
    }
    let values = npy.numbers().map_err(|problem| wrong(problem, None))?;
    let values = of_three_sides(values, shape);
    let at = |predicate: &dyn Fn(f64) -> bool| {
        let found = values.indexed_iter().find(|(_, value)| predicate(**value));
        found.map(|((c, y, x), value)| format!("has {value} at {:?}", [c, y, x]))
    };
    if let Some(found) = at(&|value| value.fract() != 0.0) {
        return Err(wrong(found, None));
    }
    let least = values.iter().copied().fold(0.0, f64::min);
    let most = values.iter().copied().fold(0.0, f64::max);
    let signed = signed.unwrap_or(least < 0.0 && bits > 1);
    let range = activation_range(bits, signed);
    if let Some(found) = at(&|value| !contains(&range, value)) {
        return Err(wrong(found, Some(needs(least, most, signed))));
    }
    Ok((values.mapv(|value| value as i64), signed))
}

/// The whole numbers that activations of so many bits may be.
fn ranges(bits: u32, signed: Option<bool>) -> String {
    let range = |signed| {
        let range = activation_range(bits, signed);
        format!("from {} to {}", range.start(), range.end())
    };
    match signed {
        None if bits > 1 => format!("{}, or {} where they are signed", range(false), range(true)),
        None => range(false),
        Some(false) => format!("{} (activation_signed = false)", range(false)),
        Some(true) => format!("{} (activation_signed = true)", range(true)),
    }
}

/// What a layer would have to say to take values from `least`, at most 0, to `most`, at least 0.
fn needs(least: f64, most: f64, signed: bool) -> String {
    let values = format!("values from {least} to {most}");
    let is_signed = signed || least < 0.0;
    let first = if is_signed { 2 } else { 1 };
    let takes = |bits: &u32| {
        let range = activation_range(*bits, is_signed);
        [least, most].iter().all(|value| contains(&range, *value))
    };
    match (first..=MAX_ACTIVATION_BITS).find(takes) {
        Some(bits) if is_signed => {
            format!("{values} need activation_signed = true and activation_bits = {bits}")
        }
        Some(bits) => format!("{values} need activation_bits = {bits}"),
        None => format!("{values} need more than {MAX_ACTIVATION_BITS} bits: scale them down"),
    }
}

/// Whether an array of shape `found` is one input of shape `expected`.
fn is_input(found: &[usize], expected: [usize; 3]) -> bool {
    match found {
        [1, rest @ ..] if *rest == expected => true,
        [height, width] => [1, *height, *width] == expected,
        _ => *found == expected,
    }
}

/// An array of which [`is_input`] holds, by channels, rows and columns.
fn of_three_sides(values: ArrayD<f64>, shape: [usize; 3]) -> Array3<f64> {
    let values = match values.ndim() {
        2 => values.insert_axis(Axis(0)),
        4 => values.index_axis_move(Axis(0), 0),
        _ => values,
    };
    // The shape was checked.
    values.into_dimensionality().unwrap_or_else(|_| Array3::zeros(shape))
}

/// How an array of another shape becomes an input.
fn hint(found: &[usize], expected: [usize; 3]) -> Option<String> {
    let [channels, height, width] = expected;
    let (batch, sides) = match found {
        [batch, sides @ ..] if found.len() == 4 => (*batch, sides),
        _ => (1, found),
    };
    let is_turned = sides == [height, width, channels] && sides != expected;
    let hint = match (batch > 1, is_turned) {
        (true, false) if sides == expected => "one picture at a time: x[0] in NumPy",
        (true, true) => {
            "one picture at a time, and channels come first: x[0].transpose(2, 0, 1) in NumPy"
        }
        (false, true) if found.len() == 4 => {
            "channels come first: x[0].transpose(2, 0, 1) in NumPy"
        }
        (false, true) => "channels come first: x.transpose(2, 0, 1) in NumPy",
        _ => return None,
    };
    Some(hint.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array2, Array4, Array5};
    use ndarray_npy::WriteNpyExt;

    fn read(
        array: &impl WriteNpyExt,
        shape: [usize; 3],
        bits: u32,
        signed: Option<bool>,
    ) -> Result<(Array3<i64>, bool), String> {
        let directory = tempfile::tempdir().expect("temporary directory");
        let path = directory.path().join("x.npy");
        array.write_npy(std::fs::File::create(&path).expect("creates")).expect("writes");
        read_activations(&path, shape, bits, signed).map_err(|error| error.to_string())
    }

    /// Four values as a plane of one channel.
    fn plane(values: [i64; 4]) -> Array3<i64> {
        Array3::from_shape_vec((1, 2, 2), values.to_vec()).expect("four")
    }

    #[test]
    fn signs_are_found_where_they_are_open() {
        let read = |values, signed| read(&plane(values), [1, 2, 2], 4, signed);
        assert_eq!(read([0, 3, 15, 1], None), Ok((plane([0, 3, 15, 1]), false)));
        assert_eq!(read([0, -8, 7, 1], None), Ok((plane([0, -8, 7, 1]), true)));
        assert_eq!(read([0, 3, 7, 1], Some(true)), Ok((plane([0, 3, 7, 1]), true)));
        assert_eq!(read([0, 3, 15, 1], Some(false)), Ok((plane([0, 3, 15, 1]), false)));
    }

    #[test]
    fn values_that_do_not_fit_are_told_what_would() {
        let refused = |values, bits, signed, words: &[&str]| {
            let error = read(&plane(values), [1, 2, 2], bits, signed).expect_err("refused");
            for word in words {
                assert!(error.contains(word), "{word}: {error}");
            }
            assert!(!error.contains('\n'), "{error}");
        };
        let both = "from 0 to 15, or from -8 to 7 where they are signed";
        refused([0, 16, 3, 0], 4, None, &["has 16 at [0, 0, 1]", both, "need activation_bits = 5"]);
        let signed = "values from -3 to 12 need activation_signed = true and activation_bits = 5";
        refused([0, -3, 12, 0], 4, None, &["has 12 at [0, 1, 0]", both, signed]);
        let says = "from 0 to 15 (activation_signed = false)";
        refused(
            [0, -3, 5, 0],
            4,
            Some(false),
            &["has -3 at", says, "= true and activation_bits = 4"],
        );
        let says = "from -8 to 7 (activation_signed = true)";
        refused([0, 8, 5, 0], 4, Some(true), &["has 8 at", says, "activation_bits = 5"]);
        refused([0, -1, 0, 0], 1, None, &["has -1 at", "from 0 to 1;", "activation_bits = 2"]);
        refused([0, 70_000, 0, 0], 8, None, &["more than 16 bits", "scale them down"]);
        let half = read(&Array2::from_elem((2, 2), 0.5), [1, 2, 2], 4, None).expect_err("a half");
        assert!(half.contains("has 0.5 at [0, 0, 0]") && half.ends_with("signed"), "{half}");
        let nan = read(&Array2::from_elem((2, 2), f64::NAN), [1, 2, 2], 4, None).expect_err("NaN");
        assert!(nan.contains("has NaN at [0, 0, 0]"), "{nan}");
    }

    #[test]
    fn batches_of_one_and_single_planes_are_inputs() {
        let value = |c: usize, y: usize, x: usize| (c * 20 + y * 5 + x) as u8;
        let input = Array3::from_shape_fn((2, 3, 4), |(c, y, x)| i64::from(value(c, y, x)));
        let batch = Array4::from_shape_fn((1, 2, 3, 4), |(_, c, y, x)| value(c, y, x));
        assert_eq!(read(&batch, [2, 3, 4], 8, None), Ok((input, false)));
        let plane = Array3::from_shape_fn((1, 3, 4), |(c, y, x)| i64::from(value(c, y, x)));
        let grey = Array2::from_shape_fn((3, 4), |(y, x)| value(0, y, x));
        assert_eq!(read(&grey, [1, 3, 4], 8, None), Ok((plane.clone(), false)));
        let turned = Array2::from_shape_fn((4, 3), |(x, y)| value(0, y, x)).reversed_axes();
        assert_eq!(read(&turned, [1, 3, 4], 8, None), Ok((plane, false)), "Fortran order");
    }

    #[test]
    fn other_shapes_are_told_how() {
        let refused = |array: &dyn Fn() -> Result<(Array3<i64>, bool), String>, hint: &str| {
            let error = array().expect_err("refused");
            assert!(error.contains("expected shape [3, 4, 5]") && error.ends_with(hint), "{error}");
        };
        let shape = [3, 4, 5];
        let of = |batch: usize, sides: [usize; 3]| {
            let [a, b, c] = sides;
            read(&Array4::<u8>::zeros((batch, a, b, c)), shape, 4, None)
        };
        refused(&|| of(2, shape), "one picture at a time: x[0] in NumPy");
        refused(&|| of(2, [4, 5, 3]), "x[0].transpose(2, 0, 1) in NumPy");
        refused(&|| of(1, [4, 5, 3]), "come first: x[0].transpose(2, 0, 1) in NumPy");
        let turned = || read(&Array3::<u8>::zeros((4, 5, 3)), shape, 4, None);
        refused(&turned, "channels come first: x.transpose(2, 0, 1) in NumPy");
        let plain = "where they are signed";
        refused(&|| read(&Array3::<u8>::zeros((3, 5, 4)), shape, 4, None), plain);
        refused(&|| read(&Array2::<u8>::zeros((4, 5)), shape, 4, None), plain);
        refused(&|| read(&Array5::<u8>::zeros((1, 1, 3, 4, 5)), shape, 4, None), plain);
    }
}
