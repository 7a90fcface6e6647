//! What can be wrong with a preset, each in one line.

use crate::bfv::ParamsError;
use crate::conv::LayerError;
pub(super) use crate::nearest::nearest;
use crate::network::GraphProblem;
use crate::toml_reader::{Flaw, Misread, ReadError, Unreadable, one_line};

/// Why a preset could not be read or found.
#[derive(Debug, thiserror::Error)]
pub enum PresetError {
    /// A file or directory cannot be read.
    #[error(transparent)]
    Read(#[from] Unreadable),
    /// A file says something it must not.
    #[error("{}:{line}: {problem}", one_line(origin))]
    Invalid {
        /// The file.
        origin: String,
        /// The line, from 1.
        line: usize,
        /// What is wrong there.
        problem: Box<Problem>,
    },
    /// A parameter set given inline is wrong.
    #[error("parameters {text:?}: {problem}")]
    Inline {
        /// The text given.
        text: String,
        /// What is wrong with it.
        problem: Box<Problem>,
    },
    /// No layer has this name.
    #[error("no layer {name:?}{}; `heconv list layers` shows all", nearest_text(nearest.as_deref()))]
    UnknownLayer {
        /// The name asked for.
        name: String,
        /// The most similar full name.
        nearest: Option<String>,
    },
    /// Layers of several networks have this name.
    #[error("layer {name:?} is in several networks; say which: {}", .candidates.join(", "))]
    AmbiguousLayer {
        /// The name asked for.
        name: String,
        /// The full names.
        candidates: Vec<String>,
    },
    /// No parameter set has this name.
    #[error(
        "no parameter set {name:?}{}; `heconv list params` shows all, FILE.toml or '{}' also works",
        nearest_text(nearest.as_deref()), super::inline::EXAMPLE
    )]
    UnknownParams {
        /// The name asked for.
        name: String,
        /// The most similar name.
        nearest: Option<String>,
    },
    /// No network has this name.
    #[error(
        "no network {name:?}{}; `heconv list networks` shows all, FILE.toml also works",
        nearest_text(nearest.as_deref())
    )]
    UnknownNetwork {
        /// The name asked for.
        name: String,
        /// The most similar name.
        nearest: Option<String>,
    },
    /// A pattern with wildcards matches no name.
    #[error("no {} matches {pattern:?}; there are {}", what.noun(), some_of(names))]
    NoMatch {
        /// What was looked for.
        what: Pattern,
        /// The pattern.
        pattern: String,
        /// The names there are.
        names: Vec<String>,
    },
    /// A pattern with wildcards that cannot be understood.
    #[error("{} pattern {pattern:?}: {reason}", what.noun())]
    BadPattern {
        /// What was looked for.
        what: Pattern,
        /// The pattern.
        pattern: String,
        /// Why.
        reason: String,
    },
    /// The preset of this name is in a user's file that has a mistake.
    #[error("{name:?} cannot be used: {problem}")]
    Broken {
        /// The name asked for.
        name: String,
        /// What is wrong with the file, and where.
        problem: String,
    },
    /// Two user files define the same preset.
    #[error("{}: {name:?} is already defined in {}; rename one", one_line(second), one_line(first))]
    DefinedTwice {
        /// The preset's name.
        name: String,
        /// The file read first.
        first: String,
        /// The other file.
        second: String,
    },
}

impl ReadError for PresetError {
    type Problem = Problem;

    fn at(origin: &str, line: usize, problem: Problem) -> Self {
        Self::Invalid { origin: origin.into(), line, problem: Box::new(problem) }
    }
}

impl From<Box<Misread>> for PresetError {
    fn from(misread: Box<Misread>) -> Self {
        let Misread { origin, line, flaw } = *misread;
        Self::at(&origin, line, flaw.into())
    }
}

/// What a pattern with wildcards looks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pattern {
    /// Layers, by full name.
    Layers,
    /// Parameter sets, by name.
    Params,
}

impl Pattern {
    /// The word for one of them in messages.
    const fn noun(self) -> &'static str {
        match self {
            Self::Layers => "layer",
            Self::Params => "parameter set",
        }
    }
}

