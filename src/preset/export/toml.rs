//! An experiment as TOML that says all about it.

use std::fmt::Write as _;

use serde::Serialize;

use crate::arith::Modulus;
use crate::arith::kernels::Reduction;
use crate::bfv::security::SecurityPolicy;
use crate::bfv::{Params, ParamsSpec, PrimeSpec};
use crate::conv::{AlgorithmChoice, AlgorithmKind, LayerSpec, WeightForm};
use crate::report::Record;

use super::keys;
use super::library::wrapped;
use crate::preset::{Experiment, Filter, LayerPreset, Strictness, params};

/// The text of a file that [`Experiment::parse`] reads back to `experiment`, with the figures of
/// its run where there is one.
///
/// What could not come from a file is written as the nearest that could: a layer of no network
/// whose name has a slash reads back as one of the network before the slash, and limbs given
/// partly as primes and partly as sizes read back as the primes. An experiment that is not well
/// formed gives a text that is refused. Seeds of 2^63 and above are plain integers too, which
/// heconv reads but other readers of TOML may not.
pub fn experiment_toml(experiment: &Experiment, record: Option<&Record>) -> String {
    let Experiment { layer, params, algorithm, reduction, threads, seed, pinned, policy } =
        experiment;
    let mut text = Text(String::new());
    text.line("# An experiment of heconv: `heconv run FILE` repeats it.");
    text.entry("schema", 1, "");
    text.entry("heconv_version", env!("CARGO_PKG_VERSION"), "that wrote this file");
    text.entry_if("algorithm", algorithm.map(AlgorithmChoice::name), "");
    text.entry_if("reduction", reduction.map(Reduction::name), "");
    text.entry_if("lanes", pinned.lanes, "of a ciphertext");
    text.entry_if("babies", pinned.babies, "automorphisms of each input");
    text.entry_if("weight_form", pinned.weight_form.map(WeightForm::name), "of stored weights");
    text.entry_if("shared_by", pinned.shared_by, "outputs share a polynomial");
    text.entry_if("threads", *threads, "");
    text.entry_if("seed", *seed, "of data and secrets: fixed secrets are for experiments alone");
    text.layer(layer);
    text.params(params);
    text.security(policy);
    text.plan(experiment);
    if let Some(record) = record {
        text.figures(record);
    }
    text.0
}

/// A TOML document in the making.
struct Text(String);

impl Text {
    fn line(&mut self, line: &str) {
        self.0.push_str(line);
        self.0.push('\n');
    }

    /// A key and its value, with a comment for the reader unless that is empty.
    fn entry(&mut self, key: &str, value: impl Serialize, comment: &str) {
        let mut text = String::new();
        // Strings, numbers and lists of numbers are always values.
        if value.serialize(toml::ser::ValueSerializer::new(&mut text)).is_err() {
            return;
        }
        let space = if comment.is_empty() { "" } else { " # " };
        self.line(&format!("{key} = {text}{space}{comment}"));
    }

    fn entry_if(&mut self, key: &str, value: Option<impl Serialize>, comment: &str) {
        if let Some(value) = value {
            self.entry(key, value, comment);
        }
    }

    /// One number where all are equal, else a list.
    fn numbers(&mut self, key: &str, numbers: &[usize], comment: &str) {
        match numbers {
            [first, rest @ ..] if rest.iter().all(|number| number == first) => {
                self.entry(key, first, "");
            }
            _ => self.entry(key, numbers, comment),
        }
    }

    fn layer(&mut self, preset: &LayerPreset) {
        self.line("\n[layer]");
        self.entry("name", preset.full_name(), "");
        self.shape(preset);
    }

    /// A layer of a network, under its name there.
    fn layer_of_list(&mut self, preset: &LayerPreset) {
        self.line("\n[[layer]]");
        self.entry("name", &preset.spec.name, "");
        self.shape(preset);
    }

