//! The diagrams are those that this program draws, and show what they say.

use std::fs;
use std::path::Path;

use super::coefficients::{Product, packings};
use super::diagrams;
use super::example::{CHANNELS, Example, RING_DEGREE};
use super::merge::Merge;
use super::reduction::Sum;
use super::svg::Look;
use super::walsh::Constant;
use crate::arith::kernels::{LAZY_TERMS, Reduction};

#[test]
fn the_committed_diagrams_are_those_of_this_program() {
    let assets = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets");
    for (name, diagram) in diagrams().expect("the example is valid") {
        let committed = fs::read_to_string(assets.join(name)).unwrap_or_default();
        assert!(
            committed == diagram,
            "assets/{name} is not what the program computes now; look at the new diagram after \
             `cargo run --release -- draw assets`"
        );
        assert!(diagram.len() < 25_000, "{name}: {} bytes", diagram.len());
    }
}

/// The value of an attribute of an element.
fn attribute<'a>(element: &'a str, name: &str) -> &'a str {
    let start = format!(" {name}=\"");
    element.split(&start).nth(1).and_then(|rest| rest.split('"').next()).unwrap_or_default()
}

#[test]
fn no_text_leaves_its_card() {
    // What a character takes of the size on average, of DejaVu Sans, which is wide.
    let width_of = |look| if look == Look::Title { 0.62 } else { 0.53 };
    for (name, diagram) in diagrams().expect("the example is valid") {
        let number = |element, of| attribute(element, of).parse::<f64>().expect("a number");
        let card = diagram.split('>').next().expect("a start");
        let [width, height] = ["width", "height"].map(|of| number(card, of));
        let mut count = 0;
        for element in diagram.split("<text").skip(1) {
            let text = element.split(['>', '<']).nth(1).expect("a text");
            let text = text.replace("&lt;", "<").replace("&amp;", "&");
            let class = attribute(element, "class");
            let look = Look::ALL.into_iter().find(|look| look.class() == class).expect("a look");
            let long = text.chars().count() as f64 * look.size() * width_of(look);
            let (x, y) = (number(element, "x"), number(element, "y"));
            let left = match attribute(element, "text-anchor") {
                "middle" => x - long / 2.0,
                "end" => x - long,
                _ => x,
            };
            let fits = left >= 2.0 && left + long <= width - 2.0;
            assert!(fits && y >= look.size() && y <= height - 6.0, "{name}: {text}");
            count += 1;
        }
        assert!(count > 10, "{name}");
    }
}

#[test]
fn constants_on_lanes_are_block_scalars() {
    let constant = Constant::new().expect("slots");
    let block = RING_DEGREE / CHANNELS;
    assert_eq!(constant.scalars.len(), CHANNELS);
    assert!(constant.weights.iter().any(|weight| *weight != constant.weights[0]));
    for (i, word) in constant.words.iter().enumerate() {
        assert_eq!(*word, constant.scalars[i / block], "{i}");
    }
    let outside = constant.coefficients.iter().enumerate().filter(|(i, _)| i % block != 0);
    assert!(outside.map(|(_, word)| word).all(|word| *word == 0));
}

#[test]
fn products_hold_the_convolution_where_they_are_read() {
    let example = Example::new(1).expect("valid");
    let expected = example.convolved(example.weights.view());
    for packing in packings(&example).expect("fit") {
        let product = Product::new(&example, packing).expect("fits");
        let found =
            product.packing.unpack(example.plain(), std::slice::from_ref(&product.result), 1);
        assert_eq!(found, expected);
        assert_eq!(product.read().len(), expected.len());
    }
}

#[test]
fn merges_give_outputs_times_the_baby_steps() {
    let example = Example::new(CHANNELS).expect("valid");
    let expected = example.convolved(example.weights.view());
    for babies in [1, 2, 4, 8] {
        let merge = Merge::new(&example, babies).expect("fits");
        assert_eq!([merge.inputs.len(), merge.sums.len()], [babies, CHANNELS / babies]);
        let packing = merge.plan.packing();
        let found = packing.unpack(example.plain(), std::slice::from_ref(&merge.output), 1);
        assert_eq!(found, expected.mapv(|value| value * babies as i64), "{babies}");
    }
}

#[test]
fn accumulators_fill_up_within_their_bound() {
    let example = Example::new(1).expect("valid");
    let sum = Sum::new(*example.context.params().limbs().first().expect("a limb"));
    let filling = sum.filling();
    assert_eq!(filling.len(), LAZY_TERMS);
    let last = filling[LAZY_TERMS - 1];
    assert!(last[0] > 62.0 && last[0] < 64.0 && last[1] < last[0], "{last:?}");
    assert_eq!(sum.reduced(Reduction::Eager), sum.reduced(Reduction::Lazy));
}
