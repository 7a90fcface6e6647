//! How much a node of the client may give.
//!
//! An allocation that fails ends the process, so before RTen computes a node, what it may give at most
//! is worked out from its inputs: a tensor of a few numbers can ask for one of any size.

use rten::Value;
use rten_tensor::{AsView, Layout as _};

use super::attributes::Attributes;
use super::operators::{Size, size};

/// What is known of a tensor.
#[derive(Clone, Copy)]
pub(super) struct Known<'a> {
    pub(super) shape: &'a [u64],
    pub(super) value: Option<&'a Value>,
}

/// What is kept of one: its shape, and its values where they are few.
pub(super) struct Stored {
    shape: Vec<u64>,
    value: Option<Value>,
}

impl Stored {
    /// The most values of a tensor of sizes, scales or limits.
    const FEW: u64 = 1 << 8;

    pub(super) fn of(value: Value) -> Self {
        let shape = sides(&value);
        let value = (product(&shape) <= Self::FEW).then_some(value);
        Self { shape, value }
    }

    pub(super) fn known(&self) -> Known<'_> {
        Known { shape: &self.shape, value: self.value.as_ref() }
    }
}

pub(super) fn sides(value: &Value) -> Vec<u64> {
    value.shape().iter().map(|side| *side as u64).collect()
}

/// A node and what it is given.
pub(super) struct Asked<'a> {
    pub(super) operator: &'a str,
    pub(super) attributes: Attributes<'a>,
    /// Its inputs, those that are left out as `None`.
    pub(super) inputs: &'a [Option<Known<'a>>],
    pub(super) outputs: usize,
}

