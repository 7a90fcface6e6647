//! Lanes: how channels share the slots of a ciphertext, and what the rotation of a tap does.

use super::DrawError;
use super::example::{CHANNELS, Example, RING_DEGREE};
use super::svg::{self, Anchor, Drawing, EMPTY, Look};
use crate::bfv::Plaintext;
use crate::conv::slots::{Layout, Move, Packing, RowUse};
use crate::ring::GaloisElement;

/// Cells of slots, and of planes.
const CELL: [f64; 2] = [12.8, 20.0];
const PIXEL: f64 = 17.0;
const LEFT: f64 = 20.0;

/// The packing of the example into 8 lanes.
pub(super) fn packing(example: &Example) -> Result<Packing, DrawError> {
    let packing = Packing::new(
        &example.layer,
        RING_DEGREE,
        Layout::Interleaved,
        CHANNELS / 2,
        RowUse::Channels,
    );
    packing.ok_or(DrawError::Lacks("a packing into lanes"))
}

pub(super) fn draw() -> Result<String, DrawError> {
    let example = Example::new(CHANNELS)?;
    let packing = packing(&example)?;
    let packed = packing.pack(&example.context, example.input.view())?;
    let packed = packed.first().ok_or(DrawError::Lacks("an input ciphertext"))?;
    // The tap one column to the right of an output's own pixel.
    let tap = Move { rows: 0, columns: 1, lanes: 0 };
    let steps = tap.slots(&packing);
    let rotation = GaloisElement::rotation(RING_DEGREE, steps, false);
    let rotated = example.turned(packed, rotation);
    let slots =
        |plaintext: &Plaintext| Ok::<_, DrawError>(example.context.slots()?.decode(plaintext));
    let [before, after] = [slots(packed)?, slots(&rotated)?];

    let title = format!(
        "Lanes: {CHANNELS} channels of 3x3 planes share the N = {RING_DEGREE} slots of one ciphertext"
    );
    let mut drawing = Drawing::new(860.0, 412.0, &title);
    planes(&mut drawing, &packing, &before);
    let (half, lanes) = (RING_DEGREE / 2, packing.lanes_per_row());
    let text = format!(
        "Slot p C' + b of a row is position p of lane b; C' = {lanes} lanes a row, two rows of N/2 = {half} slots:"
    );
    drawing.text([LEFT, 186.0], Look::Quiet, Anchor::Start, text);
    row(&mut drawing, 212.0, "row 0", &before[..half]);
    row(&mut drawing, 252.0, "row 1", &before[half..]);
    let text = format!(
        "Row 0 rotated left by {steps} slots: every lane has moved by one position, so each position now holds \
         its right neighbour."
    );
    drawing.text([LEFT, 302.0], Look::Quiet, Anchor::Start, text);
    row(&mut drawing, 328.0, "", &after[..half]);
    // An output in the middle of the plane, and one whose right neighbour is padding.
    for (column, text) in [(1, "pixel 5 where pixel 4 was"), (2, "padding where pixel 5 was")] {
        let position = packing.row_stride() + column;
        let (x, width) = (LEFT + CELL[0] * (position * lanes) as f64, CELL[0] * lanes as f64);
        for y in [212.0, 328.0] {
            drawing.frame([x - 1.5, y - 2.0, width + 2.4, CELL[1] + 4.0], svg::STRONG[column - 1]);
        }
        let (at, anchor) =
            if column == 1 { (x + width, Anchor::End) } else { (x + width + 4.0, Anchor::Start) };
        drawing.text([at, 364.0], Look::Quiet, anchor, text);
    }
    let text = "Times a plaintext that is constant on lanes, one weight a lane, this is the term of the tap to the \
                right, for all pixels.";
    drawing.text([LEFT, 392.0], Look::Quiet, Anchor::Start, text);
    Ok(drawing.finish())
}

fn colour(value: u64) -> &'static str {
    Example::named(value).map_or(EMPTY, |[channel, _]| svg::CHANNELS[channel])
}

/// The planes as they lie in lanes, with their shared padding.
fn planes(drawing: &mut Drawing, packing: &Packing, slots: &[u64]) {
    let (stride, size) = (packing.row_stride(), packing.lane_slots());
    for channel in 0..CHANNELS {
        let (row, lane) = (channel / packing.lanes_per_row(), channel % packing.lanes_per_row());
        let x = LEFT + (PIXEL * stride as f64 + 16.0) * channel as f64;
        drawing.text([x, 60.0], Look::Quiet, Anchor::Start, format!("channel {channel}"));
        for first in (0..size).step_by(stride) {
            let values: Vec<u64> =
                (first..first + stride).map(|p| slots[packing.slot(row, lane, p)]).collect();
            let y = 68.0 + PIXEL * (first / stride) as f64;
            cells(drawing, [x, y], [PIXEL, PIXEL - 0.6], &values);
        }
    }
    let text = format!(
        "Row stride R = {stride}: the zeros right of a row are the left padding of the next, those below the \
         padding above: no masks."
    );
    drawing.text([LEFT, 160.0], Look::Quiet, Anchor::Start, text);
}

/// One row of slots.
fn row(drawing: &mut Drawing, y: f64, name: &str, slots: &[u64]) {
    drawing.text([LEFT, y - 6.0], Look::Small, Anchor::Start, name);
    cells(drawing, [LEFT, y], CELL, slots);
}

/// Cells with the numbers of their pixels.
fn cells(drawing: &mut Drawing, [x, y]: [f64; 2], [w, h]: [f64; 2], values: &[u64]) {
    let colours: Vec<&str> = values.iter().map(|value| colour(*value)).collect();
    drawing.strip([x, y], [w, h], &colours);
    for (i, value) in values.iter().enumerate() {
        let Some([_, pixel]) = Example::named(*value) else { continue };
        let at = [x + w * (i as f64 + 0.5), y + h / 2.0 + 3.2];
        drawing.text(at, Look::Small, Anchor::Middle, pixel);
    }
}
