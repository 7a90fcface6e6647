//! The work of a run, told once: what is done how often in which stage. Times, counts of operations and
//! steps of progress are read from it.

use super::cost::StageTimes;
use super::pricing::Pricing;
use super::setting::Setting;
use super::stage::Stage;
use crate::bfv::pairs_of;

/// A kind of work whose cost is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Primitive {
    /// A Galois key for ciphertexts of so many limbs: made by the client, sent and read.
    Key {
        /// Limbs of the ciphertexts that it switches.
        limbs: usize,
    },
    /// An input: packed, encrypted, sent and read.
    Upload,
    /// A dense weight plaintext, encoded.
    Encoding,
    /// A polynomial of raw weights: made as one of as many together as there are giant steps, and
    /// transformed.
    Polynomial {
        /// Giant steps.
        giants: usize,
    },
    /// A weight that is put at its exponent in such a polynomial.
    PlacedWeight,
    /// A decomposition for rotations of ciphertexts of so many limbs.
    Decomposition {
        /// Limbs.
        limbs: usize,
    },
    /// A rotation of an input that is decomposed, its place in a panel included.
    HoistedRotation,
    /// A ciphertext that is copied to where it is wanted: an input to its panel, or a sum to its output.
    Placing,
    /// A sum that is rotated with so many limbs and added to others, its decomposition included.
    RotatedSum {
        /// Limbs; where they are fewer than Q has, the sum is switched down first.
        limbs: usize,
    },
    /// What rotated sums of an output share: the division by P, and by the limb that they lack.
    Division {
        /// Limbs.
        limbs: usize,
    },
    /// A sum of products with scalars, of several side by side.
    ScalarSum {
        /// Products.
        terms: usize,
    },
    /// The same with small integers.
    IntegerSum {
        /// Products.
        terms: usize,
        /// Bits of an integer with its bias.
        bits: u32,
    },
    /// A sum of products with scalars, alone.
    LoneSum {
        /// Products.
        terms: usize,
    },
    /// A sum of products with dense plaintexts.
    DenseSum {
        /// Products.
        terms: usize,
    },
    /// The same with dense plaintexts that are packed.
    PackedSum {
        /// Products.
        terms: usize,
    },
    /// A scalar factor that is made of an integer.
    Factor,
    /// The block scalars of a term, modulo every limb.
    BlockScalars {
        /// Lanes that they are made for.
        lanes: usize,
    },
    /// A switch of one of `by` outputs of so many limbs that share a polynomial, its decomposition included.
    SharedSwitch {
        /// Limbs.
        limbs: usize,
        /// How many share.
        by: usize,
    },
    /// What these outputs share: the division by P of all polynomials.
    SharedDivision {
        /// Limbs.
        limbs: usize,
        /// How many share.
        by: usize,
    },
    /// An output of so many limbs: switched down, and written.
    Response {
        /// Limbs.
        limbs: usize,
    },
    /// An output, read and decrypted.
    Decryption,
}

impl Primitive {
    /// Transforms of ring degree, of one limb each.
    pub fn ntts(self, setting: Setting<'_>) -> usize {
        let all = setting.limbs();
        let decomposition = |limbs: usize| limbs + limbs * limbs;
        match self {
            Self::Polynomial { .. } => all,
            Self::HoistedRotation => 2 * (1 + all),
            // One polynomial goes from all limbs to the others.
            Self::RotatedSum { limbs } if limbs < all => 1 + limbs + decomposition(limbs),
            Self::Decomposition { limbs }
            | Self::RotatedSum { limbs }
            | Self::SharedSwitch { limbs, .. } => decomposition(limbs),
            Self::SharedDivision { limbs, by } => (1 + by) * (1 + limbs),
            // Both roundings share the way back.
            Self::Division { limbs } if limbs < all => 2 * (2 + limbs),
            Self::Division { limbs } => 2 * (1 + limbs),
            _ => 0,
        }
    }

