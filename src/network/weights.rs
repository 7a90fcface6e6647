//! Weights of a whole network.

use ndarray::Array1;

use super::graph::{Graph, Node};
use super::layer_weights::LayerWeights;
use crate::conv::{Layer, data};

/// The largest bias that is drawn from a seed, in absolute value: the product of a weight and an
/// activation. The server adds it to the sums, so it needs room in t.
pub fn largest_seeded_bias(layer: &Layer) -> i64 {
    layer.max_weight() * layer.max_activation()
}

/// Weights of every node of a graph, in order.
#[derive(Clone, Debug, PartialEq)]
pub struct Weights(Vec<LayerWeights>);

impl Weights {
    /// Weights for `graph`, one for each node.
    pub(super) const fn new(layers: Vec<LayerWeights>) -> Self {
        Self(layers)
    }

    /// Weights that follow from a seed, different for every node: node `i` draws them from stream
    /// `2 + 2^8 i` of the seed, as [`data::weights`] does for a layer alone (stream 2), and biases
    /// from stream `3 + 2^8 i`, as large as the product of a weight and an activation.
    pub fn seeded(graph: &Graph, seed: u64) -> Self {
        let layer = |(i, node): (usize, &Node)| {
            let layer = &node.layer;
            let stream = (i as u64) << 8;
            let weights = data::weights_of_stream(layer, seed, data::WEIGHT_STREAM + stream);
            let bias = node.spec.has_bias().then(|| {
                let largest = largest_seeded_bias(layer);
                let mut bell = data::bell(seed, data::BIAS_STREAM + stream, largest);
                Array1::from_shape_simple_fn(layer.out_channels(), &mut bell)
            });
            LayerWeights::integers(weights, bias)
        };
        Self(graph.nodes().iter().enumerate().map(layer).collect())
    }

    /// Whether these have the shapes of the graph's layers.
    pub(super) fn are_of(&self, graph: &Graph) -> bool {
        let mut pairs = self.0.iter().zip(graph.nodes());
        self.0.len() == graph.nodes().len()
            && pairs.all(|(weights, node)| weights.is_of(&node.layer))
    }

    /// One for each node of the graph.
    pub fn layers(&self) -> &[LayerWeights] {
        &self.0
    }
}
