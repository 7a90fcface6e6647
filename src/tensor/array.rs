//! An array as a file holds it: its header first, its numbers when they are wanted.

use ndarray::{ArrayD, IxDyn, ShapeBuilder};

use super::element::Element;
use super::no_room;

/// What a file says of an array.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Header {
    /// The type of its numbers, or what the file calls it if that is none we read.
    pub(super) element: Result<Element, String>,
    /// Whether the numbers are big-endian.
    pub(super) big_endian: bool,
    /// Whether the first index runs fastest.
    pub(super) fortran: bool,
    /// Its sides.
    pub(super) shape: Vec<usize>,
}

/// An array and the type its numbers had.
#[derive(Clone, Debug, PartialEq)]
pub struct TypedArray {
    /// The type in the file.
    pub element: Element,
    /// The numbers.
    pub values: ArrayD<f64>,
}

impl Header {
    /// How messages describe the array.
    pub(super) fn describe(&self) -> String {
        let element = match &self.element {
            Ok(element) => element.to_string(),
            Err(name) => name.escape_debug().to_string(),
        };
        format!("has shape {:?} of type {element}", self.shape)
    }

    /// Bytes of the numbers, if that is a number.
    pub(super) fn size(&self, element: Element) -> Option<usize> {
        self.shape.iter().try_fold(element.size(), |size, side| size.checked_mul(*side))
    }

    /// The numbers.
    ///
    /// # Errors
    /// Why they cannot be read.
    pub(super) fn decode(&self, bytes: &[u8]) -> Result<TypedArray, String> {
        let Ok(element) = self.element else { return Err(self.describe()) };
        let size = self.size(element);
        if size != Some(bytes.len()) {
            let size = size.map_or_else(|| "too many".into(), |size| size.to_string());
            return Err(format!(
                "{}, {size} bytes, but {} are there",
                self.describe(),
                bytes.len()
            ));
        }
        let numbers = (bytes.len() / element.size()) as u64;
        no_room(numbers * size_of::<f64>() as u64).map_or(Ok(()), Err)?;
        let number = |bytes: &[u8]| {
            if self.big_endian {
                let mut reversed = bytes.to_vec();
                reversed.reverse();
                element.decode(&reversed)
            } else {
                element.decode(bytes)
            }
        };
        let values = bytes.chunks_exact(element.size()).map(number).collect();
        let shape = IxDyn(&self.shape).set_f(self.fortran);
        let values = ArrayD::from_shape_vec(shape, values).map_err(|error| error.to_string())?;
        Ok(TypedArray { element, values })
    }
}
