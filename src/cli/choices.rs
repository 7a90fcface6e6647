//! Arguments that name one of a few things.

use crate::arith::kernels::{Backend, Reduction};
use crate::bfv::security::{SecurityLevel, SecurityTable};
use crate::conv::AlgorithmKind;
use crate::tune::Objective;

/// The one of `all` called `name`, or an error that names the nearest.
fn choose<T: Copy>(
    what: &str,
    name: &str,
    all: &[T],
    name_of: impl Fn(T) -> String,
) -> Result<T, String> {
    let names: Vec<String> = all.iter().map(|one| name_of(*one)).collect();
    if let Some(at) = names.iter().position(|one| one == name) {
        return Ok(all[at]);
    }
    let nearest = names
        .iter()
        .max_by(|a, b| strsim::jaro_winkler(a, name).total_cmp(&strsim::jaro_winkler(b, name)))
        .filter(|nearest| strsim::jaro_winkler(nearest, name) > 0.7)
        .map_or_else(String::new, |nearest| format!(", did you mean {nearest}?"));
    Err(format!("no such {what}{nearest} (one of {})", names.join(", ")))
}

/// Reads `--algorithm`.
pub(super) fn algorithm(name: &str) -> Result<AlgorithmKind, String> {
    choose("algorithm", name, &AlgorithmKind::ALL, |kind| kind.name().into())
}

/// The algorithm chosen; `None` is any.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct AnyAlgorithm(pub(super) Option<AlgorithmKind>);

/// Reads `--algorithm` where it may be `any`.
pub(super) fn any_algorithm(name: &str) -> Result<AnyAlgorithm, String> {
    let words: Vec<_> = AlgorithmKind::ALL.into_iter().map(Some).chain([None]).collect();
    let name_of = |word: Option<AlgorithmKind>| word.map_or("any", AlgorithmKind::name).into();
    choose("algorithm", name, &words, name_of).map(AnyAlgorithm)
}

/// Reads `--objective`.
pub(super) fn objective(name: &str) -> Result<Objective, String> {
    choose("objective", name, &Objective::ALL, |objective| objective.name().into())
}

/// Reads `--reduction`.
pub(super) fn reduction(name: &str) -> Result<Reduction, String> {
    choose("reduction", name, &Reduction::ALL, |reduction| reduction.name().into())
}

/// Reads one word of a list of algorithms; `None` is `all` of them.
pub(super) fn algorithms(name: &str) -> Result<Option<AlgorithmKind>, String> {
    or_all("algorithm", name, &AlgorithmKind::ALL, AlgorithmKind::name)
}

/// Reads one word of a list of reductions; `None` is `all` of them.
pub(super) fn reductions(name: &str) -> Result<Option<Reduction>, String> {
    or_all("reduction", name, &Reduction::ALL, Reduction::name)
}

fn or_all<T: Copy>(
    what: &str,
    name: &str,
    all: &[T],
    name_of: impl Fn(T) -> &'static str,
) -> Result<Option<T>, String> {
    let words: Vec<Option<T>> = all.iter().copied().map(Some).chain([None]).collect();
    choose(what, name, &words, |word| word.map_or("all", &name_of).into())
}

/// Reads `--backend`; `auto` is the best of this machine.
pub(super) fn backend(name: &str) -> Result<Backend, String> {
    let all: Vec<_> = std::iter::once(None).chain(Backend::ALL.map(Some)).collect();
    let name_of = |backend: Option<Backend>| backend.map_or("auto", Backend::name).into();
    Ok(choose("backend", name, &all, name_of)?.unwrap_or_else(Backend::detect))
}

/// Reads `--table`.
pub(super) fn table(name: &str) -> Result<SecurityTable, String> {
    choose("security table", name, &SecurityTable::ALL, |table| table.name().into())
}

/// Reads `--security`.
pub(super) fn level(name: &str) -> Result<SecurityLevel, String> {
    choose("security level", name, &SecurityLevel::ALL, |level| level.bits().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_and_mistakes_corrected() {
        assert_eq!(algorithm("hadamard-fused"), Ok(AlgorithmKind::HadamardFused));
        let error = algorithm("hadamard-fussed").expect_err("unknown");
        assert!(error.contains("did you mean hadamard-fused?"), "{error}");
        let error = reduction("zzz").expect_err("unknown");
        assert_eq!(error, "no such reduction (one of eager, lazy)");
        assert_eq!(backend("auto"), Ok(Backend::detect()));
        assert_eq!(backend("avx2"), Ok(Backend::Avx2));
        assert_eq!(algorithms("all"), Ok(None));
        assert_eq!(reductions("eager"), Ok(Some(Reduction::Eager)));
        let error = reductions("al").expect_err("unknown");
        assert_eq!(error, "no such reduction, did you mean all? (one of eager, lazy, all)");
        assert_eq!(table("he2018"), Ok(SecurityTable::He2018));
        assert_eq!(level("192"), Ok(SecurityLevel::Bits192));
        assert!(level("100").is_err());
    }
}
