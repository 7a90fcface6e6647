//! Damaged files: an error or a model, never a panic, and no more memory than is allowed.

use super::build::families;
use super::*;
use crate::network::plain;

/// Bytes that a damaged model may take: little, so that what asks for much is found.
const LITTLE: u64 = 1 << 26;

struct Random(u64);

impl Random {
    fn below(&mut self, most: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % most.max(1) as u64) as usize
    }
}

/// One change of a file.
fn damaged(bytes: &[u8], random: &mut Random) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let place = random.below(bytes.len());
    match random.below(6) {
        0 => bytes.truncate(place),
        1 => bytes[place] = random.below(256) as u8,
        2 => bytes[place] ^= 1 << random.below(8),
        3 => {
            let many = random.below(8);
            bytes.splice(place..place, (0..many).map(|_| 0xff));
        }
        4 => {
            let end = (place + random.below(16)).min(bytes.len());
            bytes.drain(place..end);
        }
        _ => {
            let end = (place + random.below(64)).min(bytes.len());
            let copy = bytes[place..end].to_vec();
            let to = random.below(bytes.len());
            bytes.splice(to..to, copy);
        }
    }
    bytes
}

/// Weights are most of a file; damage there is the same everywhere. So nodes are damaged more often.
fn in_nodes(bytes: &[u8], random: &mut Random) -> Vec<u8> {
    use rten_onnx::onnx::ModelProto;
    let Ok(mut proto) = ModelProto::parse_buf(bytes) else { return bytes.to_vec() };
    let Some(graph) = &mut proto.graph else { return bytes.to_vec() };
    let numbers = [0, -1, 1, 2, 3, 5, 255, 1 << 20, i64::MAX, i64::MIN, 1 << 33];
    let node = random.below(graph.node.len());
    let other = random.below(graph.node.len());
    match random.below(6) {
        0 => {
            let operator = graph.node[other].op_type.clone();
            graph.node[node].op_type = operator;
        }
        1 => graph.node.swap(node, other),
        2 => {
            let input = graph.node[other].input.first().cloned().unwrap_or_default();
            if let Some(first) = graph.node[node].input.last_mut() {
                *first = input;
            }
        }
        3 => {
            let attributes = graph.node[other].attribute.clone();
            graph.node[node].attribute = attributes;
        }
        4 => {
            for attribute in &mut graph.node[node].attribute {
                let number = numbers[random.below(numbers.len())];
                attribute.i = attribute.i.map(|_| number);
                if let Some(one) = attribute.ints.first_mut() {
                    *one = number;
                }
            }
        }
        _ => {
            let tensor = random.below(graph.initializer.len());
            let tensor = &mut graph.initializer[tensor];
            let number = numbers[random.below(numbers.len())];
            if let Some(one) = tensor.int64_data.first_mut() {
                *one = number;
            } else if let Some(one) = tensor.dims.first_mut() {
                *one = number;
            }
        }
    }
    proto.write_buf().expect("encodes")
}

/// Reads it and, where that works, runs it; how far it came.
fn tried(bytes: &[u8], shape: &[usize]) -> usize {
    let Ok(model) = Model::read("damaged", bytes, None, LITTLE) else { return 0 };
    let given = given(shape);
    let bits = |_: &str| Bits { weights: 4, activations: 4 };
    let options = Options { allow_client_layers: true, ..options(&bits) };
    let Ok(served) = Served::new(&model, Client::new(1), &given, &options) else { return 1 };
    usize::from(served.run(&given, plain, |_, _, _| ()).is_ok()) + 2
}

fn try_many(count: usize) {
    let families = families();
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let mut reached = [0usize; 4];
    for i in 0..count {
        let (_, shape, bytes) = &families[i % families.len()];
        let bytes = match i % 3 {
            0 => damaged(bytes, &mut random),
            _ => in_nodes(bytes, &mut random),
        };
        reached[tried(&bytes, shape)] += 1;
    }
    // Files that are refused at once, while layers are made, and that run.
    let [refused, unfit, _, ran] = reached;
    assert!(refused > count / 10 && unfit > count / 20 && ran > count / 20, "{reached:?}");
}

#[test]
fn damaged_models_are_errors() {
    try_many(2_000);
}

#[test]
#[ignore = "takes a minute"]
fn many_damaged_models_are_errors() {
    try_many(20_000);
}
