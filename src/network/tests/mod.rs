mod branches;
mod graph;
mod mistakes;
mod read;
mod run;

use super::{Graph, GraphError, NodeSpec};
use crate::conv::LayerSpec;

/// A convolution of 4-bit weights and activations, padded by half the kernel, and relu.
fn node(name: &str, channels: [usize; 2], side: usize, kernel: usize) -> NodeSpec {
    NodeSpec::new(LayerSpec {
        name: name.into(),
        in_channels: channels[0],
        out_channels: channels[1],
        height: side,
        width: side,
        kernel: [kernel, kernel],
        stride: 1,
        padding: None,
        groups: 1,
        activation_bits: 4,
        activation_signed: None,
        weight_bits: 4,
    })
}

fn build(input: [usize; 3], nodes: Vec<NodeSpec>) -> Result<Graph, GraphError> {
    let mut builder = Graph::builder(input);
    nodes.into_iter().try_for_each(|node| builder.push(node))?;
    builder.finish()
}

fn graph(input: [usize; 3], nodes: Vec<NodeSpec>) -> Graph {
    build(input, nodes).expect("a valid graph")
}
