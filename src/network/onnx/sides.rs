//! What the attributes of a convolution say of its sides.

use super::attributes::Attributes;

/// What a node's attributes say of one direction.
pub(super) struct Sides {
    pub(super) kernel: Vec<usize>,
    pub(super) strides: Vec<usize>,
    pub(super) dilations: Vec<usize>,
    begins: Vec<usize>,
    ends: Vec<usize>,
    /// Whether padding is such that the output has as many rows as the input over the stride.
    same: bool,
}

impl Sides {
    /// Of a node with a kernel of these sides.
    ///
    /// # Errors
    /// What is wrong with its attributes.
    pub(super) fn of(attributes: Attributes<'_>, kernel: &[usize]) -> Result<Self, String> {
        let count = kernel.len();
        let given = attributes.sizes("kernel_shape", count, 1, 0)?;
        if given.iter().zip(kernel).any(|(given, kernel)| *given != 0 && given != kernel) {
            return Err(format!("kernel_shape = {given:?}, but its weights have {kernel:?}"));
        }
        let pads = attributes.sizes("pads", 2 * count, 0, 0)?;
        let (begins, ends) = pads.split_at(count);
        let none = vec![0; count];
        let (begins, ends, same) = match attributes.text("auto_pad") {
            "" | "NOTSET" => (begins.to_vec(), ends.to_vec(), false),
            "VALID" => (none.clone(), none, false),
            "SAME_UPPER" => (none.clone(), none, true),
            other => return Err(format!("auto_pad = {other:?} is not known")),
        };
        Ok(Self {
            kernel: kernel.to_vec(),
            strides: attributes.sizes("strides", count, 1, 1)?,
            dilations: attributes.sizes("dilations", count, 1, 1)?,
            begins,
            ends,
            same,
        })
    }

    /// The reach of a kernel.
    fn reach(&self, side: usize) -> usize {
        (self.kernel[side] - 1) * self.dilations[side] + 1
    }

    /// The padding before, and the rows of the output.
    pub(super) fn convolved(&self, side: usize, rows: usize) -> Result<[usize; 2], String> {
        let (reach, stride) = (self.reach(side), self.strides[side]);
        if self.same {
            let output = rows.div_ceil(stride);
            let all = ((output - 1) * stride + reach).saturating_sub(rows);
            return Ok([all / 2, output]);
        }
        let padded = rows + self.begins[side] + self.ends[side];
        let room = padded.checked_sub(reach);
        let room = room.ok_or_else(|| {
            format!("its kernel reaches over {reach} rows, and {padded} are there with padding")
        })?;
        Ok([self.begins[side], room / stride + 1])
    }

    /// What is cut off before, and the rows of the output, of a transposed convolution.
    pub(super) fn transposed(
        &self,
        side: usize,
        rows: usize,
        more: usize,
        given: Option<usize>,
    ) -> Result<[usize; 2], String> {
        let (reach, stride) = (self.reach(side), self.strides[side]);
        let whole = (rows - 1) * stride + reach + more;
        let output = given.or(self.same.then_some(rows * stride));
        if let Some(output) = output {
            let cut = whole.checked_sub(output).ok_or("its output is larger than it can be")?;
            return Ok([cut / 2, output]);
        }
        let cut = self.begins[side] + self.ends[side];
        let output = whole.checked_sub(cut).filter(|output| *output > 0);
        Ok([self.begins[side], output.ok_or("its padding leaves nothing of it")?])
    }
}
