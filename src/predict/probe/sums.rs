//! What the sums of the multiply stage cost, and the factors they are made with.

use ndarray::Array4;

use super::{ProbeError, Sizes, context, layer, serve, slot_plan, time};
use crate::arith::kernels::{Backend, Factors, Reduction, TILE, word_bytes};
use crate::arith::{AlignedWords, PackedWords, zeroed};
use crate::bfv::{Context, GaloisKeys};
use crate::conv::cost::{Curve, ReductionCosts, SumCost};
use crate::conv::dense::{Copies, multiply_dense};
use crate::conv::panel::Panels;
use crate::conv::slots::algorithms::hadamard_fused::FusedWeights;
use crate::conv::slots::{Layout, ScalarRows, SlotPlan, SlotWeights, Wave, multiply_scalars, runs};
use crate::conv::sums::Sums;
use crate::conv::{Server, Silent, Stage, Steps};

/// The kernels that make sums, at a small ring: their cost per word does not depend on N.
pub(super) struct KernelBench {
    backend: Backend,
    /// Dense factors, more than any cache holds.
    dense: AlignedWords,
}

/// The ring that kernels are measured in.
const KERNEL_SIZES: Sizes = Sizes { ring_degree: 1024, limbs: 1, limb_bits: 36 };

/// The same with a modulus of products that no backend estimates.
const WIDE_SIZES: Sizes = Sizes { limb_bits: 44, ..KERNEL_SIZES };

/// The same with a modulus whose words are halves of words.
const HALF_SIZES: Sizes = Sizes { limb_bits: 26, ..KERNEL_SIZES };

/// The same with the widest of them.
const PACKED_HALF_SIZES: Sizes = Sizes { limb_bits: 32, ..KERNEL_SIZES };

/// Panels that sums with scalar factors are measured with.
const SCALAR_PANELS: [usize; 6] = [1, 4, 16, 64, 256, 1024];

/// Sums that are measured side by side: with as many, laying out their terms takes little of their time.
const SUMS: usize = 64;

/// Panels that sums with packed factors are measured with: the words of 64 are what the nearest cache holds.
const PACKED_PANELS: [usize; 5] = [3, 24, 64, 192, 768];

/// Terms of an input in the sums that kernels are measured with: in sums with packed factors, which are
/// those of algorithms on coefficients, there is one.
const SHIFTS: usize = 3;

/// A plan with so many input ciphertexts, whose sums have `shifts` terms of each.
fn plan(inputs: usize, shifts: usize) -> Result<SlotPlan, ProbeError> {
    let layer = layer([2 * inputs, 2], 16, [shifts, 1])?;
    slot_plan(&layer, KERNEL_SIZES.ring_degree, Layout::Interleaved, 1)
}

impl KernelBench {
    pub(super) fn new(backend: Backend) -> Self {
        const DENSE_WORDS: usize = 128 << 20 >> 3;
        let mut dense = zeroed(DENSE_WORDS);
        // Pages that were never written are all the same one.
        dense.iter_mut().zip(1..).for_each(|(word, i)| *word = i);
        Self { backend, dense }
    }

    /// Sums with packed factors modulo a limb of a size.
    fn packed_sums(
        &self,
        sizes: Sizes,
        reduction: Reduction,
        keys: &GaloisKeys,
    ) -> Result<SumCost, ProbeError> {
        const BYTES: usize = 64 << 20;
        let factors = PackedWords::of(
            &self.dense[..BYTES / word_bytes(sizes.limb_bits) / TILE * TILE],
            sizes.limb_bits,
        );
        serve(&context(sizes, self.backend, reduction)?, keys, |server| {
            let sum = |panels: &usize| Self::dense(server, [*panels, 1], factors.factors());
            PACKED_PANELS.iter().map(sum).collect::<Result<_, _>>().map(SumCost::new)
        })
    }

    pub(super) fn costs(
        &self,
        reduction: Reduction,
        switch: Curve,
        add: Curve,
    ) -> Result<ReductionCosts, ProbeError> {
        let keys = GaloisKeys::default();
        let context = |sizes| context(sizes, self.backend, reduction);
        let scalar_sums = |context: &Context| {
            serve(context, &keys, |server| {
                let sum = |panels: &usize| Self::scalar(server, *panels, SUMS, false);
                SCALAR_PANELS.iter().map(sum).collect::<Result<_, _>>().map(SumCost::new)
            })
        };
        let (sum, half_sum) =
            (scalar_sums(&context(WIDE_SIZES)?)?, scalar_sums(&context(HALF_SIZES)?)?);
        let packed = |sizes| self.packed_sums(sizes, reduction, &keys);
        let (packed_sum, estimated_packed_sum, half_packed_sum) =
            (packed(WIDE_SIZES)?, packed(KERNEL_SIZES)?, packed(PACKED_HALF_SIZES)?);
        let context = context(KERNEL_SIZES)?;
        let estimated_sum = scalar_sums(&context)?;
        serve(&context, &keys, |server| {
            let integer = |panels: usize| Self::scalar(server, panels, SUMS, true);
            let lone = |panels: usize| Self::scalar(server, panels, 1, false);
            let dense =
                |panels: usize| Self::dense(server, [panels, SHIFTS], Factors::of(&self.dense));
            let curve = |cost: &dyn Fn(usize) -> Result<(f64, f64), ProbeError>,
                         panels: &[usize]| {
                Ok::<_, ProbeError>(SumCost::new(
                    panels.iter().map(|count| cost(*count)).collect::<Result<_, _>>()?,
                ))
            };
            Ok(ReductionCosts {
                switch,
                add,
                sum,
                estimated_sum,
                narrow_sum: curve(&integer, &SCALAR_PANELS)?,
                half_sum,
                lone_sum: curve(&lone, &[1, 4, 16, 64, 256])?,
                dense_sum: curve(&dense, &[1, 8, 64, 256])?,
                packed_sum,
                estimated_packed_sum,
                half_packed_sum,
                factor: factor(&context),
            })
        })
    }

