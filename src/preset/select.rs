//! Presets by pattern: `bench/*`, `n4096-*`.

use globset::{GlobBuilder, GlobMatcher};

use crate::bfv::ParamsSpec;

use super::error::PresetError;
use super::layer::LayerPreset;
use super::params::is_file;
use super::{Catalogue, Pattern};

/// What tells a pattern from a name.
const WILD: [char; 4] = ['*', '?', '[', '{'];

impl Catalogue {
    /// The layers a pattern names, in the catalogue's order: one by its name as
    /// [`Catalogue::layer`] takes it, or all whose name the wildcards `*`, `?`, `[ab]` and `{a,b}`
    /// match. A pattern without a slash is also held against names within a network.
    ///
    /// # Errors
    /// That there is none, with what there is, or that the pattern is none.
    pub fn layers_matching(&self, pattern: &str) -> Result<Vec<LayerPreset>, PresetError> {
        if !pattern.contains(WILD) {
            return Ok(vec![self.layer(pattern)?.clone()]);
        }
        let glob = glob(Pattern::Layers, pattern)?;
        let within = !pattern.contains('/');
        let is_meant = |layer: &&LayerPreset| {
            glob.is_match(layer.full_name()) || (within && glob.is_match(&layer.spec.name))
        };
        let found: Vec<_> = self.layers().filter(is_meant).cloned().collect();
        let names = || self.layers().map(LayerPreset::full_name).collect();
        some(found, Pattern::Layers, pattern, names)
    }

    /// The parameter sets a pattern names, in the catalogue's order: one by its name, file or text
    /// as [`Catalogue::params_set`] takes it, or all whose name the wildcards match.
    ///
    /// # Errors
    /// That there is none, with what there is, the first mistake in the file or text, or that the
    /// pattern is none.
    pub fn params_matching(&self, pattern: &str) -> Result<Vec<ParamsSpec>, PresetError> {
        if is_file(pattern) || !pattern.contains(WILD) {
            return Ok(vec![self.params_set(pattern)?]);
        }
        let glob = glob(Pattern::Params, pattern)?;
        let found: Vec<_> = self.params().filter(|set| glob.is_match(&set.name)).cloned().collect();
        let names = || self.params().map(|set| set.name.clone()).collect();
        some(found, Pattern::Params, pattern, names)
    }
}

fn glob(what: Pattern, pattern: &str) -> Result<GlobMatcher, PresetError> {
    let glob = GlobBuilder::new(pattern).backslash_escape(true).build();
    let glob = glob.map_err(|error| PresetError::BadPattern {
        what,
        pattern: pattern.into(),
        reason: error.kind().to_string(),
    })?;
    Ok(glob.compile_matcher())
}

/// The presets found, which must be some.
fn some<T>(
    found: Vec<T>,
    what: Pattern,
    pattern: &str,
    names: impl Fn() -> Vec<String>,
) -> Result<Vec<T>, PresetError> {
    if found.is_empty() {
        Err(PresetError::NoMatch { what, pattern: pattern.into(), names: names() })
    } else {
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layers(pattern: &str) -> Result<Vec<String>, String> {
        let found = Catalogue::builtin().expect("presets").layers_matching(pattern);
        let found = found.map_err(|error| error.to_string())?;
        Ok(found.iter().map(LayerPreset::full_name).collect())
    }

    fn params(pattern: &str) -> Result<Vec<String>, String> {
        let found = Catalogue::builtin().expect("presets").params_matching(pattern);
        let found = found.map_err(|error| error.to_string())?;
        Ok(found.into_iter().map(|set| set.name).collect())
    }

    #[test]
    fn names_and_wildcards_find_layers() {
        assert_eq!(layers("photo"), Ok(vec!["demo/photo".into()]));
        assert_eq!(layers("bench/*").map(|all| all.len()), Ok(6));
        assert_eq!(layers("*-k1"), Ok(vec!["bench/c128-28-k1".into()]));
        assert_eq!(layers("c{64,16}-*").map(|all| all.len()), Ok(2));
        assert_eq!(layers("*/c???-*-k3").map(|all| all.len()), Ok(3));
        assert!(layers("bench/c7").expect_err("none").contains("the nearest is"));
    }

    #[test]
    fn names_sets_and_wildcards_find_parameters() {
        assert_eq!(
            params("n4096-*"),
            Ok(["n4096-q44-t20", "n4096-t16", "n4096-t20"].map(String::from).into())
        );
        assert_eq!(params("4096:35,35|36:20"), Ok(vec!["4096:35,35|36:20".into()]));
        assert!(params("n4096").expect_err("none").contains("list params"));
        assert!(params("*.toml").expect_err("a file").contains("cannot read *.toml"));
    }

    #[test]
    fn patterns_that_match_nothing_name_what_there_is() {
        let error = params("m*").expect_err("none");
        assert_eq!(
            error,
            "no parameter set matches \"m*\"; there are n2048-q50-t16, n2048-q50-t20, n4096-q44-t20, \
             n4096-t16, n4096-t20, n8192-t20, n8192-t30"
        );
        let error = layers("vgg/*").expect_err("none");
        assert!(error.starts_with("no layer matches \"vgg/*\"; there are demo/photo, "), "{error}");
    }

    #[test]
    fn patterns_that_are_none_say_why() {
        let error = layers("bench/[c").expect_err("none");
        assert!(error.starts_with("layer pattern \"bench/[c\": unclosed"), "{error}");
        assert!(params("{n4096").expect_err("none").starts_with("parameter set pattern"));
    }
}
