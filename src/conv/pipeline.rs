//! One convolution from the client to the server and back, measured.

use std::sync::Mutex;

use ndarray::{Array3, ArrayView1, ArrayView3, ArrayView4};
use rayon::prelude::*;

use super::client::Client;
use super::noise::{NoiseBudgets, StageNoise};
use super::sizes::Sizes;
use super::{Clock, ConvError, Observer, Server, Session, Stage, Steps};
use super::{Layer, Operations, Outline, Plan, Setting, add_bias, convolve};
use crate::bfv::noise::{Samples, measure};
use crate::bfv::{
    Ciphertext, Coefficients, Context, Evaluator, Response, SecretKey, SharedCiphertext,
    SharingKeys, Widths, wire,
};

/// What is to be convolved.
pub struct Job<'a> {
    /// The layer.
    pub layer: &'a Layer,
    /// Parameters, backend and reduction mode.
    pub context: &'a Context,
    /// The plan, made for both.
    pub plan: &'a dyn Plan,
    /// How many outputs share their second polynomial.
    pub shared_by: usize,
    /// The input, of the layer's shape.
    pub input: ArrayView3<'a, i64>,
    /// The weights, of the layer's shape.
    pub weights: ArrayView4<'a, i8>,
    /// One number per output channel, which the server adds; none where absent.
    pub bias: Option<ArrayView1<'a, i64>>,
    /// The input's number, which no other input of the session may have: two inputs of one number tell
    /// their difference to whoever sees both.
    pub number: u64,
}

/// What a run gave.
#[derive(Debug)]
pub struct Outcome {
    /// The decrypted output of shape (channels, height, width), centred modulo t.
    pub output: Array3<i64>,
    /// Values that differ from the plain convolution modulo t.
    pub mismatches: u64,
    /// Values of the plain convolution that do not fit in (-t/2, t/2).
    pub overflows: u64,
    /// The largest absolute value of the plain convolution.
    pub largest: i64,
    /// Noise.
    pub noise: NoiseBudgets,
    /// Predicted variances of the outputs.
    pub variances: Vec<Samples>,
    /// Time by stage.
    pub clock: Clock,
    /// Words of the first uploaded ciphertext: what the server sees.
    pub upload_sample: Vec<u64>,
    /// Sizes.
    pub sizes: Sizes,
    /// Bits of the coefficients of the response.
    pub response: Widths,
    /// The server's work, counted as it happened.
    pub operations: Operations,
}

fn receive_upload(
    context: &Context,
    bytes: &[u8],
    sent: &[Coefficients],
) -> Result<Vec<Ciphertext>, ConvError> {
    let (seed, ciphertexts) = wire::read_upload(context, bytes, sent)?;
    Ok(ciphertexts.into_par_iter().map(|ciphertext| ciphertext.expand(context, &seed)).collect())
}

fn respond(
    context: &Context,
    outputs: Vec<SharedCiphertext>,
    outline: &Outline,
    widths: Widths,
    steps: Steps<'_>,
) -> Result<Vec<u8>, ConvError> {
    let switch = |(output, read): (SharedCiphertext, &[Coefficients])| {
        let response = Response::switch(context.of(output.limbs()), output, widths, read);
        steps.advance(read.len() as u64)?;
        Ok(response)
    };
    let pairs = outputs.into_par_iter().zip(outline.downloads.par_chunks(outline.shared_by));
    let responses: Vec<_> = pairs.map(switch).collect::<Result<_, ConvError>>()?;
    Ok(wire::write_response(context, &responses))
}

/// Lets outputs share polynomials, where there are keys for it.
fn share(
    server: &Server<'_>,
    keys: Option<&SharingKeys>,
    outputs: Vec<Ciphertext>,
) -> Result<Vec<SharedCiphertext>, ConvError> {
    let Some((keys, limbs)) = keys.zip(outputs.first().map(Ciphertext::limbs)) else {
        return Ok(outputs.into_iter().map(SharedCiphertext::from).collect());
    };
    let evaluator = server.evaluator().of(limbs);
    let mut rest = outputs.into_iter();
    let groups = std::iter::from_fn(|| {
        let group: Vec<Ciphertext> = rest.by_ref().take(keys.by()).collect();
        (!group.is_empty()).then_some(group)
    });
    let groups: Vec<Vec<Ciphertext>> = groups.collect();
    let one = |group: Vec<Ciphertext>| {
        server.check_cancelled()?;
        let shared = evaluator.share(keys, group);
        server.advance(1);
        Ok(shared)
    };
    server.stage(Stage::Mix, || groups.into_par_iter().map(one).collect())
}