    /// Terms, and nanoseconds per word of one of `count` sums.
    fn scalar(
        server: &Server<'_>,
        panels: usize,
        count: usize,
        integers: bool,
    ) -> Result<(f64, f64), ProbeError> {
        let (context, plan) = (server.evaluator().context(), plan(panels, SHIFTS)?);
        let (terms, panels) = (plan.max_terms(), Panels::zero(context, plan.terms_of_inputs()));
        let output = *plan.outputs().first().ok_or(ProbeError::Setting("sum"))?;
        let outputs = vec![output; count];
        let wave = Wave { plan: &plan, index: 0, outputs: &outputs, panels: &panels };
        let (mut rows, mut sums) = (ScalarRows::default(), Sums::zero(context, count));
        if integers {
            let threes = |_| std::iter::repeat_n(3, terms);
            rows.build_integers(context, [count, terms], 8, || Ok(()), threes)?;
        } else {
            let fill = |_, factors: Vec<&mut [u64]>| factors.into_iter().for_each(|f| f.fill(3));
            rows.build(context, [count, 1], [1, terms], || Ok(()), fill)?;
        }
        let all = time(|| multiply_scalars(server, &wave, &rows, &mut sums).is_ok());
        let words = (2 * count * context.ciphertext_basis().words()) as f64;
        Ok((terms as f64, all / words))
    }

    /// Terms, and nanoseconds per word of a sum with dense factors.
    fn dense(
        server: &Server<'_>,
        [panels, shifts]: [usize; 2],
        factors: Factors<'_>,
    ) -> Result<(f64, f64), ProbeError> {
        let (context, plan) = (server.evaluator().context(), plan(panels, shifts)?);
        let (terms, panels) = (plan.max_terms(), Panels::zero(context, plan.terms_of_inputs()));
        let output = *plan.outputs().first().ok_or(ProbeError::Setting("sum"))?;
        let per_sum = terms * context.ciphertext_basis().words();
        let count = factors.len() / per_sum;
        let weights = [factors.range(0..count * per_sum)];
        let outputs = vec![output; count];
        let runs = runs(&plan, &outputs);
        let mut sums = Sums::zero(context, count);
        let all = time(|| {
            multiply_dense(server, &panels, (&runs, Copies::ONE), &weights, &mut sums).is_ok()
        });
        let words = (2 * count * context.ciphertext_basis().words()) as f64;
        Ok((terms as f64, all / words))
    }
}

/// Nanoseconds of a scalar factor from an integer.
fn factor(context: &Context) -> f64 {
    const TERMS: usize = 256;
    let weights: Vec<i8> = (0..TERMS).map(|i| i as u8 as i8).collect();
    let integers = |_| weights.iter().map(|weight| i64::from(*weight));
    let mut rows = ScalarRows::default();
    let all =
        time(|| rows.build_integers(context, [SUMS, TERMS], 128, || Ok(()), integers).is_ok());
    all / (SUMS * TERMS) as f64
}

/// Making block scalars: nanoseconds per lane of a term and transform, by lanes.
pub(super) fn block_scalars(backend: Backend) -> Result<Curve, ProbeError> {
    // The inputs that a sum has in layers as wide as networks have them.
    const INPUTS: usize = 8;
    let sizes = Sizes { ring_degree: 4096, limbs: 2, limb_bits: 36 };
    let context = context(sizes, backend, Reduction::Lazy)?;
    let keys = GaloisKeys::default();
    let at = |lanes: usize| {
        let layer = layer([INPUTS * lanes, lanes], 5, [3, 3])?;
        let plan = slot_plan(&layer, sizes.ring_degree, Layout::Interleaved, lanes / 2)?;
        let weights = Array4::ones(layer.weight_shape());
        let steps = Steps::enter(&Silent, Stage::Weights, 1)?;
        let weights = FusedWeights::prepare(&plan, &context, weights.view(), steps)?;
        let outputs = plan.outputs();
        let derive = |server: &Server<'_>| {
            let mut derived = <FusedWeights as SlotWeights>::Derived::default();
            Ok(time(|| weights.derive(server, &plan, &outputs, &mut derived).is_ok()))
        };
        let all = serve(&context, &keys, derive)?;
        let transforms = (1 + sizes.limbs) as f64;
        let lanes = lanes as f64;
        Ok::<_, ProbeError>((lanes, all / plan.total_terms() as f64 / lanes / transforms))
    };
    Ok(Curve::new([4, 16, 64].into_iter().map(at).collect::<Result<_, _>>()?))
}
