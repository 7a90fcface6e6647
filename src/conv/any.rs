//! An algorithm, or whichever is best.

use super::AlgorithmKind;

/// What a user says of the algorithm of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AlgorithmChoice {
    /// The one that is predicted to be best.
    Any,
    /// This one.
    One(AlgorithmKind),
}

impl AlgorithmChoice {
    /// Every choice, `any` last.
    pub fn all() -> Vec<Self> {
        AlgorithmKind::ALL.into_iter().map(Self::One).chain([Self::Any]).collect()
    }

    /// The name used on the command line and in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Any => "any",
            Self::One(kind) => kind.name(),
        }
    }

    /// The algorithm, where it is said.
    pub const fn one(self) -> Option<AlgorithmKind> {
        match self {
            Self::Any => None,
            Self::One(kind) => Some(kind),
        }
    }

    /// The algorithms to choose from.
    pub fn kinds(self) -> Vec<AlgorithmKind> {
        self.one().map_or_else(|| AlgorithmKind::ALL.to_vec(), |kind| vec![kind])
    }
}

impl From<AlgorithmKind> for AlgorithmChoice {
    fn from(kind: AlgorithmKind) -> Self {
        Self::One(kind)
    }
}
