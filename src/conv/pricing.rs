//! The time of work under one setting on one machine.

use super::cost::{CostTable, PACKED_BYTES, PolynomialCosts};
use super::setting::Setting;
use super::work::{Primitive, Task};
use crate::arith::Modulus;
use crate::arith::kernels::{Reduction, Width, word_bytes};
use crate::bfv::pairs_of;

/// Times of work under one setting on one machine.
#[derive(Clone, Copy, Debug)]
pub struct Pricing<'a> {
    /// The costs.
    pub costs: &'a CostTable,
    /// The setting.
    pub setting: Setting<'a>,
    /// Threads of client and server, at least one.
    pub threads: usize,
}

impl Pricing<'_> {
    /// Nanoseconds of equal work, in all.
    pub fn time(&self, task: &Task) -> f64 {
        let (costs, limbs) = (self.costs, self.setting.limbs());
        let n = self.setting.ring_degree();
        let (item, words) = match task.primitive {
            Primitive::Key { limbs } => (&costs.key, self.key_words(limbs)),
            Primitive::Upload => (&costs.encrypt, limbs * n),
            Primitive::Response { limbs } => (&costs.respond, 2 * limbs * n),
            Primitive::Decryption => (&costs.decrypt, n),
            other => {
                let all = task.count as f64 * self.core(other);
                return task.load.rounds as f64 * self.shared(all, task.load.parts);
            }
        };
        item.time(task.count, words, self.threads)
    }

    /// Nanoseconds on one core, but for keys and messages, whose time depends on how many there are.
    pub fn core(&self, primitive: Primitive) -> f64 {
        self.ntts(primitive.ntts(self.setting)) + self.beside_ntts(primitive)
    }

    /// Nanoseconds on one core, transforms aside.
    fn beside_ntts(&self, primitive: Primitive) -> f64 {
        let (costs, reduction) = (self.costs, self.costs.of(self.setting.reduction));
        let (all, size) = (self.setting.limbs(), self.words(self.setting.limbs()));
        match primitive {
            Primitive::Encoding => size * costs.encode.at(size),
            Primitive::Polynomial { giants } => self.polynomial(giants),
            Primitive::PlacedWeight => costs.polynomials.weight,
            Primitive::Decomposition { limbs } => self.decomposition(limbs),
            Primitive::HoistedRotation => self.key_words(all) as f64 * reduction.switch.at(size),
            Primitive::Placing => self.placing(),
            Primitive::RotatedSum { limbs } => {
                let switch = self.key_words(limbs) as f64 * reduction.add.at(self.words(limbs));
                self.placing() + self.lowering(limbs) + self.decomposition(limbs) + switch
            }
            Primitive::Division { limbs } => {
                let words = self.words(limbs);
                2.0 * (words * costs.divide.at(words) + self.lowering(limbs))
            }
            Primitive::SharedSwitch { limbs, by } => {
                let pair = self.key_words(limbs) as f64 * reduction.add.at(self.words(limbs));
                self.decomposition(limbs) + pairs_of(by) as f64 * pair
            }
            Primitive::SharedDivision { limbs, by } => {
                let words = self.words(limbs);
                (1 + by) as f64 * words * costs.divide.at(words)
            }
            Primitive::ScalarSum { terms } => self.sum(terms, Modulus::bits),
            Primitive::IntegerSum { terms, bits } => self.sum(terms, |_| bits),
            Primitive::LoneSum { terms } => 2.0 * size * reduction.lone_sum.at(terms),
            Primitive::DenseSum { terms } => 2.0 * size * reduction.dense_sum.at(terms),
            Primitive::PackedSum { terms } => self.packed_sum(terms),
            Primitive::Factor => match self.setting.reduction {
                Reduction::Eager => all as f64 * reduction.factor,
                Reduction::Lazy => reduction.factor,
            },
            Primitive::BlockScalars { lanes } => self.block_scalars(lanes as f64),
            Primitive::Key { .. }
            | Primitive::Upload
            | Primitive::Response { .. }
            | Primitive::Decryption => 0.0,
        }
    }

    /// `count` transforms of one limb.
    pub fn ntts(&self, count: usize) -> f64 {
        let n = self.setting.ring_degree() as f64;
        count as f64 * n * n.log2() * self.costs.ntt.at(n)
    }

    /// Words of a polynomial of so many limbs.
    fn words(&self, limbs: usize) -> f64 {
        (limbs * self.setting.ring_degree()) as f64
    }

    /// Words of one key for ciphertexts of so many limbs, times all digits.
    fn key_words(&self, limbs: usize) -> usize {
        2 * limbs * (limbs + 1) * self.setting.ring_degree()
    }

    fn decomposition(&self, limbs: usize) -> f64 {
        (self.key_words(limbs) / 2) as f64 * self.costs.decompose.at(self.words(limbs))
    }

    /// Switching a polynomial down to so many limbs.
    fn lowering(&self, limbs: usize) -> f64 {
        let words = self.words(limbs);
        if limbs == self.setting.limbs() { 0.0 } else { words * self.costs.lower.at(words) }
    }

    fn placing(&self) -> f64 {
        let size = self.words(self.setting.limbs());
        2.0 * size * self.costs.place.at(size)
    }

    /// A sum of `terms` terms with factors of so many bits modulo a limb.
    fn sum(&self, terms: usize, bits: impl Fn(&Modulus) -> u32) -> f64 {
        let costs = self.costs.of(self.setting.reduction);
        let of_limb = |limb: &Modulus| {
            let cost = match Width::of(limb.bits(), bits(limb)) {
                Width::Halves => &costs.half_sum,
                Width::Narrow => &costs.narrow_sum,
                Width::Estimated { .. } => &costs.estimated_sum,
                Width::Wide => &costs.sum,
            };
            cost.at(terms)
        };
        let each: f64 = self.setting.params.limbs().iter().map(of_limb).sum();
        2.0 * self.words(1) * each
    }

    /// A sum of `terms` terms with packed factors, words modulo each limb.
    fn packed_sum(&self, terms: usize) -> f64 {
        let costs = self.costs.of(self.setting.reduction);
        let of_limb = |limb: &Modulus| match (limb.bits(), Width::of(limb.bits(), limb.bits())) {
            (..=32, _) => costs.half_packed_sum.at(terms),
            (_, Width::Estimated { .. }) => costs.estimated_packed_sum.at(terms),
            (bits, _) => {
                let parts = word_bytes(bits) as f64 / PACKED_BYTES as f64;
                let all = costs.packed_sum.at(terms) * parts;
                // Where time goes to reading, fewer bytes take less, but not less than those of fewer bits.
                all.max(costs.estimated_packed_sum.at(terms))
            }
        };
        let each: f64 = self.setting.params.limbs().iter().map(of_limb).sum();
        2.0 * self.words(1) * each
    }

    fn block_scalars(&self, lanes: f64) -> f64 {
        let limbs = self.setting.limbs() as f64;
        let quotients = match self.setting.reduction {
            Reduction::Eager => limbs * self.costs.eager.factor,
            Reduction::Lazy => 0.0,
        };
        lanes * ((1.0 + limbs) * self.costs.block_scalars.at(lanes) + quotients)
    }

    fn polynomial(&self, giants: usize) -> f64 {
        let PolynomialCosts { coefficient, limb, .. } = &self.costs.polynomials;
        let each = coefficient.at(giants as f64) + (self.setting.limbs() as f64 - 1.0) * limb;
        self.words(1) * each
    }

    /// The time of `total` nanoseconds of work in `parts` equal parts on all threads.
    fn shared(&self, total: f64, parts: usize) -> f64 {
        let parts = parts.max(1);
        total * parts.div_ceil(self.threads) as f64 / parts as f64
    }
}
