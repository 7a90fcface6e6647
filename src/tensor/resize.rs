//! Bringing a picture to the size of a plane.

use std::str::FromStr;

use image::imageops::{self, FilterType};
use image::{ImageBuffer, Pixel};

/// The most pixels of what resizing makes on its way: 1 GiB of four floats each.
const MOST_PIXELS: u64 = 1 << 26;

/// How a picture becomes as large as a plane.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Resize {
    /// Scaled evenly until it just covers the plane, of which it then gives its centre. For a square
    /// plane of side s it is what torchvision calls `Resize(s)`, `CenterCrop(s)`.
    #[default]
    Crop,
    /// Scaled evenly until its shorter side has so many pixels, at least those of the plane, of which
    /// it then gives its centre: `Resize(256)`, `CenterCrop(224)`.
    Side(u32),
    /// Scaled as a whole, each side by its own factor.
    Stretch,
}

impl FromStr for Resize {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match (text, text.parse()) {
            ("crop", _) => Ok(Self::Crop),
            ("stretch", _) => Ok(Self::Stretch),
            (_, Ok(side)) if side > 0 => Ok(Self::Side(side)),
            _ => Err("it must be crop, stretch, or the pixels of the shorter side".into()),
        }
    }
}

/// Why a picture cannot be resized.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ResizeError {
    /// The scaled picture does not cover the plane.
    #[error(
        "--resize {side} makes the picture {}x{}, smaller than the plane of {}x{}",
        scaled[0], scaled[1], plane[0], plane[1]
    )]
    TooSmall {
        /// The side asked for.
        side: u32,
        /// Width and height of the scaled picture.
        scaled: [u32; 2],
        /// Those of the plane.
        plane: [u32; 2],
    },
    /// Resizing would take too much memory.
    #[error(
        "a picture of {}x{} pixels would have to be scaled to {}x{}; crop it or scale it down first",
        picture[0], picture[1], scaled[0], scaled[1]
    )]
    TooLarge {
        /// Width and height of the picture.
        picture: [u32; 2],
        /// Those of the scaled one.
        scaled: [u64; 2],
    },
}

/// A size, and the part of it that is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Scaled {
    size: [u32; 2],
    from: [u32; 2],
    plane: [u32; 2],
}

impl Resize {
    /// How a picture gives a plane, both by width and height in pixels.
    pub(super) fn scaled(self, picture: [u32; 2], plane: [u32; 2]) -> Result<Scaled, ResizeError> {
        let size = self.size(picture, plane);
        let (plane_pixels, [width, height]) = (u64::from(plane[0]) * u64::from(plane[1]), size);
        // Columns become shorter first, then rows.
        let on_the_way = u64::from(picture[0]).saturating_mul(height);
        let is_same = size == picture.map(u64::from);
        let pixels = width.saturating_mul(height);
        if !is_same && (on_the_way > MOST_PIXELS || pixels > plane_pixels.max(MOST_PIXELS)) {
            return Err(ResizeError::TooLarge { picture, scaled: size });
        }
        // Neither side has more pixels than a picture of that many.
        let size = size.map(|side| side as u32);
        if let Self::Side(side) = self
            && (size[0] < plane[0] || size[1] < plane[1])
        {
            return Err(ResizeError::TooSmall { side, scaled: size, plane });
        }
        Ok(Scaled { size, from: [0, 1].map(|i| half(size[i] - plane[i])), plane })
    }

    /// Width and height before the centre is taken.
    fn size(self, [width, height]: [u32; 2], plane: [u32; 2]) -> [u64; 2] {
        let [width, height] = [width, height].map(|side| u64::from(side.max(1)));
        let plane = plane.map(u64::from);
        // The other side is rounded down, as torchvision does it.
        let to_width = |to: u64| [to, (to.saturating_mul(height) / width).max(1)];
        let to_height = |to: u64| [(to.saturating_mul(width) / height).max(1), to];
        match self {
            Self::Stretch => plane,
            Self::Crop if plane[0] * height >= plane[1] * width => to_width(plane[0]),
            Self::Crop => to_height(plane[1]),
            Self::Side(side) if width <= height => to_width(side.into()),
            Self::Side(side) => to_height(side.into()),
        }
    }
}

impl Scaled {
    /// The plane that a picture gives.
    pub(super) fn of<P: Pixel<Subpixel = u8> + 'static>(
        self,
        picture: &ImageBuffer<P, Vec<u8>>,
    ) -> ImageBuffer<P, Vec<u8>> {
        let ([width, height], [left, top], [columns, rows]) = (self.size, self.from, self.plane);
        let crop = |picture: &ImageBuffer<P, Vec<u8>>| {
            imageops::crop_imm(picture, left, top, columns, rows).to_image()
        };
        if picture.dimensions() == (width, height) {
            return crop(picture);
        }
        crop(&imageops::resize(picture, width, height, FilterType::Triangle))
    }
}

