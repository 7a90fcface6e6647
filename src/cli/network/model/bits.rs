//! Bits of each layer, in a TOML file beside a model.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::cli::Failure;
use crate::files::replace_by;
use crate::nearest::nearest;
use crate::network::onnx::{Bits, Kept, Served};

/// The most bytes of such a file.
const MOST_BYTES: u64 = 1 << 22;

/// What `--bits` says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// The same for all layers.
    All(Bits),
    /// What a file says.
    File(PathBuf),
}

/// Reads `--bits`.
pub(super) fn asked(text: &str) -> Result<Asked, String> {
    if Path::new(text).extension().is_some_and(|ending| ending.eq_ignore_ascii_case("toml")) {
        return Ok(Asked::File(text.into()));
    }
    let expected = || {
        "expected bits of weights, 2 to 8, and of activations, 2 to 16, like 8,8, or a .toml file"
            .to_owned()
    };
    let (weights, activations) = text.split_once(',').ok_or_else(expected)?;
    let number = |text: &str| text.trim().parse().map_err(|_| expected());
    let bits = Bits { weights: number(weights)?, activations: number(activations)? };
    if !bits.is_valid() {
        return Err(expected());
    }
    Ok(Asked::All(bits))
}

/// Reads `--bits-search`.
pub(super) fn kept(text: &str) -> Result<Kept, String> {
    let cosine = || text.parse().ok().filter(|cosine| (0.0..=1.0).contains(cosine));
    match text {
        "label" => Ok(Kept::Label),
        _ => cosine().map(Kept::Cosine).ok_or("expected label, or a cosine from 0 to 1".into()),
    }
}

/// Bits of one layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct LayerBits {
    weight_bits: u32,
    activation_bits: u32,
}

/// Bits of the layers that are named, and of the others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BitsFile {
    schema: u32,
    weight_bits: u32,
    activation_bits: u32,
    #[serde(default)]
    layer: BTreeMap<String, LayerBits>,
}

impl BitsFile {
    /// What is asked for.
    pub(super) fn of(asked: Option<&Asked>) -> Result<Self, Failure> {
        let Bits { weights: weight_bits, activations: activation_bits } = match asked {
            Some(Asked::File(path)) => return Self::read(path),
            Some(Asked::All(bits)) => *bits,
            None => Bits::DEFAULT,
        };
        Ok(Self { schema: 1, weight_bits, activation_bits, layer: BTreeMap::new() })
    }

    fn read(path: &Path) -> Result<Self, Failure> {
        let problem = |error: &dyn std::fmt::Display| {
            Failure::Input(format!("--bits {}: {error}", path.display()))
        };
        let mut text = String::new();
        let file = std::fs::File::open(path).map_err(|error| problem(&error))?;
        file.take(MOST_BYTES).read_to_string(&mut text).map_err(|error| problem(&error))?;
        let file: Self = toml::from_str(&text).map_err(|error| problem(&error))?;
        if file.schema != 1 {
            return Err(problem(&format_args!("schema = {}; 1 is known", file.schema)));
        }
        let all = [(String::new(), file.usual())];
        let layers =
            file.layer.iter().map(|(name, bits)| (format!("layer {name:?}: "), bits.bits()));
        match all.into_iter().chain(layers).find(|(_, bits)| !bits.is_valid()) {
            Some((name, _)) => Err(problem(&format_args!(
                "{name}weight_bits must be from 2 to 8 and activation_bits from 2 to 16"
            ))),
            None => Ok(file),
        }
    }

    fn usual(&self) -> Bits {
        Bits { weights: self.weight_bits, activations: self.activation_bits }
    }

    /// Of the layer of this name.
    pub(super) fn bits(&self, name: &str) -> Bits {
        self.layer.get(name).map_or_else(|| self.usual(), |layer| layer.bits())
    }

    /// Refuses names of no layer.
    pub(super) fn check(&self, served: &Served<'_>) -> Result<(), Failure> {
        let names = || served.layers().iter().map(|layer| layer.name.as_str());
        let Some(wrong) = self.layer.keys().find(|name| names().all(|layer| layer != *name)) else {
            return Ok(());
        };
        let near = nearest(wrong, names()).unwrap_or_default();
        let model = served.name();
        Err(Failure::Input(format!(
            "--bits: no layer {wrong:?} of model {model} is the server's; the nearest is {near:?}"
        )))
    }

    /// What layers have, those that are not as most are by name.
    pub(super) fn of_layers(served: &Served<'_>) -> Self {
        let Bits { weights: weight_bits, activations: activation_bits } = Bits::DEFAULT;
        let layer = served.layers().iter().map(|layer| {
            let Bits { weights, activations } = layer.bits();
            let bits = LayerBits { weight_bits: weights, activation_bits: activations };
            (layer.name.clone(), bits)
        });
        Self { schema: 1, weight_bits, activation_bits, layer: layer.collect() }
    }

    /// Writes it.
    pub(super) fn write(&self, path: &Path) -> Result<(), Failure> {
        let problem = |error: &dyn std::fmt::Display| {
            Failure::Failed(format!("cannot write --write-bits {}: {error}", path.display()))
        };
        let text = toml::to_string(self).map_err(|error| problem(&error))?;
        let write = replace_by(path, |file| file.write_all(text.as_bytes()));
        write.map_err(|error| problem(&error))
    }
}

impl LayerBits {
    const fn bits(self) -> Bits {
        Bits { weights: self.weight_bits, activations: self.activation_bits }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_are_read() {
        assert_eq!(asked("4, 6"), Ok(Asked::All(Bits { weights: 4, activations: 6 })));
        assert_eq!(asked("a.toml"), Ok(Asked::File("a.toml".into())));
        for wrong in ["", "8", "9,8", "1,8", "8,17", "8,1", "a,b", "4,4,4"] {
            assert!(asked(wrong).expect_err("refused").contains("like 8,8"), "{wrong}");
        }
        assert_eq!((kept("label"), kept("0.5")), (Ok(Kept::Label), Ok(Kept::Cosine(0.5))));
        for wrong in ["", "1.5", "NaN", "labels"] {
            assert!(kept(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn files_read_back() {
        let directory = tempfile::tempdir().expect("temporary directory");
        let path = directory.path().join("bits.toml");
        let bits = LayerBits { weight_bits: 3, activation_bits: 5 };
        let layer = BTreeMap::from([("a.b/c".to_owned(), bits)]);
        let file = BitsFile { schema: 1, weight_bits: 8, activation_bits: 7, layer };
        file.write(&path).expect("writes");
        let read = BitsFile::read(&path).expect("reads");
        assert_eq!((&read, read.bits("a.b/c"), read.bits("d")), (&file, bits.bits(), file.usual()));
        for (text, word) in [
            ("schema = 1\nweight_bits = 9\nactivation_bits = 8\n", "from 2 to 8"),
            ("schema = 1\nweight_bits = 8\nactivation_bits = 8\nwidth = 1\n", "width"),
            ("schema = 2\nweight_bits = 8\nactivation_bits = 8\n", "schema = 2"),
            ("schema = 1\nweight_bits = 8\n", "activation_bits"),
        ] {
            std::fs::write(&path, text).expect("writes");
            let said = match BitsFile::read(&path) {
                Err(Failure::Input(said)) => said,
                _ => String::new(),
            };
            assert!(said.contains("bits.toml") && said.contains(word), "{said}");
        }
    }
}
