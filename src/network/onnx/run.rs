//! A model node by node: each by RTen, or by whoever takes it over.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use rten::{RunOptions, ThreadPool, Value, ValueOrView};
use rten_tensor::Layout as _;

use super::bound::{Asked, Known, Stored, sides};
use super::error::ModelError;
use super::lower::{is_lower, padded};
use super::model::{Model, Node};
use super::panics::caught;

/// Bytes of a value, and how many of them RTen holds for one that it gives: the result itself, and the
/// same in another order.
const VALUE_BYTES: u64 = 4;
const COPIES: u64 = 2;

/// Where the client computes.
pub struct Client {
    threads: Arc<ThreadPool>,
}

impl Client {
    /// With so many threads.
    pub fn new(threads: usize) -> Self {
        Self { threads: ThreadPool::with_num_threads(threads.max(1)).into() }
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Client")
    }
}

/// Values by their places, as long as a node takes them.
#[derive(Default)]
struct Held {
    values: HashMap<usize, (Value, Vec<u64>)>,
    bytes: u64,
}

impl Held {
    fn add(&mut self, place: usize, value: Value) {
        self.bytes += bytes(&value);
        let sides = sides(&value);
        self.values.insert(place, (value, sides));
    }

    fn remove(&mut self, place: usize) {
        if let Some((value, _)) = self.values.remove(&place) {
            self.bytes -= bytes(&value);
        }
    }

    fn get(&self, place: usize) -> Option<&Value> {
        self.values.get(&place).map(|(value, _)| value)
    }

    fn take(&mut self, place: usize) -> Option<Value> {
        self.values.remove(&place).map(|(value, _)| value)
    }

    fn known(&self, place: usize) -> Option<Known<'_>> {
        self.values.get(&place).map(|(value, sides)| Known { shape: sides, value: Some(value) })
    }
}

fn bytes(value: &Value) -> u64 {
    value.len() as u64 * VALUE_BYTES
}

impl Model {
    /// Runs the model on an input. `take` is asked of every node, with its place and first input, and gives
    /// its output where it takes the node over; the client computes the others. `done` hears of all outputs
    /// of a node. The result is that of the model's outputs.
    ///
    /// # Errors
    /// Those of `take`, and [`ModelError`] where the client cannot compute a node.
    pub(super) fn walk<E: From<ModelError>>(
        &self,
        client: &Client,
        input: Value,
        mut take: impl FnMut(usize, &Node, &Value) -> Result<Option<Value>, E>,
        mut done: impl FnMut(usize, &Value) -> Result<(), E>,
    ) -> Result<Vec<Value>, E> {
        let mut held = Held::default();
        held.add(self.input, input);
        for (index, node) in self.nodes.iter().enumerate() {
            let first = node.inputs.first().copied().flatten();
            let taken = match first.and_then(|place| held.get(place)) {
                Some(value) => take(index, node, value)?,
                None => None,
            };
            let outputs = match taken {
                Some(output) => vec![output],
                None => self.compute(client, node, &held)?,
            };
            if let Some(output) = outputs.first() {
                done(index, output)?;
            }
            let places =
                node.outputs.iter().flatten().filter(|place| self.values[**place].last > 0);
            places.zip(outputs).for_each(|(place, output)| held.add(*place, output));
            for place in node.inputs.iter().flatten() {
                if self.values[*place].last == index + 1 {
                    held.remove(*place);
                }
            }
        }
        let output = |(place, name): &(usize, String)| {
            held.take(*place).ok_or_else(|| ModelError::Model {
                model: self.name.clone(),
                problem: format!("nothing gave its output {name:?}"),
            })
        };
        Ok(self.outputs.iter().map(output).collect::<Result<_, _>>()?)
    }

