//! Lazy reduction: how an accumulator fills up when products are summed unreduced.

use super::DrawError;
use super::bench::{Bench, LAYER};
use super::svg::{Anchor, Drawing, EMPTY, Look, STRONG};
use crate::arith::Modulus;
use crate::arith::kernels::{Backend, Kernels, LAZY_TERMS, NARROW_BITS, PAIR, Reduction, Row};
use crate::conv::{AlgorithmKind, Choice};
use crate::report::count_text;
use crate::ring::sampling::{generator, uniform_below};

/// One sum of products modulo a limb: its factors, and words of the same number.
pub(super) struct Sum {
    pub(super) modulus: Modulus,
    pub(super) factors: Vec<u64>,
    pub(super) words: Vec<u64>,
}

impl Sum {
    /// As many products as an accumulator takes, of uniform words modulo a limb.
    pub(super) fn new(modulus: Modulus) -> Self {
        let mut rng = generator(&[1; 32], 0);
        let mut draw = || (0..LAZY_TERMS).map(|_| uniform_below(&mut rng, &modulus)).collect();
        Self { modulus, factors: draw(), words: draw() }
    }

    /// The sum as the kernels make it.
    pub(super) fn reduced(&self, reduction: Reduction) -> u64 {
        let kernels = Kernels::new(Backend::Portable, self.modulus);
        let quotients: Vec<u64> =
            self.factors.iter().map(|factor| self.modulus.shoup(*factor).quotient).collect();
        let row = Row { factors: &self.factors, quotients: &quotients, bits: self.modulus.bits() };
        let panel: Vec<u64> = self.words.iter().flat_map(|word| [*word; PAIR]).collect();
        let mut out = [0; PAIR];
        kernels.scalar_tile(reduction, &[&panel], row, &mut out);
        out[0]
    }

    /// The low and the high half of the accumulator after each product, in bits, as instructions that
    /// split a product in halves of 52 bits fill them.
    pub(super) fn filling(&self) -> Vec<[f64; 2]> {
        let mut halves = [0u64; 2];
        let mask = (1u128 << NARROW_BITS) - 1;
        let add = |(factor, word): (&u64, &u64)| {
            let product = u128::from(*factor) * u128::from(*word);
            halves[0] += (product & mask) as u64;
            halves[1] += (product >> NARROW_BITS) as u64;
            halves.map(|half| (half.max(1) as f64).log2())
        };
        self.factors.iter().zip(&self.words).map(add).collect()
    }
}

/// The chart: left, top, width, height.
const CHART: [f64; 4] = [58.0, 62.0, 460.0, 252.0];
const MOST_BITS: f64 = 68.0;

fn point(terms: usize, bits: f64) -> [f64; 2] {
    let [left, top, width, height] = CHART;
    let along = (terms as f64).log2() / (LAZY_TERMS as f64).log2();
    [left + width * along, top + height * (1.0 - bits / MOST_BITS)]
}

/// Numbers of terms by a tenth of an octave.
fn samples() -> Vec<usize> {
    let mut samples: Vec<usize> =
        (0..=60).map(|i| (LAZY_TERMS as f64).powf(f64::from(i) / 60.0).round() as usize).collect();
    samples.dedup();
    samples
}

pub(super) fn draw() -> Result<String, DrawError> {
    let bench = Bench::new()?;
    let fused = bench.plan(AlgorithmKind::HadamardFused, "n4096-t20", Choice::default())?;
    let limb = fused.params.limbs().first().ok_or(DrawError::Lacks("a limb"))?;
    let sum = Sum::new(*limb);
    let mut drawing = Drawing::new(860.0, 372.0, "Lazy reduction: sum the products, reduce once");
    chart(&mut drawing, &sum);
    told(&mut drawing, &sum, bench.layer().kernel(), bench.layer().in_channels());
    Ok(drawing.finish())
}

fn chart(drawing: &mut Drawing, sum: &Sum) {
    let [left, top, width, height] = CHART;
    for bits in [0, 16, 32, 52, 64] {
        let [_, y] = point(1, f64::from(bits));
        drawing.rect([left, y, width, 1.0], EMPTY);
        drawing.text([left - 6.0, y + 4.0], Look::Quiet, Anchor::End, bits);
    }
    drawing.text(
        [left - 38.0, top - 10.0],
        Look::Quiet,
        Anchor::Start,
        "bits of a 64-bit accumulator",
    );
    let filling = sum.filling();
    let curve = |half: usize| -> Vec<[f64; 2]> {
        samples().into_iter().map(|terms| point(terms, filling[terms - 1][half])).collect()
    };
    // The largest that the low halves of so many products can come to.
    let bound = |terms: usize| f64::from(NARROW_BITS) + (terms as f64).log2();
    let worst: Vec<[f64; 2]> =
        samples().into_iter().map(|terms| point(terms, bound(terms))).collect();
    drawing.line(&worst, STRONG[0], false);
    drawing.line(&curve(0), STRONG[0], true);
    drawing.line(&curve(1), STRONG[2], true);
    let reduced = f64::from(sum.modulus.bits());
    drawing.line(&[point(1, reduced), point(LAZY_TERMS, reduced)], STRONG[1], true);
    drawing.line(&[[left, point(1, 64.0)[1]], point(LAZY_TERMS, 64.0)], "#cf222e", false);
    let label = |drawing: &mut Drawing, terms, bits: f64, text: &str| {
        let [x, y] = point(terms, bits);
        drawing.text([x, y], Look::Quiet, Anchor::Start, text);
    };
    label(drawing, 2, 48.0, "lazy: low halves of the products (dashed: at most)");
    label(
        drawing,
        2,
        reduced + 1.6,
        "eager: every product and every sum reduced to a word below q",
    );
    label(drawing, 2, 14.0, "lazy: high halves");
    for terms in [1, 16, 256, LAZY_TERMS] {
        let text = count_text(terms as u64);
        drawing.text(
            [point(terms, 0.0)[0], top + height + 18.0],
            Look::Quiet,
            Anchor::Middle,
            text,
        );
    }
    drawing.text(
        [left + width / 2.0, top + height + 38.0],
        Look::Quiet,
        Anchor::Middle,
        "products summed",
    );
}

/// The same in words.
fn told(drawing: &mut Drawing, sum: &Sum, kernel: [usize; 2], channels: usize) {
    let bits = sum.modulus.bits();
    let terms = count_text(LAZY_TERMS as u64);
    let [eager, lazy] = [Reduction::Eager, Reduction::Lazy].map(|reduction| sum.reduced(reduction));
    let same = if eager == lazy { "the same word" } else { "NOT the same word" };
    let [rows, columns] = kernel;
    let lines = [
        format!("{terms} products modulo a limb of {bits} bits:"),
        String::new(),
        format!("eager: {terms} products reduced, {} sums", count_text(LAZY_TERMS as u64 - 1)),
        format!("gives {eager}"),
        "lazy: 1 reduction, at the end".into(),
        format!("gives {lazy}, {same}"),
        String::new(),
        "AVX-512 IFMA adds the low and the high".into(),
        format!("{NARROW_BITS} bits of a product with one instruction"),
        format!("each. After {terms} products the low half may"),
        "be full; a longer sum is reduced there, and".into(),
        "goes on.".into(),
        String::new(),
        format!("{LAYER} needs {rows} x {columns} x {channels} ="),
        format!("{} products for an output value.", count_text((rows * columns * channels) as u64)),
    ];
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    drawing.lines([544.0, 74.0], Look::Plain, &lines);
}
