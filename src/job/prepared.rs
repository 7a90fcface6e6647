//! A run that has been checked.

use getrandom::fill;
use ndarray::{Array3, s};
use zeroize::Zeroizing;

use super::memory::{Work, needed_for_part, require};
use super::{JobError, RunData, RunResult, RunSpec, data, record};
use crate::bfv::noise::Samples;
use crate::bfv::{Context, Params, Widths};
use crate::conv::cost::CostTable;
use crate::conv::pipeline::{self, Job, Outcome};
use crate::conv::pricing::Pricing;
use crate::conv::sizes::{Sizes, beside_server_bytes};
use crate::conv::{Choice, KeyNeeds, Layer, Observer, Outline, Plan, Session, Stage};
use crate::predict::{Prediction, headroom_bits};
use crate::report::{Communication, Extrapolated, LatencyMs, Record, Verification};
use crate::ring::sampling::Seed;

/// A run that has been checked and can start.
pub struct Prepared<'a> {
    spec: &'a RunSpec,
    context: Context,
    layer: Layer,
    whole: Box<dyn Plan>,
    /// The part to run, where it is not the whole.
    part: Option<(Layer, Box<dyn Plan>)>,
    needed: u64,
}

impl<'a> Prepared<'a> {
    /// Checks everything that can be checked without data or keys.
    ///
    /// # Errors
    /// [`JobError`] naming what is wrong.
    pub fn new(spec: &'a RunSpec) -> Result<Self, JobError> {
        let layer = data::layer(spec)?;
        if !spec.backend.is_available() {
            return Err(JobError::Backend(spec.backend));
        }
        let params = Params::new(&spec.params, &spec.policy)
            .map_err(|source| JobError::Params { params: spec.params.name.clone(), source })?;
        let context =
            Context::new(params, spec.backend, spec.reduction).ok_or(JobError::Transform)?;
        let whole = spec
            .algorithm
            .plan(
                &layer,
                spec.setting(context.params()),
                &CostTable::reference(spec.backend),
                spec.pinned,
            )
            .map_err(|source| JobError::DoesNotFit { layer: spec.layer.full_name(), source })?;
        let part = spec.subset.and_then(|ciphertexts| whole.subset(ciphertexts));
        let prepared = Self { spec, context, layer, whole, part, needed: 0 };
        let setting = spec.setting(prepared.context.params());
        let layers = [&prepared.layer, prepared.part()];
        let needed = needed_for_part(spec, layers, &prepared.told(), setting);
        require(Work::Run, needed, spec.max_memory)?;
        Ok(Self { needed, ..prepared })
    }

    /// Bytes that the run will hold at most, all in all.
    pub const fn needed_bytes(&self) -> u64 {
        self.needed
    }

    /// The layer that is run: the whole, or its first output channels.
    fn part(&self) -> &Layer {
        self.part.as_ref().map_or(&self.layer, |(layer, _)| layer)
    }

    fn plan(&self) -> &dyn Plan {
        self.part.as_ref().map_or(self.whole.as_ref(), |(_, part)| part.as_ref())
    }

    /// What a run of one of the plans sends and holds.
    fn outline(&self, plan: &dyn Plan) -> Outline {
        plan.outline(self.spec.setting(self.context.params()), self.spec.threads)
    }

    /// The parameters.
    pub const fn params(&self) -> &Params {
        self.context.params()
    }

    /// What the run sends and holds.
    pub fn told(&self) -> Outline {
        self.outline(self.plan())
    }

    /// Runs on its own data, as often as asked for.
    ///
    /// # Errors
    /// [`JobError`] where data are wrong, or the run fails or is cancelled.
    pub fn run(&self, observer: &dyn Observer) -> Result<RunResult, JobError> {
        let seed = self.spec.data_seed();
        self.run_on(data::load(self.spec, &self.layer, self.part(), seed)?, observer)
    }

