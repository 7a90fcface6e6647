//! What the polynomials of raw weights cost.

use ndarray::Array4;

use super::{ProbeError, Sizes, context, layer, serve, time};
use crate::arith::kernels::{Backend, Reduction};
use crate::bfv::{Context, GaloisKeys};
use crate::conv::coefficients::{CoefficientPlan, Packing, Space, Weights};
use crate::conv::cost::{CostTable, Curve, PolynomialCosts};
use crate::conv::panel::Panels;
use crate::conv::pricing::Pricing;
use crate::conv::work::Primitive;
use crate::conv::{Setting, Silent, Stage, Steps, WeightForm};

const RING_DEGREE: usize = 4096;

/// Costs of polynomials beside those of their transforms and of the sums they are for, which `costs` has.
pub(super) fn polynomials(
    backend: Backend,
    costs: &CostTable,
) -> Result<PolynomialCosts, ProbeError> {
    let [one, two] = [1, 2].map(|limbs| {
        let sizes = Sizes { ring_degree: RING_DEGREE, limbs, limb_bits: 40 };
        context(sizes, backend, Reduction::Lazy)
    });
    let (one, two) = (one?, two?);
    let n = RING_DEGREE as f64;
    let (few, many) = (made(&one, costs, 16, [1, 1])?, made(&one, costs, 16, [3, 3])?);
    // Each of 16 polynomials has weights of as many channels, and of eight taps more.
    let weight = ((many - few) / (16.0 * 8.0)).max(0.0);
    let at = |giants: usize| {
        let all = made(&one, costs, giants, [3, 3])?;
        Ok((giants as f64, (all - weight * giants as f64 * 9.0).max(0.0) / n))
    };
    let points: Result<_, ProbeError> = [1, 4, 16, 64].into_iter().map(at).collect();
    let limb = (made(&two, costs, 16, [3, 3])? - many).max(0.0) / n;
    Ok(PolynomialCosts { coefficient: Curve::new(points?), weight, limb })
}

/// Nanoseconds of a polynomial of `giants` interleaved channels.
fn made(
    context: &Context,
    costs: &CostTable,
    giants: usize,
    kernel: [usize; 2],
) -> Result<f64, ProbeError> {
    let layer = layer([(256 / giants).max(4) * giants, giants], 4, kernel)?;
    let packing = Packing::interleaved(&layer, RING_DEGREE, giants);
    let packing = packing.ok_or(ProbeError::Setting("packing"))?;
    let plan = CoefficientPlan::new(packing, 1, WeightForm::Raw);
    let weights = Array4::ones(layer.weight_shape());
    let steps = Steps::enter(&Silent, Stage::Weights, 1)?;
    let weights = Weights::prepare(&plan, context, weights.view(), steps)?;
    let panels = Panels::zero(context, std::iter::repeat_n(1, plan.inputs()));
    let mut space = Space::new(&plan, context);
    let wave = 0..plan.out_groups();
    let all = serve(context, &GaloisKeys::default(), |server| {
        Ok(time(|| weights.multiply(server, &plan, (0, &wave), 1, &panels, &mut space).is_ok()))
    })?;
    let setting = Setting::new(context.params(), Reduction::Lazy);
    let pricing = Pricing { costs, setting, threads: 1 };
    let sum = Primitive::DenseSum { terms: plan.max_terms() };
    let known =
        giants as f64 * pricing.core(sum) + pricing.ntts(plan.total_terms() * setting.limbs());
    Ok((all - known).max(0.0) / plan.total_terms() as f64)
}
