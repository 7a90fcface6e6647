pub mod build;
mod damage;
mod digits;
mod families;
mod mistakes;
mod search;
mod shapes;

use super::{Bits, Client, Given, Model, Options, Served};

/// What tests let a model take.
const MEMORY: u64 = 1 << 30;

fn model(bytes: &[u8]) -> Model {
    Model::read("test", bytes, None, MEMORY).expect("a model")
}

/// Numbers from 0 to 1 for an input.
fn given(shape: &[usize]) -> Given {
    let count: usize = shape.iter().product();
    let values = (0..count).map(|i| (i * i % 97) as f32 / 96.0).collect();
    Given { shape: shape.to_vec(), values }
}

fn options(bits: &dyn Fn(&str) -> Bits) -> Options<'_> {
    Options { bits, positive: true, allow_client_layers: false }
}

fn served<'m>(model: &'m Model, given: &Given, bits: Bits) -> Served<'m> {
    let bits = |_: &str| bits;
    Served::new(model, Client::new(1), given, &options(&bits)).expect("can be served")
}
