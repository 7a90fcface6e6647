//! A layer of one's own: the fields of its shape.

use super::{Field, Form};
use crate::conv::{Layer, LayerSpec};
use crate::preset::{LayerData, LayerPreset, OWN_NETWORK};

/// Padding that keeps the size of the plane.
const HALF_KERNEL: &str = "auto";

impl Form {
    /// The value of a field of the layer's shape.
    pub(super) fn shape_value(&self, field: Field) -> String {
        let spec = &self.layer.spec;
        match field {
            Field::InChannels => spec.in_channels.to_string(),
            Field::OutChannels => spec.out_channels.to_string(),
            Field::Plane => sides_text([spec.height, spec.width]),
            Field::Kernel => sides_text(spec.kernel),
            Field::Stride => spec.stride.to_string(),
            Field::Padding => padding_text(spec.padding),
            Field::Groups => spec.groups.to_string(),
            _ => self.layer.full_name(),
        }
    }

    /// Takes over a field of the layer's shape as typed.
    pub(super) fn parse_shape(&mut self, field: Field, text: &str) -> Result<(), String> {
        let before = self.layer.clone();
        let spec = &mut self.layer.spec;
        let count = |text: &str| {
            let number = text.parse::<usize>().ok().filter(|number| *number <= 1 << 16);
            number.ok_or_else(|| format!("{}: {text:?} is no number up to 65536", field.label()))
        };
        match field {
            Field::InChannels => spec.in_channels = count(text)?,
            Field::OutChannels => spec.out_channels = count(text)?,
            Field::Plane => [spec.height, spec.width] = sides(text, field)?,
            Field::Kernel => spec.kernel = sides(text, field)?,
            Field::Stride => spec.stride = count(text)?,
            Field::Padding => spec.padding = padding(text)?,
            Field::Groups if text == "depthwise" => spec.groups = spec.in_channels,
            Field::Groups => spec.groups = count(text)?,
            _ => return self.rename_layer(text),
        }
        self.own_layer(&before);
        Ok(())
    }

    /// The layer with a field of its shape one step up or down; `false` where there is none.
    pub(super) fn step_shape(&mut self, field: Field, up: bool) -> bool {
        let before = self.layer.clone();
        let spec = &mut self.layer.spec;
        let next = match field {
            Field::InChannels => doubled(spec.in_channels, up).map(|n| spec.in_channels = n),
            Field::OutChannels => doubled(spec.out_channels, up).map(|n| spec.out_channels = n),
            Field::Plane => doubled(spec.height.max(spec.width), up).map(|n| {
                (spec.height, spec.width) = (n, n);
            }),
            Field::Kernel => {
                let side = spec.kernel[0];
                let next = if up { Some(side + 2) } else { side.checked_sub(2) };
                next.filter(|n| *n > 0).map(|n| spec.kernel = [n, n])
            }
            Field::Stride => {
                let next = if up { Some(spec.stride + 1) } else { spec.stride.checked_sub(1) };
                next.filter(|n| *n > 0).map(|n| spec.stride = n)
            }
            Field::Padding => {
                let next = match (spec.padding, up) {
                    (None, true) => Some(Some([0; 4])),
                    (None, false) => None,
                    (Some([0, 0, 0, 0]), false) => Some(None),
                    (Some(sides), true) => Some(Some(sides.map(|n| n + 1))),
                    (Some(sides), false) => Some(Some(sides.map(|n| n.saturating_sub(1)))),
                };
                next.map(|padding| spec.padding = padding)
            }
            Field::Groups => doubled(spec.groups, up).map(|n| spec.groups = n),
            _ => None,
        };
        if next.is_some() {
            self.own_layer(&before);
        }
        next.is_some()
    }

    /// Gives the layer a name.
    fn rename_layer(&mut self, text: &str) -> Result<(), String> {
        if text == self.layer.full_name() {
            return Ok(());
        }
        let name = text.strip_prefix(OWN_NETWORK).and_then(|rest| rest.strip_prefix('/'));
        let name = name.unwrap_or(text);
        let is_fine = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
        if name.is_empty() || name.len() > 64 || !name.chars().all(is_fine) {
            return Err(format!(
                "layer: {text:?} is no name; letters, digits, - _ and . make one, like mine-64"
            ));
        }
        name.clone_into(&mut self.layer.spec.name);
        self.layer.network = Some(OWN_NETWORK.into());
        Ok(())
    }

