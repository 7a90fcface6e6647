//! Noise budgets: how they fall, stage by stage.

use super::DrawError;
use super::bench::{Bench, LAYER};
use super::svg::{Anchor, Drawing, EMPTY, Look, STRONG};
use crate::conv::{AlgorithmKind, Choice};
use crate::report::NoiseBits;

/// The runs that are drawn.
const RUNS: [(AlgorithmKind, &str); 4] = [
    (AlgorithmKind::HadamardFused, "n4096-t20"),
    (AlgorithmKind::Conventional, "n4096-t20"),
    (AlgorithmKind::Interleaved, "n4096-q44-t20"),
    (AlgorithmKind::Coefficient, "n2048-q50-t20"),
];

const STAGES: [&str; 5] = ["fresh", "rotated inputs", "summed products", "outputs", "floor, 2^-40"];

/// The chart: left, top, width, height.
const CHART: [f64; 4] = [58.0, 70.0, 520.0, 250.0];

fn point(stage: usize, bits: f64, most: f64) -> [f64; 2] {
    let [left, top, width, height] = CHART;
    let along = stage as f64 / (STAGES.len() - 1) as f64;
    [left + width * along, top + height * (1.0 - bits.max(0.0) / most)]
}

/// The budget of each stage; `None` where there is no such stage.
fn budgets(noise: &NoiseBits) -> [Option<f64>; STAGES.len()] {
    [
        Some(noise.predicted_fresh),
        noise.predicted_rotated,
        Some(noise.predicted_multiplied),
        Some(noise.predicted_final),
        Some(noise.predicted_final_floor),
    ]
}

pub(super) fn draw() -> Result<String, DrawError> {
    let bench = Bench::new()?;
    let noise = |(kind, params): (AlgorithmKind, &'static str)| {
        Ok((kind, params, budgets(&bench.noise(kind, params, Choice::default())?)))
    };
    let all = RUNS.into_iter().map(noise).collect::<Result<Vec<_>, DrawError>>()?;
    let title = format!("Noise budget of {LAYER}, as predicted, in bits");
    let mut drawing = Drawing::new(860.0, 384.0, &title);
    let most =
        all.iter().flat_map(|(.., budgets)| budgets.iter().flatten()).copied().fold(0.0, f64::max);
    let most = (most / 10.0).ceil() * 10.0;
    axes(&mut drawing, most);
    for (i, (kind, params, budgets)) in all.iter().enumerate() {
        let points: Vec<[f64; 2]> = budgets
            .iter()
            .enumerate()
            .filter_map(|(stage, bits)| Some(point(stage, (*bits)?, most)))
            .collect();
        drawing.line(&points, STRONG[i], true);
        for point in &points {
            drawing.dot(*point, STRONG[i]);
        }
        legend(&mut drawing, i, kind.name(), params, budgets);
    }
    Ok(drawing.finish())
}

fn axes(drawing: &mut Drawing, most: f64) {
    let [left, top, width, height] = CHART;
    let mut bits = 0.0;
    while bits <= most {
        let [_, y] = point(0, bits, most);
        drawing.rect([left, y, width, 1.0], if bits > 0.0 { EMPTY } else { "#cf222e" });
        drawing.text([left - 6.0, y + 4.0], Look::Quiet, Anchor::End, bits);
        bits += 10.0;
    }
    for (stage, name) in STAGES.iter().enumerate() {
        let x = point(stage, 0.0, most)[0];
        drawing.text([x, top + height + 20.0], Look::Quiet, Anchor::Middle, name);
    }
    let text = "At 0 the noise reaches half a step of the message, and decryption gives anything.";
    drawing.text([left, top + height + 46.0], Look::Quiet, Anchor::Start, text);
}

fn legend(drawing: &mut Drawing, place: usize, name: &str, params: &str, budgets: &[Option<f64>]) {
    let (x, y) = (662.0, 88.0 + 62.0 * place as f64);
    drawing.rect([x, y - 10.0, 10.0, 10.0], STRONG[place]);
    drawing.text([x + 16.0, y], Look::Plain, Anchor::Start, name);
    drawing.text([x + 16.0, y + 17.0], Look::Quiet, Anchor::Start, params);
    let bits = |at: usize| budgets[at].unwrap_or_default();
    let text = format!("fresh {:.1}, outputs {:.1}", bits(0), bits(3));
    drawing.text([x + 16.0, y + 34.0], Look::Quiet, Anchor::Start, text);
}
