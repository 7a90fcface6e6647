//! A form as a file holds it.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::LayerFile;
use crate::arith::kernels::Reduction;
use crate::bfv::ParamsSpec;
use crate::bfv::security::{SecurityLevel, SecurityPolicy, SecurityTable};
use crate::conv::{AlgorithmKind, Choice, Layer, WeightForm};
use crate::preset::LayerPreset;
use crate::report::Link;
use crate::tui::form::{DataFiles, Form};
use crate::tui::layers::LayerList;

/// A form. Weights and origin of a layer that is among the known ones are taken from there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SavedForm {
    layer: LayerFile,
    params: ParamsSpec,
    algorithm: String,
    reduction: String,
    threads: usize,
    link: Link,
    table: String,
    level: u32,
    #[serde(default)]
    insecure: bool,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    lanes: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    babies: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    weight_form: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    shared_by: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    weights: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    input: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    seed: Option<u64>,
}

impl SavedForm {
    /// `form`, without the weights of a layer that `known` has.
    pub fn new(form: &Form, known: &LayerList) -> Self {
        let mut layer = LayerFile::from(&form.layer);
        if twin(&form.layer, known).is_some_and(|twin| twin.filters == form.layer.filters) {
            layer.filters = None;
        }
        let Choice { lanes, babies, weight_form, shared_by } = form.pinned;
        let DataFiles { weights, input } = form.data.clone();
        Self {
            layer,
            params: form.params.clone(),
            algorithm: form.algorithm.name().into(),
            reduction: form.reduction.name().into(),
            threads: form.threads,
            link: form.link,
            table: form.policy.table.name().into(),
            level: form.policy.level.bits(),
            insecure: form.policy.insecure,
            lanes,
            babies,
            weight_form: weight_form.map(|form| form.name().into()),
            shared_by,
            weights,
            input,
            seed: form.seed,
        }
    }

    /// The form; `None` where it names what this version does not know.
    pub fn form(&self, known: &LayerList) -> Option<Form> {
        let mut layer = LayerPreset::from(self.layer.clone());
        if let Some(twin) = twin(&layer, known) {
            layer.filters = layer.filters.or_else(|| twin.filters.clone());
            layer.origin.clone_from(&twin.origin);
            layer.data.clone_from(&twin.data);
        }
        let weight_form = match &self.weight_form {
            None => None,
            Some(name) => Some(by_name(&WeightForm::ALL, name, WeightForm::name)?),
        };
        let level = SecurityLevel::ALL.into_iter().find(|level| level.bits() == self.level)?;
        let (lanes, babies, shared_by) = (self.lanes, self.babies, self.shared_by);
        Some(Form {
            layer,
            params: self.params.clone(),
            algorithm: by_name(&AlgorithmKind::ALL, &self.algorithm, AlgorithmKind::name)?,
            reduction: by_name(&Reduction::ALL, &self.reduction, Reduction::name)?,
            pinned: Choice { lanes, babies, weight_form, shared_by },
            threads: self.threads,
            policy: SecurityPolicy {
                table: by_name(&SecurityTable::ALL, &self.table, SecurityTable::name)?,
                level,
                insecure: self.insecure,
                ..SecurityPolicy::default()
            },
            link: self.link,
            data: DataFiles { weights: self.weights.clone(), input: self.input.clone() },
            seed: self.seed,
        })
    }
}

/// The known layer of the same name whose weights have the same shape.
fn twin<'a>(layer: &LayerPreset, known: &'a LayerList) -> Option<&'a LayerPreset> {
    let shape = |layer: &LayerPreset| Layer::new(&layer.spec).map(|one| one.weight_shape()).ok();
    let twin = known.find(&layer.full_name())?;
    (shape(twin) == shape(layer)).then_some(twin)
}

fn by_name<T: Copy>(all: &[T], name: &str, name_of: fn(T) -> &'static str) -> Option<T> {
    all.iter().copied().find(|one| name_of(*one) == name)
}
