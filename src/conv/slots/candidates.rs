//! Every plan on slots that is worth considering.

use std::fmt::{Debug, Formatter, Result as Formatted};
use std::marker::PhantomData;

use super::{Packing, RowUse, SlotAlgorithm, SlotPlan, SlotWeights, Split};
use crate::conv::algorithm::{Algorithm, Moduli};
use crate::conv::{Layer, Plan};

/// The algorithm on slots with weights of form `W`.
pub struct OnSlots<W>(PhantomData<fn() -> W>);

impl<W> OnSlots<W> {
    /// It.
    pub const IT: Self = Self(PhantomData);
}

impl<W: SlotWeights> Debug for OnSlots<W> {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> Formatted {
        formatter.write_str(W::NAME)
    }
}

impl<W: SlotWeights + 'static> Algorithm for OnSlots<W> {
    fn name(&self) -> &'static str {
        W::NAME
    }

    fn summary(&self) -> &'static str {
        W::SUMMARY
    }

    fn preset(&self) -> &'static str {
        "n4096-t20"
    }

    fn is_on_slots(&self) -> bool {
        true
    }

    /// What works on slots switches keys.
    fn suits(&self, moduli: Moduli) -> bool {
        moduli.has_special
    }

    fn plans(&self, layer: &Layer, ring_degree: usize) -> Vec<Box<dyn Plan>> {
        candidates::<W>(layer, ring_degree)
    }
}

/// What all plans of a layer may have to say together, as [`Split::plan_size`] counts it: some 64 MiB.
/// Plans of larger strides and kernels than networks have are left out beyond that, those with the most
/// lanes, which rotate most.
const ROOM: usize = 1 << 22;

/// Every plan of `layer` that is worth considering with weights of form `W`.
fn candidates<W: SlotWeights + 'static>(layer: &Layer, ring_degree: usize) -> Vec<Box<dyn Plan>> {
    let mut room = ROOM;
    let mut has_room = |packing: &Packing, split: Split| {
        let left = room.checked_sub(split.plan_size(packing));
        room = left.unwrap_or(room);
        left.is_some()
    };
    let mut all: Vec<Box<dyn Plan>> = Vec::new();
    for packing in packings::<W>(layer, ring_degree) {
        for split in Split::all(&packing) {
            if has_room(&packing, split) {
                let plan = SlotPlan::new(packing.clone(), split);
                all.push(Box::new(SlotAlgorithm::<W>::new(plan)));
            }
        }
    }
    all
}

/// Every packing of `layer` that is worth considering with weights of form `W`, those with few lanes
/// first.
fn packings<W: SlotWeights>(layer: &Layer, ring_degree: usize) -> impl Iterator<Item = Packing> {
    let widest = layer.in_channels().max(layer.out_channels()).next_power_of_two();
    let lanes = std::iter::successors(Some(1), |lanes| Some(lanes * 2));
    lanes
        .take_while(move |&lanes| lanes <= (ring_degree / 2).min(widest))
        .flat_map(|lanes| [(lanes, RowUse::Channels), (lanes, RowUse::Strips)])
        .filter_map(move |(lanes, rows)| Packing::new(layer, ring_degree, W::LAYOUT, lanes, rows))
        .filter(move |packing| {
            let channels = packing.channels_per_ciphertext();
            W::admits(packing) && (channels <= widest || packing.lanes_per_row() == 1)
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conv::slots::algorithms::conventional::DenseWeights;
    use crate::conv::slots::algorithms::hadamard_fused::FusedWeights;
    use crate::preset::Catalogue;

    fn size<W: SlotWeights>(layer: &Layer, ring_degree: usize) -> usize {
        let splits = |packing: Packing| {
            let sizes = Split::all(&packing).into_iter().map(|split| split.plan_size(&packing));
            sizes.sum::<usize>()
        };
        packings::<W>(layer, ring_degree).map(splits).sum()
    }

    /// No plan of a layer that networks have is left out for its size.
    #[test]
    fn layers_of_networks_have_all_their_plans() {
        let catalogue = Catalogue::builtin().expect("valid presets");
        let mut most = 0;
        for preset in catalogue.layers() {
            let layer = Layer::new(&preset.spec).expect("valid");
            for ring_degree in [4096, 32768] {
                most = most.max(size::<FusedWeights>(&layer, ring_degree));
                most = most.max(size::<DenseWeights>(&layer, ring_degree));
            }
        }
        assert!(most < ROOM / 4, "{most}");
    }
}
