//! Starting the program, and files for it.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use ndarray::Array3;
use serde_json::Value;
use tempfile::TempDir;

/// The layer of the benchmarks that takes the least time.
pub const SMALL: [&str; 2] = ["--layer", "bench/c16-32-k3"];

/// Every algorithm.
pub const ALGORITHMS: [&str; 6] =
    ["conventional", "padded", "hadamard", "hadamard-fused", "coefficient", "interleaved"];

/// An experiment that takes a few milliseconds.
const TINY: &str = "\
schema = 1
algorithm = \"hadamard-fused\"
reduction = \"lazy\"
threads = 1

[layer]
name = \"tiny\"
in_channels = 2
out_channels = 3
height = 6
width = 5
kernel = 3
padding = [1, 1, 1, 1]
activation_bits = 8
weight_bits = 5

[params]
ring_degree = 4096
limb_bits = [35, 35]
special_bits = 36
plain_bits = 20
";

/// How the program ended and what it said.
#[derive(Debug)]
pub struct Ended {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Ended {
    /// The standard output of a run in which nothing was wrong.
    pub fn success(self) -> String {
        assert_eq!((self.code, self.err.as_str()), (Some(0), ""), "{}", self.out);
        self.out
    }

    /// The record on the standard output, which must hold nothing else.
    pub fn record(&self) -> Value {
        assert!(self.out.ends_with('\n') && self.out.lines().count() == 1, "one line: {self:?}");
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// The cache of all tests: the machine is calibrated by the first that needs it, and not again.
pub const CACHE: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/cache");

/// The program, away from the configuration of whoever runs the tests.
pub fn command(args: &[&str]) -> Command {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("heconv"));
    command.args(args).env("XDG_CONFIG_HOME", "/nonexistent").env("XDG_CACHE_HOME", CACHE);
    command.stdin(Stdio::null());
    command
}

/// Runs the program to its end, which must come soon.
pub fn heconv(args: &[&str]) -> Ended {
    ended(command(args))
}

/// Runs a command to its end, which must come soon.
pub fn ended(command: Command) -> Ended {
    let mut command = assert_cmd::Command::from_std(command);
    let output = command.timeout(Duration::from_mins(2)).output().expect("the program starts");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    Ended { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}

/// The record of a run in which nothing was wrong.
pub fn record(args: &[&str]) -> Value {
    let ended = heconv(&[&["run", "--format", "json"], args].concat());
    assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""), "{args:?}: {ended:?}");
    let record = ended.record();
    assert_eq!(record["verified"], true, "{args:?}");
    record
}

/// A directory for files of one test.
pub struct Place(TempDir);

impl Place {
    pub fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary directory"))
    }

    /// The path of a file here, which need not exist.
    pub fn path(&self, name: &str) -> String {
        self.0.path().join(name).to_str().expect("UTF-8").to_owned()
    }

    /// A file with this content.
    pub fn file(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.path(name);
        std::fs::create_dir_all(Path::new(&path).parent().expect("a parent")).expect("created");
        std::fs::write(&path, content).expect("written");
        path
    }

    /// The small experiment, every `(old, new)` replaced.
    pub fn tiny(&self, name: &str, changes: &[(&str, &str)]) -> String {
        let text = changes.iter().fold(TINY.to_owned(), |text, (old, new)| {
            assert!(text.contains(old), "{old:?} is in the experiment");
            text.replace(old, new)
        });
        self.file(name, text)
    }

    /// A .npy file of any element type, its data not checked.
    pub fn npy(&self, name: &str, descr: &str, shape: &[usize], data: &[u8]) -> String {
        let shape = format!("{shape:?}").replace('[', "(").replace(']', ",)");
        let header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}");
        let header = format!("{header:<117}\n");
        let magic = b"\x93NUMPY\x01\x00".as_slice();
        let length = u16::try_from(header.len()).expect("short").to_le_bytes();
        self.file(name, [magic, &length, header.as_bytes(), data].concat())
    }
}

/// The array in a .npy file of int64.
pub fn read_array(path: &str) -> Array3<i64> {
    ndarray_npy::read_npy(path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The width and height of a PNG picture.
pub fn picture_size(path: &str) -> (u32, u32) {
    let bytes = std::fs::read(path).expect("a file");
    let picture = image::load_from_memory_with_format(&bytes, image::ImageFormat::Png);
    let picture = picture.unwrap_or_else(|error| panic!("{path}: {error}"));
    (picture.width(), picture.height())
}

/// The array in a .npy file of float64.
pub fn read_reals(path: &str) -> Array3<f64> {
    ndarray_npy::read_npy(path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// A file as PyTorch's safetensors writes it: a header of names, and tensors of 32-bit floats.
pub fn safetensors(tensors: &[(&str, &[usize], &[f32])]) -> Vec<u8> {
    let (mut header, mut data) = (serde_json::Map::new(), Vec::<u8>::new());
    for (name, shape, values) in tensors {
        let begin = data.len();
        data.extend(values.iter().flat_map(|value| value.to_le_bytes()));
        let offsets = [begin, data.len()];
        let tensor = serde_json::json!({"dtype": "F32", "shape": shape, "data_offsets": offsets});
        header.insert((*name).to_owned(), tensor);
    }
    let header = Value::Object(header).to_string();
    [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), &data].concat()
}
