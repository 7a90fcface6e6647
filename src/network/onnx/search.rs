//! The fewest bits of each layer that keep what a model says.

use std::convert::Infallible;

use super::error::ModelError;
use super::layer::Bits;
use super::served::{Given, Reference, Served, ServedOutput};
use crate::network::{RunError, best_class, plain};

/// What fewer bits must keep.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kept {
    /// The class that is ranked first, of every input.
    Label,
    /// At least this cosine of the first output and that in floats, for every input.
    Cosine(f64),
}

/// The fewest bits of a weight and an activation.
const LEAST: u32 = 2;

/// A search under way.
struct Search<'a, 'm> {
    served: &'a mut Served<'m>,
    inputs: &'a [(Given, Reference)],
    kept: Kept,
}

/// Gives the layers of `served` the fewest bits that keep what the model says of all `inputs`: first all
/// layers alike, from those they have downwards, then each layer by itself, weights and activations, those
/// with the most to send first. `proceed` is told of layers done and of all; `false` ends the search with
/// what it has. The bits that it began with are kept where they do not keep it either, which gives
/// `false`.
///
/// # Errors
/// [`ModelError`] where an input cannot be run.
pub fn fewest_bits(
    served: &mut Served<'_>,
    inputs: &[(Given, Reference)],
    kept: Kept,
    mut proceed: impl FnMut(usize, usize) -> bool,
) -> Result<bool, ModelError> {
    let mut search = Search { served, inputs, kept };
    if !search.keeps()? {
        return Ok(false);
    }
    let layers = search.served.layers().len();
    while proceed(0, layers) && search.lowers_all()? {}
    let mut order: Vec<usize> = (0..layers).collect();
    let sent = |place: &usize| {
        let layer = &search.served.layers()[*place].layer;
        layer.input_shape().iter().chain(&layer.output_shape()).product::<usize>()
    };
    order.sort_by_key(|place| std::cmp::Reverse(sent(place)));
    for (done, place) in order.into_iter().enumerate() {
        for fewer in [Bits::fewer_activations, Bits::fewer_weights] {
            while proceed(done, layers) && search.lowers(place, fewer)? {}
        }
    }
    Ok(true)
}

impl Bits {
    fn fewer_weights(self) -> Option<Self> {
        (self.weights > LEAST).then(|| Self { weights: self.weights - 1, ..self })
    }

    fn fewer_activations(self) -> Option<Self> {
        (self.activations > LEAST).then(|| Self { activations: self.activations - 1, ..self })
    }
}

impl Search<'_, '_> {
    /// Whether every input still gives what it must.
    fn keeps(&self) -> Result<bool, ModelError> {
        for (given, reference) in self.inputs {
            let outputs = self.served.run(given, plain, |_, _, _| ());
            let outputs = outputs.map_err(|error: RunError<Infallible>| self.model_error(error))?;
            let (Some(found), Some(real)) = (outputs.first(), reference.outputs.first()) else {
                return Ok(false);
            };
            if !self.is_kept(found, real) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn is_kept(&self, found: &ServedOutput, real: &ServedOutput) -> bool {
        match self.kept {
            Kept::Label => best_class(&found.values) == best_class(&real.values),
            Kept::Cosine(least) => cosine(&found.values, &real.values) >= least,
        }
    }

    /// A layer with fewer bits, if that keeps what it must.
    fn lowers(
        &mut self,
        place: usize,
        fewer: impl Fn(Bits) -> Option<Bits>,
    ) -> Result<bool, ModelError> {
        let before = self.served.layers()[place].bits();
        let Some(after) = fewer(before) else { return Ok(false) };
        self.served.requantise(place, after)?;
        if self.keeps()? {
            return Ok(true);
        }
        self.served.requantise(place, before)?;
        Ok(false)
    }

    /// All layers with one bit fewer of both, if that keeps what it must.
    fn lowers_all(&mut self) -> Result<bool, ModelError> {
        let before: Vec<Bits> = self.served.layers().iter().map(super::ServedLayer::bits).collect();
        let fewer = |bits: &Bits| bits.fewer_weights().and_then(Bits::fewer_activations);
        let Some(after) = before.iter().map(fewer).collect::<Option<Vec<Bits>>>() else {
            return Ok(false);
        };
        self.set(&after)?;
        if self.keeps()? {
            return Ok(true);
        }
        self.set(&before)?;
        Ok(false)
    }

    fn set(&mut self, bits: &[Bits]) -> Result<(), ModelError> {
        let mut places = bits.iter().enumerate();
        places.try_for_each(|(place, bits)| self.served.requantise(place, *bits))
    }

    fn model_error(&self, error: RunError<Infallible>) -> ModelError {
        match error {
            RunError::Model(error) => error,
            other => ModelError::Model {
                model: self.served.name().to_owned(),
                problem: other.to_string(),
            },
        }
    }
}

/// The cosine of the angle between two outputs; 0 where one is zero throughout.
fn cosine(found: &[f32], real: &[f32]) -> f64 {
    let product = |a: &[f32], b: &[f32]| -> f64 {
        a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
    };
    let norms = (product(found, found) * product(real, real)).sqrt();
    if norms > 0.0 { product(found, real) / norms } else { 0.0 }
}