    /// Whether it is a key switch.
    const fn is_rotation(self) -> bool {
        matches!(self, Self::HoistedRotation | Self::RotatedSum { .. } | Self::SharedSwitch { .. })
    }

    /// Its products.
    fn multiplications(self) -> Multiplications {
        let none = Multiplications::default();
        match self {
            Self::DenseSum { terms } | Self::PackedSum { terms } => {
                Multiplications { plaintext: terms, ..none }
            }
            Self::ScalarSum { terms } | Self::LoneSum { terms } => {
                Multiplications { scalar: terms, ..none }
            }
            Self::IntegerSum { terms, .. } => {
                Multiplications { scalar: terms, integer: terms, ..none }
            }
            _ => none,
        }
    }

    /// What the server does.
    fn operations(self, setting: Setting<'_>) -> Operations {
        Operations {
            rotations: self.is_rotation().into(),
            ntts: self.ntts(setting) as u64,
            ..self.multiplications().operations(setting)
        }
    }
}

/// How work is dealt to threads. Keys and messages are dealt one by one, whatever it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Load {
    /// How often it is done, one time after the other.
    pub rounds: usize,
    /// Equal parts that it is cut into each time.
    pub parts: usize,
}

impl Load {
    /// Work that is done once, in parts.
    pub const fn once(parts: usize) -> Self {
        Self { rounds: 1, parts }
    }
}

/// Equal work of a stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Task {
    /// The stage.
    pub stage: Stage,
    /// What is done.
    pub primitive: Primitive,
    /// How often, in one round.
    pub count: usize,
    /// How it is dealt to threads.
    pub load: Load,
}

/// All work of a run, from the keys to the output.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Work {
    tasks: Vec<Task>,
    units: Units,
}

impl Work {
    /// The keys, messages and plaintexts of both ends: `keys` are of so many limbs each, and outputs
    /// of `output_limbs`.
    pub fn of_messages(
        keys: &[(usize, usize)],
        [uploads, downloads]: [usize; 2],
        output_limbs: usize,
    ) -> Self {
        let mut work = Self::default();
        for (count, limbs) in keys {
            work.add_items(Stage::Keygen, Primitive::Key { limbs: *limbs }, *count);
        }
        work.add_items(Stage::Encrypt, Primitive::Upload, uploads);
        work.add_items(Stage::Response, Primitive::Response { limbs: output_limbs }, downloads);
        work.add_items(Stage::Decrypt, Primitive::Decryption, downloads);
        work
    }

    /// Work whose every item is a step of progress.
    fn add_items(&mut self, stage: Stage, primitive: Primitive, count: usize) {
        self.add(stage, Load::once(count), primitive, count);
        self.units.0[stage as usize] += count as u64;
    }

    /// `count` more of something, each round.
    pub fn add(&mut self, stage: Stage, load: Load, primitive: Primitive, count: usize) {
        self.tasks.push(Task { stage, primitive, count, load });
    }

    /// Tells the steps that a stage has.
    pub fn tell(&mut self, stage: Stage, steps: usize) {
        self.units.0[stage as usize] = steps as u64;
    }

    /// Adds what it takes that `count` outputs of so many limbs share polynomials, as the setting says.
    pub fn share(&mut self, setting: Setting<'_>, limbs: usize, count: usize) {
        if setting.shared_by == 1 {
            return;
        }
        let groups = setting.groups(count);
        for by in [setting.shared_by, count % setting.shared_by] {
            let groups_of = if by == setting.shared_by { count / by } else { usize::from(by > 0) };
            let load = Load::once(groups);
            let switch = Primitive::SharedSwitch { limbs, by };
            self.add(Stage::Mix, load, switch, groups_of * by);
            self.add(Stage::Mix, load, Primitive::SharedDivision { limbs, by }, groups_of);
        }
        self.units.0[Stage::Mix as usize] += groups as u64;
        // A key for each, as large as so many Galois keys.
        let keys = setting.shared_by * pairs_of(setting.shared_by);
        self.add(Stage::Keygen, Load::once(keys), Primitive::Key { limbs }, keys);
        self.units.0[Stage::Keygen as usize] += setting.shared_by as u64;
    }

