//! What is said of a model, as a line of text.

use crate::job::ModelAsked;
use crate::network::onnx::Bits;
use crate::tui::paths;

/// What such a line may say.
pub const EXAMPLE: &str = "bits=8,8 mean=0.485,0.456,0.406 std=0.229,0.224,0.225 labels=names.txt";

/// The words before the values.
const KEYS: [&str; 6] = ["bits", "mean", "std", "shape", "input", "labels"];

/// The line that [`parse`] reads.
pub fn text(asked: &ModelAsked) -> String {
    let ModelAsked { bits, mean, std, shape, input, labels } = asked;
    let Bits { weights, activations } = bits.unwrap_or(Bits::DEFAULT);
    let numbers = |numbers: &[f64], otherwise: &str| match numbers {
        [] => otherwise.to_owned(),
        numbers => numbers.iter().map(f64::to_string).collect::<Vec<_>>().join(","),
    };
    let mut text = format!(
        "bits={weights},{activations} mean={} std={}",
        numbers(mean, "0"),
        numbers(std, "1")
    );
    if !shape.is_empty() {
        let sides: Vec<String> = shape.iter().map(usize::to_string).collect();
        text = format!("{text} shape={}", sides.join(","));
    }
    for (key, path) in [("input", input), ("labels", labels)] {
        if let Some(path) = path {
            text = format!("{text} {key}={}", paths::shortened(path));
        }
    }
    text
}

/// Reads a line.
///
/// # Errors
/// What is wrong with it.
pub fn parse(text: &str) -> Result<ModelAsked, String> {
    let mut asked = ModelAsked::default();
    for (key, value) in entries(text)? {
        let value = value.trim();
        let wrong = |expected: &str| format!("{key}: {value:?} is nothing like {expected}");
        match key {
            _ if value.is_empty() => {}
            "bits" => {
                let numbers = numbers(value).ok_or_else(|| wrong("8,8"))?;
                let [weights, activations] = numbers[..] else { return Err(wrong("8,8")) };
                let bits = Bits { weights, activations };
                let is_valid = bits.is_valid();
                asked.bits = Some(bits).filter(|_| is_valid);
                if !is_valid {
                    return Err(wrong("8,8: 2 to 8 for weights, 2 to 16 for activations"));
                }
            }
            "mean" => asked.mean = numbers(value).ok_or_else(|| wrong("0.5 or 0.5,0.4,0.4"))?,
            "std" => asked.std = numbers(value).ok_or_else(|| wrong("0.5 or 0.2,0.2,0.2"))?,
            "shape" => asked.shape = numbers(value).ok_or_else(|| wrong("1,3,224,224"))?,
            "input" => asked.input = Some(absolute(value)),
            _ => asked.labels = Some(absolute(value)),
        }
    }
    // Both are what there is where nothing is said.
    for (values, usual) in [(&mut asked.mean, 0.0f64), (&mut asked.std, 1.0)] {
        if values.iter().all(|value| value.to_bits() == usual.to_bits()) {
            values.clear();
        }
    }
    asked.bits = asked.bits.filter(|bits| *bits != Bits::DEFAULT);
    Ok(asked)
}

/// Keys and their values, which may have spaces in them.
fn entries(text: &str) -> Result<Vec<(&'static str, String)>, String> {
    let mut entries: Vec<(&'static str, String)> = Vec::new();
    for word in text.split_whitespace() {
        let said = word.split_once('=').and_then(|(key, value)| {
            Some((*KEYS.iter().find(|known| **known == key)?, value.to_owned()))
        });
        match (said, entries.last_mut()) {
            (Some(entry), _) => entries.push(entry),
            (None, Some((_, value))) => *value = format!("{value} {word}"),
            (None, None) => {
                return Err(format!(
                    "{word:?} says none of {}; it is like {EXAMPLE}",
                    KEYS.join(", ")
                ));
            }
        }
    }
    Ok(entries)
}

fn numbers<T: std::str::FromStr>(text: &str) -> Option<Vec<T>> {
    text.split(',').map(|number| number.trim().parse().ok()).collect()
}

fn absolute(text: &str) -> std::path::PathBuf {
    let path = paths::expanded(text);
    std::path::absolute(&path).unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_reads_back() {
        let said = "bits=6,5 mean=0.5,0.25,0.125 std=0.5 shape=1,3,32,32 input=/tmp/my cat.png \
                    labels=/tmp/names.txt";
        let asked = parse(said).expect("a line");
        assert_eq!(text(&asked), said);
        assert_eq!((asked.mean.len(), asked.std.len(), asked.shape.len()), (3, 1, 4));
        assert_eq!(asked.input.as_deref(), Some(std::path::Path::new("/tmp/my cat.png")));
        let usual = text(&ModelAsked::default());
        assert_eq!(usual, "bits=8,8 mean=0 std=1");
        assert_eq!(parse(&usual), Ok(ModelAsked::default()));
        assert_eq!(parse(""), Ok(ModelAsked::default()));
    }

    #[test]
    fn what_is_wrong_is_told() {
        for (line, part) in [
            ("bits=9,8", "2 to 8 for weights"),
            ("bits=8", "nothing like 8,8"),
            ("mean=red", "mean: \"red\" is nothing like 0.5"),
            ("colour=red", "says none of bits, mean, std, shape, input, labels"),
            ("shape=1,-3", "nothing like 1,3,224,224"),
        ] {
            let error = parse(line).expect_err("wrong");
            assert!(error.contains(part), "{error}");
        }
    }
}
