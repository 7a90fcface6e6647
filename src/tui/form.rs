//! The parameter form: fields, their steps, what is wrong with them and the nearest fix.

mod field;
mod fix;
mod own;
mod plan;
mod run;
#[cfg(test)]
mod tests;

pub use field::Field;
pub use run::DataFiles;

use crate::arith::kernels::Reduction;
use crate::bfv::params::RING_DEGREES;
use crate::bfv::security::SecurityPolicy;
use crate::bfv::{Params, ParamsSpec, PrimeSpec};
use crate::conv::{AlgorithmKind, Choice, Layer, LayerSpec, WeightForm};
use crate::job::RunSpec;
use crate::preset::{Catalogue, Experiment, LayerPreset, MAX_THREADS, PresetError};
use crate::report::Link;

/// What stands for a special prime where there is none.
const NONE: &str = "none";

/// The largest number of bits, and of limbs, that is read at all.
const MAX_BITS: u32 = 64;

/// Behind the bits of signed activations.
const SIGNED: &str = " signed";

/// The lanes that the planner chooses.
const AUTO: &str = "auto";

/// A plan that is the planner's.
pub const FREE: &str = "free";

/// A plan that stays as it is.
pub const PINNED: &str = "pinned";

/// Everything a run is made from, as the user sets it.
#[derive(Clone, Debug, PartialEq)]
pub struct Form {
    /// The layer.
    pub layer: LayerPreset,
    /// The parameters.
    pub params: ParamsSpec,
    /// The algorithm.
    pub algorithm: AlgorithmKind,
    /// The reduction mode.
    pub reduction: Reduction,
    /// What of the plan is given; the planner chooses the rest.
    pub pinned: Choice,
    /// Threads.
    pub threads: usize,
    /// What parameters are held against.
    pub policy: SecurityPolicy,
    /// The link between client and server.
    pub link: Link,
    /// Files in place of the layer's own data.
    pub data: DataFiles,
    /// The seed of data and secrets, where it is given.
    pub seed: Option<u64>,
}

impl Form {
    /// The form at the start: the demo layer, fused.
    ///
    /// # Errors
    /// That a preset is wrong.
    pub fn demo(catalogue: &Catalogue, threads: usize) -> Result<Self, PresetError> {
        Ok(Self {
            layer: catalogue.layer("demo/photo")?.clone(),
            params: catalogue.params_set("n4096-t20")?,
            algorithm: AlgorithmKind::HadamardFused,
            reduction: Reduction::Lazy,
            pinned: Choice::default(),
            threads,
            policy: SecurityPolicy::default(),
            link: Link::default(),
            data: DataFiles::default(),
            seed: None,
        })
    }

    /// The value of a field as text; what [`Form::parse`] reads.
    pub fn value(&self, field: Field) -> String {
        let limbs: Vec<u32> = self.params.limbs.iter().map(|limb| limb.bits()).collect();
        match field {
            Field::Preset => self.params.name.clone(),
            Field::RingDegree => self.params.ring_degree.to_string(),
            Field::PlainBits => self.params.plain.bits().to_string(),
            Field::LimbBits => limbs.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "),
            Field::LimbCount => limbs.len().to_string(),
            Field::SpecialBits => {
                self.params.special.map_or_else(|| NONE.into(), |prime| prime.bits().to_string())
            }
            Field::Algorithm => self.algorithm.name().to_owned(),
            Field::Reduction => self.reduction.name().to_owned(),
            Field::Lanes => {
                self.pinned.lanes.map_or_else(|| AUTO.into(), |lanes| lanes.to_string())
            }
            Field::Babies => {
                self.pinned.babies.map_or_else(|| AUTO.into(), |babies| babies.to_string())
            }
            Field::Plan => if self.has_plan() { PINNED } else { FREE }.to_owned(),
            Field::WeightForm => self.pinned.weight_form.map_or(AUTO, WeightForm::name).to_owned(),
            Field::SharedBy => self.pinned.sharing().to_string(),
            Field::Threads => self.threads.to_string(),
            Field::ActivationBits => {
                let LayerSpec { activation_bits, activation_signed, .. } = self.layer.spec;
                let sign = if activation_signed == Some(true) { SIGNED } else { "" };
                format!("{activation_bits}{sign}")
            }
            Field::WeightBits => self.layer.spec.weight_bits.to_string(),
            _ if field.is_shape() => self.shape_value(field),
            _ => self.run_value(field),
        }
    }

