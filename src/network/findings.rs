//! What a user should know of a file of weights beside what was read of it.

use crate::tensor::TensorFile;

/// Names in a path of modules that a classifier goes by.
const HEADS: [&str; 4] = ["fc", "linear", "classifier", "head"];

/// The last part of the name of a batch normalisation's counter, which training alone needs.
const COUNTER: &str = "num_batches_tracked";

/// How many names a line lists.
const LISTED: usize = 6;

/// A line for the user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// Whether values may not be what the user wants.
    pub is_warning: bool,
    /// What there is to know.
    pub text: String,
}

impl Note {
    /// Something to know.
    pub fn new(text: impl Into<String>) -> Self {
        Self { is_warning: false, text: text.into() }
    }

    /// Something to look into.
    pub fn warning(text: impl Into<String>) -> Self {
        Self { is_warning: true, text: text.into() }
    }
}

impl std::fmt::Display for Note {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let kind = if self.is_warning { "warning" } else { "note" };
        write!(formatter, "{kind}: {}", self.text)
    }
}

/// What is in a file of weights beside those that a network uses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    path: String,
    /// Wrappers that were left out of names.
    unwrapped: Vec<String>,
    /// Every tensor that nothing uses.
    unused: Vec<String>,
    /// Of those, counters of batch normalisations.
    counters: usize,
    /// Of those, the tensors of classifiers.
    heads: Vec<String>,
    /// The others.
    strangers: Vec<String>,
}

impl Findings {
    /// Of a file of which all that is used was read.
    pub(super) fn of(file: &mut TensorFile) -> Self {
        let mut findings = Self {
            path: file.path().display().to_string(),
            unwrapped: file.unwrapped(),
            unused: file.unused(),
            ..Self::default()
        };
        for name in &findings.unused {
            if name.rsplit('.').next() == Some(COUNTER) {
                findings.counters += 1;
            } else if is_head(file, name) {
                findings.heads.push(name.clone());
            } else {
                findings.strangers.push(name.clone());
            }
        }
        findings
    }

    /// Every tensor that nothing uses, in order.
    pub fn unused(&self) -> &[String] {
        &self.unused
    }

    /// The same in words.
    pub fn notes(&self) -> Vec<Note> {
        let mut notes: Vec<Note> = unwrapped(&self.path, &self.unwrapped).into_iter().collect();
        let counters = match self.counters {
            0 => None,
            1 => Some(format!("a counter of training ({COUNTER})")),
            count => Some(format!("{count} counters of training ({COUNTER})")),
        };
        let heads =
            (!self.heads.is_empty()).then(|| format!("the classifier ({})", listed(&self.heads)));
        let known: Vec<String> = counters.into_iter().chain(heads).collect();
        if !known.is_empty() {
            let (path, known) = (&self.path, known.join(" and "));
            notes.push(Note::new(format!("{path}: {known} left out: no part of convolutions")));
        }
        if !self.strangers.is_empty() {
            let (path, names) = (&self.path, listed(&self.strangers));
            let count = match self.strangers.len() {
                1 => "a tensor".into(),
                count => format!("{count} tensors"),
            };
            notes.push(Note::warning(format!("{path}: nothing uses {count}: {names}")));
        }
        notes
    }
}

/// What is said of wrappers that were left out of names.
pub(super) fn unwrapped(path: &str, wrappers: &[String]) -> Option<Note> {
    let wrappers = wrappers.join(" and ");
    let said = || Note::new(format!("{path}: {wrappers} left out of names, as of a wrapped model"));
    (!wrappers.is_empty()).then(said)
}

/// Whether a tensor is of a layer that sees all positions at once: one whose weights have two sides,
/// or that is called as classifiers are.
fn is_head(file: &mut TensorFile, name: &str) -> bool {
    let Some((module, _)) = name.rsplit_once('.') else { return false };
    let sides = file.shape(&format!("{module}.weight")).map(|shape| shape.len());
    sides == Some(2) || module.split('.').any(|part| HEADS.contains(&part))
}

/// Names, the first of them where there are many.
pub(crate) fn listed(names: &[String]) -> String {
    let first = names.iter().take(LISTED).map(String::as_str).collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(LISTED) {
        0 => first,
        more => format!("{first} and {more} more"),
    }
}