    /// All of a layer but its name.
    fn shape(&mut self, preset: &LayerPreset) {
        let LayerPreset { spec, network: _, filters, image, origin: _, data: _ } = preset;
        let LayerSpec {
            name: _,
            in_channels,
            out_channels,
            height,
            width,
            kernel,
            stride,
            padding,
            groups,
            activation_bits,
            activation_signed,
            weight_bits,
        } = spec;
        self.entry("in_channels", in_channels, "");
        self.entry("out_channels", out_channels, "");
        self.entry("height", height, "of the input, without padding");
        self.entry("width", width, "");
        self.numbers("kernel", kernel, "height, width");
        self.entry("stride", stride, "");
        match padding {
            Some(padding) => self.numbers("padding", padding, "top, left, bottom, right"),
            None => self.line("# padding: half the kernel on each side"),
        }
        self.entry("groups", groups, "");
        let sign = if *activation_signed == Some(true) { "signed" } else { "unsigned" };
        self.entry("activation_bits", activation_bits, sign);
        self.entry_if("activation_signed", *activation_signed, "");
        self.entry("weight_bits", weight_bits, "signed");
        self.entry_if("image", image.as_ref(), "the input");
        for filter in filters.iter().flatten() {
            self.filter(filter, kernel[0] * kernel[1]);
        }
    }

    /// A filter, one line of weights for each input channel.
    fn filter(&mut self, Filter { name, weights }: &Filter, kernel_size: usize) {
        self.line("\n[[layer.filter]]");
        self.entry("name", name, "");
        self.line("weights = [ # a line for each input channel, kernel rows in turn");
        for channel in weights.chunks(kernel_size.max(1)) {
            let channel: Vec<String> = channel.iter().map(i64::to_string).collect();
            self.line(&format!("  {},", channel.join(", ")));
        }
        self.line("]");
    }

    fn params(&mut self, spec: &ParamsSpec) {
        let uniform = uniform(spec);
        let ParamsSpec { name, ring_degree, limbs, special, plain } =
            uniform.as_ref().unwrap_or(spec);
        self.line("\n[params]");
        if limbs.iter().chain(special).chain([plain]).any(|prime| !is_value(prime)) {
            self.line("# For *_bits heconv takes the largest suitable primes of that size.");
        }
        self.entry("name", name, "");
        self.entry("ring_degree", ring_degree, "");
        let key = if limbs.iter().any(is_value) { "limbs" } else { "limb_bits" };
        self.entry(key, limbs.iter().map(number).collect::<Vec<_>>(), "the primes of Q");
        if let Some(special) = special {
            let key = if is_value(special) { "special" } else { "special_bits" };
            self.entry(key, number(special), "P, for key switching");
        }
        let key = if is_value(plain) { "plain_modulus" } else { "plain_bits" };
        self.entry(key, number(plain), "t");
    }

    /// What the parameters are held against.
    fn security(&mut self, policy: &SecurityPolicy) {
        self.line("\n[security]");
        self.entry("table", policy.table.name(), "");
        self.entry("level", policy.level.bits(), "bits, classical");
        if policy.insecure {
            self.entry("insecure", true, "runs parameters above the cap too");
        }
    }

    /// The keys that the server needs, where there are some.
    fn plan(&mut self, experiment: &Experiment) {
        let policy = SecurityPolicy { insecure: true, ..experiment.policy };
        let Ok(params) = Params::new(&experiment.params, &policy) else { return };
        let elements = keys::elements(experiment, &params);
        if elements.is_empty() {
            return;
        }
        self.line("\n# What follows from the above. Reading the file passes over this.");
        self.line("[plan]");
        self.line("galois_elements = [ # g of the automorphisms X -> X^g");
        self.line(&wrapped(&elements, "  "));
        self.line("]");
    }