    /// Runs on `data`, which are of the layer's shape, as often as asked for, each time with new keys.
    ///
    /// # Errors
    /// [`JobError`] where the run fails or is cancelled.
    pub(super) fn run_on(
        &self,
        data: RunData,
        observer: &dyn Observer,
    ) -> Result<RunResult, JobError> {
        let needs = KeyNeeds::from(&self.told());
        let outcomes = super::threads(self.spec.threads)?.install(|| {
            let mut outcomes: Vec<Outcome> = Vec::new();
            for _ in 0..self.spec.repeat.max(1) {
                let session = self.open(&needs, data.stream, observer)?;
                let outcome = self.once(&session, &data, observer)?;
                outcome.clock.add(Stage::Keygen, session.time());
                // Of earlier runs the figures are kept alone.
                if let Some(before) = outcomes.last_mut() {
                    before.output = Array3::default([0; 3]);
                }
                outcomes.push(outcome);
            }
            Ok::<_, JobError>(outcomes)
        })?;
        self.result(outcomes, data)
    }

    /// Runs once on `data`, which are of the layer's shape, in a session that others use too, on the rayon
    /// pool of the calling thread. What opening it took is that of the run it was opened for.
    ///
    /// # Errors
    /// [`JobError`] where the run fails or is cancelled.
    pub(super) fn run_in(
        &self,
        (session, is_new): (&Session, bool),
        data: RunData,
        observer: &dyn Observer,
    ) -> Result<RunResult, JobError> {
        let outcome = self.once(session, &data, observer)?;
        if is_new {
            outcome.clock.add(Stage::Keygen, session.time());
        }
        self.result(vec![outcome], data)
    }

    /// A client with new secrets from stream `stream` of the seed, and a server that has its keys; made on
    /// the rayon pool of the calling thread.
    ///
    /// # Errors
    /// [`JobError`] where there is no randomness, or the run is cancelled.
    pub(super) fn open(
        &self,
        needs: &KeyNeeds,
        stream: u64,
        observer: &dyn Observer,
    ) -> Result<Session, JobError> {
        let secrets = self.secrets(stream)?;
        Ok(Session::open(&self.context, &secrets, needs, observer)?)
    }

    fn once(
        &self,
        session: &Session,
        data: &RunData,
        observer: &dyn Observer,
    ) -> Result<Outcome, JobError> {
        let layer = self.part();
        let job = Job {
            layer,
            context: &self.context,
            plan: self.plan(),
            shared_by: self.spec.pinned.sharing(),
            input: data.input.view(),
            weights: data.weights.slice(s![..layer.out_channels(), .., .., ..]),
            bias: data.bias.as_ref().map(|bias| bias.slice(s![..layer.out_channels()])),
            number: data.stream,
        };
        Ok(pipeline::run(&job, session, observer)?)
    }

    fn result(&self, mut outcomes: Vec<Outcome>, data: RunData) -> Result<RunResult, JobError> {
        let record = self.record(&outcomes).map(|record| data.from_file.record(record));
        let last = outcomes.pop().ok_or(JobError::Transform)?;
        let Outcome { output, upload_sample, .. } = last;
        let record = record.ok_or(JobError::Transform)?;
        Ok(RunResult { record, input: data.input, output, upload_sample })
    }

    /// The seed of all secrets: from the user's seed, apart from that of data, or from the
    /// operating system.
    fn secrets(&self, stream: u64) -> Result<Seed, JobError> {
        let mut bytes = Zeroizing::new([0; 32]);
        match self.spec.seed {
            Some(seed) => {
                bytes[..8].copy_from_slice(&seed.to_le_bytes());
                bytes[8..15].copy_from_slice(b"secrets");
                bytes[16..24].copy_from_slice(&stream.to_le_bytes());
            }
            None => fill(bytes.as_mut_slice()).map_err(|e| JobError::Randomness(e.to_string()))?,
        }
        Ok(bytes)
    }

