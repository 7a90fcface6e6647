//! Which nodes the server computes: convolutions, and products with a constant matrix.

use ndarray::Array4;
use rten::Value;
use rten_tensor::{AsView, Layout as _};

use super::attributes::Attributes;
use super::axis::Axis;
use super::linear::{Frame, Linear};
use super::sides::Sides;
use crate::conv::LayerSpec;

/// The operators that can be the server's.
const OPERATORS: [&str; 4] = ["Conv", "ConvTranspose", "Gemm", "MatMul"];

/// Whether an operator can be the server's, where its weights are constant.
pub(super) fn is_linear(operator: &str) -> bool {
    OPERATORS.contains(&operator)
}

/// A node that may be the server's.
pub(super) struct Candidate<'a> {
    /// Its operator.
    pub(super) operator: &'a str,
    /// Its attributes.
    pub(super) attributes: Attributes<'a>,
    /// Its second input.
    pub(super) weights: Option<Value>,
    /// Whether it has a third input.
    pub(super) has_bias: bool,
    /// That input, where it is constant.
    pub(super) bias: Option<Value>,
    /// The shape of its first input.
    pub(super) input: &'a [usize],
    /// Whether the client adds the padding, as something else than 0.
    pub(super) explicit: bool,
    /// Bytes that its weights may take.
    pub(super) allowed: u64,
}

