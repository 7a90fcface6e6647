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
    let ranked = |class: usize| Ranked { class, label: label(class), score: scores[class] };
    order.into_iter().take(TOLD).map(ranked).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

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
