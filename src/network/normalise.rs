//! What a network was trained to see.

use ndarray::{Array3, Axis};

use super::activations::Width;

/// Each channel less `mean`, divided by `std`, of values from 0 to 1. The client does so before it
/// quantises, so that padding is zero after it, as where the weights were trained.
#[derive(Clone, Debug, PartialEq)]
pub struct Normalise {
    /// One for each input channel.
    pub mean: Vec<f64>,
    /// One for each input channel, above 0.
    pub std: Vec<f64>,
}

/// What values the input of a network has.
#[derive(Clone, Debug, PartialEq)]
pub enum InputRange {
    /// Values up to one, below 0 too where they are signed. Those of pictures are from 0 to 1.
    Plain {
        /// The largest absolute value.
        largest: f64,
        /// Whether there are values below 0.
        signed: bool,
    },
    /// What normalisation makes of values from 0 to 1.
    Normalised(Normalise),
}

impl InputRange {
    /// From 0 to 1.
    pub const UNIT: Self = Self::Plain { largest: 1.0, signed: false };

    /// Whether there are values below 0.
    pub const fn is_signed(&self) -> bool {
        match self {
            Self::Plain { signed, .. } => *signed,
            Self::Normalised(_) => true,
        }
    }

    /// What is done to values from 0 to 1 before.
    pub const fn normalise(&self) -> Option<&Normalise> {
        match self {
            Self::Plain { .. } => None,
            Self::Normalised(normalise) => Some(normalise),
        }
    }

    fn largest(&self) -> f64 {
        match self {
            Self::Plain { largest, .. } => *largest,
            Self::Normalised(normalise) => normalise.largest(),
        }
    }
}

/// Real inputs of a network, and the integers that its first convolutions take of them.
#[derive(Clone, Debug, PartialEq)]
pub struct InputForm {
    /// The integers.
    pub width: Width,
    /// What they stand for.
    pub range: InputRange,
}

impl InputForm {
    /// What a 1 stands for. It is that of the network, whatever the picture: the largest integer
    /// stands for the largest value that there can be in any channel.
    pub fn scale(&self) -> f64 {
        self.range.largest() / self.width.max() as f64
    }

    /// Normalises a picture (channels, rows, columns) of values from 0 to 1.
    pub fn reals(&self, mut picture: Array3<f64>) -> Array3<f64> {
        let Some(Normalise { mean, std }) = self.range.normalise() else { return picture };
        let statistics = mean.iter().zip(std);
        for (mut channel, (mean, std)) in picture.axis_iter_mut(Axis(0)).zip(statistics) {
            channel.mapv_inplace(|value| (value - mean) / std);
        }
        picture
    }

    /// The integers of real values.
    pub fn quantise(&self, reals: &Array3<f64>) -> Array3<i64> {
        self.width.quantise(reals, self.scale())
    }
}

impl Normalise {
    /// The largest absolute value that 0 or 1 becomes.
    fn largest(&self) -> f64 {
        let statistics = self.mean.iter().zip(&self.std);
        let ends = statistics.flat_map(|(mean, std)| [mean.abs() / std, (1.0 - mean).abs() / std]);
        ends.fold(0f64, f64::max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    #[expect(clippy::float_cmp, reason = "all of these are exact")]
    fn every_channel_has_its_own_statistics() {
        let normalise = Normalise { mean: vec![0.0, 0.5, 1.0], std: vec![1.0, 0.5, 0.25] };
        let width = Width { bits: 8, signed: true };
        let form = InputForm { width, range: InputRange::Normalised(normalise) };
        assert_eq!(form.scale(), 4.0 / 127.0);
        let reals = form.reals(array![[[0.25]], [[0.25]], [[0.25]]]);
        assert_eq!(reals, array![[[0.25]], [[-0.5]], [[-3.0]]]);
        assert_eq!(form.quantise(&reals), array![[[8]], [[-16]], [[-95]]]);
        assert_eq!(form.quantise(&form.reals(array![[[0.0]], [[0.5]], [[1.0]]])).sum(), 0);
    }

    #[test]
    #[expect(clippy::float_cmp, reason = "all of these are exact")]
    fn without_statistics_white_is_the_largest_integer() {
        let width = Width { bits: 4, signed: false };
        let form = InputForm { width, range: InputRange::UNIT };
        assert_eq!(form.scale(), 1.0 / 15.0);
        assert_eq!(form.quantise(&array![[[0.0, 1.0, 170.0 / 255.0]]]), array![[[0, 15, 10]]]);
    }

    #[test]
    #[expect(clippy::float_cmp, reason = "all of these are exact")]
    fn values_below_0_have_integers() {
        let range = InputRange::Plain { largest: 3.5, signed: true };
        let form = InputForm { width: Width { bits: 4, signed: true }, range };
        assert_eq!(form.scale(), 0.5);
        assert_eq!(form.quantise(&array![[[-3.5, 0.5, 9.0]]]), array![[[-7, 1, 7]]]);
    }
}
