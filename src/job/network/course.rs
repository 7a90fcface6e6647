//! A network as whoever runs it sees it, whatever it comes from.

use ndarray::{Array3, ArrayD, ArrayViewD};

use crate::job::JobError;
use crate::network::{Convolution, LayerReport};
use crate::report::NetworkRecord;

/// Gives the sums of a convolution, with the bias that the server adds.
pub(super) type Convolve<'f> = dyn FnMut(&Convolution<'_>) -> Result<Array3<i64>, JobError> + 'f;

/// Hears that a layer is done: its place, what became of it, and what it gives in real values.
pub(super) type Done<'f> = dyn FnMut(usize, LayerReport, ArrayViewD<'_, f64>) + 'f;

/// A network on an input. The server's layers are asked for one by one, with the integers that they take;
/// what lies between them is the client's, and its own affair.
pub(super) trait Course: Sync {
    /// The network's name.
    fn name(&self) -> &str;

    /// What is known of its layers.
    fn layers(&self) -> Vec<LayerFacts<'_>>;

    /// What a weight of 1 in a layer stands for, one for each output channel, where weights are rounded
    /// from real ones.
    fn scales(&self, layer: usize) -> Option<Vec<f64>>;

    /// Names of the classes of its first output.
    fn labels(&self) -> Option<&[String]> {
        None
    }

    /// Runs it.
    ///
    /// # Errors
    /// Those of `convolve`, and what the client cannot do.
    fn run(
        &self,
        convolve: &mut Convolve<'_>,
        done: &mut Done<'_>,
    ) -> Result<Vec<NetworkOutput>, JobError>;

    /// The same without rounding to integers; `None` where its layers have no real values.
    ///
    /// # Errors
    /// What the client cannot do.
    fn reals(&self) -> Result<Option<Box<dyn Reals + '_>>, JobError>;

    /// Adds to the record what not every network has.
    fn complete(&self, record: &mut NetworkRecord);
}

/// A network in real values, on one input.
pub(super) trait Reals {
    /// What the next layer gives.
    fn next_layer(&mut self) -> Option<ArrayD<f64>>;

    /// The outputs, once every layer was asked for.
    fn outputs(&mut self) -> Vec<NetworkOutput>;
}

/// An output of a network.
#[derive(Clone, Debug, PartialEq)]
pub struct NetworkOutput {
    /// Its name.
    pub name: String,
    /// Its real values.
    pub values: ArrayD<f64>,
}

impl NetworkOutput {
    /// The values as planes: of one picture its channels, of anything else one row.
    pub fn planes(&self) -> Array3<f64> {
        let shape = match *self.values.shape() {
            [channels, rows, columns] | [1, channels, rows, columns] => (channels, rows, columns),
            [1, channels] => (channels, 1, 1),
            _ => (1, 1, self.values.len()),
        };
        Array3::from_shape_vec(shape, self.values.iter().copied().collect()).unwrap_or_default()
    }

    /// Scores of classes, where the output is one row.
    pub fn scores(&self) -> Option<Vec<f32>> {
        let long = self.values.shape().iter().filter(|side| **side > 1).count();
        (long == 1).then(|| self.values.iter().map(|value| *value as f32).collect())
    }
}

/// What is known of a layer before any run.
pub(super) struct LayerFacts<'a> {
    pub(super) name: &'a str,
    /// The largest absolute sum that any input gives, with a bias that the server adds.
    pub(super) largest_sum: i64,
    /// Output channels, and how many of them have weights of 0 alone, where someone has trained them.
    pub(super) dead: Option<[usize; 2]>,
}
