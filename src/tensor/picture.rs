//! Pictures as inputs, and outputs as pictures.

use std::io::Cursor;
use std::path::Path;

use image::{DynamicImage, GrayImage, ImageDecoder, ImageFormat, ImageReader, Luma, Rgb, RgbImage};
use ndarray::{Array3, ArrayView2, Axis};

use super::resize::Resize;
use super::{TensorError, file_error, no_room, read_at_most};
use crate::conv::Layer;
use crate::files::replace;

/// Pixels between the maps of a contact sheet.
const GAP: u32 = 2;

/// The photographs embedded in the binary, by name.
pub const BUILTIN_IMAGES: [&str; 1] = ["cat-224"];

/// The most bytes of a picture, as a file and decoded: nearly 90 million pixels of three bytes.
/// What a header promises is held against it before memory is taken.
const MOST_BYTES: u64 = 1 << 28;

/// The longest side of a picture in pixels, that of JPEG.
const LONGEST_SIDE: u32 = (1 << 16) - 1;

/// A picture, and how it is brought to the size that a layer takes.
#[derive(Clone, Debug)]
pub struct Picture {
    pixels: RgbImage,
    resize: Resize,
}

impl Picture {
    /// The same picture, resized in another way.
    #[must_use]
    pub fn resized(self, resize: Resize) -> Self {
        Self { resize, ..self }
    }

    /// Width and height in pixels.
    pub fn size(&self) -> [u32; 2] {
        self.pixels.dimensions().into()
    }
}

impl From<DynamicImage> for Picture {
    /// A picture without its transparency, in 8 bits.
    fn from(image: DynamicImage) -> Self {
        Self { pixels: image.into_rgb8(), resize: Resize::default() }
    }
}

/// A picture embedded in the binary. `cat-224` is "Chelsea" by Stefan van der Walt, CC0.
///
/// # Errors
/// [`TensorError::NoSuchImage`].
pub fn builtin_image(name: &str) -> Result<Picture, TensorError> {
    if name != "cat-224" {
        return Err(TensorError::NoSuchImage { name: name.to_owned() });
    }
    decode_picture(include_bytes!("../../assets/cat-224.png"), name)
}

/// Reads a PNG or JPEG file, whatever its name, turned as its EXIF orientation says. It may take
/// `max_memory` bytes on the way.
///
/// # Errors
/// [`TensorError::File`] where there is none, it would take more than that, or its pixels more than
/// 256 MiB.
pub fn read_picture(path: &Path, max_memory: u64) -> Result<Picture, TensorError> {
    decode(&read_at_most(path, MOST_BYTES.min(max_memory / 2))?, path, max_memory)
}

/// A picture that is in the binary, called `name` in messages.
///
/// # Errors
/// As [`read_picture`].
pub fn decode_picture(bytes: &[u8], name: &str) -> Result<Picture, TensorError> {
    decode(bytes, Path::new(name), u64::MAX)
}

fn decode(bytes: &[u8], path: &Path, max_memory: u64) -> Result<Picture, TensorError> {
    let unreadable = |problem: &dyn std::fmt::Display| {
        file_error(path, format_args!("no PNG or JPEG image that can be read: {problem}"))
    };
    let format = image::guess_format(bytes).map_err(|_| unreadable(&"it begins as neither"))?;
    if !matches!(format, ImageFormat::Png | ImageFormat::Jpeg) {
        let name = format.extensions_str().first().copied().unwrap_or("other");
        return Err(unreadable(&format_args!("it is a .{name} file")));
    }
    let reader = ImageReader::with_format(Cursor::new(bytes), format);
    let mut decoder = reader.into_decoder().map_err(|error| unreadable(&error))?;
    let (width, height) = decoder.dimensions();
    if decoder.total_bytes() > MOST_BYTES || width.max(height) > LONGEST_SIDE {
        return Err(file_error(
            path,
            format_args!(
                "a picture of {width}x{height} pixels; at most {LONGEST_SIDE} on a side and \
                 {} MiB in all are read: scale it down first",
                MOST_BYTES >> 20
            ),
        ));
    }
    // The file twice, and as many bytes for the coefficients of a progressive JPEG as for three copies
    // of its pixels.
    let needed = 4 * decoder.total_bytes() + 2 * bytes.len() as u64;
    if needed > max_memory {
        let [needed, allowed] = [needed, max_memory].map(|bytes| bytes.div_ceil(1 << 20));
        return Err(file_error(
            path,
            format_args!(
                "a picture of {width}x{height} pixels takes {needed} MiB to read, --max-memory allows \
                 {allowed} MiB: scale it down first"
            ),
        ));
    }
    if let Some(problem) = no_room(needed) {
        return Err(file_error(path, format_args!("to be read it {problem}")));
    }
    let orientation = decoder.orientation().map_err(|error| unreadable(&error))?;
    let mut image = DynamicImage::from_decoder(decoder).map_err(|error| unreadable(&error))?;
    image.apply_orientation(orientation);
    Ok(image.into())
}

