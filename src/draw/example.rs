//! The small convolution that diagrams show: real, but of a ring far too small to be secure.

use ndarray::{Array3, Array4, ArrayView3, ArrayView4};

use super::DrawError;
use crate::arith::Modulus;
use crate::arith::kernels::{Backend, Reduction};
use crate::bfv::security::SecurityPolicy;
use crate::bfv::{Context, Params, ParamsSpec, Plaintext, PrimeSpec};
use crate::conv::{Layer, LayerSpec, convolve, data};
use crate::ring::GaloisElement;

/// N.
pub(super) const RING_DEGREE: usize = 128;

/// Channels of the example.
pub(super) const CHANNELS: usize = 8;

/// Pixels of a plane.
const PLANE: usize = 9;

/// A layer of 8 input channels with planes of 3x3 and a kernel of 3x3.
pub(super) struct Example {
    /// The layer.
    pub(super) layer: Layer,
    /// Its ring.
    pub(super) context: Context,
    /// An input whose values name their channel and pixel.
    pub(super) input: Array3<i64>,
    /// Seeded weights.
    pub(super) weights: Array4<i8>,
}

impl Example {
    /// The example with so many output channels.
    ///
    /// # Errors
    /// [`DrawError`] where layer or parameters are refused, which only a faulty build does.
    pub(super) fn new(out_channels: usize) -> Result<Self, DrawError> {
        let layer = Layer::new(&LayerSpec {
            name: "example".into(),
            in_channels: CHANNELS,
            out_channels,
            height: 3,
            width: 3,
            kernel: [3, 3],
            stride: 1,
            padding: None,
            groups: 1,
            activation_bits: 8,
            activation_signed: Some(false),
            weight_bits: 4,
        })?;
        let spec = ParamsSpec {
            name: "example".into(),
            ring_degree: RING_DEGREE,
            limbs: vec![PrimeSpec::Bits(36)],
            special: Some(PrimeSpec::Bits(37)),
            plain: PrimeSpec::Bits(20),
        };
        let policy = SecurityPolicy { insecure: true, ..SecurityPolicy::default() };
        let params = Params::new(&spec, &policy)?;
        let context = Context::new(params, Backend::Portable, Reduction::Lazy);
        let value = |(channel, y, x)| (1 + channel * PLANE + 3 * y + x) as i64;
        Ok(Self {
            context: context.ok_or(DrawError::Lacks("a ring"))?,
            input: Array3::from_shape_fn(layer.input_shape(), value),
            weights: data::weights(&layer, 1),
            layer,
        })
    }

    /// The plaintext modulus.
    pub(super) const fn plain(&self) -> &Modulus {
        self.context.params().plain()
    }

    /// The plain convolution with some weights of the layer's shape.
    pub(super) fn convolved(&self, weights: ArrayView4<'_, i8>) -> Array3<i64> {
        let input: ArrayView3<'_, i64> = self.input.view();
        let Ok(output) =
            convolve(&self.layer, input, weights, || Ok::<(), std::convert::Infallible>(()));
        output
    }

    /// The channel and pixel that a value of the input names; `None` of zero padding.
    pub(super) fn named(value: u64) -> Option<[usize; 2]> {
        let place = usize::try_from(value.checked_sub(1)?).ok()?;
        (place < CHANNELS * PLANE).then_some([place / PLANE, place % PLANE])
    }

    /// The product of a plaintext and a polynomial of small integers.
    pub(super) fn product(&self, a: &Plaintext, b: &[i16]) -> Plaintext {
        let (plain, n) = (self.plain(), a.0.len());
        let mut product = vec![0; n];
        for (j, factor) in b.iter().enumerate().filter(|(_, factor)| **factor != 0) {
            for (i, word) in a.0.iter().enumerate() {
                let factor = i64::from(if i + j < n { *factor } else { -*factor });
                let term = plain.mul(*word, plain.from_signed(factor));
                product[(i + j) % n] = plain.add(product[(i + j) % n], term);
            }
        }
        Plaintext(product)
    }

    /// The automorphism X -> X^g of a plaintext.
    pub(super) fn turned(&self, a: &Plaintext, by: GaloisElement) -> Plaintext {
        let n = a.0.len();
        let mut turned = vec![0; n];
        for (i, word) in a.0.iter().enumerate() {
            let exponent = i * by.exponent() % (2 * n);
            turned[exponent % n] = if exponent < n { *word } else { self.plain().neg(*word) };
        }
        Plaintext(turned)
    }
}