    /// The checked parameters and layer, or what is wrong in one line.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn check(&self) -> Result<(Params, Layer), String> {
        let layer = Layer::new(&self.layer.spec).map_err(|error| error.to_string())?;
        let largest = self.layer.filters.iter().flatten().flat_map(|filter| &filter.weights);
        if let Some(weight) = largest.map(|w| w.abs()).max().filter(|w| *w > layer.max_weight()) {
            return Err(format!("a filter has weight {weight}: too large for weight bits"));
        }
        if self.layer.data.as_ref().is_some_and(|data| data.is_signed())
            && !layer.activation_signed()
        {
            return Err(
                "the layer's activations have signs: activation bits are like 8 signed".into()
            );
        }
        if !(1..=MAX_THREADS).contains(&self.threads) {
            return Err(format!("threads must be from 1 to {MAX_THREADS}"));
        }
        let params = Params::new(&self.params, &self.policy);
        Ok((params.map_err(|error| error.to_string())?, layer))
    }

    /// The form with a field one step up or down, valid or not; `None` at the end, which for threads
    /// is `cores`.
    fn step(&self, field: Field, up: bool, presets: &[ParamsSpec], cores: usize) -> Option<Self> {
        let mut form = self.clone();
        let by_one = |value: u32| if up { value.checked_add(1) } else { value.checked_sub(1) };
        match field {
            Field::Preset => {
                let at = presets.iter().position(|preset| preset.name == self.params.name);
                let next = match (at, up) {
                    (None, _) => 0,
                    (Some(at), true) => at + 1,
                    (Some(at), false) => at.checked_sub(1)?,
                };
                form.params = presets.get(next)?.clone();
                form.free_lanes(self);
                return Some(form);
            }
            Field::Algorithm => {
                form.algorithm = neighbour(&AlgorithmKind::ALL, self.algorithm, up)?;
            }
            Field::Reduction => form.reduction = neighbour(&Reduction::ALL, self.reduction, up)?,
            Field::Lanes => {
                form.pinned.lanes = neighbour(&self.possible_lanes(), self.pinned.lanes, up)?;
            }
            Field::Babies => {
                form.pinned.babies = neighbour(&self.possible_babies(), self.pinned.babies, up)?;
            }
            Field::WeightForm => {
                form.pinned.weight_form =
                    neighbour(&self.possible_forms(), self.pinned.weight_form, up)?;
            }
            Field::SharedBy => {
                let by = neighbour(&self.possible_sharing(), self.pinned.sharing(), up)?;
                form.pinned.shared_by = Some(by).filter(|by| *by > 1);
            }
            Field::Threads => {
                form.threads = by_one(self.threads as u32)? as usize;
                if form.threads > cores.max(self.threads) {
                    return None;
                }
            }
            Field::ActivationBits => {
                form.layer.spec.activation_bits = by_one(self.layer.spec.activation_bits)?;
            }
            Field::WeightBits => form.layer.spec.weight_bits = by_one(self.layer.spec.weight_bits)?,
            Field::RingDegree => {
                let next =
                    if up { self.params.ring_degree * 2 } else { self.params.ring_degree / 2 };
                form.params.ring_degree = next;
                if !RING_DEGREES.contains(&next) {
                    return None;
                }
            }
            Field::PlainBits => {
                form.params.plain = PrimeSpec::Bits(by_one(self.params.plain.bits())?);
            }
            Field::SpecialBits => {
                form.params.special = match self.params.special {
                    None if up => self.params.limbs.last().map(|limb| PrimeSpec::Bits(limb.bits())),
                    None => return None,
                    Some(prime) if !up && prime.bits() <= 2 => None,
                    Some(prime) => Some(PrimeSpec::Bits(by_one(prime.bits())?)),
                };
            }
            Field::LimbBits => {
                for limb in &mut form.params.limbs {
                    *limb = PrimeSpec::Bits(by_one(limb.bits())?);
                }
            }
            Field::LimbCount if up => {
                let last = form.params.limbs.last().map_or(30, |limb| limb.bits());
                form.params.limbs.push(PrimeSpec::Bits(last));
            }
            Field::LimbCount => {
                form.params.limbs.pop();
            }
            Field::InChannels
            | Field::OutChannels
            | Field::Plane
            | Field::Kernel
            | Field::Stride
            | Field::Padding
            | Field::Groups => {
                if !form.step_shape(field, up) {
                    return None;
                }
            }
            _ => form.step_run(field, up)?,
        }
        form.rename(self);
        form.free_lanes(self);
        Some(form)
    }

    /// Values given as primes stay only while the ring stays; a changed set is no preset.
    fn rename(&mut self, before: &Self) {
        if self.params == before.params {
            return;
        }
        if self.params.ring_degree != before.params.ring_degree {
            let resize = |prime: &mut PrimeSpec| *prime = PrimeSpec::Bits(prime.bits());
            self.params.limbs.iter_mut().for_each(resize);
            self.params.special.iter_mut().for_each(resize);
            resize(&mut self.params.plain);
        }
        // What `--params` takes for a set that is no preset, N:limbs|P:t, is all there is to say of it.
        self.params.name = self.params.inline();
    }

    /// The form with a field at its next valid value up or down; threads go up to `cores`.
    ///
    /// # Errors
    /// Why there is none.
    pub fn next_valid(
        &self,
        field: Field,
        up: bool,
        presets: &[ParamsSpec],
        cores: usize,
    ) -> Result<Self, String> {
        const STEPS: usize = 64;
        let mut form = self.clone();
        let mut first_problem = None;
        for _ in 0..STEPS {
            let Some(next) = form.step(field, up, presets, cores) else { break };
            match next.check() {
                Ok(_) => return Ok(next),
                Err(problem) => {
                    first_problem.get_or_insert(problem);
                }
            }
            form = next;
        }
        let direction = if up { "next" } else { "previous" };
        Err(first_problem.map_or_else(
            || format!("{}: no {direction} value", field.label()),
            |problem| format!("{}: no {direction} value is valid: {problem}", field.label()),
        ))
    }

    /// The form with a field as typed, valid or not.
    ///
    /// # Errors
    /// Why the text is no value of the field.
    pub fn parse(&self, field: Field, text: &str, presets: &[ParamsSpec]) -> Result<Self, String> {
        let mut form = self.clone();
        let text = text.trim();
        let number = |max: u32| {
            let value = text.parse::<u32>().ok().filter(|value| *value <= max);
            value.ok_or_else(|| format!("{}: {text:?} is no number up to {max}", field.label()))
        };
        match field {
            Field::Preset => {
                let found = presets.iter().find(|preset| preset.name == text);
                form.params = found
                    .ok_or_else(|| format!("no parameter set {text:?}: {}", names(presets)))?
                    .clone();
                form.free_lanes(self);
                return Ok(form);
            }
            Field::RingDegree => form.params.ring_degree = number(1 << 20)? as usize,
            Field::PlainBits => form.params.plain = PrimeSpec::Bits(number(MAX_BITS)?),
            Field::SpecialBits if text == NONE => form.params.special = None,
            Field::SpecialBits => form.params.special = Some(PrimeSpec::Bits(number(MAX_BITS)?)),
            Field::LimbBits => {
                let sizes = text.split([' ', ',']).filter(|size| !size.is_empty());
                form.params.limbs = sizes
                    .map(|size| size.parse().map(PrimeSpec::Bits))
                    .collect::<Result<_, _>>()
                    .map_err(|_| format!("limb bits: {text:?} is no list like 35 35"))?;
            }
            Field::LimbCount => {
                let last = form.params.limbs.last().copied().unwrap_or(PrimeSpec::Bits(30));
                let count = number(MAX_BITS)? as usize;
                form.params.limbs.resize(count, PrimeSpec::Bits(last.bits()));
            }
            Field::Algorithm => {
                form.algorithm = by_name(&AlgorithmKind::ALL, text, AlgorithmKind::name)?;
            }
            Field::Reduction => form.reduction = by_name(&Reduction::ALL, text, Reduction::name)?,
            Field::Lanes if text == AUTO => form.pinned.lanes = None,
            Field::Lanes => {
                let lanes = text.parse().ok();
                let possible = self.possible_lanes();
                if lanes.is_none() || !possible.contains(&lanes) {
                    let list: Vec<String> =
                        possible.iter().flatten().map(ToString::to_string).collect();
                    let list = list.join(", ");
                    return Err(format!("lanes: {text:?} is none of {AUTO}, {list}"));
                }
                form.pinned.lanes = lanes;
            }
            Field::Babies if text == AUTO => form.pinned.babies = None,
            Field::Babies => {
                let babies = text.parse().ok();
                let possible = self.possible_babies();
                if babies.is_none() || !possible.contains(&babies) {
                    let list: Vec<String> =
                        possible.iter().flatten().map(ToString::to_string).collect();
                    let list = if list.is_empty() {
                        format!("{} has none", self.algorithm.name())
                    } else {
                        format!("it is none of {AUTO}, {}", list.join(", "))
                    };
                    return Err(format!("baby steps: {text:?}: {list}"));
                }
                form.pinned.babies = babies;
            }
            Field::Plan if text == FREE => form = self.with_plan(None),
            Field::Plan => return Err(format!("plan: {text:?} is neither {FREE} nor {PINNED}")),
            Field::WeightForm => {
                let name = |form: Option<WeightForm>| form.map_or(AUTO, WeightForm::name);
                form.pinned.weight_form = by_name(&self.possible_forms(), text, name)?;
            }
            Field::SharedBy => {
                let by = by_name(&self.possible_sharing(), text, sharing_name)?;
                form.pinned.shared_by = Some(by).filter(|by| *by > 1);
            }
            Field::Threads => form.threads = number(MAX_THREADS as u32)? as usize,
            Field::ActivationBits => form.set_activations(text)?,
            Field::WeightBits => form.layer.spec.weight_bits = number(MAX_BITS)?,
            _ if field.is_shape() => form.parse_shape(field, text)?,
            _ => form.parse_run(field, text)?,
        }
        form.rename(self);
        form.free_lanes(self);
        Ok(form)
    }

    /// Bits of activations, with `signed` or `unsigned` behind them or as they are.
    fn set_activations(&mut self, text: &str) -> Result<(), String> {
        let (bits, sign) = text.split_once(' ').unwrap_or((text, ""));
        let bits = bits.parse().ok().filter(|bits| *bits <= MAX_BITS);
        let signed = match sign.trim() {
            "" => self.layer.spec.activation_signed,
            "signed" => Some(true),
            "unsigned" => Some(false),
            _ => return Err(not_activations(text)),
        };
        self.layer.spec.activation_bits = bits.ok_or_else(|| not_activations(text))?;
        self.layer.spec.activation_signed = signed;
        Ok(())
    }

    /// The run this form asks for.
    pub fn spec(&self, max_memory: u64) -> RunSpec {
        RunSpec {
            algorithm: self.algorithm,
            reduction: self.reduction,
            threads: self.threads,
            max_memory,
            pinned: self.pinned,
            policy: self.policy,
            link: self.link,
            seed: self.seed,
            weights: self.data.weights.clone(),
            image: self.data.image().map(Into::into),
            input: self.data.array().map(Into::into),
            ..RunSpec::new(self.layer.clone(), self.params.clone())
        }
    }

    /// The experiment this form is.
    pub fn experiment(&self) -> Experiment {
        self.spec(u64::MAX).experiment()
    }
}

/// The one before or after `current` in `all`.
fn neighbour<T: Copy + PartialEq>(all: &[T], current: T, up: bool) -> Option<T> {
    let at = all.iter().position(|one| *one == current)?;
    let next = if up { at + 1 } else { at.checked_sub(1)? };
    all.get(next).copied()
}

fn by_name<T: Copy>(all: &[T], text: &str, name: fn(T) -> &'static str) -> Result<T, String> {
    let found = all.iter().copied().find(|one| name(*one) == text);
    found.ok_or_else(|| {
        let names: Vec<&str> = all.iter().map(|one| name(*one)).collect();
        format!("{text:?} is none of {}", names.join(", "))
    })
}

const fn sharing_name(by: usize) -> &'static str {
    match by {
        1 => "1",
        2 => "2",
        4 => "4",
        _ => "8",
    }
}

fn not_activations(text: &str) -> String {
    format!("activation bits: {text:?} is nothing like 8, 8 signed or 8 unsigned")
}

fn names(presets: &[ParamsSpec]) -> String {
    presets.iter().map(|preset| preset.name.as_str()).collect::<Vec<_>>().join(", ")
}
