//! Arguments that name one of a few things: their parsers know the words, so that help, errors and
//! completions do too.

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};

use crate::arith::kernels::{Backend, Reduction};
use crate::bfv::security::{SecurityLevel, SecurityTable};
use crate::conv::{AlgorithmChoice, AlgorithmKind, WeightForm};
use crate::tune::Objective;

/// A word, what it stands for, and a line about it for completions, which may be empty.
type Word<T> = (&'static str, T, &'static str);

/// Reads one of `words`.
fn one_of<T: Clone + Send + Sync + 'static>(
    words: Vec<Word<T>>,
) -> impl TypedValueParser<Value = T> {
    let value = |(name, _, about): &Word<T>| {
        let value = PossibleValue::new(*name);
        if about.is_empty() { value } else { value.help(*about) }
    };
    let known = PossibleValuesParser::new(words.iter().map(value).collect::<Vec<_>>());
    known.try_map(move |name| {
        let found = words.iter().find(|(word, _, _)| *word == name);
        found.map(|(_, meant, _)| meant.clone()).ok_or("unknown word")
    })
}

fn kinds() -> Vec<Word<AlgorithmKind>> {
    AlgorithmKind::ALL.iter().map(|kind| (kind.name(), *kind, kind.summary())).collect()
}

fn modes() -> Vec<Word<Reduction>> {
    Reduction::ALL.iter().map(|mode| (mode.name(), *mode, mode.summary())).collect()
}

/// `words`, and one more that stands for `None`.
fn or<T>(words: Vec<Word<T>>, word: &'static str, about: &'static str) -> Vec<Word<Option<T>>> {
    let words = words.into_iter().map(|(name, meant, about)| (name, Some(meant), about));
    words.chain([(word, None, about)]).collect()
}

/// Reads `--algorithm`.
pub(super) fn algorithm() -> impl TypedValueParser<Value = AlgorithmChoice> {
    let word = |choice: AlgorithmChoice| {
        let about = choice.one().map_or("the least predicted total time", AlgorithmKind::summary);
        (choice.name(), choice, about)
    };
    one_of(AlgorithmChoice::all().into_iter().map(word).collect())
}

/// The form of stored weights; `None` is the planner's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct AnyForm(pub(super) Option<WeightForm>);

/// Reads `--weight-form`.
pub(super) fn weight_form() -> impl TypedValueParser<Value = AnyForm> {
    let forms = WeightForm::ALL.iter().map(|form| (form.name(), *form, form.summary())).collect();
    one_of(or(forms, "auto", "what is fastest")).map(AnyForm)
}

/// Reads `--shared-by`.
pub(super) fn shared_by() -> impl TypedValueParser<Value = usize> {
    let summary = |by| if by == 1 { "nothing is shared" } else { "one of this many is sent whole" };
    one_of(vec![
        ("1", 1, summary(1)),
        ("2", 2, summary(2)),
        ("4", 4, summary(4)),
        ("8", 8, summary(8)),
    ])
}

/// Reads `--objective`.
pub(super) fn objective() -> impl TypedValueParser<Value = Objective> {
    one_of(Objective::ALL.iter().map(|one| (one.name(), *one, one.summary())).collect())
}

/// Reads `--reduction`.
pub(super) fn reduction() -> impl TypedValueParser<Value = Reduction> {
    one_of(modes())
}

/// Reads one word of a list of algorithms; `None` is `all` of them.
pub(super) fn algorithms() -> impl TypedValueParser<Value = Option<AlgorithmKind>> {
    one_of(or(kinds(), "all", "each of them"))
}

/// Reads one word of a list of reductions; `None` is `all` of them.
pub(super) fn reductions() -> impl TypedValueParser<Value = Option<Reduction>> {
    one_of(or(modes(), "all", "both"))
}

/// Reads `--backend`; `auto` is the best of this machine.
pub(super) fn backend() -> impl TypedValueParser<Value = Backend> {
    let all = Backend::ALL.iter().map(|backend| (backend.name(), *backend, "")).collect();
    one_of(or(all, "auto", "the best of this machine"))
        .map(|backend| backend.unwrap_or_else(Backend::detect))
}

/// Reads `--table`.
pub(super) fn table() -> impl TypedValueParser<Value = SecurityTable> {
    one_of(SecurityTable::ALL.iter().map(|table| (table.name(), *table, table.summary())).collect())
}

/// Reads `--security`.
pub(super) fn level() -> impl TypedValueParser<Value = SecurityLevel> {
    one_of(SecurityLevel::ALL.iter().map(|level| (level.name(), *level, "")).collect())
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;

    use clap::Command;

    use super::*;

    fn read<P: TypedValueParser>(parser: P, word: &str) -> Result<P::Value, String> {
        let read = parser.parse_ref(&Command::new("heconv"), None, OsStr::new(word));
        read.map_err(|error| error.to_string())
    }

    #[test]
    fn names_are_found_and_mistakes_corrected() {
        assert_eq!(read(algorithm(), "hadamard-fused"), Ok(AlgorithmKind::HadamardFused.into()));
        let error = read(algorithm(), "hadamard-fussed").expect_err("unknown");
        assert!(error.contains("a similar value exists: 'hadamard-fused'"), "{error}");
        let error = read(reduction(), "zzz").expect_err("unknown");
        assert!(error.contains("[possible values: eager, lazy]"), "{error}");
        assert_eq!(read(backend(), "auto"), Ok(Backend::detect()));
        assert_eq!(read(backend(), "avx2"), Ok(Backend::Avx2));
        assert_eq!(read(algorithms(), "all"), Ok(None));
        assert_eq!(read(algorithm(), "any"), Ok(AlgorithmChoice::Any));
        assert_eq!(read(reductions(), "eager"), Ok(Some(Reduction::Eager)));
        let error = read(reductions(), "al").expect_err("unknown");
        assert!(error.contains("[possible values: eager, lazy, all]"), "{error}");
        assert_eq!(read(table(), "he2018"), Ok(SecurityTable::He2018));
        assert_eq!(read(level(), "192"), Ok(SecurityLevel::Bits192));
        assert!(read(level(), "100").is_err());
        assert_eq!(read(objective(), "server"), Ok(Objective::Server));
    }
}
