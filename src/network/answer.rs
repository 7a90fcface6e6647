//! What a network says that a picture shows.

use serde::{Deserialize, Serialize};

/// How many classes are told.
const TOLD: usize = 5;

/// A class and its score.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ranked {
    /// The class, from 0.
    pub class: usize,
    /// Its name, where names are known.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub label: Option<String>,
    /// Its score, as the network gives it.
    pub score: f32,
    /// How probable the network holds it to be; absent where a score is no number.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub probability: Option<f64>,
}

impl Ranked {
    /// What it is called.
    pub fn name(&self) -> String {
        self.label.clone().unwrap_or_else(|| format!("class {}", self.class))
    }
}

/// The classes with the largest scores, beside those of the same network in floats.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// The first five, the largest score first.
    pub top: Vec<Ranked>,
    /// Those in floats.
    pub float_top: Vec<Ranked>,
    /// Whether the first is the same.
    pub top1_agrees: bool,
    /// How many of the first five are the same, in whatever order.
    pub top5_shared: usize,
}

impl Answer {
    /// Of the scores of one output; `None` where there are not at least two, or others in floats.
    pub fn of(scores: &[f32], floats: &[f32], labels: Option<&[String]>) -> Option<Self> {
        if scores.len() < 2 || scores.len() != floats.len() {
            return None;
        }
        let [top, float_top] = [scores, floats].map(|scores| ranked(scores, labels));
        let classes = |top: &[Ranked]| top.iter().map(|one| one.class).collect::<Vec<_>>();
        let (found, real) = (classes(&top), classes(&float_top));
        Some(Self {
            top1_agrees: found[0] == real[0],
            top5_shared: found.iter().filter(|class| real.contains(class)).count(),
            top,
            float_top,
        })
    }
}

/// The class with the largest score, the first of several; `None` of no scores.
pub fn best_class(scores: &[f32]) -> Option<usize> {
    let classes = scores.iter().enumerate();
    classes.reduce(|best, next| if next.1 > best.1 { next } else { best }).map(|(class, _)| class)
}

fn ranked(scores: &[f32], labels: Option<&[String]>) -> Vec<Ranked> {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|a, b| scores[*b].total_cmp(&scores[*a]).then(a.cmp(b)));
    let label = |class: usize| labels.and_then(|labels| labels.get(class)).cloned();
    let probabilities = probabilities(scores);
    let ranked = |class: usize| Ranked {
        class,
        label: label(class),
        score: scores[class],
        probability: probabilities.as_ref().map(|all| all[class]),
    };
    order.into_iter().take(TOLD).map(ranked).collect()
}

/// What scores say of probabilities: themselves where each is one, as behind a softmax or a sigmoid, and
/// otherwise, as logits, their softmax. `None` where one is no number.
fn probabilities(scores: &[f32]) -> Option<Vec<f64>> {
    let scores = || scores.iter().map(|score| f64::from(*score));
    if !scores().all(f64::is_finite) {
        return None;
    }
    if scores().all(|score| (0.0..=1.0).contains(&score)) {
        return Some(scores().collect());
    }
    // Less the largest, so that no power overflows.
    let largest = scores().fold(f64::NEG_INFINITY, f64::max);
    let sum: f64 = scores().map(|score| (score - largest).exp()).sum();
    Some(scores().map(|score| (score - largest).exp() / sum).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_say_how_probable_classes_are() {
        let of = |scores: &[f32]| probabilities(scores).expect("numbers");
        let logits = of(&[1000.0, 1000.0, -1000.0]);
        assert!((logits[0] - 0.5).abs() < 1e-12 && logits[2] < 1e-300, "{logits:?}");
        let third = of(&[0.0, 0.0, 2f32.ln() * 10.0]);
        assert!((third[2] - 1024.0 / 1026.0).abs() < 1e-6, "{third:?}");
        // Behind a softmax, and behind a sigmoid, they are said already.
        assert!((of(&[0.75, 0.25])[0] - 0.75).abs() < 1e-12);
        assert!((of(&[0.75, 0.5])[1] - 0.5).abs() < 1e-12);
        assert_eq!(probabilities(&[1.0, f32::NAN]), None);
    }

    #[test]
    fn classes_are_ranked_beside_those_in_floats() {
        let labels = ["cat", "dog"].map(String::from);
        let scores = [0.5, 2.0, -1.0, 2.0, 0.0, 0.1, 0.2];
        let answer = Answer::of(&scores, &[3.0, 2.0, 1.0, 0.0, -1.0, -2.0, -3.0], Some(&labels));
        let answer = answer.expect("scores");
        let classes: Vec<usize> = answer.top.iter().map(|one| one.class).collect();
        assert_eq!(classes, [1, 3, 0, 6, 5]);
        assert_eq!(answer.top[0].label.as_deref(), Some("dog"));
        assert_eq!((answer.top[1].label.as_ref(), answer.top1_agrees), (None, false));
        assert_eq!((answer.float_top[0].class, answer.top5_shared), (0, 3));
        assert_eq!((best_class(&scores), best_class(&[])), (Some(1), None));
        assert_eq!(Answer::of(&[1.0], &[1.0], None), None);
    }
}
