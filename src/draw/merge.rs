//! The flat merge of `interleaved`: baby steps on inputs, giant steps on sums.

use super::DrawError;
use super::bench::{Bench, LAYER};
use super::coefficients::packings;
use super::example::{CHANNELS, Example, RING_DEGREE};
use super::svg::{self, Anchor, Drawing, EMPTY, Look, RUBBISH};
use crate::bfv::{Coefficients, Plaintext};
use crate::conv::coefficients::{CoefficientPlan, Packing, Polynomials};
use crate::conv::{AlgorithmKind, Choice, WeightForm};

const LEFT: f64 = 20.0;
const CELL: [f64; 2] = [6.4, 16.0];

/// The parameters of the table.
const PARAMS: &str = "n4096-q44-t20";

/// The merge of all output channels of the example, step by step.
pub(super) struct Merge {
    pub(super) plan: CoefficientPlan,
    /// The input under each baby step.
    pub(super) inputs: Vec<Plaintext>,
    /// The sum of each giant step, before it is taken.
    pub(super) sums: Vec<Plaintext>,
    /// Their sum, after it.
    pub(super) output: Plaintext,
}

impl Merge {
    /// With so many baby steps.
    pub(super) fn new(example: &Example, babies: usize) -> Result<Self, DrawError> {
        let [_, packing] = packings(example)?;
        let plan = CoefficientPlan::new(packing, babies, WeightForm::Raw);
        let packed = plan.packing().pack(&example.context, example.input.view());
        let input = packed.first().ok_or(DrawError::Lacks("an input ciphertext"))?;
        let inputs: Vec<Plaintext> =
            plan.elements().map(|baby| example.turned(input, baby)).collect();
        let flat: Vec<i8> = example.weights.iter().copied().collect();
        let polynomials = Polynomials::new(&plan, &flat);
        let plain = example.plain();
        let zero = || Plaintext(vec![0; RING_DEGREE]);
        let mut sums: Vec<Plaintext> = (0..plan.giants()).map(|_| zero()).collect();
        let mut weights = vec![0; plan.giants() * RING_DEGREE];
        let mut spare = vec![0; RING_DEGREE];
        let add = |sum: &mut Plaintext, other: &Plaintext, factor| {
            for (word, other) in sum.0.iter_mut().zip(&other.0) {
                *word = plain.add(*word, plain.mul(*other, factor));
            }
        };
        let share = plain.inverse(plain.reduce(plan.giants() as u64));
        for (baby, input) in inputs.iter().enumerate() {
            polynomials.fill(0, (0, baby), &mut weights, &mut spare);
            for (sum, weights) in sums.iter_mut().zip(weights.chunks_exact(RING_DEGREE)) {
                add(sum, &example.product(input, weights), share);
            }
        }
        let mut output = zero();
        for (giant, sum) in sums.iter().enumerate() {
            add(&mut output, &example.turned(sum, plan.giant(giant)), 1);
        }
        Ok(Self { plan, inputs, sums, output })
    }
}

pub(super) fn draw() -> Result<String, DrawError> {
    let example = Example::new(CHANNELS)?;
    let merge = Merge::new(&example, 2)?;
    let (m, babies, giants) = (CHANNELS, merge.plan.babies(), merge.plan.giants());
    let title = format!(
        "The flat merge of interleaved: m = {m}, b = {babies} baby steps, m/b = {giants} giant steps"
    );
    let mut drawing = Drawing::new(860.0, 484.0, &title);
    steps(&mut drawing, &merge);
    let expected = example.convolved(example.weights.view());
    let read = merge.plan.packing().read();
    let y = 62.0 + 36.0 * (babies + giants) as f64;
    let mut colours: Vec<&str> = merge.output.0.iter().copied().map(occupied).collect();
    if let Some(Coefficients::Only(places)) = read.first() {
        for place in places.iter() {
            colours[*place as usize] = svg::CHANNELS[*place as usize % m];
        }
    }
    let found =
        merge.plan.packing().unpack(example.plain(), std::slice::from_ref(&merge.output), 1);
    let (one, other) = (found[[3, 1, 1]], expected[[3, 1, 1]]);
    let text = format!(
        "y, their sum: output o, position p at X^({m} p + o), times b; in the middle of output 3 stands {one} = {babies} x {other}"
    );
    strip(&mut drawing, y, &text, &colours);
    table(&mut drawing, y + 52.0)?;
    Ok(drawing.finish())
}

fn occupied(word: u64) -> &'static str {
    if word == 0 { EMPTY } else { RUBBISH }
}

