//! What is added to the sums of a convolution.

use ndarray::{Array3, Axis, Slice};

use super::problem::GraphProblem;

/// The result of an earlier node, added to the sums of a convolution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shortcut {
    /// The node, or the input.
    pub of: String,
    /// Where absent, the shortcut is the node's result, of the shape of the sums. Otherwise it is
    /// the one without parameters that ResNets have on small images: every `stride`-th row and
    /// column, with channels of zeros before and after it, as many on both sides; an odd one goes
    /// after it.
    pub stride: Option<usize>,
}

impl Shortcut {
    /// Whether a result of shape `given` can be added to sums of shape `sums`.
    pub(super) fn check(&self, given: [usize; 3], sums: [usize; 3]) -> Result<(), GraphProblem> {
        let given = match self.stride {
            None => given,
            Some(0) => return Err(GraphProblem::ShortcutStride),
            Some(stride) => {
                let [channels, height, width] = given;
                [channels, height.div_ceil(stride), width.div_ceil(stride)]
            }
        };
        let padded = self.stride.is_some() && given[0] <= sums[0] && given[1..] == sums[1..];
        if padded || given == sums {
            Ok(())
        } else {
            Err(GraphProblem::Shortcut { of: self.of.clone(), given, sums })
        }
    }

    /// Adds `values` to sums whose shape fits.
    pub(super) fn add(&self, sums: &mut Array3<f64>, values: &Array3<f64>) {
        let step = self.stride.unwrap_or(1) as isize;
        let mut values = values.view();
        for axis in [1, 2] {
            values.slice_axis_inplace(Axis(axis), Slice::new(0, None, step));
        }
        let channels = values.dim().0;
        let before = (sums.dim().0 - channels) / 2;
        let mut sums = sums.slice_mut(ndarray::s![before..before + channels, .., ..]);
        sums += &values;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn an_identity_is_added() {
        let shortcut = Shortcut { of: "x".into(), stride: None };
        let mut sums = array![[[1.0, 2.0], [3.0, 4.0]]];
        shortcut.add(&mut sums, &array![[[0.5, -1.0], [2.0, 3.0]]]);
        assert_eq!(sums, array![[[1.5, 1.0], [5.0, 7.0]]]);
    }

    #[test]
    fn a_strided_one_is_subsampled_and_padded() {
        let shortcut = Shortcut { of: "x".into(), stride: Some(2) };
        let values = Array3::from_shape_fn((2, 3, 4), |(c, y, x)| (100 * c + 10 * y + x) as f64);
        assert_eq!(shortcut.check([2, 3, 4], [5, 2, 2]), Ok(()));
        let mut sums = Array3::from_elem((5, 2, 2), 1000.0);
        shortcut.add(&mut sums, &values);
        let expected = array![
            [[1000, 1000], [1000, 1000]],
            [[1000, 1002], [1020, 1022]],
            [[1100, 1102], [1120, 1122]],
            [[1000, 1000], [1000, 1000]],
            [[1000, 1000], [1000, 1000]]
        ];
        assert_eq!(sums.mapv(|sum| sum as i64), expected);
    }

    #[test]
    fn shapes_must_fit() {
        let error = |stride, given, sums| {
            Shortcut { of: "x".into(), stride }.check(given, sums).expect_err("no fit").to_string()
        };
        assert_eq!(
            error(None, [8, 4, 4], [16, 4, 4]),
            "the shortcut x gives 8x4x4, but the sums it is added to are 16x4x4"
        );
        assert_eq!(
            error(Some(2), [8, 4, 4], [4, 2, 2]),
            "the shortcut x gives 8x2x2, but the sums it is added to are 4x2x2"
        );
        assert!(error(Some(0), [8, 4, 4], [8, 4, 4]).contains("at least 1"));
    }
}
