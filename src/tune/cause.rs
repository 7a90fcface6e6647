//! Why something that was considered is not the answer.

use crate::report::Refusal;

/// Why a tuner rejects something, in kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Cause {
    /// It is not permitted.
    Refused(Refusal),
    /// It leaves too little noise budget.
    Noise,
    /// Another has a better figure.
    Beaten,
    /// Its figure is that of the best, as far as can be measured.
    Tied,
    /// Its run gave a wrong result.
    Wrong,
    /// Its run failed.
    Failed,
}

#[expect(non_upper_case_globals, reason = "they read as the other causes do")]
impl Cause {
    /// Above the security cap.
    pub const Security: Self = Self::Refused(Refusal::Security);
    /// There are no such parameters.
    pub const Params: Self = Self::Refused(Refusal::Params);
    /// Too large for the ring.
    pub const Fit: Self = Self::Refused(Refusal::Fit);
    /// Beyond the memory limit.
    pub const Memory: Self = Self::Refused(Refusal::Memory);
}

impl Cause {
    /// In a word, as in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Refused(refusal) => refusal.name(),
            Self::Noise => "noise",
            Self::Beaten => "beaten",
            Self::Tied => "tied",
            Self::Wrong => "wrong",
            Self::Failed => "failed",
        }
    }

    /// What is said of those of which this is true.
    pub const fn of_points(self) -> &'static str {
        match self {
            Self::Refused(refusal) => refusal.of_points(),
            Self::Noise => "short of noise budget",
            _ => self.name(),
        }
    }

    /// Causes with how often each occurs, in the order of their first.
    pub fn counted(causes: impl IntoIterator<Item = Self>) -> Vec<(Self, usize)> {
        let mut counts: Vec<(Self, usize)> = Vec::new();
        for cause in causes {
            match counts.iter_mut().find(|(known, _)| *known == cause) {
                Some((_, count)) => *count += 1,
                None => counts.push((cause, 1)),
            }
        }
        counts
    }

    /// The same in words: `3 beaten, 2 short of noise budget`.
    pub fn in_words(causes: impl IntoIterator<Item = Self>) -> String {
        let counted = Self::counted(causes).into_iter();
        let words: Vec<String> =
            counted.map(|(cause, count)| format!("{count} {}", cause.of_points())).collect();
        words.join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_are_counted() {
        let causes = [Cause::Beaten, Cause::Memory, Cause::Beaten, Cause::Noise];
        let words = "2 beaten, 1 beyond the memory limit, 1 short of noise budget";
        assert_eq!(Cause::in_words(causes), words);
        assert_eq!((Cause::Memory.name(), Cause::in_words([])), ("memory", String::new()));
    }
}
