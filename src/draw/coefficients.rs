//! Packing in coefficients: where the outputs of one product lie, and what lies between them.

use super::DrawError;
use super::example::{CHANNELS, Example, RING_DEGREE};
use super::svg::{self, Anchor, Drawing, EMPTY, Look, RUBBISH, STRONG};
use crate::bfv::{Coefficients, Plaintext};
use crate::conv::WeightForm;
use crate::conv::coefficients::{CoefficientPlan, Packing, Polynomials};

const LEFT: f64 = 20.0;
const CELL: [f64; 2] = [6.4, 18.0];

/// The colour of outputs.
const OUTPUT: &str = STRONG[2];

/// The product of the example's input and the polynomial of its only output channel.
pub(super) struct Product {
    /// How both lie in coefficients.
    pub(super) packing: Packing,
    /// The packed input, N coefficients.
    pub(super) input: Plaintext,
    /// For each coefficient of the weights' polynomial the input channel that it belongs to.
    weights: Vec<Option<usize>>,
    /// N coefficients.
    pub(super) result: Plaintext,
}

impl Product {
    /// That of one packing.
    pub(super) fn new(example: &Example, packing: Packing) -> Result<Self, DrawError> {
        let plan = CoefficientPlan::new(packing, 1, WeightForm::Raw);
        let packed = plan.packing().pack(&example.context, example.input.view());
        let input = packed.into_iter().next().ok_or(DrawError::Lacks("an input ciphertext"))?;
        let flat: Vec<i8> = example.weights.iter().copied().collect();
        let each = flat.len() / CHANNELS;
        let mut weights = vec![None; RING_DEGREE];
        for channel in 0..CHANNELS {
            let of_channel =
                |(i, weight): (usize, &i8)| if i / each == channel { *weight } else { 0 };
            let alone: Vec<i8> = flat.iter().enumerate().map(of_channel).collect();
            let polynomial = polynomial(&plan, &alone);
            for (place, _) in polynomial.iter().enumerate().filter(|(_, weight)| **weight != 0) {
                weights[place] = Some(channel);
            }
        }
        let result = example.product(&input, &polynomial(&plan, &flat));
        Ok(Self { packing: plan.packing().clone(), input, weights, result })
    }

    /// The exponents that are read.
    pub(super) fn read(&self) -> Vec<usize> {
        let read = self.packing.read().into_iter().next();
        match read {
            Some(Coefficients::Only(places)) => {
                places.iter().map(|place| *place as usize).collect()
            }
            Some(Coefficients::All) => (0..RING_DEGREE).collect(),
            None => Vec::new(),
        }
    }
}

/// What the first sum multiplies the input by.
fn polynomial(plan: &CoefficientPlan, weights: &[i8]) -> Vec<i16> {
    let mut all = vec![0; plan.giants() * RING_DEGREE];
    let mut spare = vec![0; RING_DEGREE];
    Polynomials::new(plan, weights).fill(0, (0, 0), &mut all, &mut spare);
    all.truncate(RING_DEGREE);
    all
}

/// Both packings of the example.
pub(super) fn packings(example: &Example) -> Result<[Packing; 2], DrawError> {
    let lacks = || DrawError::Lacks("a packing in coefficients");
    let blocks = Packing::blocks(&example.layer, RING_DEGREE).ok_or_else(lacks)?;
    let interleaved =
        Packing::interleaved(&example.layer, RING_DEGREE, CHANNELS).ok_or_else(lacks)?;
    Ok([blocks, interleaved])
}

pub(super) fn draw() -> Result<String, DrawError> {
    let example = Example::new(1)?;
    let [blocks, interleaved] = packings(&example)?;
    let title = format!(
        "Packing in coefficients: one product of polynomials does all taps (N = {RING_DEGREE})"
    );
    let mut drawing = Drawing::new(860.0, 462.0, &title);
    let expected = example.convolved(example.weights.view());
    let positions = blocks.positions();
    let names = [
        format!(
            "coefficient: channel ch, position p at X^({positions} ch + p): a block of {positions} coefficients a channel"
        ),
        format!("interleaved: channel ch, position p at X^({CHANNELS} p + ch), m = {CHANNELS}"),
    ];
    for (i, (packing, name)) in [blocks, interleaved].into_iter().zip(names).enumerate() {
        let product = Product::new(&example, packing)?;
        let output =
            product.packing.unpack(example.plain(), std::slice::from_ref(&product.result), 1);
        if output != expected {
            return Err(DrawError::Lacks("the convolution in its product"));
        }
        strips(&mut drawing, 62.0 + 196.0 * i as f64, &name, &product);
    }
    legend(&mut drawing, 448.0);
    Ok(drawing.finish())
}

/// Input, weights and product of one packing.
fn strips(drawing: &mut Drawing, top: f64, name: &str, product: &Product) {
    drawing.text([LEFT, top], Look::Plain, Anchor::Start, name);
    let named =
        |word: &u64| Example::named(*word).map_or(EMPTY, |[channel, _]| svg::CHANNELS[channel]);
    let input: Vec<&str> = product.input.0.iter().map(named).collect();
    let weights: Vec<&str> = product
        .weights
        .iter()
        .map(|channel| channel.map_or(EMPTY, |ch| svg::CHANNELS[ch]))
        .collect();
    let mut outputs: Vec<&str> =
        product.result.0.iter().map(|word| if *word == 0 { EMPTY } else { RUBBISH }).collect();
    let read = product.read();
    for place in &read {
        outputs[*place] = OUTPUT;
    }
    let rubbish = outputs.iter().filter(|colour| **colour == RUBBISH).count();
    let text = format!(
        "the product: {} outputs, {rubbish} coefficients of rubbish (partial sums)",
        read.len()
    );
    let strips = [
        ("the input".to_owned(), input),
        ("the polynomial of one output channel: its weights, reversed".into(), weights),
        (text, outputs),
    ];
    for (i, (text, colours)) in strips.into_iter().enumerate() {
        let y = top + 28.0 + 44.0 * i as f64;
        drawing.text([LEFT, y - 6.0], Look::Quiet, Anchor::Start, text);
        drawing.strip([LEFT, y], CELL, &colours);
    }
}

fn legend(drawing: &mut Drawing, y: f64) {
    let mut x = LEFT;
    let entries = (0..CHANNELS).map(|ch| (svg::CHANNELS[ch], format!("ch {ch}")));
    let rest = [(OUTPUT, "output"), (RUBBISH, "rubbish"), (EMPTY, "zero")];
    for (colour, text) in entries.chain(rest.map(|(colour, text)| (colour, text.to_owned()))) {
        drawing.rect([x, y - 10.0, 11.0, 11.0], colour);
        drawing.text([x + 16.0, y], Look::Quiet, Anchor::Start, &text);
        x += 34.0 + 7.0 * text.len() as f64;
    }
}