    /// A constant; `None` where it is none. Of constants that nodes make of others these are run.
    pub(super) fn constant(&self, place: usize) -> Result<Option<Value>, ModelError> {
        if !self.values[place].is_constant {
            return Ok(None);
        }
        let mut wanted = HashSet::from([place]);
        let mut nodes = Vec::new();
        for node in self.nodes.iter().rev().filter(|node| node.operator != "Constant") {
            if node.outputs.iter().flatten().any(|output| wanted.contains(output)) {
                wanted.extend(node.inputs.iter().flatten());
                nodes.push(node);
            }
        }
        let mut held = Held::default();
        // Threads are started only where there is something to compute.
        let client = (!nodes.is_empty()).then(|| Client::new(1));
        for (node, client) in nodes.into_iter().rev().zip(client.iter().cycle()) {
            let outputs = self.compute(client, node, &held)?;
            node.outputs.iter().flatten().zip(outputs).for_each(|(at, value)| held.add(*at, value));
        }
        let value = held.take(place).or_else(|| self.stored(place));
        value.map(Some).ok_or_else(|| ModelError::Tensor {
            model: self.name.clone(),
            tensor: self.values[place].name.clone(),
            problem: "cannot be read".into(),
        })
    }

    /// A constant of the file itself.
    pub(super) fn stored(&self, place: usize) -> Option<Value> {
        stored(&self.rten, self.values[place].id?)
    }

    /// The outputs of one node that are named.
    fn compute(&self, client: &Client, node: &Node, held: &Held) -> Result<Vec<Value>, ModelError> {
        self.require(node, held)?;
        let padded = self.padded(node, held)?;
        let first = node.inputs.first().copied().flatten();
        let mut inputs: Vec<(rten::NodeId, ValueOrView<'_>)> = Vec::new();
        for place in node.inputs.iter().flatten() {
            let Some(id) = self.values[*place].id else { continue };
            let is_new = inputs.iter().all(|(other, _)| *other != id);
            let padded = padded.as_ref().filter(|_| Some(*place) == first);
            if let Some(value) = padded.or_else(|| held.get(*place)).filter(|_| is_new) {
                inputs.push((id, value.into()));
            }
        }
        let outputs: Vec<rten::NodeId> =
            node.outputs.iter().flatten().filter_map(|place| self.values[*place].id).collect();
        let run = || {
            let mut options = RunOptions::default();
            options.thread_pool = Some(Arc::clone(&client.threads));
            let run = self.rten.run(inputs, &outputs, Some(options));
            run.map_err(|error| error.to_string())
        };
        caught(run).map_err(|problem| self.node_error(node, problem))
    }

    /// The first input of a node with padding that RTen does not know.
    fn padded(&self, node: &Node, held: &Held) -> Result<Option<Value>, ModelError> {
        let place = |input: usize| node.inputs.get(input).copied().flatten();
        let first = place(0).and_then(|place| held.get(place));
        let weights = place(1).and_then(|place| {
            held.known(place).or_else(|| self.values[place].known.as_ref().map(Stored::known))
        });
        let padded = padded(node, first, weights.map(|weights| weights.shape));
        padded.map_err(|problem| self.node_error(node, problem))
    }

    /// Whether what a node may give has room beside what is held.
    fn require(&self, node: &Node, held: &Held) -> Result<(), ModelError> {
        let known = |place: &Option<usize>| {
            let place = (*place)?;
            held.known(place).or_else(|| self.values[place].known.as_ref().map(Stored::known))
        };
        let inputs: Vec<Option<Known<'_>>> = node.inputs.iter().map(known).collect();
        let asked = Asked {
            operator: &node.operator,
            attributes: node.attributes(),
            inputs: &inputs,
            outputs: node.outputs.iter().flatten().count(),
        };
        let values = asked.values().map_err(|problem| self.node_error(node, problem))?;
        // What is padded is a copy, with no more padding than values but for the smallest planes.
        let first = node.inputs.first().copied().flatten().and_then(|place| held.get(place));
        let padded = first.filter(|_| is_lower(node.attributes())).map_or(0, |v| 4 * bytes(v));
        let needed = values.saturating_mul(VALUE_BYTES * COPIES).saturating_add(held.bytes);
        let needed = needed.saturating_add(padded);
        if needed > self.allowed {
            let problem = format!(
                "may take {needed} bytes, --max-memory allows {}: give a smaller input, or more memory",
                self.allowed
            );
            return Err(self.node_error(node, problem));
        }
        Ok(())
    }
}

/// What RTen holds as a constant under this name.
pub(super) fn stored(rten: &rten::Model, id: rten::NodeId) -> Option<Value> {
    let run = || rten.run(Vec::new(), &[id], None).map_err(|error| error.to_string());
    caught(run).ok().and_then(|mut values| values.pop())
}