    /// What a run of the experiment gave, or would give.
    fn figures(&mut self, record: &Record) {
        let (section, said) = if record.predicted {
            ("predicted", "What a run would give")
        } else {
            ("measured", "What the run gave")
        };
        self.line(&format!("\n# {said}. Reading the file passes over this."));
        self.line(&format!("[{section}]"));
        if record.verification.is_some() {
            let verdict = record.verdict();
            self.entry("verified", verdict.is_exact(), "against the plain convolution");
            self.entry("verdict", verdict.word(), "");
        }
        self.entry("backend", &record.backend, "");
        let at = |name: &str| format!("{section}.{name}");
        self.table(&at("machine"), &record.machine, "");
        self.table(&at("noise_bits"), &record.noise_bits, "noise budgets in bits");
        self.table(&at("latency_ms"), &record.latency_ms, "milliseconds");
        self.table(&at("link"), &record.link, "what `transfer` was reckoned with");
        self.table(&at("storage_bytes"), &record.storage_bytes, "bytes the server holds");
        self.table(&at("communication_bytes"), &record.communication_bytes, "bytes sent");
        if let Some(part) = &record.extrapolated_from {
            self.table(&at("extrapolated_from"), part, "only this part was run and verified");
        }
    }

    fn table(&mut self, name: &str, figures: &impl Serialize, comment: &str) {
        let space = if comment.is_empty() { "" } else { " # " };
        // Structures of strings and numbers are always tables.
        let figures = toml::to_string(figures).unwrap_or_default();
        // Writing to a string never fails.
        let _ = write!(self.0, "\n[{name}]{space}{comment}\n{figures}");
    }
}

const fn is_value(prime: &PrimeSpec) -> bool {
    matches!(prime, PrimeSpec::Value(_))
}

/// The prime or its size.
fn number(prime: &PrimeSpec) -> u64 {
    match *prime {
        PrimeSpec::Bits(bits) => bits.into(),
        PrimeSpec::Value(value) => value,
    }
}

/// The same parameters with all primes given as such, where limbs are given in both forms, which
/// no file can say. `None` also of parameters that are none: a size in place of a prime is refused.
fn uniform(spec: &ParamsSpec) -> Option<ParamsSpec> {
    if spec.limbs.iter().all(is_value) || !spec.limbs.iter().any(is_value) {
        return None;
    }
    let found = params::check(spec, Strictness::Load).ok()?;
    let prime = |modulus: &Modulus| PrimeSpec::Value(modulus.value());
    Some(ParamsSpec {
        name: spec.name.clone(),
        ring_degree: spec.ring_degree,
        limbs: found.limbs().iter().map(prime).collect(),
        special: found.special().map(prime),
        plain: prime(found.plain()),
    })
}

/// A parameter set as a file of its own.
pub fn params_toml(params: &ParamsSpec) -> String {
    let mut text = Text(String::new());
    text.line("# A parameter set of heconv: `--params FILE` takes it.");
    text.entry("schema", 1, "");
    text.params(params);
    text.0
}

/// Layers as the file of a network that is a list and no more.
pub fn layers_toml(name: &str, layers: &[&LayerPreset]) -> String {
    let mut text = Text(String::new());
    text.line("# Layers of heconv: in `networks` of its configuration directory they are listed.");
    text.entry("schema", 1, "");
    text.entry("name", name, "");
    for layer in layers {
        text.layer_of_list(layer);
    }
    text.0
}

/// A sweep over all combinations of these.
pub fn sweep_toml(
    layers: &[String],
    params: &[String],
    algorithms: &[AlgorithmKind],
    reductions: &[Reduction],
    threads: usize,
    seed: Option<u64>,
    repeat: usize,
) -> String {
    let mut text = Text(String::new());
    text.line("# A sweep of heconv: `heconv sweep FILE` runs it.");
    text.entry("schema", 1, "");
    text.entry("layers", layers, "");
    text.entry("params", params, "");
    let algorithms: Vec<&str> = algorithms.iter().map(|one| one.name()).collect();
    text.entry("algorithms", algorithms, "");
    let reductions: Vec<&str> = reductions.iter().map(|one| one.name()).collect();
    text.entry("reductions", reductions, "");
    text.entry("threads", threads, "");
    text.entry_if("seed", seed, "of data and secrets: fixed secrets are for experiments alone");
    text.entry_if("repeat", Some(repeat).filter(|repeat| *repeat > 1), "runs of each point");
    text.0
}
