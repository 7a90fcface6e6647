//! What the attributes of a convolution say of its sides.

use super::attributes::Attributes;

/// What a node's attributes say of one direction.
pub(super) struct Sides {
    pub(super) kernel: Vec<usize>,
    pub(super) strides: Vec<usize>,
    pub(super) dilations: Vec<usize>,
    begins: Vec<usize>,
    ends: Vec<usize>,
    /// Where padding is such that the output has as many rows as the input over the stride, on which side
    /// an odd row of it is.
    same: Option<Odd>,
}

/// Where an odd row of padding is.
#[derive(Clone, Copy)]
enum Odd {
    Before,
    After,
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
            "" | "NOTSET" => (begins.to_vec(), ends.to_vec(), None),
            "VALID" => (none.clone(), none, None),
            "SAME_UPPER" => (none.clone(), none, Some(Odd::After)),
            "SAME_LOWER" => (none.clone(), none, Some(Odd::Before)),
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
        if let Some(odd) = self.same {
            let output = rows.div_ceil(stride);
            let all = ((output - 1) * stride + reach).saturating_sub(rows);
            let before = match odd {
                Odd::Before => all.div_ceil(2),
                Odd::After => all / 2,
            };
            return Ok([before, output]);
        }
        let padded = rows + self.begins[side] + self.ends[side];
        let room = padded.checked_sub(reach);
        let room = room.ok_or_else(|| {
            format!("its kernel reaches over {reach} rows, and {padded} are there with padding")
        })?;
        Ok([self.begins[side], room / stride + 1])
    }

    /// The padding before and after that so many rows are given.
    pub(super) fn padding(&self, side: usize, rows: usize) -> Result<[usize; 2], String> {
        let [before, output] = self.convolved(side, rows)?;
        let seen = (output - 1) * self.strides[side] + self.reach(side);
        Ok([before, seen.saturating_sub(rows + before)])
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
        let output = given.or(self.same.map(|_| rows * stride));
        if let Some(output) = output {
            let cut = whole.checked_sub(output).ok_or("its output is larger than it can be")?;
            return Ok([cut / 2, output]);
        }
        let cut = self.begins[side] + self.ends[side];
        let output = whole.checked_sub(cut).filter(|output| *output > 0);
        Ok([self.begins[side], output.ok_or("its padding leaves nothing of it")?])
    }
}
