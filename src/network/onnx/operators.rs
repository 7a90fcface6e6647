//! The operators that the client computes, by RTen.

/// How many values an operator gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Size {
    /// No more than its largest input, for each output.
    Input,
    /// As its inputs are when they are brought to one shape.
    Broadcast,
    /// As all its inputs together.
    Sum,
    /// A few.
    Few,
    /// As its own rule says.
    Own,
}

/// All operators of the client. Those that are not here are loops and branches, random numbers, text,
/// sequences, and what no network of convolutions has.
const OPERATORS: [(&str, Size); 111] = [
    ("Abs", Size::Input),
    ("Acos", Size::Input),
    ("Add", Size::Broadcast),
    ("And", Size::Broadcast),
    ("ArgMax", Size::Input),
    ("ArgMin", Size::Input),
    ("Asin", Size::Input),
    ("Atan", Size::Input),
    ("AveragePool", Size::Own),
    ("BatchNormalization", Size::Input),
    ("Cast", Size::Input),
    ("CastLike", Size::Input),
    ("Ceil", Size::Input),
    ("Clip", Size::Input),
    ("Concat", Size::Sum),
    ("Constant", Size::Few),
    ("ConstantOfShape", Size::Own),
    ("Conv", Size::Own),
    ("ConvTranspose", Size::Own),
    ("Cos", Size::Input),
    ("CumSum", Size::Input),
    ("DepthToSpace", Size::Input),
    ("DequantizeLinear", Size::Input),
    ("Div", Size::Broadcast),
    ("Dropout", Size::Input),
    ("Elu", Size::Input),
    ("Equal", Size::Broadcast),
    ("Erf", Size::Input),
    ("Exp", Size::Input),
    ("Expand", Size::Own),
    ("Flatten", Size::Input),
    ("Floor", Size::Input),
    ("Gather", Size::Own),
    ("Gelu", Size::Input),
    ("Gemm", Size::Own),
    ("GlobalAveragePool", Size::Input),
    ("GlobalMaxPool", Size::Input),
    ("Greater", Size::Broadcast),
    ("GreaterOrEqual", Size::Broadcast),
    ("GRU", Size::Own),
    ("HardSigmoid", Size::Input),
    ("HardSwish", Size::Input),
    ("Identity", Size::Input),
    ("InstanceNormalization", Size::Input),
    ("IsInf", Size::Input),
    ("IsNaN", Size::Input),
    ("LayerNormalization", Size::Input),
    ("LeakyRelu", Size::Input),
    ("Less", Size::Broadcast),
    ("LessOrEqual", Size::Broadcast),
    ("Log", Size::Input),
    ("LogSoftmax", Size::Input),
    ("LpNormalization", Size::Input),
    ("LSTM", Size::Own),
    ("MatMul", Size::Own),
    ("Max", Size::Broadcast),
    ("MaxPool", Size::Own),
    ("Mean", Size::Broadcast),
    ("Min", Size::Broadcast),
    ("Mod", Size::Broadcast),
    ("Mul", Size::Broadcast),
    ("Neg", Size::Input),
    ("NonZero", Size::Own),
    ("Not", Size::Input),
    ("Or", Size::Broadcast),
    ("Pad", Size::Own),
    ("Pow", Size::Broadcast),
    ("PRelu", Size::Broadcast),
    ("QuantizeLinear", Size::Input),
    ("Range", Size::Own),
    ("Reciprocal", Size::Input),
    ("ReduceL1", Size::Input),
    ("ReduceL2", Size::Input),
    ("ReduceLogSum", Size::Input),
    ("ReduceLogSumExp", Size::Input),
    ("ReduceMax", Size::Input),
    ("ReduceMean", Size::Input),
    ("ReduceMin", Size::Input),
    ("ReduceProd", Size::Input),
    ("ReduceSum", Size::Input),
    ("ReduceSumSquare", Size::Input),
    ("Relu", Size::Input),
    ("Reshape", Size::Input),
    ("Resize", Size::Own),
    ("RMSNormalization", Size::Input),
    ("Round", Size::Input),
    ("Shape", Size::Few),
    ("Sigmoid", Size::Input),
    ("Sign", Size::Input),
    ("Sin", Size::Input),
    ("Size", Size::Few),
    ("Slice", Size::Input),
    ("Softmax", Size::Input),
    ("Softplus", Size::Input),
    ("Softsign", Size::Input),
    ("Split", Size::Input),
    ("Sqrt", Size::Input),
    ("Squeeze", Size::Input),
    ("Sub", Size::Broadcast),
    ("Sum", Size::Broadcast),
    ("Swish", Size::Input),
    ("Tan", Size::Input),
    ("Tanh", Size::Input),
    ("Tile", Size::Own),
    ("TopK", Size::Input),
    ("Transpose", Size::Input),
    ("Trilu", Size::Input),
    ("Unsqueeze", Size::Input),
    ("Upsample", Size::Own),
    ("Where", Size::Broadcast),
    ("Xor", Size::Broadcast),
];

/// Whether the client can compute it.
pub(super) fn is_known(operator: &str) -> bool {
    size(operator).is_some()
}

pub(super) fn size(operator: &str) -> Option<Size> {
    OPERATORS.iter().find(|(name, _)| *name == operator).map(|(_, size)| *size)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operators_are_in_order() {
        assert!(OPERATORS.is_sorted_by(|a, b| a.0.to_lowercase() < b.0.to_lowercase()));
        assert!(is_known("Relu") && !is_known("Loop") && !is_known("If") && !is_known(""));
    }
}
