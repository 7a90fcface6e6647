//! The Walsh-Hadamard step, and its fusion into one scalar for each block.

use super::bench::{Bench, LAYER};
use super::example::{CHANNELS, Example, RING_DEGREE};
use super::svg::{self, Anchor, Drawing, EMPTY, Look};
use super::{DrawError, lanes};
use crate::arith::kernels::BATCH;
use crate::conv::slots::LaneTransform;
use crate::conv::slots::algorithms::hadamard::walsh_hadamard;
use crate::conv::slots::{SlotPlan, Split};
use crate::conv::{AlgorithmKind, Choice};
use crate::report::count_text;
use crate::ring::Poly;

const LEFT: f64 = 20.0;
const CELL: [f64; 2] = [6.4, 18.0];
const SIGNS: [&str; 2] = ["#dbe9f8", "#4a6f96"];

/// A plaintext that is constant on lanes, in all its forms.
pub(super) struct Constant {
    /// The weight of each lane.
    pub(super) weights: Vec<i64>,
    /// Its slots, N of them.
    pub(super) slots: Vec<u64>,
    /// Its coefficients, N of them.
    pub(super) coefficients: Vec<u64>,
    /// Its transform modulo the first limb, N words.
    pub(super) words: Vec<u64>,
    /// What the transform over lanes says that these are, block after block.
    pub(super) scalars: Vec<u64>,
}

impl Constant {
    /// That of a term of the example which has a weight on every lane.
    pub(super) fn new() -> Result<Self, DrawError> {
        let example = Example::new(CHANNELS)?;
        let packing = lanes::packing(&example)?;
        let split = Split::all(&packing).into_iter().next();
        let split = split.ok_or(DrawError::Lacks("a split"))?;
        let plan = SlotPlan::new(packing, split);
        let outputs = plan.outputs();
        let weight = |place: [usize; 4]| i64::from(example.weights[place]);
        let mut all = outputs.iter().flat_map(|output| {
            let of_term = |term| {
                plan.distinct_lanes()
                    .map(|lane| plan.weight(output, &term, lane).map(weight))
                    .collect()
            };
            plan.terms(output).filter_map(of_term).collect::<Vec<Vec<i64>>>()
        });
        let weights = all.next().ok_or(DrawError::Lacks("a term with all weights"))?;
        Self::of(&example, &plan, weights)
    }

    fn of(example: &Example, plan: &SlotPlan, weights: Vec<i64>) -> Result<Self, DrawError> {
        let (packing, plain) = (plan.packing(), example.plain());
        let transform = LaneTransform::new(&example.context, packing.lanes())?;
        let mut slots = vec![0; RING_DEGREE];
        let mut values = vec![[0; BATCH]; packing.lanes()];
        for ((row, lane), weight) in plan.distinct_lanes().zip(&weights) {
            let value = plain.from_signed(*weight);
            values[transform.entry(row, lane)] = [value; BATCH];
            for pixel in 0..packing.lane_slots() {
                slots[packing.slot(row, lane, pixel)] = value;
            }
        }
        transform.coefficients(&mut values);
        let mut scalars = vec![[0; BATCH]; packing.lanes()];
        transform.block_scalars(0, &values, &mut scalars);
        let coefficients = example.context.slots()?.encode(&slots).0;
        let centred = coefficients.iter().map(|word| plain.centre(*word));
        let transformed = Poly::from_signed(example.context.ciphertext_basis(), centred).into_ntt();
        Ok(Self {
            weights,
            slots,
            coefficients,
            words: transformed.limb(0).to_vec(),
            scalars: scalars.iter().map(|batch| batch[0]).collect(),
        })
    }
}

pub(super) fn draw() -> Result<String, DrawError> {
    let constant = Constant::new()?;
    let mut drawing = Drawing::new(860.0, 488.0, "The Walsh-Hadamard step, and its fusion");
    matrix(&mut drawing, &constant.weights);
    counts(&mut drawing)?;
    forms(&mut drawing, &constant);
    Ok(drawing.finish())
}

/// What `hadamard` does with the weights of a term.
fn matrix(drawing: &mut Drawing, weights: &[i64]) {
    let (x, y, side) = (LEFT + 46.0, 96.0, 17.0);
    let mut transformed = weights.to_vec();
    walsh_hadamard(&mut transformed);
    drawing.text(
        [LEFT, 58.0],
        Look::Plain,
        Anchor::Start,
        "hadamard: c = 8 integers a term, \u{175} = H w",
    );
    for (lane, weight) in weights.iter().enumerate() {
        let at = [x + side * (lane as f64 + 0.5), y - 8.0];
        drawing.text(at, Look::Small, Anchor::Middle, weight);
    }
    drawing.text([x - 8.0, y - 8.0], Look::Small, Anchor::End, "w");
    for k in 0..weights.len() {
        // Row k of H is what it makes of the k-th unit vector, being symmetric.
        let mut row = vec![0; weights.len()];
        row[k] = 1;
        walsh_hadamard(&mut row);
        let signs: Vec<&str> = row.iter().map(|sign| SIGNS[usize::from(*sign < 0)]).collect();
        let top = y + side * k as f64;
        drawing.strip([x, top], [side, side - 0.6], &signs);
        let right = x + side * weights.len() as f64;
        drawing.text(
            [right + 12.0, top + 12.0],
            Look::Small,
            Anchor::Start,
            format!("\u{175}{k} = {}", transformed[k]),
        );
        drawing.text([x - 8.0, top + 12.0], Look::Small, Anchor::End, format!("h{k}"));
    }
    drawing.lines(
        [x + 222.0, y + 14.0],
        Look::Quiet,
        &[
            "Row k of H is the pattern h_k over lanes",
            "(light +1, dark -1). As H H = c I, the sum",
            "over k of \u{175}_k h_k / c is w on its lane.",
            "",
            "For each k it sums \u{175}_k x into A_k, and",
            "weighs at the end: S = sum h_k A_k / c.",
        ],
    );
}