fn strip(drawing: &mut Drawing, y: f64, text: &str, colours: &[&str]) {
    drawing.text([LEFT, y - 5.0], Look::Quiet, Anchor::Start, text);
    drawing.strip([LEFT, y], CELL, colours);
}

/// Inputs and sums.
fn steps(drawing: &mut Drawing, merge: &Merge) {
    let (plan, mut y) = (&merge.plan, 62.0);
    for (i, input) in merge.inputs.iter().enumerate() {
        // A baby step keeps every channel on coefficients of its own, and may change signs.
        let colours: Vec<&str> = (0..RING_DEGREE)
            .map(|place| if input.0[place] == 0 { EMPTY } else { svg::CHANNELS[place % CHANNELS] })
            .collect();
        let text = match i {
            0 => "x: the input as it is sent".to_owned(),
            _ => format!(
                "baby step X -> X^{}, by a key switch: channel ch moves by {} ch coefficients",
                plan.baby(i).exponent(),
                plan.baby(i).exponent() - 1
            ),
        };
        strip(drawing, y, &text, &colours);
        y += 36.0;
    }
    for (j, sum) in merge.sums.iter().enumerate() {
        let colours: Vec<&str> = sum.0.iter().copied().map(occupied).collect();
        let element = plan.giant(j);
        let step = if element.is_identity() {
            "stays".to_owned()
        } else {
            format!("giant step X -> X^{}, by a key switch", element.exponent())
        };
        let text = format!(
            "z{j}: each times a weight polynomial, with (m/b)^-1 in it, and summed; {step}"
        );
        strip(drawing, y, &text, &colours);
        y += 36.0;
    }
}

/// What baby steps cost and spare on a bench layer.
fn table(drawing: &mut Drawing, top: f64) -> Result<(), DrawError> {
    const COLUMNS: [(f64, &str); 7] = [
        (60.0, "b"),
        (190.0, "rotations of inputs"),
        (320.0, "rotations of sums"),
        (430.0, "key switches"),
        (550.0, "their transforms"),
        (610.0, "keys"),
        (750.0, "noise budget, bits"),
    ];
    let bench = Bench::new()?;
    let transformed = Choice { weight_form: Some(WeightForm::Transformed), ..Choice::default() };
    let chosen = bench.plan(AlgorithmKind::Interleaved, PARAMS, transformed)?;
    let m = chosen.plan.lanes();
    let chosen_but_babies = Choice { lanes: Some(m), ..transformed };
    let packing = Packing::interleaved(bench.layer(), chosen.params.ring_degree(), m);
    let packing = packing.ok_or(DrawError::Lacks("an interleaved packing"))?;
    let title =
        format!("{LAYER} at {PARAMS}, m = {m}: what b changes (the products stay the same)");
    drawing.text([LEFT, top], Look::Plain, Anchor::Start, title);
    for (x, name) in COLUMNS {
        drawing.text([x, top + 22.0], Look::Quiet, Anchor::End, name);
    }
    let candidates = AlgorithmKind::Interleaved.candidates(bench.layer(), packing.ring_degree());
    let alike = |choice: &Choice| Choice { babies: None, ..*choice } == chosen_but_babies;
    let choices = candidates.iter().map(|plan| plan.choice()).filter(alike);
    for (row, pinned) in choices.enumerate() {
        let babies = pinned.babies.unwrap_or(1);
        let plan = CoefficientPlan::new(packing.clone(), babies, WeightForm::Transformed);
        let planned = bench.plan(AlgorithmKind::Interleaved, PARAMS, pinned)?;
        let (work, noise) =
            (planned.operations(), bench.noise(AlgorithmKind::Interleaved, PARAMS, pinned)?);
        let cells = [
            babies.to_string(),
            (plan.inputs() * (babies - 1)).to_string(),
            (plan.out_groups() * (plan.giants() - 1)).to_string(),
            work.rotations.to_string(),
            work.ntts.to_string(),
            planned.keys().to_string(),
            format!("{:.1}", noise.predicted_final),
        ];
        let y = top + 42.0 + 18.0 * row as f64;
        for ((x, _), text) in COLUMNS.iter().zip(cells) {
            drawing.text([*x, y], Look::Plain, Anchor::End, text);
        }
    }
    let text = "As y comes times b, each doubling costs a bit of budget; the rest is noise of the baby steps, which the \
                products multiply.";
    drawing.text([LEFT, top + 130.0], Look::Quiet, Anchor::Start, text);
    Ok(())
}
