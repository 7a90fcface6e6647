//! Pooling.

use ndarray::{Array3, ArrayView2, Axis, Zip};

use super::problem::GraphProblem;

/// What pooling makes of a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PoolKind {
    /// The largest value; padding is left out.
    Max,
    /// The mean; padding counts as zeros.
    Average,
}

impl PoolKind {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Max, Self::Average];

    /// The word for it in files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Max => "max",
            Self::Average => "average",
        }
    }
}

/// Pooling of every plane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pool {
    /// A square window that moves over the plane; positions where it does not fit are left out.
    Window {
        /// What is made of a window.
        kind: PoolKind,
        /// Its sides.
        kernel: usize,
        /// Its step in both directions.
        stride: usize,
        /// Padding on all sides.
        padding: usize,
    },
    /// The mean of the whole plane.
    Global,
}

impl Pool {
    /// Shape of the pooled planes (channels, height, width).
    ///
    /// # Errors
    /// What is wrong with the window.
    pub fn shape(&self, [channels, height, width]: [usize; 3]) -> Result<[usize; 3], GraphProblem> {
        let Self::Window { kernel, stride, padding, .. } = *self else {
            return Ok([channels, 1, 1]);
        };
        if stride == 0 {
            return Err(GraphProblem::PoolStride);
        }
        if padding > kernel / 2 {
            return Err(GraphProblem::PoolPadding { padding, kernel });
        }
        // Padding is at most half the kernel, so this overflows for no plane that is one.
        let side = height.min(width).saturating_add(2 * padding);
        if kernel == 0 || kernel > side {
            return Err(GraphProblem::PoolKernel { kernel, side });
        }
        let pooled = |side: usize| (side + 2 * padding - kernel) / stride + 1;
        Ok([channels, pooled(height), pooled(width)])
    }

    /// The pooled planes, of [`Pool::shape`].
    pub(super) fn apply(&self, planes: &Array3<f64>, shape: [usize; 3]) -> Array3<f64> {
        let mut pooled = Array3::zeros(shape);
        Zip::from(pooled.axis_iter_mut(Axis(0))).and(planes.axis_iter(Axis(0))).par_for_each(
            |mut pooled, plane| {
                pooled.indexed_iter_mut().for_each(|(at, value)| *value = self.at(plane, at));
            },
        );
        pooled
    }

    /// One pooled value.
    fn at(&self, plane: ArrayView2<'_, f64>, (y, x): (usize, usize)) -> f64 {
        let (height, width) = plane.dim();
        let Self::Window { kind, kernel, stride, padding } = *self else {
            return mean(plane, plane.len());
        };
        let range = |at: usize, side: usize| {
            let first = (at * stride).saturating_sub(padding);
            first..(at * stride + kernel).saturating_sub(padding).min(side)
        };
        let (rows, columns) = (range(y, height), range(x, width));
        let window = plane.slice(ndarray::s![rows, columns]);
        match kind {
            // Every window has a value in it: padding is at most half of it.
            PoolKind::Max => window.iter().copied().fold(f64::NEG_INFINITY, larger),
            PoolKind::Average => mean(window, kernel * kernel),
        }
    }
}

/// The larger of two values; the first where they are equal, so that 0 and -0 are told apart alike
/// everywhere.
fn larger(a: f64, b: f64) -> f64 {
    if b > a { b } else { a }
}

/// The sum of `values`, row by row, over `count`: the same on every machine.
fn mean(values: ArrayView2<'_, f64>, count: usize) -> f64 {
    values.iter().sum::<f64>() / count as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    fn pooled(pool: Pool, plane: &Array3<i64>) -> Array3<f64> {
        let shape = pool.shape(plane.dim().into()).expect("fits");
        pool.apply(&plane.mapv(|value| value as f64), shape)
    }

    #[test]
    fn windows_give_their_largest_value_or_mean() {
        let plane = array![[[1, 2, 3, 9], [4, 5, 6, 9], [7, 8, 9, 9], [-1, -1, -1, -1]]];
        let window = |kind, kernel, stride, padding| Pool::Window { kind, kernel, stride, padding };
        let max = array![[[5.0, 9.0], [8.0, 9.0]]];
        assert_eq!(pooled(window(PoolKind::Max, 2, 2, 0), &plane), max);
        // Rows and columns 0 to 1, then 1 to 3, of a plane with padding around.
        assert_eq!(pooled(window(PoolKind::Max, 3, 2, 1), &plane), max);
        let overlapping = array![[[9.0, 9.0], [9.0, 9.0]]];
        assert_eq!(pooled(window(PoolKind::Max, 3, 1, 0), &plane), overlapping);
        let means = array![[[3.0, 6.75], [3.25, 4.0]]];
        assert_eq!(pooled(window(PoolKind::Average, 2, 2, 0), &plane), means);
        let padded = array![[[12.0 / 9.0, 34.0 / 9.0], [22.0 / 9.0, 43.0 / 9.0]]];
        assert_eq!(pooled(window(PoolKind::Average, 3, 2, 1), &plane), padded);
        assert_eq!(pooled(Pool::Global, &plane), array![[[68.0 / 16.0]]]);
    }

    #[test]
    fn padding_is_no_maximum() {
        let plane = array![[[-3, -4], [-5, -8]]];
        let max = Pool::Window { kind: PoolKind::Max, kernel: 2, stride: 1, padding: 1 };
        let expected = array![[[-3.0, -3.0, -4.0], [-3.0, -3.0, -4.0], [-5.0, -5.0, -8.0]]];
        assert_eq!(pooled(max, &plane), expected);
        assert_eq!(pooled(Pool::Global, &array![[[-1, 0]]]), array![[[-0.5]]]);
    }

    #[test]
    fn windows_that_are_none_are_refused() {
        let error = |kernel, stride, padding| {
            let pool = Pool::Window { kind: PoolKind::Max, kernel, stride, padding };
            pool.shape([1, 4, 6]).expect_err("no window").to_string()
        };
        assert_eq!(error(5, 1, 0), "pool kernel 5 must be from 1 to the padded plane's 4");
        assert_eq!(error(0, 1, 0), "pool kernel 0 must be from 1 to the padded plane's 4");
        assert_eq!(error(3, 1, 2), "pool padding 2 must be at most half the kernel (3)");
        assert_eq!(error(3, 0, 1), "pool stride must be at least 1");
    }
}
