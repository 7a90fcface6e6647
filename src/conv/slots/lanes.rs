//! Constants on lanes as one scalar per block of a ciphertext.
//!
//! A plaintext that is constant on each of c interleaved lanes is a polynomial in X^(N/c), because
//! lanes are the cosets of the subgroup {g = 1 mod 2c}. So it has c coefficients, and its transform
//! modulo any limb is constant on c contiguous blocks of N/c entries: multiplying a ciphertext by
//! it takes one scalar per block.

use crate::arith::kernels::{BATCH, Backend, Kernels};
use crate::arith::{Modulus, bit_reverse};
use crate::bfv::{Context, NoSlots};
use crate::ring::SmallNtt;

/// The way from lane values to block scalars, for one number of lanes.
#[derive(Debug)]
pub struct LaneTransform {
    lanes: usize,
    /// The transform entry of lane (row, b), at row * C' + b.
    entries: Vec<usize>,
    plain: SmallNtt,
    limbs: Vec<SmallNtt>,
}

impl LaneTransform {
    /// The transform for `lanes` = c lanes, a power of two from 2 to N.
    ///
    /// # Errors
    /// [`NoSlots`] where t has no root of unity for slots.
    pub fn new(context: &Context, lanes: usize) -> Result<Self, NoSlots> {
        let root = context.slots()?.root();
        let step = (context.ring_degree() / lanes) as u64;
        let small = |modulus: &Modulus, root: u64| {
            SmallNtt::new(context.backend(), *modulus, lanes, modulus.pow(root, step))
        };
        let limbs = context.ciphertext_basis().limbs();
        Ok(Self {
            limbs: limbs.iter().map(|limb| small(limb.modulus(), limb.ntt().root())).collect(),
            ..Self::with_plain(small(context.params().plain(), root), lanes)
        })
    }

    /// The way to coefficients alone, with some root of unity modulo t: another root permutes
    /// coefficients and changes their signs. `None` where there is no root.
    pub fn of_plain(plain: &Modulus, lanes: usize) -> Option<Self> {
        let exponent = (plain.value() - 1) / (2 * lanes as u64);
        let is_primitive = |root: &u64| plain.pow(*root, lanes as u64) == plain.value() - 1;
        let mut roots = (2..1000).map(|base| plain.pow(plain.reduce(base), exponent));
        let root = roots.find(is_primitive)?;
        Some(Self::with_plain(SmallNtt::new(Backend::detect(), *plain, lanes, root), lanes))
    }

    fn with_plain(plain: SmallNtt, lanes: usize) -> Self {
        // Lane (r, b) is the value at omega^((-1)^r 5^b), omega a primitive 2c-th root of unity.
        let row: Vec<usize> =
            std::iter::successors(Some(1), |e| Some(e * 5 % (2 * lanes))).take(lanes / 2).collect();
        let exponents = row.iter().copied().chain(row.iter().map(|e| 2 * lanes - e));
        Self {
            lanes,
            entries: exponents.map(|e| bit_reverse(e / 2, lanes.ilog2())).collect(),
            plain,
            limbs: Vec::new(),
        }
    }

    /// c.
    pub const fn lanes(&self) -> usize {
        self.lanes
    }

    /// Limbs of Q.
    pub const fn limbs(&self) -> usize {
        self.limbs.len()
    }

    /// The kernels of a limb.
    pub fn kernels(&self, limb: usize) -> &Kernels {
        self.limbs[limb].kernels()
    }

    /// Where the value of lane (`row`, `lane`) goes in the input of [`LaneTransform::coefficients`].
    pub fn entry(&self, row: usize, lane: usize) -> usize {
        self.entries[row * self.lanes / 2 + lane]
    }

    /// Turns values on lanes, in `[0, t)` and in the order of entries, into the coefficients of
    /// X^(i N/c), in `[0, t)`; a batch at once, in place.
    pub fn coefficients(&self, data: &mut [[u64; BATCH]]) {
        self.plain.inverse(data);
    }

    /// [`LaneTransform::coefficients`] of signed bytes: a row of them for each entry, `stride` bytes
    /// apart.
    pub fn coefficients_of_bytes(&self, bytes: &[i8], stride: usize, data: &mut [[u64; BATCH]]) {
        self.plain.kernels().lift_bytes(bytes, stride, data);
        self.plain.inverse(data);
    }

    /// Turns coefficients into the scalar of each block modulo limb `limb`, by way of their centred
    /// representatives; every limb sees the same integers.
    pub fn block_scalars(
        &self,
        limb: usize,
        coefficients: &[[u64; BATCH]],
        scalars: &mut [[u64; BATCH]],
    ) {
        let from = self.plain.kernels().modulus();
        let small = &self.limbs[limb];
        small.kernels().lift_centred(from, coefficients.as_flattened(), scalars.as_flattened_mut());
        small.forward(scalars);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bfv::Plaintext;
    use crate::bfv::testing::context;
    use crate::ring::Poly;

    /// A constant on lanes, encoded slot by slot and transformed at full length, has c coefficients
    /// and c constant blocks, with the scalars the small transforms give.
    #[test]
    fn small_transforms_agree_with_the_whole_ring() {
        let context = context(128);
        let t = context.params().plain().value();
        for lanes in [2, 4, 8] {
            let transform = LaneTransform::new(&context, lanes).expect("slots");
            let per_row = lanes / 2;
            let value =
                |row: usize, lane: usize| (1 + row as u64 * 77_777 + lane as u64 * 12_345) % t;
            let slots: Vec<u64> = (0..128).map(|i| value(i / 64, i % 64 % per_row)).collect();
            let Plaintext(dense) = context.slots().expect("slots").encode(&slots);
            let mut data = vec![[0; BATCH]; lanes];
            for row in 0..2 {
                for lane in 0..per_row {
                    data[transform.entry(row, lane)] = [value(row, lane); BATCH];
                }
            }
            transform.coefficients(&mut data);
            for (i, coefficient) in dense.iter().enumerate() {
                let expected = if i % (128 / lanes) == 0 { data[i / (128 / lanes)][3] } else { 0 };
                assert_eq!(*coefficient, expected, "c = {lanes}, coefficient {i}");
            }
            let plain = context.params().plain();
            let centred = dense.iter().map(|c| plain.centre(*c)).collect::<Vec<_>>().into_iter();
            let values = Poly::from_signed(context.ciphertext_basis(), centred).into_ntt();
            for limb in 0..2 {
                let mut scalars = vec![[0; BATCH]; lanes];
                transform.block_scalars(limb, &data, &mut scalars);
                for (block, words) in values.limb(limb).chunks_exact(128 / lanes).enumerate() {
                    assert!(words.iter().all(|w| *w == scalars[block][5]), "c = {lanes}");
                }
            }
        }
    }
}