impl Candidate<'_> {
    /// The convolution.
    ///
    /// # Errors
    /// Why the node cannot be the server's.
    pub(super) fn linear(&self) -> Result<Linear, String> {
        let weights = self.weights.as_ref().ok_or("its weights are not constant")?;
        let bias = match &self.bias {
            None if self.has_bias => return Err("its bias is not constant".into()),
            None => None,
            Some(bias) => Some(reals(bias).ok_or("its bias is no tensor of floats")?),
        };
        let values = reals(weights).ok_or("its weights are no tensor of floats")?;
        if values.iter().chain(bias.iter().flatten()).any(|value| !value.is_finite()) {
            return Err("its weights are not all finite".into());
        }
        let shape: Vec<usize> = weights.shape().iter().copied().collect();
        match self.operator {
            "Conv" => self.convolution(&shape, &values, bias),
            "ConvTranspose" => self.transposed(&shape, &values, bias),
            "Gemm" => self.gemm(&shape, &values, bias),
            _ => self.matrix(&shape, |i, o| values[i * shape[1] + o], None),
        }
    }

    /// Channels, groups and sides of an input of planes, and of its weights.
    fn planes<'a>(&self, shape: &'a [usize]) -> Result<(usize, &'a [usize]), String> {
        let rank = self.input.len();
        if !matches!(rank, 3 | 4) {
            return Err(format!("its input has {rank} dimensions; 3 or 4 are taken"));
        }
        if shape.len() != rank || shape.contains(&0) || self.input.contains(&0) {
            return Err(self.misfit(shape));
        }
        let groups = usize::try_from(self.attributes.integer("group", 1)).unwrap_or(0);
        if groups == 0 || !self.input[1].is_multiple_of(groups) || !shape[0].is_multiple_of(groups)
        {
            return Err(format!("group = {groups} does not divide its channels"));
        }
        Ok((groups, &shape[2..]))
    }

    /// That weights of this shape do not belong to the input.
    fn misfit(&self, shape: &[usize]) -> String {
        format!("its input is {:?} and its weights are {shape:?}", self.input)
    }

    /// Rows and columns, where `axis` makes one of a side and its length; one row where there is only one
    /// side.
    fn axes(
        &self,
        axis: impl Fn(usize, usize) -> Result<Axis, String>,
    ) -> Result<[Axis; 2], String> {
        let sides = self.input[2..].iter().copied().enumerate();
        let axes: Vec<Axis> = sides.map(|(i, rows)| axis(i, rows)).collect::<Result<_, _>>()?;
        Ok(<[Axis; 2]>::try_from(axes).unwrap_or_else(|mut axes| {
            [Axis::alone(1), axes.pop().unwrap_or_else(|| Axis::alone(1))]
        }))
    }

    fn convolution(
        &self,
        shape: &[usize],
        values: &[f32],
        bias: Option<Vec<f32>>,
    ) -> Result<Linear, String> {
        let (groups, kernel) = self.planes(shape)?;
        let [outputs, inputs] = [shape[0], self.input[1]];
        if shape[1] != inputs / groups {
            return Err(self.misfit(shape));
        }
        let sides = Sides::of(self.attributes, kernel)?;
        let stride = sides.strides.iter().copied().reduce(gcd).unwrap_or(1);
        let axes = self.axes(|i, rows| {
            let [begin, output] = sides.convolved(i, rows)?;
            let strides = [sides.strides[i], stride];
            let (kernel, dilation) = (sides.kernel[i], sides.dilations[i]);
            let (sizes, explicit) = ([rows, output], self.explicit);
            Ok(Axis::convolution(sizes, kernel, strides, dilation, begin, explicit))
        })?;
        let area: usize = kernel.iter().product();
        let each = shape[1];
        let weight =
            |o: usize, i: usize, place: usize| values[(o % outputs * each + i) * area + place];
        let size = Size { channels: [inputs, outputs], groups, stride };
        self.pictures(size, axes, weight, bias)
    }

    fn transposed(
        &self,
        shape: &[usize],
        values: &[f32],
        bias: Option<Vec<f32>>,
    ) -> Result<Linear, String> {
        let (groups, kernel) = self.planes(shape)?;
        let [inputs, each] = [shape[0], shape[1]];
        if inputs != self.input[1] {
            return Err(self.misfit(shape));
        }
        let sides = Sides::of(self.attributes, kernel)?;
        let more = self.attributes.sizes("output_padding", kernel.len(), 0, 0)?;
        let given = self.attributes.sizes("output_shape", kernel.len(), 1, 0)?;
        let axes = self.axes(|i, rows| {
            let given = Some(given[i]).filter(|given| *given > 0);
            let [begin, output] = sides.transposed(i, rows, more[i], given)?;
            let (kernel, stride) = (sides.kernel[i], sides.strides[i]);
            let (sizes, explicit) = ([rows, output], self.explicit);
            Ok(Axis::transposed(sizes, kernel, stride, sides.dilations[i], begin, explicit))
        })?;
        let area: usize = kernel.iter().product();
        let per_group = inputs / groups;
        let weight = |o: usize, i: usize, place: usize| {
            let (group, output) = (o / each % groups, o % each);
            values[((group * per_group + i) * each + output) * area + place]
        };
        let size = Size { channels: [inputs, each * groups], groups, stride: 1 };
        self.pictures(size, axes, weight, bias)
    }

    /// As [`Candidate::finish`], of a batch of pictures that are each of this size.
    fn pictures(
        &self,
        size: Size,
        axes: [Axis; 2],
        weight: impl Fn(usize, usize, usize) -> f32,
        bias: Option<Vec<f32>>,
    ) -> Result<Linear, String> {
        let (batch, sides) = (self.input[0], self.input.len() - 2);
        let Size { channels: [inputs, outputs], groups, stride } = size;
        let times = |count: usize| count.checked_mul(batch).ok_or("its batch is too large");
        let size =
            Size { channels: [times(inputs)?, times(outputs)?], groups: times(groups)?, stride };
        let bias = bias.map(|bias| bias.repeat(batch));
        self.finish(size, axes, weight, bias, Frame::Planes { batch, sides })
    }

    fn gemm(
        &self,
        shape: &[usize],
        values: &[f32],
        bias: Option<Vec<f32>>,
    ) -> Result<Linear, String> {
        let flag = |name| self.attributes.integer(name, 0) != 0;
        if flag("transA") || shape.len() != 2 || self.input.len() != 2 {
            return Err("only a matrix of rows times a constant matrix is taken".into());
        }
        let [alpha, beta] = ["alpha", "beta"].map(|name| self.attributes.real(name, 1.0));
        let is_turned = flag("transB");
        let shape = if is_turned { [shape[1], shape[0]] } else { [shape[0], shape[1]] };
        let bias = match bias {
            Some(bias) if bias.len() == 1 => Some(vec![beta * bias[0]; shape[1]]),
            Some(bias) if bias.len() == shape[1] => {
                Some(bias.into_iter().map(|bias| beta * bias).collect())
            }
            Some(bias) => return Err(format!("it adds {} values to its rows", bias.len())),
            None => None,
        };
        let value = |i: usize, o: usize| {
            alpha * values[if is_turned { o * shape[0] + i } else { i * shape[1] + o }]
        };
        self.matrix(&shape, value, bias)
    }

    /// Rows times a matrix.
    fn matrix(
        &self,
        shape: &[usize],
        value: impl Fn(usize, usize) -> f32,
        bias: Option<Vec<f32>>,
    ) -> Result<Linear, String> {
        let [inputs, outputs] = *shape else {
            return Err(format!("its constant has the shape {shape:?}; a matrix is taken"));
        };
        let Some((channels, outer)) = self.input.split_last() else {
            return Err("its input is no matrix".into());
        };
        if *channels != inputs || inputs * outputs == 0 || outer.contains(&0) {
            return Err(format!("its input is {:?} and its constant {shape:?}", self.input));
        }
        let rows = outer.iter().try_fold(1usize, |rows, side| rows.checked_mul(*side));
        let rows = rows.ok_or("its input is too large")?;
        let axes = [Axis::alone(rows), Axis::alone(1)];
        let size = Size { channels: [inputs, outputs], groups: 1, stride: 1 };
        let frame = Frame::Rows { outer: outer.to_vec() };
        self.finish(size, axes, |o, i, _| value(i, o), bias, frame)
    }

    /// Puts the weights, of which `weight` gives one by output channel, input channel of the group and
    /// kernel position, where they belong.
    fn finish(
        &self,
        size: Size,
        axes: [Axis; 2],
        weight: impl Fn(usize, usize, usize) -> f32,
        bias: Option<Vec<f32>>,
        frame: Frame,
    ) -> Result<Linear, String> {
        let Size { channels: [inputs, outputs], groups, stride } = size;
        if let Some(bias) = bias.as_ref().filter(|bias| bias.len() != outputs) {
            return Err(format!("it has {} biases for {outputs} channels", bias.len()));
        }
        let [rows, columns] = &axes;
        let (from, to) = (rows.from * columns.from, rows.to * columns.to);
        let layer = LayerSpec {
            name: String::new(),
            in_channels: inputs.saturating_mul(from),
            out_channels: outputs.saturating_mul(to),
            height: rows.rows,
            width: columns.rows,
            kernel: [rows.kernel, columns.kernel],
            stride,
            padding: Some([
                rows.padding[0],
                columns.padding[0],
                rows.padding[1],
                columns.padding[1],
            ]),
            groups,
            activation_bits: 8,
            activation_signed: None,
            weight_bits: 8,
        };
        // What no layer may be is told before its weights are made.
        crate::conv::Layer::new(&layer).map_err(|error| error.to_string())?;
        let each = inputs / groups;
        let area = rows.kernel * columns.kernel;
        let all = layer.out_channels as u64 * (each * from) as u64;
        let bytes = all.saturating_mul((area * size_of::<f32>()) as u64);
        if bytes > self.allowed {
            let allowed = self.allowed;
            return Err(format!("its weights take {bytes} bytes, --max-memory leaves {allowed}"));
        }
        let shape = (layer.out_channels, each * from, rows.kernel, columns.kernel);
        let mut weights = Array4::zeros(shape);
        for o in 0..outputs {
            for i in 0..each {
                for (ky, row) in rows.taps.iter().enumerate() {
                    for (kx, column) in columns.taps.iter().enumerate() {
                        let to = o * to + row.to * columns.to + column.to;
                        let from = i * from + row.from * columns.from + column.from;
                        weights[[to, from, row.kernel, column.kernel]] =
                            weight(o, i, ky * columns.taps.len() + kx);
                    }
                }
            }
        }
        let bias = bias.map(|bias| bias.into_iter().map(f64::from).collect());
        Ok(Linear { layer, weights, bias, axes, frame })
    }
}

/// Of a convolution.
struct Size {
    channels: [usize; 2],
    groups: usize,
    stride: usize,
}

/// The values of a tensor of floats.
fn reals(value: &Value) -> Option<Vec<f32>> {
    let Value::FloatTensor(tensor) = value else { return None };
    Some(tensor.to_vec())
}

const fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}
