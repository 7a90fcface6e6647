//! How the real values that a node takes become integers.

use ndarray::{Array1, Array3, Array4, ArrayView3, Axis};

use super::model::Model;

/// How a tensor's values become integers of some bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coding {
    /// From 0: no value can be below it.
    Unsigned,
    /// Symmetric about 0.
    Signed,
    /// From the least value to the largest, with the integer that stands for 0 between them: the values
    /// reach much further to one side.
    ZeroPoint,
}

/// The integers of a tensor.
#[derive(Clone, Debug, PartialEq)]
pub struct Integers {
    /// One for each value.
    pub values: Array3<i64>,
    /// What a 1 stands for.
    pub scale: f64,
    /// What stands for 0.
    pub zero: i64,
}

impl Coding {
    /// What it is called.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unsigned => "unsigned",
            Self::Signed => "signed",
            Self::ZeroPoint => "zero-point",
        }
    }

    /// The same, or with a zero point where values of both signs reach much further to one side: integers
    /// are a good part finer then.
    pub(super) fn for_range(self, [least, most]: [f32; 2]) -> Self {
        const MUCH: f32 = 1.5;
        let is_skewed = most - least < MUCH * most.max(-least);
        if self == Self::Signed && is_skewed { Self::ZeroPoint } else { self }
    }

    /// Whether the integers have a sign.
    pub const fn is_signed(self) -> bool {
        matches!(self, Self::Signed)
    }

    /// The integers of `values`, all of which lie in `range`, or are brought into it.
    pub fn quantise(self, values: ArrayView3<'_, f32>, range: [f32; 2], bits: u32) -> Integers {
        let [least, most] = range.map(f64::from);
        let largest = match self {
            Self::Signed => (1i64 << (bits - 1)) - 1,
            Self::Unsigned | Self::ZeroPoint => (1 << bits) - 1,
        } as f64;
        let reach = match self {
            Self::Unsigned => most.max(0.0),
            Self::Signed => most.max(-least),
            Self::ZeroPoint => most.max(0.0) - least.min(0.0),
        };
        let scale = Some(reach / largest).filter(|scale| *scale > 0.0).unwrap_or(1.0);
        let zero = match self {
            Self::ZeroPoint => (-least.min(0.0) / scale).round(),
            Self::Unsigned | Self::Signed => 0.0,
        };
        let floor = if self == Self::Signed { -largest } else { 0.0 };
        let integer =
            |value: f32| ((f64::from(value) / scale).round() + zero).clamp(floor, largest) as i64;
        Integers { values: values.mapv(integer), scale, zero: zero as i64 }
    }
}

/// The least and the largest of values; 0 and 0 of none. `None` where one is not finite.
pub fn range_of<'a>(values: impl IntoIterator<Item = &'a f32>) -> Option<[f32; 2]> {
    values.into_iter().try_fold([0f32; 2], |[least, most], value| {
        value.is_finite().then(|| [least.min(*value), most.max(*value)])
    })
}

/// Integers of `bits` bits for real weights, and what a 1 stands for in each output channel: its largest
/// absolute weight becomes `2^(bits-1) - 1`; halves are rounded away from 0.
pub(super) fn quantise_weights(weights: &Array4<f32>, bits: u32) -> (Array4<i8>, Array1<f64>) {
    let max = f64::from((1i32 << (bits - 1)) - 1);
    let scale = |filter: ArrayView3<'_, f32>| {
        let largest = filter.iter().fold(0f64, |largest, w| largest.max(f64::from(w.abs())));
        // Of a channel of zeros; a quotient of tiny weights may be 0 too.
        Some(largest / max).filter(|scale| *scale > 0.0).unwrap_or(1.0)
    };
    let scales: Array1<f64> = weights.outer_iter().map(scale).collect();
    let mut integers = Array4::zeros(weights.dim());
    for ((mut integers, filter), scale) in
        integers.axis_iter_mut(Axis(0)).zip(weights.outer_iter()).zip(&scales)
    {
        integers.zip_mut_with(&filter, |integer, weight| {
            *integer = (f64::from(*weight) / scale).round().clamp(-max, max) as i8;
        });
    }
    (integers, scales)
}

/// What of values is known from what gives them.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sign {
    /// None is below 0.
    Positive,
    /// Few are, and not far.
    Skewed,
    /// Nothing is known.
    Any,
}

impl Sign {
    /// Of what has values of both.
    const fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Positive, Self::Positive) => Self::Positive,
            (Self::Any, _) | (_, Self::Any) => Self::Any,
            _ => Self::Skewed,
        }
    }
}

