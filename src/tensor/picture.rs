//! Pictures as inputs, and outputs as pictures.

use std::io::Cursor;
use std::path::Path;

use image::imageops::FilterType;
use image::{DynamicImage, GrayImage, ImageFormat, ImageReader, Luma};
use ndarray::{Array3, ArrayView2, Axis};

use super::{TensorError, file_error, read_bytes};
use crate::conv::Layer;

/// Pixels between the maps of a contact sheet.
const GAP: u32 = 2;

/// The photographs embedded in the binary, by name.
pub const BUILTIN_IMAGES: [&str; 1] = ["cat-224"];

/// A picture embedded in the binary. `cat-224` is "Chelsea" by Stefan van der Walt, CC0.
///
/// # Errors
/// [`TensorError::NoSuchImage`].
pub fn builtin_image(name: &str) -> Result<DynamicImage, TensorError> {
    if name != "cat-224" {
        return Err(TensorError::NoSuchImage { name: name.to_owned() });
    }
    decode(include_bytes!("../../assets/cat-224.png"), Path::new(name))
}

/// Reads a PNG file.
///
/// # Errors
/// [`TensorError::File`] where there is none.
pub fn read_picture(path: &Path) -> Result<DynamicImage, TensorError> {
    decode(&read_bytes(path)?, path)
}

fn decode(bytes: &[u8], path: &Path) -> Result<DynamicImage, TensorError> {
    ImageReader::with_format(Cursor::new(bytes), ImageFormat::Png)
        .decode()
        .map_err(|error| file_error(path, format_args!("no PNG image that can be read: {error}")))
}

/// As [`picture_activations`], for `layer`.
///
/// # Errors
/// [`TensorError::Channels`] where the layer takes another number of channels.
pub fn picture_input(picture: &DynamicImage, layer: &Layer) -> Result<Array3<i64>, TensorError> {
    let taker = format!("layer {}", layer.name());
    picture_activations(picture, layer.input_shape(), layer.activation_bits(), &taker)
}

/// The activations of a picture for what takes `shape` (channels, height, width): red, green and
/// blue, or grey for one channel; without its transparency; resized to the plane as a whole, with a
/// triangle filter; then an 8-bit value `v` becomes `v * (2^bits - 1) / 255`, rounded to the nearest
/// integer. `taker` is for messages.
///
/// # Errors
/// [`TensorError::Channels`] for another number of channels.
pub fn picture_activations(
    picture: &DynamicImage,
    shape: [usize; 3],
    bits: u32,
    taker: &str,
) -> Result<Array3<i64>, TensorError> {
    let [channels, rows, columns] = shape;
    if channels != 1 && channels != 3 {
        return Err(TensorError::Channels { taker: taker.to_owned(), channels });
    }
    let (width, height) = (columns as u32, rows as u32);
    let picture = if (picture.width(), picture.height()) == (width, height) {
        picture.clone()
    } else {
        picture.resize_exact(width, height, FilterType::Triangle)
    };
    let bytes = if channels == 1 {
        picture.into_luma8().into_raw()
    } else {
        picture.into_rgb8().into_raw()
    };
    let max = (1 << bits) - 1;
    let activation = |byte: u8| (i64::from(byte) * max + 127) / 255;
    Ok(Array3::from_shape_fn(shape, |(c, y, x)| {
        activation(bytes[(y * columns + x) * channels + c])
    }))
}

/// Writes all channels of `output` as grey pictures in a grid, each from its least value (black)
/// to its largest (white).
///
/// # Errors
/// [`TensorError::File`].
pub fn write_contact_sheet(path: &Path, output: &Array3<i64>) -> Result<(), TensorError> {
    let (channels, height, width) = output.dim();
    let columns = (1..=channels).find(|columns| columns * columns >= channels).unwrap_or(1);
    let (width, height) = (width as u32, height as u32);
    let size = |count: usize, side: u32| count as u32 * (side + GAP) - GAP;
    let mut sheet = GrayImage::new(size(columns, width), size(channels.div_ceil(columns), height));
    for (channel, map) in output.axis_iter(Axis(0)).enumerate() {
        let left = (channel % columns) as u32 * (width + GAP);
        let top = (channel / columns) as u32 * (height + GAP);
        draw_map(&mut sheet, left, top, map);
    }
    sheet.save_with_format(path, ImageFormat::Png).map_err(|error| file_error(path, error))
}

