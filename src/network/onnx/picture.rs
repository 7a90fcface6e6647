//! Pictures as a model takes them.

use super::error::ModelError;
use super::served::Given;
use crate::tensor::{Picture, TensorError, picture_values};

/// In which order a model takes the sides of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Channels, rows, columns.
    ChannelsFirst,
    /// Rows, columns, channels.
    ChannelsLast,
}

/// How a picture becomes the input of a model: values from 0 to 1, each channel less its mean and divided
/// by its standard deviation.
#[derive(Clone, Debug, PartialEq)]
pub struct PictureForm {
    model: String,
    shape: Vec<usize>,
    order: Order,
    /// Channels, rows, columns.
    planes: [usize; 3],
    mean: Vec<f64>,
    std: Vec<f64>,
}

impl PictureForm {
    /// For an input of `shape`; where the order is not given it is that in which there are 1 or 3
    /// channels. `mean` and `std` have one number for all channels, or one for each; none is 0 and 1.
    ///
    /// # Errors
    /// [`ModelError::Model`] where the input is no picture, or there are other numbers.
    pub fn new(
        model: &str,
        shape: &[usize],
        order: Option<Order>,
        [mean, std]: [&[f64]; 2],
    ) -> Result<Self, ModelError> {
        let error = |problem: String| ModelError::Model { model: model.to_owned(), problem };
        let no_picture = || {
            error(format!(
                "its input of shape {shape:?} is no picture of 1 or 3 channels; --input gives an array"
            ))
        };
        let [1, a, b, c] = *shape else { return Err(no_picture()) };
        let is_channels = |side: usize| matches!(side, 1 | 3);
        let order = order.or(match (is_channels(a), is_channels(c)) {
            (true, _) => Some(Order::ChannelsFirst),
            (false, true) => Some(Order::ChannelsLast),
            (false, false) => None,
        });
        let planes = match order {
            Some(Order::ChannelsFirst) if is_channels(a) => [a, b, c],
            Some(Order::ChannelsLast) if is_channels(c) => [c, a, b],
            _ => return Err(no_picture()),
        };
        let order = order.unwrap_or(Order::ChannelsFirst);
        let numbers = |name: &str, given: &[f64], otherwise: f64| {
            let all = match given {
                [] => vec![otherwise; planes[0]],
                [one] => vec![*one; planes[0]],
                each => each.to_vec(),
            };
            let is_right = all.len() == planes[0] && all.iter().all(|number| number.is_finite());
            let expected = format!("--{name} takes 1 number or {}", planes[0]);
            is_right.then_some(all).ok_or_else(|| error(expected))
        };
        let (mean, std) = (numbers("mean", mean, 0.0)?, numbers("std", std, 1.0)?);
        if std.iter().any(|std| *std <= 0.0) {
            return Err(error("--std takes numbers above 0".into()));
        }
        Ok(Self { model: model.to_owned(), shape: shape.to_vec(), order, planes, mean, std })
    }

    /// Channels, rows and columns of the picture.
    pub const fn planes(&self) -> [usize; 3] {
        self.planes
    }

    /// Whether no picture has values below 0.
    pub fn is_positive(&self) -> bool {
        self.mean.iter().all(|mean| *mean <= 0.0)
    }

    /// The input that a picture is.
    ///
    /// # Errors
    /// [`TensorError`] where it cannot be resized.
    pub fn given(&self, picture: &Picture) -> Result<Given, TensorError> {
        let taker = format!("model {}", self.model);
        let mut values = picture_values(picture, self.planes, &taker)?;
        for (mut plane, (mean, std)) in values.outer_iter_mut().zip(self.mean.iter().zip(&self.std))
        {
            plane.mapv_inplace(|value| (value - mean) / std);
        }
        if self.order == Order::ChannelsLast {
            values = values.permuted_axes([1, 2, 0]);
        }
        let values = values.iter().map(|value| *value as f32).collect();
        Ok(Given { shape: self.shape.clone(), values })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensor::builtin_image;

    fn form(shape: &[usize], mean: &[f64]) -> Result<PictureForm, ModelError> {
        PictureForm::new("m", shape, None, [mean, &[0.5]])
    }

    #[test]
    fn channels_come_first_or_last() {
        let cat = builtin_image("cat-224").expect("built in");
        let first = form(&[1, 3, 4, 6], &[0.1, 0.2, 0.3]).expect("a picture");
        let last = form(&[1, 4, 6, 3], &[0.1, 0.2, 0.3]).expect("a picture");
        assert!(!first.is_positive() && form(&[1, 1, 8, 8], &[]).expect("grey").is_positive());
        let (first, last) =
            (first.given(&cat).expect("resizes"), last.given(&cat).expect("resizes"));
        for (c, y, x) in [(0, 0, 0), (2, 3, 5), (1, 2, 4)] {
            let [a, b] = [first.values[(c * 4 + y) * 6 + x], last.values[(y * 6 + x) * 3 + c]];
            assert_eq!(a.to_bits(), b.to_bits());
        }
        for (shape, mean) in
            [(&[1, 2, 4, 4][..], &[][..]), (&[1, 3, 4], &[]), (&[1, 3, 4, 4], &[1.0, 2.0])]
        {
            form(shape, mean).expect_err("refused");
        }
    }
}
