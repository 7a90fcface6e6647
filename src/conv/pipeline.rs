//! One convolution from the client to the server and back, measured.

use std::sync::Mutex;

use ndarray::{Array3, ArrayView1, ArrayView3, ArrayView4};
use rayon::prelude::*;

use super::noise::{NoiseBudgets, StageNoise};
use super::sizes::{Sizes, server_peak};
use super::{Clock, ConvError, Observer, Server, Stage, Steps};
use super::{Layer, Operations, Outline, Plan, add_bias, convolve};
use crate::bfv::noise::measure;
use crate::bfv::{
    Ciphertext, Coefficients, Context, Evaluator, GaloisKeyId, GaloisKeys, Plaintext, Reader,
    Response, SecretKey, SeededGaloisKeys, Widths, encrypt, wire,
};
use crate::ring::sampling::{Seed, derive_seed, generator};

/// What is to be convolved.
pub struct Job<'a> {
    /// The layer.
    pub layer: &'a Layer,
    /// Parameters, backend and reduction mode.
    pub context: &'a Context,
    /// The plan, made for both.
    pub plan: &'a dyn Plan,
    /// The input, of the layer's shape.
    pub input: ArrayView3<'a, i64>,
    /// The weights, of the layer's shape.
    pub weights: ArrayView4<'a, i8>,
    /// One number per output channel, which the server adds; none where absent.
    pub bias: Option<ArrayView1<'a, i64>>,
    /// Where all secrets come from. A seed must serve one input under one parameter set: two inputs
    /// encrypted from the same seed tell their difference to whoever sees both.
    pub secrets: &'a Seed,
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

/// The client's secrets.
struct Client<'a> {
    context: &'a Context,
    secret: SecretKey,
    /// Errors of keys and of ciphertexts.
    errors: [Seed; 2],
    /// Public seeds of keys and of ciphertexts, from a stream of their own: the secrets do not
    /// follow from them.
    public: [[u8; 32]; 2],
}

impl<'a> Client<'a> {
    fn new(context: &'a Context, secrets: &Seed) -> Self {
        let mut private = generator(secrets, 0);
        let mut public = generator(secrets, 1);
        let secret = SecretKey::generate(context, &derive_seed(&mut private));
        let errors = [derive_seed(&mut private), derive_seed(&mut private)];
        let public = [*derive_seed(&mut public), *derive_seed(&mut public)];
        Self { context, secret, errors, public }
    }

    /// The message with the keys; empty where there are none.
    fn keys(&self, ids: &[GaloisKeyId], steps: Steps<'_>) -> Result<Vec<u8>, ConvError> {
        let [errors, _] = &self.errors;
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let (context, secret, public) = (self.context, &self.secret, &self.public[0]);
        let done = || steps.advance(1);
        let keys = SeededGaloisKeys::generate(context, secret, ids, errors, public, done)?;
        Ok(wire::write_keys(self.context, &keys))
    }

    fn upload(&self, plaintexts: &[Plaintext], steps: Steps<'_>) -> Result<Vec<u8>, ConvError> {
        let [_, errors] = &self.errors;
        let one = |(stream, plaintext): (usize, &Plaintext)| {
            let (seed, stream) = (&self.public[1], stream as u64);
            let ciphertext = encrypt(self.context, &self.secret, plaintext, errors, seed, stream);
            steps.advance(1)?;
            Ok(ciphertext)
        };
        let ciphertexts: Vec<_> =
            plaintexts.par_iter().enumerate().map(one).collect::<Result<_, ConvError>>()?;
        Ok(wire::write_upload(self.context, &self.public[1], &ciphertexts))
    }

    fn read(
        &self,
        bytes: &[u8],
        read: &[Coefficients],
        steps: Steps<'_>,
    ) -> Result<Vec<Plaintext>, ConvError> {
        let responses = wire::read_response(self.context, bytes, read)?;
        let Some(Response { widths, .. }) = responses.first() else { return Ok(Vec::new()) };
        let reader =
            Reader::new(self.context, &self.secret, *widths).ok_or(ConvError::Response(*widths))?;
        let decrypt = |(response, read)| {
            let plaintext = reader.decrypt(response, read);
            steps.advance(1)?;
            Ok(plaintext)
        };
        responses.par_iter().zip(read).map(decrypt).collect()
    }
}

fn receive_upload(context: &Context, bytes: &[u8]) -> Result<Vec<Ciphertext>, ConvError> {
    let (seed, ciphertexts) = wire::read_upload(context, bytes)?;
    Ok(ciphertexts.into_par_iter().map(|ciphertext| ciphertext.expand(context, &seed)).collect())
}