/// The activations of a picture for `layer`: those of [`picture_pixels`] scaled so that 255 is the
/// largest activation and 0 is 0, rounded to the nearest integer.
///
/// # Errors
/// As [`picture_pixels`].
pub fn picture_input(picture: &Picture, layer: &Layer) -> Result<Array3<i64>, TensorError> {
    let taker = format!("layer {}", layer.name());
    let pixels = picture_pixels(picture, layer.input_shape(), &taker)?;
    Ok(activations(&pixels, *layer.activation_range().end()))
}

/// The values of a picture for what takes `shape` (channels, height, width): those of
/// [`picture_pixels`], from 0 to 1. `taker` is for messages.
///
/// # Errors
/// As [`picture_pixels`].
pub fn picture_values(
    picture: &Picture,
    shape: [usize; 3],
    taker: &str,
) -> Result<Array3<f64>, TensorError> {
    Ok(picture_pixels(picture, shape, taker)?.mapv(|pixel| f64::from(pixel) / 255.0))
}

fn activations(pixels: &Array3<u8>, largest: i64) -> Array3<i64> {
    pixels.mapv(|pixel| (i64::from(pixel) * largest + 127) / 255)
}

/// The pixels of a picture for what takes `shape` (channels, height, width): red, green and blue, or
/// grey for one channel; resized as [`Resize`] says, with a triangle filter. `taker` is for messages.
///
/// # Errors
/// [`TensorError::Channels`] for another number of channels; [`TensorError::Resize`] where the
/// picture cannot be resized.
pub fn picture_pixels(
    picture: &Picture,
    shape: [usize; 3],
    taker: &str,
) -> Result<Array3<u8>, TensorError> {
    let [channels, rows, columns] = shape;
    let plane = [columns as u32, rows as u32];
    let scaled = || {
        let scaled = picture.resize.scaled(picture.size(), plane);
        scaled.map_err(|problem| TensorError::Resize { taker: taker.to_owned(), problem })
    };
    let bytes = match channels {
        1 => scaled()?.of(&grey(&picture.pixels)).into_raw(),
        3 => scaled()?.of(&picture.pixels).into_raw(),
        _ => return Err(TensorError::Channels { taker: taker.to_owned(), channels }),
    };
    Ok(Array3::from_shape_fn(shape, |(c, y, x)| bytes[(y * columns + x) * channels + c]))
}