impl Asked<'_> {
    /// The most values that it gives, all outputs together, and what it needs to make them.
    ///
    /// # Errors
    /// What is wrong with its inputs or attributes.
    pub(super) fn values(&self) -> Result<u64, String> {
        let each = match size(self.operator) {
            None => return Err("is not known".into()),
            Some(Size::Few) => 1 << 16,
            Some(Size::Input) => self.given().max().unwrap_or(0),
            Some(Size::Sum) => self.given().fold(0, u64::saturating_add),
            Some(Size::Broadcast) => product(&self.broadcast(None)),
            Some(Size::Own) => self.own()?,
        };
        Ok(each.saturating_mul(self.outputs.max(1) as u64))
    }

    fn given(&self) -> impl Iterator<Item = u64> {
        self.inputs.iter().flatten().map(|known| product(known.shape))
    }

    fn shape(&self, input: usize) -> Vec<u64> {
        let known = self.inputs.get(input).copied().flatten();
        known.map(|known| known.shape.to_vec()).unwrap_or_default()
    }

    fn value(&self, input: usize) -> Option<&Value> {
        self.inputs.get(input).copied().flatten()?.value
    }

    /// Sides of all inputs, and of `more`, brought to one shape.
    fn broadcast(&self, more: Option<&[u64]>) -> Vec<u64> {
        let inputs = if more.is_some() { 1 } else { self.inputs.len() };
        let mut sides: Vec<u64> = Vec::new();
        let shapes = (0..inputs).map(|input| self.shape(input));
        for shape in shapes.chain(more.map(<[u64]>::to_vec)) {
            let new = shape.len().saturating_sub(sides.len());
            sides.splice(0..0, std::iter::repeat_n(1, new));
            let skipped = sides.len() - shape.len();
            for (side, other) in sides[skipped..].iter_mut().zip(shape) {
                *side = (*side).max(other);
            }
        }
        sides
    }

    /// The whole numbers of an input, those below 0 as 0; `None` where it is left out.
    fn numbers(&self, input: usize) -> Option<Vec<u64>> {
        match self.value(input)? {
            Value::Int32Tensor(tensor) => {
                Some(tensor.to_vec().into_iter().map(|n| u64::try_from(n).unwrap_or(0)).collect())
            }
            Value::FloatTensor(tensor) => {
                // `as` takes what is no number as 0.
                Some(tensor.to_vec().into_iter().map(|n| n.ceil() as u64).collect())
            }
            _ => None,
        }
    }

    fn own(&self) -> Result<u64, String> {
        let shape = self.shape(0);
        match self.operator {
            "AveragePool" | "MaxPool" => self.pool(&shape),
            "ConstantOfShape" => Ok(product(&self.numbers(0).unwrap_or_default())),
            "Conv" | "ConvTranspose" => self.convolution(&shape),
            "Expand" => Ok(product(&self.broadcast(Some(&self.numbers(1).unwrap_or_default())))),
            "Gather" => self.gather(&shape),
            "Gemm" | "MatMul" => Ok(self.matrix(&shape)),
            "GRU" | "LSTM" => self.recurrent(&shape),
            "NonZero" => Ok(product(&shape).saturating_mul(shape.len() as u64)),
            "Pad" => self.pad(&shape),
            "Range" => self.range(),
            "Resize" | "Upsample" => self.resize(&shape),
            "Tile" => Ok(scaled(&shape, &self.numbers(1).unwrap_or_default())),
            _ => Err("is not known".into()),
        }
    }

    fn pool(&self, shape: &[u64]) -> Result<u64, String> {
        let sides = shape.len().saturating_sub(2);
        let kernel = self.attributes.sizes("kernel_shape", sides, 1, 1)?;
        let pads = self.attributes.sizes("pads", 2 * sides, 0, 0)?;
        self.attributes.sizes("strides", sides, 1, 1)?;
        self.attributes.sizes("dilations", sides, 1, 1)?;
        let side = |i: usize, side: &u64| match i.checked_sub(2) {
            // Beyond its padding a window may begin on the last row of it.
            Some(i) => side + (pads[i] + pads[i + sides] + kernel[i]) as u64,
            None => *side,
        };
        Ok(product(&shape.iter().enumerate().map(|(i, s)| side(i, s)).collect::<Vec<_>>()))
    }

    /// The output, and the input as it is laid out to be multiplied: as many times as the kernel has
    /// positions.
    fn convolution(&self, shape: &[u64]) -> Result<u64, String> {
        let kernel = self.shape(1);
        let sides = shape.len().saturating_sub(2);
        if kernel.len() != shape.len() || sides == 0 || kernel.contains(&0) {
            return Err(format!("its input is {shape:?} and its weights are {kernel:?}"));
        }
        let pads = self.attributes.sizes("pads", 2 * sides, 0, 0)?;
        let strides = self.attributes.sizes("strides", sides, 1, 1)?;
        let dilations = self.attributes.sizes("dilations", sides, 1, 1)?;
        let more = self.attributes.sizes("output_padding", sides, 0, 0)?;
        let is_transposed = self.operator == "ConvTranspose";
        let side = |i: usize| {
            let input = shape[i + 2].saturating_add((pads[i] + pads[i + sides] + more[i]) as u64);
            let stride = if is_transposed { strides[i] as u64 } else { 1 };
            let reach = (kernel[i + 2] - 1).saturating_mul(dilations[i] as u64);
            let reach = if is_transposed { reach } else { 0 };
            input.saturating_mul(stride).saturating_add(reach)
        };
        let group = self.attributes.integer("group", 1);
        let group = u64::try_from(group).ok().filter(|group| (1..=1 << 20).contains(group));
        let group = group.ok_or("its group is no number of groups")?;
        let outputs = if is_transposed { kernel[1].saturating_mul(group) } else { kernel[0] };
        let plane = product(&(0..sides).map(side).collect::<Vec<_>>());
        let area = product(&kernel[2..]);
        let laid = if is_transposed { product(shape) } else { plane.saturating_mul(shape[1]) };
        let outputs = plane.saturating_mul(shape[0]).saturating_mul(outputs);
        Ok(outputs.saturating_add(laid.saturating_mul(area)))
    }

    fn gather(&self, shape: &[u64]) -> Result<u64, String> {
        let rank = shape.len() as i64;
        let axis = self.attributes.integer("axis", 0);
        let axis = if axis < 0 { axis.saturating_add(rank) } else { axis };
        let side = usize::try_from(axis).ok().and_then(|axis| shape.get(axis));
        let side = side.ok_or_else(|| format!("axis = {axis} is none of {shape:?}"))?;
        let rest = product(shape) / (*side).max(1);
        Ok(rest.saturating_mul(product(&self.shape(1))))
    }

    /// Rows of the first input times columns of the second, for all matrices of either.
    fn matrix(&self, shape: &[u64]) -> u64 {
        let (mut sides, mut others) = (shape.to_vec(), self.shape(1));
        if self.operator == "Gemm" {
            // Whichever side is the inner one, the outer ones are no larger than this.
            let most = |sides: &[u64]| sides.iter().copied().max().unwrap_or(1);
            return most(&sides).saturating_mul(most(&others));
        }
        let (rows, columns) = (sides.len().checked_sub(2), others.len().checked_sub(2));
        let rows = rows.map_or(1, |at| sides[at]);
        let columns = columns.map_or(1, |at| others[at + 1]);
        sides.truncate(sides.len().saturating_sub(2));
        others.truncate(others.len().saturating_sub(2));
        let batch = product(&sides).saturating_mul(product(&others));
        batch.saturating_mul(rows).saturating_mul(columns)
    }

    fn recurrent(&self, shape: &[u64]) -> Result<u64, String> {
        let weights = self.shape(2);
        let ([steps, batch, _], [directions, rows, hidden]) = (shape, weights.as_slice()) else {
            return Err("its inputs have other than three dimensions".into());
        };
        // Of every step all gates are held.
        let each = directions.saturating_mul(hidden.saturating_add(*rows));
        Ok(steps.saturating_mul(*batch).saturating_mul(each))
    }

    fn pad(&self, shape: &[u64]) -> Result<u64, String> {
        let given = self.attributes.integers("pads").map(|pads| {
            pads.iter().map(|pad| u64::try_from(*pad).unwrap_or(0)).collect::<Vec<_>>()
        });
        let pads = self.numbers(1).or(given).ok_or("it says no pads")?;
        let most = pads.iter().copied().max().unwrap_or(0).saturating_mul(2);
        // With axes, which are these is not told by their places.
        if pads.len() != 2 * shape.len() {
            return Ok(product(&shape.iter().map(|s| s.saturating_add(most)).collect::<Vec<_>>()));
        }
        let side = |(i, side): (usize, &u64)| {
            side.saturating_add(pads[i]).saturating_add(pads[i + shape.len()])
        };
        Ok(product(&shape.iter().enumerate().map(side).collect::<Vec<_>>()))
    }

    fn range(&self) -> Result<u64, String> {
        let number = |input: usize| match self.value(input) {
            Some(Value::Int32Tensor(tensor)) => tensor.to_vec().first().map(|n| f64::from(*n)),
            Some(Value::FloatTensor(tensor)) => tensor.to_vec().first().map(|n| f64::from(*n)),
            _ => None,
        };
        let (Some(start), Some(end), Some(step)) = (number(0), number(1), number(2)) else {
            return Err("its inputs are no numbers".into());
        };
        if step == 0.0 || !(start.is_finite() && end.is_finite() && step.is_finite()) {
            return Err(format!("a range from {start} to {end} by {step}"));
        }
        Ok(((end - start) / step).max(0.0).ceil() as u64)
    }

    fn resize(&self, shape: &[u64]) -> Result<u64, String> {
        let scales = if self.operator == "Upsample" { 1 } else { 2 };
        if let Some(sizes) = self.numbers(3).filter(|sizes| !sizes.is_empty()) {
            // Those of axes that are not named stay.
            let rest = if sizes.len() == shape.len() { 1 } else { product(shape) };
            return Ok(product(&sizes).saturating_mul(rest));
        }
        let given = || {
            let scales = self.attributes.reals("scales")?;
            Some(scales.iter().map(|scale| scale.ceil() as u64).collect())
        };
        let scales = self.numbers(scales).filter(|scales| !scales.is_empty()).or_else(given);
        let scales = scales.ok_or("it says neither scales nor sizes")?;
        Ok(scaled(shape, &scales))
    }
}

