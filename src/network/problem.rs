//! What can be wrong with a graph.

use super::activations::Width;
use crate::conv::LayerError;
use crate::nearest::nearest;

/// A mistake in a graph, and where it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("layer {layer}: {problem}")]
pub struct GraphError {
    /// The node.
    pub layer: String,
    /// Its field.
    pub field: &'static str,
    /// What is wrong with it.
    pub problem: GraphProblem,
}

/// What is wrong with a node.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GraphProblem {
    /// A name that another node or the input has.
    #[error("its name must be that of no other layer, and not \"input\"")]
    Name,
    /// A name that no earlier node has.
    #[error("no layer before it is called {name:?}; the nearest is {nearest:?}")]
    NoSuchLayer {
        /// The name.
        name: String,
        /// The most similar one.
        nearest: String,
    },
    /// An output that no node has the name of.
    #[error("no layer is called {name:?}; the nearest is {nearest:?}")]
    NoOutput {
        /// The name.
        name: String,
        /// The most similar one.
        nearest: String,
    },
    /// A convolution of another shape than its input.
    #[error("{field} = {value}, but {from}, which it takes, gives {given}")]
    Input {
        /// The field.
        field: &'static str,
        /// Its value.
        value: usize,
        /// The value that its input gives.
        given: usize,
        /// What it takes.
        from: String,
    },
    /// A name that stands twice in a list.
    #[error("{name:?} is named twice")]
    Twice {
        /// The name.
        name: String,
    },
    /// Results that are put together with planes of several sizes.
    #[error("the planes of {one} are {}, those of {other} {}; only planes of one size can be put together", plane(*of_one), plane(*of_other))]
    Planes {
        /// One of them.
        one: String,
        /// Its height and width.
        of_one: [usize; 2],
        /// Another.
        other: String,
        /// Its height and width.
        of_other: [usize; 2],
    },
    /// A convolution that takes values that may be below 0 as if they could not.
    #[error("activation_signed = false, but {from}, which it takes, has values below 0")]
    Unsigned {
        /// What it takes.
        from: String,
    },
    /// Two convolutions take the same values as other integers.
    #[error("it takes {from} with {}, but another layer does with {}", said(*width), said(*others))]
    Width {
        /// The integers here.
        width: Width,
        /// The integers there.
        others: Width,
        /// What both take.
        from: String,
    },
    /// A shortcut of another shape than the sums.
    #[error("the shortcut {of} gives {}, but the sums it is added to are {}", shape(*given), shape(*sums))]
    Shortcut {
        /// What is added.
        of: String,
        /// Its shape, after taking every `stride`-th position.
        given: [usize; 3],
        /// The shape it must have.
        sums: [usize; 3],
    },
    /// A shortcut whose stride is 0.
    #[error("the shortcut's stride must be at least 1")]
    ShortcutStride,
    /// A pooling window that is none, or larger than its plane.
    #[error("pool kernel {kernel} must be from 1 to the padded plane's {side}")]
    PoolKernel {
        /// Its size.
        kernel: usize,
        /// The shorter side of the plane, padding included.
        side: usize,
    },
    /// A pooling window that may see padding alone.
    #[error("pool padding {padding} must be at most half the kernel ({kernel})")]
    PoolPadding {
        /// The padding.
        padding: usize,
        /// The kernel.
        kernel: usize,
    },
    /// A pooling window that does not move.
    #[error("pool stride must be at least 1")]
    PoolStride,
    /// A layer that is no layer.
    #[error(transparent)]
    Layer(#[from] LayerError),
    /// A result that goes nowhere.
    #[error("nothing takes its result, and it is not the last layer")]
    Unused,
    /// A graph without nodes.
    #[error("a network needs a layer that takes it")]
    Empty,
}

impl GraphProblem {
    /// The problem of this field of this node.
    pub(super) fn of(self, layer: &str, field: &'static str) -> GraphError {
        GraphError { layer: layer.into(), field, problem: self }
    }

    /// The error of a name that none of `names` is.
    pub(super) fn no_such_layer<'a>(name: &str, names: impl Iterator<Item = &'a str>) -> Self {
        let nearest = nearest(name, names).unwrap_or_default().into();
        Self::NoSuchLayer { name: name.into(), nearest }
    }
}

/// As `64x56x56`.
fn shape([channels, height, width]: [usize; 3]) -> String {
    format!("{channels}x{height}x{width}")
}

/// As `56x56`.
fn plane([height, width]: [usize; 2]) -> String {
    format!("{height}x{width}")
}

/// As in a file.
fn said(Width { bits, signed }: Width) -> String {
    format!("activation_bits = {bits}, activation_signed = {signed}")
}