/// Half of the pixels that are too many, rounded to an even number where they do not halve, as Python
/// does it.
const fn half(beyond: u32) -> u32 {
    beyond / 2 + (beyond % 4 == 3) as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{GrayImage, Luma};

    fn scaled(resize: Resize, picture: [u32; 2], plane: [u32; 2]) -> ([u32; 2], [u32; 2]) {
        let Scaled { size, from, .. } = resize.scaled(picture, plane).expect("fits");
        (size, from)
    }

    /// Sizes and places of `Resize` and `CenterCrop` of torchvision.
    #[test]
    fn sizes_are_those_of_torchvision() {
        let crop = |picture, plane| scaled(Resize::Crop, picture, plane);
        assert_eq!(crop([640, 480], [224; 2]), ([298, 224], [37, 0]));
        assert_eq!(crop([480, 640], [224; 2]), ([224, 298], [0, 37]));
        assert_eq!(crop([500, 375], [32; 2]), ([42, 32], [5, 0]));
        // 2.5 pixels too many on a side: to the even number; 1.5: likewise.
        assert_eq!(crop([37, 32], [32; 2]), ([37, 32], [2, 0]));
        assert_eq!(crop([35, 32], [32; 2]), ([35, 32], [2, 0]));
        assert_eq!(crop([224; 2], [224; 2]), ([224; 2], [0; 2]));
        let side = |picture, plane| scaled(Resize::Side(256), picture, plane);
        assert_eq!(side([640, 480], [224; 2]), ([341, 256], [58, 16]));
        assert_eq!(side([224; 2], [224; 2]), ([256; 2], [16; 2]));
        // A plane that is no square is just covered.
        assert_eq!(crop([100, 100], [30, 20]), ([30, 30], [0, 5]));
        assert_eq!(crop([100, 50], [30, 20]), ([40, 20], [5, 0]));
        assert_eq!(scaled(Resize::Stretch, [640, 480], [224; 2]), ([224; 2], [0; 2]));
    }

    #[test]
    fn crops_always_cover_the_plane() {
        let sides = [1, 2, 3, 7, 31, 32, 33, 224, 225];
        let pairs = || sides.iter().flat_map(|a| sides.iter().map(|b| [*a, *b]));
        for (picture, plane) in pairs().flat_map(|a| pairs().map(move |b| (a, b))) {
            let (size, from) = scaled(Resize::Crop, picture, plane);
            let fits = |i: usize| from[i] + plane[i] <= size[i];
            assert!(fits(0) && fits(1), "{picture:?} {plane:?}");
            assert!(size[0] == plane[0] || size[1] == plane[1], "{picture:?} {plane:?}");
        }
    }

    #[test]
    fn what_cannot_be_resized_is_told() {
        let error = |resize: Resize, picture, plane| {
            resize.scaled(picture, plane).expect_err("refused").to_string()
        };
        let small = error(Resize::Side(200), [640, 480], [224; 2]);
        assert_eq!(
            small,
            "--resize 200 makes the picture 266x200, smaller than the plane of 224x224"
        );
        let long = error(Resize::Crop, [65_535, 1], [224; 2]);
        assert!(long.contains("scaled to 14679840x224"), "{long}");
        let high = error(Resize::Stretch, [65_535, 10], [8, 16_384]);
        assert!(high.contains("65535x10"), "{high}");
        assert!(error(Resize::Side(u32::MAX), [640, 480], [224; 2]).contains("scale it down"));
    }

    /// The middle of a picture whose sides are of another shade, and all of it when it is stretched.
    #[test]
    fn the_centre_is_taken() {
        let picture =
            GrayImage::from_fn(24, 8, |x, _| Luma([if (8..16).contains(&x) { 200 } else { 0 }]));
        let of = |resize: Resize| resize.scaled([24, 8], [8, 8]).expect("fits").of(&picture);
        assert!(of(Resize::Crop).pixels().all(|pixel| pixel.0 == [200]));
        let stretched = of(Resize::Stretch);
        assert_eq!([0, 4, 7].map(|x| stretched.get_pixel(x, 3).0[0]), [0, 200, 0]);
    }

    #[test]
    fn ways_are_told_by_word_or_number() {
        assert_eq!("crop".parse(), Ok(Resize::Crop));
        assert_eq!("stretch".parse(), Ok(Resize::Stretch));
        assert_eq!("256".parse(), Ok(Resize::Side(256)));
        for text in ["", "0", "fit", "-3", "1.5"] {
            assert!(text.parse::<Resize>().is_err(), "{text}");
        }
    }
}