/// What is wrong at one place of a file.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Problem {
    /// A mistake of form.
    #[error(transparent)]
    Form(#[from] Flaw),
    /// The file has none of the tables a preset has.
    #[error(
        "no preset: a network has [[layer]] tables, a parameter set [params], an experiment [layer] and [params], a sweep `layers` or `params` lists or [[grid]] tables"
    )]
    NoPreset,
    /// What is said of convolutions alone, of a dense layer.
    #[error(
        "`{key}` is for convolutions; a dense layer takes all values of what it takes, and says `out_channels` alone"
    )]
    OfConvolutions {
        /// The key.
        key: &'static str,
    },
    /// What is said of averages alone, of a pool of maxima.
    #[error("`{key}` is for `kind = \"average\"`; a maximum leaves padding out")]
    OfAverages {
        /// The key.
        key: &'static str,
    },
    /// A number that must be above 0.
    #[error("`{key}` must be above 0")]
    NotPositive {
        /// The key.
        key: String,
    },
    /// A name that cannot be used to refer to a preset.
    #[error("`{key}` = {value:?} must be letters, digits, `-`, `_` and `.` only, and no file name")]
    BadName {
        /// The key.
        key: String,
        /// The name given.
        value: String,
    },
    /// Two layers of a network have the same name.
    #[error("layer name {name:?} is already used on line {line}; names in a network must differ")]
    RepeatedLayer {
        /// The name.
        name: String,
        /// Where it was first used.
        line: usize,
    },
    /// The same thing is said in two ways.
    #[error("`{first}` and `{second}` say the same; keep one of them")]
    BothForms {
        /// One key.
        first: &'static str,
        /// The other.
        second: &'static str,
    },
    /// A product of kernel entry and channel gain beyond the weight width.
    #[error(
        "weight {value} of input channel {channel} at kernel row {row}, column {column} must be within +-{max} (weight_bits)"
    )]
    Weight {
        /// The weight.
        value: i64,
        /// Its input channel, from 0.
        channel: usize,
        /// Its kernel row, from 0.
        row: usize,
        /// Its kernel column, from 0.
        column: usize,
        /// The largest weight allowed.
        max: i64,
    },
    /// A security level that no table has.
    #[error("`level` = {bits} must be 128, 192 or 256")]
    Level {
        /// The level given.
        bits: i128,
    },
    /// A number of ciphertexts that cannot share a polynomial.
    #[error("`shared_by` must be 1, 2, 4 or 8")]
    SharedBy,
    /// Something that other tools know.
    #[error("{what} is not taken yet; {today}")]
    NotYet {
        /// What.
        what: String,
        /// What to write today.
        today: &'static str,
    },
    /// A name or pattern in a list that finds nothing.
    #[error("{0}")]
    Named(String),
    /// A range of sizes that is none.
    #[error(
        "`{key}` = {value:?} must be a range like \"16..24\", both ends included, within 2..{max}"
    )]
    SizeRange {
        /// The key.
        key: String,
        /// The text given.
        value: String,
        /// The largest size allowed.
        max: u32,
    },
    /// A cross product of too many parameter sets.
    #[error("[[grid]] makes {sets} parameter sets, at most {max}; shorten its lists")]
    GridSize {
        /// How many it makes.
        sets: usize,
        /// How many it may.
        max: usize,
    },
    /// An inline parameter set that does not have its parts.
    #[error(
        "must be RING_DEGREE:LIMB_BITS|SPECIAL_BITS:PLAIN_BITS, as in '{}', or without |SPECIAL_BITS",
        super::inline::EXAMPLE
    )]
    InlineForm,
    /// A part of an inline parameter set that is no number.
    #[error("{part} {value:?} must be a whole number, as in '{}'", super::inline::EXAMPLE)]
    InlineNumber {
        /// Which part.
        part: &'static str,
        /// The text given.
        value: String,
    },
    /// A layer that is no layer.
    #[error(transparent)]
    Layer(#[from] LayerError),
    /// A layer that does not fit its network.
    #[error(transparent)]
    Graph(#[from] GraphProblem),
    /// A key that means something in a network that runs alone.
    #[error(
        "`{key}` is for networks that run; give this one an `input = [channels, height, width]`"
    )]
    NeedsInput {
        /// The key.
        key: &'static str,
    },
    /// Parameters that are none.
    #[error(transparent)]
    Params(#[from] ParamsError),
}

fn nearest_text(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |name| format!("; the nearest is {name:?}"))
}

/// The first of `names`, as many as a message can show.
fn some_of(names: &[String]) -> String {
    const SHOWN: usize = 12;
    let shown = names.iter().take(SHOWN).map(String::as_str).collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}
