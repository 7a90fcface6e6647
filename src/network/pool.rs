//! Pooling.

use ndarray::{Array3, ArrayView2, Axis, Zip};

use super::problem::GraphProblem;

/// What pooling makes of a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PoolKind {
    /// The largest value; padding is left out.
    Max,
    /// The mean, rounded to the nearest integer, halves up; padding counts as zeros.
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
    /// The mean of the whole plane, rounded to the nearest integer, halves up.
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
    pub(super) fn apply(&self, planes: &Array3<i64>, shape: [usize; 3]) -> Array3<i64> {
        let mut pooled = Array3::zeros(shape);
        Zip::from(pooled.axis_iter_mut(Axis(0))).and(planes.axis_iter(Axis(0))).par_for_each(
            |mut pooled, plane| {
                pooled.indexed_iter_mut().for_each(|(at, value)| *value = self.at(plane, at));
            },
        );
        pooled
    }

    /// One pooled value.
    fn at(&self, plane: ArrayView2<'_, i64>, (y, x): (usize, usize)) -> i64 {
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
            PoolKind::Max => window.iter().copied().max().unwrap_or(0),
            PoolKind::Average => mean(window, kernel * kernel),
        }
    }
}

/// The sum of `values` over `count`, rounded, halves up.
fn mean(values: ArrayView2<'_, i64>, count: usize) -> i64 {
    let sum: i128 = values.iter().map(|value| i128::from(*value)).sum();
    let count = count as i128;
    // A mean is no larger than the largest of its values.
    (2 * sum + count).div_euclid(2 * count) as i64
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    fn pooled(pool: Pool, plane: &Array3<i64>) -> Array3<i64> {
        let shape = pool.shape(plane.dim().into()).expect("fits");
        pool.apply(plane, shape)
    }

    #[test]
    fn windows_give_their_largest_value_or_mean() {
        let plane = array![[[1, 2, 3, 9], [4, 5, 6, 9], [7, 8, 9, 9], [-1, -1, -1, -1]]];
        let window = |kind, kernel, stride, padding| Pool::Window { kind, kernel, stride, padding };
        assert_eq!(pooled(window(PoolKind::Max, 2, 2, 0), &plane), array![[[5, 9], [8, 9]]]);
        // Rows and columns 0 to 1, then 1 to 3, of a plane with padding around.
        assert_eq!(pooled(window(PoolKind::Max, 3, 2, 1), &plane), array![[[5, 9], [8, 9]]]);
        assert_eq!(pooled(window(PoolKind::Max, 3, 1, 0), &plane), array![[[9, 9], [9, 9]]]);
        // 12 / 4, 27 / 4, 13 / 4, 16 / 4
        assert_eq!(pooled(window(PoolKind::Average, 2, 2, 0), &plane), array![[[3, 7], [3, 4]]]);
        // 12 / 9, 34 / 9; 22 / 9, 46 / 9
        let padded = window(PoolKind::Average, 3, 2, 1);
        assert_eq!(pooled(padded, &plane), array![[[1, 4], [2, 5]]]);
        // 68 / 16
        assert_eq!(pooled(Pool::Global, &plane), array![[[4]]]);
    }

    #[test]
    fn padding_is_no_maximum_and_halves_go_up() {
        let plane = array![[[-3, -4], [-5, -8]]];
        let max = Pool::Window { kind: PoolKind::Max, kernel: 2, stride: 1, padding: 1 };
        let expected = array![[[-3, -3, -4], [-3, -3, -4], [-5, -5, -8]]];
        assert_eq!(pooled(max, &plane), expected);
        assert_eq!(pooled(Pool::Global, &plane), array![[[-5]]]);
        assert_eq!(pooled(Pool::Global, &array![[[-1, 0]]]), array![[[0]]]);
        assert_eq!(pooled(Pool::Global, &array![[[1, 0]]]), array![[[1]]]);
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