/// Luma of ITU-R Recommendation BT.601, 299/1000 red + 587/1000 green + 114/1000 blue, with the
/// rounding of Pillow, which torchvision uses: pure green becomes 150.
fn grey(pixels: &RgbImage) -> GrayImage {
    let luma = |Rgb([red, green, blue]): &Rgb<u8>| {
        let [red, green, blue] = [*red, *green, *blue].map(u32::from);
        (red * 19_595 + green * 38_470 + blue * 7_471 + (1 << 15)) >> 16
    };
    let mut grey = GrayImage::new(pixels.width(), pixels.height());
    for (grey, pixel) in grey.pixels_mut().zip(pixels.pixels()) {
        *grey = Luma([luma(pixel) as u8]);
    }
    grey
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
    let sides = [size(columns, width), size(channels.div_ceil(columns), height)];
    if let Some(problem) = no_room(u64::from(sides[0]) * u64::from(sides[1])) {
        return Err(file_error(path, format_args!("the picture {problem}")));
    }
    let mut sheet = GrayImage::new(sides[0], sides[1]);
    for (channel, map) in output.axis_iter(Axis(0)).enumerate() {
        let left = (channel % columns) as u32 * (width + GAP);
        let top = (channel / columns) as u32 * (height + GAP);
        draw_map(&mut sheet, left, top, map);
    }
    let mut bytes = Cursor::new(Vec::new());
    sheet.write_to(&mut bytes, ImageFormat::Png).map_err(|error| file_error(path, error))?;
    replace(path, bytes.get_ref()).map_err(|error| file_error(path, error))
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

    fn spec(in_channels: usize, size: usize, activation_bits: u32) -> LayerSpec {
        LayerSpec {
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
        }
    }

    fn layer(in_channels: usize, size: usize, activation_bits: u32) -> Layer {
        Layer::new(&spec(in_channels, size, activation_bits)).expect("valid")
    }

    #[test]
    fn the_photograph_fills_the_range_of_activations() {
        let photograph = builtin_image("cat-224").expect("embedded");
        let full = picture_input(&photograph, &layer(3, 224, 8)).expect("three channels");
        let pixel = photograph.pixels.get_pixel(17, 40).0;
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
        for picture in pictures.map(Picture::from) {
            for (channels, bits, expected) in [(3, 8, 170), (3, 4, 10), (1, 1, 1)] {
                let shape = [channels, 3, 7];
                let pixels = picture_pixels(&picture, shape, "it").expect("takes it");
                let input = activations(&pixels, (1 << bits) - 1);
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
        let error = read_picture(&path, u64::MAX).expect_err("no picture").to_string();
        assert!(error.contains("no PNG or JPEG image") && !error.contains('\n'), "{error}");
        std::fs::write(&path, "GIF89a").expect("writes");
        let error = read_picture(&path, u64::MAX).expect_err("another format").to_string();
        assert!(
            error.ends_with("no PNG or JPEG image that can be read: it is a .gif file"),
            "{error}"
        );
    }

    #[test]
    fn contact_sheets_hold_every_map() {
        let directory = tempfile::tempdir().expect("temporary directory");
        let path = directory.path().join("sheet.png");
        let output = Array3::from_shape_fn((5, 4, 6), |(c, y, x)| (c * y) as i64 - x as i64);
        write_contact_sheet(&path, &output).expect("writes");
        let sheet = read_picture(&path, u64::MAX).expect("reads");
        assert_eq!(sheet.size(), [3 * 8 - 2, 2 * 6 - 2]);
    }

    /// A picture of one colour.
    fn plain(colour: [u8; 3], [width, height]: [u32; 2]) -> Picture {
        DynamicImage::ImageRgb8(RgbImage::from_pixel(width, height, Rgb(colour))).into()
    }

    /// What `Image.convert("L")` of Pillow gives.
    #[test]
    fn grey_is_that_of_pillow() {
        for (colour, expected) in [
            ([255, 0, 0], 76),
            ([0, 255, 0], 150),
            ([0, 0, 255], 29),
            ([255, 255, 0], 226),
            ([10, 20, 30], 18),
            ([200, 100, 50], 124),
            ([255; 3], 255),
            ([77; 3], 77),
        ] {
            let pixels = picture_pixels(&plain(colour, [2, 2]), [1, 2, 2], "it").expect("taken");
            assert_eq!(pixels, Array3::from_elem((1, 2, 2), expected), "{colour:?}");
        }
    }

    #[test]
    fn jpeg_is_read_by_its_content() {
        let directory = tempfile::tempdir().expect("temporary directory");
        // A name says nothing.
        let path = directory.path().join("x.png");
        let image = RgbImage::from_pixel(16, 8, Rgb([200, 40, 90]));
        image.save_with_format(&path, ImageFormat::Jpeg).expect("writes");
        let pixels =
            picture_pixels(&read_picture(&path, u64::MAX).expect("reads"), [3, 8, 16], "it");
        let pixels = pixels.expect("three channels");
        for (channel, expected) in [200, 40, 90].into_iter().enumerate() {
            let all = pixels.index_axis(Axis(0), channel);
            assert!(all.iter().all(|pixel| pixel.abs_diff(expected) <= 3), "{all}");
        }
    }

    /// A camera that was held upright writes its rows as columns, and says so in EXIF.
    #[test]
    fn pictures_are_turned_as_they_were_taken() {
        let directory = tempfile::tempdir().expect("temporary directory");
        let path = directory.path().join("x.jpg");
        // Black on the left, white on the right.
        let shade = |x: u32, _| Rgb(if x < 16 { [0; 3] } else { [255; 3] });
        RgbImage::from_fn(32, 16, shade).save(&path).expect("writes");
        let mut bytes = std::fs::read(&path).expect("a file");
        // TIFF, big-endian, one entry: orientation (0x0112), short, 1 of it: to be turned right.
        let exif = b"Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";
        let mut segment = vec![0xff, 0xe1];
        segment.extend((exif.len() as u16 + 2).to_be_bytes());
        segment.extend(exif);
        bytes.splice(2..2, segment);
        std::fs::write(&path, bytes).expect("writes");
        let picture = read_picture(&path, u64::MAX).expect("reads");
        assert_eq!(picture.size(), [16, 32]);
        let pixels = picture_pixels(&picture, [1, 32, 16], "it").expect("grey");
        assert!(pixels[[0, 2, 8]] < 10 && pixels[[0, 29, 8]] > 245, "black above, white below");
    }

    /// A header that promises gigabytes is refused before they are asked for.
    #[test]
    fn huge_pictures_are_refused() {
        let directory = tempfile::tempdir().expect("temporary directory");
        let path = directory.path().join("x.png");
        RgbImage::new(3, 2).save(&path).expect("writes");
        let mut bytes = std::fs::read(&path).expect("a file");
        for (sides, said) in [([60_000u32, 60_000], "60000x60000"), ([70_000, 1], "70000x1")] {
            // Of the header chunk: width and height, and the checksum after five more bytes.
            bytes[16..20].copy_from_slice(&sides[0].to_be_bytes());
            bytes[20..24].copy_from_slice(&sides[1].to_be_bytes());
            let checksum = crc32(&bytes[12..29]);
            bytes[29..33].copy_from_slice(&checksum.to_be_bytes());
            std::fs::write(&path, &bytes).expect("writes");
            let error = read_picture(&path, u64::MAX).expect_err("too large").to_string();
            assert!(error.contains(said) && error.contains("scale it down"), "{error}");
        }
    }

    #[test]
    fn pictures_keep_to_the_memory_allowed() {
        let directory = tempfile::tempdir().expect("temporary directory");
        let path = directory.path().join("x.png");
        RgbImage::new(1000, 1000).save(&path).expect("writes");
        assert!(read_picture(&path, 13 << 20).is_ok());
        let error = read_picture(&path, 11 << 20).expect_err("too large").to_string();
        assert!(error.contains("1000x1000") && error.contains("--max-memory"), "{error}");
        let error = read_picture(&path, 1 << 10).expect_err("too large").to_string();
        assert!(error.contains("more than 512 bytes"), "{error}");
    }

    /// The checksum of PNG.
    fn crc32(bytes: &[u8]) -> u32 {
        !bytes.iter().fold(!0, |crc: u32, byte| {
            (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
                if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 }
            })
        })
    }

    #[test]
    fn signed_layers_take_half_the_range() {
        let spec = LayerSpec { activation_signed: Some(true), ..spec(1, 2, 8) };
        let layer = Layer::new(&spec).expect("valid");
        for (shade, expected) in [(0, 0), (255, 127), (128, 64)] {
            let input = picture_input(&plain([shade; 3], [2, 2]), &layer).expect("one channel");
            assert_eq!(input, Array3::from_elem((1, 2, 2), expected));
        }
    }
}
