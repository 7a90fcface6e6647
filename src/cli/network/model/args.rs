//! Arguments for models.

use std::path::PathBuf;

use clap::ValueEnum;

use crate::cli::Failure;
use crate::network::onnx::{Kept, Order, read_labels};

use super::bits::{self, Asked};

/// What is said of a model, a .onnx file or `digits`.
#[derive(Debug, Default, clap::Args)]
#[command(next_help_heading = "Models")]
pub(in crate::cli::network) struct ModelArgs {
    /// Names of the classes, one a line, in the order of the scores; of a network with trained weights too.
    #[arg(long, value_name = "FILE.txt")]
    pub(super) labels: Option<PathBuf>,
    /// What a model was trained to have taken from a picture's values from 0 to 1; one number, or one for
    /// each channel.
    #[arg(long, value_name = "R,G,B", value_delimiter = ',', allow_hyphen_values = true)]
    pub(super) mean: Vec<f64>,
    /// What they are divided by then; 0.00392157 for a model that takes values to 255.
    #[arg(long, value_name = "R,G,B", value_delimiter = ',')]
    pub(super) std: Vec<f64>,
    /// The order of a picture's sides in a model's input; by where there are 1 or 3 channels where
    /// absent.
    #[arg(long, value_name = "ORDER")]
    pub(super) layout: Option<Layout>,
    /// The shape of a model's input, where the model leaves sides of it open, like 1,3,224,224.
    #[arg(long, value_name = "N,C,H,W", value_delimiter = ',')]
    pub(super) shape: Vec<usize>,
    /// Bits of a model's weights, from 2 to 8, and of its activations, from 2 to 16, or a file that says
    /// them for each layer; 8,8 where absent.
    #[arg(long, value_name = "W,A|FILE.toml", value_parser = bits::asked)]
    pub(super) bits: Option<Asked>,
    /// Look for the fewest bits of each layer that keep the label of the input, or of all --images, or this
    /// cosine of the output and that in floats; from --bits downwards.
    #[arg(long, value_name = "label|COSINE", value_parser = bits::kept)]
    pub(super) bits_search: Option<Kept>,
    /// Write the bits of each layer, to be changed and given to --bits.
    #[arg(long, value_name = "FILE.toml")]
    pub(super) write_bits: Option<PathBuf>,
    /// Let the client compute convolutions and matrix products that the server cannot.
    #[arg(long)]
    pub(super) allow_client_layers: bool,
    /// Take the ranges of a model's activations from the pictures in a directory; each input's own where
    /// absent.
    #[arg(long, value_name = "DIR")]
    pub(super) calibration: Option<PathBuf>,
    /// Run a model on all pictures in a directory, plainly and in floats, and tell how many are right; of
    /// those in a directory in it, its name is the class.
    #[arg(long, value_name = "DIR", conflicts_with_all = ["image", "input", "output", "resume", "export"])]
    pub(super) images: Option<PathBuf>,
    /// With --images, what pictures show: a line each, its name, a comma, and its class, by label or
    /// number from 0.
    #[arg(long, value_name = "FILE.csv", requires = "images")]
    pub(super) truth: Option<PathBuf>,
    /// With --images, how many of the pictures run encrypted too.
    #[arg(long, value_name = "K", requires = "images", default_value_t = 0)]
    pub(super) encrypted: usize,
    /// With --images, a file of the answers, a line each; what is in it already is not run again.
    #[arg(long, value_name = "FILE.csv", requires = "images")]
    pub(super) answers: Option<PathBuf>,
}

/// The order of a picture's sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Layout {
    /// Channels, rows, columns, as PyTorch has it.
    Nchw,
    /// Rows, columns, channels, as TensorFlow has it.
    Nhwc,
}

impl From<Layout> for Order {
    fn from(layout: Layout) -> Self {
        match layout {
            Layout::Nchw => Self::ChannelsFirst,
            Layout::Nhwc => Self::ChannelsLast,
        }
    }
}

impl ModelArgs {
    /// The names of the classes, where they are given.
    pub(in crate::cli::network) fn labels(&self) -> Result<Option<Vec<String>>, Failure> {
        let labels = self.labels.as_deref().map(read_labels).transpose();
        labels.map_err(|error| Failure::Input(format!("--labels {error}")))
    }

    /// Refuses what is said of a model where there is none.
    pub(in crate::cli::network) fn check_absent(&self, network: &str) -> Result<(), Failure> {
        let Self { mean, std, layout, shape, bits, allow_client_layers, .. } = self;
        let given = [
            ("--mean", !mean.is_empty()),
            ("--std", !std.is_empty()),
            ("--layout", layout.is_some()),
            ("--shape", !shape.is_empty()),
            ("--bits", bits.is_some()),
            ("--bits-search", self.bits_search.is_some()),
            ("--write-bits", self.write_bits.is_some()),
            ("--allow-client-layers", *allow_client_layers),
            ("--calibration", self.calibration.is_some()),
            ("--images", self.images.is_some()),
        ];
        match given.iter().find(|(_, is_given)| *is_given) {
            Some((flag, _)) => Err(Failure::Input(format!(
                "{flag} is for models, .onnx files or digits; {network} is a network of presets"
            ))),
            None => Ok(()),
        }
    }
}