fn respond(
    context: &Context,
    outputs: Vec<Ciphertext>,
    read: &[Coefficients],
    widths: Widths,
    steps: Steps<'_>,
) -> Result<Vec<u8>, ConvError> {
    let switch = |(output, read): (Ciphertext, &Coefficients)| {
        let response = Response::switch(context.of(output.limbs()), output, widths, read);
        steps.advance(1)?;
        Ok(response)
    };
    let responses: Vec<_> =
        outputs.into_par_iter().zip(read).map(switch).collect::<Result<_, ConvError>>()?;
    Ok(wire::write_response(context, &responses))
}

/// Runs `job`, telling `observer`. Everything that crosses between client and server is written
/// to bytes and read back. Parallel work runs on the rayon pool of the calling thread.
///
/// # Errors
/// [`ConvError::Cancelled`] when the observer stops the run.
pub fn run(job: &Job<'_>, observer: &dyn Observer) -> Result<Outcome, ConvError> {
    let context = job.context;
    let plan = job.plan;
    let clock = Clock::default();
    let threads = rayon::current_num_threads();
    let outline = plan.outline(context.into(), threads);
    let units = plan.work(context.into()).units();
    let enter = |stage| Steps::enter(observer, stage, units.of(stage));

    let steps = enter(Stage::Keygen)?;
    let client = Client::new(context, job.secrets);
    let (keys, key_bytes) = clock.time(Stage::Keygen, || {
        let bytes = client.keys(&outline.keys, steps)?;
        let keys = match bytes.as_slice() {
            [] => GaloisKeys::default(),
            bytes => GaloisKeys::receive(context, bytes, || steps.check())?,
        };
        Ok::<_, ConvError>((keys, bytes.len()))
    })?;

    let steps = enter(Stage::Weights)?;
    let weights = clock.time(Stage::Weights, || plan.prepare(context, job.weights, steps))?;
    let gains = plan.gains(job.weights).under(&plan.pattern_norms(context.params()));
    let noise = plan.noise(context.params(), &gains);
    let Outline { downloads: read, .. } = &outline;
    let widths = Widths::least(context.params(), &noise.outputs, read);

    let steps = enter(Stage::Encrypt)?;
    let (inputs, upload_bytes) = clock.time(Stage::Encrypt, || {
        let bytes = client.upload(&plan.pack(context, job.input)?, steps)?;
        Ok::<_, ConvError>((receive_upload(context, &bytes)?, bytes.len()))
    })?;

    let meter = NoiseMeter::new(&client, observer);
    meter.measure(Stage::Encrypt, &inputs[0]);
    let evaluator = Evaluator::new(context, &keys);
    let probe = |stage, ciphertext: &_| meter.measure(stage, ciphertext);
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
    let operations = count(&server);
    outputs.par_iter().try_for_each(|output| {
        steps.check()?;
        meter.measure(Stage::Mix, output);
        Ok::<_, ConvError>(())
    })?;
    let upload_sample = inputs[0].c0.limb(0).to_vec();
    let weight_bytes = weights.bytes();

    let steps = enter(Stage::Response)?;
    let response =
        clock.time(Stage::Response, || respond(context, outputs, read, widths, steps))?;
    let steps = enter(Stage::Decrypt)?;
    let output = clock
        .time(Stage::Decrypt, || plan.unpack(context, &client.read(&response, read, steps)?))?;

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
        upload_sample,
        clock,
        sizes: Sizes {
            weights: weight_bytes,
            galois_keys: keys.bytes(),
            upload: upload_bytes as u64,
            download: response.len() as u64,
            keys: key_bytes as u64,
            server_peak: server_peak(&outline, context.into(), widths, threads),
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
    client: &'a Client<'a>,
    observer: &'a dyn Observer,
    least: Mutex<[Option<f64>; Stage::ALL.len()]>,
}

impl<'a> NoiseMeter<'a> {
    fn new(client: &'a Client<'a>, observer: &'a dyn Observer) -> Self {
        Self { client, observer, least: Mutex::default() }
    }

    fn measure(&self, stage: Stage, ciphertext: &Ciphertext) {
        let context = self.client.context.of(ciphertext.limbs());
        let budget = measure(context, &self.client.secret, ciphertext);
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
            predicted: predicted.budgets(self.client.context.params()),
        }
    }
}
