//! Pooling.

use std::ops::Range;

use ndarray::{Array3, ArrayView2, Axis, Zip};

use super::problem::GraphProblem;

/// What pooling makes of a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PoolKind {
    /// The largest value; padding is left out.
    Max,
    /// The mean.
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
    /// By a window that moves over the plane.
    Window(Window),
    /// The mean of the whole plane.
    Global,
}

/// A square window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// What is made of a window.
    pub kind: PoolKind,
    /// Its sides.
    pub kernel: usize,
    /// Its step in both directions.
    pub stride: usize,
    /// Padding on all sides.
    pub padding: usize,
    /// Whether the last position may reach beyond the padded plane, as long as it begins before the padding
    /// after it; else positions where the window does not fit are left out.
    pub ceil_mode: bool,
    /// Whether an average counts padding as zeros; else it is left out.
    pub count_include_pad: bool,
}

impl Window {
    /// One that stays within the padded plane, and whose average counts padding.
    pub const fn new(kind: PoolKind, kernel: usize, stride: usize, padding: usize) -> Self {
        Self { kind, kernel, stride, padding, ceil_mode: false, count_include_pad: true }
    }

    /// How many positions it has on a side, padding included at least as long as it.
    const fn positions(&self, side: usize) -> usize {
        let room = side + 2 * self.padding - self.kernel;
        let within = room / self.stride + 1;
        let is_short = !room.is_multiple_of(self.stride);
        let begins_before_the_end = within * self.stride < side + self.padding;
        let one_more = self.ceil_mode && is_short && begins_before_the_end;
        within + one_more as usize
    }

    /// The rows that it covers at a position, and how many there are with padding.
    fn rows(&self, at: usize, side: usize) -> (Range<usize>, usize) {
        let (first, end) = (at * self.stride, (at * self.stride + self.kernel));
        let padded = side + 2 * self.padding;
        let own = |row: usize| row.saturating_sub(self.padding).min(side);
        (own(first)..own(end), end.min(padded) - first)
    }
}

impl Pool {
    /// Shape of the pooled planes (channels, height, width).
    ///
    /// # Errors
    /// What is wrong with the window.
    pub fn shape(&self, [channels, height, width]: [usize; 3]) -> Result<[usize; 3], GraphProblem> {
        let Self::Window(window) = self else {
            return Ok([channels, 1, 1]);
        };
        let Window { kernel, stride, padding, .. } = *window;
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
        Ok([channels, window.positions(height), window.positions(width)])
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
        let Self::Window(window) = self else {
            return mean(plane, plane.len());
        };
        let (height, width) = plane.dim();
        let ((rows, high), (columns, wide)) = (window.rows(y, height), window.rows(x, width));
        let covered = plane.slice(ndarray::s![rows, columns]);
        match window.kind {
            // Every window has a value in it: padding is at most half of it.
            PoolKind::Max => covered.iter().copied().fold(f64::NEG_INFINITY, larger),
            PoolKind::Average if window.count_include_pad => mean(covered, high * wide),
            PoolKind::Average => mean(covered, covered.len()),
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
        let window = |kind, kernel, stride, padding| {
            Pool::Window(Window::new(kind, kernel, stride, padding))
        };
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
        let max = Pool::Window(Window::new(PoolKind::Max, 2, 1, 1));
        let expected = array![[[-3.0, -3.0, -4.0], [-3.0, -3.0, -4.0], [-5.0, -5.0, -8.0]]];
        assert_eq!(pooled(max, &plane), expected);
        assert_eq!(pooled(Pool::Global, &array![[[-1, 0]]]), array![[[-0.5]]]);
    }

    #[test]
    fn windows_that_are_none_are_refused() {
        let error = |kernel, stride, padding| {
            let pool = Pool::Window(Window::new(PoolKind::Max, kernel, stride, padding));
            pool.shape([1, 4, 6]).expect_err("no window").to_string()
        };
        assert_eq!(error(5, 1, 0), "pool kernel 5 must be from 1 to the padded plane's 4");
        assert_eq!(error(0, 1, 0), "pool kernel 0 must be from 1 to the padded plane's 4");
        assert_eq!(error(3, 1, 2), "pool padding 2 must be at most half the kernel (3)");
        assert_eq!(error(3, 0, 1), "pool stride must be at least 1");
    }

    /// As PyTorch does: by what its documentation says, position by position.
    #[test]
    fn windows_may_reach_beyond_and_leave_padding_out() {
        for (side, kernel, stride, padding) in
            [(7, 3, 2, 0), (6, 3, 2, 0), (6, 3, 2, 1), (5, 2, 2, 1), (8, 3, 3, 1), (4, 2, 3, 0)]
        {
            let plane = Array3::from_shape_fn((1, side, side + 1), |(_, y, x)| {
                (y * 31 + x * 7) as i64 % 23
            });
            for (ceil_mode, count_include_pad) in
                [(false, true), (false, false), (true, true), (true, false)]
            {
                let new = Window::new(PoolKind::Average, kernel, stride, padding);
                let window = Window { ceil_mode, count_include_pad, ..new };
                let found = pooled(Pool::Window(window), &plane);
                let positions = |side: usize| -> Vec<Vec<i64>> {
                    let (padded, last) = (side + 2 * padding, side + padding);
                    let begins = (0..last).step_by(stride);
                    let begins = begins.filter(|at| ceil_mode || at + kernel <= padded);
                    let rows = |at: usize| (at..(at + kernel).min(padded)).collect::<Vec<_>>();
                    let shifted = |row: usize| row as i64 - padding as i64;
                    // Beyond the one that reaches the end there is none.
                    let count = (padded - kernel).div_ceil(stride) + 1;
                    let all = begins.take(count).map(rows);
                    all.map(|rows| rows.into_iter().map(shifted).collect()).collect()
                };
                let (rows, columns) = (positions(side), positions(side + 1));
                assert_eq!(found.dim(), (1, rows.len(), columns.len()), "{window:?} {side}");
                for ((_, y, x), value) in found.indexed_iter() {
                    let (mut sum, mut count) = (0, 0);
                    for (row, column) in
                        rows[y].iter().flat_map(|row| columns[x].iter().map(move |c| (*row, *c)))
                    {
                        let at = usize::try_from(row).ok().zip(usize::try_from(column).ok());
                        let one = at.and_then(|(row, column)| plane.get([0, row, column]));
                        sum += one.copied().unwrap_or(0);
                        count += i64::from(one.is_some() || count_include_pad);
                    }
                    let mean = sum as f64 / count as f64;
                    assert!((value - mean).abs() < 1e-12, "{window:?} {y} {x}: {value} {mean}");
                }
            }
        }
    }
}