fn product(sides: &[u64]) -> u64 {
    sides.iter().fold(1, |product, side| product.saturating_mul(*side))
}

/// Values of a shape whose sides, or some of them, become so many times longer.
fn scaled(shape: &[u64], times: &[u64]) -> u64 {
    times.iter().fold(product(shape), |values, times| values.saturating_mul((*times).max(1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn floats(shape: &[usize]) -> Value {
        Value::from_shape(shape, vec![0f32; shape.iter().product()]).expect("fits")
    }

    fn integers(values: &[i32]) -> Value {
        Value::from_shape([values.len()], values.to_vec()).expect("fits")
    }

    fn values(operator: &str, inputs: &[&Value]) -> Result<u64, String> {
        let inputs: Vec<Stored> = inputs.iter().map(|value| Stored::of((*value).clone())).collect();
        let inputs: Vec<Option<Known<'_>>> = inputs.iter().map(|one| Some(one.known())).collect();
        Asked { operator, attributes: Attributes(&[]), inputs: &inputs, outputs: 1 }.values()
    }

    #[test]
    fn a_few_numbers_cannot_ask_for_much() {
        let image = floats(&[1, 2, 3, 4]);
        let large = integers(&[i32::MAX, i32::MAX, i32::MAX]);
        assert_eq!(values("ConstantOfShape", &[&large]), Ok(u64::MAX));
        assert_eq!(values("Expand", &[&image, &large]), Ok(u64::MAX));
        assert_eq!(values("Tile", &[&image, &integers(&[1, 1, 5, 1])]), Ok(120));
        assert_eq!(values("Pad", &[&image, &integers(&[0, 0, 1, 1, 0, 0, 2, 3])]), Ok(2 * 6 * 8));
        let empty = floats(&[0]);
        let sizes = integers(&[1, 2, 30, 40]);
        assert_eq!(values("Resize", &[&image, &empty, &empty, &sizes]), Ok(2400));
        let scales = Value::from_shape([4], vec![1f32, 1.0, 1.5, 1e30]).expect("fits");
        assert_eq!(values("Resize", &[&image, &empty, &scales]), Ok(u64::MAX));
        assert_eq!(values("Add", &[&floats(&[5, 1]), &floats(&[7])]), Ok(35));
        assert_eq!(values("MatMul", &[&floats(&[2, 5, 3]), &floats(&[3, 7])]), Ok(70));
        let number = |n: i32| Value::from_shape(Vec::<usize>::new(), vec![n]).expect("fits");
        let [zero, many] = [number(0), number(i32::MAX)];
        assert_eq!(values("Range", &[&zero, &many, &number(1)]), Ok(i32::MAX as u64));
        assert!(values("Range", &[&zero, &many, &zero]).is_err());
        assert!(values("Loop", &[]).is_err());
    }
}
