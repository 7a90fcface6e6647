//! Costs of the reference machine with each backend, which runs are planned with: what is planned for a
//! backend is the same everywhere. As `heconv calibrate` found them on one core of an AMD EPYC of the
//! fourth generation, the medians of several calibrations.

use super::cost::{CostTable, Curve, ItemCost, PolynomialCosts, ReductionCosts, SumCost};
use crate::arith::kernels::Backend;

impl CostTable {
    /// The costs of the reference machine of a backend.
    pub fn reference(backend: Backend) -> Self {
        match backend {
            Backend::Avx512Ifma => ifma(),
            Backend::Avx2 => avx2(),
            Backend::Portable => portable(),
        }
    }
}

/// Words N L of the settings that calibrations measure in, and those that sums are moved with there.
const WORDS: [f64; 2] = [8192.0, 65_536.0];
const MOVED_WORDS: [f64; 2] = [4096.0, 49_152.0];

fn curve(sizes: [f64; 2], costs: [f64; 2]) -> Curve {
    Curve::new(sizes.into_iter().zip(costs).collect())
}

/// A transform at N = 1024, 4096 and 32768.
fn ntt(costs: [f64; 3]) -> Curve {
    Curve::new([1024.0, 4096.0, 32_768.0].into_iter().zip(costs).collect())
}

/// Sums of 3, 12, 48, 192, 768 and 3072 terms.
fn sums(costs: [f64; 6]) -> SumCost {
    let terms = [3.0, 12.0, 48.0, 192.0, 768.0, 3072.0];
    SumCost::new(terms.into_iter().zip(costs).collect())
}

/// Sums of 3, 24, 192 and 768 terms, of factors that come from memory.
fn dense_sums(costs: [f64; 4]) -> SumCost {
    SumCost::new([3.0, 24.0, 192.0, 768.0].into_iter().zip(costs).collect())
}

/// Sums of 3, 24, 64, 192 and 768 terms, of packed factors that come from memory.
fn packed_sums(costs: [f64; 5]) -> SumCost {
    SumCost::new([3.0, 24.0, 64.0, 192.0, 768.0].into_iter().zip(costs).collect())
}

/// By 4, 16 and 64 lanes.
fn by_lanes(costs: [f64; 3]) -> Curve {
    Curve::new([4.0, 16.0, 64.0].into_iter().zip(costs).collect())
}

/// By 1, 4, 16 and 64 giant steps.
fn by_giants(costs: [f64; 4]) -> Curve {
    Curve::new([1.0, 4.0, 16.0, 64.0].into_iter().zip(costs).collect())
}

fn item(serial: f64, parallel: f64) -> ItemCost {
    let flat = |ns| Curve::new(vec![(1.0, ns)]);
    ItemCost { serial: flat(serial), parallel: flat(parallel) }
}