/// Runs `job` between the client and the server of `session`, telling `observer`. Everything that crosses
/// between them is written to bytes and read back. Parallel work runs on the rayon pool of the calling thread.
///
/// # Errors
/// [`ConvError::Cancelled`] when the observer stops the run, and [`ConvError`] where the session has not
/// the keys that it needs.
pub fn run(
    job: &Job<'_>,
    session: &Session,
    observer: &dyn Observer,
) -> Result<Outcome, ConvError> {
    let context = job.context;
    let plan = job.plan;
    let clock = Clock::default();
    let threads = rayon::current_num_threads();
    let setting = Setting::from(context).shared(job.shared_by);
    let outline = plan.outline(setting, threads);
    let units = plan.work(setting).units();
    let enter = |stage| Steps::enter(observer, stage, units.of(stage));

    let (client, keys) = (session.client(), session.galois());
    let sharing = session.sharing(outline.output_limbs, job.shared_by)?;

    let steps = enter(Stage::Weights)?;
    let weights = clock.time(Stage::Weights, || plan.prepare(context, job.weights, steps))?;
    let gains = plan.gains(job.weights).under(&plan.pattern_norms(context.params()));
    let noise = plan.noise(context.params(), &gains).shared(setting, outline.output_limbs);
    let Outline { downloads: read, .. } = &outline;
    let widths = Widths::least(context.params(), &noise.outputs, read, job.shared_by);

    let steps = enter(Stage::Encrypt)?;
    let Outline { uploads: sent, .. } = &outline;
    let (inputs, upload_bytes) = clock.time(Stage::Encrypt, || {
        let bytes =
            client.upload(context, job.number, &plan.pack(context, job.input)?, sent, steps)?;
        Ok::<_, ConvError>((receive_upload(context, &bytes, sent)?, bytes.len()))
    })?;

    let meter = NoiseMeter::new(context, client, observer);
    meter.measure(Stage::Encrypt, &inputs[0], &sent[0]);
    let evaluator = Evaluator::new(context, keys);
    let probe = |stage, ciphertext: &_, used: &_| meter.measure(stage, ciphertext, used);
    let server = Server::new(&evaluator, observer, &clock, units, &probe);
    let mut outputs = weights.convolve(&server, &inputs)?;
    if let Some(bias) = job.bias {
        server.stage(Stage::Mix, || {
            let plaintexts = plan.pack_channels(context, bias)?;
            let pairs = outputs.par_iter_mut().zip(&plaintexts);
            pairs.for_each(|(output, plaintext)| {
                output.add_plain(context.of(output.limbs()), plaintext);
            });
            Ok::<_, ConvError>(())
        })?;
    }
    let outputs = share(&server, sharing, outputs)?;
    let operations = count(&server);
    outputs.par_iter().zip(read.par_chunks(job.shared_by)).try_for_each(|(output, read)| {
        for (i, (secret, read)) in client.secrets(job.shared_by).iter().zip(read).enumerate() {
            steps.check()?;
            meter.measure_under(secret, Stage::Mix, &output.ciphertext(i), read);
        }
        Ok::<_, ConvError>(())
    })?;
    let upload_sample = inputs[0].c0.limb(0).to_vec();
    let weight_bytes = weights.bytes();

    let steps = enter(Stage::Response)?;
    let response =
        clock.time(Stage::Response, || respond(context, outputs, &outline, widths, steps))?;
    let steps = enter(Stage::Decrypt)?;
    let output = clock.time(Stage::Decrypt, || {
        plan.unpack(context, &client.read(context, &response, &outline, steps)?)
    })?;

    let mut expected = convolve(job.layer, job.input, job.weights, || steps.check())?;
    if let Some(bias) = job.bias {
        add_bias(&mut expected, bias);
    }
    let plain = context.params().plain();
    let differs = |(a, b): &(&i64, &i64)| plain.from_signed(**a) != plain.from_signed(**b);
    let fits = |value: &&i64| 2 * value.unsigned_abs() < plain.value();
    Ok(Outcome {
        mismatches: output.iter().zip(&expected).filter(differs).count() as u64,
        overflows: expected.iter().filter(|value| !fits(value)).count() as u64,
        largest: expected.iter().map(|value| value.abs()).max().unwrap_or(0),
        output,
        noise: meter.budgets(&noise),
        variances: noise.outputs,
        upload_sample,
        clock,
        // Keys are those that this run needs, whatever else the session has.
        sizes: Sizes {
            weights: weight_bytes,
            upload: upload_bytes as u64,
            download: response.len() as u64,
            ..Sizes::of(&outline, setting, widths, threads)
        },
        response: widths,
        operations,
    })
}

fn count(server: &Server<'_>) -> Operations {
    let evaluator = server.evaluator();
    Operations {
        rotations: evaluator.rotations(),
        ntts: evaluator.ntts(),
        ..server.multiplications().operations(evaluator.context().into())
    }
}

/// Measures budgets with the client's key as ciphertexts come, and keeps the least of each stage.
struct NoiseMeter<'a> {
    context: &'a Context,
    client: &'a Client,
    observer: &'a dyn Observer,
    least: Mutex<[Option<f64>; Stage::ALL.len()]>,
}

impl<'a> NoiseMeter<'a> {
    fn new(context: &'a Context, client: &'a Client, observer: &'a dyn Observer) -> Self {
        Self { context, client, observer, least: Mutex::default() }
    }

    fn measure(&self, stage: Stage, ciphertext: &Ciphertext, used: &Coefficients) {
        self.measure_under(&self.client.secret, stage, ciphertext, used);
    }

    fn measure_under(
        &self,
        secret: &SecretKey,
        stage: Stage,
        ciphertext: &Ciphertext,
        used: &Coefficients,
    ) {
        let context = self.context.of(ciphertext.limbs());
        let budget = measure(context, secret, ciphertext, used);
        // A poisoned lock means that another measurement panicked; the run is lost anyway.
        let Ok(mut least) = self.least.lock() else { return };
        let least = &mut least[stage as usize];
        if least.is_none_or(|least| budget < least) {
            *least = Some(budget);
            self.observer.measured(stage, budget);
        }
    }

    fn budgets(self, predicted: &StageNoise) -> NoiseBudgets {
        let least = self.least.into_inner().unwrap_or_default();
        // Uploads and outputs are there in every run.
        let of = |stage: Stage| least[stage as usize];
        NoiseBudgets {
            fresh: of(Stage::Encrypt).unwrap_or_default(),
            rotated: of(Stage::Rotate),
            multiplied: of(Stage::Multiply),
            last: of(Stage::Mix).unwrap_or_default(),
            predicted: predicted.budgets(self.context.params()),
        }
    }
}
