//! One direction of a convolution that the server computes: rows, or columns.
//!
//! The server's convolutions have one stride for both directions, odd kernels, and less padding than
//! kernel. The client makes the others of them, without a product more than there are:
//!
//! - a stride beyond that of both directions: it takes every P-th row of an input channel as a channel
//!   of its own, a *phase*; a kernel position then meets one phase, so many rows further on;
//! - a transposed convolution of stride s: every s-th row of an output channel is one of its own, and
//!   a kernel position gives one of these;
//! - dilation, an even kernel: a larger kernel, with weights of 0;
//! - more padding than kernel, or padding that is no 0: rows that it adds itself.
//!
//! What it has no use for of the result it leaves out.

/// Where a kernel position takes its row and where it gives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tap {
    /// Which of the phases of an input channel.
    pub(super) from: usize,
    /// Which of the phases of an output channel.
    pub(super) to: usize,
    /// The row of the kernel that meets it.
    pub(super) kernel: usize,
}

/// One direction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Axis {
    /// Rows of the input.
    pub(super) input: usize,
    /// Rows of the output.
    pub(super) output: usize,
    /// Phases of an input channel.
    pub(super) from: usize,
    /// Phases of an output channel.
    pub(super) to: usize,
    /// Of each kernel position its tap.
    pub(super) taps: Vec<Tap>,
    /// Rows of the server's kernel.
    pub(super) kernel: usize,
    /// Rows that the client adds before and after each phase.
    pub(super) added: [usize; 2],
    /// Rows of a phase with what is added.
    pub(super) rows: usize,
    /// Padding that the server adds before and after.
    pub(super) padding: [usize; 2],
}

/// Where kernel positions lie before they are put into one kernel.
struct Offsets {
    input: usize,
    output: usize,
    from: usize,
    to: usize,
    /// Phases and the row of a phase, of the output row 0 of its phase.
    taps: Vec<(usize, usize, i64)>,
    stride: usize,
}

impl Axis {
    /// Of a convolution with so many input and output rows, a kernel, a stride, of which the server
    /// makes `server_stride`, which divides it, a dilation, and padding before. `explicit` padding is
    /// added by the client.
    pub(super) fn convolution(
        [input, output]: [usize; 2],
        kernel: usize,
        [stride, server_stride]: [usize; 2],
        dilation: usize,
        padding: usize,
        explicit: bool,
    ) -> Self {
        let from = stride / server_stride;
        let phases = from as i64;
        let place = |k: usize| (k * dilation) as i64 - padding as i64;
        let tap = |k| (place(k).rem_euclid(phases) as usize, 0, place(k).div_euclid(phases));
        let taps = (0..kernel).map(tap).collect();
        Offsets { input, output, from, to: 1, taps, stride: server_stride }.place(explicit)
    }

    /// Of a transposed convolution; `padding` is what is cut off before.
    pub(super) fn transposed(
        [input, output]: [usize; 2],
        kernel: usize,
        stride: usize,
        dilation: usize,
        padding: usize,
        explicit: bool,
    ) -> Self {
        // Input row i meets output row i stride + k dilation - padding.
        let phases = stride as i64;
        let place = |k: usize| (k * dilation) as i64 - padding as i64;
        let tap = |k| (0, place(k).rem_euclid(phases) as usize, -place(k).div_euclid(phases));
        let taps = (0..kernel).map(tap).collect();
        Offsets { input, output, from: 1, to: stride, taps, stride: 1 }.place(explicit)
    }

    /// Rows that are taken one by one.
    pub(super) fn alone(rows: usize) -> Self {
        Self::convolution([rows, rows], 1, [1, 1], 1, 0, false)
    }

    /// The input row that stands in row `row` of phase `phase`; `None` where it is one that was added.
    pub(super) fn source(&self, phase: usize, row: usize) -> Option<usize> {
        let row = row.checked_sub(self.added[0])? * self.from + phase;
        (row < self.input).then_some(row)
    }
}