impl Model {
    /// The coding of every value, by its place, from what gives it alone: the same for all inputs.
    /// `positive` says that the model's input has no values below 0.
    pub(super) fn codings(&self, positive: bool) -> Vec<Coding> {
        let mut signs = vec![Sign::Any; self.values.len()];
        if positive {
            signs[self.input] = Sign::Positive;
        }
        for node in &self.nodes {
            let varying =
                node.inputs.iter().flatten().filter(|place| !self.values[**place].is_constant);
            let mut taken = varying.map(|place| signs[*place]);
            let first = taken.next().unwrap_or(Sign::Any);
            let both = taken.fold(first, Sign::and);
            let has_constant =
                node.inputs.iter().flatten().any(|place| self.values[*place].is_constant);
            let sign = match node.operator.as_str() {
                "Relu" | "Sigmoid" | "HardSigmoid" | "Softmax" | "Softplus" | "Exp" | "Abs"
                | "Sqrt" => Sign::Positive,
                "Clip" if self.is_clipped_at_zero(node) => Sign::Positive,
                "HardSwish" | "Swish" | "Gelu" | "LeakyRelu" | "Elu" | "PRelu" => Sign::Skewed,
                "MaxPool" | "GlobalMaxPool" | "AveragePool" | "GlobalAveragePool" | "Reshape"
                | "Flatten" | "Squeeze" | "Unsqueeze" | "Transpose" | "Identity" | "Dropout"
                | "Slice" | "Split" | "DepthToSpace" | "Gather" => first,
                // Of a mean, of what is laid beside each other and of the sum.
                "Concat" | "Add" | "ReduceMean"
                    if !has_constant || node.operator == "ReduceMean" =>
                {
                    both
                }
                // A gate, as of squeeze-and-excite: what it lets through has the sign it had.
                "Mul" if !has_constant => self.gated(&signs, node),
                "Resize" | "Upsample" if node.attributes().text("mode") != "cubic" => first,
                _ => Sign::Any,
            };
            node.outputs.iter().flatten().for_each(|place| signs[*place] = sign);
        }
        let coding = |sign: Sign| match sign {
            Sign::Positive => Coding::Unsigned,
            Sign::Skewed => Coding::ZeroPoint,
            Sign::Any => Coding::Signed,
        };
        signs.into_iter().map(coding).collect()
    }

    /// Of x times a sigmoid of x, which is how swish is written, few values are below 0; of x times what
    /// is positive those of x.
    fn gated(&self, signs: &[Sign], node: &super::model::Node) -> Sign {
        let [Some(a), Some(b)] = node.inputs[..] else { return Sign::Any };
        let is_gate_of = |gate: usize, of: usize| {
            let gives = self.nodes.iter().find(|node| node.outputs.contains(&Some(gate)));
            gives.is_some_and(|node| {
                matches!(node.operator.as_str(), "Sigmoid" | "HardSigmoid")
                    && node.inputs.first() == Some(&Some(of))
            })
        };
        match (signs[a], signs[b]) {
            (Sign::Positive, Sign::Positive) => Sign::Positive,
            _ if is_gate_of(a, b) || is_gate_of(b, a) => Sign::Skewed,
            (Sign::Positive, other) | (other, Sign::Positive) => other,
            _ => Sign::Any,
        }
    }

    /// Whether a clip takes away what is below 0.
    fn is_clipped_at_zero(&self, node: &super::model::Node) -> bool {
        let least = match node.inputs.get(1).copied().flatten() {
            Some(place) => self.constant(place).ok().flatten().and_then(|value| match value {
                rten::Value::FloatTensor(tensor) => {
                    rten_tensor::AsView::to_vec(&tensor).first().copied()
                }
                _ => None,
            }),
            None => node.attributes().reals("min").map_or_else(
                || Some(node.attributes().real("min", f32::MIN)),
                |given| given.first().copied(),
            ),
        };
        least.is_some_and(|least| least >= 0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn values_become_integers_of_each_kind() {
        let values = array![[[-0.5f32, 0.0, 1.0, 1.5]]];
        let range = range_of(&values).expect("finite");
        let of = |coding: Coding| coding.quantise(values.view(), range, 4);
        let flat = |integers: &Integers| integers.values.iter().copied().collect::<Vec<_>>();
        let unsigned = of(Coding::Unsigned);
        assert_eq!((flat(&unsigned), unsigned.zero), (vec![0, 0, 10, 15], 0));
        let signed = of(Coding::Signed);
        assert_eq!((flat(&signed), signed.zero), (vec![-2, 0, 5, 7], 0));
        let shifted = of(Coding::ZeroPoint);
        assert_eq!((flat(&shifted), shifted.zero), (vec![0, 4, 12, 15], 4));
        assert!((shifted.scale - 2.0 / 15.0).abs() < 1e-9);
        let nothing = Coding::ZeroPoint.quantise(array![[[0f32]]].view(), [0.0; 2], 8);
        assert_eq!((nothing.values, nothing.scale), (array![[[0]]], 1.0));
        assert_eq!(range_of(&[1.0, f32::NAN]), None);
        let skewed = [[-0.4, 1.0], [-1.0, 0.1]].map(|range| Coding::Signed.for_range(range));
        assert_eq!(skewed, [Coding::ZeroPoint; 2]);
        assert_eq!(Coding::Signed.for_range([-0.6, 1.0]), Coding::Signed);
        assert_eq!(Coding::Unsigned.for_range([0.0, 1.0]), Coding::Unsigned);
    }

    #[test]
    fn each_channel_has_its_scale() {
        let weights = Array4::from_shape_vec((3, 2, 1, 1), vec![0.7, -1.4, 0.3, 0.09, 0.0, 0.0]);
        let (integers, scales) = quantise_weights(&weights.expect("fits"), 4);
        assert_eq!(integers.iter().copied().collect::<Vec<_>>(), [4, -7, 7, 2, 0, 0]);
        assert!((scales[1] - f64::from(0.3f32) / 7.0).abs() < 1e-12);
        assert_eq!(scales[2].to_bits(), 1f64.to_bits());
    }
}