    /// What was predicted of the whole layer, whatever part was run; noise is that of the part.
    fn prediction(&self, outcome: &Outcome) -> Prediction {
        let (whole, setting) = (self.whole.as_ref(), self.spec.setting(self.context.params()));
        let (outline, work) = (self.outline(whole), whole.work(setting));
        let response = self.response(outcome, &outline);
        let reference = CostTable::reference(self.spec.backend);
        let costs = self.spec.costs.as_deref().unwrap_or(&reference);
        Prediction {
            choice: Choice { shared_by: setting.sharing(), ..whole.choice() },
            uploads: outline.uploads.len(),
            downloads: outline.downloads.len(),
            noise: outcome.noise.predicted,
            times: work.times(&Pricing { costs, setting, threads: self.spec.threads }),
            response,
            read: outline.read_count(setting.ring_degree()),
            sizes: Sizes::of(&outline, setting, response, self.spec.threads),
            beside_server_bytes: beside_server_bytes(&outline, setting),
            operations: work.operations(setting),
            headroom_bits: headroom_bits(setting.params, outcome.largest),
            worst_headroom_bits: headroom_bits(setting.params, self.layer.worst_output()),
        }
    }

    /// The widths of a response of the whole layer: where a part was run, those that carry as many outputs
    /// like its own.
    fn response(&self, outcome: &Outcome, whole: &Outline) -> Widths {
        let Some((_, part)) = &self.part else { return outcome.response };
        let computed = self.outline(part.as_ref()).downloads.len().max(1) as u64;
        let all = whole.downloads.len() as u64;
        let scaled =
            |samples: &Samples| Samples { count: samples.count * all / computed, ..*samples };
        let samples: Vec<Samples> = outcome.variances.iter().map(scaled).collect();
        Widths::least(self.context.params(), &samples, &whole.downloads, whole.shared_by)
    }

    fn record(&self, outcomes: &[Outcome]) -> Option<Record> {
        let last = outcomes.last()?;
        let prediction = self.prediction(last);
        let predicted =
            record::predicted(self.spec, &self.layer, self.context.params(), &prediction);
        // The sizes of a part do not stand for the whole; those of the whole are exact as predicted.
        let sizes = if self.part.is_some() { prediction.sizes } else { last.sizes };
        let (storage_bytes, sent): (_, Communication) = sizes.into();
        let [computed, all] =
            [self.plan(), self.whole.as_ref()].map(|plan| self.outline(plan).downloads.len());
        let transfer = self.spec.link.transfer_ms(sizes.upload + sizes.download);
        let latency = |outcome: &Outcome| {
            LatencyMs::new(&outcome.clock, transfer, all as f64 / computed as f64)
        };
        let (latency_ms, repeat) =
            LatencyMs::median(&outcomes.iter().map(latency).collect::<Vec<_>>())?;
        let least_noise = outcomes.iter().min_by(|a, b| a.noise.last.total_cmp(&b.noise.last))?;
        let mismatches = outcomes.iter().map(|outcome| outcome.mismatches).max()?;
        // Without a calibration there is nothing to hold the time against.
        let calibrated = self.spec.costs.is_some();
        let predicted_server = predicted.latency_ms.predicted_server.filter(|_| calibrated);
        Some(Record {
            predicted: false,
            verification: Some(Verification {
                mismatches,
                overflows: last.overflows,
                values: last.output.len() as u64,
                largest_value: Some(last.largest.unsigned_abs()),
            }),
            noise_bits: least_noise.noise.into(),
            latency_ms: LatencyMs { predicted_server, ..latency_ms },
            storage_bytes,
            communication_bytes: Communication {
                predicted_upload: predicted.communication_bytes.predicted_upload,
                predicted_download: predicted.communication_bytes.predicted_download,
                ..sent
            },
            repeat: (outcomes.len() > 1).then_some(repeat),
            extrapolated_from: self
                .part
                .is_some()
                .then_some(Extrapolated { output_ciphertexts: computed, of: all }),
            ..predicted
        })
    }
}