impl Offsets {
    fn place(self, explicit: bool) -> Axis {
        let Self { input, output, from, to, taps, stride } = self;
        // The kernel reaches from `first` to `last`, and over the row of the output itself.
        let first = taps.iter().map(|tap| tap.2).min().unwrap_or(0).min(0);
        let last = taps.iter().map(|tap| tap.2).max().unwrap_or(0).max(0);
        let even = (last - first + 1) % 2 == 0;
        let last = last + i64::from(even);
        let kernel = (last - first + 1) as usize;
        let rows = input.div_ceil(from);
        let reach = (output.div_ceil(to) as i64 - 1) * stride as i64 + last;
        let padding = [-first, (reach - (rows as i64 - 1)).max(0)].map(|side| side as usize);
        // More than a kernel sees at once, the client adds; its own row is within it, so only after.
        let beyond = if explicit { 0 } else { kernel - 1 };
        let added = padding.map(|side| side.saturating_sub(beyond));
        let taps = taps.into_iter().map(|(from, to, offset)| Tap {
            from,
            to,
            kernel: (offset - first) as usize,
        });
        Axis {
            input,
            output,
            from,
            to,
            taps: taps.collect(),
            kernel,
            added,
            rows: rows + added[0] + added[1],
            padding: [padding[0] - added[0], padding[1] - added[1]],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Rows of a phase of the output.
    fn output_rows(axis: &Axis) -> usize {
        axis.output.div_ceil(axis.to)
    }

    /// What the server makes of the phases, put together again.
    fn served(axis: &Axis, stride: usize, input: &[i64], kernel: &[i64]) -> Vec<i64> {
        let fill = 0;
        let mut phases: Vec<Vec<i64>> = Vec::new();
        for phase in 0..axis.from {
            let row = |row| axis.source(phase, row).map_or(fill, |row| input[row]);
            phases.push((0..axis.rows).map(row).collect());
        }
        let [before, after] = axis.padding;
        let count = (axis.rows + before + after - axis.kernel) / stride + 1;
        assert!(count >= output_rows(axis), "{axis:?}");
        assert!(axis.kernel % 2 == 1 && before < axis.kernel && after < axis.kernel, "{axis:?}");
        let mut output = vec![0; axis.output];
        for (place, tap) in axis.taps.iter().enumerate() {
            for m in 0..output_rows(axis) {
                let row = (m * stride + tap.kernel).checked_sub(before);
                let value = row.and_then(|row| phases[tap.from].get(row)).copied().unwrap_or(0);
                if let Some(sum) = output.get_mut(m * axis.to + tap.to) {
                    *sum += value * kernel[place];
                }
            }
        }
        output
    }

    fn numbers(count: usize) -> Vec<i64> {
        (0..count).map(|i| (i * i % 17) as i64 - 8).collect()
    }

    proptest! {
        #[test]
        fn a_convolution_is_one_of_phases(
            rows in 1usize..20, kernel in 1usize..6, server in 1usize..4, times in 1usize..4,
            dilation in 1usize..4, pads in [0usize..9, 0usize..9], explicit: bool,
        ) {
            let stride = server * times;
            let reach = (kernel - 1) * dilation + 1;
            prop_assume!(rows + pads[0] + pads[1] >= reach);
            let output = (rows + pads[0] + pads[1] - reach) / stride + 1;
            let (input, weights) = (numbers(rows), numbers(kernel));
            let expected: Vec<i64> = (0..output).map(|y| (0..kernel).map(|k| {
                let row = (y * stride + k * dilation).checked_sub(pads[0]);
                row.and_then(|row| input.get(row)).map_or(0, |x| x * weights[k])
            }).sum()).collect();
            let axis = Axis::convolution([rows, output], kernel, [stride, server], dilation, pads[0], explicit);
            prop_assert_eq!(served(&axis, server, &input, &weights), expected);
            prop_assert!(!explicit || axis.padding == [0, 0]);
        }

        #[test]
        fn a_transposed_one_too(
            rows in 1usize..12, kernel in 1usize..6, stride in 1usize..5, dilation in 1usize..3,
            cut in [0usize..4, 0usize..4], more in 0usize..3, explicit: bool,
        ) {
            let whole = (rows - 1) * stride + (kernel - 1) * dilation + 1 + more;
            prop_assume!(whole > cut[0] + cut[1]);
            let output = whole - cut[0] - cut[1];
            let (input, weights) = (numbers(rows), numbers(kernel));
            let mut expected = vec![0; whole];
            for (i, x) in input.iter().enumerate() {
                for (k, w) in weights.iter().enumerate() {
                    expected[i * stride + k * dilation] += x * w;
                }
            }
            let axis = Axis::transposed([rows, output], kernel, stride, dilation, cut[0], explicit);
            let expected = &expected[cut[0]..cut[0] + output];
            prop_assert_eq!(served(&axis, 1, &input, &weights), expected);
        }
    }
}
