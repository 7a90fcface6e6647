//! A plan in words and numbers.

use serde::{Serialize, Serializer, ser::SerializeMap};

use super::coefficients::CoefficientPlan;
use super::slots::{Layout, RowUse, Side, SlotPlan};
use crate::arith::kernels::TILE;

/// Something that a plan has decided, or that follows from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fact {
    /// A name that is stable.
    pub name: &'static str,
    /// What it is.
    pub value: FactValue,
    /// What that means.
    pub meaning: &'static str,
}

/// A number or a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum FactValue {
    /// A number.
    Count(usize),
    /// A word.
    Word(&'static str),
}

impl std::fmt::Display for FactValue {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Count(count) => count.fmt(formatter),
            Self::Word(word) => word.fmt(formatter),
        }
    }
}

/// The facts of a plan; in JSON an object of names and values.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts(pub Vec<Fact>);

impl Facts {
    /// The value of the fact called `name`.
    pub fn get(&self, name: &str) -> Option<FactValue> {
        self.0.iter().find(|fact| fact.name == name).map(|fact| fact.value)
    }
}

impl Serialize for Facts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for fact in &self.0 {
            map.serialize_entry(fact.name, &fact.value)?;
        }
        map.end()
    }
}

/// The facts of a plan on slots.
pub(in crate::conv) fn slot_facts(plan: &SlotPlan) -> Facts {
    let facts = where_planes_lie(plan).into_iter().chain(what_is_done(plan));
    Facts(facts.map(|(name, value, meaning)| Fact { name, value, meaning }).collect())
}

/// The facts of a plan on coefficients. Numbers of ciphertexts and products are those of one strip.
pub(in crate::conv) fn coefficient_facts(plan: &CoefficientPlan) -> Facts {
    use FactValue::{Count, Word};
    let (packing, cut) = (plan.packing(), plan.packing().cut());
    let (layout, step) = if plan.is_blocks() {
        ("blocks", "each channel has a block of coefficients")
    } else {
        ("interleaved", "channels take turns from coefficient to coefficient")
    };
    let rotations = [plan.inputs() * (plan.babies() - 1), plan.out_groups() * (plan.giants() - 1)];
    let facts = [
        ("layout", Word(layout), step),
        ("lanes", Count(packing.channels()), "channels of an input ciphertext"),
        ("positions", Count(packing.positions()), "coefficients of a channel"),
        ("phases", Count(plan.phases()), "phases of the image, one ciphertext each"),
        ("strips", Count(cut.strips), "strips that a plane is cut into"),
        ("strip_groups", Count(cut.strips), "groups of strips that never meet"),
        ("strip_rows", Count(cut.strip_rows), "output rows of a strip"),
        ("row_stride", Count(cut.row_stride), "positions from image row to row"),
        ("weight_form", Word(plan.form().name()), "how weights are stored"),
        ("babies", Count(plan.babies()), "automorphisms of each input, the identity among them"),
        ("giants", Count(plan.giants()), "automorphisms of the sums of an output ciphertext"),
        ("inputs", Count(plan.inputs()), "input ciphertexts"),
        ("input_rotations", Count(rotations[0]), "hoisted rotations of inputs"),
        ("outputs", Count(plan.out_groups()), "output ciphertexts"),
        ("sums", Count(plan.sums()), "sums of products: one for each output and giant step"),
        (
            "output_rotations",
            Count(rotations[1]),
            "rotations of sums, a division by P for each output",
        ),
        ("terms", Count(plan.total_terms()), "products in all sums"),
        ("most_terms", Count(plan.max_terms()), "products in the longest sum"),
        ("waves", Count(plan.waves().len()), "parts that outputs are made in, one after the other"),
        ("wave_sums", Count(plan.wave_sums()), "sums held at a time"),
        ("tile_words", Count(TILE), "words of a polynomial that a kernel takes at once"),
        ("keys", Count(plan.key_count()), "Galois keys"),
    ];
    Facts(facts.map(|(name, value, meaning)| Fact { name, value, meaning }).into())
}

type Entry = (&'static str, FactValue, &'static str);

fn where_planes_lie(plan: &SlotPlan) -> Vec<Entry> {
    use FactValue::{Count, Word};
    let packing = plan.packing();
    let layout = match packing.layout() {
        Layout::Interleaved => "interleaved",
        Layout::Contiguous => "contiguous",
    };
    let rows = match packing.rows() {
        RowUse::Channels => "channels",
        RowUse::Strips => "strips",
    };
    vec![
        ("layout", Word(layout), "how lanes share the slots of a row"),
        ("lanes", Count(packing.lanes()), "planes, or strips of planes, in a ciphertext"),
        ("lane_slots", Count(packing.lane_slots()), "slots of a lane"),
        ("channels_per_ciphertext", Count(packing.channels_per_ciphertext()), "channels in it"),
        ("rows", Word(rows), "what the two rows of slots hold"),
        ("phases", Count(plan.phases().len()), "phases of the image, one ciphertext each"),
        ("strips", Count(packing.strips()), "strips that a plane is cut into"),
        ("strip_rows", Count(packing.strip_rows()), "output rows of a strip"),
        ("strip_groups", Count(packing.strip_groups()), "groups of strips that never meet"),
        ("row_stride", Count(packing.row_stride()), "slots of a lane from image row to row"),
    ]
}

/// Numbers are those of one strip group.
fn what_is_done(plan: &SlotPlan) -> Vec<Entry> {
    use FactValue::{Count, Word};
    let moved = plan.moved() * plan.out_groups();
    let kernel_rows = match plan.split().rows {
        Side::Inputs => "inputs",
        Side::Sums => "sums",
    };
    let shifts = plan.phases().iter().map(Vec::len).max().unwrap_or(0);
    vec![
        ("split", Count(plan.split().steps), "steps over lanes and columns that inputs move by"),
        ("kernel_rows", Word(kernel_rows), "what moves to reach the rows of the kernel"),
        ("inputs", Count(plan.inputs()), "input ciphertexts"),
        ("shifts", Count(shifts), "places that an input is wanted at, at most"),
        ("input_rotations", Count(plan.input_rotations()), "hoisted rotations of inputs"),
        ("rotated_inputs", Count(plan.rotated_inputs()), "ciphertexts held for multiplication"),
        ("offsets", Count(plan.offsets().len()), "moves of sums after multiplication"),
        ("outputs", Count(plan.out_groups()), "output ciphertexts"),
        ("sums", Count(plan.sums()), "sums of products: one for each output and offset"),
        ("output_rotations", Count(moved), "rotations of sums"),
        ("terms", Count(plan.total_terms()), "products in all sums"),
        ("most_terms", Count(plan.max_terms()), "products in the longest sum"),
        ("waves", Count(plan.waves().len()), "parts that outputs are made in, one after the other"),
        ("wave_sums", Count(plan.wave_sums()), "sums held at a time"),
        ("tile_words", Count(TILE), "words of a polynomial that a kernel takes at once"),
        ("keys", Count(plan.key_counts(1, 1)[0]), "Galois keys"),
    ]
}
