//! What a run was asked for, as rows and files say it.

use super::digest::Digest;
use super::{DEFAULT_SEED, JobError, RunSpec};
use crate::conv::LayerSpec;
use crate::network::{BatchNorm, Normalise, Origin};
use crate::preset::LayerPreset;
use crate::report::{
    FailedPoint, LayerRecord, Link, Outcome, PointParams, PointPrimes, ROW_FORM, Record, Refusal,
    Request, SCHEMA, SecurityRecord, SweepRow,
};
use crate::tensor::Resize;

/// The order and names of what the digest of a request is made of.
const FORM: &str = "heconv sweep row 2";

/// What is asked for at a point of a sweep, before anything is known of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Asked {
    /// The row it would be without figures, its error empty.
    point: FailedPoint,
    request: Request,
    /// The limit that a run is held against.
    max_memory: u64,
}

impl Asked {
    /// What `spec` asks for: a run, or a prediction.
    ///
    /// The calibration of the machine, and the machine itself, are no part of it: shards of several
    /// machines make one sweep.
    pub fn new(spec: &RunSpec, predicted: bool) -> Self {
        let (params, security) = PointParams::new(&spec.params, &spec.policy);
        let request = Request {
            digest: String::new(),
            form: ROW_FORM,
            // Predictions are the same however often they are made.
            repeat: if predicted { 1 } else { spec.repeat.max(1) },
            lanes: spec.pinned.lanes,
            babies: spec.pinned.babies,
            weight_form: spec.pinned.weight_form.map(|form| form.name().to_owned()),
            shared_by: spec.pinned.shared_by,
            subset: spec.subset,
            insecure: spec.policy.insecure && !security.ok,
            data: data(spec),
            max_memory: None,
        };
        let point = FailedPoint {
            schema: SCHEMA,
            heconv_version: env!("CARGO_PKG_VERSION").to_owned(),
            layer: layer_record(&spec.layer),
            params,
            security,
            algorithm: spec.algorithm.name().to_owned(),
            reduction: spec.reduction.name().to_owned(),
            backend: spec.backend.name().to_owned(),
            threads: spec.threads,
            seed: spec.seed.unwrap_or(DEFAULT_SEED),
            seeded_secrets: spec.seed.is_some(),
            predicted,
            link: spec.link,
            error: String::new(),
            refused: None,
        };
        let request = Request { digest: digest(&point, &request), ..request };
        Self { point, request, max_memory: spec.max_memory }
    }

    /// The row of what was asked for, once there is a record.
    pub fn done(self, record: Record) -> SweepRow {
        SweepRow { outcome: Outcome::Done(Box::new(record)), request: Some(self.request) }
    }

    /// The row where it could not be done.
    pub fn failed(self, problem: &Problem) -> SweepRow {
        let Self { point, request, max_memory } = self;
        // A row is one line in every format.
        let error = problem.text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let refused = problem.refusal;
        let held = (refused == Some(Refusal::Memory)).then_some(max_memory);
        SweepRow {
            outcome: Outcome::Failed(Box::new(FailedPoint { error, refused, ..point })),
            request: Some(Request { max_memory: held, ..request }),
        }
    }

    /// Whether a row that says `request` is one of this.
    pub fn is_of(&self, request: &Request) -> bool {
        request.digest == self.request.digest
            && request.max_memory.is_none_or(|limit| limit == self.max_memory)
    }

    /// The same as a row, with an empty error, to be held against other rows part by part.
    pub fn row(&self) -> SweepRow {
        SweepRow {
            outcome: Outcome::Failed(Box::new(self.point.clone())),
            request: Some(Request { max_memory: Some(self.max_memory), ..self.request.clone() }),
        }
    }
}

/// Why a run gave nothing, in words and in kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// In words.
    pub text: String,
    /// What does not permit the run; absent where it was tried and failed.
    pub refusal: Option<Refusal>,
}

impl From<JobError> for Problem {
    fn from(error: JobError) -> Self {
        Self { refusal: error.refusal(), text: error.to_string() }
    }
}

impl From<String> for Problem {
    fn from(text: String) -> Self {
        Self { text, refusal: None }
    }
}

impl From<&str> for Problem {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.text)
    }
}

/// The shape of a layer, which need not be valid.
fn layer_record(layer: &LayerPreset) -> LayerRecord {
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
    } = layer.spec;
    let [rows, columns] = kernel;
    LayerRecord {
        name: layer.full_name(),
        in_channels,
        out_channels,
        height,
        width,
        kernel,
        stride,
        padding: padding.unwrap_or([rows / 2, columns / 2, rows / 2, columns / 2]),
        groups,
        activation_bits,
        activation_signed: activation_signed.unwrap_or(false),
        weight_bits,
    }
}