/// With AVX-512 IFMA.
fn ifma() -> CostTable {
    let eager_sums = [1.27, 3.15, 10.8, 42.0, 167.0, 681.0];
    CostTable {
        ntt: ntt([0.093, 0.088, 0.096]),
        decompose: curve(WORDS, [0.2, 0.14]),
        divide: curve(MOVED_WORDS, [0.1, 2.4]),
        lower: curve(MOVED_WORDS, [0.46, 0.32]),
        place: curve(WORDS, [0.89, 0.82]),
        eager: ReductionCosts {
            switch: curve(WORDS, [0.6, 0.81]),
            add: curve(MOVED_WORDS, [1.08, 1.33]),
            sum: sums(eager_sums),
            estimated_sum: sums(eager_sums),
            narrow_sum: sums(eager_sums),
            half_sum: sums(eager_sums),
            lone_sum: sums([1.83, 3.88, 12.5, 48.0, 185.0, 740.0]),
            dense_sum: dense_sums([1.87, 10.1, 104.0, 418.0]),
            packed_sum: packed_sums([1.83, 10.0, 27.1, 92.9, 366.0]),
            estimated_packed_sum: packed_sums([1.8, 9.96, 27.1, 87.6, 370.0]),
            half_packed_sum: packed_sums([1.78, 9.92, 25.9, 83.1, 350.0]),
            factor: 3.6,
        },
        lazy: ReductionCosts {
            switch: curve(WORDS, [0.9, 0.85]),
            add: curve(MOVED_WORDS, [1.34, 1.38]),
            sum: sums([1.02, 1.65, 4.2, 14.6, 55.3, 229.0]),
            estimated_sum: sums([1.02, 1.65, 4.2, 14.6, 55.3, 229.0]),
            narrow_sum: sums([0.98, 1.34, 2.86, 9.09, 33.3, 147.0]),
            half_sum: sums([0.81, 1.13, 2.45, 7.97, 28.6, 129.0]),
            lone_sum: sums([1.73, 2.63, 6.61, 28.0, 101.0, 404.0]),
            dense_sum: dense_sums([1.18, 4.65, 57.5, 228.0]),
            packed_sum: packed_sums([1.14, 3.01, 6.84, 47.4, 133.0]),
            estimated_packed_sum: packed_sums([1.25, 3.0, 6.59, 37.8, 164.0]),
            half_packed_sum: packed_sums([1.23, 2.94, 6.24, 22.6, 92.6]),
            factor: 0.38,
        },
        block_scalars: by_lanes([1.4, 0.81, 0.95]),
        encode: curve(WORDS, [2.85, 4.23]),
        polynomials: PolynomialCosts {
            coefficient: by_giants([0.98, 0.91, 1.36, 2.2]),
            weight: 0.58,
            limb: 2.0,
        },
        key: item(4.1, 13.9),
        encrypt: item(3.8, 17.2),
        respond: item(0.65, 8.4),
        decrypt: item(4.1, 6.3),
    }
}

/// With AVX2.
fn avx2() -> CostTable {
    CostTable {
        ntt: ntt([0.15, 0.137, 0.127]),
        decompose: curve(WORDS, [0.391, 0.433]),
        divide: curve(MOVED_WORDS, [0.2, 0.435]),
        lower: curve(MOVED_WORDS, [0.907, 0.798]),
        place: curve(WORDS, [0.71, 0.671]),
        eager: ReductionCosts {
            switch: curve(WORDS, [1.19, 0.972]),
            add: curve(MOVED_WORDS, [0.654, 1.35]),
            sum: sums([2.02, 5.26, 18.8, 74.7, 297.0, 1250.0]),
            estimated_sum: sums([2.02, 5.26, 18.8, 74.0, 296.0, 1250.0]),
            narrow_sum: sums([2.05, 5.32, 18.8, 73.9, 297.0, 1250.0]),
            half_sum: sums([2.01, 5.27, 18.8, 76.6, 298.0, 1250.0]),
            lone_sum: sums([3.69, 8.38, 28.8, 109.0, 436.0, 1740.0]),
            dense_sum: dense_sums([3.99, 14.9, 152.0, 561.0]),
            packed_sum: packed_sums([4.18, 14.4, 41.5, 115.0, 493.0]),
            estimated_packed_sum: packed_sums([4.12, 14.3, 39.5, 113.0, 465.0]),
            half_packed_sum: packed_sums([4.06, 14.2, 34.8, 110.0, 446.0]),
            factor: 3.63,
        },
        lazy: ReductionCosts {
            switch: curve(WORDS, [0.9, 0.817]),
            add: curve(MOVED_WORDS, [0.724, 1.64]),
            sum: sums([1.7, 2.86, 7.83, 28.0, 109.0, 463.0]),
            estimated_sum: sums([1.6, 1.53, 3.66, 13.6, 52.5, 223.0]),
            narrow_sum: sums([1.82, 1.54, 3.72, 13.6, 53.0, 220.0]),
            half_sum: sums([0.85, 1.33, 3.05, 10.3, 41.1, 169.0]),
            lone_sum: sums([3.36, 6.14, 18.3, 66.8, 263.0, 1050.0]),
            dense_sum: dense_sums([1.56, 4.4, 47.0, 205.0]),
            packed_sum: packed_sums([1.4, 4.61, 11.0, 39.8, 158.0]),
            estimated_packed_sum: packed_sums([1.53, 3.29, 8.26, 33.7, 149.0]),
            half_packed_sum: packed_sums([1.44, 3.17, 6.2, 20.3, 93.0]),
            factor: 0.388,
        },
        block_scalars: by_lanes([1.58, 1.3, 1.8]),
        encode: curve(WORDS, [3.71, 5.0]),
        polynomials: PolynomialCosts {
            coefficient: by_giants([1.62, 1.12, 1.47, 1.74]),
            weight: 0.8,
            limb: 2.16,
        },
        key: item(2.06, 9.33),
        encrypt: item(3.49, 18.6),
        respond: item(0.325, 9.18),
        decrypt: item(4.65, 7.49),
    }
}