/// How often a bench layer's ciphertexts are multiplied.
fn counts(drawing: &mut Drawing) -> Result<(), DrawError> {
    let bench = Bench::new()?;
    let fused = bench.plan(AlgorithmKind::HadamardFused, "n4096-t20", Choice::default())?;
    let same = Choice::of_lanes(Some(fused.plan.lanes()));
    let walsh = bench.plan(AlgorithmKind::Hadamard, "n4096-t20", same)?;
    let counts = [&walsh, &fused].map(|plan| plan.operations().scalar_multiplications);
    let (x, y) = (570.0, 58.0);
    drawing.text(
        [x, y],
        Look::Plain,
        Anchor::Start,
        format!("{LAYER}, c = {} lanes:", fused.plan.lanes()),
    );
    drawing.text([x, y + 20.0], Look::Quiet, Anchor::Start, "products of a ciphertext and scalars");
    let most = counts.iter().copied().max().unwrap_or(1).max(1) as f64;
    for (i, (name, count)) in ["hadamard", "hadamard-fused"].iter().zip(counts).enumerate() {
        let top = y + 34.0 + 50.0 * i as f64;
        let text = format!("{name}: {}", count_text(count));
        drawing.text([x, top + 12.0], Look::Plain, Anchor::Start, text);
        drawing.rect([x, top + 18.0, (270.0 * count as f64 / most).max(1.0), 14.0], svg::STRONG[i]);
    }
    let ratio = counts[0] as f64 / (counts[1] as f64).max(1.0);
    let times = format!("{ratio:.1} times as many: c for each term,");
    drawing.lines([x, y + 148.0], Look::Quiet, &[&times, "and those with the patterns at the end"]);
    Ok(())
}

/// The plaintext of one term in slots, in coefficients and transformed.
fn forms(drawing: &mut Drawing, constant: &Constant) {
    let block = RING_DEGREE / constant.scalars.len();
    let title = "hadamard-fused: the sum over k is taken first. It is just the raw weights \
                 on their lanes: one scalar a block";
    drawing.text([LEFT, 268.0], Look::Plain, Anchor::Start, title);
    let mut distinct = constant.slots.clone();
    distinct.sort_unstable();
    distinct.dedup();
    let colour = |value| svg::CHANNELS[distinct.partition_point(|other| other < value)];
    let slots: Vec<&str> = constant.slots.iter().map(colour).collect();
    strip(
        drawing,
        302.0,
        "slots: on each lane its weight (row 0, then row 1; a colour for each value)",
        &slots,
    );
    let coefficients: Vec<&str> = constant
        .coefficients
        .iter()
        .map(|word| if *word == 0 { EMPTY } else { svg::STRONG[0] })
        .collect();
    let text = format!(
        "coefficients: a polynomial in X^(N/c) = X^{block}, so at most {} of {RING_DEGREE} are not 0",
        constant.scalars.len()
    );
    strip(drawing, 362.0, &text, &coefficients);
    let blocks: Vec<&str> = constant
        .words
        .iter()
        .map(|word| constant.scalars.iter().position(|scalar| scalar == word))
        .map(|at| at.map_or(EMPTY, |at| svg::CHANNELS[at % svg::CHANNELS.len()]))
        .collect();
    let text = format!(
        "transform modulo a limb: constant on c = {} blocks, whose scalars are",
        constant.scalars.len()
    );
    strip(drawing, 422.0, &text, &blocks);
    for (i, scalar) in constant.scalars.iter().enumerate() {
        let at = [LEFT + CELL[0] * (block * i + block / 2) as f64, 454.0];
        drawing.text(at, Look::Small, Anchor::Middle, scalar);
    }
    let text = "c scalars of a limb come from c raw weights by two transforms of length c at every inference; only \
                weights are stored.";
    drawing.text([LEFT, 474.0], Look::Quiet, Anchor::Start, text);
}

fn strip(drawing: &mut Drawing, y: f64, text: &str, colours: &[&str]) {
    drawing.text([LEFT, y - 6.0], Look::Quiet, Anchor::Start, text);
    drawing.strip([LEFT, y], CELL, colours);
}