fn draw_map(sheet: &mut GrayImage, left: u32, top: u32, map: ArrayView2<'_, i64>) {
    let least = map.iter().copied().min().unwrap_or(0);
    let spread = (map.iter().copied().max().unwrap_or(0) - least).max(1);
    for ((y, x), value) in map.indexed_iter() {
        let grey = ((value - least) * 255 / spread) as u8;
        sheet.put_pixel(left + x as u32, top + y as u32, Luma([grey]));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conv::{Layer, LayerSpec};

    fn layer(in_channels: usize, size: usize, activation_bits: u32) -> Layer {
        Layer::new(&LayerSpec {
            name: "picture".into(),
            in_channels,
            out_channels: 1,
            height: size,
            width: size,
            kernel: [3, 3],
            stride: 1,
            padding: None,
            groups: 1,
            activation_bits,
            activation_signed: None,
            weight_bits: 4,
        })
        .expect("valid")
    }

    #[test]
    fn the_photograph_fills_the_range_of_activations() {
        let photograph = builtin_image("cat-224").expect("embedded");
        let full = picture_input(&photograph, &layer(3, 224, 8)).expect("three channels");
        let pixel = photograph.to_rgb8().get_pixel(17, 40).0;
        assert_eq!([0, 1, 2].map(|c| full[[c, 40, 17]]), pixel.map(i64::from));
        let small = picture_input(&photograph, &layer(1, 32, 4)).expect("one channel");
        assert_eq!(small.dim(), (1, 32, 32));
        assert!(small.iter().all(|v| (0..16).contains(v)) && small.iter().any(|v| *v > 8));
    }

    /// Whatever its colours, a picture of one shade gives activations of that shade.
    #[test]
    fn grey_and_transparent_pictures_are_taken() {
        let pictures = [
            DynamicImage::ImageLuma8(GrayImage::from_pixel(5, 4, Luma([170]))),
            DynamicImage::ImageLumaA8(image::ImageBuffer::from_pixel(5, 4, image::LumaA([170, 0]))),
            DynamicImage::ImageLuma16(image::ImageBuffer::from_pixel(5, 4, Luma([170 * 257]))),
            DynamicImage::ImageRgba8(image::RgbaImage::from_pixel(5, 4, image::Rgba([170; 4]))),
        ];
        for picture in pictures {
            for (channels, bits, expected) in [(3, 8, 170), (3, 4, 10), (1, 1, 1)] {
                let shape = [channels, 3, 7];
                let input = picture_activations(&picture, shape, bits, "it").expect("takes it");
                assert_eq!(input, Array3::from_elem(shape, expected));
            }
        }
    }

    #[test]
    fn every_mistake_is_named() {
        let photograph = builtin_image("cat-224").expect("embedded");
        let error = picture_input(&photograph, &layer(2, 8, 4)).expect_err("two channels");
        assert!(error.to_string().contains("layer picture takes 2"), "{error}");
        let error = builtin_image("dog").expect_err("no dog").to_string();
        assert!(error.contains("cat-224"), "{error}");
        let directory = tempfile::tempdir().expect("temporary directory");
        let path = directory.path().join("x.png");
        std::fs::write(&path, "no picture").expect("writes");
        let error = read_picture(&path).expect_err("no picture").to_string();
        assert!(error.contains("no PNG image") && !error.contains('\n'), "{error}");
    }

    #[test]
    fn contact_sheets_hold_every_map() {
        let directory = tempfile::tempdir().expect("temporary directory");
        let path = directory.path().join("sheet.png");
        let output = Array3::from_shape_fn((5, 4, 6), |(c, y, x)| (c * y) as i64 - x as i64);
        write_contact_sheet(&path, &output).expect("writes");
        let sheet = read_picture(&path).expect("reads");
        assert_eq!((sheet.width(), sheet.height()), (3 * 8 - 2, 2 * 6 - 2));
    }
}