/// The digest of weights and input that do not come from the seed.
fn data(spec: &RunSpec) -> Option<String> {
    let LayerPreset { spec: _, network: _, filters, image, origin, data } = &spec.layer;
    let files = [("image", &spec.image), ("input", &spec.input), ("weights", &spec.weights)];
    let is_seeded = filters.is_none() && image.is_none() && data.is_none();
    if is_seeded && files.iter().all(|(_, path)| path.is_none()) {
        return None;
    }
    let mut digest = Digest::new("heconv data of a layer 1");
    match filters {
        None => digest.absent("filters"),
        Some(filters) => {
            digest.number("filters", filters.len() as u64);
            for filter in filters {
                digest.integers("filter", &filter.weights);
            }
        }
    }
    match image {
        None => digest.absent("layer.image"),
        Some(image) => digest.text("layer.image", image),
    }
    match origin {
        None => digest.absent("origin"),
        Some(origin) => add_origin(&mut digest, origin),
    }
    // Requests of earlier versions had no such part, and their digests stand.
    if let Some(data) = data {
        digest.text("layer.data", data.digest());
    }
    match spec.resize {
        Resize::Crop => digest.text("resize", "crop"),
        Resize::Stretch => digest.text("resize", "stretch"),
        Resize::Side(side) => digest.number("resize", side.into()),
    }
    for (name, path) in files {
        let Some(path) = path else {
            digest.absent(name);
            continue;
        };
        if digest.file(name, path).is_err() {
            // Nothing will come of it; what is missing is told apart by its name.
            digest.text(name, &path.to_string_lossy());
        }
    }
    Some(digest.finish())
}

/// Adds what a file of weights and a picture are read by.
fn add_origin(digest: &mut Digest, origin: &Origin) {
    // Of which shape a file has the same weights is one.
    let Origin { tensors, is_dense: _, bias, bn, normalise } = origin;
    digest.text("tensors", tensors);
    digest.number("bias", (*bias).into());
    match bn {
        None => digest.absent("bn"),
        Some(BatchNorm { name, epsilon }) => {
            digest.text("bn", name);
            digest.real("epsilon", *epsilon);
        }
    }
    match normalise {
        None => digest.absent("normalise"),
        Some(Normalise { mean, std }) => {
            digest.number("normalise", mean.len() as u64);
            for value in mean.iter().chain(std) {
                digest.real("value", *value);
            }
        }
    }
}

fn digest(point: &FailedPoint, request: &Request) -> String {
    let FailedPoint {
        schema,
        heconv_version,
        layer,
        params,
        security,
        algorithm,
        reduction,
        backend,
        threads,
        seed,
        seeded_secrets,
        predicted,
        link,
        error: _,
        refused: _,
    } = point;
    let Request { digest: _, form, repeat, lanes, babies, weight_form, .. } = request;
    let Request { shared_by, subset, insecure, data, max_memory: _, .. } = request;
    let mut digest = Digest::new(FORM);
    digest.number("schema", (*schema).into());
    digest.number("row", (*form).into());
    digest.text("heconv_version", heconv_version);
    add_layer(&mut digest, layer);
    match data {
        None => digest.absent("data"),
        Some(data) => digest.text("data", data),
    }
    add_params(&mut digest, params, security);
    digest.number("insecure", (*insecure).into());
    digest.text("algorithm", algorithm);
    digest.text("reduction", reduction);
    digest.text("backend", backend);
    digest.number("threads", *threads as u64);
    digest.number("seed", *seed);
    digest.number("seeded_secrets", (*seeded_secrets).into());
    digest.number("predicted", (*predicted).into());
    add_link(&mut digest, link);
    digest.number("repeat", *repeat as u64);
    digest.maybe("lanes", lanes.map(|lanes| lanes as u64));
    digest.maybe("babies", babies.map(|babies| babies as u64));
    match weight_form {
        None => digest.absent("weight_form"),
        Some(form) => digest.text("weight_form", form),
    }
    // Requests of earlier versions had no such part, and their digests stand.
    if let Some(by) = shared_by {
        digest.number("shared_by", *by as u64);
    }
    digest.maybe("subset", subset.map(|subset| subset as u64));
    digest.finish()
}

/// Adds a layer's name and shape.
pub(super) fn add_layer(digest: &mut Digest, layer: &LayerRecord) {
    let LayerRecord {
        name,
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
    } = layer;
    digest.text("layer", name);
    let sizes = [*in_channels, *out_channels, *height, *width, *stride, *groups];
    digest.numbers("sizes", sizes.map(|size| size as u64));
    digest.numbers("kernel", kernel.map(|side| side as u64));
    digest.numbers("padding", padding.map(|side| side as u64));
    digest.numbers("bits", [(*activation_bits).into(), (*weight_bits).into()]);
    digest.number("activation_signed", (*activation_signed).into());
}

/// Adds parameters and what they are held against.
pub(super) fn add_params(digest: &mut Digest, params: &PointParams, security: &SecurityRecord) {
    let PointParams { name, ring_degree, primes } = params;
    let SecurityRecord { table, level, cap_log2_qp: _, ok: _ } = security;
    digest.text("params", name);
    digest.number("ring_degree", *ring_degree as u64);
    match primes {
        None => digest.absent("primes"),
        Some(PointPrimes { plain_modulus, limbs, special, log2_q: _, log2_qp: _ }) => {
            digest.number("plain_modulus", *plain_modulus);
            digest.numbers("limbs", limbs.iter().copied());
            digest.maybe("special", *special);
        }
    }
    digest.text("table", table);
    digest.number("level", (*level).into());
}

/// Adds the link between client and server.
pub(super) fn add_link(digest: &mut Digest, link: &Link) {
    let Link { bandwidth_bits_per_second, rtt_ms } = link;
    digest.real("bandwidth", *bandwidth_bits_per_second);
    digest.real("rtt", *rtt_ms);
}