    /// Ciphertexts sent, in both directions.
    pub fn ciphertexts(&self) -> usize {
        let is_sent = |task: &&Task| matches!(task.stage, Stage::Encrypt | Stage::Response);
        self.tasks.iter().filter(is_sent).map(|task| task.count).sum()
    }

    /// Steps of all stages.
    pub const fn units(&self) -> Units {
        self.units
    }

    /// Predicted times of all stages.
    pub fn times(&self, pricing: &Pricing<'_>) -> StageTimes {
        let mut times = StageTimes::default();
        for task in &self.tasks {
            times.add(task.stage, pricing.time(task));
        }
        times
    }

    /// What the server does with one input, exactly.
    pub fn operations(&self, setting: Setting<'_>) -> Operations {
        let is_online =
            |task: &&Task| matches!(task.stage, Stage::Rotate | Stage::Multiply | Stage::Mix);
        let of = |task: &Task| {
            task.primitive.operations(setting).times((task.load.rounds * task.count) as u64)
        };
        self.tasks.iter().filter(is_online).map(of).fold(Operations::default(), Operations::and)
    }
}

/// Steps of the stages, for progress.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Units([u64; Stage::ALL.len()]);

impl Units {
    /// Steps of a stage.
    pub const fn of(self, stage: Stage) -> u64 {
        self.0[stage as usize]
    }
}

/// Products of a ciphertext.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Multiplications {
    /// With dense plaintexts.
    pub plaintext: usize,
    /// With one scalar, or one scalar per block.
    pub scalar: usize,
    /// Those of them whose scalar is a small integer.
    pub integer: usize,
}

impl Multiplications {
    /// Them, and the words that they multiply.
    pub fn operations(self, setting: Setting<'_>) -> Operations {
        let Self { plaintext, scalar, integer } = self;
        let (all, others) = (plaintext + scalar, plaintext + scalar - integer);
        let narrow = integer * setting.words() + others * setting.narrow_words();
        Operations {
            plaintext_multiplications: plaintext as u64,
            scalar_multiplications: scalar as u64,
            coefficient_multiply_adds: (2 * all * setting.words()) as u64,
            narrow_multiply_adds: (2 * narrow) as u64,
            ..Operations::default()
        }
    }
}

/// Work of the server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Operations {
    /// Key switches.
    pub rotations: u64,
    /// Products of a ciphertext and a dense plaintext.
    pub plaintext_multiplications: u64,
    /// Products of a ciphertext and one scalar, or one scalar per block.
    pub scalar_multiplications: u64,
    /// Words of ciphertexts multiplied and added, in all these products.
    pub coefficient_multiply_adds: u64,
    /// Those of them that may take half of the work: the factor is a small integer, or the limb narrow.
    pub narrow_multiply_adds: u64,
    /// Transforms of ring degree, of one limb each.
    pub ntts: u64,
}

impl Operations {
    /// So many times as much.
    const fn times(self, count: u64) -> Self {
        Self {
            rotations: count * self.rotations,
            plaintext_multiplications: count * self.plaintext_multiplications,
            scalar_multiplications: count * self.scalar_multiplications,
            coefficient_multiply_adds: count * self.coefficient_multiply_adds,
            narrow_multiply_adds: count * self.narrow_multiply_adds,
            ntts: count * self.ntts,
        }
    }

    /// Both.
    const fn and(self, other: Self) -> Self {
        Self {
            rotations: self.rotations + other.rotations,
            plaintext_multiplications: self.plaintext_multiplications
                + other.plaintext_multiplications,
            scalar_multiplications: self.scalar_multiplications + other.scalar_multiplications,
            coefficient_multiply_adds: self.coefficient_multiply_adds
                + other.coefficient_multiply_adds,
            narrow_multiply_adds: self.narrow_multiply_adds + other.narrow_multiply_adds,
            ntts: self.ntts + other.ntts,
        }
    }
}