/// With what every x86-64 has, on one of the third generation; sums by what they take of others, and copies,
/// as above.
fn portable() -> CostTable {
    let eager_sums = [4.49, 16.7, 72.1, 288.0, 1150.0, 5480.0];
    CostTable {
        ntt: ntt([0.51, 0.495, 0.481]),
        decompose: curve(WORDS, [0.69, 1.5]),
        divide: curve(MOVED_WORDS, [0.5, 2.2]),
        lower: curve(MOVED_WORDS, [2.7, 3.0]),
        place: curve(WORDS, [0.92, 0.88]),
        eager: ReductionCosts {
            switch: curve(WORDS, [7.6, 10.5]),
            add: curve(MOVED_WORDS, [7.7, 7.3]),
            sum: sums(eager_sums),
            estimated_sum: sums(eager_sums),
            narrow_sum: sums(eager_sums),
            half_sum: sums(eager_sums),
            lone_sum: sums([6.15, 20.8, 101.0, 361.0, 1970.0, 7900.0]),
            dense_sum: dense_sums([18.2, 111.0, 964.0, 3590.0]),
            packed_sum: packed_sums([15.3, 115.0, 390.0, 1250.0, 4580.0]),
            estimated_packed_sum: packed_sums([15.3, 115.0, 390.0, 1250.0, 4580.0]),
            half_packed_sum: packed_sums([15.3, 115.0, 390.0, 1250.0, 4580.0]),
            factor: 4.2,
        },
        lazy: ReductionCosts {
            switch: curve(WORDS, [7.2, 4.9]),
            add: curve(MOVED_WORDS, [9.0, 5.3]),
            sum: sums([5.13, 11.3, 35.9, 150.0, 599.0, 2620.0]),
            estimated_sum: sums([5.7, 9.15, 19.4, 70.5, 300.0, 1258.0]),
            narrow_sum: sums([4.3, 9.1, 21.1, 85.3, 360.0, 1779.0]),
            half_sum: sums([2.15, 3.35, 8.3, 30.4, 122.0, 540.0]),
            lone_sum: sums([9.18, 20.0, 66.9, 257.0, 1080.0, 4310.0]),
            dense_sum: dense_sums([12.0, 45.6, 338.0, 1390.0]),
            packed_sum: packed_sums([10.5, 43.1, 105.0, 306.0, 1240.0]),
            estimated_packed_sum: packed_sums([10.5, 43.1, 105.0, 306.0, 1240.0]),
            half_packed_sum: packed_sums([10.5, 43.1, 105.0, 306.0, 1240.0]),
            factor: 0.46,
        },
        block_scalars: by_lanes([5.48, 8.24, 15.2]),
        encode: curve(WORDS, [13.4, 15.2]),
        polynomials: PolynomialCosts {
            coefficient: by_giants([1.9, 2.9, 2.2, 3.1]),
            weight: 2.0,
            limb: 5.4,
        },
        key: item(4.6, 27.5),
        encrypt: item(6.9, 38.6),
        respond: item(0.79, 14.6),
        decrypt: item(9.2, 19.2),
    }
}
