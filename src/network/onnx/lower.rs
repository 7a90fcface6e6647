//! Padding of which the odd row comes first, `SAME_LOWER`, which RTen does not know: it is given the input
//! with the padding already around it.

use ndarray::{ArrayD, Axis, IxDyn, Slice};
use rten::Value;
use rten_tensor::{AsView, Layout as _};

use super::attributes::Attributes;
use super::model::Node;
use super::sides::Sides;

/// The operators that are given padded inputs.
const OPERATORS: [&str; 2] = ["Conv", "MaxPool"];

/// Whether attributes ask for such padding.
pub(super) fn is_lower(attributes: Attributes<'_>) -> bool {
    attributes.text("auto_pad") == "SAME_LOWER"
}

/// Whether attributes ask for such padding of an operator that there is it for.
///
/// # Errors
/// What to write instead, of padding that is not known too.
pub(super) fn check(operator: &str, attributes: Attributes<'_>) -> Result<bool, String> {
    match attributes.text("auto_pad") {
        "" | "NOTSET" | "VALID" | "SAME_UPPER" => Ok(false),
        "SAME_LOWER" if OPERATORS.contains(&operator) => Ok(true),
        "SAME_LOWER" => Err(format!(
            "auto_pad = SAME_LOWER is taken of {} alone; write the pads, or SAME_UPPER",
            OPERATORS.join(" and ")
        )),
        other => Err(format!(
            "auto_pad = {other:?} is not known; NOTSET, VALID, SAME_UPPER and SAME_LOWER are"
        )),
    }
}

/// The input of a node with its padding, where it asks for that.
///
/// # Errors
/// What is wrong with its attributes, or its input.
pub(super) fn padded(
    node: &Node,
    input: Option<&Value>,
    weights: Option<&[u64]>,
) -> Result<Option<Value>, String> {
    let attributes = node.attributes();
    if !is_lower(attributes) || !OPERATORS.contains(&node.operator.as_str()) {
        return Ok(None);
    }
    let Some(Value::FloatTensor(input)) = input else {
        return Err("its input is no tensor of floats".into());
    };
    let shape: Vec<usize> = input.shape().to_vec();
    let of_weights = weights.unwrap_or_default().iter().skip(2).map(|side| *side as usize);
    let kernel = match node.operator.as_str() {
        "MaxPool" => attributes.sizes("kernel_shape", shape.len().saturating_sub(2), 1, 1)?,
        _ => of_weights.collect(),
    };
    if shape.len() != kernel.len() + 2 || shape.contains(&0) || kernel.contains(&0) {
        return Err(format!("its input is {shape:?} and its kernel {kernel:?}"));
    }
    let sides = Sides::of(attributes, &kernel)?;
    let mut pads = vec![[0, 0]; 2];
    for (i, rows) in shape[2..].iter().enumerate() {
        pads.push(sides.padding(i, *rows)?);
    }
    let fill = if node.operator == "MaxPool" { f32::NEG_INFINITY } else { 0.0 };
    let to: Vec<usize> =
        shape.iter().zip(&pads).map(|(side, [before, after])| side + before + after).collect();
    let mut all = ArrayD::from_elem(IxDyn(&to), fill);
    let values = ArrayD::from_shape_vec(IxDyn(&shape), input.to_vec());
    let values = values.map_err(|error| error.to_string())?;
    let within = |axis: ndarray::AxisDescription| {
        let (Axis(i), before) = (axis.axis, pads[axis.axis.index()][0] as isize);
        Slice::new(before, Some(before + shape[i] as isize), 1)
    };
    all.slice_each_axis_mut(within).assign(&values);
    Value::from_shape(to, all.into_raw_vec_and_offset().0).map(Some).map_err(|e| e.to_string())
}