    /// A layer of another shape than `before` is one of the user's own: under a name that says its
    /// shape unless it has one of the user's choice, and without data that do not fit it.
    fn own_layer(&mut self, before: &LayerPreset) {
        if self.layer.spec == before.spec {
            return;
        }
        let is_named = before.network.as_deref() == Some(OWN_NETWORK)
            && before.spec.name != shape_name(&before.spec);
        if !is_named {
            self.layer.spec.name = shape_name(&self.layer.spec);
        }
        self.layer.network = Some(OWN_NETWORK.into());
        let weights = |spec: &LayerSpec| Layer::new(spec).map(|layer| layer.weight_shape()).ok();
        if weights(&self.layer.spec) != weights(&before.spec) {
            self.layer.filters = None;
            self.layer.origin = None;
        }
        let fits = |data: &LayerData| Layer::new(&self.layer.spec).is_ok_and(|one| data.fits(&one));
        if !self.layer.data.as_deref().is_some_and(fits) {
            self.layer.data = None;
        }
        if self.layer.spec.in_channels != before.spec.in_channels {
            // Pictures have three channels, or one.
            self.layer.image = None;
        }
    }
}

/// A name that says the shape.
fn shape_name(spec: &LayerSpec) -> String {
    let LayerSpec { in_channels, out_channels, height, width, kernel, stride, groups, .. } = spec;
    let sides = sides_text([*height, *width]);
    let mut name = format!("c{in_channels}-{out_channels}-{sides}-k{}", sides_text(*kernel));
    if *stride != 1 {
        name = format!("{name}-s{stride}");
    }
    if *groups != 1 {
        name = format!("{name}-g{groups}");
    }
    name
}

/// One number where both are equal, else two.
fn sides_text([rows, columns]: [usize; 2]) -> String {
    if rows == columns { rows.to_string() } else { format!("{rows}x{columns}") }
}

fn padding_text(padding: Option<[usize; 4]>) -> String {
    match padding {
        None => HALF_KERNEL.into(),
        Some([top, left, bottom, right]) if [left, bottom, right].iter().all(|n| *n == top) => {
            top.to_string()
        }
        Some(sides) => sides.map(|side| side.to_string()).join(" "),
    }
}

/// Rows and columns, or one number for both.
fn sides(text: &str, field: Field) -> Result<[usize; 2], String> {
    let wrong = || format!("{}: {text:?} is nothing like 28 or 28x32", field.label());
    let numbers = numbers(text).filter(|all| all.iter().all(|n| *n <= 1 << 14));
    match numbers.ok_or_else(wrong)?[..] {
        [side] => Ok([side, side]),
        [rows, columns] => Ok([rows, columns]),
        _ => Err(wrong()),
    }
}

fn padding(text: &str) -> Result<Option<[usize; 4]>, String> {
    if text == HALF_KERNEL {
        return Ok(None);
    }
    let wrong = || {
        format!(
            "padding: {text:?} is nothing like {HALF_KERNEL} (half the kernel), 1, or 1 1 1 1 (top, \
             left, bottom, right)"
        )
    };
    let numbers = numbers(text).filter(|all| all.iter().all(|n| *n < 255));
    match numbers.ok_or_else(wrong)?[..] {
        [side] => Ok(Some([side; 4])),
        [top, left, bottom, right] => Ok(Some([top, left, bottom, right])),
        _ => Err(wrong()),
    }
}

/// Numbers between spaces, commas or an x.
fn numbers(text: &str) -> Option<Vec<usize>> {
    let parts = text.split(['x', ',', ' ']).filter(|part| !part.is_empty());
    parts.map(|part| part.parse().ok()).collect()
}

/// The next power of two up or down.
fn doubled(number: usize, up: bool) -> Option<usize> {
    let next =
        if up { (number + 1).next_power_of_two() } else { number.div_ceil(2).next_power_of_two() };
    let next = if !up && next >= number { number / 2 } else { next };
    (next > 0 && next <= 1 << 16).then_some(next)
}
